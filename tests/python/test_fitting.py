"""A fit against the same training by hand and others'. Twin: tests/testthat/test-fitting.R.

Referees: Network.train with the same settings; repeated rows; scikit-learn's perceptron from the
same starting weights; scipy's minimum of the same cost.
"""

import math
import warnings

import numpy as np
import pytest

from twinprop import DivergenceError, InputError, Network, Optimizer, RandomStream, load_dataset
from twinprop.arithmetic import PORTABLE
from twinprop.fitting import (
    AUTO_BATCH_SIZES,
    FIT_DEFAULTS,
    SOLVERS,
    check_fit_settings,
    class_weight_rows,
    draw_seed,
    fit_network,
    resolve_batch_size,
    resolve_outputs,
    split_rows,
)
from twinprop.training import with_mean_1

# Sums of the same numbers in another order.
SUMS = 1e-12

IRIS = load_dataset("iris").plan_data()
STRATA = IRIS.d.argmax(axis=1)
NEVER = {"tol": 0.0, "n_iter_no_change": 10_000}


def made(n=40, inputs=3, outputs=1, seed=7):
    stream = RandomStream(seed)
    x = 2.0 * stream.uniform(n * inputs).reshape(n, inputs) - 1.0
    mix = stream.uniform(inputs * outputs).reshape(inputs, outputs)
    return x, np.sin(2.0 * x @ mix) + 0.1 * stream.uniform(n * outputs).reshape(n, outputs)


def same_weights(found, wanted, rtol=0.0):
    pairs = zip([*found.weights, *found.biases], [*wanted.weights, *wanted.biases], strict=True)
    for one, other in pairs:
        np.testing.assert_allclose(one, other, rtol=rtol, atol=rtol)


# ------------------------------------------------------------------------- the loop, by hand


@pytest.mark.parametrize(
    ("solver", "optimizer"),
    [
        ("adam", {"name": "adam", "learning_rate": 0.02, "betas": (0.8, 0.99), "eps": 1e-7}),
        ("sgd", {"name": "sgd", "learning_rate": 0.02, "momentum": 0.5, "nesterov": True}),
        ("rmsprop", {"name": "rmsprop", "learning_rate": 0.02, "eps": 1e-7}),
        ("rprop", {"name": "rprop", "learning_rate": 0.02}),
    ],
)
def test_a_fit_is_a_training(solver, optimizer):
    x, d = made()
    fit = fit_network(
        x, d,
        {
            "hidden_layer_sizes": (4, 3), "activation": ("tanh", "relu"), "solver": solver,
            "momentum": 0.5, "beta_1": 0.8, "beta_2": 0.99, "epsilon": 1e-7, "alpha": 0.3,
            "batch_size": 7, "learning_rate_init": 0.02, "max_iter": 9, "random_state": 5, **NEVER,
        },
        task="regression",
    )  # fmt: skip
    network = Network([3, 4, 3, 1], ["tanh", "relu", "identity"], seed=5)
    run = network.train(
        x, d, optimizer=Optimizer(**optimizer, weight_decay=0.3 / 7), batch_size=7, epochs=9,
        shuffle=True, seed=5,
    )  # fmt: skip
    same_weights(fit.network, network)
    np.testing.assert_array_equal(fit.loss_curve, run.cost)
    assert (fit.updates, fit.n_iter, fit.stopped) == (run.updates, 9, "max_iter")
    assert not fit.converged
    assert fit.reason == "all 9 epochs were made before the loss had settled"
    ours = {key: value for key, value in run.settings.items() if key != "sample_weight"}
    assert fit.training == ours


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_portable_arithmetic(solver, monkeypatch):
    x, d = made()
    weight = 0.1 + np.arange(len(x)) % 3
    how = {"solver": solver, "random_state": 5, "max_iter": 15, "activation": "tanh", **NEVER}
    how |= {"batch_size": None, "alpha": 0.3}
    fit = fit_network(
        x, d, {**how, "arithmetic": "portable"}, task="regression", sample_weight=weight,
        validation=(x[:9], d[:9], weight[:9]),
    )  # fmt: skip
    assert fit.training["arithmetic"] == fit.settings["arithmetic"] == "portable"
    total = 0.0
    for w in weight.tolist():
        total = total + w
    decay = 0.3 / (len(x) * (total / len(x)))
    assert fit.training["optimizer"]["weight_decay"] == decay
    network = Network([3, 8, 1], ["tanh", "identity"], seed=5)
    if solver == "adam":
        run = network.train(
            x, d, optimizer=Optimizer("adam", learning_rate=0.01, weight_decay=decay),
            batch_size=None, epochs=15, shuffle=True, seed=5, sample_weight=weight,
            arithmetic="portable",
        )  # fmt: skip
        np.testing.assert_array_equal(fit.network.parameters, network.parameters)
        np.testing.assert_array_equal(fit.loss_curve, run.cost)
    share = with_mean_1(weight[:9], PORTABLE)
    errors = fit.network.predict(x[:9], arithmetic="portable") - d[:9]
    loss = 0.0
    for e, v in zip(errors[:, 0].tolist(), share.tolist()):
        loss = loss + ((e * e) / 2.0) * v
    assert fit.validation_loss_curve[-1] == loss / 9
    monkeypatch.setenv("TWINPROP_KERNEL", "off")
    fast = fit_network(x, d, how, task="regression", sample_weight=weight)
    assert fast.training["arithmetic"] == "fast"
    np.testing.assert_allclose(fit.loss_curve, fast.loss_curve, rtol=1e-10)
    assert (fit.loss_curve != fast.loss_curve).any()


