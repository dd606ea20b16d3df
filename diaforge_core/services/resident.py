"""A resident model worker: one loaded model in a process of its own, speaking the OpenAI chat protocol on loopback.

`python -m diaforge_core.services.resident SPEC MODELS_DIR READY_FILE` serves; `Resident` starts and reaches it. The
process ends by itself when nobody has asked for a while or when the process that started it is gone.
"""

from __future__ import annotations

import contextlib
import hmac
import itertools
import json
import os
import secrets
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from ..conversation.chat_models import REPLY_TOKENS, ModelAssistant, OpenAIModel
from ..conversation.prompts import Message, native_tool, tool_of_native
from ..errors import DiaForgeError, ModelError
from ..records.tool import Tool
from .jobs import worker_environment

IDLE_SECONDS = 600.0
"""A model that nobody talks to gives its memory back after this."""
LOAD_SECONDS = 180.0
"""Loading the embedded model takes a few seconds, its first conversion half a minute, a large one minutes."""
CONVERSATIONS = 8
"""Kept by a resident model: those that a few people have open."""
TOKEN_VARIABLE = "DIAFORGE_RESIDENT_TOKEN"
MAX_REQUEST_BYTES = 8 << 20


class Resident:
    """A running resident worker, as the app sees it."""

    def __init__(self, spec: str, models_dir: Path) -> None:
        """Start the worker and wait until its model is loaded; ModelError with its own words if it is not."""
        self.spec = spec
        self._token = secrets.token_urlsafe(32)
        self._folder = tempfile.TemporaryDirectory(prefix="diaforge-resident-")
        ready, log = Path(self._folder.name) / "ready.json", Path(self._folder.name) / "log"
        with log.open("wb") as file:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "diaforge_core.services.resident", spec, str(models_dir), str(ready)],
                start_new_session=True,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                cwd=Path(__file__).resolve().parents[2],
                env=worker_environment() | {TOKEN_VARIABLE: self._token},
            )
        about = self._wait(ready, log)
        self.base_url = f"http://127.0.0.1:{about['port']}/v1"
        self._keep_thoughts, self._native = bool(about["keep_thoughts"]), bool(about["native"])
        self.can_be_held = bool(about["can_be_held"])
        """Whether its decoding can be constrained."""

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def assistant(self, spec: str) -> ModelAssistant:
        """The assistant that talks to this worker, under the name `spec`."""
        model = OpenAIModel("resident", self.base_url, key=SecretStr(self._token))
        return ModelAssistant(model, spec, native=self._native, keep_thoughts=self._keep_thoughts)

    def stream(
        self,
        messages: Sequence[Message],
        seed: int,
        max_tokens: int = REPLY_TOKENS,
        *,
        tools: Sequence[Tool] = (),
        held_to: Sequence[Tool] | None = None,
        answers: Mapping[str, str] | None = None,
    ) -> Iterator[str]:
        """The model's words as it writes them, constrained to `held_to` where that is given, which it must be able to.

        `answers` as `Constraint.held_to` takes them. ModelError if it stops answering.
        """
        import openai

        client = openai.OpenAI(api_key=self._token, base_url=self.base_url, max_retries=0)
        try:
            request: dict[str, Any] = {"messages": list(messages), "seed": seed % (1 << 31), "max_tokens": max_tokens}
            request |= {"tools": [native_tool(tool) for tool in tools]} if tools else {}
            held = {"held_to": list(map(native_tool, held_to or ())), "answers": dict(answers or {})}
            request |= {"extra_body": held} if held_to is not None else {}
            for chunk in client.chat.completions.create(model="resident", stream=True, **request):
                if chunk.choices and chunk.choices[0].delta.content:
                    yield chunk.choices[0].delta.content
        except openai.OpenAIError as problem:
            raise ModelError(f"The model '{self.spec}' stopped answering: {problem}. Send the turn again.") from problem

    def stop(self) -> None:
        """End the worker."""
        if self.alive:
            self._process.terminate()
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._folder.cleanup()

    def _wait(self, ready: Path, log: Path) -> dict[str, Any]:
        deadline = time.monotonic() + LOAD_SECONDS
        while time.monotonic() < deadline:
            if ready.exists():
                return json.loads(ready.read_text(encoding="utf-8"))
            if not self.alive:
                said = log.read_text(encoding="utf-8", errors="replace").strip()
                self._folder.cleanup()
                raise ModelError(said.splitlines()[-1] if said else f"The model '{self.spec}' could not be loaded.")
            time.sleep(0.05)
        self.stop()
        raise ModelError(f"The model '{self.spec}' was not loaded within {LOAD_SECONDS:g} s. Try a smaller one.")


