"""Why a training did not learn. Twins: r/diagnose.R, inst/js/diagnose.js.

Section 14 of docs/contract.md. Each finding has a function of its own, which looks at the facts and
says nothing unless the evidence is there; the code that mends it comes from mends.py.
"""

from __future__ import annotations

import copy
import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from twinprop import mends
from twinprop.activations import ACTIVATIONS
from twinprop.backprop import Forward
from twinprop.checks import Array, check_matrix, describe
from twinprop.costs import cost_function, penalty
from twinprop.errors import DivergenceError, InputError, TwinpropWarning
from twinprop.network import Network
from twinprop.training import Run, exact_cost

if TYPE_CHECKING:
    import pandas as pd

#: A cost is clearly below that of the best constant prediction if it is below this share of it:
#: what there is to find in data is mostly more than 1 %, and noise about a plateau is less.
LEARNED = 0.99

#: A training of fewer updates is given no warning: it is a look at the first steps, not a training.
FEWEST_UPDATES = 100

#: A column of x is scaled if its root mean square lies between these. The curvature of the cost
#: grows with the square of the inputs: beyond a factor of 10 from 1, a learning rate that suits one
#: column is 100 times too large or too small for another, and units of weights about 1 saturate.
SMALLEST_INPUT = 0.01
LARGEST_INPUT = 10.0

#: A unit is saturated on a sample if f' is below this share of its largest value: a weight then
#: needs 100 updates to move as far as it could in one.
TINY_SLOPE = 0.01

#: On how many samples a saturated unit has to be so: a few that are not can still move it.
NEARLY_ALL = 0.95

#: The largest f' of the bounded activations, at z = 0.
LARGEST_SLOPES = {"sigmoid": 0.25, "tanh": 1.0}

#: The cost rises or swings if it does so by this share of what there is to learn: ten times what
#: counts as having learned, and above the noise of the epochs of a training that goes well.
ROUGH = 0.1

#: A cost swings if it rises in at least this share of the epochs; one that falls in steps does not.
RISES = 0.25

#: The cost still falls if the last tenth of the epochs lowered it by this share of what there is to
#: learn: at that pace the next as many epochs bring another tenth of it.
FALLS = 0.01

#: A lower cost is reachable if a few steps lower it by this share of what there is to learn.
REACHABLE = 0.01

#: How many steps are tried for it, each of which has to lower the cost: a learning rate that is too
#: large lowers it once by luck, not ten times.
STEPS = 10

#: The longest steps that are tried: 10 to this power times the moves of an epoch.
LONGEST_STEP = 6

#: Classes are unbalanced if the largest has this many times the samples of the smallest: a network
#: that never answers with the small one is then right on 10 of 11.
UNBALANCED = 10

#: Weights are the same if they differ by at most this share of the layer's largest: equal units
#: drift apart by rounding, 1e-16 an update, and stay equal for all that matters.
SAME = 1e-6

#: Room for rounding before a threshold that round numbers may meet exactly.
ROOM = 1e-9

#: A cost is shown in steps of 10 to minus this of what there is to learn: smaller ones may be
#: rounding, which no two languages share.
SHOWN_POWER = 6

#: The values that outputs can take, for activations that cannot take all.
RANGES = {
    "sigmoid": (0.0, 1.0),
    "tanh": (-1.0, 1.0),
    "relu": (0.0, math.inf),
    "softplus": (0.0, math.inf),
}

Flags = npt.NDArray[np.bool_]


class Finding(NamedTuple):
    """Something that keeps, or may keep, a network from learning.

    Attributes
    ----------
    kind : str
        One of the kinds of section 14.
    message : str
        What it is, in a line, with the numbers.
    mend : str
        Python code that mends it, for the names network, x and d; it may have several lines.
    """

    kind: str
    message: str
    mend: str


@dataclass(frozen=True, repr=False)
class Diagnosis:
    """What `diagnose` found.

    Attributes
    ----------
    learned : bool
        Whether the cost is clearly below that of the best constant prediction.
    verdict : str
        The result in a line.
    cost, constant_cost : float
        The cost of the network on x and d, without a penalty, and that of the best constant
        prediction.
    rows : tuple of Finding
        The findings, the likely most important first; `findings` has them as a DataFrame.
    text : str
        What is printed.
    """

    learned: bool
    verdict: str
    cost: float
    constant_cost: float
    rows: tuple[Finding, ...]
    text: str

    def __repr__(self) -> str:
        return self.text

    @property
    def findings(self) -> pd.DataFrame:
        """The findings as a DataFrame with the columns kind, message and mend."""
        import pandas as pd

        return pd.DataFrame(list(self.rows), columns=list(Finding._fields), dtype=object)


