"""The page: its server, and its file. Twin: tests/testthat/test-play.R; see also tests/browser."""

import http.client
import json
import re
import subprocess
import sys
import types
import urllib.request
import warnings

import numpy as np
import pytest

from twinprop import InputError, Model, Network, Run, TwinpropWarning, to_html
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


# The file -----------------------------------------------------------------------------------------

XOR = ([[0, 0], [0, 1], [1, 0], [1, 1]], [[0], [1], [1], [0]])


@pytest.fixture
def without_p5(monkeypatch):
    monkeypatch.setattr(play, "local_p5", lambda: None)


def written(tmp_path, *args, **settings):
    path = tmp_path / "page.html"
    to_html(*args, path, **settings)
    return path.read_text(encoding="utf-8")


def given_in(text):
    return json.loads(
        re.search(r'<script type="application/json" id="given">(.*?)</script>', text)[1]
    )


def test_the_file_holds_network_and_data(tmp_path, without_p5):
    network = Network([2, 3, 1], ["tanh", "sigmoid"], init="uniform", seed=5)
    network.biases[0][:] = [-0.0, 1e-7, 1 / 3]
    given = given_in(written(tmp_path, network, *XOR))
    plan = given["plan"]
    assert plan["network"]["layers"] == [2, 3, 1]
    assert plan["network"]["activations"] == ["tanh", "sigmoid"]
    for key in ("weights", "biases"):
        for mine, there in zip(getattr(network, key), plan["network"][key], strict=True):
            assert mine.tobytes() == np.array(there, dtype=float).tobytes()
    assert plan["data"] == {"x": XOR[0], "d": XOR[1]}
    assert plan["training"]["cost"] == "half_mse"
    assert plan["training"]["optimizer"] == {"name": "sgd", "learning_rate": 0.5}
    assert (given["inputs"], given["outputs"]) == (None, None)


def test_cost_and_rate_suit_the_output(tmp_path, without_p5):
    for activation, cost, rate in [("softmax", "cross_entropy", 0.1), ("tanh", "half_mse", 0.01)]:
        network = Network([2, 2], activation)
        training = given_in(written(tmp_path, network, [[0, 1]], [[0, 1]]))["plan"]["training"]
        assert (training["cost"], training["optimizer"]["learning_rate"]) == (cost, rate)
    text = written(tmp_path, Network([2, 1]), *XOR, cost="cross_entropy")
    assert given_in(text)["plan"]["training"]["cost"] == "cross_entropy"
    with pytest.raises(InputError, match='needs cost "cross_entropy", got "mse"'):
        written(tmp_path, Network([2, 2], "softmax"), [[0, 1]], [[0, 1]], cost="mse")


def test_a_run_brings_its_settings(tmp_path, without_p5):
    settings = {"optimizer": "adam", "rule": "transpose", "cost": "half_sse", "batch_size": None}
    run = Network([2, 4, 1]).train(*XOR, epochs=3, shuffle=True, seed=7, **settings)
    plan = given_in(written(tmp_path, run, *XOR))["plan"]
    assert plan["network"]["weights"] == [weights.tolist() for weights in run.weights]
    training = plan["training"]
    assert training.pop("optimizer") == {
        "name": "adam",
        "learning_rate": 0.001,
        "weight_decay": 0,
        "betas": [0.9, 0.999],
        "eps": 1e-8,
    }
    assert training == {
        "cost": "half_sse",
        "rule": "transpose",
        "update_order": "simultaneous",
        "batch_size": None,
        "epochs": 3,
        "shuffle": True,
        "seed": 7,
    }
    for rows, batch_size in [(1, None), (3, None), (4, 3)]:
        run = Network([2, 4, 1]).train(*XOR, epochs=1, cost="half_sse", batch_size=3)
        some = (XOR[0][:rows], XOR[1][:rows])
        training = given_in(written(tmp_path, run, *some))["plan"]["training"]
        assert training["batch_size"] == batch_size
    with pytest.raises(InputError, match='the run\'s own, "half_sse", got "mse"'):
        written(tmp_path, run, *XOR, cost="mse")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("dropout", 0.5),
        ("clip_norm", 1.0),
        ("schedule", "step"),
        ("sample_weight", [1, 2, 1, 2]),
    ],
)
def test_what_the_page_cannot_do_is_said(name, value, tmp_path):
    run = Network([2, 4, 1]).train(*XOR, epochs=1, **{name: value})
    with pytest.raises(InputError, match=f"the page cannot train with {name} yet"):
        written(tmp_path, run, *XOR)


