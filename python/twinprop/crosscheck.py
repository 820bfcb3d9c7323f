"""The proof: the same plans on every engine, and how far apart they are. Twin: r/crosscheck.R."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from twinprop.checks import Array, as_list, check_choice, describe
from twinprop.datasets import dataset_names, load_dataset
from twinprop.engines import ENGINES
from twinprop.errors import EngineError, InputError, TwinpropError
from twinprop.network import Network, starting_weights
from twinprop.plan import Plan, check_plan, read_plan, train_plan
from twinprop.random import RandomStream
from twinprop.resources import js_folder
from twinprop.training import Run
from twinprop.version import __version__

if TYPE_CHECKING:
    import pandas as pd

CROSSCHECK_FORMAT = "twinprop-crosscheck/1"

#: After one update results differ by a few roundings: the last bit of exp (V8), two of tanh
#: (numpy), and the order of sums (BLAS).
TOLERANCE_AFTER_1 = 1e-12
#: A thousand updates carry these roundings on.
TOLERANCE_AFTER_1000 = 1e-10

#: What is compared, and how large the difference may be. Section 10 of docs/contract.md.
TOLERANCES = {
    "after_1": TOLERANCE_AFTER_1,
    "after_10": TOLERANCE_AFTER_1000,
    "after_1000": TOLERANCE_AFTER_1000,
    "weights": TOLERANCE_AFTER_1000,
    "outputs": TOLERANCE_AFTER_1000,
    "errors": TOLERANCE_AFTER_1000,
    "costs": TOLERANCE_AFTER_1000,
}


class Check(NamedTuple):
    """One plan of the cross-check.

    Attributes
    ----------
    dataset, rule, cost : str
        `dataset` is the file's name for a plan of one's own.
    network : str
        "mlp", "p5" for what the p5.js lesson's network does, or "plan" for a plan of one's own.
    plan : Plan
    """

    dataset: str
    rule: str
    cost: str
    network: str
    plan: Plan


def make_checks(dataset: str) -> list[Check]:
    """Return the plans that are trained on a data set: every rule with every cost that fits.

    Their settings are in inst/js/crosscheck.json, from where R takes them too.
    """
    settings = json.loads((js_folder() / "crosscheck.json").read_text(encoding="utf-8"))
    setting = settings["settings"][dataset]
    found = load_dataset(dataset)
    data = found.plan_data()
    classes = found.frame[found.outputs[0]].dtype == "category"

    def check(rule: str, cost: str, name: str = "mlp", **training: Any) -> Check:
        network = found.network or {
            "layers": [data.x.shape[1], *setting["hidden"], data.d.shape[1]],
            "init": "uniform" if name == "p5" else "xavier",
        }
        hidden = ["sigmoid"] * (len(network["layers"]) - 2)
        softmax = cost == "cross_entropy" and classes
        output = "softmax" if softmax else setting["output"]
        network = {**network, "activations": [*hidden, output]}
        learning_rate = setting["learning_rate"]
        if rule == "proportional":
            # Weights of one sign, as in textbook drawings, that stay so: where a sum of weights
            # crosses 0, this rule amplifies the last bit of anything to the first digit.
            learning_rate *= settings["proportional_factor"]
            weights, _ = starting_weights(network["layers"])
            network.setdefault("weights", [np.abs(w) for w in weights])
        training = {
            "cost": cost,
            "rule": rule,
            "optimizer": {"learning_rate": learning_rate},
            "batch_size": setting["batch_size"],
            "shuffle": setting["shuffle"],
            "snapshots": settings["snapshots"],
            **training,
        }
        updates_per_epoch = math.ceil(len(data.x) / training["batch_size"])
        training["epochs"] = math.ceil(settings["snapshots"][-1] / updates_per_epoch)
        plan = {"network": network, "training": training, "data": {"dataset": dataset}}
        return Check(dataset, rule, cost, name, check_plan(plan))

    squared = setting["output"] != "sigmoid"
    costs = [cost for cost in settings["costs"] if cost != "cross_entropy" or not squared]
    checks = [check(rule, cost) for rule in settings["rules"] for cost in costs]
    if not squared:
        # The best-known p5.js network: online, the error sent back through weights that have
        # already moved, without f'.
        rate = {"learning_rate": settings["p5_learning_rate"]}
        order = {"update_order": "output_first", "batch_size": 1, "optimizer": rate}
        checks.append(check("transpose", "half_sse", "p5", **order))
    return checks


def make_plan_check(path: str) -> Check:
    """Return the check of a plan of one's own, with the snapshots that are compared."""
    plan = read_plan(path)
    # No recording: it is not compared, and torch keeps none.
    compared = {"snapshots": (1, 10, 1000), "record": None}
    plan = replace(plan, training=plan.training | compared)
    return Check(path, plan.training["rule"], plan.training["cost"], "plan", plan)


