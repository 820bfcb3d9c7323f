"""Training against the same updates made one by one. Twins: tests/testthat/test-training.R,
tests/js/training.test.js."""

import os
import signal
import warnings
from contextlib import nullcontext

import numpy as np
import pandas as pd
import pytest

from twinprop import (
    DenominatorError,
    DivergenceError,
    InputError,
    Network,
    Optimizer,
    RandomStream,
    kernel,
    training,
)

# A mean may be summed in another order.
SUMS = 1e-14
# The kernel's exp and sums are not numpy's; section 10, after few updates.
KERNEL = 1e-12

pytestmark = pytest.mark.usefixtures("way")

# So may gradients that nobody sees, of a few updates; steps and recorded trainings see theirs.
UNSEEN = 1e-13

X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0], [0.5, 0.2]])
D = np.array([[0.0], [1.0], [1.0], [0.0], [0.3]])


def network(**settings):
    return Network([2, 3, 1], "tanh", **settings)


def by_steps(net, orders, batch_size, optimizer, cost="half_mse"):
    """Train by steps; the mean cost of each epoch's samples, each before its own update."""
    decay = optimizer.settings["weight_decay"]
    epochs = []
    for order in orders:
        total = 0.0
        for start in range(0, len(order), batch_size):
            rows = order[start : start + batch_size]
            x, d = X[rows], D[rows]
            total += len(rows) * net.mean_cost(x, d, cost=cost, weight_decay=decay)
            net.step(x, d, cost=cost, optimizer=optimizer)
        epochs.append(total / len(order))
    return epochs


def same(run, net, costs, updates):
    seen = run.recording is not None
    unseen = KERNEL if kernel.available() else UNSEEN
    np.testing.assert_allclose(run.cost, costs, rtol=SUMS if seen else unseen)
    assert run.updates == updates
    found = [*run.weights, *run.biases, run.outputs]
    for values, wanted in zip(found, [*net.weights, *net.biases, net.predict(X)]):
        equal(values, wanted, seen)


def equal(found, wanted, seen=False):
    """The same to the last bit if the training was recorded, by the code of its steps."""
    unseen = KERNEL if kernel.available() else UNSEEN
    np.testing.assert_allclose(found, wanted, rtol=0.0, atol=0.0 if seen else unseen)


@pytest.mark.parametrize("record", [None, "steps"])
@pytest.mark.parametrize("cost", ["half_mse", "half_sse", "mse"])
@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
@pytest.mark.parametrize(("batch_size", "updates"), [(1, 5), (2, 3), (4, 2), (5, 1), (None, 1)])
def test_training_is_its_steps(batch_size, updates, weight_decay, cost, record):
    one, other = network(), network()
    optimizers = [Optimizer("momentum", weight_decay=weight_decay) for _ in range(2)]
    settings = {"batch_size": batch_size, "cost": cost, "record": record}
    run = one.train(X, D, epochs=4, optimizer=optimizers[0], **settings)
    orders = [np.arange(5)] * 4
    costs = by_steps(other, orders, batch_size or 5, optimizers[1], cost)
    same(run, other, costs, 4 * updates)

    start = network()
    about = {"cost": cost, "weight_decay": weight_decay}
    assert run.initial_cost == pytest.approx(start.mean_cost(X, D, **about), rel=SUMS)
    assert run.final_cost == pytest.approx(one.mean_cost(X, D, **about), rel=SUMS)
    np.testing.assert_array_equal(run.outputs, one.predict(X))
    np.testing.assert_array_equal(run.errors, one.predict(X) - D)