def test_a_run_of_a_file_is_refused(tmp_path):
    run = Network([2, 1]).train(*XOR, epochs=1)
    bare = Run(**{**vars(run), "network": None})
    with pytest.raises(InputError, match="must be a run that knows its network"):
        written(tmp_path, bare, *XOR)


def test_a_model_takes_raw_data_and_gives_names(tmp_path, without_p5):
    column = {"name": "age", "kind": "numeric"}
    inputs = {
        "columns": [column, {"name": "<b>", "kind": "factor", "levels": ["p", "q"],
                             "ordered": False}],
        "terms": [
            {"name": "age", "parts": [{"column": "age"}]},
            {"name": "<b>q", "parts": [{"column": "<b>", "coding": [0, 1]}]},
        ],
        "center": [10.0, 0.0],
        "scale": [2.0, 1.0],
    }  # fmt: skip
    outputs = {"names": ["kind"], "levels": ["no", "yes"], "center": None, "scale": None}
    model = Model(Network([2, 1]), "classification", inputs, outputs)
    given = given_in(written(tmp_path, model, {"age": [10, 14], "<b>": ["q", "p"]}, ["yes", "no"]))
    assert given["plan"]["data"] == {"x": [[0, 1], [2, 0]], "d": [[1], [0]]}
    assert given["plan"]["training"]["cost"] == "cross_entropy"
    assert (given["inputs"], given["outputs"]) == (["age", "<b>q"], ["yes"])


def test_a_fitted_estimator_takes_its_own_data(tmp_path, without_p5):
    pytest.importorskip("sklearn")
    from twinprop import MLPClassifier

    estimator = MLPClassifier(hidden_layer_sizes=(2,), max_iter=3)
    x, d = [[0.0, 1.0], [1.0, 3.0], [2.0, 5.0]], ["c", "a", "b"]
    with pytest.raises(InputError, match="network must be fitted before"):
        written(tmp_path, estimator, x, d)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it has not converged
        estimator.fit(x, d)
    given = given_in(written(tmp_path, estimator, x, d))
    network = estimator.model_.network
    assert given["plan"]["network"]["weights"] == [w.tolist() for w in network.weights]
    assert given["plan"]["data"]["d"] == [[0, 0, 1], [1, 0, 0], [0, 1, 0]]
    assert given["outputs"] == ["a", "b", "c"]
    assert given["plan"]["training"]["cost"] == "cross_entropy"


def test_columns_of_a_data_frame_have_their_names(tmp_path, without_p5):
    pandas = pytest.importorskip("pandas")
    evil = "</script><img src=x onerror=alert(1)><!--&"
    odd = 'quote " \\ \n \x7f é'
    frame = pandas.DataFrame(XOR[0], columns=[evil, odd])
    text = written(tmp_path, Network([2, 1]), frame, XOR[1])
    assert "<img" not in text
    assert given_in(text)["inputs"] == [evil, odd]
    assert page_file._json_string("half \ud800") == '"half ?"'


def test_scripts_run_by_a_word_that_what_is_given_cannot_have(tmp_path, without_p5):
    texts = [written(tmp_path, Network([2, 1], seed=seed), *XOR) for seed in (1, 2)]
    nonces = [re.search("script-src 'nonce-([0-9a-f]{32})'", text)[1] for text in texts]
    assert nonces[0] != nonces[1]
    for text, nonce in zip(texts, nonces, strict=True):
        assert len(re.findall("<script", text)) == 3
        assert len(re.findall(f'<script[^>]* nonce="{nonce}">', text)) == 2
        policy = re.search('content="(default-src[^"]*)"', text)[1]
        assert policy == (
            f"default-src 'none'; script-src 'nonce-{nonce}' "
            "https://cdn.jsdelivr.net/npm/p5@2.3.4/lib/p5.min.js; style-src 'unsafe-inline'; "
            "img-src data: blob:; form-action 'none'; base-uri 'none'"
        )


def test_every_module_is_in_the_map():
    import base64

    found = json.loads(page_file.import_map())["imports"]
    assert {"twinprop/sketch/page.js", "twinprop/network.js"} < set(found)
    for name, address in found.items():
        kind, code = address.split(",")
        assert kind == "data:text/javascript;base64"
        text = base64.b64decode(code).decode()
        imported = set(re.findall(r'^(?:import|export|\}) ?.*from "([^"]+)";', text, re.MULTILINE))
        assert imported <= set(found), name
        original = (js_folder() / name.removeprefix("twinprop/")).read_text()
        assert len(text.splitlines()) == len(original.splitlines())


