"""The proof: the same plans on every engine, and how far apart they are. Twin: r/crosscheck.R."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from twinprop import kernel
from twinprop.checks import Array, as_list, check_choice, describe
from twinprop.datasets import dataset_names, load_dataset
from twinprop.engines import ENGINES
from twinprop.errors import EngineError, InputError, TwinpropError
from twinprop.fingerprint import SHOWN
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


#: The engines that have portable arithmetic, by which they give the same bits as Python.
PORTABLE_ENGINES = ("r", "rscript", "js")


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
    # No recording: it is not compared, and torch keeps none. Portable arithmetic has its own check.
    compared = {"snapshots": (1, 10, 1000), "record": None, "arithmetic": "fast"}
    plan = replace(plan, training=plan.training | compared)
    return Check(path, plan.training["rule"], plan.training["cost"], "plan", plan)


def portable_check(checks: Sequence[Check]) -> Check:
    """Return one of a data set's plans in portable arithmetic: its last cost by the gradient."""
    chosen = [check for check in checks if check.rule == "gradient"] or list(checks)
    plan = chosen[-1].plan
    return chosen[-1]._replace(
        plan=replace(plan, training=plan.training | {"arithmetic": "portable"})
    )


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
class FirstDifference:
    """The first number of a run, in the fingerprint's order, that has other bits.

    Attributes
    ----------
    stage : str
        "cost", "weights" or "biases".
    layer : int or None
        Into which the weight leads, or of the bias; None for a cost.
    index : tuple of int
        From 1: the epoch of a cost; the neuron of the layer, of a weight also that it comes from.
        Empty if there are more of these numbers, or fewer.
    ulp : int or None
        How many float64 steps apart; None without an index.
    """

    stage: str
    layer: int | None
    index: tuple[int, ...]
    ulp: int | None

    def __str__(self) -> str:
        if self.ulp is None:
            into = "" if self.layer is None else f" of layer {self.layer}"
            return f"the shape of the {self.stage}{into}"
        neuron = f"neuron {self.index[0]} of layer {self.layer}"
        number = {"cost": f"the cost of epoch {self.index[0]}", "biases": f"the bias of {neuron}"}
        if self.stage == "weights":
            assert self.layer is not None
            source = f"neuron {self.index[1]} of layer {self.layer - 1}"
            number = {"weights": f"the weight from {source} to {neuron}"}
        return f"{number[self.stage]}, by {self.ulp} ulp"


def ulps_between(p: float, q: float) -> int:
    """Return how many float64 steps two numbers are apart; from -0 to 0 it is one."""
    a, b = (int(bits) for bits in np.array([p, q], dtype=np.float64).view(np.int64))
    # Below 0 the bits count upwards from the smallest integer, -0.
    a, b = (-1 - (bits + 2**63) if bits < 0 else bits for bits in (a, b))
    return abs(a - b)


def first_difference(run: Run, reference: Run) -> FirstDifference | None:
    """Return the first number of the fingerprint in which a run has other bits than the reference.

    None if there is none.
    """
    pairs: list[tuple[str, int | None, Array | None, Array | None]]
    pairs = [("cost", None, run.cost, reference.cost)]
    for stage in ("weights", "biases"):
        found, wanted = getattr(run, stage), getattr(reference, stage)
        pairs += [
            (stage, layer, p, q) for layer, (p, q) in enumerate(zip_longest(found, wanted), 2)
        ]
    for stage, layer, p, q in pairs:
        if p is None or q is None or p.shape != q.shape:
            return FirstDifference(stage, layer, (), None)
        p, q = np.ascontiguousarray(p), np.ascontiguousarray(q)
        places = np.argwhere(p.view(np.int64) != q.view(np.int64))
        if len(places):
            place = tuple(int(i) for i in places[0])
            ulp = ulps_between(float(p[place]), float(q[place]))
            return FirstDifference(stage, layer, tuple(i + 1 for i in place), ulp)
    return None


