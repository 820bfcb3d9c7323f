"""The kernel's trainings against numpy's, in portable arithmetic: the same runs. Twins: none."""

import numpy as np
import pytest

from random_plans import random_plan
from twinprop import DenominatorError, DivergenceError, Network, Optimizer, kernel, stretches
from twinprop.plan import train_plan
from twinprop.training import run_training

X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0], [0.5, 0.2]])
D = np.array([[0.0], [1.0], [1.0], [0.0], [0.3]])


# By the kernel; where a test asks for it, by numpy.
pytestmark = [
    pytest.mark.usefixtures("way"),
    pytest.mark.parametrize("way", ["kernel"], indirect=True),
]


def numbers(run):
    """All that a run says, bit for bit but for the sign of zeros."""
    snapshots = [(kept.updates, kept.cost, *kept.weights, *kept.biases) for kept in run.snapshots]
    parts = [run.updates, run.initial_cost, run.cost, run.final_cost, run.outputs, run.errors]
    return [np.asarray(part).tolist() for part in [*parts, *run.weights, *run.biases]] + [
        [np.asarray(part).tolist() for part in snapshot] for snapshot in snapshots
    ]


def by_numpy(monkeypatch, train, *arguments, **settings):
    with monkeypatch.context() as patch:
        patch.setenv("TWINPROP_KERNEL", "off")
        return train(*arguments, **settings)


def portable_plan(seed, snapshots):
    plan = random_plan(seed)
    plan.training.update(arithmetic="portable", snapshots=snapshots)
    return plan


# So much work is one epoch a call, a few, and all at once.
@pytest.mark.parametrize("work", [1, 3000, stretches.WORK_PER_CALL])
@pytest.mark.parametrize("seed", range(40))
def test_random_plans(monkeypatch, seed, work):
    plan = portable_plan(seed, [1, 2, 5, 20, 21, 39])
    monkeypatch.setattr(stretches, "WORK_PER_CALL", work)
    found = train_plan(plan)
    expected = by_numpy(monkeypatch, train_plan, portable_plan(seed, [1, 2, 5, 20, 21, 39]))
    assert numbers(found) == numbers(expected)


@pytest.mark.parametrize("name", ["sgd", "momentum", "nesterov", "rmsprop", "adam", "rprop"])
@pytest.mark.parametrize("kernel_first", [True, False])
def test_one_way_goes_on_where_the_other_stopped(monkeypatch, name, kernel_first):
    start = Network([2, 3, 1], "tanh")
    nets = [Network([2, 3, 1], weights=start.weights, biases=start.biases) for _ in "12"]
    settings = {"momentum": 0.5} if name == "rmsprop" else {}
    optimizers = [Optimizer(name, learning_rate=0.02, **settings) for _ in "12"]
    how = {"arithmetic": "portable", "batch_size": 2}
    first, second = [
        lambda net, epochs, optimizer: net.train(X, D, epochs=epochs, optimizer=optimizer, **how),
        lambda *arguments: by_numpy(
            monkeypatch,
            lambda net, epochs, optimizer: net.train(
                X, D, epochs=epochs, optimizer=optimizer, **how
            ),
            *arguments,
        ),
    ][:: 1 if kernel_first else -1]
    first(nets[0], 3, optimizers[0])
    second(nets[0], 4, optimizers[0])
    by_numpy(monkeypatch, nets[1].train, X, D, epochs=7, optimizer=optimizers[1], **how)
    np.testing.assert_array_equal(nets[0].parameters, nets[1].parameters)
    assert optimizers[0].updates == optimizers[1].updates == 21
    for key, values in optimizers[1].state.items():
        np.testing.assert_array_equal(optimizers[0].state[key], values)