@pytest.mark.parametrize(
    ("learning_rate", "schedule"),
    [
        ("invscaling", {"name": "inverse", "power": 0.3}),
        ("cosine", "cosine"),
        ("step", "step"),
        ({"name": "exponential", "gamma": 0.5}, {"name": "exponential", "gamma": 0.5}),
    ],
)
def test_schedules_dropout_clipping_rules_and_update_orders(learning_rate, schedule):
    x, d = made()
    more = {"dropout": 0.25, "clip_norm": 0.1, "rule": "transpose", "shuffle": False}
    settings = {
        **more, "learning_rate": learning_rate, "power_t": 0.3, "max_iter": 6, "solver": "sgd",
        "batch_size": 32, "momentum": 0.0, "alpha": 0.0, "random_state": 3, "init": "he", **NEVER,
    }  # fmt: skip
    fit = fit_network(x, d, settings, task="regression")
    network = Network([3, 8, 1], ["relu", "identity"], init="he", seed=3)
    optimizer = Optimizer("sgd", learning_rate=0.01)
    network.train(
        x, d, optimizer=optimizer, batch_size=32, epochs=6, seed=3, schedule=schedule, **more
    )
    same_weights(fit.network, network)

    del more["clip_norm"]
    first = {**settings, "clip_norm": None, "update_order": "output_first"}
    fit = fit_network(x, d, first, task="regression")
    network = Network([3, 8, 1], ["relu", "identity"], init="he", seed=3)
    network.train(
        x, d, optimizer=optimizer, batch_size=32, epochs=6, seed=3, schedule=schedule,
        update_order="output_first", **more,
    )  # fmt: skip
    same_weights(fit.network, network)


def rule_by_hand(losses, tol, patience):
    """When scikit-learn's rule stops; written after its documentation of the attributes."""
    best, count = math.inf, 0
    for epoch, loss in enumerate(losses, 1):
        count = count + 1 if loss > best - tol else 0
        best = min(best, loss)
        if count > patience:
            return epoch
    return None


def test_it_stops_when_the_loss_stalls():
    settings = {"random_state": 4, "tol": 1e-3, "n_iter_no_change": 4}
    fit = fit_network(IRIS.x, IRIS.d, settings, task="classification")
    assert (fit.converged, fit.stopped) == (True, "tol")
    assert fit.reason == "the loss did not fall by 0.001 for more than 4 epochs"
    network = Network([4, 8, 3], ["relu", "softmax"], seed=4)
    run = network.train(
        IRIS.x, IRIS.d, cost="cross_entropy", batch_size=32, epochs=300, shuffle=True, seed=4,
        optimizer=Optimizer("adam", learning_rate=0.01, weight_decay=0.0001 / 32),
    )  # fmt: skip
    assert fit.n_iter == rule_by_hand(run.cost, 1e-3, 4) < 300
    np.testing.assert_array_equal(fit.loss_curve, run.cost[: fit.n_iter])
    assert fit.best_epoch == run.cost[: fit.n_iter].argmin() + 1


def test_early_stopping_keeps_the_best_epoch():
    settings = {
        "random_state": 11, "early_stopping": True, "validation_fraction": 0.2, "tol": 1e-3,
        "n_iter_no_change": 5, "batch_size": None, "learning_rate_init": 0.05, "alpha": 2.0,
        "activation": "tanh",
    }  # fmt: skip
    fit = fit_network(IRIS.x, IRIS.d, settings, task="classification", strata=STRATA)
    u = RandomStream(11).uniform(150)
    order = sorted(range(150), key=lambda i: (STRATA[i], u[i]))
    held = sorted(order[int((i - 0.5) * 150 / 30)] for i in range(1, 31))
    assert fit.validation_rows.tolist() == held
    assert np.bincount(STRATA[held]).tolist() == [10, 10, 10]

    kept = [i for i in range(150) if i not in held]
    network = Network([4, 8, 3], ["tanh", "softmax"], seed=11)
    run = network.train(
        IRIS.x[kept], IRIS.d[kept], cost="cross_entropy", batch_size=None, epochs=300,
        shuffle=True, seed=11, snapshots=range(1, 301),
        optimizer=Optimizer("adam", learning_rate=0.05, weight_decay=2.0 / 120),
    )  # fmt: skip
    losses = []
    for snapshot in run.snapshots:
        at = Network(
            [4, 8, 3], ["tanh", "softmax"], weights=snapshot.weights, biases=snapshot.biases
        )
        losses.append(at.mean_cost(IRIS.x[held], IRIS.d[held], cost="cross_entropy"))
    assert fit.n_iter == rule_by_hand(losses, 1e-3, 5)
    np.testing.assert_allclose(fit.validation_loss_curve, losses[: fit.n_iter], rtol=1e-14)
    best = int(np.argmin(losses[: fit.n_iter]))
    assert fit.best_epoch == best + 1 < fit.n_iter
    for found, wanted in zip(fit.network.weights, run.snapshots[best].weights, strict=True):
        np.testing.assert_array_equal(found, wanted)
    assert fit.reason == "the validation loss did not fall by 0.001 for more than 5 epochs"


