"""What single updates did, recorded. Twins: r/recorder.R, inst/js/recorder.js.

Section 6 of docs/contract.md. The bookkeeping only: the training loop hands over the arrays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, overload

import numpy as np
import numpy.typing as npt

from twinprop.checks import Array

if TYPE_CHECKING:
    import pandas as pd

#: The numbers that a recording may hold: 64 MiB in float64.
LIMIT = 2**23

#: What an array takes beside its numbers, about, as so many numbers.
_ARRAY = 32


@dataclass(frozen=True, repr=False, eq=False)
class RecordedStep:
    """What one update did.

    Attributes
    ----------
    update, epoch : int
        Its number in the training and its epoch's, from 1.
    rows : ndarray of int, (m,)
        The numbers of its rows, from 1, in the batch's order.
    cost : float
        The batch's mean cost, with the penalty of weight decay, before the update.
    weights, biases : list of ndarray
        The ones it started from; lists over the layers 2..L, (n_l, n_{l-1}) and (n_l,) each.
    e : list of ndarray
        The errors as they were used; (m, n_l) each.
    grad_weights, grad_biases : list of ndarray
        The gradients; (n_l, n_{l-1}) and (n_l,) each.
    """

    update: int
    epoch: int
    rows: npt.NDArray[np.int64]
    cost: float
    weights: list[Array]
    biases: list[Array]
    e: list[Array]
    grad_weights: list[Array]
    grad_biases: list[Array]

    def __repr__(self) -> str:
        return (
            f"RecordedStep(update {self.update}, epoch {self.epoch}, {len(self.rows)} rows, "
            f"cost {self.cost:.6g})"
        )


@dataclass(frozen=True, repr=False, eq=False)
class Recording(Sequence[RecordedStep]):
    """The updates that a training recorded: a sequence of `RecordedStep`.

    Attributes
    ----------
    interval : int
        The recorded updates are 1, 1 + interval, 1 + 2 interval, ...: what was asked for, or that
        times a power of two, where not all steps would have fitted.
    updates : int
        How many updates the training made.
    steps : list of RecordedStep

    Examples
    --------
    What a step does not hold follows from its weights and the data. Here its errors and gradients
    are computed again:

    >>> import numpy as np
    >>> from twinprop import Network
    >>> x, d = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([[0], [1], [1], [0]])
    >>> run = Network([2, 3, 1]).train(x, d, epochs=2, record="steps")
    >>> run.recording
    Recording: 8 steps of 8 updates (interval 1)
    >>> step = run.recording[6]
    >>> step
    RecordedStep(update 7, epoch 2, 1 rows, cost 0.0928741)
    >>> network = Network([2, 3, 1], weights=step.weights, biases=step.biases)
    >>> forward = network.forward(x[step.rows - 1])
    >>> backward = network.backward(forward, d[step.rows - 1])
    >>> all(np.allclose(p, q) for p, q in zip(backward.e, step.e))
    True
    >>> all(np.allclose(p, q) for p, q in zip(backward.grad_weights, step.grad_weights))
    True
    """

    interval: int
    updates: int
    steps: list[RecordedStep]

    def __len__(self) -> int:
        return len(self.steps)

    @overload
    def __getitem__(self, index: int) -> RecordedStep: ...

    @overload
    def __getitem__(self, index: slice) -> list[RecordedStep]: ...

    def __getitem__(self, index: int | slice) -> RecordedStep | list[RecordedStep]:
        return self.steps[index]

    def __repr__(self) -> str:
        return (
            f"Recording: {len(self.steps)} steps of {self.updates} updates "
            f"(interval {self.interval})"
        )

    @property
    def table(self) -> pd.DataFrame:
        """All numbers as a DataFrame, a row for each.

        Its columns are update, epoch, sample (the number of its row, for errors; else NA), layer,
        from (NA but for weights and their gradients), to, quantity ("weight", "bias", "error",
        "gradient_weight", "gradient_bias") and value.
        """
        import pandas as pd

        columns = _columns(self.steps)
        for name in ("sample", "from"):
            numbers = pd.Series(columns[name], dtype="Int64")
            columns[name] = numbers.mask(numbers == 0)
        columns["quantity"] = pd.Series(columns["quantity"], dtype=str)  # without steps too
        return pd.DataFrame(columns)


def step_size(layers: Sequence[int], rows: int) -> int:
    """Return how many numbers a step counts as."""
    parameters = sum(n * (m + 1) for m, n in zip(layers, layers[1:], strict=False))
    arrays = 5 * (len(layers) - 1)
    return 2 * parameters + rows * (1 + sum(layers[1:])) + _ARRAY * arrays


class Recorder:
    """Keeps the steps of a training that its interval and the limit leave.

    Attributes
    ----------
    interval : int
    due : int
        The number of the next update to be recorded.
    """

    def __init__(self, interval: int, layers: Sequence[int], limit: int = LIMIT) -> None:
        self.interval = interval
        self.due = 1
        self._layers = layers
        self._limit = limit
        self._steps: list[RecordedStep] = []
        self._size = 0

    def keep(self, step: RecordedStep) -> None:
        """Keep the step that was due; if it does not fit, thin out those before it."""
        size = step_size(self._layers, len(step.rows))
        past = 0
        while past == 0 and len(self._steps) > 1 and self._size + size > self._limit:
            self._thin_out()
            past = (step.update - 1) % self.interval
        if past == 0:
            self._steps.append(step)
            self._size += size
        self.due = step.update - past + self.interval

    def _thin_out(self) -> None:
        """Drop every second step and double the interval."""
        self._steps = self._steps[::2]
        self._size = sum(step_size(self._layers, len(step.rows)) for step in self._steps)
        self.interval *= 2

    def recording(self, updates: int) -> Recording:
        """Return the recording of a training that made so many updates."""
        steps = [step for step in self._steps if step.update <= updates]
        return Recording(self.interval, updates, steps)


def _columns(steps: Sequence[RecordedStep]) -> dict[str, Any]:
    """Return the table's columns as arrays; sample and from are 0 where there is none."""
    columns: dict[str, list[npt.NDArray[Any]]] = {name: [column] for name, column in _EMPTY.items()}
    places: dict[int, dict[str, npt.NDArray[Any]]] = {}  # by the number of rows
    for step in steps:
        rows = len(step.rows)
        if rows not in places:
            places[rows] = _places([step.weights[0].shape[1], *map(len, step.biases)], rows)
        place = places[rows]
        value = np.concatenate([array.ravel() for array in _in_order(step)])
        numbers = {
            **place,
            "update": np.full(value.size, step.update),
            "epoch": np.full(value.size, step.epoch),
            "sample": np.concatenate([[0], step.rows])[place["sample"]],
            "value": value,
        }
        for name, column in columns.items():
            column.append(numbers[name])
    return {name: np.concatenate(column) for name, column in columns.items()}


