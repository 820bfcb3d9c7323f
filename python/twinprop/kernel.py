"""The kernel: training and forward in C, if they were compiled. Twins: r/kernel.R; C in kernel/.

Section 19 of docs/contract.md: kernel/kernel.c computes in portable arithmetic alone. Everything
is checked here before an address leaves Python. The library lies beside this file; it is looked
for when it is first asked for, and TWINPROP_KERNEL=off hides it.
"""

from __future__ import annotations

import ctypes
import functools
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from twinprop.checks import Array

LIBRARY = Path(__file__).with_name("_kernel.dll" if sys.platform == "win32" else "_kernel.so")

#: What the library says of its arguments; one compiled from another kernel.c is left alone.
INTERFACE = 1

# The codes of names in kernel.c are their places here.
ACTIVATIONS = ("sigmoid", "tanh", "relu", "leaky_relu", "softplus", "identity", "softmax")
COSTS = ("half_mse", "half_sse", "mse", "cross_entropy")
RULES = ("gradient", "transpose", "proportional", "proportional_abs")

#: What an optimiser is to the kernel: its code, and its state arrays in order.
OPTIMIZERS: dict[str, tuple[int, tuple[str, ...]]] = {
    "sgd": (0, ("velocity",)),
    "momentum": (0, ("velocity",)),
    "nesterov": (0, ("velocity",)),
    "rmsprop": (1, ("square", "velocity")),
    "adam": (2, ("mean", "square")),
    "rprop": (3, ("previous", "step")),
}

OK, NOT_FINITE, VANISHED, NO_MEMORY = range(4)

#: C's int has to hold every size and number of updates of a call.
LARGEST_INT = 2**31 - 1


class Outcome(NamedTuple):
    """What a call did.

    Attributes
    ----------
    code : int
        OK, NOT_FINITE (cost or weight, after an epoch), VANISHED (a denominator) or NO_MEMORY.
    epoch : int
        The epoch of this call, from 0, in which it failed.
    layer, neuron : int
        Whose denominator vanished, from 1.
    epochs, updates : int
        How many were completed; so many costs were written.
    """

    code: int
    epoch: int
    layer: int
    neuron: int
    epochs: int
    updates: int


def available() -> bool:
    """Whether the kernel is there: compiled when twinprop was installed, and not turned off.

    Returns
    -------
    bool

    Notes
    -----
    The environment variable ``TWINPROP_KERNEL=off`` turns it off. Without it trainings give the
    same numbers, but take longer.

    Examples
    --------
    >>> import os
    >>> os.environ["TWINPROP_KERNEL"] = "off"
    >>> available()
    False
    >>> del os.environ["TWINPROP_KERNEL"]
    """
    return os.environ.get("TWINPROP_KERNEL") != "off" and _library(LIBRARY) is not None


@contextmanager
def turned_off() -> Iterator[None]:
    """Do without the kernel, here and in processes that are started meanwhile."""
    before = os.environ.get("TWINPROP_KERNEL")
    os.environ["TWINPROP_KERNEL"] = "off"
    try:
        yield
    finally:
        if before is None:
            del os.environ["TWINPROP_KERNEL"]
        else:
            os.environ["TWINPROP_KERNEL"] = before


@functools.cache
def _library(path: Path) -> ctypes.CDLL | None:
    """Load the library, or return None if it is not there, for another platform or another C."""
    try:
        library = ctypes.CDLL(str(path))
        number = ctypes.c_int(0)
        library.twinprop_kernel_interface(ctypes.byref(number))
    except (OSError, AttributeError):
        return None
    if number.value != INTERFACE:
        return None
    for name, arguments in (("twinprop_kernel", 18), ("twinprop_kernel_forward", 12)):
        function = getattr(library, name)
        function.argtypes = [ctypes.c_void_p] * arguments
        function.restype = None
    return library


def _address(values: npt.NDArray[Any] | None) -> int | None:
    return None if values is None else values.ctypes.data


def _doubles(values: Any, name: str, *shape: int, writeable: bool = False) -> Array:
    """Return an array as it is if C may take it for so many doubles, row after row."""
    if not (
        isinstance(values, np.ndarray)
        and values.dtype == np.float64
        and values.shape == shape
        and values.flags.c_contiguous
        and values.flags.aligned
        and (values.flags.writeable or not writeable)
    ):
        raise ValueError(f"{name} must be a C-contiguous float64 array of shape {shape}")
    return values