@pytest.mark.parametrize("early_stopping", [False, True])
def test_of_equal_epochs_the_first_is_the_best(early_stopping):
    x, d = made()
    settings = {"learning_rate_init": 0.0, "early_stopping": early_stopping, "random_state": 1}
    settings["shuffle"] = False  # in another order the same loss may differ in its last bit
    fit = fit_network(x, d, settings, task="regression")
    # the first epoch is the best so far; eleven that are stalled follow
    assert (fit.n_iter, fit.best_epoch, fit.stopped) == (12, 1, "tol")


def test_validation_data_of_its_own():
    x, d = made(60)
    both = (x[40:], d[40:])
    watched = fit_network(
        x[:40], d[:40], {"random_state": 1, "max_iter": 5}, task="regression", validation=both
    )
    plain = fit_network(x[:40], d[:40], {"random_state": 1, "max_iter": 5}, task="regression")
    same_weights(watched.network, plain.network)
    assert plain.validation_loss_curve is None
    assert watched.validation_rows is None
    assert watched.validation_loss_curve[-1] == pytest.approx(plain.network.mean_cost(*both))

    settings = {"random_state": 1, "early_stopping": True, "learning_rate_init": 0.1}
    stopped = fit_network(x[:40], d[:40], settings, task="regression", validation=both)
    assert stopped.network.mean_cost(*both) == pytest.approx(stopped.validation_loss_curve.min())
    # a row of weight 2 counts twice
    w = np.r_[2.0, np.ones(19)]
    weighted = fit_network(
        x[:40], d[:40], {"random_state": 1, "max_iter": 5}, task="regression",
        validation=(*both, w),
    )  # fmt: skip
    twice = np.r_[40, np.arange(40, 60)]
    assert weighted.validation_loss_curve[-1] == pytest.approx(
        plain.network.mean_cost(x[twice], d[twice])
    )


@pytest.mark.parametrize(("n", "fraction", "held"), [(10, 0.1, 1), (11, 0.1, 2), (7, 0.999, 0)])
def test_split(n, fraction, held):
    if held == 0:
        with pytest.raises(InputError, match=r"leave at least 1 row to train on, got 0.999 of 7"):
            split_rows(n, fraction, 1)
        return
    kept, out = split_rows(n, fraction, 1)
    assert len(out) == held
    assert sorted([*kept, *out]) == list(range(n))


def test_the_split_has_each_class_in_proportion():
    strata = np.repeat([0, 1, 2], [50, 30, 20])[RandomStream(2).order(100)]
    for seed in range(5):
        _, out = split_rows(100, 0.1, seed, strata)
        assert np.bincount(strata[out]).tolist() == [5, 3, 2]


# ----------------------------------------------------------------------------- sample weights


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_weight_2_is_the_row_twice(solver):
    x, d = made(20)
    w = np.tile([1.0, 2.0, 3.0, 0.0], 5)
    settings = {
        "solver": solver, "batch_size": None, "alpha": 0.5, "max_iter": 12, "random_state": 2,
        "shuffle": False, **NEVER,
    }  # fmt: skip
    weighted = fit_network(x, d, settings, task="regression", sample_weight=w)
    rows = np.repeat(np.arange(20), w.astype(int))
    repeated = fit_network(x[rows], d[rows], settings, task="regression")
    # L-BFGS amplifies rounding from step to step
    same_weights(weighted.network, repeated.network, 1e-8 if solver == "lbfgs" else SUMS)
    np.testing.assert_allclose(weighted.loss_curve, repeated.loss_curve, rtol=1e-8)
    halves = fit_network(x, d, {**settings, "alpha": 0.25}, task="regression", sample_weight=w / 2)
    same_weights(weighted.network, halves.network, 1e-8 if solver == "lbfgs" else SUMS)


def test_weight_0_leaves_the_row_out_whatever_the_batches():
    settings = {"random_state": 3, "max_iter": 5, "early_stopping": True, "dropout": 0.2}
    w = (RandomStream(9).uniform(150) < 0.7).astype(float)
    kept = w > 0
    weighted = fit_network(
        IRIS.x, IRIS.d, settings, task="classification", strata=STRATA, sample_weight=w
    )
    fewer = fit_network(
        IRIS.x[kept], IRIS.d[kept], settings, task="classification", strata=STRATA[kept]
    )
    same_weights(weighted.network, fewer.network)
    assert weighted.validation_rows.tolist() == np.flatnonzero(kept)[fewer.validation_rows].tolist()


