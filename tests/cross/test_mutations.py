"""The conformance suites must see every mistake in tests/mutation/table.py, in every language.

A mutation that a suite lets through is a gap in tests/cases: add a case that sees it.
"""

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from mutation.driver import SUITES, caught, missing, run_suite
from mutation.table import MUTATIONS

REQUIRED = os.environ.get("TWINPROP_REQUIRE", "").split(",")
RUNS = [
    *(
        pytest.param(language, None, id=f"{language}-unchanged")
        for language in ("r", "python", "js")
    ),
    *(
        pytest.param(language, mutation, id=f"{language}-{mutation.name}")
        for language in SUITES
        for mutation in MUTATIONS
    ),
]


@pytest.fixture(scope="session")
def runs(request):
    """The outcomes of all runs asked for, by language and mutation; two run at a time."""
    asked = [
        (item.callspec.params["language"], item.callspec.params["mutation"])
        for item in request.session.items
        if getattr(item, "originalname", None) == "test_the_suite_sees_it"
    ]
    with ThreadPoolExecutor(2) as pool:
        started = {
            (language, mutation and mutation.name): pool.submit(run_suite, language, mutation)
            for language, mutation in asked
            if not missing(language)
        }
        yield started
        pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize(("language", "mutation"), RUNS)
def test_the_suite_sees_it(runs, language, mutation):
    if missing(language):
        engine = "rscript" if language == "r" else language
        assert engine not in REQUIRED, f"{SUITES[language].program} is not installed"
        pytest.skip(f"{SUITES[language].program} is not installed")
    outcomes = runs[language, mutation and mutation.name].result()
    if mutation is None:
        assert len(outcomes) > 100
        wrong = {test: outcome for test, outcome in outcomes.items() if outcome != "passed"}
        assert not wrong, "the suite is red without any mutation"
        return
    for case in mutation.cases:
        assert caught(outcomes, case), (
            f"{mutation.breaks}, and the case {case} does not see it: {outcomes}"
        )


@pytest.mark.parametrize("language", SUITES)
def test_code_that_does_not_run_does_not_count_as_seen(language):
    if missing(language):
        pytest.skip(f"{SUITES[language].program} is not installed")
    slope = next(one for one in MUTATIONS if one.name == "leaky-relu-slope")
    edits = {key: edit._replace(mutated="SLOPE = slope <- (") for key, edit in slope.edits.items()}
    with pytest.raises(RuntimeError, match=f"the suite of {language} did not run"):
        run_suite(language, slope._replace(edits=edits))


def test_a_snippet_that_is_gone_is_told():
    gone = MUTATIONS[0]
    gone = gone._replace(edits={"js": gone.edits["js"]._replace(original="no such snippet")})
    with pytest.raises(LookupError, match=r"0 times, not once; update tests/mutation/table.py"):
        run_suite("js", gone)


def test_every_mutation_is_made_in_every_language():
    assert len({mutation.name for mutation in MUTATIONS}) == len(MUTATIONS) > 40
    assert all(mutation.edits.keys() == SUITES.keys() for mutation in MUTATIONS)
