"""The training loop. Twins: r/training.R, inst/js/training.js.

Section 6 of docs/contract.md. Everything is checked and allocated before the first update.
"""

from __future__ import annotations

import copy
import math
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from twinprop import kernel
from twinprop.activations import ACTIVATIONS
from twinprop.arithmetic import ARITHMETICS, FAST, PORTABLE, Arithmetic
from twinprop.backprop import (
    BLOCK_ROWS,
    RULES,
    UPDATE_ORDERS,
    Buffers,
    Dropout,
    Learning,
    Space,
    backward_pass,
    forward_pass,
    gradient_sums,
    learning,
    make_buffers,
    make_dropout,
    make_masks,
)
from twinprop.checks import (
    Array,
    check_choice,
    check_clip_norm,
    check_dropout,
    check_integer,
    check_matrix,
    check_record,
    check_sample_weight,
    check_seed,
    check_snapshots,
    check_switch,
    describe,
    is_integer,
)
from twinprop.costs import COSTS, cost_function, penalty
from twinprop.errors import DivergenceError, InputError, TrainingError
from twinprop.fingerprint import SHOWN, fingerprint_of
from twinprop.optimizers import Optimizer, as_optimizer, clip_gradient
from twinprop.progress import show_nothing, show_progress
from twinprop.random import RandomStream
from twinprop.recorder import Recorder, Recording
from twinprop.schedules import check_schedule, learning_rate_at
from twinprop.stretches import Job, choose_way
from twinprop.threads import (
    CHUNK_ROWS,
    SINGLE_THREADED_BLAS,
    SINGLE_THREADED_WORK,
    chunks_of,
    in_order,
)

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
        batch_size, epochs, shuffle, seed, sample_weight, dropout, clip_norm, schedule and
        arithmetic; None if the run was read from a file.
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
            f"cost {self.initial_cost:.6g} -> {self.final_cost:.6g}, "
            f"fingerprint {self.fingerprint[:SHOWN]})"
        )

    @property
    def fingerprint(self) -> str:
        """The costs of the epochs, the weights and the biases in 32 digits: see `fingerprint`."""
        return fingerprint_of(self.cost, self.weights, self.biases)

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
    "dropout": 0.0,
    "clip_norm": None,
    "schedule": None,
    "arithmetic": "fast",
}


