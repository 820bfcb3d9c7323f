"""The diagnosis in Python, R and JavaScript: the same findings, in the same words."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from diagnoses import diagnose_case, diagnosis_cases
from engine_runs import run_on
from twinprop.plan import read_plan

ROOT = Path(__file__).parents[2]
CASES = diagnosis_cases()

IN_R = """
args <- commandArgs(TRUE)
source(args[1])
cases <- diagnosis_cases(args[2])
found <- lapply(cases, function(case) {
  found <- diagnose_case(case)
  found$text <- paste(utils::capture.output(print(found)), collapse = "\\n")
  unclass(found)
})
names(found) <- vapply(cases, `[[`, "", "name")
json <- jsonlite::toJSON(found, dataframe = "rows", digits = I(17), auto_unbox = TRUE)
writeLines(json, args[3], useBytes = TRUE)
"""

IN_JS = """
import { writeFileSync } from "node:fs";
const { diagnoseCase, diagnosisCases } = await import(process.argv[2]);
const found = diagnosisCases().map((one) => [one.name, diagnoseCase(one)]);
writeFileSync(process.argv[3], JSON.stringify(Object.fromEntries(found)));
"""


def _run(folder, name, script, program, *arguments):
    code, answer = folder / name, folder / "found.json"
    code.write_text(script, encoding="utf-8")
    subprocess.run([*map(str, [shutil.which(program), code, *arguments, answer])], check=True)
    return json.loads(answer.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def in_r(tmp_path_factory):
    run_on("rscript", read_plan({"training": {"epochs": 1}}))  # skips or fails where it is missing
    helper = ROOT / "tests" / "testthat" / "helper-diagnose.R"
    folder = tmp_path_factory.mktemp("r")
    return _run(folder, "found.R", IN_R, "Rscript", helper, ROOT / "tests" / "cases" / "diagnose")


@pytest.fixture(scope="module")
def in_js(tmp_path_factory):
    run_on("js", read_plan({"training": {"epochs": 1}}))
    helper = (ROOT / "tests" / "js" / "diagnoses.js").as_uri()
    return _run(tmp_path_factory.mktemp("js"), "found.mjs", IN_JS, "node", helper)


def words(text):
    """What is printed, without the code that mends, which is each language's own."""
    return [line for line in text.splitlines() if not line.startswith("    ")]


def assert_same(found, mine):
    assert words(found["text"]) == words(mine.text)
    assert found["verdict"] == mine.verdict
    assert found["learned"] == mine.learned
    rows = [(row["kind"], row["message"]) for row in found["findings"]]
    assert rows == [(row.kind, row.message) for row in mine.rows]
    mends = [len(row["mend"].splitlines()) for row in found["findings"]]
    assert all(mends), "a finding without a mend"


@pytest.mark.parametrize("name", CASES)
class TestTheSameWords:
    def test_from_r(self, name, in_r):
        assert_same(in_r[name], diagnose_case(CASES[name]))

    def test_from_js(self, name, in_js):
        assert_same(in_js[name], diagnose_case(CASES[name]))


def test_the_cases_are_of_every_kind():
    kinds = {kind for case in CASES.values() for kind in case["expected"]["kinds"]}
    verdicts = {case["expected"]["verdict"].split(":")[0] for case in CASES.values()}
    assert len(kinds) == 14
    assert verdicts == {"LEARNED", "NOT LEARNED", "NOT JUDGED"}