@pytest.mark.parametrize("record", [None, "steps"])
@pytest.mark.parametrize("batch_size", [1, 2, None])
def test_shuffles_are_the_orders_of_one_stream(batch_size, record):
    stream = RandomStream(7)
    orders = [stream.order(5) for _ in range(6)]
    assert len({tuple(order) for order in orders}) > 1
    one, other = network(), network()
    settings = {"batch_size": batch_size, "record": record}
    run = one.train(X, D, epochs=6, shuffle=True, seed=7, **settings)
    costs = by_steps(other, orders, batch_size or 5, Optimizer())
    same(run, other, costs, 6 * -(-5 // (batch_size or 5)))
    # Outputs stay in the given order.
    equal(run.outputs, other.predict(X), record is not None)


def test_seeds_make_shuffles_and_nothing_else():
    def weights(**settings):
        net = network()
        net.train(X, D, epochs=3, **settings)
        return net.parameters.tolist()

    assert weights(shuffle=True, seed=1) == weights(shuffle=True, seed=1)
    assert weights(shuffle=True, seed=1) != weights(shuffle=True, seed=2)
    assert weights(seed=1) == weights(seed=2)
    assert weights(shuffle=True) == weights(shuffle=True, seed=42)


@pytest.mark.parametrize("rule", ["gradient", "transpose", "proportional_abs"])
@pytest.mark.parametrize("update_order", ["simultaneous", "output_first"])
def test_rule_and_update_order_reach_the_steps(rule, update_order):
    one, other = network(), network()
    settings = {"rule": rule, "update_order": update_order}
    one.train(X, D, epochs=2, **settings)
    optimizer = Optimizer()
    for row in [*range(5)] * 2:
        other.step(X[[row]], D[[row]], optimizer=optimizer, **settings)
    equal(one.parameters, other.parameters)


@pytest.mark.parametrize("record", [None, "steps"])
def test_snapshots(record):
    settings = {"snapshots": [1, 4, 9, 20], "record": record}
    run = network().train(X, D, epochs=3, batch_size=2, **settings)
    assert [kept.updates for kept in run.snapshots] == [1, 4, 9]
    other, optimizer = network(), Optimizer()
    batches = [slice(0, 2), slice(2, 4), slice(4, 5)] * 3
    expected = {}
    for updates, rows in enumerate(batches, 1):
        other.step(X[rows], D[rows], optimizer=optimizer)
        expected[updates] = (other.parameters.copy(), other.mean_cost(X, D))
    for kept in run.snapshots:
        parameters, cost = expected[kept.updates]
        found = np.concatenate([v.ravel() for v in (*kept.weights, *kept.biases)])
        equal(found, parameters, record is not None)
        assert kept.cost == pytest.approx(cost, rel=SUMS if record else KERNEL)


def test_zero_epochs():
    net = network()
    before = net.parameters.copy()
    run = net.train(X, D, epochs=0, snapshots=[1])
    assert (run.updates, run.cost.shape, run.snapshots) == (0, (0,), [])
    assert run.initial_cost == run.final_cost == net.mean_cost(X, D)
    np.testing.assert_array_equal(net.parameters, before)
    np.testing.assert_array_equal(run.outputs, net.predict(X))
    assert len(run.history) == 0


def test_defaults():
    one, other = network(), network()
    run = one.train(X[:2], D[:2])
    explicit = other.train(
        X[:2],
        D[:2],
        cost="half_mse",
        rule="gradient",
        update_order="simultaneous",
        optimizer=Optimizer("sgd", learning_rate=0.5),
        batch_size=1,
        epochs=1000,
        shuffle=False,
        seed=42,
        snapshots=(),
    )
    assert run.updates == 2000
    np.testing.assert_array_equal(run.cost, explicit.cost)
    np.testing.assert_array_equal(one.parameters, other.parameters)


@pytest.mark.parametrize("name", ["sgd", "momentum", "adam"])
def test_training_twice_goes_on_with_the_same_optimizer(name):
    one, other = network(), network()
    optimizer = Optimizer(name)
    first = one.train(X, D, epochs=2, optimizer=optimizer)
    second = one.train(X, D, epochs=3, optimizer=optimizer)
    whole = other.train(X, D, epochs=5, optimizer=Optimizer(name))
    np.testing.assert_array_equal(one.parameters, other.parameters)
    np.testing.assert_array_equal([*first.cost, *second.cost], whole.cost)
    assert second.initial_cost == first.final_cost
    assert optimizer.updates == 25


def test_a_run_keeps_its_weights_when_the_network_goes_on():
    net = network()
    run = net.train(X, D, epochs=1, snapshots=[5])
    kept = [values.copy() for values in (*run.weights, *run.biases)]
    net.train(X, D, epochs=1)
    for found, wanted in zip((*run.weights, *run.biases), kept):
        np.testing.assert_array_equal(found, wanted)
    np.testing.assert_array_equal(run.snapshots[0].weights[0], kept[0])


def test_training_leaves_the_data_as_they_are():
    x, d = X.copy(), D.copy()
    network().train(x, d, epochs=2, shuffle=True)
    np.testing.assert_array_equal(x, X)
    np.testing.assert_array_equal(d, D)


def test_history_and_repr():
    run = network().train(X, D, epochs=3)
    expected = pd.DataFrame({"epoch": [1, 2, 3], "cost": run.cost})
    pd.testing.assert_frame_equal(run.history, expected)
    assert repr(run) == (
        f"Run('python', 3 epochs, 15 updates, cost {run.initial_cost:.6g} -> {run.final_cost:.6g}, "
        f"fingerprint {run.fingerprint[:12]})"
    )
    assert run.engine == "python"
    assert run.seconds > 0


# Errors -----------------------------------------------------------------------------------------


def failing(learning_rate, **settings):
    """A linear network that diverges: each update multiplies w - 1 by 1 - learning_rate."""
    net = Network([1, 1], "identity", weights=[[[2.0]]])
    optimizer = Optimizer(learning_rate=learning_rate)
    return net, lambda epochs: net.train(
        [[1.0]], [[1.0]], epochs=epochs, optimizer=optimizer, **settings
    )


def test_divergence_keeps_the_weights_from_before_the_epoch():
    # Weight and bias move alike: each update multiplies the error by 1 - 2e100, so the error of 1
    # becomes 2e100, then 4e200, whose square is Inf: the cost of the third epoch.
    net, train = failing(1e100)
    with pytest.raises(DivergenceError) as caught:
        train(10)
    assert str(caught.value) == (
        "the cost or a weight became NaN or Inf in epoch 3; the network keeps its weights from "
        "before that epoch. Try a smaller learning_rate (now 1e+100), standardised inputs or "
        "smaller starting weights"
    )
    assert caught.value.network is net
    other, train = failing(1e100)
    for _ in range(2):
        other.step([[1.0]], [[1.0]], optimizer=Optimizer(learning_rate=1e100))
    np.testing.assert_array_equal(net.parameters, other.parameters)


def test_a_final_cost_that_is_not_finite_is_the_last_epoch_s():
    # After two epochs the cost of each was finite, that of the final weights is not.
    net, train = failing(1e100)
    with pytest.raises(DivergenceError, match="in epoch 2;"):
        train(2)
    other, train = failing(1e100)
    train(1)
    np.testing.assert_array_equal(net.parameters, other.parameters)


def test_a_weight_that_is_not_finite_is_divergence():
    net, train = failing(1e308)
    net.weights[0][0, 0] = 1e10  # an error of 1e10: the first update overflows
    with pytest.raises(DivergenceError, match="in epoch 1;"):
        train(2)
    assert net.parameters.tolist() == [1e10, 0.0]


def test_divergence_before_training():
    net = Network([1, 1], "identity", weights=[[[1e200]]])
    with pytest.raises(DivergenceError) as caught:
        net.train([[1e5]], [[0.0]], epochs=1)
    assert str(caught.value) == (
        "the cost is NaN or Inf before training: standardise the inputs or use smaller starting "
        "weights"
    )
    assert net.parameters.tolist() == [1e200, 0.0]


@pytest.mark.parametrize("update_order", ["simultaneous", "output_first"])
def test_a_vanishing_denominator_keeps_the_weights_from_before_the_epoch(update_order):
    # The second output is dead, so its weights stay at a sum of 0; with "output_first" those of
    # the first output have moved when that is seen.
    net = Network([2, 2, 2], "relu", weights=[[[1, 0], [0, 1]], [[1, 1], [1, -1]]])
    before = net.parameters.copy()
    optimizer = Optimizer(learning_rate=0.1)
    with pytest.raises(
        DenominatorError, match=r'"proportional": .* neuron 2 of layer 3 '
    ) as caught:
        net.train(
            [[1.0, 1.0]],
            [[0.0, 0.0]],
            rule="proportional",
            update_order=update_order,
            optimizer=optimizer,
        )
    assert caught.value.network is net
    np.testing.assert_array_equal(net.parameters, before)


# Interruption -----------------------------------------------------------------------------------


def interrupted(monkeypatch, at, **settings):
    """A network and its run, interrupted in the forward pass `at`."""
    passes = 0
    real = training.forward_pass

    def forward_pass(*arguments):
        nonlocal passes
        passes += 1
        if passes == at:
            raise KeyboardInterrupt
        real(*arguments)

    net = network()
    with monkeypatch.context() as patch:
        patch.setattr(training, "forward_pass", forward_pass)
        with pytest.warns(UserWarning, match="^training interrupted; ") as caught:
            run = net.train(X, D, **settings)
    assert [str(warning.message) for warning in caught] == [
        f"training interrupted; the network keeps its weights after {len(run.cost)} epochs"
    ]
    assert caught[0].filename == __file__
    return net, run


by_numpy = pytest.mark.parametrize("way", ["numpy"], indirect=True)
by_kernel = pytest.mark.parametrize("way", ["kernel"], indirect=True)


# The first forward pass is that of the initial cost; each epoch of batches of 2 has three.
@by_numpy
@pytest.mark.parametrize(
    ("at", "epochs"), [(2, 0), (3, 0), (4, 0), (5, 1), (6, 1), (8, 2), (11, 3)]
)
def test_an_interrupted_training_ends_with_the_last_whole_epoch(monkeypatch, at, epochs):
    # The 11th pass is that of the final cost: all three epochs are whole.
    net, run = interrupted(monkeypatch, at, epochs=3, batch_size=2)
    other = network()
    whole = other.train(X, D, epochs=epochs, batch_size=2)
    np.testing.assert_array_equal(net.parameters, other.parameters)
    np.testing.assert_array_equal(run.cost, whole.cost)
    assert run.updates == 3 * epochs
    assert run.final_cost == whole.final_cost
    np.testing.assert_array_equal(run.outputs, whole.outputs)
    np.testing.assert_array_equal(run.weights[0], other.weights[0])


@by_numpy
def test_an_interrupted_training_has_the_snapshots_of_whole_epochs(monkeypatch):
    # Passes: 1 initial; 2, 3, 4 and 5 for the snapshot; 6, 7 and 8 for the snapshot, 9.
    _, run = interrupted(monkeypatch, 9, epochs=3, batch_size=2, snapshots=[3, 5])
    assert len(run.cost) == 1
    assert [kept.updates for kept in run.snapshots] == [3]


def test_an_interruption_between_two_epochs_loses_none(monkeypatch):
    def show_progress(wanted, epochs):
        def show(epoch, cost):
            if epoch == 2:
                raise KeyboardInterrupt

        return nullcontext(show)

    # The kernel has made all five by the time that the second is shown.
    epochs = 5 if kernel.available() else 2
    net, other = network(), network()
    with monkeypatch.context() as patch:
        patch.setattr(training, "show_progress", show_progress)
        with pytest.warns(UserWarning, match=f"after {epochs} epochs"):
            run = net.train(X, D, epochs=5)
    whole = other.train(X, D, epochs=epochs)
    np.testing.assert_array_equal(run.cost, whole.cost)
    np.testing.assert_array_equal(net.parameters, other.parameters)
    assert run.final_cost == whole.final_cost


# Three updates an epoch; the snapshot cuts the first call after four, in the second epoch.
@by_kernel
@pytest.mark.parametrize(
    ("call", "after", "snapshots", "epochs"),
    [
        (1, False, [], 0),
        (1, True, [], 4),
        (1, True, [4], 1),
        (2, False, [4], 1),
        (2, True, [4], 4),
        (2, True, [6], 4),
        (2, False, [6], 2),
    ],
)
def test_an_interrupted_call_of_the_kernel(monkeypatch, call, after, snapshots, epochs):
    calls = 0
    real = kernel.Trainer.__call__

    def interrupt(*arguments):
        nonlocal calls
        calls += 1
        if calls == call and not after:
            raise KeyboardInterrupt
        outcome = real(*arguments)
        if calls == call:
            raise KeyboardInterrupt
        return outcome

    settings = {"batch_size": 2, "shuffle": True}
    net, other = network(), network()
    optimizer, again = Optimizer("adam"), Optimizer("adam")
    with monkeypatch.context() as patch:
        patch.setattr(kernel.Trainer, "__call__", interrupt)
        with pytest.warns(UserWarning, match=f"after {epochs} epochs"):
            run = net.train(X, D, epochs=4, snapshots=snapshots, optimizer=optimizer, **settings)
    whole = other.train(X, D, epochs=epochs, optimizer=again, **settings)
    np.testing.assert_array_equal(net.parameters, other.parameters)
    np.testing.assert_array_equal(run.cost, whole.cost)
    assert (run.updates, run.final_cost) == (3 * epochs, whole.final_cost)
    assert [kept.updates for kept in run.snapshots] == [
        updates for updates in snapshots if updates <= 3 * epochs and (call, after) != (1, True)
    ]


@by_kernel
def test_an_interruption_after_a_failed_epoch_keeps_what_was_before_it(monkeypatch):
    real = kernel.Trainer.__call__

    def interrupt(*arguments):
        assert real(*arguments).code == kernel.NOT_FINITE
        raise KeyboardInterrupt

    net, other = Network([2, 1], "identity"), Network([2, 1], "identity")
    settings = {"optimizer": Optimizer(learning_rate=1e10), "batch_size": None}
    with monkeypatch.context() as patch:
        patch.setattr(kernel.Trainer, "__call__", interrupt)
        with pytest.warns(UserWarning, match="training interrupted"):
            run = net.train(X, D, epochs=1000, **settings)
    assert 2 < len(run.cost) < 100
    # by steps, since the last cost is too large for a whole training
    for _ in run.cost:
        other.step(X, D, optimizer=settings["optimizer"])
    np.testing.assert_allclose(net.parameters, other.parameters, rtol=KERNEL)
    assert np.isfinite(net.parameters).all()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no alarm")
def test_ctrl_c(monkeypatch):
    def ring(signum, frame):
        signal.raise_signal(signal.SIGINT)

    previous = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    try:
        with pytest.warns(UserWarning, match="training interrupted"):
            run = network().train(X, D, epochs=10**8)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
    assert 0 < len(run.cost) < 10**8
    assert run.updates == 5 * len(run.cost)


# Training by name -------------------------------------------------------------------------------


def test_an_unknown_argument_is_refused_by_name():
    with pytest.raises(TypeError, match="unexpected keyword argument 'lr'"):
        network().train(X, D, lr=0.1)


def test_training_is_silent_and_gives_no_warnings(capfd):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        network().train(X, D, epochs=3)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("d", [[0, 1, 1, 0], np.array([0, 1, 1, 0]), pd.Series([0.0, 1, 1, 0])])
def test_a_vector_of_desired_outputs_will_do_for_one_output(d):
    x = [[0, 0], [0, 1], [1, 0], [1, 1]]
    one, other = Network([2, 3, 1]), Network([2, 3, 1])
    one.train(x, d, epochs=5)
    other.train(x, [[0], [1], [1], [0]], epochs=5)
    np.testing.assert_array_equal(one.parameters, other.parameters)
    with pytest.raises(InputError, match="^d row 1 must be a list of numbers, got 0"):
        Network([2, 2]).train(x, d)
    with pytest.raises(InputError, match="^d must have as many rows as x"):
        one.train(x, d[:3])
