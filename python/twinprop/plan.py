"""Plan and run files: what to train, and what came of it. Twins: r/plan.R, inst/js/plan.js.

Sections 7 and 8 of docs/contract.md. These files make any language an engine for any other.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from twinprop.checks import (
    Array,
    check_keys,
    check_matrix,
    check_object,
    check_path,
    check_same_rows,
    check_sample_weight,
    check_switch,
    describe,
    escaped,
)
from twinprop.costs import check_cost_fits, check_targets
from twinprop.datasets import dataset_plan_data
from twinprop.diagnose import warn_unless_learned
from twinprop.errors import InputError
from twinprop.json_text import parse_json
from twinprop.network import Network, check_network
from twinprop.optimizers import Optimizer, Settings, check_optimizer
from twinprop.recorder import RecordedStep, Recording
from twinprop.training import (
    DEFAULTS,
    Run,
    Snapshot,
    check_batch_size,
    check_training,
    run_training,
)
from twinprop.version import __version__

PLAN_FORMAT = "twinprop-plan/1"
RUN_FORMAT = "twinprop-run/1"

_NETWORK_DEFAULTS: dict[str, Any] = {
    "layers": [2, 4, 1],
    "activations": "sigmoid",
    "init": "xavier",
    "seed": 42,
    "weights": None,
    "biases": None,
}
_TRAINING_DEFAULTS: dict[str, Any] = {**DEFAULTS, "optimizer": {}}
_DATA_DEFAULT = {"x": [[0, 0], [0, 1], [1, 0], [1, 1]], "d": [[0], [1], [1], [0]]}


@dataclass(frozen=True)
class Plan:
    """What to train, complete and checked.

    Attributes
    ----------
    network : dict
        Keywords of `Network`.
    training : dict
        Keywords of `Network.train`; `optimizer` is the dict of its settings.
    x, d : ndarray, (n, n_1) and (n, n_L)
    dropped : int
        Rows of a data set left out because of missing values.
    sample_weight : ndarray or None, (n,)
    """

    network: dict[str, Any]
    training: dict[str, Any]
    x: Array
    d: Array
    dropped: int = 0
    sample_weight: Array | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as its file has it."""
        return _plain(
            {
                "format": PLAN_FORMAT,
                "network": self.network,
                "training": self.training,
                "data": self.data(),
            }
        )

    def data(self) -> dict[str, Any]:
        """Return the section data: x, d and, if there are any, the samples' weights."""
        weight = self.sample_weight
        more = {} if weight is None else {"sample_weight": weight}
        return {"x": self.x, "d": self.d, **more}


def read_plan(source: Plan | Mapping[str, Any] | str | os.PathLike[str]) -> Plan:
    """Read and check a plan.

    Parameters
    ----------
    source : path, "-", mapping or Plan
        A file, standard input, or the plan itself. Absent keys take their defaults.

    Raises
    ------
    InputError
        If the file cannot be read, or a key is unknown or its value not allowed.

    Examples
    --------
    >>> plan = read_plan({"training": {"epochs": 10}})
    >>> plan.network["layers"], plan.x.shape
    ((2, 4, 1), (4, 2))
    """
    if isinstance(source, Plan):
        return source
    if not isinstance(source, str | os.PathLike):
        return check_plan(source)
    return parse_plan(read_bytes(source, "plan"))


def parse_plan(text: str | bytes) -> Plan:
    """Check a plan given as JSON."""
    return check_plan(parse_json(text, "plan"))


def read_bytes(source: str | os.PathLike[str], what: str) -> bytes:
    """Read a file or, for "-", standard input; `what` it is stands in messages."""
    if source == "-":
        return sys.stdin.buffer.read()
    name = escaped(str(source))
    try:
        return Path(source).read_bytes()
    except (FileNotFoundError, ValueError):  # no file has a NUL in its name
        raise InputError(f'cannot read the {what}: no file "{name}"') from None
    except OSError as error:
        raise InputError(f'cannot read the {what} "{name}": {error.strerror}') from None


