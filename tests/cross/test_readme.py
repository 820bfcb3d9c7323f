"""What the README shows is what its code prints."""

import doctest
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from engine_runs import run_on
from twinprop.__main__ import main
from twinprop.plan import read_plan
from twinprop.r_bridge import r_environment

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def block(language):
    """The README's one block of a language."""
    (found,) = re.findall(rf"^```{language}\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
    return found


def split(code, mark):
    """The code, and the output that its comments show."""
    lines = code.splitlines()
    shown = [line.removeprefix(mark) for line in lines if line.startswith(mark)]
    return "\n".join(line for line in lines if not line.startswith(mark)), "\n".join(shown)


def printed_by(command, engine, **options):
    run_on(engine, read_plan({"training": {"epochs": 0}}))  # skips or fails where it is missing
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT, **options)
    return done.stdout.strip()


def test_python():
    test = doctest.DocTestParser().get_doctest(block("python"), {}, "README.md", None, None)
    assert len(test.examples) > 5
    assert doctest.DocTestRunner().run(test).failed == 0


def test_r():
    code, shown = split(block("r"), "#> ")
    assert printed_by(["Rscript", "-e", code], "rscript", env=r_environment()) == shown


def test_js():
    code, shown = split(block("js"), "//> ")
    node = shutil.which("node")
    assert printed_by([node, "--input-type=module", "-e", code], "js") == shown


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
