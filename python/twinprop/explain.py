"""One training step with every number explained. Twins: r/explain.R, inst/js/explain.js.

Section 12 of docs/contract.md. The numbers are those of the step itself (quantities.py); here each
gets its formula (formulas.py) and its place.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from twinprop import formulas
from twinprop.backprop import RULES, UPDATE_ORDERS
from twinprop.checks import (
    Array,
    as_list,
    check_choice,
    check_integer,
    check_matrix,
    describe,
    is_integer,
)
from twinprop.crosscheck import make_checks
from twinprop.datasets import dataset_names
from twinprop.equations import TEXT, Expression, Quantity, shown, write
from twinprop.errors import InputError
from twinprop.network import Network
from twinprop.optimizers import Optimizer, as_optimizer
from twinprop.plan import Plan, read_plan
from twinprop.quantities import Quantities, StepRecord
from twinprop.random import RandomStream
from twinprop.raw_data import unwrap_fit

if TYPE_CHECKING:
    import pandas as pd

#: A step of more equations than this is summarised, layer by layer.
MOST_EQUATIONS = 1000


class Equation(NamedTuple):
    """A row of the table: what is computed, by which formula, for which neuron or weight.

    Attributes
    ----------
    stage : str
        "input", "weighted_sum", "activation" and so on (docs/contract.md, section 12).
    sample, layer, source, to : int or None
        Which sample, layer, neuron of the layer before and neuron it belongs to; from 1.
    quantity : Quantity
        The left side, with its value.
    expression : Expression
        The right side.
    """

    stage: str
    sample: int | None
    layer: int | None
    source: int | None
    to: int | None
    quantity: Quantity
    expression: Expression


class Section(NamedTuple):
    """A part of the report: a title, sentences, and equations."""

    title: str
    notes: list[str]
    equations: list[Equation]


class LayerSummary(NamedTuple):
    """The numbers of one quantity in one layer."""

    stage: str
    layer: int
    symbol: str
    values: int
    smallest: Quantity
    mean: Quantity
    largest: Quantity


@dataclass(frozen=True, repr=False)
class Explanation:
    """What `explain` returns.

    Attributes
    ----------
    title : str
        The network and its settings in a line.
    sections : list of Section
        The equations in the order in which they are computed.
    layers : list of LayerSummary
        Smallest, mean and largest value of each quantity in each layer.
    summarised : bool
        Whether there are too many equations to write them all out.
    cost_before, cost_after : float
        The mean cost of these samples, with the penalty, before and after the step.
    """

    title: str
    sections: list[Section]
    layers: list[LayerSummary]
    summarised: bool
    cost_before: float
    cost_after: float

    def __repr__(self) -> str:
        return self.report().rstrip("\n")

    def _repr_html_(self) -> str:
        from twinprop.report import html_body

        return html_body(self)

    @property
    def equations(self) -> list[Equation]:
        """All equations, in the order in which they are computed."""
        return [equation for section in self.sections for equation in section.equations]

    @property
    def table(self) -> pd.DataFrame:
        """A DataFrame with a row for each equation.

        Its columns: stage, sample, layer, from, to, symbol, formula (in symbols), substitution
        (with the numbers in it) and value. What does not apply is NA.
        """
        import pandas as pd

        rows = list(self.equations)
        places = {
            "sample": [row.sample for row in rows],
            "layer": [row.layer for row in rows],
            "from": [row.source for row in rows],
            "to": [row.to for row in rows],
        }
        return pd.DataFrame(
            {
                "stage": [row.stage for row in rows],
                **{name: pd.array(column, dtype="Int64") for name, column in places.items()},
                "symbol": [write(row.quantity, TEXT) for row in rows],
                "formula": [write(row.expression, TEXT) for row in rows],
                "substitution": [write(row.expression, TEXT, numbers=True) for row in rows],
                "value": np.array([row.quantity.value for row in rows], dtype=np.float64),
            }
        )

    @property
    def summary(self) -> pd.DataFrame:
        """A DataFrame with a row for each quantity of each layer.

        Its columns: stage, layer, symbol, count, smallest, mean, largest.
        """
        import pandas as pd

        numbers = ("smallest", "mean", "largest")
        return pd.DataFrame(
            {
                "stage": [row.stage for row in self.layers],
                "layer": [row.layer for row in self.layers],
                "symbol": [row.symbol for row in self.layers],
                "count": [row.values for row in self.layers],
                **{name: [getattr(row, name).value for row in self.layers] for name in numbers},
            }
        )

    def report(self, format: str = "text") -> str:
        """Return the step written out.

        Parameters
        ----------
        format : str, default "text"
            "text"; "md", Markdown with formulas in LaTeX; "html", a page that needs nothing else;
            "latex", a document; or "json", the tables.

        Raises
        ------
        InputError
            If there is no such format.
        """
        from twinprop.report import report

        return report(self, format)

    def write_report(self, path: Any) -> None:
        """Write the report to a file, in the format that its name ends in.

        Parameters
        ----------
        path : path
            A name that ends in .txt, .md, .html, .tex or .json.

        Raises
        ------
        InputError
            If the name ends in something else, or the file cannot be written.
        """
        from twinprop.report import write_report

        write_report(self, path)


def explain(
    network: Any,
    x: Any,
    d: Any,
    *,
    cost: str | None = None,
    rule: str = "gradient",
    update_order: str = "simultaneous",
    optimizer: Optimizer | str | None = None,
    neurons: Sequence[Any] | None = None,
) -> Explanation:
    """Explain one training step, from the forward pass to the new weights and the new cost.

    Every number gets its equation: in symbols, with the numbers in it, and its value. The step is
    made on copies; network and optimizer are left as they are. A step of more than 1,000 equations
    is summarised by layer; `neurons` asks for the equations of single neurons.

    Parameters
    ----------
    network : Network, Model or fitted estimator
        The network; of a model or an estimator the one inside, with x and d as these take them.
    x : array-like, (n, n_1)
        Inputs, a row per sample; the n samples make one update.
    d : array-like, (n, n_L)
        Desired outputs, a row per sample; for one output a vector (n,) will do.
    cost : str, optional
        "half_mse", "half_sse", "mse" or "cross_entropy"; default "half_mse", of a model or an
        estimator that of its training.
    rule : str, default "gradient"
        "gradient", "transpose", "proportional" or "proportional_abs".
    update_order : str, default "simultaneous"
        "simultaneous" or "output_first".
    optimizer : Optimizer or str, default Optimizer("sgd")
        How the weights move; what it remembers is used, and not changed.
    neurons : sequence of (layer, neuron), optional
        Only the equations of these neurons, both counted from 1; default all.

    Returns
    -------
    Explanation
        Its `table` has the columns stage, sample, layer, from, to, symbol, formula, substitution
        and value; its `report` gives text, Markdown, HTML, LaTeX or JSON. Printing it prints the
        text.

    Raises
    ------
    InputError
        If an argument is not as described.
    DenominatorError
        If a rule has to divide by a sum of weights of 0 or nearly 0.

    References
    ----------
    Section 12 of docs/contract.md. Rumelhart, D. E., Hinton, G. E. and Williams, R. J. (1986).
    Learning representations by back-propagating errors. Nature 323.

    Examples
    --------
    >>> network = Network([1, 1], weights=[[[0.5]]])
    >>> step = explain(network, [[2]], [[1]])
    >>> step.table[["symbol", "formula", "substitution"]].iloc[2].tolist()
    ['z[2]_1', 'W[2]_1,1 * a[1]_1 + b[2]_1', '0.5 * 2 + 0']
    >>> bool(step.cost_after < step.cost_before)
    True
    """
    network, x, d, cost, *_ = unwrap_fit(network, x, d, cost)
    if not isinstance(network, Network):
        raise InputError(f"network must be a Network, got {describe(network)}")
    network.check_cost(cost)
    check_choice(rule, "rule", RULES)
    check_choice(update_order, "update_order", UPDATE_ORDERS)
    optimizer = as_optimizer(optimizer)
    x = check_matrix(x, "x", network.layers[0])
    d = network.check_targets(d, x, cost)
    chosen = check_neurons(neurons, network.layers)

    moved, mover = copy.deepcopy(network), copy.deepcopy(optimizer)
    with np.errstate(all="ignore"):  # what overflows is Inf or NaN, and is shown as that
        step = moved.step(x, d, cost=cost, rule=rule, update_order=update_order, optimizer=mover)
        record = StepRecord(
            before=network,
            after=moved,
            d=d,
            forward=step.forward,
            backward=step.backward,
            forward_after=moved.forward(x),
            optimizer=optimizer,
            optimizer_after=mover,
            cost=cost,
            rule=rule,
            update_order=update_order,
        )
        return _Writer(Quantities(record), chosen).explanation()


def explain_plan(
    source: Plan | Mapping[str, Any] | str | os.PathLike[str],
    *,
    sample: int | None = None,
    neurons: Sequence[Any] | None = None,
) -> Explanation:
    """Explain the first update of a plan, or that by one of its samples.

    Parameters
    ----------
    source : str, path, "-", mapping or Plan
        The name of a data set, or what `read_plan` takes. A data set has the network and settings
        of the cross-check, with rule "gradient" and cost "half_mse".
    sample : int, optional
        The sample, from 1, that makes the update by itself. Default: the first batch of the plan;
        of a data set, sample 1.
    neurons : sequence of (layer, neuron), optional
        As for `explain`.

    Returns
    -------
    Explanation

    Raises
    ------
    InputError
        If the plan is not allowed, or there is no such sample or neuron.
    DenominatorError
        As for `explain`.

    Examples
    --------
    >>> explain_plan("xor", sample=2).table["value"].head(3).tolist()
    [0.0, 1.0, 1.0]
    """
    if isinstance(source, str) and source in dataset_names():
        plan = make_checks(source)[0].plan
        sample = 1 if sample is None else sample
    else:
        plan = read_plan(source)
    training, rows = plan.training, len(plan.x)
    _check_explicable(plan)
    if sample is None:
        order = np.arange(rows)
        if training["shuffle"]:
            order = RandomStream(training["seed"]).order(rows)
        chosen = order[: training["batch_size"]]
    else:
        chosen = np.array([check_integer(sample, "sample", 1, rows) - 1])
    return explain(
        Network(**plan.network),
        plan.x[chosen],
        plan.d[chosen],
        cost=training["cost"],
        rule=training["rule"],
        update_order=training["update_order"],
        optimizer=Optimizer(**training["optimizer"]),
        neurons=neurons,
    )


def _check_explicable(plan: Plan) -> None:
    """Refuse a plan whose step is more than forward, backward and update."""
    dropout = np.any(np.asarray(plan.training["dropout"]) > 0.0)
    given = {
        "training.dropout": bool(dropout),
        "training.clip_norm": plan.training["clip_norm"] is not None,
        "data.sample_weight": plan.sample_weight is not None,
    }
    for name, there in given.items():
        if there:
            raise InputError(f"a step with {name} cannot be explained: leave it out of the plan")


def check_neurons(value: Any, layers: Sequence[int]) -> set[tuple[int, int]] | None:
    """Return the neurons asked for, as pairs of layer and neuron."""
    if value is None:
        return None
    entries = as_list(value)
    pairs = [pair for pair in map(as_list, entries or []) if pair is not None]
    if (
        not pairs
        or len(pairs) != len(entries or [])
        or not all(len(pair) == 2 and all(map(is_integer, pair)) for pair in pairs)
    ):
        raise InputError(
            "neurons must be a list of pairs of a layer and a neuron, "
            f"got {describe(value if entries is None else entries)}"
        )
    chosen = set()
    for i, (layer, neuron) in enumerate(pairs, 1):
        layer = check_integer(layer, f"neurons entry {i}, layer", 1, len(layers))
        units = layers[layer - 1]
        chosen.add((layer, check_integer(neuron, f"neurons entry {i}, neuron", 1, units)))
    return chosen


class _Writer:
    """Writes the equations of a step, section by section, in the order of the computation."""

    def __init__(self, quantities: Quantities, chosen: set[tuple[int, int]] | None) -> None:
        self.q = quantities
        self.record = quantities.record
        self.layers = quantities.layers
        self.last = len(self.layers)
        self.output_first = self.record.update_order == "output_first"
        self.summarised = chosen is None and self.count() > MOST_EQUATIONS
        self.chosen = set() if self.summarised else chosen
        self.sections: list[Section] = []
        self.scale_written = self.settings_written = False

    def count(self) -> int:
        """Return how many equations the step has, but for those of cost and optimiser."""
        n = self.q.rows
        total = n * (self.layers[0] + self.layers[-1])
        for layer in range(2, self.last + 1):
            inputs, units = self.layers[layer - 2], self.layers[layer - 1]
            total += 4 * n * units + 2 * units * (inputs + 1)
            total += n * units if layer == self.last else 0
            total += n * (units * inputs + units + inputs) + units * inputs if layer > 2 else 0
        return total

    def neurons(self, layer: int) -> Iterator[int]:
        """Go through the neurons of a layer whose equations are asked for; from 0."""
        for k in range(self.layers[layer - 1]):
            if self.chosen is None or (layer, k + 1) in self.chosen:
                yield k

    def empty(self, layer: int) -> bool:
        """Whether no neuron of a layer is asked for."""
        return next(self.neurons(layer), None) is None

    def incoming(self, layer: int) -> list[int | None]:
        """Return the weights into a neuron of a layer, from 0, and None for its bias."""
        return [*range(self.layers[layer - 2]), None]

    def open(self, title: str, *notes: str) -> None:
        self.sections.append(Section(title, [note for note in notes if note], []))

    def add(
        self,
        stage: str,
        quantity: Quantity,
        expression: Expression,
        layer: int | None = None,
        to: int | None = None,
        source: int | None = None,
    ) -> None:
        """Add an equation; `to` and `source` are neurons from 0."""
        self.sections[-1].equations.append(
            Equation(
                stage,
                quantity.sample,
                layer,
                None if source is None else source + 1,
                None if to is None else to + 1,
                quantity,
                expression,
            )
        )

    def explanation(self) -> Explanation:
        self.write_samples()
        for layer in range(2, self.last + 1):
            self.write_forward(layer)
        self.write_error()
        for layer in range(self.last, 1, -1):
            self.write_gradients(layer)
            if self.output_first:
                self.write_update(layer)
            if layer > 2:
                self.write_back(layer)
        if not self.output_first:
            for layer in range(2, self.last + 1):
                self.write_update(layer)
        self.write_cost_after()
        return Explanation(
            title=self.title(),
            sections=[section for section in self.sections if section.equations],
            layers=self.summary(),
            summarised=self.summarised,
            cost_before=self.cost(False).value,
            cost_after=self.cost(True).value,
        )

    def title(self) -> str:
        record, n = self.record, self.q.rows
        settings = record.optimizer.settings
        set_to = ", ".join(
            f"{name} {_setting(value)}"
            for name, value in settings.items()
            if name == "learning_rate" or (name != "name" and value is not False and value != 0.0)
        )
        return (
            f"One step of a {'-'.join(map(str, self.layers))} network "
            f"({', '.join(record.before.activations)}) on {n} sample{'s' if n > 1 else ''}: "
            f"cost {record.cost}, rule {record.rule}, update order {record.update_order}, "
            f"optimizer {settings['name']} ({set_to})"
        )

    def write_samples(self) -> None:
        self.open("Inputs and desired outputs")
        for i in range(self.q.rows):
            for j in self.neurons(1):
                a = self.q.a(1, j, i)
                self.add("input", a, a._replace(letter="x", layer=None), 1, j)
            for k in self.neurons(self.last):
                d = self.q.target(k, i)
                self.add("target", d, d, self.last, k)

    def write_forward(self, layer: int) -> None:
        self.open(
            f"Forward to layer {layer}",
            "Each neuron adds up the activations of the layer before times its weights, and its "
            f"bias; the activation function {self.record.before.activations[layer - 2]} makes its "
            "activation of that.",
        )
        q = self.q
        for i in range(q.rows):
            for k in self.neurons(layer):
                z, a = q.z(layer, k, i), q.a(layer, k, i)
                self.add("weighted_sum", z, formulas.weighted_sum(q, layer, k, i), layer, k)
                self.add("activation", a, formulas.activation(q, layer, k, i), layer, k)

    def write_error(self) -> None:
        self.open(
            "Output error and cost", "The output error is by how much an output is too large."
        )
        self.write_output_errors("output_error", False)
        self.write_costs("cost", False)

    def write_cost_after(self) -> None:
        before, after = self.cost(False), self.cost(True)
        change = Quantity("change", after.value - before.value, before.size + after.size)
        text = shown(change.value, change.size)
        way = "stays the same" if text == "0" else "falls" if text.startswith("-") else "rises"
        if not np.isfinite(change.value):
            way = "is no finite number any more"
        self.open("Cost after the step", f"The same samples with the new weights: the cost {way}.")
        self.write_output_errors("output_error_after", True)
        self.write_costs("cost_after", True)
        self.add("change", change, formulas.difference(after, before))

    def write_output_errors(self, stage: str, new: bool) -> None:
        for i in range(self.q.rows):
            for k in self.neurons(self.last):
                e = self.q.e(self.last, k, i, new)
                self.add(stage, e, formulas.output_error(self.q, k, i, new), self.last, k)

    def cost(self, new: bool) -> Quantity:
        """Return the mean cost of the samples, with the penalty."""
        costs = self.q.sample_costs(new)
        value = float(np.mean([cost.value for cost in costs]))
        size = float(np.mean([cost.size for cost in costs]))
        if self.q.decay > 0.0:
            penalty = self.q.penalty(new)
            value, size = value + penalty.value, size + penalty.size
        return Quantity("C", value, size, new=new)

    def write_costs(self, stage: str, new: bool) -> None:
        q, costs = self.q, self.q.sample_costs(new)
        if costs[0].sample is None:  # one sample and no penalty: its cost is all
            self.add(stage, costs[0], formulas.sample_cost(q, 0, new))
            return
        for i, cost in enumerate(costs if self.chosen is None else []):
            self.add(f"sample_{stage}", cost, formulas.sample_cost(q, i, new))
        if q.decay > 0.0:
            name = "penalty_after" if new else "penalty"
            self.add(name, q.penalty(new), formulas.penalty(q, new))
        self.add(stage, self.cost(new), formulas.mean_cost(q, new))

    def write_gradients(self, layer: int) -> None:
        q = self.q
        exact = self.record.rule == "gradient" or layer == self.last
        self.open(
            f"Deltas and gradients of layer {layer}",
            "A delta is the error times the slope f' of the activation function, times the scale s "
            "that the cost puts on the errors."
            if q.has_slope(layer)
            else "A delta is the error times the scale s; with cross_entropy the slope f' of the "
            "output layer is in the cost already.",
            "The gradient of a weight is the delta of its neuron times the activation that came "
            f"along it{'' if q.rows == 1 else ', the mean over the samples'}; that of a bias is "
            f"the delta{'' if q.rows == 1 else ', likewise'}.",
            ""
            if exact
            else f"With rule {self.record.rule} these are not the gradients of the cost.",
        )
        if not self.empty(layer) and not self.scale_written:
            self.scale_written = True
            self.add("scale", q.setting("s", q.s), formulas.scale(q))
        for i in range(q.rows):
            for k in self.neurons(layer):
                if q.has_slope(layer):
                    slope = q.slope(layer, k, i)
                    self.add("derivative", slope, formulas.derivative(q, layer, k, i), layer, k)
                self.add("delta", q.delta(layer, k, i), formulas.delta(q, layer, k, i), layer, k)
        for k in self.neurons(layer):
            for j in self.incoming(layer):
                gradient, formula = q.gradient(layer, k, j), formulas.gradient(q, layer, k, j)
                self.add("gradient", gradient, formula, layer, k, j)

    def write_back(self, layer: int) -> None:
        q = self.q
        self.open(
            f"Errors back from layer {layer} to layer {layer - 1}",
            _RULE_NOTES[self.record.rule],
            "They go through the new weights (update order output_first)."
            if self.output_first
            else "",
            "The blame that a neuron of the layer before has in an error is its part of the sizes "
            "of the weights; the shares of each error are added up too.",
        )
        for k in self.neurons(layer):
            if self.record.rule.startswith("proportional"):
                D = q.denominator(layer, k)
                self.add("denominator", D, formulas.denominator(q, layer, k), layer, k)
            for j, blame in enumerate(q.blames(layer, k)):
                self.add("blame", blame, formulas.blame(q, layer, k, j), layer, k, j)
        for i in range(q.rows):
            for k in self.neurons(layer):
                for j, share in enumerate(q.shares(layer, k, i)):
                    self.add("share", share, formulas.share(q, layer, k, j, i), layer, k, j)
                total = q.sum_of_shares(layer, k, i)
                self.add("shares", total, formulas.sum_of_shares(q, layer, k, i), layer, k)
            for j in self.neurons(layer - 1):
                e = q.e(layer - 1, j, i)
                self.add("error", e, formulas.error(q, layer - 1, j, i), layer - 1, j)

    def write_update(self, layer: int) -> None:
        q = self.q
        self.open(
            f"New weights and biases of layer {layer}",
            _OPTIMIZER_NOTES[self.record.optimizer.settings["name"]],
        )
        if not self.empty(layer) and not self.settings_written:
            self.settings_written = True
            for setting in self.settings():
                self.add("setting", setting, setting)
        for k in self.neurons(layer):
            for j in self.incoming(layer):
                steps, step, size = formulas.move(q, layer, k, j)
                for quantity, formula in steps:
                    self.add("optimizer", quantity, formula, layer, k, j)
                old, new = q.parameter(layer, k, j), q.parameter(layer, k, j, new=True)
                new = new._replace(size=max(old.size, size))
                self.add("update", new, formulas.difference(old, step), layer, k, j)

    def settings(self) -> list[Quantity]:
        """Return the optimiser's settings as its equations name them."""
        optimizer = self.record.optimizer
        settings = optimizer.settings
        found = {"eta": settings["learning_rate"]}
        if settings.get("momentum"):
            found["mu"] = settings["momentum"]
        found |= {name: settings[name] for name in ("alpha", "eps") if name in settings}
        if "betas" in settings:
            found["beta1"], found["beta2"] = settings["betas"]
            found["t"] = optimizer.updates + 1
        if self.q.decay > 0.0:
            found["lambda"] = self.q.decay
        return [self.q.setting(letter, float(value)) for letter, value in found.items()]

    def summary(self) -> list[LayerSummary]:
        """Return smallest, mean and largest of each quantity in each layer."""
        q, record, layers = self.q, self.record, range(2, self.last + 1)
        forward, backward, rows = q.forward_sizes, q.backward_sizes, []

        def row(stage: str, layer: int, symbol: str, values: Array, sizes: Array) -> None:
            size = float(sizes.max())
            numbers = (values.min(), values.mean(), values.max())
            found = [Quantity("", float(number), size) for number in numbers]
            rows.append(LayerSummary(stage, layer, symbol, values.size, *found))

        for layer in layers:
            i = layer - 2
            row("weighted_sum", layer, f"z[{layer}]", record.forward.z[i], forward.z[i])
            row("activation", layer, f"a[{layer}]", record.forward.a[i + 1], forward.a[i + 1])
        for layer in reversed(layers):
            i, values = layer - 2, record.backward
            stage = "output_error" if layer == self.last else "error"
            row(stage, layer, f"e[{layer}]", values.e[i], backward.e[i])
            if q.has_slope(layer):
                slope_sizes = np.maximum(np.abs(q.slopes[i]), forward.a[i + 1])
                row("derivative", layer, f"f'(z[{layer}])", q.slopes[i], slope_sizes)
            row("delta", layer, f"delta[{layer}]", values.delta[i], backward.delta[i])
            of_weights, of_biases = backward.grad_weights[i], backward.grad_biases[i]
            row("gradient", layer, f"dC/dW[{layer}]", values.grad_weights[i], of_weights)
            row("gradient", layer, f"dC/db[{layer}]", values.grad_biases[i], of_biases)
        for layer in layers:
            w, b = record.after.weights[layer - 2], record.after.biases[layer - 2]
            row("update", layer, f"new W[{layer}]", w, np.abs(w))
            row("update", layer, f"new b[{layer}]", b, np.abs(b))
        return rows


