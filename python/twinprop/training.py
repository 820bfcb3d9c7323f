"""The training loop. Twins: r/training.R, inst/js/training.js.

Section 6 of docs/contract.md. Everything is checked and allocated before the first update.
"""

from __future__ import annotations

import copy
import math
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from twinprop.activations import ACTIVATIONS
from twinprop.backprop import (
    RULES,
    UPDATE_ORDERS,
    Buffers,
    Learning,
    backward_pass,
    forward_pass,
    learning,
    make_buffers,
)
from twinprop.checks import (
    Array,
    check_choice,
    check_integer,
    check_matrix,
    check_record,
    check_seed,
    check_snapshots,
    check_switch,
    describe,
    is_integer,
)
from twinprop.costs import COSTS, cost_function, penalty
from twinprop.errors import DivergenceError, InputError, TrainingError
from twinprop.optimizers import Optimizer, as_optimizer
from twinprop.progress import show_progress
from twinprop.random import RandomStream
from twinprop.recorder import RecordedStep, Recorder, Recording

if TYPE_CHECKING:
    import pandas as pd

    from twinprop.network import Network


@dataclass(frozen=True)
class Snapshot:
    """Weights and exact cost after a number of updates.

    Attributes
    ----------
    updates : int
    cost : float
        Over all samples.
    weights, biases : list of ndarray
    """

    updates: int
    cost: float
    weights: list[Array]
    biases: list[Array]


@dataclass(frozen=True)
class Run:
    """What came of a training.

    Attributes
    ----------
    engine : str
        Who computed it: "python", "r", "js" or "torch".
    updates : int
        How many updates were made.
    seconds : float
        The time they took.
    initial_cost, final_cost : float
        Exact, over all samples, before the first and after the last update.
    cost : ndarray, (epochs,)
        Each epoch's mean of the cost that each sample had in the forward pass of its own update.
    outputs, errors : ndarray, (n, n_L)
        a[L] and a[L] - d of all samples after the last update.
    weights, biases : list of ndarray
        After the last update; (n_l, n_{l-1}) and (n_l,) each.
    snapshots : list of Snapshot
        The ones asked for.
    recording : Recording or None
        The recorded steps, if asked for.
    network : Network or None
        The trained one, a copy; None if the run was read from a file.
    settings : dict or None
        What it was trained by: cost, rule, update_order, optimizer (a dict of its settings),
        batch_size, epochs, shuffle and seed; None if the run was read from a file.
    """

    engine: str
    updates: int
    seconds: float
    initial_cost: float
    cost: Array
    final_cost: float
    outputs: Array
    errors: Array
    weights: list[Array]
    biases: list[Array]
    snapshots: list[Snapshot] = field(default_factory=list)
    recording: Recording | None = None
    network: Network | None = field(default=None, repr=False)
    settings: dict[str, Any] | None = None

    def __repr__(self) -> str:
        return (
            f"Run({self.engine!r}, {len(self.cost)} epochs, {self.updates} updates, "
            f"cost {self.initial_cost:.6g} -> {self.final_cost:.6g})"
        )

    @property
    def history(self) -> pd.DataFrame:
        """The costs as a DataFrame with the columns epoch and cost."""
        import pandas as pd

        return pd.DataFrame({"epoch": np.arange(1, len(self.cost) + 1), "cost": self.cost})


DEFAULTS: dict[str, Any] = {
    "cost": "half_mse",
    "rule": "gradient",
    "update_order": "simultaneous",
    "optimizer": None,
    "batch_size": 1,
    "epochs": 1000,
    "shuffle": False,
    "seed": 42,
    "snapshots": (),
    "record": None,
}


def check_training(
    given: Mapping[str, Any], check: Callable[[Any], Any], prefix: str = ""
) -> dict[str, Any]:
    """Return the settings of a training, checked; `check` is for the optimizer.

    The batch size is checked against the rows, by `check_batch_size`, once these are known.
    """
    return {
        "cost": check_choice(given["cost"], f"{prefix}cost", COSTS),
        "rule": check_choice(given["rule"], f"{prefix}rule", RULES),
        "update_order": check_choice(given["update_order"], f"{prefix}update_order", UPDATE_ORDERS),
        "optimizer": check(given["optimizer"]),
        "batch_size": given["batch_size"],
        "epochs": check_integer(given["epochs"], f"{prefix}epochs", 0),
        "shuffle": check_switch(given["shuffle"], f"{prefix}shuffle"),
        "seed": check_seed(given["seed"], f"{prefix}seed"),
        "snapshots": check_snapshots(given["snapshots"], f"{prefix}snapshots"),
        "record": check_record(given["record"], f"{prefix}record"),
    }


def check_batch_size(value: Any, name: str, rows: int) -> int:
    """Return the number of samples per update; None is all of them."""
    if value is None:
        return rows
    if not is_integer(value) or not 1 <= value <= rows:
        raise InputError(
            f"{name} must be null or an integer from 1 to {rows} (the number of rows), "
            f"got {describe(value)}"
        )
    return int(value)


