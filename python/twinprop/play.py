"""The page in the browser: with one's own network, and by a small server. Twin: r/play.R.

The page itself is JavaScript's, in the folder sketch of that engine. It needs a server since a
browser loads no modules from files; only this machine can reach this one. With a network and data
it is one file (`page_file`) and needs none. R has no server.
"""

from __future__ import annotations

import html
import json
import os
import sys
import tempfile
import threading
import urllib.parse
import warnings
import webbrowser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from twinprop.checks import check_integer, check_path
from twinprop.errors import InputError, TwinpropWarning
from twinprop.page_file import p5_version, page_data, page_html, read_p5
from twinprop.plan import write_whole
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
        try:
            file = (root / rest).resolve()
            allowed = file.is_relative_to(root) and file.suffix in _TYPES and file.is_file()
        except (ValueError, OSError):  # a NUL, or longer than names may be
            return nothing
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
    port = check_integer(port, "port", 0, 65535)
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


class Page:
    """The page, opened: Jupyter shows it below the cell.

    Attributes
    ----------
    url : str or None
        Where the browser has it.
    """

    def __init__(self, text: str | None, url: str | None) -> None:
        self._text = text
        self.url = url

    def __repr__(self) -> str:
        return f"Page({self.url!r})"

    def _repr_html_(self) -> str:
        """Return the page in a frame of its own, which reaches nothing of the notebook."""
        if self._text is None:
            source = f'src="{html.escape(self.url or "")}"'
        else:
            source = (
                'sandbox="allow-scripts allow-downloads allow-forms" '
                f'srcdoc="{html.escape(self._text)}"'
            )
        size = 'width="100%" height="900" style="border: 0"'
        return f'<iframe title="twinprop" {size} {source}></iframe>'


def to_html(
    network: Any,
    x: Any,
    d: Any,
    path: str | os.PathLike[str],
    *,
    cost: str | None = None,
    p5: str | os.PathLike[str] | None = None,
) -> None:
    """Write the page with a network and its data as one file.

    A browser opens the file as it is, without a server. It holds the page, the network and the
    data, and connects to no one, but for p5.js, which draws the pictures: if no copy is at hand the
    page loads it from cdn.jsdelivr.net, by its version and its checksum. The data sets are not in
    it.

    Parameters
    ----------
    network : Network, Model, fitted estimator or Run
        Its weights are the start. A run brings its settings along.
    x, d : array-like
        Samples and desired outputs; with a model the raw data, as it takes them. At most 2000 rows
        and 200000 numbers, of a network of at most 100000 parameters.
    path : path
        Where to, usually NAME.html.
    cost : str, optional
        By default that of the run or of the model's training, else cross_entropy for softmax,
        classes and labels and half_mse for anything else.
    p5 : path, optional
        A copy of p5.min.js to put into the file; by default the one beside the page
        (docs/page.md), if there is one.

    Raises
    ------
    InputError
        If an argument is not as described, the page cannot train by a run's settings, or the file
        cannot be written.

    See Also
    --------
    play

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from twinprop import Network
    >>> path = pathlib.Path(tempfile.mkdtemp(), "xor.html")
    >>> to_html(Network([2, 4, 1]), [[0, 0], [0, 1], [1, 0], [1, 1]], [[0], [1], [1], [0]], path)
    >>> path.read_text()[:15]
    '<!doctype html>'
    """
    path = check_path(path, "path")
    write_whole(Path(path), _page_text(network, x, d, cost, p5))


def play(
    network: Any = None,
    x: Any = None,
    d: Any = None,
    *,
    cost: str | None = None,
    p5: str | os.PathLike[str] | None = None,
) -> Page:
    """Open the page: watch the errors of a network flow back, step by step.

    Jupyter shows it below the cell; elsewhere the browser opens it. Nothing of the data leaves the
    machine.

    Parameters
    ----------
    network : Network, Model, fitted estimator or Run, optional
        Without it the page opens as `twinprop play` opens it, for as long as Python runs.
    x, d, cost, p5
        As for `to_html`.

    Returns
    -------
    Page
        Its `url` is where the browser has it.

    Raises
    ------
    InputError
        As `to_html`.

    Warns
    -----
    TwinpropWarning
        If there is no browser to open.

    See Also
    --------
    to_html

    Examples
    --------
    >>> from twinprop import Network
    >>> page = play(Network([2, 4, 1]), [[0, 1], [1, 1]], [[1], [0]])  # doctest: +SKIP
    """
    if network is None:
        if x is not None or d is not None:
            raise InputError("network must be there where x and d are, got null")
        _, url = start_server()
        return _opened(Page(None, url))
    text = _page_text(network, x, d, cost, p5)
    if _in_notebook():
        return Page(text, None)
    path = Path(tempfile.mkdtemp(prefix="twinprop-"), "page.html")
    write_whole(path, text)
    return _opened(Page(text, path.as_uri()))


def _page_text(
    network: Any, x: Any, d: Any, cost: str | None, p5: str | os.PathLike[str] | None
) -> str:
    given = page_data(network, x, d, cost)
    copy = local_p5() if p5 is None else p5
    return page_html(given, None if copy is None else read_p5(copy))


def _opened(page: Page) -> Page:
    """Open the page in the browser, but in a notebook, which shows it itself."""
    assert page.url is not None
    if not _in_notebook() and not open_browser(page.url):
        warnings.warn(
            f"there is no browser to open; the page is at {page.url}",
            TwinpropWarning,
            stacklevel=3,
        )
    return page


def _in_notebook() -> bool:
    """Whether a kernel runs this, as of Jupyter; asked without loading IPython."""
    found = sys.modules.get("IPython")
    return found is not None and hasattr(found.get_ipython(), "kernel")
