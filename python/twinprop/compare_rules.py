"""The backpropagation rules compared. Twins: r/compare_rules.R, inst/js/compare_rules.js.

Section 13 of docs/contract.md. From one start each rule trains a copy of the network; on the way
its gradient is held against the exact one.
"""

from __future__ import annotations

import copy
import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from twinprop.backprop import RULES, Forward
from twinprop.checks import (
    Array,
    as_list,
    check_choice,
    check_integer,
    check_matrix,
    check_switch,
    describe,
    is_integer,
)
from twinprop.costs import cost_function
from twinprop.errors import DenominatorError, InputError, TrainingError
from twinprop.gradcheck import EPS, ROUNDINGS, output_rounding
from twinprop.network import Network
from twinprop.optimizers import Optimizer, as_optimizer
from twinprop.progress import show_progress
from twinprop.training import (
    DEFAULTS,
    check_batch_size,
    check_training,
    diverged,
    exact_cost,
    not_finite_before_training,
    run_training,
)

if TYPE_CHECKING:
    import pandas as pd

#: About how many points are measured if `every` does not say.
POINTS = 50

#: Each rule is measured along its own training.
OWN = "own"

#: The first layer that the rules reach by different ways, where there is a hidden layer at all.
FIRST = 2

#: Digits that no two languages differ in; rounding to them first makes halves round alike.
COMMON_DIGITS = 9

#: What is left of the starting cost counts down to this share of it: errors a millionth of the
#: first ones, still well above rounding.
SMALLEST_COST = 1e-12


class _Point(NamedTuple):
    """What was measured of a rule after an epoch; lists over the layers 2..L."""

    epoch: int
    cosine: list[float]
    length_ratio: list[float]
    lowers_cost: bool | None
    change: float
    smallest_denominator: float


class _Trace:
    """What is known of a rule: the points measured, its costs, and how far its training came."""

    def __init__(self, rule: str) -> None:
        self.rule = rule
        self.points: list[_Point] = []
        self.costs: list[tuple[int, float]] = []
        self.epochs = 0
        self.stopped: str | None = None


@dataclass(frozen=True, repr=False)
class RuleComparison:
    """What `compare_rules` found.

    Attributes
    ----------
    columns : dict of dict of list
        The columns of the four tables as lists, by "table", "steps", "costs" and "summary"; what is
        missing is NaN or None.
    text : str
        What is printed: the summary, and why a rule stopped.
    """

    columns: dict[str, dict[str, list[Any]]]
    text: str

    def __repr__(self) -> str:
        return self.text

    @property
    def table(self) -> pd.DataFrame:
        """The columns rule, epoch, layer, cosine, length_ratio; a row per point and layer."""
        return self._frame("table")

    @property
    def steps(self) -> pd.DataFrame:
        """The columns rule, epoch, lowers_cost, change, smallest_denominator; a row per point."""
        return self._frame("steps", lowers_cost="boolean")

    @property
    def costs(self) -> pd.DataFrame:
        """The columns rule, epoch, cost; a row per point of each rule's own training."""
        return self._frame("costs")

    @property
    def summary(self) -> pd.DataFrame:
        """A row per rule.

        Its columns are rule, initial_cost, final_cost, epochs, mean_cosine, smallest_cosine,
        length_ratio, lowers_cost, smallest_denominator, stopped.
        """
        return self._frame("summary", stopped="string")

    def _frame(self, name: str, **types: Any) -> pd.DataFrame:
        import pandas as pd

        frame = pd.DataFrame(self.columns[name])
        for column, dtype in types.items():
            frame[column] = pd.array(self.columns[name][column], dtype=dtype)
        return frame


