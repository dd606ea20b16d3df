"""Tools of servers that really run: started here, asked over their standard streams."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import shlex
import socket
import sys
import time
from pathlib import Path

import pytest

from diaforge_core.catalog.importing import import_bytes
from diaforge_core.errors import CatalogError
from diaforge_core.services.live_servers import tools_of_server

needs_client = pytest.mark.skipif(importlib.util.find_spec("mcp") is None, reason="the package mcp is not installed")

SERVER = '''
from mcp.server.mcpserver import MCPServer
from mcp.types import ToolAnnotations

server = MCPServer("crm")

@server.tool(title="Look up a lead", annotations=ToolAnnotations(readOnlyHint=True))
def find_lead(name: str, limit: int = 5) -> str:
    """Finds a lead by its name."""
    return name

@server.tool(annotations=ToolAnnotations(destructiveHint=True))
def drop_lead(lead_id: str) -> None:
    """Removes a lead."""

server.run()
'''


def command(tmp_path: Path, text: str) -> str:
    script = tmp_path / "a server.py"
    script.write_text(text)
    return f"{shlex.quote(sys.executable)} {shlex.quote(str(script))}"


@needs_client
def test_the_tools_of_a_running_server_are_imported_with_its_hints(tmp_path: Path):
    answer = tools_of_server(command(tmp_path, SERVER))
    catalog = import_bytes([("server.json", answer)], "crm")
    find, drop = catalog.tools
    assert (find.name, find.summary, find.side_effect) == ("find_lead", "Look up a lead", "read")
    assert (find.required, find.properties["limit"]["default"]) == (("name",), 5)
    assert (drop.side_effect, drop.required) == ("destructive", ("lead_id",))
    assert not catalog.skipped


@needs_client
def test_a_server_that_never_answers_is_given_up_and_ended(tmp_path: Path):
    started = time.monotonic()
    with pytest.raises(CatalogError, match=r"did not answer within 1 seconds"):
        tools_of_server(command(tmp_path, "import sys\nfor line in sys.stdin: pass"), seconds=1)
    assert time.monotonic() - started < 15


@needs_client
def test_a_program_that_is_no_server_is_one_message_with_what_it_said(tmp_path: Path):
    with pytest.raises(CatalogError, match=r"did not give its tools[\s\S]*It said: RuntimeError: no licence"):
        tools_of_server(command(tmp_path, "raise RuntimeError('no licence')"), seconds=5)


@needs_client
def test_a_command_or_address_that_leads_nowhere_is_one_message():
    with pytest.raises(CatalogError, match="there is no such command"):
        tools_of_server("no-such-program --stdio")
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    with pytest.raises(CatalogError, match=rf"server 'http://127\.0\.0\.1:{port}/mcp' did not give") as caught:
        tools_of_server(f"http://jo:hunter2@127.0.0.1:{port}/mcp?token=abc", seconds=5)
    assert "hunter2" not in str(caught.value)
    assert "token" not in str(caught.value)


@needs_client
@pytest.mark.parametrize("given", ["", "  ", "'unclosed"])
def test_what_is_no_command_is_one_message(given: str):
    with pytest.raises(CatalogError, match=r"No server was given|cannot be read"):
        tools_of_server(given)


def test_without_the_client_the_message_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(CatalogError, match=r"pip install mcp==2\.3\.0.*save the server's answer"):
        tools_of_server("anything")


@needs_client
def test_what_we_export_is_what_the_client_reads():
    from mcp.types import ListToolsResult

    from diaforge_core.catalog.exporting import export_catalog
    from diaforge_core.catalog.importing import load_catalog

    exported = json.loads(export_catalog(load_catalog("enterprise_apis.json"), "mcp"))
    assert len(ListToolsResult.model_validate(exported).tools) == len(exported["tools"])


@needs_client
def test_a_caller_with_an_event_loop_of_its_own_may_ask_too(tmp_path: Path):
    async def ask() -> bytes:
        return tools_of_server(command(tmp_path, SERVER))

    assert len(json.loads(asyncio.run(ask()))["tools"]) == 2
