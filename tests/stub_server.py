"""A real OpenAI-compatible server on loopback with scripted manners: slow, overloaded, broken, ignorant or mute.

`python -m tests.stub_server LATENCY PORT` serves the same answer for ever, for benchmarks.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Reply:
    """What one request gets."""

    status: int = 200
    content_type: str = "application/json"
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    """Seconds before the first byte."""
    hangs: bool = False
    """Whether no byte ever comes."""
    sent: int | None = None
    """Bytes of the body after which the connection breaks; None for all of it."""
    drip: float = 0.0
    """Seconds between bytes of the body."""


Script = Callable[[int, dict[str, Any]], Reply]
"""Makes the reply from the request's number (0 is the first) and its body."""


def says(*contents: str | None, usage: tuple[int, int] | None = (5, 7), **message: Any) -> Reply:
    """An answer as the protocol has it, one choice for each content."""
    choices = [
        {"index": place, "finish_reason": "stop", "message": {"role": "assistant", "content": content, **message}}
        for place, content in enumerate(contents)
    ]
    body: dict[str, Any] = {"id": "x", "object": "chat.completion", "created": 1, "model": "m", "choices": choices}
    if usage is not None:
        body["usage"] = {"prompt_tokens": usage[0], "completion_tokens": usage[1], "total_tokens": sum(usage)}
    return Reply(body=json.dumps(body))


def refuses(status: int, message: str, **headers: str) -> Reply:
    """A refusal as the protocol has it; header names with `_` for `-`."""
    body = {"error": {"message": message, "type": "x", "code": None}}
    return Reply(
        status, body=json.dumps(body), headers={name.replace("_", "-"): text for name, text in headers.items()}
    )


def in_order(replies: Sequence[Reply]) -> Script:
    """These replies one after the other, the last of them over and over."""
    return lambda number, _: replies[min(number, len(replies) - 1)]


class StubServer:
    """Serves a script from a thread until it is closed."""

    def __init__(self, script: Script | Reply | Sequence[Reply], port: int = 0) -> None:
        if isinstance(script, Reply):
            script = [script]
        self.script = in_order(script) if isinstance(script, Sequence) else script
        self.requests: list[dict[str, Any]] = []
        self.authorizations: list[str] = []
        self.open = self.most_open = 0
        """Requests under way now, and at most so far."""
        self.ends: list[float] = []
        """When each answer went out, seconds since 1970; also to be had by GET."""
        self._loop = asyncio.new_event_loop()
        self._server = self._loop.run_until_complete(
            asyncio.start_server(self._serve, "127.0.0.1", port, backlog=1024, limit=1 << 24)
        )
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Drop every connection and end."""
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _close(self) -> None:
        self._server.close()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            while await self._answer(reader, writer):
                pass
        writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Whether the connection goes on."""
        asked, *head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        if asked.startswith("GET "):
            return await self._send(Reply(body=json.dumps(self.ends)), writer)
        fields = {name.lower(): text.strip() for name, _, text in (line.partition(":") for line in head)}
        request = json.loads(await reader.readexactly(int(fields.get("content-length", 0))) or b"{}")
        self.requests.append(request)
        self.authorizations.append(fields.get("authorization", ""))
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        try:
            return await self._send(self.script(len(self.requests) - 1, request), writer)
        finally:
            self.open -= 1
            self.ends.append(time.time())

    async def _send(self, reply: Reply, writer: asyncio.StreamWriter) -> bool:
        await asyncio.sleep(3600.0 if reply.hangs else reply.delay)
        body = reply.body.encode()
        headers = {"Content-Type": reply.content_type, "Content-Length": str(len(body)), **reply.headers}
        lines = [f"HTTP/1.1 {reply.status} Said", *(f"{name}: {text}" for name, text in headers.items())]
        writer.write("\r\n".join([*lines, "", ""]).encode("latin-1"))
        sent = body if reply.sent is None else body[: reply.sent]
        for piece in [sent[place : place + 1] for place in range(len(sent))] if reply.drip else [sent]:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(reply.drip)
        return reply.sent is None


def main(arguments: list[str]) -> None:
    """Serve the same answer after a given latency, for benchmarks; the address is printed."""
    latency, port = float(arguments[0]), int(arguments[1])
    plain = says("Which of the two do you mean?", usage=(500, 40))
    reply = Reply(body=plain.body, delay=latency)
    server = StubServer(reply, port)
    server.requests = Forgetful()
    server.authorizations = Forgetful()
    print(server.url, flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        threading.Event().wait()


class Forgetful(list[Any]):
    """A list that stays empty: a benchmark's requests would fill the memory."""

    def append(self, item: Any, /) -> None:
        pass


if __name__ == "__main__":
    main(sys.argv[1:])