def check_plan(plan: Any) -> Plan:
    """Fill in the defaults of a plan and check all of it, in the contract's order."""
    check_object(plan, "the plan")
    found = plan.get("format", PLAN_FORMAT)
    if found != PLAN_FORMAT:
        raise InputError(f'format must be "{PLAN_FORMAT}", got {describe(found)}')
    check_keys(plan, "the plan", ["format", "network", "training", "data"])

    network = _section(plan, "network", _NETWORK_DEFAULTS)
    network = check_network(network, "network.")

    training = _section(plan, "training", _TRAINING_DEFAULTS)
    hidden = len(network["layers"]) - 2
    training = check_training(training, _plan_optimizer, hidden, "training.")
    check_cost_fits(training["cost"], network["activations"][-1])

    data = check_object(plan.get("data", _DATA_DEFAULT), "data")
    x, d, dropped = _check_data(data, network["layers"])
    check_targets(d, "data.d", training["cost"], network["activations"][-1])
    weight = check_sample_weight(data.get("sample_weight"), "data.sample_weight", len(x))
    batch_size = check_batch_size(training["batch_size"], "training.batch_size", len(x))
    return Plan(network, {**training, "batch_size": batch_size}, x, d, dropped, weight)


def _section(plan: Mapping[str, Any], name: str, defaults: Mapping[str, Any]) -> dict[str, Any]:
    given = check_object(plan.get(name, {}), name)
    check_keys(given, name, list(defaults))
    return {**defaults, **given}


def _plan_optimizer(value: Any) -> Settings:
    where = "training.optimizer"
    return check_optimizer(check_object(value, where), f"{where}.", where)


def _check_data(data: Mapping[str, Any], layers: tuple[int, ...]) -> tuple[Array, Array, int]:
    check_keys(data, "data", ["x", "d", "dataset", "sample_weight"])
    if set(data) - {"sample_weight"} not in ({"dataset"}, {"x", "d"}):
        raise InputError('data must have either "dataset" or both "x" and "d"')
    x, d, dropped = data.get("x"), data.get("d"), 0
    if "dataset" in data:
        found = dataset_plan_data(data["dataset"], "data.dataset")
        x, d, dropped = found.x, found.d, found.dropped
    x = check_matrix(x, "data.x", layers[0])
    d = check_matrix(d, "data.d", layers[-1])
    check_same_rows(d, x, "data.d", "data.x")
    return x, d, dropped


def run_plan(
    plan: Plan | Mapping[str, Any] | str | os.PathLike[str], *, progress: bool = False
) -> Run:
    """Train what a plan says.

    Parameters
    ----------
    plan : Plan, mapping, path or "-"
        As for `read_plan`.
    progress : bool, default False
        As for `Network.train`.

    Returns
    -------
    Run

    Raises
    ------
    InputError
        If the plan is not allowed.
    DivergenceError, DenominatorError
        As for `Network.train`.

    Warns
    -----
    TwinpropWarning
        As for `Network.train`.

    Examples
    --------
    >>> run_plan({"training": {"epochs": 10}})  # doctest: +ELLIPSIS
    Run('python', 10 epochs, 40 updates, cost 0.136727 -> 0.124664, fingerprint ...)
    """
    check_switch(progress, "progress")
    plan = read_plan(plan)
    run = train_plan(plan, progress=progress)
    warn_unless_learned(run, plan.x, plan.d, stacklevel=2)  # whoever called run_plan
    return run


def train_plan(plan: Plan, *, progress: bool = False) -> Run:
    """Train what a plan says, without a word on whether it has learned."""
    training = dict(plan.training)
    optimizer = Optimizer(**training.pop("optimizer"))
    network = Network(**plan.network)
    return run_training(
        network,
        plan.x,
        plan.d,
        optimizer=optimizer,
        sample_weight=plan.sample_weight,
        progress=progress,
        **training,
    )


def run_to_dict(run: Run) -> dict[str, Any]:
    """Return a run as its file has it."""
    result: dict[str, Any] = {"format": RUN_FORMAT, "engine": run.engine, "version": __version__}
    for name in (
        "updates",
        "seconds",
        "initial_cost",
        "cost",
        "final_cost",
        "outputs",
        "errors",
        "weights",
        "biases",
        "fingerprint",
    ):
        result[name] = _plain(getattr(run, name))
    if run.snapshots:
        result["snapshots"] = [_plain(vars(snapshot)) for snapshot in run.snapshots]
    if run.recording is not None:
        result["recording"] = {
            "interval": run.recording.interval,
            "steps": [_plain(vars(step)) for step in run.recording],
        }
    return result


def with_plan(run: Run, plan: Plan) -> Run:
    """Return a run that another engine made of a plan with what its file does not hold."""
    start = {**plan.network, "weights": run.weights, "biases": run.biases}
    settings = {name: value for name, value in plan.training.items() if name != "snapshots"}
    return replace(run, network=Network(**start), settings=settings)