def test_class_weights():
    codes = [0, 0, 0, 1, 1, 2]
    names = ["a", "b", "c"]
    balanced = class_weight_rows(codes, names, "balanced")
    np.testing.assert_allclose(balanced, np.array([2 / 3] * 3 + [1.0] * 2 + [2.0]))
    assert class_weight_rows(codes, names, {"c": 5.0}).tolist() == [1, 1, 1, 1, 1, 5]
    assert class_weight_rows(codes, names, None) is None
    with pytest.raises(InputError, match='class_weight names "d", which is no class'):
        class_weight_rows(codes, names, {"d": 1})
    with pytest.raises(InputError, match='class_weight "c" must be a finite number >= 0, got -1'):
        class_weight_rows(codes, names, {"c": -1})


def test_balanced_class_weights_are_sklearns():
    utils = pytest.importorskip("sklearn.utils.class_weight")
    codes = np.array([0, 2, 2, 2, 1, 0, 2])
    ours = class_weight_rows(codes, [0, 1, 2], "balanced")
    np.testing.assert_allclose(ours, utils.compute_sample_weight("balanced", codes), rtol=1e-15)


# --------------------------------------------------------------------------------- start


def test_starting_weights():
    x, d = made()
    given = Network([3, 8, 1], ["relu", "identity"], init="uniform", seed=8)
    pair = [w.T for w in given.weights], given.biases
    settings = {"random_state": 1, "max_iter": 3}
    one = fit_network(x, d, {**settings, "starting_weights": given}, task="regression")
    other = fit_network(x, d, {**settings, "starting_weights": pair}, task="regression")
    warm = fit_network(x, d, settings, task="regression", network=given)
    same_weights(one.network, other.network)
    same_weights(one.network, warm.network)
    same_weights(given, Network([3, 8, 1], "tanh", init="uniform", seed=8))  # left as it was
    drawn = fit_network(x, d, settings, task="regression")
    assert not np.allclose(drawn.network.weights[0], one.network.weights[0])


def test_an_optimizer_goes_on():
    x, d = made(32)
    settings = {"random_state": 1, "shuffle": False, "batch_size": 8, **NEVER}
    whole = fit_network(x, d, {**settings, "max_iter": 7}, task="regression")
    first = fit_network(x, d, {**settings, "max_iter": 4}, task="regression")
    second = fit_network(
        x, d, {**settings, "max_iter": 3}, task="regression", network=first.network,
        optimizer=first.optimizer,
    )  # fmt: skip
    same_weights(second.network, whole.network)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (Network([3, 5, 1]), "starting_weights must be of a network of layers 3-8-1, got 3-5-1"),
        (7, "starting_weights must be null, a Network or a pair of coefs and intercepts, got 7"),
        (([[[1.0]]], [[0.0]]), "starting_weights must have one matrix of coefs for each layer"),
        (
            ([np.ones((4, 8)), np.ones((8, 1))], [np.ones(8), np.ones(1)]),
            "starting_weights coefs layer 2 must have 3 rows, got 4",
        ),
        (
            ([np.ones((3, 8)), np.ones((8, 1))], [np.ones(8), np.ones(2)]),
            "starting_weights intercepts layer 3 must have 1 values, got 2",
        ),
    ],
)
def test_starting_weights_that_do_not_fit(given, message):
    x, d = made()
    with pytest.raises(InputError, match=f"^{message}"):
        fit_network(x, d, {"starting_weights": given}, task="regression")


def test_seeds():
    assert draw_seed(5) == 5
    drawn = draw_seed(np.random.RandomState(1)), draw_seed(np.random.default_rng(1))
    assert drawn == (
        draw_seed(np.random.RandomState(1)),
        draw_seed(np.random.default_rng(1)),
    )
    np.random.seed(3)  # noqa: NPY002
    first = draw_seed(None)
    np.random.seed(3)  # noqa: NPY002
    assert draw_seed(None) == first != draw_seed(None)
    with pytest.raises(InputError, match="random_state must be an integer from -2147483647"):
        draw_seed("a")
    x, d = made()
    fit = fit_network(x, d, {"max_iter": 2}, task="regression")
    again = fit_network(x, d, fit.settings, task="regression")
    same_weights(fit.network, again.network)


# ------------------------------------------------------------------- callbacks, interruptions


