"""The conformance cases and how results are held against them (docs/contract.md, section 10)."""

import json
import math
from pathlib import Path

import numpy as np

CASES = Path(__file__).parent / "cases"

# Relative to the largest value of a group. One update is a few dozen roundings deep; what differs
# between engines is the last bit of exp (V8), two of tanh (numpy) and the order of sums (BLAS).
AFTER_ONE_UPDATE = 1e-12
# A thousand updates carry these roundings on; the cases are chosen well-conditioned.
AFTER_A_THOUSAND = 1e-10


def cases():
    """All conformance cases, by name."""
    return {path.stem: json.loads(path.read_text()) for path in sorted(CASES.glob("*.json"))}


def is_exact(case):
    """Whether the case is in portable arithmetic, whose numbers are the same to the last bit."""
    return case["plan"].get("training", {}).get("arithmetic") == "portable"


def tolerance_after(updates, exact):
    """The tolerance after so many updates; 0 where all numbers are exact."""
    if exact:
        return 0.0
    return AFTER_ONE_UPDATE if updates <= 1 else AFTER_A_THOUSAND


def explain_cases():
    """All explained steps, by name."""
    paths = sorted((CASES / "explain").glob("*.json"))
    return {path.stem: json.loads(path.read_text()) for path in paths}


def exercise_cases():
    """All exercises, by name."""
    paths = sorted((CASES / "exercise").glob("*.json"))
    return {path.stem: json.loads(path.read_text()) for path in paths}


def error_cases():
    """All error cases, by name."""
    lists = [json.loads(path.read_text()) for path in sorted((CASES / "errors").glob("*.json"))]
    return {case["name"]: case for cases in lists for case in cases}


def write_plan(case, folder):
    """Write an error case's plan file, unless the case is that it is missing; return its name."""
    if "plan_file" in case:
        return case["plan_file"]
    path = folder / "plan.json"
    path.write_text(case["plan_text"] if "plan_text" in case else json.dumps(case["plan"]))
    return path


def assert_group(found, expected, tolerance, what, scale=None):
    """Assert that a group (any nesting of lists and arrays) equals the expected one.

    Shapes first, then finite values, then the difference relative to the group's largest value;
    with tolerance 0 every bit, the sign of a zero too.
    """
    found, expected = plain(found), plain(expected)
    assert shape(found) == shape(expected), f"{what}: shapes differ"
    found, expected = np.array(list(numbers(found))), np.array(list(numbers(expected)))
    assert np.isfinite(found).all(), f"{what}: not finite"
    if found.size == 0:
        return
    worst = np.abs(found - expected).max()
    if tolerance == 0.0 and worst == 0.0:
        assert found.tobytes() == expected.tobytes(), f"{what}: the sign of a zero differs"
    largest = np.abs(expected).max() if scale is None else scale
    assert worst <= tolerance * largest, f"{what}: differs by {worst / (largest or math.nan):.3g}"


def plain(group):
    """The group as nested lists of numbers, as JSON has it."""
    if isinstance(group, np.ndarray):
        return group.tolist()
    if isinstance(group, list | tuple):
        return [plain(part) for part in group]
    return group


def shape(group):
    """The lengths of nested lists, at every depth; ragged ones too."""
    return [shape(part) for part in group] if isinstance(group, list) else "number"


def numbers(group):
    """All numbers of nested lists, in order."""
    if not isinstance(group, list):
        yield float(group)
        return
    for part in group:
        yield from numbers(part)


def assert_run(run, expected, name, exact=False):
    """Assert that a run (as its file has it) is the expected one, field by field."""
    assert run["updates"] == expected["updates"], f"{name}: updates"
    tolerance = tolerance_after(run["updates"], exact)
    assert_group(
        [run["weights"], run["biases"]],
        [expected["weights"], expected["biases"]],
        tolerance,
        f"{name}: weights",
    )
    assert_group(run["outputs"], expected["outputs"], tolerance, f"{name}: outputs")
    size = np.abs(np.asarray(expected["outputs"])).max()
    assert_group(run["errors"], expected["errors"], tolerance, f"{name}: errors", scale=size)
    costs = ("initial_cost", "cost", "final_cost")
    assert_group(
        [run[cost] for cost in costs],
        [expected[cost] for cost in costs],
        tolerance,
        f"{name}: costs",
    )
    if exact:
        assert run["fingerprint"] == expected["fingerprint"], f"{name}: fingerprint"


def assert_snapshots(found, expected, name, exact=False):
    """Assert that the snapshots of a run are the expected ones."""
    assert [kept["updates"] for kept in found] == [kept["updates"] for kept in expected]
    for kept, wanted in zip(found, expected, strict=True):
        tolerance = tolerance_after(kept["updates"], exact)
        what = f"{name}: after {kept['updates']} updates"
        assert_group(
            [kept["weights"], kept["biases"]],
            [wanted["weights"], wanted["biases"]],
            tolerance,
            what,
        )
        assert_group(kept["cost"], wanted["cost"], tolerance, f"{what}, cost")


def assert_recording(found, expected, name, exact=False):
    """Assert that the recording of a run is that of a case's expected results, or that none is."""
    wanted = expected.get("recording")
    assert (found is None) == (wanted is None), f"{name}: recording"
    if wanted is None:
        return
    assert found["interval"] == wanted["interval"], f"{name}: interval"
    assert len(found["steps"]) == len(wanted["steps"]), f"{name}: recorded steps"
    outputs = np.abs(np.asarray(expected["run"]["outputs"])).max()
    for got, want in zip(found["steps"], wanted["steps"], strict=True):
        assert list(got) == list(want), f"{name}: fields of a recorded step"
        for key in ("update", "epoch", "rows"):
            assert got[key] == want[key], f"{name}: {key} of step {want['update']}"
        tolerance = tolerance_after(want["update"], exact)
        size = max(outputs, *map(abs, numbers(want["e"])))
        for group, scale in (
            (["cost"], None),
            (["weights", "biases"], None),
            (["e"], size),
            (["grad_weights", "grad_biases"], None),
        ):
            assert_group(
                [got[key] for key in group],
                [want[key] for key in group],
                tolerance,
                f"{name}: {group[0]} of step {want['update']}",
                scale,
            )
