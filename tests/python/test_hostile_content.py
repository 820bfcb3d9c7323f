"""Hostile content: names and classes that look like code stay text, wherever they are shown or run.

docs/reliability.md says what is promised. The exported code is run, in a folder in which any of the
commands in the names would leave the file `pwned`.
"""

import ast
import json
import re
import sqlite3
import subprocess
import sys
import urllib.error
import urllib.request
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

import twinprop
from twinprop import InputError, Model, Network, TwinpropError
from twinprop.code_writers import to_js_function, to_r_function, to_sql
from twinprop.model_commands import describe_model, describe_table
from twinprop.model_file import format_model, parse_model
from twinprop.play import start_server

ROOT = Path(__file__).parents[2]
LOADERS = ROOT / "python" / "twinprop"

NAMES = [
    "</script><img src=x onerror=alert(1)>",
    "'; DROP TABLE data; --",
    '"); file.create("pwned"); ("',
    "'); require('fs').writeFileSync('pwned', ''); ('",
    '"+require("fs").writeFileSync("pwned","")+"',
    "`; ATTACH 'pwned' AS p; --",
    "${process.exit(3)}",
    "=cmd|' /C calc'!A0",
    "line\nbreak\r\n",
    "tab\tand \\n back\\slash\\",
    "\u202eright to left",
    "\u2028\u2029",
    "\x1b[31mred\x07",
    "__proto__",
    "constructor",
    "toString",
    "$\\frac{x^2}$ %s %(a)s {0}",
    "if (TRUE) file.create('pwned')",
    "`system('touch pwned')`",
    "&lt;b&gt; ]]> <!-- -->",
    "x" * 10_000,
]


def hostile_model():
    """A classification whose columns, levels, output and classes have these names."""
    k = len(NAMES)
    columns = [{"name": name, "kind": "numeric"} for name in NAMES]
    columns.append({"name": "factor", "kind": "factor", "levels": NAMES, "ordered": False})
    terms = [{"name": name, "parts": [{"column": name}]} for name in NAMES]
    terms.append({"name": "coded", "parts": [{"column": "factor", "coding": [*range(k)]}]})
    network = Network([k + 1, k], "softmax", seed=3)
    inputs = {"columns": columns, "terms": terms, "center": None, "scale": None}
    outputs = {"names": [NAMES[0]], "levels": NAMES, "center": None, "scale": None}
    return Model(network, "classification", inputs, outputs)


def rows():
    stream = np.random.default_rng(5)
    return [
        {**{name: float(stream.normal()) for name in NAMES}, "factor": level} for level in NAMES
    ]


MODEL, ROWS = hostile_model(), rows()
CLASSES = list(MODEL.predict(ROWS))


def run(command, folder):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert not (folder / "pwned").exists()
    return json.loads(done.stdout)


def test_a_file_keeps_them():
    again = parse_model(format_model(MODEL))
    assert again.columns == MODEL.columns
    assert list(again.predict(ROWS)) == CLASSES
    assert len(set(CLASSES)) > 2


def test_javascript_code_does_not_run_them(tmp_path):
    (tmp_path / "rows.json").write_text(json.dumps(ROWS))
    (tmp_path / "a.mjs").write_text(
        to_js_function(MODEL)
        + "\nimport { readFileSync } from 'node:fs';\n"
        + "const rows = JSON.parse(readFileSync('rows.json', 'utf8'));\n"
        + "console.log(JSON.stringify(rows.map((row) => predict(row).class)));\n"
    )
    assert run(["node", "a.mjs"], tmp_path) == CLASSES


def test_r_code_does_not_run_them(tmp_path):
    rows = [dict(zip(map(str, range(len(row))), row.values(), strict=True)) for row in ROWS]
    (tmp_path / "rows.json").write_text(json.dumps(rows))
    (tmp_path / "names.json").write_text(json.dumps(list(ROWS[0])))
    (tmp_path / "a.R").write_text(
        to_r_function(MODEL)
        + "\nrows <- jsonlite::fromJSON('rows.json')\n"
        + "names(rows) <- jsonlite::fromJSON('names.json')\n"
        + "cat(jsonlite::toJSON(enc2utf8(as.character(predict_network(rows)$class))))\n",
        encoding="utf-8",
    )
    assert run(["Rscript", "a.R"], tmp_path) == CLASSES