def test_callbacks():
    x, d = made()
    seen = []

    def callback(epoch, loss, validation_loss, network):
        seen.append((epoch, loss, validation_loss, network.weights[0].copy()))
        return epoch == 4

    settings = {"random_state": 1, "early_stopping": True, "callbacks": callback, "tol": 0.0}
    fit = fit_network(x, d, settings, task="regression")
    assert [entry[0] for entry in seen] == [1, 2, 3, 4]
    assert [entry[1] for entry in seen] == fit.loss_curve.tolist()
    assert [entry[2] for entry in seen] == fit.validation_loss_curve.tolist()
    np.testing.assert_array_equal(seen[fit.best_epoch - 1][3], fit.network.weights[0])
    assert (fit.stopped, fit.converged, fit.n_iter) == ("callback", False, 4)
    assert fit.reason == "a callback ended it after epoch 4"

    without = []
    fit_network(
        x, d, {"random_state": 1, "max_iter": 2}, task="regression",
        callbacks=[lambda *given: without.append(given), lambda *given: 1],
    )  # fmt: skip
    assert [given[2] for given in without] == [None, None]


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_an_interruption_keeps_the_best_weights_so_far(solver):
    x, d = made()
    kept = {}

    def callback(epoch, loss, validation_loss, network):
        kept[epoch] = network.weights[0].copy()
        if epoch == 3:
            raise KeyboardInterrupt

    settings = {"random_state": 1, "callbacks": callback, "solver": solver}
    with pytest.warns(UserWarning, match="interrupted") as caught:
        fit = fit_network(x, d, settings, task="regression")
    assert [str(warning.message) for warning in caught] == [
        "fit interrupted after 3 epochs; it keeps the weights after epoch 3"
    ]
    assert caught[0].filename == __file__
    np.testing.assert_array_equal(fit.network.weights[0], kept[3])
    assert (fit.stopped, fit.converged, fit.n_iter) == ("interrupt", False, 3)

    # a validation loss that rises from the first epoch on: that one is kept
    far = (x, 100.0 - 50.0 * d)
    near = {**settings, "early_stopping": True, "starting_weights": None}
    start = fit_network(*far, {**settings, "callbacks": None, "max_iter": 200}, task="regression")
    with pytest.warns(UserWarning, match="after 3 epochs; it keeps the weights after epoch 1"):
        fit = fit_network(x, d, near, task="regression", validation=far, network=start.network)
    np.testing.assert_array_equal(fit.network.weights[0], kept[1])


def test_progress(capsys):
    x, d = made()
    fit_network(x, d, {"random_state": 1, "max_iter": 2, "verbose": True}, task="regression")
    fit_network(x, d, {"solver": "lbfgs", "max_iter": 2}, task="regression", progress=True)
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(" cost")[0] for line in lines] == ["epoch 1/2", "epoch 2/2"] * 2


def test_a_divergence_is_an_error():
    x, d = made()
    settings = {
        "solver": "sgd", "learning_rate_init": 1e200, "activation": "identity", "batch_size": 1
    }  # fmt: skip
    with pytest.raises(DivergenceError, match="became NaN or Inf in epoch 1") as caught:
        fit_network(x, d, {**settings, "random_state": 1}, task="regression")
    same_weights(caught.value.network, Network([3, 8, 1], seed=1))
    with pytest.raises(DivergenceError, match="NaN or Inf before training"):
        fit_network(1e300 * x, 1e300 * d, {"solver": "lbfgs"}, task="regression")


# ------------------------------------------------------------------------------------- lbfgs


def test_lbfgs_finds_scipys_minimum():
    optimize = pytest.importorskip("scipy.optimize")
    x = IRIS.x
    d = (STRATA == 1).astype(float)[:, np.newaxis]
    w = 1.0 + (np.arange(150) % 3)
    alpha = 3.0
    settings = {
        "hidden_layer_sizes": (), "solver": "lbfgs", "alpha": alpha, "tol": 1e-10, "random_state": 1
    }  # fmt: skip
    fit = fit_network(x, d, settings, task="classification", sample_weight=w)
    assert fit.converged
    assert fit.network.activations == ("sigmoid",)

    def cost(p):  # logistic regression, written out
        z = x @ p[:4] + p[4]
        return (w * (np.logaddexp(0, z) - d[:, 0] * z)).sum() / w.sum() + (
            0.5 * alpha / w.sum() * (p[:4] @ p[:4])
        )

    scipys = optimize.minimize(cost, np.zeros(5), method="BFGS", options={"gtol": 1e-8})
    found = np.r_[fit.network.weights[0][0], fit.network.biases[0]]
    # scipy's gradients are differences here; convex, so that there is one minimum
    np.testing.assert_allclose(found, scipys.x, atol=1e-4)
    assert fit.loss_curve[-1] == pytest.approx(scipys.fun, rel=1e-9)
    assert fit.loss_curve[-1] <= scipys.fun * (1 + 1e-14)


