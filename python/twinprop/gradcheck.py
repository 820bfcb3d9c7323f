"""Backpropagation checked against differences. Twins: r/gradcheck.R, inst/js/gradcheck.js.

Section 11 of docs/contract.md. The differences are of the exact mean cost and use no derivative at
all, so they judge backpropagation from outside.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from twinprop.activations import ACTIVATIONS
from twinprop.backprop import RULES, Forward, forward_pass, make_buffers
from twinprop.checks import Array, check_choice, check_matrix, check_number, describe
from twinprop.costs import cost_function, penalty
from twinprop.errors import DivergenceError, InputError, TwinpropWarning
from twinprop.network import Network
from twinprop.raw_data import unwrap_fit

if TYPE_CHECKING:
    import pandas as pd

#: The largest move of a net input z, relative to max(1, abs(z)). A central difference errs by
#: step^2 (cut off) and by rounding / step; the two are alike at the cube root of float64's 2^-52.
#: A power of two, so that w + h and w - h seldom round.
STEP = 2.0**-17

#: A step is never smaller beside abs(w): half of the 52 bits of w are left to it.
SMALLEST_STEP = 2.0**-26

#: The largest relative error that passes. Cutting off errs by about STEP^2 / 6 = 1e-11 and what
#: curvature makes of it; a forgotten factor, sign or sample errs by 1e-3 and more.
TOLERANCE = 1e-6

#: Errors are judged beside at least this share of the layer's largest derivative: what samples that
#: cancel leave over is no more precise than they are.
SMALL = 1e-3

#: How many roundings, of 2^-52 of the cost, a difference of two costs may hold.
ROUNDINGS = 20.0

#: What cutting off may leave, in moves of the net inputs (STEP) times the difference of slopes
#: between the two ends: the third derivative of these costs is at most 6 times the second, over 6.
#: It counts where the gradient vanishes, as in a perfect fit.
CUTTING = 10.0

#: How many of the worst are shown.
WORST = 5

EPS = 2.0**-52

#: Room for rounding before a choice between two powers: 2 and 1.999999999 must choose alike.
_ROOM = 1e-6

Flags = npt.NDArray[np.bool_]


class Differences(NamedTuple):
    """Central differences of the mean cost; (parameters,) each, in the order of the table.

    Attributes
    ----------
    value : ndarray
        The derivative of the mean cost by each weight and bias.
    kink : ndarray of bool
        Whether a net input of relu or leaky_relu is on different sides of 0 at the two ends.
    error : ndarray
        How much of each value may be rounding and what is cut off.
    """

    value: Array
    kink: Flags
    error: Array


@dataclass(frozen=True, repr=False)
class GradientCheck:
    """What `check_gradient` found.

    Attributes
    ----------
    columns : dict of ndarray
        The table's columns as arrays; `from` is 0 for a bias, `passes` False at a kink.
    passes : bool
        Whether every weight and bias that is not at a kink passes, and there is one.
    verdict : str
        The result in a line.
    largest_relative : float
        The largest relative error of those that are not at a kink.
    cosine : float
        Cosine between the whole gradient of backpropagation and that of the differences, kinks left
        out.
    length_ratio : float
        Length of the one divided by the length of the other.
    warning : str or None
        The warning that was given.
    text : str
        What is printed: the verdict and the worst five.
    """

    columns: dict[str, npt.NDArray[Any]]
    passes: bool
    verdict: str
    largest_relative: float
    cosine: float
    length_ratio: float
    warning: str | None
    text: str

    def __repr__(self) -> str:
        return self.text

    @property
    def table(self) -> pd.DataFrame:
        """All weights and biases as a DataFrame, a row for each."""
        return self._rows(np.arange(len(self.columns["layer"])))

    @property
    def worst(self) -> pd.DataFrame:
        """The worst five rows of the table, those that fail first."""
        return self._rows(worst_first(self.columns)[:WORST])

    def _rows(self, which: npt.NDArray[np.intp]) -> pd.DataFrame:
        import pandas as pd

        columns: dict[str, Any] = {name: values[which] for name, values in self.columns.items()}
        source = pd.Series(columns["from"], dtype="Int64")
        passes = pd.Series(columns["passes"], dtype="boolean")
        columns["from"] = source.mask(columns["parameter"] == "bias")
        columns["passes"] = passes.mask(columns["kink"])
        return pd.DataFrame(columns)


def check_gradient(
    network: Any,
    x: Any,
    d: Any,
    *,
    cost: str | None = None,
    rule: str = "gradient",
    weight_decay: float = 0.0,
) -> GradientCheck:
    """Check every weight and bias of backpropagation against central differences of the mean cost.

    The network is left as it is. Each weight has a step of its own: as large as moves no net input
    by more than 2^-17 of its size (or of 1). The relative error is the absolute one divided by the
    larger of the two derivatives, but at least by a thousandth of the layer's largest derivative,
    and at least by 1e6 times what the difference may err; it passes up to 1e-6. A weight is at a
    kink if a net input of relu or leaky_relu is on different sides of 0 at the two ends of the
    difference: there the difference is no derivative, and the weight is left out of the verdict.

    It takes two or four forward passes for every weight: for small networks and few samples.

    Parameters
    ----------
    network : Network, Model or fitted estimator
        The network; of a model or an estimator the one inside, with x and d as these take them.
    x : array-like, (n, n_1)
        Inputs, a row per sample.
    d : array-like, (n, n_L)
        Desired outputs, a row per sample.
    cost : str, optional
        "half_mse", "half_sse", "mse" or "cross_entropy"; default "half_mse", of a model or an
        estimator that of its training.
    rule : str, default "gradient"
        "gradient", "transpose", "proportional" or "proportional_abs".
    weight_decay : float, default 0
        lambda of the penalty lambda / 2 * sum of W^2.

    Returns
    -------
    GradientCheck
        Its `table`, a DataFrame with the columns layer (into which it leads), from (NA for a bias),
        to, parameter ("weight" or "bias"), backprop, difference, absolute, relative, kink, passes
        (NA at a kink); its `passes`, `verdict` and `worst`, the worst five rows. Printing it shows
        the verdict and the worst five.

    Raises
    ------
    InputError
        If an argument is not as described.
    DenominatorError
        If a rule has to divide by a sum of weights of 0 or nearly 0.
    DivergenceError
        If the cost is NaN or Inf at the network's weights.

    Warns
    -----
    TwinpropWarning
        If a rule other than "gradient" fails: that it is not expected to pass, and by how much it
        fails.

    References
    ----------
    Nocedal, J. and Wright, S. J. (2006). Numerical optimization, section 8.1. Springer.

    Examples
    --------
    >>> network = Network([2, 3, 1], "tanh")
    >>> check = check_gradient(network, [[0, 1], [1, 1]], [[1], [0]])
    >>> check.passes
    True
    >>> print(check.verdict)
    PASSES: backpropagation and central differences agree in all 13 weights and biases (relative
    errors up to 1e-06).
    >>> list(check.table.columns[:4])
    ['layer', 'from', 'to', 'parameter']
    """
    network, x, d, cost, *_ = unwrap_fit(network, x, d, cost)
    if not isinstance(network, Network):
        raise InputError(f"network must be a Network, got {describe(network)}")
    network.check_cost(cost)
    check_choice(rule, "rule", RULES)
    weight_decay = check_number(weight_decay, "weight_decay")
    x = check_matrix(x, "x", network.layers[0])
    d = network.check_targets(d, x, cost)

    differences = central_differences(network, x, d, cost, weight_decay)
    backward = network.backward(network.forward(x), d, cost=cost, rule=rule)
    backprop = _in_order(
        [g + weight_decay * w for g, w in zip(backward.grad_weights, network.weights, strict=True)],
        backward.grad_biases,
    )
    places = _places(network.layers)
    floor = smallest_size(differences, places["layer"])
    columns = {**places, **compare(backprop, differences, floor)}
    return _judge(network, columns, floor, cost, rule, weight_decay)


def _in_order(weights: list[Array], biases: list[Array]) -> Array:
    """Put the layers' weights, row by row, and biases in the order of the table."""
    return np.concatenate([v.ravel() for pair in zip(weights, biases, strict=True) for v in pair])