class Classes(NamedTuple):
    """The classes that targets of 0 and 1 stand for.

    Attributes
    ----------
    names : list of str
        "d = 0" and "d = 1" for one output, else "column 1 of d" and so on.
    counts : list of int
        The samples of each.
    """

    names: list[str]
    counts: list[int]


class Levels(NamedTuple):
    """Costs to judge by, means over the samples, without a penalty.

    Attributes
    ----------
    cost : float
        The network's.
    constant : float
        That of the best constant prediction, the mean of the targets.
    worth : float
        What there is to learn: `constant` less the lowest cost that any outputs could have.
    """

    cost: float
    constant: float
    worth: float

    @property
    def learned(self) -> bool:
        """Whether the cost is clearly below that of the best constant prediction."""
        return bool(self.constant - self.cost > (1.0 - LEARNED) * self.worth > 0.0)

    def shown(self, value: float) -> str:
        """Write a cost, to three digits and without those that are rounding."""
        size = self.worth if self.worth > 0.0 else max(abs(self.constant), 1.0)
        unit = 10.0 ** (math.floor(math.log10(size * (1.0 + ROOM))) - SHOWN_POWER)
        return shown(round(value / unit) * unit + 0.0, 3)


class Facts(NamedTuple):
    """All that the findings are made from.

    Attributes
    ----------
    network : Network
    x, d : ndarray, (n, n_1) and (n, n_L)
    cost : str
    run : Run or None
    settings : dict or None
        Those of the run; batch_size is None if it was all rows.
    forward : Forward
    levels : Levels
    classes : Classes or None
    """

    network: Network
    x: Array
    d: Array
    cost: str
    run: Run | None
    settings: dict[str, Any] | None
    forward: Forward
    levels: Levels
    classes: Classes | None


def diagnose(model: Any, x: Any, d: Any, *, cost: str | None = None) -> Diagnosis:
    """Say why a network did not learn, or what may keep it from learning.

    The cost is held against that of the best constant prediction: the mean of each column of d,
    which for classes are their shares. Then the data, the weights and, of a run, its costs and its
    settings are searched for what commonly keeps networks from learning; section 14 of
    docs/contract.md lists the kinds, and the evidence that each needs. A finding is a fact and not
    always the cause.

    Parameters
    ----------
    model : Run, Network, Model or fitted estimator
        What `Network.train` or `run_plan` returned. Of a network alone only the weights and the
        data are judged; of a model or an estimator the network inside, with x and d as these take
        them.
    x : array-like, (n, n_1)
        Inputs, a row per sample, those of the training.
    d : array-like, (n, n_L)
        Desired outputs, a row per sample; for one output a vector (n,) will do.
    cost : str, optional
        For a network: "half_mse", "half_sse", "mse" or "cross_entropy". The default is "half_mse",
        for softmax outputs "cross_entropy"; of a run, a model or an estimator it is its own.

    Returns
    -------
    Diagnosis
        Its `findings`, a DataFrame with the columns kind, message and mend (code that mends it);
        `learned`, whether the cost is clearly (by 1 % of what there is to learn) below that of the
        best constant prediction; `verdict`, the same in a line. Printing it shows all.

    Raises
    ------
    InputError
        If an argument is not as described.
    DivergenceError
        If the cost is NaN or Inf at the network's weights.

    References
    ----------
    LeCun, Y., Bottou, L., Orr, G. B. and Mueller, K.-R. (1998). Efficient BackProp. In Neural
    networks: tricks of the trade. Springer.

    Examples
    --------
    Targets that sigmoid outputs cannot reach:

    >>> network = Network([1, 3, 1])
    >>> found = diagnose(network, [[-1], [0], [1]], [[10], [20], [30]])
    >>> found.learned
    False
    >>> print(found.findings.message[0])
    3 of 3 targets lie outside 0 to 1, the range of sigmoid outputs: column 1 of d goes from 10 to
    30.
    """
    facts = _check_facts(model, x, d, cost)
    return _judge(facts)


