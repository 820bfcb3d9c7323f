"""Sample weights, dropout, clipping, schedules, stopping. Twins: tests/testthat/test-extras.R,
tests/js/extras.test.js."""

import math

import numpy as np
import pytest

from twinprop import InputError, Network, Optimizer, RandomStream, run_plan
from twinprop.explain import explain_plan
from twinprop.mends import balance, more_epochs
from twinprop.optimizers import clip_gradient
from twinprop.plan import read_plan
from twinprop.schedules import SCHEDULES, learning_rate_at
from twinprop.training import DEFAULTS, run_training

# Sums of other terms in another order, over a few dozen updates.
SUMS = 1e-12

RNG = np.random.default_rng(3)
X = RNG.normal(size=(7, 3))
D = RNG.uniform(size=(7, 2))
WEIGHTS = [2, 0, 1, 3, 1, 0, 1]
REPEATED = np.repeat(np.arange(7), WEIGHTS)


def network(**settings):
    return Network([3, 5, 4, 2], **settings)


@pytest.mark.parametrize("cost", ["half_mse", "half_sse", "mse", "cross_entropy"])
@pytest.mark.parametrize("rule", ["gradient", "transpose"])
@pytest.mark.parametrize("update_order", ["simultaneous", "output_first"])
def test_a_weight_of_2_is_the_row_twice_and_of_0_the_row_left_out(cost, rule, update_order):
    how = {"cost": cost, "rule": rule, "update_order": update_order, "batch_size": None}
    weighted, repeated = network(), network()
    runs = [
        net.train(x, d, **how, **more, epochs=30, optimizer=Optimizer("adam", weight_decay=0.01))
        for net, x, d, more in (
            (weighted, X, D, {"sample_weight": WEIGHTS}),
            (repeated, X[REPEATED], D[REPEATED], {}),
        )
    ]
    np.testing.assert_allclose(weighted.parameters, repeated.parameters, rtol=SUMS, atol=SUMS)
    for found, wanted in zip(*([r.initial_cost, *r.cost, r.final_cost] for r in runs)):
        assert found == pytest.approx(wanted, rel=SUMS)


@pytest.mark.parametrize("size", [1e-300, 1, 3, 1e305])
def test_only_the_ratios_of_weights_count(size):
    one, other = network(), network()
    one.train(X, D, epochs=5, batch_size=3)
    other.train(X, D, epochs=5, batch_size=3, sample_weight=np.full(7, size))
    np.testing.assert_allclose(other.parameters, one.parameters, rtol=SUMS)


def test_dropout_leaves_out_whole_paths():
    net, other = network(), network()
    settings = {"epochs": 1, "batch_size": None, "seed": 5, "record": "steps"}
    run = net.train(X, D, dropout=0.4, **settings)
    stream = RandomStream(5)
    masks = [(stream.uniform(7 * n).reshape(7, n) >= 0.4) / 0.6 for n in (5, 4)]
    step = run.recording[0]
    for e, mask in zip(step.e[:-1], masks):
        assert (e[mask == 0.0] == 0.0).all()
    assert (step.e[1][masks[1] > 0.0] != 0.0).all()
    # the same by hand: each sample through weights that its masks have scaled
    gradient = np.zeros((5, 3))
    for i in range(7):
        weights = [w.copy() for w in other.weights]
        weights[1] *= masks[0][i]
        weights[2] *= masks[1][i]
        thinned = Network(other.layers, weights=weights, biases=other.biases)
        backward = thinned.backward(thinned.forward(X[[i]]), D[[i]])
        gradient += backward.grad_weights[0] / 7
    np.testing.assert_allclose(step.grad_weights[0], gradient, rtol=SUMS, atol=1e-15)


def test_dropout_is_in_the_costs_of_epochs_alone():
    net = network()
    run = net.train(X, D, dropout=0.5, epochs=3, snapshots=[21])
    assert run.initial_cost == network().mean_cost(X, D)
    assert run.final_cost == net.mean_cost(X, D) == run.snapshots[0].cost
    np.testing.assert_array_equal(run.outputs, net.predict(X))
    assert run.cost[0] != network().train(X, D, epochs=1).cost[0]


@pytest.mark.parametrize("off", [0, 0.0, [0, 0]])
def test_no_dropout_is_as_without(off):
    one, other = network(), network()
    one.train(X, D, epochs=3, shuffle=True)
    other.train(X, D, epochs=3, shuffle=True, dropout=off)
    np.testing.assert_array_equal(one.parameters, other.parameters)