def _places(layers: tuple[int, ...]) -> dict[str, npt.NDArray[Any]]:
    """Name the rows of the table: layer by layer the weights, row by row, then the biases."""
    rows = []
    for layer, (inputs, units) in enumerate(zip(layers, layers[1:], strict=False), start=2):
        rows += [(layer, j, k, "weight") for k in range(1, units + 1) for j in range(1, inputs + 1)]
        rows += [(layer, 0, k, "bias") for k in range(1, units + 1)]
    names = ("layer", "from", "to", "parameter")
    return {name: np.array(column) for name, column in zip(names, zip(*rows, strict=True))}


def central_differences(
    network: Network, x: Array, d: Array, cost: str, weight_decay: float
) -> Differences:
    """Return the central differences of the exact mean cost by every weight and bias."""
    # On copies: nothing that goes wrong here can leave a weight of the network moved.
    parameters = network.parameters.copy()
    weights, biases = network.views(parameters)
    activations = [ACTIVATIONS[name] for name in network.activations]
    function = cost_function(cost, network.activations[-1])

    def buffers(i: int) -> Forward:
        return make_buffers(network.layers[i:], len(x), [], []).forward

    def measure(i: int, inputs: Array, out: Forward) -> float:
        """Pass from layer i + 1, with these activations, to the outputs; return the mean cost."""
        forward_pass(weights[i:], biases[i:], activations[i:], inputs, out)
        mean = float(function.value(out.z[-1], out.a[-1], d).mean())
        return mean + penalty(parameters[: network.n_weights], weight_decay)

    def difference(
        i: int, values: Array, k: int, low: Forward, high: Forward
    ) -> tuple[float, bool, float]:
        """Return value, kink and error of one parameter, values[k]."""
        value = float(values[k])

        def costs(h: float) -> tuple[float, float]:
            values[k] = value - h
            below = measure(i, start.a[i], low)
            values[k] = value + h
            above = measure(i, start.a[i], high)
            values[k] = value
            return below, above

        h = first_step(value)
        below, above = costs(h)
        smaller = fitting_step(h, value, low.z, high.z, start.z[i:])
        if smaller < h:
            h = smaller
            below, above = costs(h)
        kinked = [not activation.smooth for activation in activations[i:]]
        rounding = ROUNDINGS * EPS * (max(below, above) + outputs)
        cut_off = CUTTING * STEP * abs(below - 2.0 * middle + above)
        return (
            # the width as it was rounded
            (above - below) / ((value + h) - (value - h)),
            crosses_zero(low.z, high.z, kinked),
            (rounding + cut_off) / h,
        )

    start = buffers(0)
    with np.errstate(all="ignore"):
        middle = measure(0, x, start)
        if not math.isfinite(middle):
            raise _not_finite(network)
        outputs = output_rounding(start, d, cost) * function.scale(network.layers[-1])
        result = []
        for i, layer in enumerate(zip(weights, biases, strict=True)):
            low, high = buffers(i), buffers(i)
            for values in (array.reshape(-1) for array in layer):  # views
                result += [difference(i, values, k, low, high) for k in range(values.size)]
    return Differences(*(np.array(column) for column in zip(*result, strict=True)))