def compare_rules(
    network: Network,
    x: Any,
    d: Any,
    *,
    rules: str | Sequence[str] | None = None,
    cost: str = "half_mse",
    update_order: str = "simultaneous",
    optimizer: Optimizer | str | None = None,
    batch_size: int | None = 1,
    epochs: int = 100,
    shuffle: bool = False,
    seed: int = 42,
    along: str = "own",
    every: int | None = None,
    progress: bool = False,
) -> RuleComparison:
    """Train by each backpropagation rule from the same start, and hold it against the gradient.

    Each rule trains a copy of the network, with an optimiser of the given settings that remembers
    nothing; the network and the optimiser given are left as they are. Before the first epoch, after
    every `every`-th one and after the last one reached, over all samples and with the penalty of
    weight decay, three things are measured: how the rule's gradient of each layer lies to the exact
    one, whether a step against the rule's whole gradient, as long as the learning rate makes it,
    lowers the cost, and how small the rule's denominators are.

    A rule that meets a vanishing denominator or diverges stops, and the result says where and why.

    Parameters
    ----------
    network : Network
        The network, with the weights to start from.
    x : array-like, (n, n_1)
        Inputs, a row per sample.
    d : array-like, (n, n_L)
        Desired outputs, a row per sample; for one output a vector (n,) will do.
    rules : str or sequence of str, optional
        Which rules to compare, in this order: "gradient", "transpose", "proportional",
        "proportional_abs"; default all four.
    cost : str, default "half_mse"
        "half_mse", "half_sse", "mse" or "cross_entropy".
    update_order : str, default "simultaneous"
        "simultaneous" or "output_first", for the trainings; what is measured is always
        simultaneous.
    optimizer : Optimizer or str, default Optimizer("sgd")
        How the weights move; of an Optimizer the settings are taken.
    batch_size : int or None, default 1
        Samples per update: 1 is online, None the full batch.
    epochs : int, default 100
        Passes over the data.
    shuffle : bool, default False
        Whether each epoch takes the rows in a new random order, the same for every rule.
    seed : int, default 42
        Seed of the shuffles.
    along : str, default "own"
        "own": each rule is measured at the weights of its own training; or the name of a rule, at
        the weights of whose training all are measured. The costs are always those of each rule's
        own training.
    every : int, optional
        How many epochs from one point to the next; default a fiftieth of the epochs, rounded up.
    progress : bool, default False
        Show the cost and the time left of each training: a bar on a terminal (with tqdm installed),
        else lines.

    Returns
    -------
    RuleComparison
        Its DataFrames `table` (rule, epoch, layer, cosine, length_ratio: the rule's length by the
        exact one; NaN where either gradient is zero or the rule has none), `steps` (rule, epoch,
        lowers_cost, change: the cost after the step minus the cost before it, smallest_denominator:
        the smallest abs(D_k) / sum_j abs(W_kj) of the layers 3..L, from 0 to 1, NaN for the rules
        that do not divide), `costs` (rule, epoch, cost; epoch 0 is the start) and `summary`, a row
        per rule. Printing it shows the summary.

    Raises
    ------
    InputError
        If an argument is not as described.
    DivergenceError
        If the cost is NaN or Inf before training.

    Warns
    -----
    UserWarning
        If it was interrupted: the result is what was measured until then.

    References
    ----------
    Rumelhart, D. E., Hinton, G. E. and Williams, R. J. (1986). Learning representations by
    back-propagating errors. Nature 323. docs/rules.md holds the rules against each other at length.

    Examples
    --------
    >>> x, d = [[0, 0], [0, 1], [1, 0], [1, 1]], [[0], [1], [1], [0]]
    >>> found = compare_rules(Network([2, 3, 1], init="uniform"), x, d, epochs=200)
    >>> found.summary[["rule", "epochs", "mean_cosine"]].round(2)
                   rule  epochs  mean_cosine
    0          gradient     200         1.00
    1         transpose     200         1.00
    2      proportional     200        -0.92
    3  proportional_abs     200         1.00
    """
    if not isinstance(network, Network):
        raise InputError(f"network must be a Network, got {describe(network)}")
    chosen = check_rules(rules)
    given = {
        "cost": cost,
        "update_order": update_order,
        "optimizer": optimizer,
        "batch_size": batch_size,
        "epochs": epochs,
        "shuffle": shuffle,
        "seed": seed,
    }
    settings = check_training({**DEFAULTS, **given}, as_optimizer, len(network.layers) - 2)
    network.check_cost(cost)
    along = check_choice(along, "along", [OWN, *RULES])
    every = check_every(every, settings["epochs"])
    progress = check_switch(progress, "progress")
    x = check_matrix(x, "x", network.layers[0])
    d = network.check_targets(d, x, cost)
    settings["batch_size"] = check_batch_size(batch_size, "batch_size", len(x))

    comparison = _Comparison(network, x, d, settings, along, every, progress)
    if not math.isfinite(comparison.cost(network)):
        raise not_finite_before_training()
    traces = comparison.run(chosen)
    return _summarise(traces, title(network, settings, along))