@pytest.mark.parametrize("work", [1, 2000, stretches.WORK_PER_CALL])
@pytest.mark.parametrize("kind", ["divergence", "denominator", "final cost"])
def test_errors_and_what_the_network_keeps(monkeypatch, work, kind):
    def fail():
        if kind == "denominator":
            weights = [[[1.0, 0.5]], [[0.03]]]
            net = Network([2, 1, 1], "identity", weights=weights)
            how = {"rule": "proportional_abs", "optimizer": Optimizer("rprop")}
            x, d = np.array([[1.0, 1.0]]), np.array([[0.0]])
            net.weights[1][:] = 0.01  # a step of rprop makes it 0
        else:
            net, x, d = Network([2, 1], "identity"), X, D
            how = {"optimizer": Optimizer(learning_rate=20 if kind == "divergence" else 1e200)}
        with pytest.raises((DivergenceError, DenominatorError)) as caught:
            net.train(x, d, epochs=1000, arithmetic="portable", **how)
        return str(caught.value), caught.value.network.parameters.tolist()

    monkeypatch.setattr(stretches, "WORK_PER_CALL", work)
    found = fail()
    assert found == by_numpy(monkeypatch, fail)
    assert np.isfinite(found[1]).all()


def training(net, **settings):
    defaults = {"cost": "half_mse", "rule": "gradient", "update_order": "simultaneous"}
    defaults |= {"optimizer": Optimizer(), "batch_size": 2, "shuffle": True, "seed": 1}
    return run_training(net, X, D, **{**defaults, "epochs": 10, "snapshots": [4, 9], **settings})


def test_what_is_done_after_an_epoch(monkeypatch):
    def run():
        seen = []
        net = Network([2, 3, 1], "tanh")
        optimizer = Optimizer("momentum", learning_rate=0.1)

        def after_epoch(epoch, cost):
            seen.append((epoch, cost, net.parameters.tolist(), dict(optimizer.settings)))
            optimizer.settings["learning_rate"] *= 0.9
            return epoch == 6

        run = training(net, optimizer=optimizer, arithmetic="portable", after_epoch=after_epoch)
        return seen, numbers(run)

    assert run() == by_numpy(monkeypatch, run)


def test_a_schedule_is_over_after_the_training(monkeypatch):
    def run():
        optimizer = Optimizer("momentum", learning_rate=0.1)
        schedule = {"name": "exponential", "gamma": 0.8}
        run = training(
            Network([2, 3, 1]), optimizer=optimizer, arithmetic="portable", schedule=schedule
        )
        return optimizer.settings, numbers(run)

    assert run() == by_numpy(monkeypatch, run)


def test_progress_shows_every_epoch(monkeypatch):
    shown = []

    class Show:
        def __enter__(self):
            return lambda epoch, cost: shown.append((epoch, cost))

        def __exit__(self, *error):
            pass

    monkeypatch.setattr("twinprop.training.show_progress", lambda wanted, epochs: Show())
    run = training(Network([2, 3, 1]))
    assert shown == list(enumerate(run.cost, 1))


# Which way is taken -------------------------------------------------------------------------------


def calls(monkeypatch, **settings):
    """How often the kernel is called."""
    count = 0
    real = kernel.Trainer.__call__

    def counted(*arguments):
        nonlocal count
        count += 1
        return real(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(kernel.Trainer, "__call__", counted)
        training(settings.pop("net", None) or Network([2, 3, 1]), **settings)
    return count


def test_the_way(monkeypatch):
    assert calls(monkeypatch, snapshots=[]) == 1
    assert calls(monkeypatch) == 3
    assert calls(monkeypatch, epochs=0) == 0
    assert calls(monkeypatch, snapshots=[], after_epoch=lambda *_: None) == 10
    assert calls(monkeypatch, record=1) == calls(monkeypatch, record=1, arithmetic="portable") == 0
    wide = {"net": Network([2, stretches.KERNEL_LIMIT, 1]), "snapshots": [], "epochs": 1}
    assert calls(monkeypatch, **wide) == 0
    assert calls(monkeypatch, **wide, arithmetic="portable") == 1
    monkeypatch.setenv("TWINPROP_KERNEL", "off")
    assert calls(monkeypatch) == calls(monkeypatch, arithmetic="portable") == 0
