"""The proof agrees where all is well, and says so where something differs or is missing."""

import dataclasses
import json
import os
import subprocess
import sys

import numpy as np
import pytest

from engine_runs import run_on
from twinprop import EngineError, InputError, crosscheck, dataset_names
from twinprop.__main__ import main
from twinprop.crosscheck import (
    TOLERANCES,
    differences,
    first_difference,
    make_checks,
    ulps_between,
)
from twinprop.engines import ENGINES, Engine
from twinprop.plan import read_plan, train_plan
from twinprop.r_bridge import r_environment

OUTSIDE = ("r", "rscript", "js", "torch")


@pytest.fixture(scope="module")
def every_engine():
    """Skip, or fail, where an engine is missing."""
    for name in OUTSIDE:
        run_on(name, read_plan({"training": {"epochs": 0}}))


@pytest.mark.parametrize("dataset", dataset_names())
def test_all_engines_agree(every_engine, dataset):
    result = crosscheck([dataset], require=OUTSIDE)
    assert result.agrees, result.to_text(each=True)
    table = result.table
    plans = {"xor": 17, "diabetes": 12, "linnerud": 12}.get(dataset, 17)
    assert len(table) == plans * len(OUTSIDE)
    assert set(table["rule"]) == {"gradient", "transpose", "proportional", "proportional_abs"}
    assert "All agree: python, r, rscript, js, torch" in result.to_text().splitlines()[-1]
    assert [row.engine for row in result.portable] == ["r", "rscript", "js"]
    assert len({row.fingerprint for row in result.portable}) == 1
    assert result.verdict().endswith(
        "; in portable arithmetic python, r, rscript, js give the same bits."
    )