def check_rules(value: Any) -> list[str]:
    """Return the names of the rules to compare; None is all of them."""
    if value is None:
        return list(RULES)
    entries = [value] if isinstance(value, str) else as_list(value)
    if not entries:
        raise InputError(f"rules must be a name or a list of names, got {describe(value)}")
    names = [check_choice(entry, f"rules entry {i}", RULES) for i, entry in enumerate(entries, 1)]
    for i, name in enumerate(names):
        if name in names[:i]:
            raise InputError(f"rules must name each rule once, got {describe(name)} twice")
    return names


def check_every(value: Any, epochs: int) -> int:
    """Return how many epochs lie between two points."""
    if value is None:
        return max(1, -(-epochs // POINTS))
    if not is_integer(value) or value < 1:
        raise InputError(f"every must be null or an integer >= 1, got {describe(value)}")
    return check_integer(value, "every", 1)


class _Comparison:
    """The trainings, and what is measured on the way."""

    def __init__(
        self,
        network: Network,
        x: Array,
        d: Array,
        settings: dict[str, Any],
        along: str,
        every: int,
        progress: bool,
    ) -> None:
        self.network = network
        self.x = x
        self.d = d
        self.settings = settings
        self.along = along
        self.every = every
        self.progress = progress
        self.optimizer: dict[str, Any] = settings["optimizer"].settings

    def cost(self, network: Network) -> float:
        """Return the exact cost over all samples, with the penalty."""
        decay = self.optimizer["weight_decay"]
        return exact_cost(network, self.x, self.d, self.settings["cost"], decay)[0]

    def run(self, rules: Sequence[str]) -> list[_Trace]:
        """Train by each rule and measure; return what is known of those that were begun."""
        traces = {rule: _Trace(rule) for rule in rules}
        if self.along == OWN:
            trainings = [(rule, [rule]) for rule in rules]
        else:
            others = [(rule, list[str]()) for rule in rules if rule != self.along]
            trainings = [(self.along, list(rules)), *others]
        for rule, measured in trainings:
            # the training of a rule that is not compared leaves no costs
            trained = traces.get(rule, _Trace(rule))
            try:
                interrupted = self._train(trained, [traces[name] for name in measured])
            except KeyboardInterrupt:  # while it measured the start or the end
                interrupted = True
            if interrupted:
                break
        begun = [trace for trace in traces.values() if trace.points]
        if interrupted:
            if not begun:  # there is nothing to keep
                raise KeyboardInterrupt
            warnings.warn(
                f"comparison interrupted in the training by rule {describe(rule)}; the result "
                "keeps what was measured until then",
                stacklevel=3,  # whoever called compare_rules
            )
        return begun

    def _train(self, trained: _Trace, measured: Sequence[_Trace]) -> bool:
        """Train by a rule, measuring others on the way; return whether it was interrupted."""
        network = copy.deepcopy(self.network)
        epochs = self.settings["epochs"]
        settings = {
            **self.settings,
            "rule": trained.rule,
            "optimizer": Optimizer(**self.optimizer),  # one that remembers nothing
        }

        def point(epoch: int) -> bool:
            cost = self.cost(network)
            if not math.isfinite(cost):
                return False
            points = [self._measure(network, trace.rule, epoch) for trace in measured]
            # nothing that is interrupted leaves half a point
            trained.costs.append((epoch, cost))
            for trace, measurement in zip(measured, points, strict=True):
                trace.points.append(measurement)
            return True

        def after_epoch(epoch: int, cost: float) -> None:
            if epoch % self.every == 0 and not point(epoch):
                raise diverged(epoch, self.optimizer["learning_rate"])
            trained.epochs = epoch
            show(epoch, cost)

        point(0)
        interrupted = False
        with show_progress(self.progress, epochs, trained.rule) as show:
            try:
                # train's own warning says what becomes of its network, a copy here
                with warnings.catch_warnings(record=True) as caught:
                    warnings.simplefilter("always")
                    run = run_training(network, self.x, self.d, **settings, after_epoch=after_epoch)
                trained.epochs = len(run.cost)
                interrupted = bool(caught)
            except TrainingError as error:
                trained.stopped = str(error)
        if trained.costs[-1][0] < trained.epochs:
            point(trained.epochs)
        return interrupted

    def _measure(self, network: Network, rule: str, epoch: int) -> _Point:
        """Hold a rule's gradient over all samples against the exact one."""
        forward = network.forward(self.x)
        exact = self._gradient(network, forward, "gradient")
        denominator = smallest_denominator(network.weights, rule)
        try:
            gradient = self._gradient(network, forward, rule)
        except DenominatorError:
            missing = [math.nan] * len(network.weights)
            return _Point(epoch, missing, missing, None, math.nan, denominator)
        parts = [
            alike(*pair)
            for pair in zip(_by_layer(network, gradient), _by_layer(network, exact), strict=True)
        ]
        change, rounding = self._change(network, forward, gradient)
        return _Point(
            epoch,
            [cosine for cosine, _ in parts],
            [ratio for _, ratio in parts],
            change < -rounding,
            change,
            denominator,
        )

    def _gradient(self, network: Network, forward: Forward, rule: str) -> Array:
        """Return the whole gradient by a rule, with the penalty's, as one flat array."""
        with np.errstate(all="ignore"):
            backward = network.backward(forward, self.d, cost=self.settings["cost"], rule=rule)
            parts = [*backward.grad_weights, *backward.grad_biases]
            gradient = np.concatenate([part.ravel() for part in parts])
            weights = slice(0, network.n_weights)
            gradient[weights] += self.optimizer["weight_decay"] * network.parameters[weights]
        return gradient

    def _change(self, network: Network, forward: Forward, gradient: Array) -> tuple[float, float]:
        """Return the change of the cost by a step, and how much of it may be rounding."""
        moved = copy.deepcopy(network)
        with np.errstate(all="ignore"):
            moved.parameters -= self.optimizer["learning_rate"] * gradient
        before, after = self.cost(network), self.cost(moved)
        change = after - before if math.isfinite(after) else math.inf
        name = self.settings["cost"]
        scale = cost_function(name, network.activations[-1]).scale(network.layers[-1])
        outputs = output_rounding(forward, self.d, name) * scale
        return change, ROUNDINGS * EPS * (before + outputs)


def _by_layer(network: Network, gradient: Array) -> list[Array]:
    """Return the gradient of the weights and biases of each layer 2..L, flat."""
    pairs = zip(*network.views(gradient), strict=True)
    return [np.concatenate([weights.ravel(), biases]) for weights, biases in pairs]


def alike(gradient: Array, exact: Array) -> tuple[float, float]:
    """Return the cosine between two gradients, and the first one's length by the second's.

    NaN where one of them is zero or not finite.
    """
    largest = [float(np.abs(v).max()) for v in (gradient, exact)]
    if not all(0.0 < size < math.inf for size in largest):
        return math.nan, math.nan
    # by the largest first: squares of saturated layers would underflow
    p, q = gradient / largest[0], exact / largest[1]
    length_p, length_q = math.sqrt(p.dot(p)), math.sqrt(q.dot(q))
    cosine = float(p.dot(q)) / (length_p * length_q)
    # not as float64's warning: it is what the ratio is
    with np.errstate(over="ignore"):
        ratio = float(np.float64(largest[0]) / largest[1] * (length_p / length_q))
    return min(1.0, max(-1.0, cosine)), ratio


def smallest_denominator(weights: Sequence[Array], rule: str) -> float:
    """Return the smallest abs(D_k) / sum_j abs(W_kj) of the layers 3..L; NaN without any."""
    if rule not in ("proportional", "proportional_abs") or len(weights) < FIRST:
        return math.nan
    shares = []
    for w in weights[1:]:
        sizes = np.abs(w).sum(axis=1)
        denominators = np.abs(w.sum(axis=1)) if rule == "proportional" else sizes
        shares += [0.0 if s == 0.0 else p / s for p, s in zip(denominators, sizes, strict=True)]
    return float(min(shares))


def title(network: Network, settings: dict[str, Any], along: str) -> str:
    """Say what was compared."""
    optimizer = settings["optimizer"].settings
    decay = optimizer["weight_decay"]
    return (
        f"Rules compared on a {'-'.join(map(str, network.layers))} network "
        f"({', '.join(network.activations)}), cost {settings['cost']}, "
        f"optimizer {optimizer['name']}, learning rate {describe(optimizer['learning_rate'])}"
        + (f", weight decay {describe(decay)}" if decay else "")
        + f", {settings['epochs']} epochs, "
        + ("each along its own training" if along == OWN else f"along the training by {along}")
    )


def _summarise(traces: Sequence[_Trace], head: str) -> RuleComparison:
    """Put what was found into tables and words."""
    table = [
        (trace.rule, point.epoch, layer, cosine, ratio)
        for trace in traces
        for point in trace.points
        for layer, (cosine, ratio) in enumerate(
            zip(point.cosine, point.length_ratio, strict=True), FIRST
        )
    ]
    steps = [
        (trace.rule, p.epoch, p.lowers_cost, p.change, p.smallest_denominator)
        for trace in traces
        for p in trace.points
    ]
    costs = [(trace.rule, *cost) for trace in traces for cost in trace.costs]
    summary = [_summary(trace) for trace in traces]
    names = {
        "table": ("rule", "epoch", "layer", "cosine", "length_ratio"),
        "steps": ("rule", "epoch", "lowers_cost", "change", "smallest_denominator"),
        "costs": ("rule", "epoch", "cost"),
        "summary": SUMMARY,
    }
    rows: dict[str, list[Any]] = {"table": table, "steps": steps, "costs": costs}
    rows["summary"] = summary
    columns = {
        name: {column: [row[i] for row in rows[name]] for i, column in enumerate(columns)}
        for name, columns in names.items()
    }
    return RuleComparison(columns, "\n".join([head, "", *_lines(traces, summary)]))


SUMMARY = (
    *("rule", "initial_cost", "final_cost", "epochs", "mean_cosine", "smallest_cosine"),
    *("length_ratio", "lowers_cost", "smallest_denominator", "stopped"),
)


def _summary(trace: _Trace) -> tuple[Any, ...]:
    """Return a rule's row of the summary."""
    first = trace.points
    cosines = _present(point.cosine[0] for point in first)
    ratios = _present(point.length_ratio[0] for point in first)
    lowers = [float(p.lowers_cost) for p in first if p.lowers_cost is not None]
    denominators = _present(point.smallest_denominator for point in first)
    return (
        trace.rule,
        trace.costs[0][1] if trace.costs else math.nan,
        trace.costs[-1][1] if trace.costs else math.nan,
        trace.epochs,
        _or_missing(lambda v: float(np.mean(v)), cosines),
        _or_missing(min, cosines),
        _or_missing(lambda v: float(np.median(v)), ratios),
        _or_missing(lambda v: float(np.mean(v)), lowers),
        _or_missing(min, denominators),
        trace.stopped,
    )


def _present(values: Any) -> list[float]:
    return [value for value in values if not math.isnan(value)]


def _or_missing(of: Callable[[list[float]], float], values: list[float]) -> float:
    return of(values) if values else math.nan


def _lines(traces: Sequence[_Trace], summary: Sequence[tuple[Any, ...]]) -> list[str]:
    """Write the summary as a table, and why a rule stopped."""
    head = (
        *("rule", "cost before", "cost after", "epochs", "mean cosine", "smallest"),
        *("length ratio", "lowers cost", "denominator"),
    )
    form = "{:<16}{:>13}{:>13}{:>8}{:>13}{:>10}{:>14}{:>13}{:>13}"
    lines = [form.format(*head)]
    for trace, row in zip(traces, summary, strict=True):
        judged = [p.lowers_cost for p in trace.points if p.lowers_cost is not None]
        lines.append(
            form.format(
                row[0],
                _cost(row[1], row[1]),
                _cost(row[2], row[1]),
                row[3],
                _fixed(row[4], 3),
                _fixed(row[5], 3),
                _exponential(row[6]),
                f"{sum(judged)} of {len(judged)}",
                _fixed(row[8], 6),
            )
        )
    lines += [
        "",
        "Cosine (mean, smallest) and length ratio (median) are of the gradient into layer 2, "
        "against the exact one.",
        "Lowers cost: at how many of the points a step by the rule's gradient does.",
    ]
    stopped = [
        f"{trace.rule} stopped after epoch {trace.epochs}: {trace.stopped}"
        for trace in traces
        if trace.stopped is not None
    ]
    return [*lines, *([""] if stopped else []), *stopped]


def _fixed(value: float, digits: int) -> str:
    """Write a number of the size of 1, without the digits that are rounding."""
    if math.isnan(value):
        return "-"
    shown = f"{float(f'{value:.{COMMON_DIGITS}f}'):.{digits}f}"
    return shown.removeprefix("-") if float(shown) == 0.0 else shown


def _exponential(value: float) -> str:
    """Write a number of any size, without the digits that are rounding."""
    if math.isnan(value):
        return "-"
    if math.isinf(value):
        return describe(value)
    return f"{float(f'{value:.{COMMON_DIGITS}e}'):.2e}"


def _cost(value: float, start: float) -> str:
    """Write a cost; what is left of the first one below `SMALLEST_COST` is rounding."""
    if not math.isnan(value) and value <= SMALLEST_COST * start:
        value = 0.0
    return _exponential(value)