def warn_unless_learned(run: Run, x: Any, d: Any, stacklevel: int) -> None:
    """Warn if a training has ended without having learned; one that has costs no time.

    `stacklevel` is that of the caller of the public function, counted from here.
    """
    message = not_learned(run, x, d)
    if message is not None:
        warnings.warn(message, TwinpropWarning, stacklevel=stacklevel + 1)


def not_learned(run: Run, x: Any, d: Any) -> str | None:
    """Return the warning of a training that has ended without having learned."""
    network, settings = run.network, run.settings
    if network is None or settings is None or run.updates < FEWEST_UPDATES:
        return None
    if len(run.cost) < settings["epochs"]:  # interrupted, which is said already, or stopped
        return None
    if settings.get("sample_weight") is not None:  # the best constant is another one then
        return None
    d = np.asarray(d, dtype=np.float64).reshape(len(run.outputs), -1)
    weights = network.parameters[: network.n_weights]
    cost = run.final_cost - penalty(weights, settings["optimizer"]["weight_decay"])
    levels = _levels(cost, d, settings["cost"], network.activations[-1])
    if levels.worth <= 0.0 or levels.learned:
        return None
    found = diagnose(run, x, d)
    lines = [f"{row.kind}: {row.message}" for row in found.rows]
    # before the findings: R cuts a long warning where it prints it
    tells = "diagnose(run, x, d) shows the code that mends what was found:"
    return "\n".join([found.verdict, tells, *lines])


def _check_facts(model: Any, x: Any, d: Any, cost: Any) -> Facts:
    # which brings much that the end of every training, where this module is used, can do without
    from twinprop.raw_data import find_model, unwrap_fit

    run = settings = None
    network: Any = model
    if isinstance(model, Run):
        run, network = model, model.network
        if model.network is None or model.settings is None:
            raise InputError(
                "model must be a run that knows its network and its settings; one that is read "
                "from a file does not"
            )
        if cost is not None and cost != model.settings["cost"]:
            raise InputError(
                f'cost must be null or the run\'s own, "{model.settings["cost"]}", '
                f"got {describe(cost)}"
            )
        cost, settings = model.settings["cost"], dict(model.settings)
    elif find_model(model, "model") is not None:
        network, x, d, cost, *_ = unwrap_fit(model, x, d, cost)
    if not isinstance(network, Network):
        raise InputError(f"model must be a Run or a Network, got {describe(network)}")
    if cost is None:
        cost = "cross_entropy" if network.activations[-1] == "softmax" else "half_mse"
    network.check_cost(cost)
    x = check_matrix(x, "x", network.layers[0])
    d = network.check_targets(d, x, cost)
    if settings is not None and settings["batch_size"] == len(x) > 1:
        settings["batch_size"] = None
    with np.errstate(all="ignore"):
        forward = network.forward(x)
        function = cost_function(cost, network.activations[-1])
        mean = float(function.value(forward.z[-1], forward.a[-1], d).mean())
    if not math.isfinite(mean):
        error = DivergenceError(
            "the cost is NaN or Inf at these weights: standardise the inputs or use smaller weights"
        )
        error.network = network
        raise error
    levels = _levels(mean, d, cost, network.activations[-1])
    return Facts(network, x, d, cost, run, settings, forward, levels, find_classes(d))


def _levels(cost_value: float, d: Array, cost: str, output: str) -> Levels:
    """Return the costs to judge by."""
    constant = _constant_cost(d, cost, output)
    if bool((d.min(axis=0) == d.max(axis=0)).all()):  # the constant is all there is to learn
        return Levels(cost_value, constant, 0.0)
    lowest = _entropy(d, output) if cost == "cross_entropy" else 0.0
    return Levels(cost_value, constant, constant - lowest)


def _constant_cost(d: Array, cost: str, output: str) -> float:
    """Return the cost of predicting the mean of each column of d in every row.

    It is the best constant of the squared costs and of the cross entropies alike.
    """
    mean = d.mean(axis=0, keepdims=True)
    if cost == "cross_entropy":
        return _entropy(mean, output)
    outputs = np.broadcast_to(mean, d.shape)
    return float(cost_function(cost, output).value(outputs, outputs, d).mean())


def _entropy(d: Array, output: str) -> float:
    """Return the cross entropy of outputs that are as desired: 0 only where d is 0 and 1."""

    def terms(p: Array) -> Array:
        return -p * np.log(np.where(p > 0.0, p, 1.0))

    values = terms(d) if output == "softmax" else terms(d) + terms(1.0 - d)
    return float(values.sum(axis=1).mean())


