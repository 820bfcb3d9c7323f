"""The fingerprint of a training.

Twins: tests/testthat/test-fingerprint.R, tests/js/fingerprint.test.js.
"""

import hashlib
import json
import struct
from dataclasses import replace

import numpy as np
import pytest

from twinprop import (
    InputError,
    Model,
    Network,
    fingerprint,
    read_model,
    run_plan,
    write_model,
    write_run,
)
from twinprop.__main__ import main
from twinprop.fingerprint import fingerprint_of
from twinprop.plan import run_from_dict, run_to_dict

PLAN = {"network": {"layers": [2, 3, 2]}, "training": {"epochs": 5}}
PLAN |= {"data": {"x": [[0, 1], [1, 0]], "d": [[0.25, 0.5], [0.75, 0.5]]}}


@pytest.fixture(scope="module")
def run():
    return run_plan(PLAN)


def by_hand(costs, weights, biases):
    numbers = [*costs]
    numbers += [v for w in weights for row in w for v in row] + [v for b in biases for v in b]
    return hashlib.md5(b"".join(struct.pack("<d", v) for v in numbers)).hexdigest()


def test_it_is_md5_of_costs_weights_and_biases_in_this_order(run):
    assert run.fingerprint == by_hand(run.cost, run.weights, run.biases)
    assert fingerprint(run) == run.fingerprint
    # R's and JavaScript's tests have the same number
    one = fingerprint_of([0.5], [np.array([[1.0, -0.0], [3.0, 4.0]])], [np.array([2.0, 5.0])])
    assert one == "43184e3ab9548f070d5b909d9d3fbb53"


def test_every_number_and_the_sign_of_a_zero_count(run):
    marks = {run.fingerprint}
    for name in ("cost", "weights", "biases"):
        arrays = [run.cost] if name == "cost" else getattr(run, name)
        for i, array in enumerate(arrays):
            for place in np.ndindex(array.shape):
                moved = [other.copy() for other in arrays]
                moved[i][place] = np.nextafter(array[place], np.inf)
                changed = moved[0] if name == "cost" else moved
                marks.add(replace(run, **{name: changed}).fingerprint)
    assert len(marks) == 1 + 5 + 12 + 5
    assert fingerprint_of([], [np.array([[0.0]])], []) != fingerprint_of(
        [], [np.array([[-0.0]])], []
    )


def test_how_an_array_lies_in_memory_does_not_count(run):
    turned = [np.asfortranarray(w) for w in run.weights]
    assert fingerprint_of(run.cost, turned, run.biases) == run.fingerprint
    assert fingerprint_of(run.cost.astype(">f8"), run.weights, run.biases) == run.fingerprint


def test_it_is_in_the_run_and_its_file(run, tmp_path):
    assert repr(run).endswith(f", fingerprint {run.fingerprint[:12]})")
    written = run_to_dict(run)
    assert written["fingerprint"] == run.fingerprint
    assert run_from_dict(written).fingerprint == run.fingerprint
    path = tmp_path / "run.json"
    write_run(run, path)
    assert fingerprint(path) == fingerprint(written) == run.fingerprint


def test_a_plan_is_trained(run, tmp_path, capsys):
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(PLAN))
    assert fingerprint(PLAN) == fingerprint(path) == run.fingerprint
    assert main(["fingerprint", str(path)]) == 0
    assert capsys.readouterr().out == run.fingerprint + "\n"


def test_a_model_has_that_of_its_loss_curve_and_network(tmp_path, capsys):
    network = Network([2, 3, 1])
    bare = Model(network)
    assert fingerprint(bare) == by_hand([], network.weights, network.biases)
    mark = by_hand([0.5, 0.25], network.weights, network.biases)
    log = {"loss_curve": [0.5, 0.25], "fingerprint": mark}
    model = Model(network, training=log)
    assert fingerprint(model) == mark
    assert repr(model) == f"Model(2-3-1, no task, fingerprint {mark[:12]})"
    path = tmp_path / "m.twinprop.json"
    write_model(model, path)
    assert read_model(path).training == log
    assert main(["fingerprint", str(path)]) == 0
    assert main(["describe", str(path)]) == 0
    assert f"fingerprint {mark}\n" in capsys.readouterr().out


def test_an_estimator_notes_it_in_its_model():
    pytest.importorskip("sklearn")
    from twinprop import MLPRegressor

    estimator = MLPRegressor(hidden_layer_sizes=3, max_iter=4, random_state=1)
    with pytest.warns(UserWarning, match="has not converged"):
        fit = estimator.fit([[0.0], [1.0], [3.0]], [0.0, 1.0, 2.0])
    network = fit.model_.network
    mark = by_hand(fit.loss_curve_, network.weights, network.biases)
    assert fit.model_.training["fingerprint"] == fingerprint(fit) == mark
    assert dict(fit._facts())["fingerprint"] == mark[:12]


def test_a_file_that_was_changed_is_refused(run):
    written = run_to_dict(run)
    written["weights"][0][0][0] += 1e-15
    with pytest.raises(InputError) as caught:
        fingerprint(written)
    found = run_from_dict(written).fingerprint
    assert str(caught.value) == (
        f'the file\'s fingerprint is "{run.fingerprint}", that of its numbers "{found}": '
        "the file was changed or damaged"
    )
    del written["fingerprint"]  # older files have none
    assert fingerprint(written) == found


@pytest.mark.parametrize(("source", "given"), [(3, "3"), (None, "null"), ([1, 2], "a list of 2")])
def test_what_has_none_is_refused(source, given):
    with pytest.raises(InputError) as caught:
        fingerprint(source)
    assert str(caught.value) == (
        f"source must be a Run, a Model, a fitted estimator, a mapping or a path, got {given}"
    )


def test_a_loss_curve_of_other_things_is_refused():
    model = Model(Network([1, 1]), training={"loss_curve": [0.5, "low"]})
    with pytest.raises(InputError, match="training.loss_curve must be a list of finite numbers"):
        fingerprint(model)