@dataclass(frozen=True)
class PortableRow:
    """One plan in portable arithmetic on one engine, bit by bit against Python.

    Attributes
    ----------
    dataset, rule, cost, engine : str
    fingerprint : str or None
        The engine's; None if there is no run.
    first : FirstDifference or None
        None if all bits are the same, or there is no run.
    error : str or None
        Why there is no run, if there should be one.
    """

    dataset: str
    rule: str
    cost: str
    engine: str
    fingerprint: str | None
    first: FirstDifference | None
    error: str | None = None

    @property
    def agrees(self) -> bool:
        """Whether all bits are the same."""
        return self.first is None and self.error is None


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
    portable : list of PortableRow
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
    portable: list[PortableRow] = field(default_factory=list)
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
        same = all(row.agrees for row in self.rows) and all(row.agrees for row in self.portable)
        return same and not self.required_missing

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
        other_bits = [row for row in self.portable if not row.agrees]
        if other_bits:
            one = other_bits[0]
            return (
                f"DIFFERS: {len(other_bits)} of {len(self.portable)} trainings in portable "
                f"arithmetic, the first on {one.engine}: {one.dataset}.{missing}"
            )
        if self.required_missing:
            return f"INCOMPLETE: required, but missing: {', '.join(self.required_missing)}."
        if not self.rows:
            return f"Nothing compared: no engine but Python is here.{missing}"
        worst = max(max(row.differences.values()) for row in self.rows)
        same_bits = ""
        if self.portable:
            names = ", ".join(dict.fromkeys(row.engine for row in self.portable))
            same_bits = f"; in portable arithmetic python, {names} give the same bits"
        return (
            f"All agree: {', '.join(self.engines)} give the same errors and the same updated "
            f"weights in all {plans} plans (largest relative difference {worst:.1e})"
            f"{same_bits}.{missing}"
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
            "portable": [
                {
                    **{
                        key: getattr(row, key)
                        for key in ("dataset", "rule", "cost", "engine", "fingerprint", "error")
                    },
                    "agrees": row.agrees,
                    "first_difference": row.first and vars(row.first),
                }
                for row in self.portable
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
        if self.portable:
            lines += ["", _PORTABLE, *_portable_lines(self.portable)]
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


_PORTABLE = "One plan of each data set in portable arithmetic, its costs, weights and biases:"


def _portable_lines(rows: Sequence[PortableRow]) -> Iterator[str]:
    for dataset in dict.fromkeys(row.dataset for row in rows):
        own = [row for row in rows if row.dataset == dataset]
        label = f"  {dataset}  {own[0].rule}, {own[0].cost}"
        same = [row for row in own if row.agrees]
        if same:
            engines = ", ".join(row.engine for row in same)
            mark = same[0].fingerprint
            of = "the same error" if mark is None else f"fingerprint {mark[:SHOWN]}"
            yield f"{label:{_LABEL_WIDTH}}{engines}: the same bits as python, {of}"
        for row in own:
            if not row.agrees:
                what = row.error if row.first is None else f"first {row.first}"
                yield f"{label:{_LABEL_WIDTH}}{row.engine}: DIFFERS, {what}"


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

    One plan of each data set is trained in portable arithmetic too, and compared bit by bit. Each
    language computes by its own code: none by the kernel in C, which Python and R share.

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

    by_name = [[make_plan_check(name)] if name in plans else make_checks(name) for name in names]
    checks = [check for group in by_name for check in group]
    exact = [name for name in present if name in PORTABLE_ENGINES]
    portable = [portable_check(group) for group in by_name] if exact else []
    total = len(checks) + len(portable)
    # The engines that are programs of their own run beside those of this process.
    with kernel.turned_off(), ThreadPoolExecutor(max_workers=2) as pool:
        for done, check in enumerate(checks):
            if on_progress is not None:
                on_progress(done, total, f"{check.dataset} {check.rule} {check.cost}")
            reference, runs = _run_all(check.plan, present, pool)
            for name, run in runs.items():
                result.rows.append(_compare(check, name, run, reference))
            if check.plan.dropped:
                result.dropped[check.dataset] = check.plan.dropped
            if check.network == "p5":
                result.departures.append(_departure(check))
        for done, check in enumerate(portable, len(checks)):
            if on_progress is not None:
                on_progress(done, total, f"{check.dataset} portable")
            reference, runs = _run_all(check.plan, exact, pool)
            for name, run in runs.items():
                result.portable.append(_compare_bits(check, name, run, reference))
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


def _run_all(
    plan: Plan, engines: Sequence[str], pool: ThreadPoolExecutor
) -> tuple[Run | TwinpropError, dict[str, Run | TwinpropError]]:
    """Return Python's run of a plan, and each engine's."""
    outside = {name: pool.submit(_run, name, plan) for name in engines if name in ("rscript", "js")}
    reference = _run("python", plan)
    runs = {
        name: outside[name].result() if name in outside else _run(name, plan) for name in engines
    }
    return reference, runs


def _compare_bits(
    check: Check, engine: str, run: Run | TwinpropError, reference: Run | TwinpropError
) -> PortableRow:
    about = (check.dataset, check.rule, check.cost, engine)
    if isinstance(run, Run) and isinstance(reference, Run):
        return PortableRow(*about, run.fingerprint, first_difference(run, reference))
    same = not isinstance(run, Run | EngineError) and str(run) == str(reference)
    return PortableRow(*about, None, None, None if same else str(run))


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
