"""The list of tools of a running MCP server, asked for by the official client where that is installed."""

from __future__ import annotations

import importlib.util
import json
import shlex
import tempfile
from concurrent.futures import ThreadPoolExecutor
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ..catalog.documents import MAX_JSON_BYTES
from ..errors import CatalogError

if TYPE_CHECKING:
    from mcp import Client

SECONDS = 30.0
"""How long a server may take to start and to answer with all pages."""
MAX_PAGES = 1_000
INSTALL = "pip install mcp==2.3.0"


def tools_of_server(command_or_url: str, seconds: float = SECONDS) -> bytes:
    """All pages of the server's `tools/list` as one answer in JSON, ready to be imported.

    An address (`https://…`) is asked over HTTP; anything else is a command, which is started without a shell, asked
    over its standard streams and ended. Only the list is asked for; no tool is called. CatalogError if the client is
    not installed, or if the server cannot be started or reached, takes too long, or answers too much or wrongly.
    """
    if importlib.util.find_spec("mcp") is None:
        raise CatalogError(
            f"Asking a live server needs the package mcp. Install it (`{INSTALL}`), or save the server's answer to "
            "`tools/list` as a file and import that."
        )
    words = _words(command_or_url)
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as said:
        try:
            tools = _ask(command_or_url.strip(), words, seconds, said)
        except _problems() as error:
            shown = _without_secrets(words[0])
            raise CatalogError(_message(shown, _reason(error, seconds).replace(words[0], shown), said)) from None
    return json.dumps({"tools": tools}, ensure_ascii=False).encode("utf-8", "replace")


def _words(command_or_url: str) -> list[str]:
    try:
        words = shlex.split(command_or_url)
    except ValueError as error:
        raise CatalogError(f"The server's command cannot be read: {str(error).lower()}. Check its quotes.") from None
    if not words:
        raise CatalogError("No server was given. Give the command that starts it, or its address (https://…).")
    return words


def _ask(given: str, words: list[str], seconds: float, said: IO[str]) -> list[dict[str, Any]]:
    import anyio
    from mcp import Client, StdioServerParameters
    from mcp.client.stdio import stdio_client

    async def ask() -> list[dict[str, Any]]:
        is_address = given.startswith(("http://", "https://"))
        started = StdioServerParameters(command=words[0], args=words[1:])
        server = given if is_address else stdio_client(started, errlog=said)  # pyright: ignore[reportArgumentType]
        with anyio.fail_after(seconds):
            async with Client(server, cache=None) as client:
                return await _all_pages(client)

    with ThreadPoolExecutor(1) as own:  # the caller's thread may have an event loop of its own already
        return own.submit(anyio.run, ask).result()


async def _all_pages(client: Client) -> list[dict[str, Any]]:
    """The tools of all pages; ValueError if they are more than any catalog may hold."""
    tools: list[dict[str, Any]] = []
    size, cursor = 0, None
    for _ in range(MAX_PAGES):
        page = await client.list_tools(cursor=cursor)
        listed = [tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in page.tools]
        size += sum(len(json.dumps(tool)) for tool in listed)
        if size > MAX_JSON_BYTES:
            raise ValueError(f"its list of tools has more than {MAX_JSON_BYTES:,} bytes")
        tools += listed
        cursor = page.next_cursor
        if not cursor:
            return tools
    raise ValueError(f"its list of tools has more than {MAX_PAGES:,} pages")


def _problems() -> tuple[type[Exception], ...]:
    """What the client raises for a server that is not there, too slow, or no MCP server."""
    from httpx2 import HTTPError, InvalidURL
    from mcp import MCPError

    return (OSError, TimeoutError, ValueError, RuntimeError, MCPError, HTTPError, InvalidURL, ExceptionGroup)


def _reason(error: BaseException, seconds: float) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, TimeoutError):
        return f"it did not answer within {seconds:g} seconds"
    if isinstance(error, FileNotFoundError):
        return "there is no such command"
    return " ".join(str(error).split())[:300] or type(error).__name__


def _without_secrets(server: str) -> str:
    """The command, or the address without user, password and query, where keys often stand."""
    parts = urlsplit(server)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}" if parts.netloc else server


def _message(server: str, reason: str, said: IO[str]) -> str:
    """One message with what the server itself said last, if anything."""
    said.seek(0)
    lines = [line.strip() for line in said.read(100_000).splitlines() if line.strip()]
    heard = f" It said: {lines[-1][:300]}" if lines else ""
    return (
        f"The server '{server[:200]}' did not give its tools: {reason.rstrip('.')}.{heard} "
        "Check that the command or address starts an MCP server; nothing was imported."
    )