def test_what_is_recorded_is_the_clipped_gradient():
    free = network().train(X, D, epochs=1, record="steps").recording[0]
    clipped = network().train(X, D, epochs=1, record="steps", clip_norm=0.01).recording[0]

    def flat(step):
        return np.concatenate([v.ravel() for v in [*step.grad_weights, *step.grad_biases]])

    assert np.linalg.norm(flat(free)) > 0.01
    assert np.linalg.norm(flat(clipped)) == pytest.approx(0.01, rel=SUMS)
    np.testing.assert_allclose(
        flat(clipped), flat(free) * 0.01 / np.linalg.norm(flat(free)), rtol=SUMS
    )


def test_clipping_is_that_of_torch():
    torch = pytest.importorskip("torch")
    for size in (1e-3, 1.0, 1e6):
        gradient = RNG.normal(size=20) * size
        parameter = torch.zeros(20, dtype=torch.float64, requires_grad=True)
        parameter.grad = torch.tensor(gradient)
        torch.nn.utils.clip_grad_norm_([parameter], 0.5)
        clip_gradient(gradient, 0.5)
        # torch divides by the norm plus 1e-6
        np.testing.assert_allclose(gradient, parameter.grad.numpy(), rtol=1e-6)


def test_clipping_holds_where_squares_overflow():
    gradient = np.array([3e300, 4e300, 0.0])
    clip_gradient(gradient, 5.0)
    np.testing.assert_allclose(gradient, [3.0, 4.0, 0.0], rtol=SUMS)
    zero = np.zeros(2)
    clip_gradient(zero, 1.0)
    assert not zero.any()


@pytest.mark.parametrize(
    ("schedule", "rates"),
    [
        ("exponential", [1, 0.95, 0.95**2, 0.95**3]),
        ({"name": "step", "gamma": 0.5, "every": 2}, [1, 1, 0.5, 0.5]),
        ("cosine", [1, (1 + math.sqrt(0.5)) / 2, 0.5, (1 - math.sqrt(0.5)) / 2]),
        ("inverse", [1, 8**-0.5, 15**-0.5, 22**-0.5]),
    ],
)
def test_a_schedule_is_a_learning_rate_for_each_epoch(schedule, rates):
    net, by_hand = network(), network()
    optimizer = Optimizer("momentum", learning_rate=0.3)
    net.train(X, D, epochs=4, schedule=schedule, optimizer=optimizer)
    assert optimizer.settings["learning_rate"] == 0.3
    other = Optimizer("momentum", learning_rate=0.3)
    for rate in rates:
        other.settings["learning_rate"] = 0.3 * rate
        by_hand.train(X, D, epochs=1, optimizer=other)
    np.testing.assert_allclose(net.parameters, by_hand.parameters, rtol=SUMS)


def test_inverse_is_the_invscaling_of_scikit_learn():
    optimizers = pytest.importorskip("sklearn.neural_network._stochastic_optimizers")
    theirs = optimizers.SGDOptimizer([np.zeros(1)], 0.3, "invscaling", power_t=0.25)
    settings = {"name": "inverse", "power": 0.25}
    for epoch in range(1, 6):
        assert learning_rate_at(epoch, settings, 0.3, 5, 7) == pytest.approx(theirs.learning_rate)
        theirs.iteration_ends(7 * epoch)


def test_the_learning_rate_is_back_after_an_error():
    optimizer = Optimizer("sgd", learning_rate=1e200)
    net = Network([3, 2], "identity")
    with pytest.raises(Exception, match=r"\(now 1e\+200\)"):
        net.train(X, D, epochs=9, optimizer=optimizer, schedule={"name": "step", "every": 1})
    assert optimizer.settings["learning_rate"] == 1e200


def test_no_schedule_raises_the_rate():
    for name, schedule in SCHEDULES.items():
        settings = {"name": name, **schedule.defaults}
        rates = [learning_rate_at(t, settings, 1.0, 40, 7) for t in range(1, 41)]
        assert rates[0] == 1.0
        assert all(0.0 < late <= early for early, late in zip(rates, rates[1:]))


def _checked(**more):
    settings = {**DEFAULTS, "optimizer": Optimizer(), "batch_size": 2, **more}
    return {key: value for key, value in settings.items() if key != "snapshots"} | {"snapshots": ()}


def test_after_epoch_may_stop_the_training():
    net, short = network(), network()
    seen = []

    def after_epoch(epoch, cost):
        seen.append(cost)
        return epoch == 3

    run = run_training(net, X, D, **_checked(epochs=10), after_epoch=after_epoch)
    wanted = short.train(X, D, epochs=3, batch_size=2)
    np.testing.assert_array_equal(net.parameters, short.parameters)
    np.testing.assert_array_equal(run.cost, wanted.cost)
    assert (run.updates, run.final_cost) == (wanted.updates, wanted.final_cost)
    assert seen == run.cost.tolist()