class Update:
    """One update of a network: forward, backward, and the weights moved; a call is an update."""

    def __init__(
        self,
        network: Network,
        learning: Learning,
        update_order: str,
        optimizer: Optimizer,
        buffers: Buffers,
        gradient: Array,
    ) -> None:
        self.network = network
        self.learning = learning
        self.optimizer = optimizer
        self.buffers = buffers
        self.gradient = gradient
        self.output_first = update_order == "output_first"
        self._layer_parts = _layer_parts(network)

    def __call__(self, x: Array, d: Array) -> None:
        """Make the update from a batch, x (m, n_1) and d (m, n_L), m as the buffers have it."""
        network, buffers = self.network, self.buffers
        forward_pass(network.weights, network.biases, self.learning.activations, x, buffers.forward)
        if self.output_first:
            self.optimizer.start_update(network.parameters.size)
            backward_pass(network.weights, d, self.learning, buffers, self._move_layer)
        else:
            backward_pass(network.weights, d, self.learning, buffers)
            move_all(network, self.gradient, self.optimizer)

    def _move_layer(self, i: int) -> None:
        weights, biases = self._layer_parts[i]
        parameters = self.network.parameters
        self.optimizer.move(parameters, self.gradient, weights, decay=True)
        self.optimizer.move(parameters, self.gradient, biases, decay=False)

    def rows(self, n: int) -> Update:
        """Return the same update for batches of the first n rows of the buffers."""
        smaller = copy.copy(self)
        smaller.buffers = self.buffers.rows(n)
        return smaller


def _layer_parts(network: Network) -> list[tuple[slice, slice]]:
    """Where the weights and the biases of each layer lie among the parameters."""
    parts = []
    weight, bias = 0, network.n_weights
    for w, b in zip(network.weights, network.biases, strict=True):
        parts.append((slice(weight, weight + w.size), slice(bias, bias + b.size)))
        weight += w.size
        bias += b.size
    return parts


def move_all(network: Network, gradient: Array, optimizer: Optimizer) -> None:
    """Move all weights and biases by one update."""
    optimizer.start_update(network.parameters.size)
    if optimizer.settings["weight_decay"] == 0.0:
        optimizer.move(network.parameters, gradient, slice(None), decay=False)
    else:
        weights, biases = slice(0, network.n_weights), slice(network.n_weights, None)
        optimizer.move(network.parameters, gradient, weights, decay=True)
        optimizer.move(network.parameters, gradient, biases, decay=False)


def make_update(
    network: Network, learning: Learning, update_order: str, optimizer: Optimizer, rows: int
) -> Update:
    """Allocate all that an update of `rows` samples needs."""
    gradient = np.empty_like(network.parameters)
    buffers = make_buffers(network.layers, rows, *network.views(gradient))
    return Update(network, learning, update_order, optimizer, buffers, gradient)


def exact_cost(
    network: Network, x: Array, d: Array, cost: str, weight_decay: float
) -> tuple[float, Array]:
    """Return the cost over all samples, with the penalty, and the outputs (n, n_L)."""
    result = make_buffers(network.layers, len(x), [], []).forward
    with np.errstate(all="ignore"):
        forward_pass(
            network.weights,
            network.biases,
            [ACTIVATIONS[name] for name in network.activations],
            x,
            result,
        )
        costs = cost_function(cost, network.activations[-1]).value(result.z[-1], result.a[-1], d)
        weights = network.parameters[: network.n_weights]
        return float(costs.mean()) + penalty(weights, weight_decay), result.a[-1]


def train(network: Network, x: Any, d: Any, settings: Mapping[str, Any], *, progress: bool) -> Run:
    """Check the settings (the keys of `DEFAULTS`) and train; `Network.train` calls this."""
    checked = check_training(settings, as_optimizer)
    network.check_cost(checked["cost"])
    x = check_matrix(x, "x", network.layers[0])
    d = network.check_targets(d, x, checked["cost"])
    checked["batch_size"] = check_batch_size(checked["batch_size"], "batch_size", len(x))
    run = run_training(network, x, d, progress=check_switch(progress, "progress"), **checked)
    from twinprop.diagnose import warn_unless_learned  # which needs runs and networks itself

    warn_unless_learned(run, x, d, stacklevel=3)  # whoever called Network.train
    return run


