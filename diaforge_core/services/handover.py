"""Commands handed to the process that has the workspace open, over loopback, protected by a token.

One request, `POST /command` with `{"command": …, "params": …}`; the answer is JSON lines: any number of
`{"progress": …}`, then `{"result": …}`, or `{"error": …}` for what the user can mend, or `{"bug": …}`.
"""

from __future__ import annotations

import hmac
import http.client
import json
import secrets
import sys
import threading
import traceback
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from ..errors import DiaForgeError, WorkspaceError
from ..records.run import Run
from ..store.ownership import Owner, holder
from .commands import COMMANDS
from .workspace import Workspace, open_workspace

PATIENCE_SECONDS = 5.0
"""For a short command of somebody else's to give the workspace up."""
MAX_REQUEST_BYTES = 1 << 20
"""Commands name files, they do not hold them."""


class HandoverServer:
    """The app's side."""

    def __init__(self, workspace: Workspace) -> None:
        self.token = secrets.token_urlsafe(32)
        self._server = _Server(workspace, self.token)
        self.port: int = self._server.server_address[1]

    def start(self) -> None:
        threading.Thread(target=self._server.serve_forever, name="diaforge-handover", daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class HandedOverBug(Exception):
    """The app met a fault of its own while doing the command; its words are the traceback there."""


def perform(folder: Path, command: str, params: dict[str, Any], on_progress: Callable[[Run], None]) -> dict[str, Any]:
    """What the command gives: done by the app that has the workspace open, else in this process.

    WorkspaceError if something else has it open and keeps it for longer than `PATIENCE_SECONDS`.
    """
    owner = holder(folder, patience_seconds=0.0)
    if owner and owner.port:
        return hand_over(owner, command, params, on_progress)
    with open_workspace(folder, what=f"command {command}", wait_seconds=PATIENCE_SECONDS) as workspace:
        for notice in workspace.notices:
            print(notice, file=sys.stderr)
        return COMMANDS[command](workspace, params, on_progress)


def hand_over(owner: Owner, command: str, params: dict[str, Any], on_progress: Callable[[Run], None]) -> dict[str, Any]:
    """What the command gave in the process that has the workspace.

    DiaForgeError with its message for what the user can mend; WorkspaceError if that process went away meanwhile.
    """
    connection = http.client.HTTPConnection("127.0.0.1", owner.port)
    try:
        connection.request(
            "POST",
            "/command",
            json.dumps({"command": command, "params": params}).encode("utf-8"),
            {"Authorization": f"Bearer {owner.token}", "Content-Type": "application/json"},
        )
        response = connection.getresponse()
        while line := response.readline():
            said = json.loads(line)
            if "progress" in said:
                on_progress(Run.model_validate(said["progress"]))
            elif "error" in said:
                raise DiaForgeError(said["error"])
            elif "bug" in said:
                raise HandedOverBug(said["bug"])
            else:
                return said["result"]
    except (OSError, http.client.HTTPException, ValueError) as problem:
        raise WorkspaceError(
            f"Process {owner.pid} ({owner.what}), which has the workspace open, did not finish the command: {problem}. "
            "A run that was started goes on; see `runs`."
        ) from problem
    finally:
        connection.close()
    raise WorkspaceError(f"Process {owner.pid} ({owner.what}) closed the workspace before the command was done.")


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, workspace: Workspace, token: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.workspace = workspace
        self.token = token


class _Handler(BaseHTTPRequestHandler):
    server: _Server  # pyright: ignore[reportIncompatibleVariableOverride]

    def do_POST(self) -> None:
        given = self.headers.get("Authorization", "").removeprefix("Bearer ")
        length = int(self.headers.get("Content-Length") or 0)
        if not hmac.compare_digest(given.encode(), self.server.token.encode()):
            return self.send_error(401)
        if self.path != "/command" or not 0 < length <= MAX_REQUEST_BYTES:
            return self.send_error(404)
        request = json.loads(self.rfile.read(length))
        self.send_response(200)
        self.send_header("Content-Type", "application/jsonl")
        self.end_headers()
        try:
            result = COMMANDS[request["command"]](self.server.workspace, request["params"], self._progress)
            self._say({"result": result})
        except DiaForgeError as problem:
            self._say({"error": str(problem)})
        except (BrokenPipeError, ConnectionResetError):
            # The command was interrupted; the run that it watched goes on.
            return
        except Exception:  # noqa: BLE001 - a bug must reach the command's own terminal, not only the app's
            self._say({"bug": traceback.format_exc()})

    def _progress(self, run: Run) -> None:
        self._say({"progress": run.model_dump(mode="json")})

    def _say(self, line: dict[str, Any]) -> None:
        self.wfile.write(json.dumps(line, ensure_ascii=False).encode("utf-8") + b"\n")
        self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: commands hold confidential names."""