class _Server(ThreadingHTTPServer):
    """The server of the worker process."""

    daemon_threads = True

    def __init__(self, assistant: ModelAssistant, token: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.model: Any = assistant.model
        self.constraint = assistant.constraint
        self.token = token
        self.last_used = time.monotonic()

    def end_when_idle(self, parent: int) -> None:
        while time.monotonic() - self.last_used < IDLE_SECONDS and os.getppid() == parent:
            time.sleep(1.0)
        self.shutdown()


class _Handler(BaseHTTPRequestHandler):
    server: _Server  # pyright: ignore[reportIncompatibleVariableOverride]
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        given = self.headers.get("Authorization", "").removeprefix("Bearer ")
        length = int(self.headers.get("Content-Length") or 0)
        if not hmac.compare_digest(given.encode(), self.server.token.encode()):
            return self._answer(401, {"error": {"message": "wrong token"}})
        if self.path != "/v1/chat/completions" or not 0 < length <= MAX_REQUEST_BYTES:
            return self._answer(404, {"error": {"message": "only POST /v1/chat/completions is served"}})
        request = json.loads(self.rfile.read(length))
        self.server.last_used = time.monotonic()
        try:
            self._stream(request) if request.get("stream") else self._complete(request)
        except DiaForgeError as problem:
            self._answer(400, {"error": {"message": str(problem)}})
        finally:
            self.server.last_used = time.monotonic()

    def _complete(self, request: dict[str, Any]) -> None:
        done = self.server.model.complete(request["messages"], **self._options(request))
        message = {"role": "assistant", "content": done.text}
        usage = {"prompt_tokens": 0, "completion_tokens": done.tokens, "total_tokens": done.tokens}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        self._answer(200, {**_head("chat.completion"), "choices": [choice], "usage": usage})

    def _stream(self, request: dict[str, Any]) -> None:
        pieces = self.server.model.stream(request["messages"], **self._options(request))
        first = next(pieces, "")
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        for piece in itertools.chain([first], pieces):
            self._event({"index": 0, "delta": {"content": piece}, "finish_reason": None})
        self._event({"index": 0, "delta": {}, "finish_reason": "stop"})
        self.wfile.write(b"data: [DONE]\n\n")
        self.close_connection = True

    def _options(self, request: dict[str, Any]) -> dict[str, Any]:
        """What stands in a request besides the messages, as a local model takes it."""
        options = {
            "tools": list(map(tool_of_native, request.get("tools") or ())),
            "seed": request.get("seed", 0),
            "max_tokens": request.get("max_tokens", REPLY_TOKENS),
        }
        if self.server.constraint is not None and "held_to" in request:
            tools = list(map(tool_of_native, request["held_to"]))
            options["held"] = self.server.constraint.held_to(tools, request.get("answers"))
        return options

    def _event(self, choice: dict[str, Any]) -> None:
        chunk = {**_head("chat.completion.chunk"), "choices": [choice]}
        self.wfile.write(b"data: " + json.dumps(chunk).encode() + b"\n\n")
        self.wfile.flush()

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: requests hold confidential words."""


def _head(kind: str) -> dict[str, Any]:
    return {"id": f"chatcmpl-{secrets.token_hex(6)}", "object": kind, "created": int(time.time()), "model": "resident"}


def main(arguments: list[str]) -> int:
    """Serve until idle; exit code 2 with one message if the model cannot be had."""
    from ..conversation.constrained import with_constrained_decoding
    from ..conversation.local_model import LocalModel
    from ..conversation.model_specs import open_assistant

    spec, models_dir, ready = arguments[0], Path(arguments[1]), Path(arguments[2])
    parent = os.getppid()
    try:
        assistant = open_assistant(spec, models_dir)
    except DiaForgeError as problem:
        print(str(problem).replace("\n", " "), file=sys.stderr)
        return 2
    if not isinstance(assistant, ModelAssistant):
        print(f"'{spec}' needs no resident worker.", file=sys.stderr)
        return 2
    if isinstance(assistant.model, LocalModel):
        assistant.model.hold(CONVERSATIONS)
    with contextlib.suppress(ModelError):  # a model with a form of its own; the playground says so when it is asked to
        with_constrained_decoding(assistant)
    server = _Server(assistant, os.environ.pop(TOKEN_VARIABLE))
    partial = ready.with_suffix(".part")
    about = {
        "port": server.server_address[1],
        "keep_thoughts": assistant.keep_thoughts,
        "native": assistant.native,
        "can_be_held": assistant.constraint is not None,
    }
    partial.write_text(json.dumps(about), encoding="utf-8")
    partial.replace(ready)
    threading.Thread(target=server.end_when_idle, args=(parent,), daemon=True).start()
    server.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