def test_lbfgs_ends_where_the_gradient_vanishes():
    x, d = made(outputs=2)
    settings = {
        "solver": "lbfgs", "tol": 1e-7, "max_iter": 5000, "alpha": 0.1, "random_state": 1,
        "n_iter_no_change": 5000, "activation": "tanh",
    }  # fmt: skip
    fit = fit_network(x, d, settings, task="regression")
    assert fit.stopped == "gradient"
    assert fit.reason == "no entry of the gradient is above 1e-07"
    backward = fit.network.backward(fit.network.forward(x), d)
    for g, w in zip(backward.grad_weights, fit.network.weights, strict=True):
        assert np.abs(g + 0.1 / 40 * w).max() < 1.1e-7
    assert fit.loss_curve[-1] == pytest.approx(
        fit.network.mean_cost(x, d, weight_decay=0.1 / 40), rel=1e-13
    )
    assert (np.diff(fit.loss_curve) <= 1e-14).all()
    assert fit.training["optimizer"] == {"name": "lbfgs", "weight_decay": 0.1 / 40, "memory": 10}
    again = fit_network(x, d, settings, task="regression", network=fit.network)
    assert (again.n_iter, len(again.loss_curve), again.best_epoch) == (0, 0, 0)
    assert again.loss == pytest.approx(fit.loss, rel=1e-13)
    same_weights(again.network, fit.network)
    assert fit.settings["batch_size"] == 40


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"rule": "transpose"}, 'rule "gradient", got "transpose"'),
        ({"update_order": "output_first"}, 'update_order "simultaneous", got "output_first"'),
        ({"dropout": 0.1}, "dropout 0, got 0.1"),
        ({"clip_norm": 1.0}, "clip_norm null, got 1"),
        ({"learning_rate": "adaptive"}, 'learning_rate "constant", got "adaptive"'),
        ({"learning_rate": "cosine"}, 'learning_rate "constant", got an object'),
    ],
)
def test_what_lbfgs_cannot_do(more, message):
    with pytest.raises(InputError, match=f'^solver "lbfgs" needs {message}$'):
        check_fit_settings({"solver": "lbfgs", **more})


# -------------------------------------------------------------------------- against sklearn

# Our adam has eps beside sqrt(v) / sqrt(1 - beta_2^t), as torch; scikit-learn beside sqrt(v). With
# epsilon as good as 0 what is left is rounding, which a training amplifies.
SKLEARN = 1e-9


def sklearn_twin(kind, settings, x, y, network):
    """The same fit by scikit-learn, from the same weights."""
    neural = pytest.importorskip("sklearn.neural_network")
    base = getattr(neural, kind)

    class Given(base):
        def _initialize(self, *given):
            super()._initialize(*given)
            self.coefs_ = [w.T.copy() for w in network.weights]
            self.intercepts_ = [b.copy() for b in network.biases]

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of not having converged
        return Given(**settings, shuffle=False).fit(x, y)


SKLEARN_SETTINGS = {
    "adam": {"solver": "adam", "learning_rate_init": 0.01, "epsilon": 1e-300},
    "nesterov": {"solver": "sgd", "learning_rate_init": 0.02},
    "momentum": {"solver": "sgd", "learning_rate_init": 0.02, "nesterovs_momentum": False},
    "plain": {"solver": "sgd", "learning_rate_init": 0.05, "momentum": 0.0},
    # scikit-learn's momentum remembers steps, ours (and torch's) gradients: with a rate that
    # changes they differ, without momentum they do not
    "adaptive": {
        "solver": "sgd", "learning_rate_init": 0.5, "momentum": 0.0, "learning_rate": "adaptive",
        "tol": 0.01, "n_iter_no_change": 2,
    },
    "invscaling": {
        "solver": "sgd", "learning_rate_init": 0.5, "momentum": 0.0, "learning_rate": "invscaling",
        "power_t": 0.2,
    },
}  # fmt: skip


