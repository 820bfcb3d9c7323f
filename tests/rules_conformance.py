"""The cases of section 13 of docs/contract.md, the rules compared, and how tables are compared.

A table is a dict of columns; what is missing is None. Twins: tests/testthat/helper-cases.R and
tests/js/helpers.js hold what R and JavaScript need.
"""

import json
import math

from conformance import AFTER_A_THOUSAND, CASES

TABLES = ("table", "steps", "costs", "summary")

# A cosine and a denominator are numbers of the size of 1, whatever cancels in them; a length ratio
# and a cost are as good as their gradients and outputs; a change is a difference of two costs. All
# follow up to a hundred epochs.
TOLERANCE = AFTER_A_THOUSAND
OF_SIZE_1 = ("cosine", "mean_cosine", "smallest_cosine", "lowers_cost", "smallest_denominator")
EXACT = ("rule", "epoch", "layer", "epochs", "stopped")


def rules_cases():
    """All cases of section 13, by name."""
    paths = sorted((CASES / "rules").glob("*.json"))
    return {path.stem: json.loads(path.read_text()) for path in paths}


def plain(value):
    """A cell as JSON has it: no NaN or NA."""
    if value is None or value != value:  # NaN is not itself
        return None
    return {math.inf: "Inf"}.get(value, value)


def assert_tables(found, expected, what):
    """Assert that four tables are the expected ones: places and words exactly, numbers closely."""
    assert list(found) == list(TABLES), what
    for name in TABLES:
        assert list(found[name]) == list(expected[name]), f"{what}: columns of {name}"
        rules = expected[name]["rule"]
        for column, wanted in expected[name].items():
            where = f"{what}: {name}, {column}"
            got = [plain(value) for value in found[name][column]]
            wanted = [plain(value) for value in wanted]
            if column in EXACT or (name, column) == ("steps", "lowers_cost"):
                assert got == wanted, where
                continue
            numbers = [isinstance(value, int | float) for value in wanted]
            assert [isinstance(value, int | float) for value in got] == numbers, where
            assert len(got) == len(rules), where
            for i, number in enumerate(numbers):
                if not number:
                    assert got[i] == wanted[i], where
                    continue
                size = abs(wanted[i])
                if column in OF_SIZE_1:
                    size = 1.0
                elif column == "change":
                    size = max(
                        abs(v) for v, r, n in zip(wanted, rules, numbers) if n and r == rules[i]
                    )
                gap = abs(got[i] - wanted[i])
                assert gap <= TOLERANCE * size, f"{where}, row {i + 1}: {got[i]} for {wanted[i]}"
