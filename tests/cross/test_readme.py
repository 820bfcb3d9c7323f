"""What the README shows is what its code prints."""

import doctest
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from engine_runs import run_on
from twinprop.__main__ import main
from twinprop.plan import read_plan
from twinprop.r_bridge import r_environment

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language):
    """The README's blocks of a language: the same step, and the model that goes around."""
    step, model = re.findall(rf"^```{language}\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
    return step, model


def split(code, mark):
    """The code, and the output that its comments show."""
    lines = code.splitlines()
    shown = [line.removeprefix(mark) for line in lines if line.startswith(mark)]
    return "\n".join(line for line in lines if not line.startswith(mark)), "\n".join(shown)


def printed_by(command, engine, folder, **options):
    run_on(engine, read_plan({"training": {"epochs": 0}}))  # skips or fails where it is missing
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, cwd=folder, **options
    )
    return done.stdout.rstrip()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where the blocks run: one writes the model that the others read."""
    return tmp_path_factory.mktemp("readme")


@pytest.mark.parametrize("place", [0, 1], ids=["step", "model"])
class TestTheBlocks:
    """In this order: the model is written by Python."""

    def test_python(self, place, folder, monkeypatch):
        monkeypatch.chdir(folder)
        code = blocks("python")[place]
        test = doctest.DocTestParser().get_doctest(code, {}, "README.md", None, None)
        assert len(test.examples) > 5
        assert doctest.DocTestRunner().run(test).failed == 0

    def test_r(self, place, folder):
        code, shown = split(blocks("r")[place], "#> ")
        command = ["Rscript", "-e", code]
        assert printed_by(command, "rscript", folder, env=r_environment()) == shown

    def test_js(self, place, folder):
        code, shown = split(blocks("js")[place], "//> ")
        code = code.replace("./inst/js/", (ROOT / "inst" / "js").as_uri() + "/")
        command = [shutil.which("node"), "--input-type=module", "-e", code]
        assert printed_by(command, "js", folder) == shown


def test_the_three_fingerprints(tmp_path):
    block = r"one fingerprint\n\n```sh\n(.*?)^```\n\n```text\n(.*?)^```"
    commands, shown = re.search(block, README, re.DOTALL | re.MULTILINE).groups()
    for name in ("rscript", "js"):
        run_on(name, read_plan({"training": {"epochs": 0}}))  # skips or fails where it is missing
    commands = commands.replace("\ntwinprop ", f"\n'{sys.executable}' -m twinprop ")
    commands = commands.replace("inst/js/", f"{ROOT / 'inst' / 'js'}/")
    done = subprocess.run(
        ["sh", "-ec", commands],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env=r_environment(),
    )
    assert done.stdout == shown
    assert len(set(shown.split())) == 1


def test_the_explained_step(capsys):
    """Its lines are those that the command prints; "..." stands for what is left out."""
    block = r"`twinprop (explain \w+)`.*?`(--neuron \S+)`.*?```text\n(.*?)^```"
    command, neuron, shown = re.search(block, README, re.DOTALL | re.MULTILINE).groups()
    assert main([*command.split(), *neuron.split()]) == 0
    printed = capsys.readouterr().out
    place = 0
    for part in shown.split("...\n"):
        place = printed.index(part, place) + len(part)


@pytest.mark.parametrize("path", re.findall(r"\]\(([^)#:]+)\)", README))
def test_a_linked_file_is_there(path):
    assert (ROOT / path).exists()


def test_named_twins_are_there():
    for path in re.findall(r"`((?:python/twinprop|r|inst/js)/\w+\.\w+)`", README):
        assert (ROOT / path).is_file()