def differences(run: Run, reference: Run) -> dict[str, float]:
    """Return how far a run is from the reference, group by group, relative to the group's size.

    Parameters
    ----------
    run, reference : Run
        Of one plan, with snapshots after 1, 10 and 1,000 updates if it makes so many.

    Returns
    -------
    dict
        The keys of `TOLERANCES`, but for the snapshots that the reference lacks; Inf where a shape
        differs, a field is missing or a value is not finite.
    """

    def kept(which: Run, updates: int) -> list[Array]:
        return [
            array
            for snapshot in which.snapshots
            if snapshot.updates == updates
            for array in (*snapshot.weights, *snapshot.biases)
        ]

    def costs(which: Run) -> list[Array]:
        return [np.array([which.initial_cost]), which.cost, np.array([which.final_cost])]

    result = {
        f"after_{updates}": _difference(kept(run, updates), kept(reference, updates))
        for updates in (1, 10, 1000)
        if kept(reference, updates)
    }
    result["weights"] = _difference(
        [*run.weights, *run.biases], [*reference.weights, *reference.biases]
    )
    result["outputs"] = _difference([run.outputs], [reference.outputs])
    # An error is a small difference of outputs of this size.
    size = float(np.abs(reference.outputs).max())
    result["errors"] = _difference([run.errors], [reference.errors], size)
    result["costs"] = _difference(costs(run), costs(reference))
    return result


def _difference(found: list[Array], reference: list[Array], size: float | None = None) -> float:
    """Return max abs(p - q) / max abs(q) of a group; Inf if it cannot be compared."""
    if [p.shape for p in found] != [q.shape for q in reference] or not reference:
        return math.inf
    p = np.concatenate([array.ravel() for array in found])
    q = np.concatenate([array.ravel() for array in reference])
    if not (np.isfinite(p).all() and np.isfinite(q).all()):
        return math.inf
    worst = float(np.abs(p - q).max())
    if worst == 0.0:
        return 0.0
    size = float(np.abs(q).max()) if size is None else size
    return worst / size if size > 0.0 else math.inf


@dataclass(frozen=True)
class Row:
    """One plan on one engine, against Python.

    Attributes
    ----------
    dataset, network, rule, cost, engine : str
    differences : dict
        Keys of `TOLERANCES`: the largest relative difference in each group.
    seconds : float
        The engine's own time for the training.
    error : str or None
        Why there is no run, if there is none.
    rounding : float or None
        Where the row differs: how far Python's own weights move, relative to the largest, when the
        starting weights change by 1e-15 of themselves. If that is as much, the plan amplifies
        rounding, and no two programs can agree on it.
    """

    dataset: str
    network: str
    rule: str
    cost: str
    engine: str
    differences: dict[str, float]
    seconds: float
    error: str | None = None
    rounding: float | None = None

    @property
    def agrees(self) -> bool:
        """Whether every difference is within its tolerance."""
        return self.error is None and all(
            difference <= TOLERANCES[key] for key, difference in self.differences.items()
        )


@dataclass(frozen=True)
class Departure:
    """How far the p5.js network's step is from the gradient's, on one data set.

    Attributes
    ----------
    dataset : str
    cosine : float
        Between the two changes of the first layer's weights, at the starting weights.
    length : float
        How many times as long the p5.js network's change is.
    weights : float
        How far the weights are apart after the training: the largest difference relative to the
        largest weight of gradient descent.
    """

    dataset: str
    cosine: float
    length: float
    weights: float