def test_p5_is_put_in_where_a_copy_is_at_hand(tmp_path, monkeypatch):
    copy = tmp_path / "p5.min.js"
    copy.write_text('const version = "2.3.4", odd = "</script><!--";')
    text = written(tmp_path, Network([2, 1]), *XOR, p5=copy)
    assert '>const version = "2.3.4", odd = "<\\/script><\\!--";</script>' in text
    assert "https://cdn" not in re.search('content="(default-src[^"]*)"', text)[1]
    monkeypatch.setattr(play, "local_p5", lambda: copy)
    assert written(tmp_path, Network([2, 1]), *XOR) == text
    copy.write_text('const version = "2.0.0"')
    with pytest.raises(InputError, match=r"p5 must be p5.min.js of version 2.3.4, got"):
        written(tmp_path, Network([2, 1]), *XOR)
    with pytest.raises(InputError, match=r'cannot read p5.js: no file "none.js"'):
        written(tmp_path, Network([2, 1]), *XOR, p5="none.js")
    with pytest.raises(InputError, match="p5 must be a path, got 5"):
        written(tmp_path, Network([2, 1]), *XOR, p5=5)


def test_what_is_too_large_is_refused(tmp_path):
    rows = np.zeros((2001, 2))
    with pytest.raises(InputError, match="^x must have at most 2000 rows for the page, got 2001$"):
        written(tmp_path, Network([2, 1]), rows, rows[:, :1])
    with pytest.raises(
        InputError, match="^network must have at most 100000 parameters for the page, got 101001$"
    ):
        written(tmp_path, Network([200, 500, 1]), np.zeros((1, 200)), [[0]])
    with pytest.raises(
        InputError, match="^x and d must have at most 200000 numbers for the page, got 202000$"
    ):
        written(tmp_path, Network([100, 1]), np.zeros((2000, 100)), np.zeros((2000, 1)))


def test_what_is_no_network_data_or_path_is_refused(tmp_path, without_p5):
    with pytest.raises(InputError, match="network must be a Network, a Model, .* got 5"):
        written(tmp_path, 5, *XOR)
    with pytest.raises(InputError, match="x row 1 must have 3 values, got 2"):
        written(tmp_path, Network([3, 1]), *XOR)
    with pytest.raises(InputError, match="path must be a path, got 5"):
        to_html(Network([2, 1]), *XOR, 5)
    with pytest.raises(InputError, match="cannot write"):
        to_html(Network([2, 1]), *XOR, tmp_path / "none" / "page.html")


# Opening ------------------------------------------------------------------------------------------


@pytest.fixture
def opened(monkeypatch, without_p5):
    found = []
    monkeypatch.setattr("webbrowser.open", lambda url: not found.append(url))
    return found


def test_the_browser_opens_the_file(opened, tmp_path):
    network = Network([2, 1])
    page = play.play(network, *XOR)
    assert opened == [page.url]
    assert page.url.startswith("file:///")
    assert repr(page) == f"Page({page.url!r})"
    with urllib.request.urlopen(page.url) as file:
        assert file.read().decode() == written(tmp_path, network, *XOR)


def test_without_a_network_the_page_is_served(opened):
    page = play.play()
    assert opened == [page.url]
    with urllib.request.urlopen(page.url) as answer:
        assert b'src="page.js"' in answer.read()
    assert f'src="{page.url}"' in page._repr_html_()
    with pytest.raises(InputError, match="network must be there where x and d are, got null"):
        play.play(x=XOR[0])


def test_no_browser_is_said(monkeypatch, without_p5):
    monkeypatch.setattr("webbrowser.open", lambda url: False)
    with pytest.warns(TwinpropWarning, match="no browser to open; the page is at file:///"):
        play.play(Network([2, 1]), *XOR)


def test_a_notebook_shows_the_page_itself(opened, tmp_path, monkeypatch):
    import html

    shell = types.SimpleNamespace(kernel=1)
    fake = types.SimpleNamespace(get_ipython=lambda: shell)
    monkeypatch.setitem(sys.modules, "IPython", fake)
    page = play.play(Network([2, 1]), *XOR)
    assert (opened, page.url) == ([], None)
    shown = page._repr_html_()
    assert shown.startswith('<iframe title="twinprop"')
    assert 'sandbox="allow-scripts allow-downloads allow-forms"' in shown
    inside = re.search('srcdoc="([^"]*)"></iframe>$', shown)[1]
    assert html.unescape(inside) == written(tmp_path, Network([2, 1]), *XOR)
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(get_ipython=lambda: None))
    play.play(Network([2, 1]), *XOR)
    assert len(opened) == 1