_EMPTY: dict[str, npt.NDArray[Any]] = {
    **{
        name: np.empty(0, np.int64) for name in ("update", "epoch", "sample", "layer", "from", "to")
    },
    "quantity": np.empty(0, object),
    "value": np.empty(0),
}


def _in_order(step: RecordedStep) -> list[Array]:
    """Return the arrays of a step in the order of the table."""
    layers = zip(
        step.weights, step.biases, step.e, step.grad_weights, step.grad_biases, strict=True
    )
    return [array for layer in layers for array in layer]


def _places(layers: Sequence[int], rows: int) -> dict[str, npt.NDArray[Any]]:
    """Name the table's rows for a step: sample (from 1 in the batch), layer, from, to, quantity."""
    found: list[tuple[int, int, int, int, str]] = []
    for layer, (inputs, units) in enumerate(zip(layers, layers[1:], strict=False), start=2):
        to = range(1, units + 1)
        weights = [(0, layer, j, k) for k in to for j in range(1, inputs + 1)]
        biases = [(0, layer, 0, k) for k in to]
        errors = [(i, layer, 0, k) for i in range(1, rows + 1) for k in to]
        for quantity, places in (
            ("weight", weights),
            ("bias", biases),
            ("error", errors),
            ("gradient_weight", weights),
            ("gradient_bias", biases),
        ):
            found += [(*place, quantity) for place in places]
    names = ("sample", "layer", "from", "to", "quantity")
    return {
        name: np.array(column, dtype=_EMPTY[name].dtype)
        for name, column in zip(names, zip(*found, strict=True), strict=True)
    }