@pytest.mark.parametrize("name", list(SKLEARN_SETTINGS))
@pytest.mark.parametrize("activation", ["tanh", "relu", "logistic"])
def test_the_loss_curve_of_sklearn(name, activation):
    x, d = made(60)
    settings = {
        "hidden_layer_sizes": (5, 4), "activation": activation, "alpha": 0.7, "batch_size": 20,
        "max_iter": 40, "tol": 1e-3, "n_iter_no_change": 3, **SKLEARN_SETTINGS[name],
    }  # fmt: skip
    fit = fit_network(x, d, {**settings, "shuffle": False, "random_state": 6}, task="regression")
    start = Network([3, 5, 4, 1], [activation, activation, "identity"], seed=6)
    theirs = sklearn_twin("MLPRegressor", settings, x, d[:, 0], start)
    assert fit.n_iter == theirs.n_iter_
    np.testing.assert_allclose(fit.loss_curve, theirs.loss_curve_, rtol=SKLEARN)
    for w, coef in zip(fit.network.weights, theirs.coefs_, strict=True):
        np.testing.assert_allclose(w.T, coef, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("name", ["adam", "nesterov"])
def test_the_classifier_of_sklearn(name, classes):
    rows = np.isin(STRATA, range(classes))
    x, y = IRIS.x[rows], STRATA[rows]
    d = y[:, np.newaxis].astype(float) if classes == 2 else IRIS.d
    settings = {
        "hidden_layer_sizes": (5,), "activation": "tanh", "batch_size": 50, "max_iter": 60,
        "alpha": 0.1, **SKLEARN_SETTINGS[name],
    }  # fmt: skip
    fit = fit_network(
        x, d, {**settings, "shuffle": False, "random_state": 6}, task="classification"
    )
    start = Network([4, 5, d.shape[1]], "tanh", seed=6)
    theirs = sklearn_twin("MLPClassifier", settings, x, y, start)
    assert fit.n_iter == theirs.n_iter_
    np.testing.assert_allclose(fit.loss_curve, theirs.loss_curve_, rtol=SKLEARN)


def test_sample_weights_are_sklearns_in_full_batches():
    x, d = made(60)
    w = 0.5 + RandomStream(1).uniform(60)
    settings = {"hidden_layer_sizes": (5,), "activation": "tanh", "batch_size": 60, "alpha": 0.7}
    settings |= {"max_iter": 40, **SKLEARN_SETTINGS["adam"]}
    fit = fit_network(
        x, d, {**settings, "shuffle": False, "random_state": 6}, task="regression", sample_weight=w
    )
    neural = pytest.importorskip("sklearn.neural_network")
    start = Network([3, 5, 1], "tanh", seed=6)

    class Given(neural.MLPRegressor):
        def _initialize(self, *given):
            super()._initialize(*given)
            self.coefs_ = [m.T.copy() for m in start.weights]
            self.intercepts_ = [b.copy() for b in start.biases]

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            theirs = Given(**settings, shuffle=False).fit(x, d[:, 0], sample_weight=w)
        except TypeError:
            pytest.skip("this scikit-learn takes no sample_weight")
    np.testing.assert_allclose(fit.loss_curve, theirs.loss_curve_, rtol=SKLEARN)


# --------------------------------------------------------------------------------- settings


@pytest.mark.parametrize(
    ("task", "outputs", "given", "wanted"),
    [
        ("regression", 1, ("auto", "auto"), ("identity", "half_mse")),
        ("regression", 2, ("sigmoid", "auto"), ("sigmoid", "half_mse")),
        ("regression", 1, ("auto", "cross_entropy"), ("sigmoid", "cross_entropy")),
        ("classification", 1, ("auto", "auto"), ("sigmoid", "cross_entropy")),
        ("classification", 3, ("auto", "auto"), ("softmax", "cross_entropy")),
        ("classification", 3, ("auto", "half_sse"), ("sigmoid", "half_sse")),
        ("classification", 3, ("tanh", "auto"), ("tanh", "half_mse")),
        ("classification", 3, ("sigmoid", "auto"), ("sigmoid", "cross_entropy")),
        ("multilabel", 3, ("auto", "auto"), ("sigmoid", "cross_entropy")),
        ("multilabel", 3, ("auto", "mse"), ("sigmoid", "mse")),
    ],
)
def test_what_auto_stands_for(task, outputs, given, wanted):
    settings = dict(zip(("out_activation", "loss"), given, strict=True))
    assert resolve_outputs(task, outputs, settings) == wanted


def test_batch_sizes():
    found = {solver: resolve_batch_size("auto", solver, 1000) for solver in SOLVERS}
    assert found == {"adam": 32, "sgd": 200, "rmsprop": 32, "rprop": 1000, "lbfgs": 1000}
    assert list(AUTO_BATCH_SIZES) == list(SOLVERS)
    assert resolve_batch_size("auto", "adam", 5) == 5
    assert resolve_batch_size("auto", "rprop", 1000) == 1000
    assert resolve_batch_size(50, "rprop", 1000) == 50
    assert resolve_batch_size(50, "lbfgs", 1000) == 1000
    assert resolve_batch_size(5000, "sgd", 1000) == 1000
    assert resolve_batch_size(None, "sgd", 1000) == 1000


def test_aliases_and_defaults():
    s = check_fit_settings(
        {"activation": "logistic", "loss": "log_loss", "out_activation": "logistic"}
    )
    assert (s["activation"], s["loss"], s["out_activation"]) == (
        ("sigmoid",),
        "cross_entropy",
        "sigmoid",
    )
    assert list(check_fit_settings({})) == list(FIT_DEFAULTS)
    assert check_fit_settings({"hidden_layer_sizes": 0})["hidden_layer_sizes"] == ()
    assert check_fit_settings({"hidden_layer_sizes": []})["hidden_layer_sizes"] == ()
    assert check_fit_settings({"hidden_layer_sizes": 3})["hidden_layer_sizes"] == (3,)
    assert check_fit_settings({"loss": "squared_error"})["loss"] == "half_mse"
    given = {"name": "invscaling", "power": 0.1}
    assert check_fit_settings({"learning_rate": given})["learning_rate"] == {
        "name": "inverse",
        "power": 0.1,
    }


# The messages of R are the same but for the names: tests/cross/test_fitting.py.
MESSAGES = {
    "hidden_layer_sizes": [
        (-1, "must be an integer >= 1 or a list of such, or empty for no hidden layer, got -1"),
        ((3, 0), "entry 2 must be an integer >= 1, got 0"),
    ],
    "activation": [
        (1, "must be a name or a list of names, got 1"),
        ("soft", 'must be one of "sigmoid", "tanh", "relu", "leaky_relu", "softplus", "identity"'),
        ("softmax", "must be one of"),
        (["tanh", "relu"], "must have one name for each hidden layer (1), got 2"),
        (["soft"], "entry 1 must be one of"),
    ],
    "out_activation": [("soft", 'must be one of "auto", "sigmoid"')],
    "loss": [("ce", 'must be one of "auto", "half_mse", "half_sse", "mse", "cross_entropy", got')],
    "init": [("zero", "must be one of")],
    "rule": [("none", "must be one of")],
    "update_order": [("none", "must be one of")],
    "solver": [("newton", 'must be one of "adam", "sgd", "rmsprop", "rprop", "lbfgs", got')],
    "momentum": [(1, "must be a number from 0 to below 1, got 1")],
    "nesterovs_momentum": [(1, "must be true or false, got 1")],
    "beta_1": [(1, "must be a number from 0 to below 1, got 1")],
    "beta_2": [(1, "must be a number from 0 to below 1, got 1")],
    "epsilon": [(-1, "must be a finite number >= 0, got -1")],
    "alpha": [(-1, "must be a finite number >= 0, got -1")],
    "batch_size": [
        (0, 'must be null, "auto" or an integer >= 1, got 0'),
        ("all", 'must be null, "auto" or an integer >= 1, got "all"'),
    ],
    "learning_rate": [
        (
            "fast",
            'must be one of "constant", "adaptive", "invscaling", "exponential", "step", "cosine", '
            '"inverse", got "fast"',
        ),
        (1, "must be null, a name or an object, got 1"),
        ({"name": "step", "gama": 1}, None),
    ],
    "learning_rate_init": [(-1, "must be a finite number >= 0, got -1")],
    "power_t": [(-1, "must be a finite number >= 0, got -1")],
    "max_iter": [(0, "must be an integer >= 1, got 0")],
    "shuffle": [("yes", 'must be true or false, got "yes"')],
    "tol": [(-1, "must be a finite number >= 0, got -1")],
    "n_iter_no_change": [(0, "must be an integer >= 1, got 0")],
    "early_stopping": [(2, "must be true or false, got 2")],
    "validation_fraction": [(1, "must be a number above 0 and below 1, got 1")],
    "dropout": [
        (1, "must be a number from 0 to below 1, got 1"),
        ([0.1, 0.2], "must have one number for each hidden layer (1), got 2"),
    ],
    "clip_norm": [(0, "must be null or a finite number above 0, got 0")],
    "arithmetic": [("slow", 'must be one of "fast", "portable", got "slow"')],
    "class_weight": [("even", 'must be null, "balanced" or an object, got "even"')],
    "scale": [(3, "must be true or false, got 3")],
    "verbose": [(3, "must be true or false, got 3")],
    "callbacks": [(3, "must be null, a function or a list of functions, got 3")],
}


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [(name, *case) for name, cases in MESSAGES.items() for case in cases],
)
def test_messages(name, value, message):
    with pytest.raises(InputError) as caught:
        check_fit_settings({name: value})
    start = f"{name} {message}" if message else f'unknown key "gama" in {name}; allowed: "name"'
    assert str(caught.value).startswith(start)


