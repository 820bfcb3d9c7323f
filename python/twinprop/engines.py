"""Who can train a plan: numpy, R in process, R by file, node, torch. Twins: r/crosscheck.R."""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from twinprop.errors import (
    DenominatorError,
    DivergenceError,
    EngineError,
    TwinpropError,
)
from twinprop.plan import Plan, read_plan, run_from_dict, train_plan, with_plan
from twinprop.resources import js_folder
from twinprop.training import Run

#: The oldest node that has all that inst/js uses; bookworm's is 18.
OLDEST_NODE = 18


class Engine(NamedTuple):
    """Something that trains plans.

    Attributes
    ----------
    about : str
        What it is, in a few words.
    missing : callable
        ``missing()`` returns None, or what to install before the engine can run.
    run : callable
        ``run(plan)`` trains a `Plan` and returns a `Run`.
    """

    about: str
    missing: Callable[[], str | None]
    run: Callable[[Plan], Run]


def _rscript_missing() -> str | None:
    from twinprop.r_bridge import r_environment

    if shutil.which("Rscript") is None:
        return "install R (on Debian or Ubuntu: apt-get install r-base-core r-cran-jsonlite)"
    test = 'quit(status = if (requireNamespace("twinprop", quietly = TRUE)) 0 else 1)'
    found = subprocess.run(
        ["Rscript", "-e", test], env=r_environment(), capture_output=True, check=False
    )
    return None if found.returncode == 0 else "install the R package: R CMD INSTALL ."


def _r_missing() -> str | None:
    if importlib.util.find_spec("rpy2") is None:
        return 'install R, then rpy2: pip install "twinprop[r]"'
    missing = _rscript_missing()
    if missing is not None:
        return missing
    from twinprop.r_bridge import start_r

    try:
        start_r()
    except EngineError as error:
        return str(error)
    return None


def _js_missing() -> str | None:
    how = "install node (18 or newer; on Debian or Ubuntu: apt-get install nodejs)"
    if shutil.which("node") is None:
        return how
    test = f"process.exit(parseInt(process.versions.node) >= {OLDEST_NODE} ? 0 : 1)"
    found = subprocess.run(["node", "-e", test], capture_output=True, check=False)
    return None if found.returncode == 0 else how


def _torch_missing() -> str | None:
    how = 'install torch: pip install "twinprop[torch]"'
    if importlib.util.find_spec("torch") is None:
        return how
    try:
        importlib.import_module("torch")
    except (ImportError, OSError) as error:  # there, but not whole: a library it needs is not
        return f"{how} (the torch that is here does not load: {error})"
    return None


def _run_in_r(plan: Plan) -> Run:
    from twinprop.r_bridge import run_plan_in_r

    return with_plan(run_plan_in_r(plan), plan)


def _run_in_rscript(plan: Plan) -> Run:
    from twinprop.r_bridge import r_environment

    code = "a <- commandArgs(TRUE); twinprop::tp_run(a[[1L]], a[[2L]])"
    return _run_by_files("rscript", ["Rscript", "-e", code], plan, r_environment())


def _run_in_js(plan: Plan) -> Run:
    return _run_by_files("js", ["node", str(js_folder() / "run.js")], plan, dict(os.environ))


def _run_by_files(name: str, command: list[str], plan: Plan, environment: Mapping[str, str]) -> Run:
    """Write the plan, let a program train it, read the run."""
    with tempfile.TemporaryDirectory(prefix="twinprop-") as folder:
        plan_file, run_file = Path(folder, "plan.json"), Path(folder, "run.json")
        plan_file.write_text(json.dumps(plan.to_dict(), allow_nan=False), encoding="utf-8")
        done = subprocess.run(
            [*command, str(plan_file), str(run_file)],
            env=dict(environment),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise _engine_failed(name, done.stderr)
        run = run_from_dict(json.loads(run_file.read_text(encoding="utf-8")))
        return with_plan(run, plan)


#: How the messages of the errors that are not about the input begin.
_TRAINING_ERRORS: dict[str, type[TwinpropError]] = {
    "the cost": DivergenceError,
    'rule "': DenominatorError,
}


def _engine_failed(name: str, stderr: str) -> TwinpropError:
    """Return the package's own error that another program printed, or that it failed."""
    # A profile may have printed something before R's error.
    said = re.search(r"(?:^|\n)Error: (.*)\nExecution halted$", stderr.strip())
    message = said[1] if said else stderr.strip().removeprefix("Error: ")
    for start, kind in _TRAINING_ERRORS.items():
        if message.startswith(start) and "\n" not in message:
            return kind(message)
    return EngineError(f'engine "{name}" failed: {message}')


def _run_in_torch(plan: Plan) -> Run:
    from twinprop.torch_engine import run_plan_in_torch

    return with_plan(run_plan_in_torch(plan), plan)


ENGINES: dict[str, Engine] = {
    "python": Engine("numpy", lambda: None, train_plan),
    "r": Engine("R in this process, through rpy2", _r_missing, _run_in_r),
    "rscript": Engine("R by a plan file", _rscript_missing, _run_in_rscript),
    "js": Engine("node by a plan file", _js_missing, _run_in_js),
    "torch": Engine("torch autograd and torch.optim", _torch_missing, _run_in_torch),
}


def run_plan_on(plan: Plan | Mapping[str, Any] | str | os.PathLike[str], engine: str) -> Run:
    """Train a plan on an engine.

    Parameters
    ----------
    plan : Plan, mapping, path or "-"
        As for `read_plan`.
    engine : str
        "python", "r", "rscript", "js" or "torch".

    Returns
    -------
    Run

    Raises
    ------
    InputError
        If the engine is unknown or the plan is not allowed.
    EngineError
        If the engine is missing or failed, the message says what to install; or if it keeps no
        recording (torch) and the plan asks for one.
    DivergenceError, DenominatorError
        As for `Network.train`.
    """
    from twinprop.checks import check_choice

    chosen = ENGINES[check_choice(engine, "engine", ENGINES)]
    plan = read_plan(plan)
    missing = chosen.missing()
    if missing is not None:
        raise EngineError(f'engine "{engine}" is missing: {missing}')
    return chosen.run(plan)