def check_training(
    given: Mapping[str, Any], check: Callable[[Any], Any], hidden: int, prefix: str = ""
) -> dict[str, Any]:
    """Return the settings of a training, checked.

    `check` is for the optimizer; `hidden` says how many hidden layers there are. The batch size is
    checked against the rows, by `check_batch_size`, once these are known.
    """
    cost = check_choice(given["cost"], f"{prefix}cost", COSTS)
    rule = check_choice(given["rule"], f"{prefix}rule", RULES)
    update_order = check_choice(given["update_order"], f"{prefix}update_order", UPDATE_ORDERS)
    optimizer = check(given["optimizer"])
    name = (optimizer.settings if isinstance(optimizer, Optimizer) else optimizer)["name"]
    return {
        "cost": cost,
        "rule": rule,
        "update_order": update_order,
        "optimizer": optimizer,
        "batch_size": given["batch_size"],
        "epochs": check_integer(given["epochs"], f"{prefix}epochs", 0),
        "shuffle": check_switch(given["shuffle"], f"{prefix}shuffle"),
        "seed": check_seed(given["seed"], f"{prefix}seed"),
        "snapshots": check_snapshots(given["snapshots"], f"{prefix}snapshots"),
        "record": check_record(given["record"], f"{prefix}record"),
        "dropout": check_dropout(given["dropout"], f"{prefix}dropout", hidden),
        "clip_norm": check_clip_norm(given["clip_norm"], f"{prefix}clip_norm", update_order),
        "schedule": check_schedule(given["schedule"], f"{prefix}schedule", name),
        "arithmetic": check_choice(given["arithmetic"], f"{prefix}arithmetic", ARITHMETICS),
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


Rows = npt.NDArray[np.intp]
ALL_ROWS = slice(None)


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
        dropout: Dropout | None,
        clip_norm: float | None,
    ) -> None:
        self.network = network
        self.learning = learning
        self.optimizer = optimizer
        self.buffers = buffers
        self.gradient = gradient
        self.dropout = dropout
        self.clip_norm = clip_norm
        self.output_first = update_order == "output_first"
        self._layer_parts = _layer_parts(network)

    def __call__(
        self,
        x: Array,
        d: Array,
        sample_weight: Array | None = None,
        rows: slice | Rows = ALL_ROWS,
    ) -> float:
        """Make the update from a batch; return the sum of its samples' costs.

        x is (n, n_1), d (n, n_L), the samples' weights (n,); `rows` says which rows of them are the
        batch, m rows as the buffers have it.
        """
        network, buffers, arithmetic = self.network, self.buffers, self.learning.arithmetic
        x, d = x[rows], d[rows]
        weight = None if sample_weight is None else sample_weight[rows]
        forward_pass(
            network.weights,
            network.biases,
            self.learning.activations,
            x,
            buffers.forward,
            self.dropout,
            arithmetic,
        )
        after_layer = None
        if self.output_first:
            self.optimizer.start_update(network.parameters.size)
            after_layer = self._move_layer
        backward_pass(
            network.weights,
            d,
            self.learning,
            buffers,
            after_layer,
            sample_weight=None if weight is None else weight[:, np.newaxis],
            dropout=self.dropout,
        )
        if not self.output_first:
            if self.clip_norm is not None:
                clip_gradient(self.gradient, self.clip_norm, arithmetic)
            move_all(network, self.gradient, self.optimizer, arithmetic)
        z, a = buffers.forward
        costs = self.learning.cost(z[-1], a[-1], d, arithmetic)
        if weight is not None:
            costs *= weight
        return arithmetic.total(costs)

    def _move_layer(self, i: int) -> None:
        weights, biases = self._layer_parts[i]
        parameters, gradient = self.network.parameters, self.gradient
        arithmetic = self.learning.arithmetic
        self.optimizer.move(parameters, gradient, weights, decay=True, arithmetic=arithmetic)
        self.optimizer.move(parameters, gradient, biases, decay=False, arithmetic=arithmetic)

    def rows(self, n: int) -> Update:
        """Return the same update for batches of the first n rows of the buffers."""
        smaller = copy.copy(self)
        smaller.buffers = self.buffers.rows(n)
        if self.dropout is not None:
            smaller.dropout = self.dropout.rows(n, smaller.buffers.forward.a)
        return smaller


class _Batch(NamedTuple):
    """The rows of an update; `order` says which of x, d and weight they are, None all of them."""

    x: Array
    d: Array
    weight: Array | None
    order: Rows | None
    factor: float


