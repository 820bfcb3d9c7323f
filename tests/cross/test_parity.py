"""docs/parity.md names what is there, in every language, and all of it."""

import re
import shutil
import subprocess
from pathlib import Path

import twinprop

ROOT = Path(__file__).parents[2]
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in (ROOT / "docs" / "parity.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("| `")
]
TWINS = [row for row in ROWS if len(row) == 5]
IN_ONE = ", ".join(cell for row in ROWS if len(row) == 3 for cell in row)
FOLDERS = {"python/twinprop": "py", "r": "R", "inst/js": "js"}


def named(column):
    """The public names of a language in the table, without methods, settings and programs."""
    cells = " ".join(row[column] for row in TWINS).replace("none: `onEpoch`", "")
    return {
        name.rstrip("()").split("(")[0].removeprefix("new ").split(":")[0]
        for name in re.findall(r"`([^`]+)`", cells)
        if not re.match(r"[.$]|Network\.|twinprop |run\.js|progress|predict|twinprop_", name)
    }


def test_twins_have_one_base_name():
    for base in [row[0].strip("`") for row in TWINS]:
        present = [
            folder for folder, end in FOLDERS.items() if (ROOT / folder / f"{base}.{end}").exists()
        ]
        python_and_r = ("progress", "report", "layout", "plots", "crosscheck", "fitting", "lbfgs")
        python_and_r += ("raw_data", "exported", "converters", "code_writers", "penalties")
        python_and_r += ("play", "page_file")
        missing = ["inst/js"] if base in python_and_r else []
        assert present == [folder for folder in FOLDERS if folder not in missing], base


def test_python_names():
    public = set(twinprop.__all__) - {"__version__", "Forward", "Backward", "run_plan_on"}
    assert named(2) == public
    assert {"`MLPClassifier`", "`MLPRegressor`"} <= set(IN_ONE.split(", "))


def test_r_names():
    exported = re.findall(r"^export\((\w+)\)", (ROOT / "NAMESPACE").read_text(), re.MULTILINE)
    own = set(exported) - named(3)
    assert named(3) <= set(exported)
    assert all(f"`{name}()`" in IN_ONE for name in own)


def test_js_names():
    node = shutil.which("node")
    code = 'import * as t from "./inst/js/index.js"; console.log(Object.keys(t).join(" "))'
    done = subprocess.run(
        [node, "--input-type=module", "-e", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    assert named(4) == set(done.stdout.split()) - {"VERSION"}


def test_every_file_names_its_twins():
    for base in [row[0].strip("`") for row in TWINS]:
        for folder, end in FOLDERS.items():
            path = ROOT / folder / f"{base}.{end}"
            if not path.exists():
                continue
            head = "\n".join(path.read_text(encoding="utf-8").splitlines()[:6])
            others = [
                f"{other}/{base}.{ending}"
                for other, ending in FOLDERS.items()
                if other != folder and (ROOT / other / f"{base}.{ending}").exists()
            ]
            for twin in others:
                assert twin in head, f"{path.name} in {folder} does not name {twin}"
