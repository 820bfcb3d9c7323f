"""How a training makes its updates, a stretch at a time: by numpy or by the kernel. Twins:
r/stretches.R.

Sections 6 and 19 of docs/contract.md. JavaScript has one way, in training.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from twinprop import kernel
from twinprop.arithmetic import PORTABLE
from twinprop.backprop import vanishing_denominator
from twinprop.checks import Array
from twinprop.costs import penalty
from twinprop.errors import TrainingError
from twinprop.random import RandomStream
from twinprop.recorder import RecordedStep, Recorder

if TYPE_CHECKING:
    from twinprop.training import Update

#: In fast arithmetic the kernel takes batches of so many rows times weights at most. Up to there it
#: was faster than numpy for every shape that was measured, 1.3 to 60 times; from about 25,000 on
#: numpy's matrix products win for the first ones, and at 200,000 for most.
KERNEL_LIMIT = 20_000

#: What a call of the kernel does at most, in the units of `choose_way`: tens of milliseconds, after
#: which a training can be interrupted.
WORK_PER_CALL = 50_000_000


@dataclass
class Job:
    """What there is to do.

    Attributes
    ----------
    update : Update
        For whole batches; it knows the network, the optimiser and all that is asked of an update.
    cost, rule : str
    x, d : ndarray, (n, n_1) and (n, n_L)
    weight : ndarray, (n,), or None
        The samples' weights, of mean 1.
    batch_size, epochs : int
    shuffle : bool
    stream : RandomStream
    rates : callable
        ``rates(first, last)`` are the learning rates of these epochs, from 1; a float64 array.
    diverged : callable
        ``diverged(epoch)`` is the error of a cost or a weight that is not finite.
    """

    update: Update
    cost: str
    rule: str
    x: Array
    d: Array
    weight: Array | None
    batch_size: int
    epochs: int
    shuffle: bool
    stream: RandomStream
    rates: Callable[[int, int], Array]
    diverged: Callable[[int], TrainingError]

    def __post_init__(self) -> None:
        self.rows = len(self.x)
        self.batches = -(-self.rows // self.batch_size)  # updates of an epoch


class ByNumpy:
    """Updates one by one, recorded where that is asked for.

    Attributes
    ----------
    costs : list of float
        Of the epochs completed.
    updates : int
        How many were made.
    before : ndarray
        The parameters before the epoch that is going on.
    """

    def __init__(self, job: Job, recorder: Recorder | None) -> None:
        self.costs: list[float] = []
        self.before = job.update.network.parameters.copy()
        self._job = job
        self._recorder = recorder
        self._begun = 0
        self.updates = 0
        self._one_by_one = self._make()

    def reach(self) -> int:
        """Return how many updates are left of the epoch."""
        return self._job.batches - self.updates % self._job.batches

    def make(self, updates: int) -> TrainingError | None:
        """Make so many updates, as many as are in reach; return what is wrong after an epoch."""
        wrong = None
        for _ in range(updates):
            wrong = next(self._one_by_one)
        return wrong

    def interrupted(self) -> bool:
        """Return whether an epoch is unfinished."""
        return len(self.costs) < self._begun

    def _make(self) -> Iterator[TrainingError | None]:
        """Make an update each time that one is asked for."""
        job, recorder = self._job, self._recorder
        network, optimizer = job.update.network, job.update.optimizer
        arithmetic = job.update.learning.arithmetic
        weights = network.parameters[: network.n_weights]
        weight_decay = optimizer.settings["weight_decay"]
        rows = job.rows
        order = np.arange(rows if recorder is not None else 0)
        batches = self._batches()
        while True:
            np.copyto(self.before, network.parameters)
            self._begun += 1
            optimizer.settings["learning_rate"] = float(job.rates(self._begun, self._begun)[0])
            if job.shuffle:
                order = job.stream.order(rows)
            total = 0.0
            for start, stop, update in batches:
                started_from = None
                if recorder is not None and self.updates + 1 == recorder.due:
                    started_from = network.parameters.copy()
                if update.dropout is not None:
                    update.dropout.draw(job.stream)
                # The penalty is that of the weights of this forward pass.
                total += (stop - start) * penalty(weights, weight_decay, arithmetic)
                batch = order[start:stop] if job.shuffle else slice(start, stop)
                batch_cost = update(job.x, job.d, job.weight, batch)
                total += batch_cost
                self.updates += 1
                if recorder is not None and started_from is not None:
                    decay = penalty(started_from[: network.n_weights], weight_decay, arithmetic)
                    step = RecordedStep(
                        self.updates,
                        self._begun,
                        order[start:stop] + 1,
                        batch_cost / (stop - start) + decay,
                        *network.views(started_from),
                        [e.copy() for e in update.buffers.backward.e],
                        *network.views(update.gradient.copy()),
                    )
                    recorder.keep(step)
                if stop < rows:
                    yield None
            if math.isfinite(total) and np.isfinite(network.parameters).all():
                self.costs.append(total / rows)
                yield None
            else:
                yield job.diverged(self._begun)

    def _batches(self) -> list[tuple[int, int, Update]]:
        """Return where each batch starts and stops, and its update."""
        job = self._job
        rows, size = job.rows, job.batch_size
        batches = [(start, min(start + size, rows), job.update) for start in range(0, rows, size)]
        if rows % size:
            start, stop, _ = batches[-1]
            batches[-1] = start, stop, job.update.rows(stop - start)
        return batches


class ByKernel:
    """Many updates a call. The attributes are those of `ByNumpy`."""

    def __init__(self, job: Job, epochs_per_call: int) -> None:
        self.costs: list[float] = []
        self.before = job.update.network.parameters.copy()
        self._job = job
        self._epochs_per_call = epochs_per_call
        self._first = 0  # of the epochs whose random numbers are drawn
        self._drawn = 0  # how many they are
        self._orders: npt.NDArray[np.intp] | None = None
        self._uniforms: Array | None = None
        self.updates = 0
        # What the last call was given and what it wrote, for whoever is interrupted.
        self._call = _Call(0, 0, 0, np.empty(0), np.zeros(6, dtype=np.intc))

    @functools.cached_property
    def _trainer(self) -> kernel.Trainer:
        job, update = self._job, self._job.update
        network, optimizer = update.network, update.optimizer
        optimizer.prepare(network.parameters.size)
        return kernel.Trainer(
            layers=network.layers,
            activations=network.activations,
            cost=job.cost,
            rule=job.rule,
            update_order="output_first" if update.output_first else "simultaneous",
            optimizer=optimizer.settings,
            x=np.ascontiguousarray(job.x),
            d=np.ascontiguousarray(job.d),
            sample_weight=job.weight,
            batch_size=job.batch_size,
            dropout=[] if update.dropout is None else update.dropout.rates,
            clip_norm=update.clip_norm,
            parameters=network.parameters,
            state=optimizer.state,
            before=self.before,
        )

    def reach(self) -> int:
        """Return how many updates are left of the epochs that are drawn, or of the next ones."""
        job = self._job
        end = (self._first + self._drawn) * job.batches
        if self.updates < end:
            return end - self.updates
        return min(self._epochs_per_call, job.epochs - self._first - self._drawn) * job.batches

    def make(self, updates: int) -> TrainingError | None:
        """Make so many updates, as many as are in reach; return what ended them early."""
        job, optimizer = self._job, self._job.update.optimizer
        trainer = self._trainer
        if self.updates == (self._first + self._drawn) * job.batches:
            self._draw()
        first, start = divmod(self.updates, job.batches)
        last = -(-(self.updates + updates) // job.batches)
        rates = job.rates(first + 1, last)
        optimizer.settings["learning_rate"] = float(rates[-1])
        self._call = call = _Call(
            len(self.costs),
            self.updates,
            optimizer.updates,
            np.empty(last - first),
            np.zeros(6, dtype=np.intc),
        )
        orders = None if self._orders is None else self._orders[first - self._first :][: len(rates)]
        outcome = trainer(
            start,
            updates,
            optimizer.updates,
            rates,
            call.costs,
            call.status,
            orders,
            self._uniforms_of(updates),
        )
        self._settle()
        if outcome.code == kernel.NOT_FINITE:
            return job.diverged(first + outcome.epoch + 1)
        if outcome.code == kernel.VANISHED:
            return vanishing_denominator(job.rule, outcome.neuron, outcome.layer)
        if outcome.code == kernel.NO_MEMORY:
            raise MemoryError
        return None

    def interrupted(self) -> bool:
        """Count what the last call did; return whether an epoch is unfinished, or failed."""
        self._settle()
        return self._call.status[0] != kernel.OK or self.updates % self._job.batches != 0

    def _settle(self) -> None:
        """Enter what the last call did, as often as one likes."""
        call = self._call
        outcome = kernel.Outcome(*call.status.tolist())
        self.costs[call.epochs_before :] = call.costs[: outcome.epochs].tolist()
        self.updates = call.updates_before + outcome.updates
        self._job.update.optimizer.updates = call.made_before + outcome.updates

    def _draw(self) -> None:
        """Draw the orders and the uniforms of the next epochs, as they come from the stream."""
        job, rows = self._job, self._job.rows
        self._first += self._drawn
        self._drawn = min(self._epochs_per_call, job.epochs - self._first)
        ordering = rows if job.shuffle else 0
        per_epoch = ordering + rows * self._trainer.uniforms_per_row
        if per_epoch == 0:
            return
        drawn = job.stream.uniform(self._drawn * per_epoch).reshape(self._drawn, per_epoch)
        if job.shuffle:
            self._orders = np.argsort(drawn[:, :rows], axis=1, kind="stable")
        self._uniforms = drawn[:, ordering:].ravel()

    def _uniforms_of(self, updates: int) -> Array | None:
        """Return those of the next updates."""
        if not self._trainer.uniforms_per_row or self._uniforms is None:
            return None
        begin, end = (
            self._trainer.rows_before(batch) * self._trainer.uniforms_per_row
            for batch in (
                self.updates - self._first * self._job.batches,
                self.updates - self._first * self._job.batches + updates,
            )
        )
        return self._uniforms[begin:end]


class _Call(NamedTuple):
    """What a call of the kernel was given, and where it writes what it did."""

    epochs_before: int
    updates_before: int
    made_before: int
    costs: Array
    status: npt.NDArray[np.intc]


def choose_way(job: Job, recorder: Recorder | None, epoch_by_epoch: bool) -> ByNumpy | ByKernel:
    """Return the faster way that can do the job; portable arithmetic has the same bits by both."""
    network, learning = job.update.network, job.update.learning
    small = job.batch_size * network.n_weights <= KERNEL_LIMIT
    fits = learning.arithmetic is PORTABLE or small
    if recorder is not None or not fits or not kernel.available():
        return ByNumpy(job, recorder)
    # An epoch's work, in units of about half a nanosecond; the numbers were measured.
    units = sum(network.layers[1:])
    per_row = 3 * network.n_weights + 10 * units
    per_update = 2 * network.parameters.size + 100
    work = job.rows * per_row + job.batches * per_update
    return ByKernel(job, 1 if epoch_by_epoch else max(1, WORK_PER_CALL // work))