class LeanUpdate(Update):
    """An update that leaves nothing but moved weights: simultaneous, in fast arithmetic.

    It goes through the batch in blocks, and of many rows in chunks of such on threads.
    """

    def __init__(self, rows: int, *of_update: Any) -> None:
        super().__init__(*of_update)
        self._block_rows = min(rows, BLOCK_ROWS)
        self._spaces: list[Space] = []

    def __call__(
        self,
        x: Array,
        d: Array,
        sample_weight: Array | None = None,
        rows: slice | Rows = ALL_ROWS,
    ) -> float:
        """Make the update from a batch, as that of `Update`."""
        network, optimizer = self.network, self.optimizer
        if isinstance(rows, slice):
            weight = None if sample_weight is None else sample_weight[rows]
            batch = _Batch(x[rows], d[rows], weight, None, 0.0)
            m = len(batch.x)
        else:
            batch = _Batch(x, d, sample_weight, rows, 0.0)
            m = len(rows)
        # Plain descent subtracts the gradient times the rate, so the rate is one more factor of it.
        plain = optimizer.is_plain and self.clip_norm is None
        factor = self.learning.scale / m
        if plain:
            factor *= optimizer.settings["learning_rate"]
        cost = self._add_up(batch._replace(factor=factor), m)
        if plain:
            optimizer.start_update(network.parameters.size)
            np.subtract(network.parameters, self.gradient, out=network.parameters)
        else:
            if self.clip_norm is not None:
                clip_gradient(self.gradient, self.clip_norm, self.learning.arithmetic)
            move_all(network, self.gradient, optimizer, self.learning.arithmetic)
        return cost

    def _add_up(self, batch: _Batch, m: int) -> float:
        """Write the batch's gradient, times its factor, and return the sum of its costs."""
        if m <= CHUNK_ROWS:
            if not self._spaces:
                self._spaces.append(self._make_space())
            cost, self.gradient = self._chunk(batch, slice(0, m), self._spaces[0])
            return cost
        total = 0.0
        gradient = self.gradient
        gradient[...] = 0.0

        def work(part: slice, space: Space) -> tuple[float, Array]:
            with np.errstate(all="ignore"):  # which is the thread's own
                return self._chunk(batch, part, space)

        for cost, share in in_order(work, chunks_of(m), self._spaces, self._make_space):
            total += cost
            gradient += share
        return total

    def _make_space(self) -> Space:
        return Space(self.network, self._block_rows, back=True, masked=self.dropout is not None)

    def _chunk(self, batch: _Batch, part: slice, space: Space) -> tuple[float, Array]:
        """Return the costs' sum and the gradient of a part of the batch; in the space's room."""
        network, learning = self.network, self.learning
        arithmetic = learning.arithmetic
        total = 0.0
        for rows in blocks_of(part):
            block = space.block(rows.stop - rows.start)
            if batch.order is None:
                which: slice | Rows = rows
                x, d = batch.x[rows], batch.d[rows]
            else:
                which = batch.order[rows]
                x, d = space.gather(batch.x, batch.d, which)
            dropout = None if self.dropout is None else self.dropout.of_block(rows, block)
            z, a = block.forward
            forward_pass(
                network.weights,
                network.biases,
                learning.activations,
                x,
                block.forward,
                dropout,
                arithmetic,
            )
            costs = learning.cost(z[-1], a[-1], d, arithmetic)
            factor: float | Array = batch.factor
            if batch.weight is not None:
                weight = batch.weight[which]
                costs *= weight
                factor = (weight * factor)[:, np.newaxis]
            total += arithmetic.total(costs)
            first = rows.start == part.start
            gradients = space.gradients if first else space.parts
            gradient_sums(network.weights, d, learning, block, factor, *gradients, dropout=dropout)
            if not first:
                space.gradient += space.part
        return total, space.gradient

    def rows(self, n: int) -> Update:
        """Return the same update for batches of n rows; less than those of this one."""
        smaller = copy.copy(self)
        if self.dropout is not None:
            masks = self.dropout.masks_of(slice(0, n))
            smaller.dropout = self.dropout._replace(masks=masks)
        return smaller


def blas_for(work: int) -> AbstractContextManager[Any]:
    """Return what to be inside of while batches of so many rows times weights are at work."""
    least, most = SINGLE_THREADED_WORK
    return SINGLE_THREADED_BLAS if least < work <= most else nullcontext()


def blocks_of(part: slice) -> list[slice]:
    """Return where the blocks of a part of the rows are."""
    return [
        slice(start, min(start + BLOCK_ROWS, part.stop))
        for start in range(part.start, part.stop, BLOCK_ROWS)
    ]


def _layer_parts(network: Network) -> list[tuple[slice, slice]]:
    """Where the weights and the biases of each layer lie among the parameters."""
    parts = []
    weight, bias = 0, network.n_weights
    for w, b in zip(network.weights, network.biases, strict=True):
        parts.append((slice(weight, weight + w.size), slice(bias, bias + b.size)))
        weight += w.size
        bias += b.size
    return parts


def move_all(
    network: Network, gradient: Array, optimizer: Optimizer, arithmetic: Arithmetic = FAST
) -> None:
    """Move all weights and biases by one update."""
    parameters = network.parameters
    optimizer.start_update(parameters.size)
    if optimizer.settings["weight_decay"] == 0.0:
        optimizer.move(parameters, gradient, slice(None), decay=False, arithmetic=arithmetic)
    else:
        weights, biases = slice(0, network.n_weights), slice(network.n_weights, None)
        optimizer.move(parameters, gradient, weights, decay=True, arithmetic=arithmetic)
        optimizer.move(parameters, gradient, biases, decay=False, arithmetic=arithmetic)