def _integer(value: int, name: str, least: int, most: int = LARGEST_INT) -> int:
    if not least <= value <= most:
        raise ValueError(f"{name} must be from {least} to {most}, got {value}")
    return int(value)


def _layers(layers: Sequence[int], activations: Sequence[str], rows: int) -> tuple[Any, Any]:
    """Return the layers and the codes of their activations for C."""
    sizes = np.array([_integer(n, "layers", 1) for n in layers], dtype=np.intc)
    if len(sizes) < 2 or len(activations) != len(sizes) - 1:
        raise ValueError("layers must be at least 2, with an activation for all but the first")
    codes = [ACTIVATIONS.index(name) for name in activations]
    if ACTIVATIONS.index("softmax") in codes[:-1]:
        raise ValueError("softmax must be the output layer's activation")
    _integer(_parameters(layers), "parameters", 1)
    _integer(rows, "rows", 1)
    return sizes, np.array(codes, dtype=np.intc)


def _parameters(layers: Sequence[int]) -> int:
    return sum((n_in + 1) * n_out for n_in, n_out in zip(layers, layers[1:]))


class Trainer:
    """A training that goes on from call to call, its arrays checked once.

    Parameters
    ----------
    layers : sequence of int
    activations : sequence of str
        Of the layers 2..L.
    cost, rule, update_order : str
    optimizer : mapping
        All settings of the optimiser.
    x, d : ndarray, (n, n_1) and (n, n_L)
        In the given order.
    sample_weight : ndarray, (n,), or None
        Of mean 1.
    batch_size : int
    dropout : sequence of float
        Of the hidden layers; all 0, or empty, is none.
    clip_norm : float or None
    parameters : ndarray, (P,)
        All weights layer by layer, row by row, then all biases; they move in place.
    state : mapping
        The optimiser's arrays, (P,) each; likewise.
    before : ndarray, (P,)
        Written at each epoch's start: the parameters before it.
    """

    def __init__(
        self,
        *,
        layers: Sequence[int],
        activations: Sequence[str],
        cost: str,
        rule: str,
        update_order: str,
        optimizer: Mapping[str, Any],
        x: Array,
        d: Array,
        sample_weight: Array | None,
        batch_size: int,
        dropout: Sequence[float],
        clip_norm: float | None,
        parameters: Array,
        state: Mapping[str, Array],
        before: Array,
    ) -> None:
        rows, size = len(x), _parameters(layers)
        sizes, codes = _layers(layers, activations, rows)
        code, names = OPTIMIZERS[optimizer["name"]]
        rates = np.zeros(len(layers) - 2)
        if len(dropout):
            rates[:] = dropout
        if not ((rates >= 0.0) & (rates < 1.0)).all():
            raise ValueError("dropout must be from 0 to below 1")
        self.rows, self.batch_size = rows, _integer(batch_size, "batch_size", 1, rows)
        self.batches = -(-rows // batch_size)
        #: Dropout's uniforms that a row takes.
        self.uniforms_per_row = int(sizes[1:-1][rates > 0.0].sum())
        self._settings = np.array(
            [
                rows,
                batch_size,
                len(layers),
                COSTS.index(cost),
                RULES.index(rule),
                update_order == "output_first",
                code,
                0,  # shuffled, start and updates: as each call has them
                sample_weight is not None,
                0,
                0,
            ],
            dtype=np.intc,
        )
        shrink, grow = optimizer.get("etas", (0.0, 0.0))
        smallest, largest = optimizer.get("step_sizes", (0.0, 0.0))
        self._numbers = np.array(
            [
                optimizer["weight_decay"],
                clip_norm or 0.0,
                0.0,  # updates made
                optimizer.get("momentum", 0.0),
                optimizer.get("nesterov", False),
                optimizer.get("alpha", 0.0),
                optimizer.get("eps", 0.0),
                *optimizer.get("betas", (0.0, 0.0)),
                shrink,
                grow,
                smallest,
                largest,
            ],
            dtype=np.float64,
        )
        self._total = np.zeros(1)
        arrays = [state[name] for name in names]
        # Kept here, since C has only their addresses.
        self._fixed = (
            self._settings,
            sizes,
            codes,
            self._numbers,
            rates,
            _doubles(x, "x", rows, layers[0]),
            _doubles(d, "d", rows, layers[-1]),
            None if sample_weight is None else _doubles(sample_weight, "sample_weight", rows),
        )
        self._moving = (
            _doubles(parameters, "parameters", size, writeable=True),
            *(_doubles(values, "state", size, writeable=True) for values in (arrays * 2)[:2]),
            _doubles(before, "before", size, writeable=True),
            self._total,
        )
        self._fixed_addresses = [_address(values) for values in self._fixed]
        self._moving_addresses = [_address(values) for values in self._moving]

    def __call__(
        self,
        start: int,
        updates: int,
        made: int,
        rates: Array,
        costs: Array,
        status: npt.NDArray[np.intc],
        order: npt.NDArray[np.intp] | None = None,
        uniforms: Array | None = None,
    ) -> Outcome:
        """Make so many updates.

        Parameters
        ----------
        start : int
            The batch of its epoch, from 0, with which it begins.
        updates : int
        made : int
            Updates that the optimiser made before.
        rates, costs : ndarray, (epochs,)
            The learning rate of each epoch that the call touches, the first as much as is left of
            it; the costs of those that it completes are written.
        status : ndarray of C's int, (6,)
            The outcome is written here too, for whoever is interrupted before it is returned.
        order : ndarray of int, (epochs, n), or None
            The rows' order in each epoch, from 0; None is as given.
        uniforms : ndarray or None
            Dropout's uniforms of all rows of the call, batch by batch, layer by layer.
        """
        library = _library(LIBRARY)
        if library is None:
            raise RuntimeError("the kernel is not there")
        _integer(start, "start", 0, self.batches - 1)
        end = start + _integer(updates, "updates", 1)
        epochs = -(-end // self.batches)
        _doubles(rates, "rates", epochs)
        _doubles(costs, "costs", epochs, writeable=True)
        if status.dtype != np.intc or status.shape != (6,) or not status.flags.c_contiguous:
            raise ValueError("status must be 6 of C's ints")
        orders = None
        if order is not None:
            if order.shape != (epochs, self.rows) or order.min() < 0 or order.max() >= self.rows:
                raise ValueError(f"order must be {epochs} orders of {self.rows} rows, from 0")
            orders = np.ascontiguousarray(order, dtype=np.intc)
        if self.uniforms_per_row:
            rows = self.rows_before(end) - self.rows_before(start)
            _doubles(uniforms, "uniforms", rows * self.uniforms_per_row)
        self._settings[7] = order is not None
        self._settings[9:] = start, updates
        self._numbers[2] = made
        library.twinprop_kernel(
            *self._fixed_addresses,
            _address(orders),
            _address(uniforms),
            _address(rates),
            *self._moving_addresses,
            _address(costs),
            _address(status),
        )
        return Outcome(*status.tolist())

    def rows_before(self, batch: int) -> int:
        """Return how many rows come before a batch, counted on over the epochs."""
        epochs, batch = divmod(batch, self.batches)
        return epochs * self.rows + batch * self.batch_size


def forward(
    layers: Sequence[int],
    activations: Sequence[str],
    parameters: Array,
    x: Array,
    d: Array | None = None,
    *,
    cost: str = "half_mse",
    weight_decay: float = 0.0,
    sample_weight: Array | None = None,
) -> tuple[Array, Array, float]:
    """Return z and a of the output layer, (n, n_L), and the exact cost (0 without targets).

    The arguments are those of `Trainer`.
    """
    library = _library(LIBRARY)
    if library is None:
        raise RuntimeError("the kernel is not there")
    rows, outputs = len(x), layers[-1]
    sizes, codes = _layers(layers, activations, rows)
    settings = np.zeros(11, dtype=np.intc)
    settings[[0, 1, 2]] = rows, 1, len(layers)
    settings[3] = -1 if d is None else COSTS.index(cost)
    settings[8] = sample_weight is not None
    numbers = np.zeros(13)
    numbers[0] = weight_decay
    z, a, total = np.empty((rows, outputs)), np.empty((rows, outputs)), np.zeros(1)
    status = np.zeros(6, dtype=np.intc)
    _doubles(parameters, "parameters", _parameters(layers))
    _doubles(x, "x", rows, layers[0])
    if d is not None:
        _doubles(d, "d", rows, outputs)
    if sample_weight is not None:
        _doubles(sample_weight, "sample_weight", rows)
    library.twinprop_kernel_forward(
        _address(settings),
        _address(sizes),
        _address(codes),
        _address(numbers),
        _address(x),
        _address(d),
        _address(sample_weight),
        _address(parameters),
        _address(z),
        _address(a),
        _address(total),
        _address(status),
    )
    if status[0] == NO_MEMORY:
        raise MemoryError
    return z, a, float(total[0])