def run_from_dict(run: Mapping[str, Any]) -> Run:
    """Return a run from what its file says; its numbers are taken as they are."""
    if run.get("format") != RUN_FORMAT:
        raise InputError(f'format must be "{RUN_FORMAT}", got {describe(run.get("format"))}')

    def arrays(values: Any) -> list[Array]:
        return [np.asarray(value, dtype=np.float64) for value in values]

    try:
        return Run(
            engine=run["engine"],
            updates=run["updates"],
            seconds=run["seconds"],
            initial_cost=run["initial_cost"],
            cost=np.asarray(run["cost"], dtype=np.float64),
            final_cost=run["final_cost"],
            outputs=np.asarray(run["outputs"], dtype=np.float64),
            errors=np.asarray(run["errors"], dtype=np.float64),
            weights=arrays(run["weights"]),
            biases=arrays(run["biases"]),
            snapshots=[
                Snapshot(
                    kept["updates"], kept["cost"], arrays(kept["weights"]), arrays(kept["biases"])
                )
                for kept in run.get("snapshots", [])
            ],
            recording=recording_from_dict(run["recording"], run["updates"])
            if "recording" in run
            else None,
        )
    except KeyError as error:
        raise InputError(f"run must have {describe(error.args[0])}, got no such key") from None
    except (AttributeError, OverflowError, TypeError, ValueError):
        raise InputError(
            "run must have numbers, and lists of them, where section 8 of docs/contract.md has "
            "them, got other types"
        ) from None


def recording_from_dict(recording: Mapping[str, Any], updates: int) -> Recording:
    """Return a recording from what a run file says, or R in this process."""

    def number(value: Any) -> Any:
        return np.asarray(value).item()

    def arrays(values: Any) -> list[Array]:
        return [np.asarray(value, dtype=np.float64) for value in values]

    steps = [
        RecordedStep(
            update=int(number(step["update"])),
            epoch=int(number(step["epoch"])),
            rows=np.asarray(step["rows"], dtype=np.int64),
            cost=float(number(step["cost"])),
            **{
                name: arrays(step[name])
                for name in ("weights", "biases", "e", "grad_weights", "grad_biases")
            },
        )
        for step in recording["steps"]
    ]
    return Recording(int(number(recording["interval"])), updates, steps)


def write_run(run: Run, output: str | os.PathLike[str]) -> None:
    """Write a run's file.

    Parameters
    ----------
    run : Run
    output : path or "-"
        Where to; "-" is standard output. A file is written beside it first and then moved, so that
        it is never half there.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp(), "run.json")
    >>> write_run(run_plan({"training": {"epochs": 1}}), path)
    >>> path.read_text()[:27]
    '{"format": "twinprop-run/1"'
    """
    if not isinstance(run, Run):
        raise InputError(f"run must be a Run, got {describe(run)}")
    check_path(output, "output", 'a path or "-"')
    write_text(json.dumps(run_to_dict(run), allow_nan=False) + "\n", output)


def write_text(text: str, output: str | os.PathLike[str]) -> None:
    """Write to a file or, for "-", to standard output."""
    if output == "-":
        _write_out(sys.stdout, text)
        return
    write_whole(Path(output), text)


def _write_out(stream: TextIO, text: str) -> None:
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError:  # the command line knows what that means
        raise
    except OSError as error:
        raise InputError(f'cannot write "-": {error.strerror}') from None


def write_whole(path: Path, text: str) -> None:
    """Write a text file so that it is there whole or not at all."""
    name = escaped(str(path))
    try:
        target = path.resolve()  # a link stays a link
        if target.exists() and not target.is_file():  # a pipe or a device is no file to replace
            target.write_text(text, encoding="utf-8")
            return
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    except OSError as error:
        raise InputError(f'cannot write "{name}": {error.strerror}') from None
    except ValueError:  # NUL, or half of a character
        raise InputError(f'cannot write "{name}": no name of a file') from None
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        # mkstemp makes private files; give this one what a plain open would have given it.
        umask = os.umask(0)
        os.umask(umask)
        Path(temporary).chmod(0o666 & ~umask)
        Path(temporary).replace(target)
    except BaseException as error:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
        if isinstance(error, OSError):
            raise InputError(f'cannot write "{name}": {error.strerror}') from None
        raise


def _plain(value: Any) -> Any:
    """Return arrays and tuples as lists, for JSON, whose floats read back exactly."""
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, Mapping):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    return value