def output_rounding(forward: Forward, d: Array, cost: str) -> float:
    """Return how far a relative change of the outputs moves the mean cost, before its scale s.

    A squared cost forgets the size of a in e = a - d; a cross entropy that of z in its sum.
    """
    z, a = np.abs(forward.z[-1]), np.abs(forward.a[-1])
    size = z if cost == "cross_entropy" else np.abs(forward.a[-1] - d) * np.maximum(z, a)
    return float(size.sum(axis=1).mean())


def _not_finite(network: Network) -> DivergenceError:
    error = DivergenceError(
        "the cost is NaN or Inf at these weights: standardise the inputs or use smaller weights"
    )
    error.network = network
    return error


def _power_below(value: float) -> float:
    """Return the power of two at or below abs(value), 0 for 0."""
    return 2.0 ** math.floor(math.log2(abs(value))) if value else 0.0


def first_step(value: float) -> float:
    """Return the step to try: relative to the parameter, or to 1 if that is larger."""
    return STEP * max(1.0, _power_below(value))


def fitting_step(
    h: float, value: float, low: list[Array], high: list[Array], start: list[Array]
) -> float:
    """Return h made small enough that no net input moves by more than STEP of its size."""
    moves = [
        (np.abs(above - below) / (2.0 * np.maximum(1.0, np.abs(z)))).max()
        for below, above, z in zip(low, high, start, strict=True)
    ]
    ratio = max(moves) / STEP
    if not 1.0 + _ROOM < ratio < math.inf:
        return h
    return max(h * 2.0 ** -math.ceil(math.log2(ratio) - _ROOM), SMALLEST_STEP * _power_below(value))