def test_sql_does_not_run_them(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    base = sqlite3.connect(":memory:")
    quoted = ", ".join('"' + name.replace('"', '""') + '"' for name in ROWS[0])
    base.execute(f"CREATE TABLE data ({quoted})")
    marks = ", ".join("?" * len(ROWS[0]))
    base.executemany(f"INSERT INTO data VALUES ({marks})", [list(row.values()) for row in ROWS])
    cursor = base.execute(to_sql(MODEL, "data"))
    place = [about[0] for about in cursor.description].index("class")
    assert sorted(row[place] for row in cursor) == sorted(CLASSES)
    assert base.execute("SELECT count(*) FROM data").fetchone() == (len(ROWS),)
    assert list(tmp_path.iterdir()) == []


class _Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags = []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, sorted(name for name, _ in attrs)))


def tags(path):
    parser = _Tags()
    parser.feed(path.read_text(encoding="utf-8"))
    return parser.tags


def test_the_page_holds_them_as_text(tmp_path):
    d = [[float(i == k) for k in range(len(NAMES))] for i in range(len(NAMES))]
    network = Network([len(NAMES), len(NAMES)], "softmax")
    found = []
    for names in (NAMES, [f"x{j}" for j in range(len(NAMES))]):
        frame = pd.DataFrame(d, columns=names)
        twinprop.to_html(network, frame, frame, tmp_path / "page.html")
        found.append(tags(tmp_path / "page.html"))
    assert found[0] == found[1]  # no tag, no attribute more
    text = json.dumps(NAMES[0])[1:-1]
    assert text not in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_a_picture_shows_them_as_text():
    axes = twinprop.plot_network(
        Network([len(NAMES), 2]), [[0.5] * len(NAMES)], input_names=NAMES, output_names=NAMES[:2]
    )
    import io

    file = io.BytesIO()
    axes.figure.savefig(file, format="svg")
    plt.close("all")
    kinds = {element.tag.rpartition("}")[2] for element in ET.fromstring(file.getvalue()).iter()}
    assert not kinds & {"script", "image", "foreignObject", "a"}


def test_what_is_printed_holds_nothing_that_a_terminal_obeys():
    table = pd.DataFrame([list(row.values()) for row in ROWS], columns=list(ROWS[0]))
    for text in (describe_model(MODEL), describe_table(table), repr(MODEL)):
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2028\u2029]", text)
    # a name with a line break has one line like any other
    assert len(describe_table(table).splitlines()) == len(ROWS[0]) + 2


