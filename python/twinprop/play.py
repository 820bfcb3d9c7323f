"""The page in the browser: a small server on this machine.

Twins: none, the page itself is JavaScript's, in the folder sketch of that engine. It needs a server
since a browser loads no modules from files; only this machine can reach this one.
"""

from __future__ import annotations

import json
import re
import threading
import urllib.parse
import webbrowser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from twinprop.errors import InputError
from twinprop.resources import data_folder, js_folder

PAGE = "js/sketch/index.html"
"""Where the server has the page."""

HOST = "127.0.0.1"

_LOCAL_P5 = "js/sketch/p5.min.js"
"""Where the page asks for a local copy of p5.js, which the package does not hold."""

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".csv": "text/csv; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
}
"""What the server gives out, and nothing else; the system's own table may say otherwise."""


def p5_version() -> str:
    """Return the version of p5.js that the page asks for."""
    text = (js_folder() / "sketch" / "load_p5.js").read_text(encoding="utf-8")
    found = re.search(r'P5_VERSION = "([^"]+)"', text)
    assert found is not None
    return found[1]


def local_p5() -> Path | None:
    """Return the copy of p5.js that is at hand, or None.

    It is p5.min.js beside the page, or, in a source tree, that of node_modules if its version is
    the page's.
    """
    beside = js_folder() / "sketch" / "p5.min.js"
    if beside.is_file():
        return beside
    package = js_folder().parents[1] / "node_modules" / "p5"
    try:
        version = json.loads((package / "package.json").read_text(encoding="utf-8"))["version"]
    except (OSError, ValueError, KeyError):
        return None
    copy = package / "lib" / "p5.min.js"
    return copy if version == p5_version() and copy.is_file() else None


class _Handler(SimpleHTTPRequestHandler):
    """Gives out the files of the page, the engine and the data sets."""

    def translate_path(self, path: str) -> str:
        name = urllib.parse.unquote(path.split("?", 1)[0].split("#", 1)[0]).lstrip("/")
        nothing = str(js_folder() / "there is no such file")
        if name == _LOCAL_P5:
            copy = local_p5()
            return nothing if copy is None else str(copy)
        first, _, rest = name.partition("/")
        folder = {"js": js_folder, "data": data_folder}.get(first)
        if folder is None or not rest:
            return nothing
        root = folder().resolve()
        file = (root / rest).resolve()
        allowed = file.is_relative_to(root) and file.suffix in _TYPES and file.is_file()
        return str(file) if allowed else nothing

    def do_GET(self) -> None:
        """Answer, or lead to the page."""
        if self.path == "/":
            self.send_response(302)
            self.send_header("Location", f"/{PAGE}")
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            super().do_GET()

    def guess_type(self, path: Any) -> str:
        return _TYPES.get(Path(path).suffix, "application/octet-stream")

    def end_headers(self) -> None:
        self.send_header("Cache-Control", "no-cache")  # a changed file counts at once
        self.send_header("X-Content-Type-Options", "nosniff")
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Stay silent."""


def start_server(port: int = 0) -> tuple[ThreadingHTTPServer, str]:
    """Start the server in the background.

    Parameters
    ----------
    port : int, default 0
        Where to listen on this machine; 0 takes one that is free.

    Returns
    -------
    server : ThreadingHTTPServer
        To be ended by `shutdown()` and `server_close()`.
    url : str
        The address of the page.

    Raises
    ------
    InputError
        If the port is no integer from 0 to 65535, or taken.
    """
    if not 0 <= port <= 65535:
        raise InputError(f"port must be an integer from 0 to 65535, got {port}")
    try:
        server = ThreadingHTTPServer((HOST, port), _Handler)
    except OSError as error:
        raise InputError(f"cannot listen on port {port}: {error.strerror}") from None
    threading.Thread(target=server.serve_forever, daemon=True).start()
    # with a copy at hand no other machine is asked for anything
    query = "" if local_p5() is None else "?p5=local"
    return server, f"http://{HOST}:{server.server_port}/{PAGE}{query}"


def open_browser(url: str) -> bool:
    """Open an address in the browser; return whether there was one."""
    try:
        return webbrowser.open(url)
    except webbrowser.Error:
        return False