def test_messages_of_the_arguments():
    x, d = made()
    cases = [
        ({"task": "reg"}, 'task must be one of "regression", "classification", "multilabel", got'),
        ({"settings": {"lr": 1}}, 'unknown key "lr" in settings; allowed: "hidden_layer_sizes"'),
        ({"validation": 3}, "validation must be null or a list of x, d and perhaps"),
        ({"validation": (x[:, :2], d)}, "validation x row 1 must have 3 values, got 2"),
        ({"validation": (x, d[:3])}, "validation d must have as many rows as validation x (40)"),
        ({"sample_weight": [1, 2]}, "sample_weight must have 40 values, got 2"),
        ({"strata": [1, 2]}, "strata must have 40 values, got 2"),
        ({"settings": {"out_activation": "softmax"}}, 'activation "softmax" needs at least 2'),
        ({"settings": {"loss": "cross_entropy"}}, "d row 1, column 1 must be from 0 to 1"),
        ({"x": x[:3]}, "d must have as many rows as x (3), got 40"),
        ({"x": 3}, "x must be a list of rows, each a list of numbers, got 3"),
        ({"x": np.where(x < 0.9, x, np.nan)}, "x row "),
    ]
    for more, message in cases:
        given = {"x": x, "d": -np.abs(d) - 1.0, "settings": {}, "task": "regression", **more}
        with pytest.raises(InputError) as caught:
            fit_network(**given)
        assert str(caught.value).startswith(message), str(caught.value)


def test_a_vector_will_do_for_one_output():
    x, d = made()
    one = fit_network(x, d[:, 0], {"random_state": 1, "max_iter": 2}, task="regression")
    other = fit_network(x.tolist(), d.tolist(), {"random_state": 1, "max_iter": 2},
                        task="regression")  # fmt: skip
    same_weights(one.network, other.network)


def test_what_is_printed():
    x, d = made()
    fit = fit_network(x, d, {"random_state": 1, "max_iter": 2}, task="regression")
    assert repr(fit).startswith("Fitted(Network([3, 8, 1], ['relu', 'identity']), 2 epochs, loss ")