def make_update(
    network: Network,
    learning: Learning,
    update_order: str,
    optimizer: Optimizer,
    rows: int,
    *,
    dropout: float | Sequence[float] = 0.0,
    clip_norm: float | None = None,
    keep: bool = True,
) -> Update:
    """Allocate all that an update of `rows` samples needs.

    Without `keep` nobody looks at its passes: its buffers may hold anything then.
    """
    gradient = np.empty_like(network.parameters)
    lean = not keep and update_order == "simultaneous" and learning.arithmetic is FAST
    buffers = make_buffers(network.layers, 0 if lean else rows, *network.views(gradient))
    hidden = len(network.layers) - 2
    rates = [dropout] * hidden if isinstance(dropout, float) else list(dropout)
    masked = None
    if any(rates) and lean:
        masked = Dropout(rates, make_masks(network.layers, rows, rates), [])
    elif any(rates):
        masked = make_dropout(network.layers, rows, rates, buffers.forward.a)
    parts = network, learning, update_order, optimizer, buffers, gradient, masked, clip_norm
    return LeanUpdate(rows, *parts) if lean else Update(*parts)


def with_mean_1(sample_weight: Array, arithmetic: Arithmetic = FAST) -> Array:
    """Return weights of samples, (n,), divided by their mean."""
    shares = sample_weight / sample_weight.max()  # whose sum does not overflow
    return shares * (len(shares) / arithmetic.total(shares))


def exact_cost(
    network: Network,
    x: Array,
    d: Array,
    cost: str,
    weight_decay: float,
    sample_weight: Array | None = None,
    arithmetic: Arithmetic = FAST,
) -> tuple[float, Array]:
    """Return the cost over all samples, with the penalty, and the outputs (n, n_L).

    The samples' weights, (n,), have mean 1.
    """
    if arithmetic is PORTABLE and kernel.available():
        _, a, value = kernel.forward(
            network.layers,
            network.activations,
            network.parameters,
            np.ascontiguousarray(x),
            np.ascontiguousarray(d),
            cost=cost,
            weight_decay=weight_decay,
            sample_weight=sample_weight,
        )
        return value, a
    costs = np.empty(len(x))
    outputs = evaluate(network, x, arithmetic, cost, d, costs)
    with np.errstate(all="ignore"):
        if sample_weight is not None:
            costs *= sample_weight
        weights = network.parameters[: network.n_weights]
        mean = arithmetic.total(costs) / len(costs)
        return mean + penalty(weights, weight_decay, arithmetic), outputs


def evaluate(
    network: Network,
    x: Array,
    arithmetic: Arithmetic = FAST,
    cost: str = "",
    d: Array | None = None,
    costs: Array | None = None,
) -> Array:
    """Return the outputs, (n, n_L), block by block; of d, write each sample's cost into `costs`."""
    outputs = np.empty((len(x), network.layers[-1]))
    functions = [ACTIVATIONS[name] for name in network.activations]
    sample_cost = cost_function(cost, network.activations[-1]).value if cost else None

    def work(part: slice, space: Space) -> None:
        with np.errstate(all="ignore"):
            for rows in blocks_of(part):
                result = space.block(rows.stop - rows.start).forward
                forward_pass(
                    network.weights, network.biases, functions, x[rows], result, None, arithmetic
                )
                outputs[rows] = result.a[-1]
                if sample_cost is not None and d is not None and costs is not None:
                    costs[rows] = sample_cost(result.z[-1], result.a[-1], d[rows], arithmetic)

    def make_space() -> Space:
        return Space(network, min(len(x), BLOCK_ROWS), back=False, masked=False)

    if len(x) <= CHUNK_ROWS:
        work(slice(0, len(x)), make_space())
    else:
        for _ in in_order(work, chunks_of(len(x)), [], make_space):
            pass
    return outputs