@dataclass
class Crosscheck:
    """What `crosscheck` found.

    Attributes
    ----------
    rows : list of Row
    departures : list of Departure
    missing : dict
        Engines that are not there, and what to install.
    dropped : dict
        Rows left out because of missing values, by data set that has some.
    required : list of str
        Engines that must be there.
    seconds : float
        The time of the whole check.
    """

    engines: list[str]
    rows: list[Row] = field(default_factory=list)
    departures: list[Departure] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)
    dropped: dict[str, int] = field(default_factory=dict)
    required: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def required_missing(self) -> list[str]:
        """The engines that are required and not there."""
        return [engine for engine in self.required if engine in self.missing]

    @property
    def agrees(self) -> bool:
        """Whether every row agrees and every required engine is there."""
        return all(row.agrees for row in self.rows) and not self.required_missing

    @property
    def table(self) -> pd.DataFrame:
        """All rows as a DataFrame: a row per plan and engine."""
        import pandas as pd

        return pd.DataFrame(
            [
                {
                    "dataset": row.dataset,
                    "network": row.network,
                    "rule": row.rule,
                    "cost": row.cost,
                    "engine": row.engine,
                    **row.differences,
                    "seconds": row.seconds,
                    "agrees": row.agrees,
                    "error": row.error,
                    "rounding": row.rounding,
                }
                for row in self.rows
            ]
        )

    def verdict(self) -> str:
        """Return the last line: what agrees, or what differs, and which engines are missing."""
        plans = len({(row.dataset, row.network, row.rule, row.cost) for row in self.rows})
        differing = [row for row in self.rows if not row.agrees]
        missing = f" Missing: {', '.join(self.missing)}." if self.missing else ""
        if differing:
            first = differing[0]
            return (
                f"DIFFERS: {len(differing)} of {len(self.rows)} comparisons, the first on "
                f"{first.engine}: {first.dataset}, rule {first.rule}, cost {first.cost}.{missing}"
            )
        if self.required_missing:
            return f"INCOMPLETE: required, but missing: {', '.join(self.required_missing)}."
        if not self.rows:
            return f"Nothing compared: no engine but Python is here.{missing}"
        worst = max(max(row.differences.values()) for row in self.rows)
        return (
            f"All agree: {', '.join(self.engines)} give the same errors and the same updated "
            f"weights in all {plans} plans (largest relative difference {worst:.1e}).{missing}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values, for JSON; what could not be compared is null."""

        def finite(value: float) -> float | None:
            return value if math.isfinite(value) else None

        return {
            "format": CROSSCHECK_FORMAT,
            "version": __version__,
            "reference": "python",
            "engines": self.engines,
            "missing": self.missing,
            "required": self.required,
            "tolerances": TOLERANCES,
            "dropped_rows": self.dropped,
            "agrees": self.agrees,
            "verdict": self.verdict(),
            "seconds": self.seconds,
            "rows": [
                {
                    **{
                        key: getattr(row, key)
                        for key in ("dataset", "network", "rule", "cost", "engine", "seconds")
                    },
                    "differences": {k: finite(v) for k, v in row.differences.items()},
                    "agrees": row.agrees,
                    "error": row.error,
                    "rounding": row.rounding,
                }
                for row in self.rows
            ],
            "p5_and_gradient": [vars(departure) for departure in self.departures],
        }

    def to_text(self, *, each: bool = False) -> str:
        """Return the table and the verdict as text.

        Parameters
        ----------
        each : bool, default False
            A line for every plan; else a line per data set and engine with the largest difference
            over its rules and costs, and a line for every plan that differs.
        """
        lines = [_HEADER]
        shown = ""
        for label, engine, rows in _grouped(self.rows, each):
            # A label stands once, above its engines.
            lines.append(_line("" if label == shown else label, engine, rows))
            shown = label
        notes = [f"{name} is missing: {how}" for name, how in self.missing.items()]
        for name, count in self.dropped.items():
            notes.append(f"{name}: {count} rows with missing values are left out.")
        lines += ["", *notes] if notes else []
        if self.departures:
            lines += ["", _DEPARTURES, *map(_departure_line, self.departures)]
        lines += ["", self.verdict()]
        return "\n".join(lines)


_COLUMNS = {
    "after_1": "1 update",
    "after_10": "10",
    "after_1000": "1,000",
    "weights": "weights",
    "outputs": "outputs",
    "errors": "errors",
    "costs": "costs",
}
_LABEL_WIDTH = 48
_HEADER = "\n".join(
    [
        "Largest relative difference from Python: weights after 1, 10 and 1,000 updates and at the "
        "end, outputs, errors, costs.",
        f"{'':{_LABEL_WIDTH}}{'engine':8}"
        + "".join(f"{title:>9}" for title in _COLUMNS.values())
        + f"{'seconds':>9}",
    ]
)


def _grouped(rows: Sequence[Row], each: bool) -> Iterator[tuple[str, str, list[Row]]]:
    """Yield label, engine and rows of every line of the text table."""

    def plan(row: Row) -> str:
        name = "p5.js network" if row.network == "p5" else f"{row.rule}, {row.cost}"
        return f"{row.dataset}  {name}"

    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        alone = each or row.network != "mlp"
        groups.setdefault((plan(row) if alone else row.dataset, row.engine), []).append(row)
    for (label, engine), group in groups.items():
        if len(group) > 1:
            label = f"{label}  {len(group)} plans, the worst of each"
        yield label, engine, group
    if not each:
        for row in rows:
            if not row.agrees and row.network == "mlp":
                yield plan(row), row.engine, [row]


def _line(label: str, engine: str, rows: Sequence[Row]) -> str:
    seconds = sum(row.seconds for row in rows)
    verdict = "agree" if all(row.agrees for row in rows) else "DIFFERS"
    cells = ""
    for key in _COLUMNS:
        worst = max((row.differences[key] for row in rows if key in row.differences), default=None)
        cells += f"{'-':>9}" if worst is None or math.isinf(worst) else f"{worst:9.1e}"
    note = ""
    if len(rows) == 1 and rows[0].error is not None:
        note = f" ({rows[0].error})"
    elif len(rows) == 1 and rows[0].rounding is not None:
        moved = f"{rows[0].rounding:.1e}"
        note = f" (a change of 1e-15 at the start moves Python's own weights by {moved})"
    return f"{label:{_LABEL_WIDTH}}{engine:8}{cells}{seconds:9.2f}  {verdict}{note}"


_DEPARTURES = (
    "The p5.js network (rule transpose, cost half_sse, update_order output_first) is not gradient\n"
    "descent. Its first change of the first layer's weights beside the gradient's, and all its\n"
    "weights after the training beside those of gradient descent:"
)


def _departure_line(departure: Departure) -> str:
    return (
        f"  {departure.dataset:16}cosine {departure.cosine:.3f}, {departure.length:.1f} times as "
        f"long; weights up to {departure.weights:.0%} of the largest away"
    )


def crosscheck(
    datasets: Sequence[str] | None = None,
    *,
    engines: Sequence[str] | None = None,
    require: Iterable[str] = (),
    on_progress: Callable[[int, int, str], object] | None = None,
) -> Crosscheck:
    """Train the same plans on every engine and compare the results with Python's.

    Parameters
    ----------
    datasets : sequence of str, optional
        Names from `dataset_names()`, or plan files (*.json); all data sets if absent.
    engines : sequence of str, optional
        Which to hold against Python: "r", "rscript", "js", "torch"; all if absent. One that is
        missing is named, with what to install, and the others still run.
    require : iterable of str
        Engines whose absence makes the result a failure.
    on_progress : callable, optional
        ``on_progress(done, plans, what)`` is called before each plan.

    Returns
    -------
    Crosscheck
        Its `table`, `agrees`, `verdict()`, `to_text()` and `to_dict()`.

    Raises
    ------
    InputError
        If a data set or an engine is unknown.

    Examples
    --------
    >>> check = crosscheck(["xor"], engines=["python"])
    >>> check.agrees
    True
    """
    entries = as_list(datasets) or []
    plans = [name for name in entries if isinstance(name, str) and name.endswith(".json")]
    names = _check_names(datasets, "datasets", dataset_names(), besides=plans)
    chosen = _check_names(engines, "engines", list(ENGINES))
    if isinstance(require, set | frozenset):
        require = sorted(require, key=str)
    required = _check_names([None] if require is None else require, "require", list(ENGINES))
    if on_progress is not None and not callable(on_progress):
        raise InputError(f"on_progress must be null or a function, got {describe(on_progress)}")
    started = time.perf_counter()
    missing = {}
    for name in dict.fromkeys([*chosen, *required]):
        how = ENGINES[name].missing()
        if how is not None:
            missing[name] = how
    present = [name for name in chosen if name not in missing and name != "python"]
    result = Crosscheck(["python", *present], missing=missing, required=required)

    checks = [
        check
        for name in names
        for check in ([make_plan_check(name)] if name in plans else make_checks(name))
    ]
    # The engines that are programs of their own run beside those of this process.
    with ThreadPoolExecutor(max_workers=2) as pool:
        for done, check in enumerate(checks):
            if on_progress is not None:
                on_progress(done, len(checks), f"{check.dataset} {check.rule} {check.cost}")
            outside = {
                name: pool.submit(_run, name, check.plan)
                for name in present
                if name in ("rscript", "js")
            }
            reference = _run("python", check.plan)
            for name in present:
                run = outside[name].result() if name in outside else _run(name, check.plan)
                result.rows.append(_compare(check, name, run, reference))
            if check.plan.dropped:
                result.dropped[check.dataset] = check.plan.dropped
            if check.network == "p5":
                result.departures.append(_departure(check))
    result.seconds = time.perf_counter() - started
    return result


def _check_names(
    value: Any, name: str, allowed: list[str], besides: Sequence[str] = ()
) -> list[str]:
    if value is None:
        return allowed
    entries = as_list(value)
    if entries is None:
        raise InputError(f"{name} must be a list of names, got {describe(value)}")
    return [
        entry if entry in besides else check_choice(entry, f"{name} entry {i}", allowed)
        for i, entry in enumerate(entries, 1)
    ]


def _run(engine: str, plan: Plan) -> Run | TwinpropError:
    try:
        return ENGINES[engine].run(plan)
    except TwinpropError as error:
        return error


def _compare(
    check: Check, engine: str, run: Run | TwinpropError, reference: Run | TwinpropError
) -> Row:
    about = (check.dataset, check.network, check.rule, check.cost, engine)
    if isinstance(run, Run) and isinstance(reference, Run):
        row = Row(*about, differences(run, reference), run.seconds)
        return row if row.agrees else replace(row, rounding=_rounding(check.plan, reference))
    same = not isinstance(run, Run | EngineError) and str(run) == str(reference)
    value = 0.0 if same else math.inf
    return Row(*about, dict.fromkeys(TOLERANCES, value), 0.0, None if same else str(run))


def _rounding(plan: Plan, reference: Run) -> float | None:
    """Return how far a change of the starting weights by 1e-15 moves the final weights."""
    network = Network(**plan.network)
    signs = np.where(RandomStream(1).uniform(network.parameters.size) < 0.5, -1.0, 1.0)
    network.parameters *= 1.0 + 1e-15 * signs
    moved = {**plan.network, "weights": network.weights, "biases": network.biases}
    try:
        run = train_plan(replace(plan, network=moved))
    except TwinpropError:
        return None
    return _difference([*run.weights, *run.biases], [*reference.weights, *reference.biases])


def _departure(check: Check) -> Departure:
    """Hold the p5.js network's step and training against gradient descent from the same start."""
    plan = check.plan
    p5, gradient = Network(**plan.network), Network(**plan.network)
    changes = []
    for network, rule, order in (
        (p5, check.rule, "output_first"),
        (gradient, "gradient", "simultaneous"),
    ):
        step = network.step(plan.x, plan.d, rule=rule, update_order=order, cost=check.cost)
        changes.append(step.backward.grad_weights[0].ravel())
    a, b = changes
    lengths = float(np.linalg.norm(a)), float(np.linalg.norm(b))
    training = plan.training | {"rule": "gradient", "update_order": "simultaneous"}
    runs = [train_plan(plan), train_plan(replace(plan, training=training))]
    ours, theirs = [[*run.weights, *run.biases] for run in runs]
    return Departure(
        check.dataset,
        cosine=float(a @ b) / (lengths[0] * lengths[1]),
        length=lengths[0] / lengths[1],
        weights=_difference(ours, theirs),
    )