_RULE_NOTES = {
    "gradient": "Rule gradient, the chain rule: along each weight goes back the error times f' "
    "times the weight, and what arrives at a neuron adds up to its error.",
    "transpose": "Rule transpose: along each weight goes back the error times the weight, without "
    "f', and what arrives at a neuron adds up to its error.",
    "proportional": "Rule proportional: each error is shared out in proportion to the weights, so "
    "that its shares add up to it, and what arrives at a neuron adds up to its error.",
    "proportional_abs": "Rule proportional_abs: each error is shared out in proportion to the "
    "weights, over the sum of their sizes; its shares add up to it where no weight is below 0. "
    "What arrives at a neuron adds up to its error.",
}

_OPTIMIZER_NOTES = {
    "sgd": "Each weight moves against its gradient, by the learning rate eta times it.",
    "momentum": "Each weight moves against a velocity v, in which former gradients live on.",
    "nesterov": "Each weight moves against its gradient and a velocity v, in which former "
    "gradients live on.",
    "rmsprop": "Each weight moves against its gradient over the root of v, a running mean of "
    "squared gradients.",
    "adam": "Each weight moves against m over the root of v, the running means of its gradient and "
    "of its squared gradient, both corrected for their start at 0.",
    "rprop": "Each weight moves against the sign of its gradient by a step of its own, which grows "
    "while the sign stays and shrinks when it changes.",
}


def _setting(value: Any) -> str:
    """Write a setting of the optimiser."""
    return " and ".join(map(describe, value)) if isinstance(value, tuple) else describe(value)