def find_classes(d: Array) -> Classes | None:
    """Return the classes that targets of 0 and 1 stand for; None for other targets."""
    if not bool(((d == 0.0) | (d == 1.0)).all()):
        return None
    if d.shape[1] == 1:
        ones = int(d.sum())
        names, counts = ["d = 0", "d = 1"], [len(d) - ones, ones]
    elif bool((d.sum(axis=1) == 1.0).all()):
        names = [f"column {k} of d" for k in range(1, d.shape[1] + 1)]
        counts = [int(count) for count in d.sum(axis=0)]
    else:
        return None
    return Classes(names, counts) if sum(count > 0 for count in counts) > 1 else None


def shown(value: float, digits: int) -> str:
    """Write a number to a few digits.

    First to ten, so that 1.115 and what is 1.115 but for its last bit round to the same. A zero has
    no sign.
    """
    return f"{float(f'{value + 0.0:.10g}'):.{digits}g}"


# The findings. Each takes the facts and returns a list, empty where there is nothing to say.


def _zero_weights(facts: Facts) -> list[Finding]:
    return [
        Finding(
            "zero_weights",
            f"all {into.size + out.size} weights into and out of layer {layer} are 0, so its "
            "units are alike and pass nothing on.",
            mends.new_start(facts.network, facts.settings),
        )
        for layer, into, biases, out in _hidden_layers(facts.network)
        if not into.any() and not out.any() and (biases == biases[0]).all()
    ]


def _hidden_layers(network: Network) -> list[tuple[int, Array, Array, Array]]:
    """Return of each hidden layer its number, the weights into it, its biases, and those out."""
    weights = network.weights
    numbers = range(2, len(network.layers))
    return [(i, weights[i - 2], network.biases[i - 2], weights[i - 1]) for i in numbers]


def _symmetric_weights(facts: Facts) -> list[Finding]:
    found = []
    for layer, weights, biases, out in _hidden_layers(facts.network):
        if not weights.any() and not out.any():
            continue  # zero_weights
        into = np.column_stack([weights, biases])
        same = sum(
            int((_alike(into, into[k]) & _alike(out.T, out[:, k])).sum() > 1)
            for k in range(len(into))
        )
        if same:
            found.append(
                Finding(
                    "symmetric_weights",
                    f"{same} of {len(into)} units of layer {layer} have the same incoming and "
                    "outgoing weights as another one, so they compute and learn the same.",
                    mends.new_start(facts.network, facts.settings),
                )
            )
    return found


def _alike(rows: Array, row: Array) -> Flags:
    """Which rows are the same as one, beside the largest of all."""
    return np.abs(rows - row).max(axis=1) <= SAME * np.abs(rows).max()


def _targets_out_of_range(facts: Facts) -> list[Finding]:
    output, d = facts.network.activations[-1], facts.d
    if output not in RANGES:
        return []
    low, high = RANGES[output]
    outside = (d < low) | (d > high)
    if not outside.any():
        return []
    column = int(outside.any(axis=0).argmax())
    values = d[:, column]
    return [
        Finding(
            "targets_out_of_range",
            f"{int(outside.sum())} of {d.size} targets lie outside {describe(low)} to "
            f"{describe(high)}, the range of {output} outputs: column {column + 1} of d goes from "
            f"{shown(values.min(), 6)} to {shown(values.max(), 6)}.",
            mends.scale_targets(facts.network, d, facts.settings),
        )
    ]


def _constant(x: Array) -> Flags:
    return x.min(axis=0) == x.max(axis=0)


def _inputs_not_scaled(facts: Facts) -> list[Finding]:
    x = facts.x
    size = np.sqrt((x * x).mean(axis=0))
    large, small = LARGEST_INPUT * (1.0 + ROOM), SMALLEST_INPUT * (1.0 - ROOM)
    constant = _constant(x)
    unscaled = ((size > large) | (size < small)) & ~constant
    if not unscaled.any():
        return []
    column = int(unscaled.argmax())
    values = x[:, column]
    return [
        Finding(
            "inputs_not_scaled",
            f"{int(unscaled.sum())} of {x.shape[1]} columns of x are not scaled: column "
            f"{column + 1} goes from {shown(values.min(), 6)} to {shown(values.max(), 6)}, a root "
            f"mean square of {shown(float(size[column]), 3)} where 0.01 to 10 will do.",
            mends.scale_inputs(facts.network, bool(constant.any()), facts.settings),
        )
    ]