def test_after_epoch_may_change_the_learning_rate():
    net, by_hand = network(), network()
    optimizer = Optimizer("adam", learning_rate=0.1)

    def after_epoch(epoch, cost):
        optimizer.settings["learning_rate"] /= 5.0

    run_training(net, X, D, **_checked(epochs=2, optimizer=optimizer), after_epoch=after_epoch)
    other = Optimizer("adam", learning_rate=0.1)
    by_hand.train(X, D, epochs=1, batch_size=2, optimizer=other)
    other.settings["learning_rate"] = 0.1 / 5.0
    by_hand.train(X, D, epochs=1, batch_size=2, optimizer=other)
    np.testing.assert_array_equal(net.parameters, by_hand.parameters)
    assert optimizer.settings["learning_rate"] == 0.1 / 5.0 / 5.0


def test_a_run_and_a_plan_know_them():
    weight = np.array(WEIGHTS)
    given = {"dropout": [0.5, 0], "clip_norm": 1, "schedule": "step"}
    complete = {
        "dropout": (0.5, 0.0),
        "clip_norm": 1.0,
        "schedule": {"name": "step", "gamma": 0.1, "every": 30},
    }
    run = network().train(X, D, epochs=2, sample_weight=weight, **given)
    assert {key: run.settings[key] for key in complete} == complete
    np.testing.assert_array_equal(run.settings["sample_weight"], weight)
    plan = read_plan(
        {
            "network": {"layers": [3, 5, 4, 2]},
            "training": {"epochs": 2, **given},
            "data": {"x": X, "d": D, "sample_weight": weight},
        }
    )
    again = read_plan(plan.to_dict())
    assert again.training == plan.training
    np.testing.assert_array_equal(again.sample_weight, weight)
    np.testing.assert_array_equal(run_plan(again).cost, run.cost)
    with_data = {"data": {"dataset": "xor", "sample_weight": [1, 0, 2, 1]}}
    assert read_plan(with_data).sample_weight.tolist() == [1.0, 0.0, 2.0, 1.0]


def test_mends_keep_them():
    run = network().train(
        X, D, epochs=2, dropout=[0.5, 0], clip_norm=2, schedule="step", sample_weight=WEIGHTS
    )
    assert more_epochs(run.settings, 5) == (
        "run = network.train(x, d, epochs=10, dropout=(0.5, 0), clip_norm=2, "
        'schedule={"name": "step", "gamma": 0.1, "every": 30}, sample_weight=sample_weight)'
    )
    assert "sample_weight = np.asarray(sample_weight)[rows]" in balance(network(), 2, run.settings)


def test_a_training_with_weights_of_samples_is_not_judged():
    x, d = [[0.0], [0.0], [1.0], [1.0]], [[0], [1], [0], [1]]
    Network([1, 1]).train(x, d, epochs=30, sample_weight=[1, 2, 1, 2])  # warnings are errors


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("training", "dropout", [0.5]),
        ("training", "clip_norm", 3),
        ("data", "sample_weight", [1, 1, 1, 2]),
    ],
)
def test_a_step_with_them_is_not_explained(section, key, value):
    plan = {"training": {}, "data": {"dataset": "xor"}}
    plan[section][key] = value
    with pytest.raises(
        InputError,
        match=rf"^a step with {section}\.{key} cannot be explained: leave it out of the plan$",
    ):
        explain_plan(plan)
    plan[section][key] = 0 if key == "dropout" else None
    assert explain_plan(plan | {"training": plan["training"] | {"schedule": "cosine"}}).equations


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"dropout": 1}, "dropout must be a number from 0 to below 1, got 1"),
        ({"dropout": [0.1]}, "dropout must have one number for each hidden layer (2), got 1"),
        ({"clip_norm": 0}, "clip_norm must be null or a finite number above 0, got 0"),
        ({"schedule": 3}, "schedule must be null, a name or an object, got 3"),
        ({"sample_weight": [1]}, "sample_weight must have 7 values, got 1"),
        (
            {"sample_weight": np.array([1, -0.5, 1, 1, 1, 1, -1])},
            "sample_weight value 2 must be a finite number >= 0, got -0.5",
        ),
        ({"sample_weight": np.zeros(7)}, "sample_weight must have a value above 0, got none"),
    ],
)
def test_bad_arguments_are_refused_by_name(given, message):
    with pytest.raises(InputError) as caught:
        network().train(X, D, **given)
    assert str(caught.value) == message
