"""docs/data-contract.md shows what its code prints, and the contract a model that can be read."""

import doctest
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from engine_runs import run_on
from twinprop import read_model
from twinprop.plan import read_plan
from twinprop.r_bridge import r_environment
from twinprop.resources import js_folder

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "data-contract.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(python|r|js)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
MARKS = {"r": "#> ", "js": "//> "}


def split(code, mark):
    """The code, and the output that its comments show."""
    lines = code.splitlines()
    shown = [line.removeprefix(mark) for line in lines if line.startswith(mark)]
    return "\n".join(line for line in lines if not line.startswith(mark)), "\n".join(shown)


def printed(command, folder, **options):
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, cwd=folder, encoding="utf-8", **options
    )
    # R ends the lines of a table with spaces
    return "\n".join(line.rstrip() for line in done.stdout.rstrip().splitlines())


def test_every_block_prints_what_it_shows(tmp_path, monkeypatch):
    for engine in ("rscript", "js"):  # skips or fails where it is missing
        run_on(engine, read_plan({"training": {"epochs": 0}}))
    monkeypatch.chdir(tmp_path)
    names, before = {}, ""
    for language, code in BLOCKS:
        if language == "python":
            test = doctest.DocTestParser().get_doctest(code, names, "data-contract", None, None)
            runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
            assert runner.run(test, clear_globs=False).failed == 0
            names = test.globs
            continue
        code, shown = split(code, MARKS[language])
        if language == "js":
            code = code.replace('"twinprop"', f'"{(js_folder() / "index.js").as_uri()}"')
            node = shutil.which("node")
            assert printed([node, "--input-type=module", "-e", code], tmp_path) == shown
            continue
        # what the blocks before have made, without a word
        silent = f"invisible(capture.output({{\n{before}\n}}))\n" if before else ""
        before += "\n" + code
        command = ["Rscript", "-e", silent + code]
        assert printed(command, tmp_path, env=r_environment()) == shown


def test_the_page_has_blocks_of_each_language():
    assert {language for language, _ in BLOCKS} == {"python", "r", "js"}
    assert len(BLOCKS) >= 10


def test_the_contracts_example_is_a_model():
    contract = (DOCS / "contract.md").read_text(encoding="utf-8")
    (text,) = re.findall(r'```json\n(\{"format": "twinprop-model/1".*?)```', contract, re.DOTALL)
    model = read_model(json.loads(text))
    assert model.predict([{"size": 10, "colour": "blue"}]) == pytest.approx([105])