def _tenth(epochs: int) -> int:
    return max(1, epochs // 10)


def _learning_rate_too_large(facts: Facts) -> list[Finding]:
    run, settings, levels = facts.run, facts.settings, facts.levels
    if run is None or settings is None or len(run.cost) < 2 or levels.worth <= 0.0:
        return []
    rough = ROUGH * levels.worth
    tenth = _tenth(len(run.cost))
    recent = float(run.cost[-tenth:].mean())
    lowest = min(run.initial_cost, float(run.cost.min()))
    half = run.cost[len(run.cost) // 2 :]
    moves = np.diff(half)
    rises = int((moves > 0.0).sum())
    if min(recent, run.final_cost) - lowest > rough:
        what = (
            f"the cost rises: it is {levels.shown(recent)} on average in the last {tenth} epochs "
            f"and {levels.shown(lowest)} at its lowest"
        )
    elif len(moves) > 1 and rises >= RISES * len(moves) and np.abs(moves).mean() > rough:
        what = (
            f"the cost swings: in the last {len(half)} epochs it rises {rises} times, and moves by "
            f"{levels.shown(float(np.abs(moves).mean()))} an epoch on average"
        )
    else:
        return []
    rate, rule = settings["optimizer"]["learning_rate"], settings["rule"]
    other = "" if rule == "gradient" else f', or rule "{rule}", which is not the gradient, misleads'
    return [
        Finding(
            "learning_rate_too_large",
            f"{what}: learning_rate {describe(rate)} is too large{other}.",
            mends.other_rate(facts.network, settings, rate / 10.0),
        )
    ]


class Reach(NamedTuple):
    """What a few longer steps down the gradient do.

    Attributes
    ----------
    times : int
        The length of each, in moves of an epoch.
    fall : float
        By how much all of them lower the cost.
    """

    times: int
    fall: float


def _reach(facts: Facts, settings: dict[str, Any]) -> Reach | None:
    """Return the steps, longer than the moves of an epoch, that lower the cost most.

    Each of them has to lower it. Of the lengths that do half as well as the best, the shortest.
    """
    optimizer = settings["optimizer"]
    network, decay = copy.deepcopy(facts.network), optimizer["weight_decay"]
    gradient = _gradient(network, facts, decay)
    length = float(np.sqrt(gradient.dot(gradient)))
    if not length > 0.0:
        return None
    # an update moves by the gradient with sgd, each weight by the rate with adam and rmsprop
    rate = optimizer["learning_rate"] / (1.0 - optimizer.get("momentum", 0.0))
    if optimizer["name"] not in mends.SGD:
        rate *= math.sqrt(gradient.size) / length
    rate *= math.ceil(len(facts.x) / (settings["batch_size"] or len(facts.x)))
    start = network.parameters.copy()
    now, _ = exact_cost(network, facts.x, facts.d, facts.cost, decay)
    tried = []
    for times in (10**power for power in range(1, LONGEST_STEP + 1)):
        network.parameters[:] = start
        costs = [now]
        for _ in range(STEPS):
            network.parameters -= rate * times * _gradient(network, facts, decay)
            costs.append(exact_cost(network, facts.x, facts.d, facts.cost, decay)[0])
            if not costs[-1] < costs[-2]:
                break
        else:
            tried.append(Reach(times, now - costs[-1]))
    most = max((one.fall for one in tried), default=0.0)
    return next((one for one in tried if one.fall >= most / 2.0), None)


def _gradient(network: Network, facts: Facts, weight_decay: float) -> Array:
    """Return the gradient of the mean cost with its penalty, in the order of the parameters."""
    backward = network.backward(network.forward(facts.x), facts.d, cost=facts.cost)
    slopes = np.concatenate(
        [values.ravel() for values in [*backward.grad_weights, *backward.grad_biases]]
    )
    slopes[: network.n_weights] += weight_decay * network.parameters[: network.n_weights]
    return slopes


def _learning_rate_too_small(facts: Facts) -> list[Finding]:
    run, settings, levels = facts.run, facts.settings, facts.levels
    if run is None or settings is None or len(run.cost) == 0 or levels.worth <= 0.0:
        return []
    moved = run.initial_cost - run.final_cost
    if levels.learned and moved > REACHABLE * levels.worth:
        return []  # a larger rate may well be faster than one that does learn
    optimizer = settings["optimizer"]
    rate = optimizer["learning_rate"]
    if rate == 0.0:
        usual = mends.usual_rate(optimizer["name"])
        return [
            Finding(
                "learning_rate_too_small",
                "learning_rate is 0, so no weight moves.",
                mends.other_rate(facts.network, settings, usual),
            )
        ]
    # rprop finds its own steps; of another rule the gradient does not say where it leads
    if optimizer["name"] == "rprop" or settings["rule"] != "gradient":
        return []
    reach = _reach(facts, settings)
    epochs = len(run.cost)
    half = max(1, epochs // 2)
    before = float(run.cost[-half - 1]) if half < epochs else run.initial_cost
    gained = max(0.0, before - run.final_cost)
    if reach is None or reach.fall <= max(gained, REACHABLE * levels.worth):
        return []
    return [
        Finding(
            "learning_rate_too_small",
            f"the last {half} epochs lowered the cost by {levels.shown(gained)}; {STEPS} steps "
            f"down the gradient, each {reach.times} times as long as the moves of an epoch, lower "
            f"it by {levels.shown(reach.fall)}: learning_rate {describe(rate)} is too small.",
            mends.other_rate(facts.network, settings, rate * reach.times),
        )
    ]


def _dead_units(facts: Facts) -> list[Finding]:
    found = []
    rows = zip(facts.network.activations, facts.forward.z, strict=True)
    for layer, (activation, z) in enumerate(rows, 2):
        dead = int((z <= 0.0).all(axis=0).sum()) if activation == "relu" else 0
        if dead:
            found.append(
                Finding(
                    "dead_units",
                    f"{dead} of {z.shape[1]} units of layer {layer} (relu) are dead: their net "
                    f"input is above 0 on none of the {len(z)} samples, so no gradient reaches "
                    "their weights.",
                    mends.leaky(facts.network, layer, facts.settings),
                )
            )
    return found


def _saturated_units(facts: Facts) -> list[Finding]:
    # Where a network has learned, saturated units are its decisions.
    if facts.levels.learned:
        return []
    found = []
    last = len(facts.network.layers)
    for i, activation in enumerate(facts.network.activations):
        layer, z, a = i + 2, facts.forward.z[i], facts.forward.a[i + 1]
        # the delta of a cross entropy's outputs has no f'
        if activation not in LARGEST_SLOPES or (layer == last and facts.cost == "cross_entropy"):
            continue
        derivative = ACTIVATIONS[activation].derivative
        assert derivative is not None
        slope = derivative(z, a, np.empty_like(z))
        tiny = slope < TINY_SLOPE * LARGEST_SLOPES[activation]
        saturated = tiny.sum(axis=0) >= NEARLY_ALL * len(z) * (1.0 - ROOM)
        if saturated.any():
            most = float(np.abs(z[:, saturated]).max())
            found.append(
                Finding(
                    "saturated_units",
                    f"{int(saturated.sum())} of {len(saturated)} units of layer {layer} "
                    f"({activation}) are saturated: on at least 95 % of the {len(z)} samples f' is "
                    "below 1 % of its largest value (abs(z) goes up to "
                    f"{shown(most, 3)}), so their weights hardly move.",
                    mends.new_start(facts.network, facts.settings, seed=1),
                )
            )
    return found


def _too_few_epochs(facts: Facts) -> list[Finding]:
    run, settings, levels = facts.run, facts.settings, facts.levels
    if run is None or settings is None or len(run.cost) < 2 or levels.worth <= 0.0:
        return []
    tenth = _tenth(len(run.cost))
    recent = float(run.cost[-tenth:].mean())
    before = float(run.cost[-2 * tenth : -tenth].mean())
    if before - recent <= FALLS * levels.worth or _learning_rate_too_large(facts):
        return []
    return [
        Finding(
            "too_few_epochs",
            f"the cost still falls: it is {levels.shown(recent)} on average in the last {tenth} "
            f"epochs and {levels.shown(before)} in the {tenth} before.",
            mends.more_epochs(settings, 5),
        )
    ]


def _no_better_than_constant(facts: Facts) -> list[Finding]:
    levels, classes = facts.levels, facts.classes
    if levels.learned or levels.worth <= 0.0:
        return []
    mend = mends.larger_network(facts.network, facts.settings)
    costs = (
        f"the cost {levels.shown(levels.cost)} is not clearly below "
        f"{levels.shown(levels.constant)}, that of predicting the "
    )
    if classes is None:
        message = f"{costs}mean of each column of d in every row."
        return [Finding("no_better_than_mean", message, mend)]
    largest = int(np.argmax(classes.counts))
    message = (
        f"{costs}shares of the classes in every row (the largest, {classes.names[largest]}, has "
        f"{classes.counts[largest]} of {sum(classes.counts)} samples)."
    )
    return [Finding("no_better_than_largest_class", message, mend)]


def _unbalanced_classes(facts: Facts) -> list[Finding]:
    classes = facts.classes
    if classes is None:
        return []
    largest = int(np.argmax(classes.counts))
    there = [count if count > 0 else math.inf for count in classes.counts]
    smallest = int(np.argmin(there))
    if classes.counts[largest] < UNBALANCED * classes.counts[smallest]:
        return []
    return [
        Finding(
            "unbalanced_classes",
            f"the smallest class, {classes.names[smallest]}, has {classes.counts[smallest]} of "
            f"{sum(classes.counts)} samples, the largest, {classes.names[largest]}, "
            f"{classes.counts[largest]}.",
            mends.balance(facts.network, facts.d.shape[1], facts.settings),
        )
    ]


def _constant_columns(facts: Facts) -> list[Finding]:
    x = facts.x
    columns = np.flatnonzero(_constant(x)).tolist()
    if not columns or len(x) == 1:
        return []
    return [
        Finding(
            "constant_columns",
            f"{len(columns)} of {x.shape[1]} columns of x are constant: column {columns[0] + 1} is "
            f"{shown(float(x[0, columns[0]]), 6)} in every row.",
            mends.drop_columns(facts.network, columns, facts.settings),
        )
    ]


def _duplicate_columns(facts: Facts) -> list[Finding]:
    x = facts.x
    if len(x) == 1:
        return []
    first: dict[bytes, int] = {}
    columns, equals = [], []
    for j in np.flatnonzero(~_constant(x)).tolist():
        at = first.setdefault((x[:, j] + 0.0).tobytes(), j)  # + 0.0: -0 is 0
        if at < j:
            columns.append(j)
            equals.append(at)
    if not columns:
        return []
    return [
        Finding(
            "duplicate_columns",
            f"{len(columns)} of {x.shape[1]} columns of x repeat an earlier one: column "
            f"{columns[0] + 1} equals column {equals[0] + 1}.",
            mends.drop_columns(facts.network, columns, facts.settings),
        )
    ]


#: The order of likely importance: what stops learning for certain, then what stops it often, then
#: what is seen when it has stopped, then what is merely in the data.
FINDERS: tuple[Callable[[Facts], list[Finding]], ...] = (
    _zero_weights,
    _symmetric_weights,
    _targets_out_of_range,
    _inputs_not_scaled,
    _learning_rate_too_large,
    _learning_rate_too_small,
    _dead_units,
    _saturated_units,
    _too_few_epochs,
    _no_better_than_constant,
    _unbalanced_classes,
    _constant_columns,
    _duplicate_columns,
)


def _judge(facts: Facts) -> Diagnosis:
    """Say what the facts mean."""
    rows = tuple(row for find in FINDERS for row in find(facts))
    network, levels, run = facts.network, facts.levels, facts.run
    verdict = _verdict(levels)
    trained = "" if run is None else f", {run.updates} updates in {len(run.cost)} epochs"
    title = (
        f"Diagnosis of a {'-'.join(map(str, network.layers))} network "
        f"({', '.join(network.activations)}), cost {facts.cost}{trained}"
    )
    lines = [title, verdict]
    for number, row in enumerate(rows, 1):
        code = [f"    {line}" for line in row.mend.splitlines()]
        lines += ["", f"{number}. {row.kind}: {row.message}", *code]
    if not rows:
        lines += ["", "Nothing found that keeps it from learning."]
    return Diagnosis(levels.learned, verdict, levels.cost, levels.constant, rows, "\n".join(lines))


def _verdict(levels: Levels) -> str:
    if levels.worth <= 0.0:
        return "NOT JUDGED: all rows of d are the same, so that there is nothing to tell apart."
    cost, constant = levels.shown(levels.cost), levels.shown(levels.constant)
    best = "that of the best constant prediction."
    if levels.learned:
        return f"LEARNED: the cost {cost} is clearly below {constant}, {best}"
    return f"NOT LEARNED: the cost {cost} is not clearly below {constant}, {best}"