def run_training(
    network: Network,
    x: Array,
    d: Array,
    *,
    cost: str,
    rule: str,
    update_order: str,
    optimizer: Optimizer,
    batch_size: int,
    epochs: int,
    shuffle: bool,
    seed: int,
    snapshots: Sequence[int],
    record: int | None = None,
    progress: bool = False,
    after_epoch: Callable[[int, float], None] | None = None,
) -> Run:
    """Train with settings that were checked; `after_epoch` gets each epoch's number and cost."""
    started = time.perf_counter()
    rows = len(x)
    weight_decay = optimizer.settings["weight_decay"]
    sample_cost = cost_function(cost, network.activations[-1]).value
    weights = network.parameters[: network.n_weights]
    initial_cost, _ = exact_cost(network, x, d, cost, weight_decay)
    if not math.isfinite(initial_cost):
        raise not_finite_before_training()

    update = make_update(
        network,
        learning(network.activations, network.layers[-1], cost, rule),
        update_order,
        optimizer,
        batch_size,
    )
    batches = [
        (start, min(start + batch_size, rows), update) for start in range(0, rows, batch_size)
    ]
    if rows % batch_size:
        start, stop, _ = batches[-1]
        batches[-1] = start, stop, update.rows(stop - start)

    stream = RandomStream(seed)
    shuffled_x, shuffled_d = (np.empty_like(x), np.empty_like(d)) if shuffle else (x, d)
    epoch_costs: list[float] = []
    kept: list[Snapshot] = []
    to_keep = [*snapshots, math.inf]
    recorder = None if record is None else Recorder(record, network.layers)
    due = math.inf if recorder is None else recorder.due
    order = np.arange(rows)
    updates = begun = 0
    before = network.parameters.copy()
    try:
        with np.errstate(all="ignore"), show_progress(progress, epochs) as show:
            for epoch in range(1, epochs + 1):
                np.copyto(before, network.parameters)
                begun = epoch
                if shuffle:
                    order = stream.order(rows)
                    np.take(x, order, axis=0, out=shuffled_x)
                    np.take(d, order, axis=0, out=shuffled_d)
                total = 0.0
                for start, stop, one in batches:
                    batch_d = shuffled_d[start:stop]
                    started_from = network.parameters.copy() if updates + 1 == due else None
                    # The penalty is that of the weights of this forward pass.
                    total += (stop - start) * penalty(weights, weight_decay)
                    one(shuffled_x[start:stop], batch_d)
                    z, a = one.buffers.forward
                    total += float(sample_cost(z[-1], a[-1], batch_d).sum())
                    updates += 1
                    if updates == to_keep[len(kept)]:
                        exact, _ = exact_cost(network, x, d, cost, weight_decay)
                        copies = network.views(network.parameters.copy())
                        kept.append(Snapshot(updates, exact, *copies))
                    if recorder is not None and started_from is not None:
                        mean = float(sample_cost(z[-1], a[-1], batch_d).mean())
                        decay = penalty(started_from[: network.n_weights], weight_decay)
                        step = RecordedStep(
                            updates,
                            epoch,
                            order[start:stop] + 1,
                            mean + decay,
                            *network.views(started_from),
                            [e.copy() for e in one.buffers.backward.e],
                            *network.views(one.gradient.copy()),
                        )
                        recorder.keep(step)
                        due = recorder.due
                if not (math.isfinite(total) and np.isfinite(network.parameters).all()):
                    raise diverged(epoch, optimizer.settings["learning_rate"])
                epoch_costs.append(total / rows)
                show(epoch, epoch_costs[-1])
                if after_epoch is not None:
                    after_epoch(epoch, epoch_costs[-1])
        final_cost, outputs = exact_cost(network, x, d, cost, weight_decay)
        if not math.isfinite(final_cost):
            raise diverged(epochs, optimizer.settings["learning_rate"])
    except TrainingError as error:
        np.copyto(network.parameters, before)
        error.network = network
        error.recording = None if recorder is None else recorder.recording(updates)
        raise
    except KeyboardInterrupt:
        if len(epoch_costs) < begun:  # in the middle of an epoch
            np.copyto(network.parameters, before)
        warnings.warn(
            f"training interrupted; the network keeps its weights after {len(epoch_costs)} epochs",
            stacklevel=4,  # whoever called Network.train
        )
        updates = len(epoch_costs) * len(batches)
        kept = [snapshot for snapshot in kept if snapshot.updates <= updates]
        final_cost, outputs = exact_cost(network, x, d, cost, weight_decay)

    final_weights, final_biases = network.views(network.parameters.copy())
    return Run(
        engine="python",
        updates=updates,
        seconds=time.perf_counter() - started,
        initial_cost=initial_cost,
        cost=np.array(epoch_costs),
        final_cost=final_cost,
        outputs=outputs,
        errors=outputs - d,
        weights=final_weights,
        biases=final_biases,
        snapshots=kept,
        recording=None if recorder is None else recorder.recording(updates),
        network=copy.deepcopy(network),
        settings={
            "cost": cost,
            "rule": rule,
            "update_order": update_order,
            "optimizer": dict(optimizer.settings),
            "batch_size": batch_size,
            "epochs": epochs,
            "shuffle": shuffle,
            "seed": seed,
        },
    )


def not_finite_before_training() -> DivergenceError:
    """Return the error of a cost that is not finite at the starting weights."""
    return DivergenceError(
        "the cost is NaN or Inf before training: "
        "standardise the inputs or use smaller starting weights"
    )


def diverged(epoch: int, learning_rate: float) -> DivergenceError:
    """Return the error of a cost or a weight that is not finite after an epoch."""
    return DivergenceError(
        f"the cost or a weight became NaN or Inf in epoch {epoch}; the network keeps its weights "
        f"from before that epoch. Try a smaller learning_rate (now {describe(learning_rate)}), "
        "standardised inputs or smaller starting weights"
    )