def test_every_plan_makes_a_thousand_updates():
    for dataset in dataset_names():
        for check in make_checks(dataset):
            rows, size = len(check.plan.x), check.plan.training["batch_size"]
            assert check.plan.training["epochs"] * -(-rows // size) >= 1000


@pytest.fixture
def a_wrong_engine(monkeypatch):
    """An engine that is off by a little in one number."""

    def wrong(change):
        def run(plan):
            return change(train_plan(plan))

        monkeypatch.setitem(ENGINES, "torch", Engine("wrong", lambda: None, run))

    return wrong


def _off(array, by=1e-9):
    moved = array.copy()
    moved.flat[-1] += by * max(1.0, np.abs(array).max())
    return moved


@pytest.mark.parametrize(
    ("field", "key"),
    [("outputs", "outputs"), ("errors", "errors"), ("cost", "costs")],
)
def test_a_difference_is_found(a_wrong_engine, field, key):
    a_wrong_engine(lambda run: dataclasses.replace(run, **{field: _off(getattr(run, field))}))
    result = crosscheck(["xor"], engines=["torch"])
    assert not result.agrees
    for row in result.rows:
        assert row.differences[key] > TOLERANCES[key]
        assert all(row.differences[k] <= TOLERANCES[k] for k in TOLERANCES if k != key)
    assert result.verdict().startswith("DIFFERS: 17 of 17 comparisons, the first on torch: xor")
    assert "DIFFERS" in result.to_text()


@pytest.mark.parametrize(("index", "key"), [(0, "after_1"), (1, "after_10"), (2, "after_1000")])
def test_a_difference_in_a_snapshot_is_found(a_wrong_engine, index, key):
    def change(run):
        snapshots = list(run.snapshots)
        kept = snapshots[index]
        biases = [*kept.biases[:-1], _off(kept.biases[-1])]
        snapshots[index] = dataclasses.replace(kept, biases=biases)
        return dataclasses.replace(run, snapshots=snapshots)

    a_wrong_engine(change)
    result = crosscheck(["three_by_three"], engines=["torch"])
    assert {k for k in TOLERANCES for r in result.rows if r.differences[k] > TOLERANCES[k]} == {key}


@pytest.mark.parametrize(
    ("p", "q", "steps"),
    [
        (1.0, 1.0, 0),
        (1, 2, 2**52),
        (1.0, 1.0 + 2**-52, 1),
        (-1.0, -1.0 + 2**-53, 1),
        (0.0, -0.0, 1),
        (-0.0, 5e-324, 2),
        (-5e-324, 5e-324, 3),
        (-1.7976931348623157e308, 1.7976931348623157e308, 2 * 0x7FEFFFFFFFFFFFFF + 1),
    ],
)
def test_ulps_are_steps_from_number_to_number(p, q, steps):
    assert ulps_between(p, q) == ulps_between(q, p) == steps


def _next(array, *place):
    moved = array.copy()
    moved[place] = np.nextafter(moved[place], np.inf)
    return moved


FIRSTS = [
    ("cost", lambda run: _next(run.cost, 2), "the cost of epoch 3, by 1 ulp"),
    (
        "weights",
        lambda run: [run.weights[0], _next(_next(run.weights[1], 0, 3), 0, 1)],
        "the weight from neuron 2 of layer 2 to neuron 1 of layer 3, by 1 ulp",
    ),
    (
        "biases",
        lambda run: [_next(_next(run.biases[0], 1), 1), run.biases[1]],
        "the bias of neuron 2 of layer 2, by 2 ulp",
    ),
    ("cost", lambda run: run.cost[:-1], "the shape of the cost"),
    ("weights", lambda run: run.weights[:1], "the shape of the weights of layer 3"),
    (
        "biases",
        lambda run: [run.biases[0] + 0.0, np.array([0.0])],
        "the bias of neuron 1 of layer 3, by 1 ulp",
    ),
]


@pytest.mark.parametrize(("field", "change", "words"), FIRSTS)
def test_the_first_number_with_other_bits_is_named(monkeypatch, field, change, words):
    def run(plan):
        right = train_plan(plan)
        if plan.training["arithmetic"] == "fast":
            return right
        right = dataclasses.replace(right, biases=[right.biases[0], np.array([-0.0])])
        return dataclasses.replace(right, **{field: change(right)})

    monkeypatch.setitem(ENGINES, "js", Engine("wrong", lambda: None, run))
    reference = make_checks("xor")[0].plan
    reference = dataclasses.replace(
        reference, training={**reference.training, "arithmetic": "portable"}
    )
    right = train_plan(reference)
    right = dataclasses.replace(right, biases=[right.biases[0], np.array([-0.0])])
    assert str(first_difference(run(reference), right)) == words
    assert first_difference(right, right) is None
    if field != "biases":  # which are not those of the training here
        result = crosscheck(["xor"], engines=["js"])
        assert not result.agrees
        assert all(row.agrees for row in result.rows)
        assert result.verdict() == (
            "DIFFERS: 1 of 1 trainings in portable arithmetic, the first on js: xor."
        )
        assert f"js: DIFFERS, first {words}" in result.to_text()
        (written,) = result.to_dict()["portable"]
        assert written["agrees"] is False
        assert written["first_difference"]["stage"] == field


def test_an_engine_that_fails_in_portable_arithmetic_says_why(monkeypatch):
    def run(plan):
        if plan.training["arithmetic"] == "portable":
            raise EngineError("out of order")
        return train_plan(plan)

    monkeypatch.setitem(ENGINES, "js", Engine("broken", lambda: None, run))
    result = crosscheck(["xor"], engines=["js"])
    assert not result.agrees
    assert "js: DIFFERS, out of order" in result.to_text()


def test_the_longest_label_keeps_a_space_before_the_engine(a_wrong_engine):
    a_wrong_engine(lambda run: run)
    text = crosscheck(["three_by_three"], engines=["torch"]).to_text(each=True)
    assert "three_by_three  proportional_abs, cross_entropy torch " in text


def test_what_cannot_be_compared_differs():
    plan = make_checks("xor")[0].plan
    run = train_plan(plan)
    for wrong in (
        dataclasses.replace(run, outputs=run.outputs.ravel()),
        dataclasses.replace(run, outputs=np.full_like(run.outputs, np.nan)),
    ):
        assert differences(wrong, run)["outputs"] == np.inf
    assert differences(dataclasses.replace(run, snapshots=[]), run)["after_1"] == np.inf
    fewer = dataclasses.replace(run, weights=run.weights[:1])
    assert differences(fewer, run)["weights"] == np.inf


def test_a_plan_of_ones_own(a_wrong_engine, tmp_path):
    path = tmp_path / "plan.json"
    path.write_text('{"training": {"epochs": 2}}')
    a_wrong_engine(lambda run: run)
    (row,) = crosscheck([str(path)], engines=["torch"]).rows
    assert row.agrees
    assert set(row.differences) == set(TOLERANCES) - {"after_10", "after_1000"}
    assert row.rounding is None
    portable = tmp_path / "portable.json"
    portable.write_text('{"training": {"epochs": 2, "arithmetic": "portable"}}')
    result = crosscheck([str(portable)], engines=["torch"])  # which has fast arithmetic only
    assert result.agrees
    assert result.portable == []


def test_rounding_is_told_from_a_difference(a_wrong_engine):
    a_wrong_engine(lambda run: dataclasses.replace(run, outputs=_off(run.outputs)))
    result = crosscheck(["xor"], engines=["torch"])
    assert all(row.rounding < 1e-12 for row in result.rows)  # so it is no rounding
    assert "(a change of 1e-15 at the start moves Python's own weights by" in result.to_text()


def test_an_engine_that_fails_differs_and_says_why(monkeypatch):
    def run(plan):
        raise EngineError("out of order")

    monkeypatch.setitem(ENGINES, "torch", Engine("broken", lambda: None, run))
    result = crosscheck(["xor"], engines=["torch"])
    assert not result.agrees
    assert result.rows[0].error == "out of order"
    assert "(out of order)" in result.to_text(each=True)


@pytest.fixture
def no_torch(monkeypatch):
    engine = Engine("torch", lambda: "install torch", ENGINES["torch"].run)
    monkeypatch.setitem(ENGINES, "torch", engine)


@pytest.mark.usefixtures("no_torch")
def test_a_missing_engine_is_named_and_fails_if_required():
    result = crosscheck(["xor"], engines=["python", "torch"])
    assert result.agrees
    assert result.missing == {"torch": "install torch"}
    assert result.verdict().endswith(" Missing: torch.")
    assert "torch is missing: install torch" in result.to_text().splitlines()
    required = crosscheck(["xor"], engines=["python"], require=["torch"])
    assert not required.agrees
    assert required.required_missing == ["torch"]
    assert required.verdict() == "INCOMPLETE: required, but missing: torch."


@pytest.mark.usefixtures("no_torch")
def test_exit_status_and_json(monkeypatch, tmp_path, capsys):
    # A table of its own: engines taken out of the shared one would come back in another order.
    few = {name: ENGINES[name] for name in ("python", "torch")}
    monkeypatch.setattr(sys.modules["twinprop.crosscheck"], "ENGINES", few)
    path = tmp_path / "check.json"
    assert main(["crosscheck", "xor", "--json", str(path)]) == 0
    written = json.loads(path.read_text())
    assert written["format"] == "twinprop-crosscheck/1"
    assert written["missing"] == {"torch": "install torch"}
    assert written["verdict"] == capsys.readouterr().out.splitlines()[-1]
    assert main(["crosscheck", "xor", "--require", "python,torch"]) == 1
    assert main(["crosscheck", "nope"]) == 2
    assert 'datasets entry 1 must be one of "xor"' in capsys.readouterr().err


def test_unknown_names():
    with pytest.raises(InputError, match=r'datasets entry 1 must be one of "xor", .* got "nope"'):
        crosscheck(["nope"])
    with pytest.raises(InputError, match='datasets must be a list of names, got "xor"'):
        crosscheck("xor")
    with pytest.raises(InputError, match="engines entry 1 must be one of"):
        crosscheck(["xor"], engines=["julia"])


def test_from_r(every_engine):
    code = """
    check <- twinprop::tp_crosscheck(c("xor", "linnerud"), require = c("python", "js"))
    print(check)
    stopifnot(attr(check, "agrees"), nrow(check) == 58, all(check$agrees))
    bits <- attr(check, "portable")
    stopifnot(identical(bits$engine, c("python", "js", "python", "js")), all(bits$agrees))
    """
    environment = r_environment() | {"TWINPROP_PYTHON": sys.executable}
    done = subprocess.run(
        ["Rscript", "-e", code], capture_output=True, text=True, check=False, env=environment
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].startswith("All agree: r, python, js give the same errors")


def test_from_r_without_python(every_engine):
    code = """
    check <- twinprop::tp_crosscheck("xor", require = "python")
    stopifnot(!attr(check, "agrees"), all(check$engine == "js"))
    cat(attr(check, "verdict"))
    """
    environment = r_environment() | {"TWINPROP_PYTHON": os.devnull}
    done = subprocess.run(
        ["Rscript", "-e", code], capture_output=True, text=True, check=False, env=environment
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "INCOMPLETE: required, but missing: python."
