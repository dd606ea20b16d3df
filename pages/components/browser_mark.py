"""A mark by which a browser is known again, so that a name typed in it outlives a reload; it tells nothing else."""

from __future__ import annotations

import re
import secrets

from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE = "diaforge_browser"
_KNOWN = re.compile(rf"(?:^|;\s*){COOKIE}=[\w-]{{20,}}")


class BrowserMark:
    """Gives a browser that opens a page its mark, unless it has one; scripts cannot read it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name: value.decode("latin-1") for name, value in scope.get("headers", [])}
        opens_page = scope["type"] == "http" and "text/html" in headers.get(b"accept", "")
        if not opens_page or _KNOWN.search(headers.get(b"cookie", "")):
            await self._app(scope, receive, send)
            return
        cookie = f"{COOKIE}={secrets.token_urlsafe(18)}; Path=/; HttpOnly; SameSite=Strict; Max-Age=31536000"

        async def send_with_mark(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", []), (b"set-cookie", cookie.encode())]}
            await send(message)

        await self._app(scope, receive, send_with_mark)