def test_predictions_say_what_a_spreadsheet_would_compute(tmp_path):
    (tmp_path / "m.twinprop.json").write_text(format_model(MODEL), encoding="utf-8")
    table = pd.DataFrame([list(row.values()) for row in ROWS], columns=list(ROWS[0]))
    table.to_csv(tmp_path / "rows.csv", index=False)
    command = [sys.executable, "-m", "twinprop", "predict"]
    done = subprocess.run(
        [*command, "m.twinprop.json", "rows.csv", "--keep", "-o", "out.csv"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr == (
        "Warning: a spreadsheet would take \"=cmd|' /C calc'!A0\" for a formula; "
        "import the columns of the table as text\n"
    )
    # the table itself stays as it is
    assert "=cmd|' /C calc'!A0" in (tmp_path / "out.csv").read_text(encoding="utf-8")


# Names of data sets -------------------------------------------------------------------------------

OUTSIDE = [
    "../x", "..", ".", "/etc/passwd", "iris.csv", "iris\0", "../data/iris", "IRIS", "iris/", "",
    "constructor", "__proto__", "xor\n", "file:///etc/passwd", "..\\iris", "%2e%2e/iris",
]  # fmt: skip


@pytest.mark.parametrize("name", OUTSIDE)
def test_a_data_set_s_name_does_not_leave_the_folder(name):
    with pytest.raises(InputError, match='^dataset must be one of "xor"'):
        twinprop.load_dataset(name)
    with pytest.raises(InputError, match=r'^data\.dataset must be one of "xor"'):
        twinprop.read_plan({"data": {"dataset": name}})


def test_the_server_gives_out_nothing_else():
    server, url = start_server()
    root = url[: url.index("/js/")]
    try:
        with urllib.request.urlopen(f"{root}/data/iris.csv") as found:
            assert found.status == 200
        for path in (
            "/../pyproject.toml", "/data/../../pyproject.toml", "/js/../../pyproject.toml",
            "/data/%2e%2e/%2e%2e/pyproject.toml", "/data//etc/passwd", "/data/%2fetc%2fpasswd",
            "/js/..%2f..%2fpyproject.toml", "/data/iris.csv%00.js", "/data/", "/js/sketch/",
            "/js/package.json%0d%0aX: y", "/data/..\\..\\pyproject.toml",
            "/" + "a" * 5000, "/%ff%fe",
        ):  # fmt: skip
            with pytest.raises(urllib.error.HTTPError) as caught:
                urllib.request.urlopen(root + path.replace(" ", "%20"))
            caught.value.close()
            assert caught.value.code in (404, 414), path
    finally:
        server.shutdown()
        server.server_close()


# Nothing is evaluated -----------------------------------------------------------------------------

#: Names that turn text or a file into code, in any module of Python's or numpy's or pandas'.
EVALUATING = {
    "eval", "exec", "compile", "__import__", "literal_eval", "loads_pickle", "read_pickle",
    "to_pickle", "unpickle", "Unpickler", "system", "popen",
}  # fmt: skip
FORBIDDEN_MODULES = {"pickle", "marshal", "shelve", "yaml", "joblib", "dill", "cloudpickle", "code"}
#: They start other programs, with commands of their own.
START_PROGRAMS = {"engines.py", "r_bridge.py", "crosscheck.py"}


def test_loading_never_evaluates_anything():
    for path in LOADERS.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                called = node.func
                name = called.id if isinstance(called, ast.Name) else getattr(called, "attr", "")
                owner = getattr(getattr(called, "value", None), "id", "")
                assert name not in EVALUATING or (owner, name) == ("re", "compile"), (path, name)
                if name == "load":  # torch's, which reads numbers alone
                    settings = {key.arg: ast.unparse(key.value) for key in node.keywords}
                    assert settings.get("weights_only") == "True", path
            modules = []
            if isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            if isinstance(node, ast.ImportFrom):
                modules = [node.module or ""]
            for module in modules:
                assert module.split(".")[0] not in FORBIDDEN_MODULES, (path, module)
                assert module != "subprocess" or path.name in START_PROGRAMS, path


def test_javascript_never_evaluates_anything():
    found = {}
    code = re.compile(
        r"\beval\s*\(|\bFunction\s*\(|\bimport\s*\(|child_process|node:vm|innerHTML|outerHTML"
        r"|insertAdjacentHTML|document\.write|setTimeout\(\s*[\"'`]"
    )
    for path in sorted((ROOT / "inst" / "js").rglob("*.js")):
        hits = code.findall(path.read_text(encoding="utf-8"))
        if hits:
            found[path.name] = hits
    assert found == {"datasets.js": ["import("]}  # node's own node:fs/promises


def test_a_model_file_with_code_in_every_string_is_refused_or_text():
    for text in ("__import__('os').system('touch pwned')", "!!python/object/apply:os.system"):
        value = json.loads(format_model(MODEL))
        value["training"] = {"a": text, text: [text]}
        assert parse_model(json.dumps(value)).training == value["training"]
        for key in ("task", "na", "network", "inputs", "outputs", "probes"):
            with pytest.raises(TwinpropError):
                parse_model(json.dumps({**value, key: text}))
