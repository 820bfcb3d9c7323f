"""The server of the page. Its twin is the page's own suite, tests/browser."""

import http.client
import json
import re
import subprocess
import sys
import urllib.request

import pytest

from twinprop import InputError
from twinprop.__main__ import main
from twinprop.resources import data_folder, js_folder

play = sys.modules["twinprop.play"]  # the name is the function's
page_file = sys.modules["twinprop.page_file"]


@pytest.fixture
def server():
    server, url = play.start_server()
    yield server, url
    server.shutdown()
    server.server_close()


def get(server, path):
    connection = http.client.HTTPConnection(play.HOST, server.server_port, timeout=10)
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer, body


def test_the_page_and_its_files_are_there(server):
    _, url = server
    with urllib.request.urlopen(url) as answer:
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
        assert answer.headers["Cache-Control"] == "no-cache"
        page = answer.read().decode()
    for name in re.findall(r'(?:src|href)="([\w.]+)"', page):
        found, body = get(server[0], f"/js/sketch/{name}")
        assert found.status == 200
        assert body == (js_folder() / "sketch" / name).read_bytes()


def test_engine_and_data_are_there_with_their_types(server):
    for path, kind in {
        "/js/index.js": "text/javascript; charset=utf-8",
        "/js/datasets.json": "application/json",
        "/data/iris.csv": "text/csv; charset=utf-8",
    }.items():
        found, _ = get(server[0], path)
        assert (found.status, found.headers["Content-Type"]) == (200, kind)
    assert get(server[0], "/data/xor.csv")[1] == (data_folder() / "xor.csv").read_bytes()


def test_the_root_leads_to_the_page(server):
    found, _ = get(server[0], "/")
    assert (found.status, found.headers["Location"]) == (302, "/js/sketch/index.html")


@pytest.mark.parametrize(
    "path",
    [
        "/js/",
        "/js",
        "/js/sketch/",
        "/data",
        "/pyproject.toml",
        "/js/../../pyproject.toml",
        "/js/..%2f..%2fpyproject.toml",
        "/js/%2e%2e/%2e%2e/package.json",
        "/data/iris.R",
        "/js//etc/passwd",
        "//etc/passwd",
        "/js/none.js",
    ],
)
def test_nothing_else_is_there(server, path):
    assert get(server[0], path)[0].status == 404


def test_only_this_machine_is_listened_to(server):
    assert server[0].server_address[0] == "127.0.0.1"


def test_a_local_copy_of_p5_is_taken_if_it_is_the_right_one(server, tmp_path, monkeypatch):
    engine = tmp_path / "inst" / "js"
    (engine / "sketch").mkdir(parents=True)
    (engine / "sketch" / "load_p5.js").write_text('export const P5_VERSION = "2.0.1";\n')
    monkeypatch.setattr(play, "js_folder", lambda: engine)
    monkeypatch.setattr(page_file, "js_folder", lambda: engine)
    assert page_file.p5_version() == "2.0.1"
    assert play.local_p5() is None
    assert get(server[0], "/js/sketch/p5.min.js")[0].status == 404
    package = tmp_path / "node_modules" / "p5"
    (package / "lib").mkdir(parents=True)
    (package / "lib" / "p5.min.js").write_text("node's")
    for version, copy in [("2.0.0", None), ("2.0.1", package / "lib" / "p5.min.js")]:
        (package / "package.json").write_text(json.dumps({"version": version}))
        assert play.local_p5() == copy
    assert get(server[0], "/js/sketch/p5.min.js")[1] == b"node's"
    (engine / "sketch" / "p5.min.js").write_text("beside")
    assert get(server[0], "/js/sketch/p5.min.js")[1] == b"beside"
    other, url = play.start_server()
    other.shutdown()
    other.server_close()
    assert url.endswith("index.html?p5=local")


def test_ports(server):
    for port in (-1, 65536):
        with pytest.raises(InputError, match=f"port must be an integer .* got {port}"):
            play.start_server(port)
    with pytest.raises(InputError, match="cannot listen on port"):
        play.start_server(server[0].server_port)


def test_the_command_says_where_the_page_is_and_ends():
    command = [sys.executable, "-u", "-m", "twinprop", "play", "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        line = running.stdout.readline()
        url = re.search(r"http://127\.0\.0\.1:\d+/\S+", line)[0]
        with urllib.request.urlopen(url) as answer:
            assert answer.status == 200
        running.send_signal(2)
        assert running.wait(timeout=20) == 0


def test_the_command_opens_the_browser(monkeypatch, capsys):
    opened = []

    def ends(seconds):
        raise KeyboardInterrupt

    monkeypatch.setattr("webbrowser.open", lambda url: opened.append(url))  # none was there
    monkeypatch.setattr("time.sleep", ends)
    monkeypatch.setattr(play, "local_p5", lambda: None)
    assert main(["play"]) == 0
    said = capsys.readouterr().out
    assert opened[0] in said
    assert "p5.js 2.3.4 comes from cdn.jsdelivr.net" in said
    assert "There is no browser to open" in said


def test_a_browser_that_cannot_be_opened_is_none(monkeypatch):
    def fails(url):
        raise play.webbrowser.Error

    monkeypatch.setattr("webbrowser.open", fails)
    assert play.open_browser("http://127.0.0.1") is False