def crosses_zero(low: list[Array], high: list[Array], kinked: list[bool]) -> bool:
    """Whether a net input of a layer with a kink is on different sides of 0."""
    sides = zip(low, high, kinked, strict=True)
    return any(bool(((below > 0.0) != (above > 0.0)).any()) for below, above, k in sides if k)


def smallest_size(differences: Differences, layer: npt.NDArray[Any]) -> Array:
    """Return the size that each error is judged beside at least."""
    floor = differences.error / TOLERANCE
    sizes = np.where(differences.kink, 0.0, np.abs(differences.value))
    sizes[~np.isfinite(sizes)] = 0.0
    for number in np.unique(layer):
        rows = layer == number
        floor[rows] = np.maximum(floor[rows], SMALL * sizes[rows].max())
    return floor


def compare(backprop: Array, differences: Differences, floor: Array) -> dict[str, npt.NDArray[Any]]:
    """Return the table's columns of numbers."""
    difference = differences.value
    with np.errstate(all="ignore"):
        absolute = np.abs(backprop - difference)
        size = np.maximum(np.maximum(np.abs(backprop), np.abs(difference)), floor)
        relative = np.where(absolute == 0.0, 0.0, absolute / size)
    # what is no number does not pass
    relative[~np.isfinite(absolute)] = math.inf
    return {
        "backprop": backprop,
        "difference": difference,
        "absolute": absolute,
        "relative": relative,
        "kink": differences.kink,
        "passes": (relative <= TOLERANCE) & ~differences.kink,
    }


def worst_first(columns: dict[str, npt.NDArray[Any]]) -> npt.NDArray[np.intp]:
    """Order the rows: those that fail, by relative error as shown; then those that pass; kinks.

    What passes differs by rounding only, which differs from language to language: in the table's
    order.
    """
    fails = ~columns["passes"] & ~columns["kink"]
    shown = np.array([float(f"{relative:.2e}") for relative in columns["relative"]])
    # a stable sort keeps the table's order
    return np.lexsort((np.where(fails, -shown, 0.0), np.where(columns["kink"], 2, ~fails)))


def _judge(
    network: Network,
    columns: dict[str, npt.NDArray[Any]],
    floor: Array,
    cost: str,
    rule: str,
    weight_decay: float,
) -> GradientCheck:
    """Say what the table means."""
    kink = columns["kink"]
    fails = ~columns["passes"] & ~kink
    largest = float(columns["relative"][~kink].max(initial=0.0))
    cosine, length_ratio = alike(columns["backprop"][~kink], columns["difference"][~kink])
    order = worst_first(columns)
    verdict = _verdict(columns, fails, order[0])
    warning = None
    if rule != "gradient" and fails.any():
        warning = (
            f'rule "{rule}" is not the gradient, so it is not expected to pass: the largest '
            f"relative error is {_shown(largest, '.2e')}; of the whole gradient the cosine is "
            f"{_shown(cosine, '.3f')} and the length ratio {_shown(length_ratio, '.2e')}"
        )
        warnings.warn(warning, TwinpropWarning, stacklevel=3)
    decay = f", weight decay {describe(weight_decay)}" if weight_decay else ""
    title = (
        f"Gradient check of a {'-'.join(map(str, network.layers))} network "
        f"({', '.join(network.activations)}), cost {cost}, rule {rule}{decay}"
    )
    lines = [title, verdict, *([warning] if warning else []), "", *_lines(columns, floor, order)]
    return GradientCheck(
        columns,
        bool(not fails.any() and not kink.all()),
        verdict,
        largest,
        cosine,
        length_ratio,
        warning,
        "\n".join(lines),
    )


