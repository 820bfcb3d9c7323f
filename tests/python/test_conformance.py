"""Every conformance case, stage by stage and as a whole run.

Twins: tests/testthat/test-cases.R, tests/js/conformance.test.js.
"""

import numpy as np
import pytest

from conformance import (
    AFTER_A_THOUSAND,
    assert_group,
    assert_recording,
    assert_run,
    assert_snapshots,
    cases,
    error_cases,
    is_exact,
    tolerance_after,
    write_plan,
)
from twinprop import (
    DenominatorError,
    DivergenceError,
    InputError,
    Network,
    Optimizer,
    read_plan,
    run_plan,
)
from twinprop.plan import run_to_dict, train_plan

CASES = cases()
ERRORS = error_cases()
KINDS = {"input": InputError, "divergence": DivergenceError, "denominator": DenominatorError}


def test_there_are_cases():
    assert len(CASES) > 80
    assert len(ERRORS) > 70


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("name", CASES)
def test_run(name):
    case = CASES[name]
    run = run_to_dict(train_plan(read_plan(case["plan"])))  # cases need not learn
    exact = is_exact(case)
    assert_run(run, case["expected"]["run"], name, exact)
    assert_snapshots(run.get("snapshots", []), case["expected"]["snapshots"], name, exact)
    assert_recording(run.get("recording"), case["expected"], name, exact)


@pytest.mark.parametrize("name", CASES)
def test_first_update_stage_by_stage(name):
    case = CASES[name]
    plan = read_plan(case["plan"])
    expected = case["expected"]
    network = Network(**plan.network)
    start = [network.weights, network.biases]
    assert_group(start, [expected["starting_weights"], expected["starting_biases"]], 0.0, name)
    first = expected["first_update"]
    if first is None:  # no update, or one that step() does not make
        how = plan.training
        more = how["dropout"] or how["clip_norm"] or plan.sample_weight is not None
        assert how["epochs"] == 0 or more
        return

    rows = np.array(first["rows"]) - 1
    x, d = plan.x[rows], plan.d[rows]
    tolerance = tolerance_after(1, is_exact(case))
    arithmetic = {"arithmetic": plan.training["arithmetic"]}
    settings = {key: plan.training[key] for key in ("cost", "rule")} | arithmetic
    order = plan.training["update_order"]
    optimizer = Optimizer(**plan.training["optimizer"])
    step = network.step(x, d, **settings, update_order=order, optimizer=optimizer)
    found = step.forward._asdict() | step.backward._asdict()
    for stage in ("z", "a", "e", "delta"):
        assert_group(found[stage], first[stage], tolerance, f"{name}: {stage}")
    assert_group(
        [found["grad_weights"], found["grad_biases"]],
        [first["grad_weights"], first["grad_biases"]],
        tolerance,
        f"{name}: gradients",
    )
    assert_group(
        [network.weights, network.biases],
        [first["new_weights"], first["new_biases"]],
        tolerance,
        f"{name}: new weights",
    )

    if order == "simultaneous":  # the same by the three verbs
        three = Network(**plan.network)
        forward = three.forward(x, **arithmetic)
        backward = three.backward(forward, d, **settings)
        three.update(backward, Optimizer(**plan.training["optimizer"]))
        np.testing.assert_array_equal(three.parameters, network.parameters)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("name", ERRORS)
def test_error(name, tmp_path):
    case = ERRORS[name]
    kind = KINDS[case["kind"]]
    with pytest.raises(kind) as caught:
        plan = read_plan(write_plan(case, tmp_path))
        assert case["kind"] != "input", "an input error must come before anything is trained"
        run_plan(plan)
    message = str(caught.value)
    if "message" in case:
        assert message == case["message"]
    else:
        assert message.startswith(case["message_start"])


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("name", [n for n, case in ERRORS.items() if case["kind"] != "input"])
def test_the_network_keeps_the_weights_from_before_the_epoch(name, tmp_path):
    plan = read_plan(write_plan(ERRORS[name], tmp_path))
    with pytest.raises((DivergenceError, DenominatorError)) as caught:
        run_plan(plan)
    kept = caught.value.network
    if kept is None:  # it stopped before training
        assert "before training" in str(caught.value)
        return
    # Steps see their gradients, a training need not, so these are summed up in another order; an
    # epoch earlier or later the weights are others altogether.
    np.testing.assert_allclose(
        kept.parameters, _before_the_failing_epoch(plan), rtol=AFTER_A_THOUSAND
    )


def _before_the_failing_epoch(plan):
    """The parameters at the start of the epoch in which a weight or a cost is no longer finite."""
    settings = {key: plan.training[key] for key in ("cost", "rule", "update_order")}
    optimizer = Optimizer(**plan.training["optimizer"])
    network = Network(**plan.network)
    size = plan.training["batch_size"]
    assert not plan.training["shuffle"]
    for _ in range(plan.training["epochs"]):
        before = network.parameters.copy()
        finite = True
        for start in range(0, len(plan.x), size):
            x, d = plan.x[start : start + size], plan.d[start : start + size]
            with np.errstate(all="ignore"):
                finite &= bool(np.isfinite(network.mean_cost(x, d, cost=settings["cost"])))
                try:
                    network.step(x, d, **settings, optimizer=optimizer)
                except DenominatorError:
                    return before
        if not (finite and np.isfinite(network.parameters).all()):
            return before
    return before