def train(
    network: Network,
    x: Any,
    d: Any,
    settings: Mapping[str, Any],
    *,
    sample_weight: Any,
    progress: bool,
) -> Run:
    """Check the settings (the keys of `DEFAULTS`) and train; `Network.train` calls this."""
    checked = check_training(settings, as_optimizer, len(network.layers) - 2)
    network.check_cost(checked["cost"])
    x = check_matrix(x, "x", network.layers[0])
    d = network.check_targets(d, x, checked["cost"])
    checked["sample_weight"] = check_sample_weight(sample_weight, "sample_weight", len(x))
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
    sample_weight: Array | None = None,
    dropout: float | Sequence[float] = 0.0,
    clip_norm: float | None = None,
    schedule: Mapping[str, Any] | None = None,
    arithmetic: str = "fast",
    progress: bool = False,
    after_epoch: Callable[[int, float], bool | None] | None = None,
    warn_interrupted: bool = True,
) -> Run:
    """Train with settings that were checked.

    `after_epoch` gets each epoch's number and cost. If it returns True, the training ends there:
    the run has that many epochs. It may also change the optimizer's learning rate. Whoever warns
    of an interruption in words of their own turns `warn_interrupted` off.
    """
    started = time.perf_counter()
    computing = ARITHMETICS[arithmetic]
    rows = len(x)
    weight_decay = optimizer.settings["weight_decay"]
    start_rate = optimizer.settings["learning_rate"]
    weight = None if sample_weight is None else with_mean_1(sample_weight, computing)
    initial_cost = exact_cost(network, x, d, cost, weight_decay, weight, computing)[0]
    if not math.isfinite(initial_cost):
        raise not_finite_before_training()

    update = make_update(
        network,
        learning(network.activations, network.layers[-1], cost, rule, computing),
        update_order,
        optimizer,
        batch_size,
        dropout=dropout,
        clip_norm=clip_norm,
        keep=record is not None,
    )

    def given_rate() -> float:
        """Return the learning rate, without the factor of a schedule."""
        now = optimizer.settings["learning_rate"] if schedule is None else start_rate
        return float(now)

    def rates(first: int, last: int) -> Array:
        """Return the learning rates of these epochs."""
        if schedule is None:
            return np.full(last - first + 1, given_rate())
        return np.array(
            [
                learning_rate_at(epoch, schedule, start_rate, epochs, rows, computing)
                for epoch in range(first, last + 1)
            ]
        )

    recorder = None if record is None else Recorder(record, network.layers)
    job = Job(
        update=update,
        cost=cost,
        rule=rule,
        x=x,
        d=d,
        weight=weight,
        batch_size=batch_size,
        epochs=epochs,
        shuffle=shuffle,
        stream=RandomStream(seed),
        rates=rates,
        diverged=lambda epoch: diverged(epoch, given_rate()),
    )
    way = choose_way(job, recorder, epoch_by_epoch=after_epoch is not None)
    kept: list[Snapshot] = []
    to_keep = [*snapshots, math.inf]
    shown = 0
    ended = False

    try:
        with (
            np.errstate(all="ignore"),
            blas_for(batch_size * network.n_weights),
            show_progress(progress, epochs) as show,
        ):
            while not ended and way.updates < epochs * job.batches:
                error = way.make(int(min(way.reach(), to_keep[len(kept)] - way.updates)))
                if show is not show_nothing:
                    for done in range(shown, len(way.costs)):
                        show(done + 1, way.costs[done])
                shown = len(way.costs)
                if error is not None:
                    raise error
                if way.updates == to_keep[len(kept)]:
                    exact = exact_cost(network, x, d, cost, weight_decay, weight, computing)[0]
                    copies = network.views(network.parameters.copy())
                    kept.append(Snapshot(way.updates, exact, *copies))
                if after_epoch is not None and way.updates % job.batches == 0:
                    ended = bool(after_epoch(shown, way.costs[-1]))
        updates = way.updates
        final_cost, outputs = exact_cost(network, x, d, cost, weight_decay, weight, computing)
        if not math.isfinite(final_cost):
            raise diverged(len(way.costs), given_rate())
    except TrainingError as error:
        np.copyto(network.parameters, way.before)
        error.network = network
        error.recording = None if recorder is None else recorder.recording(way.updates)
        raise
    except KeyboardInterrupt:
        if way.interrupted():
            np.copyto(network.parameters, way.before)
        if warn_interrupted:
            warnings.warn(
                "training interrupted; "
                f"the network keeps its weights after {len(way.costs)} epochs",
                stacklevel=4,  # whoever called Network.train
            )
        updates = len(way.costs) * job.batches
        kept = [snapshot for snapshot in kept if snapshot.updates <= updates]
        final_cost, outputs = exact_cost(network, x, d, cost, weight_decay, weight, computing)
    finally:
        if schedule is not None:
            optimizer.settings["learning_rate"] = start_rate

    final_weights, final_biases = network.views(network.parameters.copy())
    return Run(
        engine="python",
        updates=updates,
        seconds=time.perf_counter() - started,
        initial_cost=initial_cost,
        cost=np.array(way.costs),
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
            "sample_weight": sample_weight,
            "dropout": dropout,
            "clip_norm": clip_norm,
            "schedule": schedule,
            "arithmetic": arithmetic,
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