def alike(backprop: Array, difference: Array) -> tuple[float, float]:
    """Return the cosine between two gradients, and the first one's length by the second's."""
    with np.errstate(all="ignore"):
        p, q = np.sqrt(backprop.dot(backprop)), np.sqrt(difference.dot(difference))
        return float(backprop.dot(difference) / (p * q)), float(p / q)


def _verdict(columns: dict[str, npt.NDArray[Any]], fails: Flags, worst: np.intp) -> str:
    count, kinks = len(fails), int(columns["kink"].sum())
    judged = count - kinks
    left_out = f" {kinks} at a kink left out." if kinks else ""
    if not judged:
        return f"NOT CHECKED: all {count} weights and biases are at a kink."
    if fails.any():
        return (
            f"FAILS: {int(fails.sum())} of {judged} weights and biases differ, the most the "
            f"{_place(columns, worst)} (relative error "
            f"{_shown(columns['relative'][worst], '.2e')}).{left_out}"
        )
    return (
        f"PASSES: backpropagation and central differences agree in all {judged} weights and "
        f"biases (relative errors up to {TOLERANCE:.0e}).{left_out}"
    )


def _place(columns: dict[str, npt.NDArray[Any]], row: np.intp) -> str:
    layer, source, to = (columns[name][row] for name in ("layer", "from", "to"))
    if columns["parameter"][row] == "bias":
        return f"bias of neuron {to} of layer {layer}"
    return f"weight from neuron {source} of layer {layer - 1} to neuron {to} of layer {layer}"


def _shown(value: float, digits: str) -> str:
    """Write a number, with the names that R has for what is none."""
    return format(value, digits) if math.isfinite(value) else describe(float(value))


def _snapped(value: float, floor: float) -> str:
    """Write a derivative without the digits that are rounding: to a thousandth of the floor."""
    if floor > 0.0 and math.isfinite(value):
        unit = 10.0 ** (math.floor(math.log10(floor * (1.0 + _ROOM))) - 3)
        value = round(value / unit) * unit + 0.0
    return _shown(value, ".4e")


def _lines(
    columns: dict[str, npt.NDArray[Any]], floor: Array, order: npt.NDArray[np.intp]
) -> list[str]:
    """Write the worst rows as a table."""
    fails = not columns["passes"][order[0]] and not columns["kink"][order[0]]
    which = "The worst" if fails else "None fails; the first"
    lines = [f"{which} {min(WORST, len(order))} of {len(order)}:"]
    head = ("layer", "from", "to", "parameter", "backprop", "difference", "relative", "kink")
    lines.append("{:>5}{:>6}{:>6}  {:<9}{:>13}{:>13}{:>11}  {:<4}  {}".format(*head, "passes"))
    for row in order[:WORST]:
        relative, kink = columns["relative"][row], columns["kink"][row]
        bias = columns["parameter"][row] == "bias"
        small = relative <= TOLERANCE
        lines.append(
            f"{columns['layer'][row]:>5}{'-' if bias else columns['from'][row]:>6}"
            f"{columns['to'][row]:>6}  {columns['parameter'][row]:<9}"
            f"{_snapped(columns['backprop'][row], floor[row]):>13}"
            f"{_snapped(columns['difference'][row], floor[row]):>13}"
            f"{'<= 1e-06' if small else _shown(relative, '.2e'):>11}"
            f"  {'yes' if kink else 'no':<4}"
            f"  {'-' if kink else 'yes' if columns['passes'][row] else 'no'}"
        )
    return lines
