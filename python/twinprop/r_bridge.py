"""R in this process, through rpy2: all that knows about rpy2 is here. Twins: none.

Only float64 vectors and matrices, strings, logicals and lists cross, by the functions below; no
global conversion is switched on. R is not thread-safe: one lock round every call.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from twinprop.checks import Array
from twinprop.errors import (
    DenominatorError,
    DivergenceError,
    EngineError,
    InputError,
    TwinpropError,
)
from twinprop.plan import Plan, recording_from_dict
from twinprop.training import Run, Snapshot

_LOCK = threading.RLock()

#: R's condition classes and the exceptions that stand for them here.
_ERRORS: dict[str, type[TwinpropError]] = {
    "twinprop_input_error": InputError,
    "twinprop_divergence_error": DivergenceError,
    "twinprop_denominator_error": DenominatorError,
}

# Errors come back as values, so that neither rpy2's nor R's own traceback is in the message.
_RUN_PLAN = """
function(plan) tryCatch(
  # An interruption is Python's to tell.
  withCallingHandlers(
    twinprop:::run_plan(plan),
    twinprop_interrupted = function(warning) invokeRestart("muffleWarning")
  ),
  error = function(condition) {
    list(error = conditionMessage(condition), class = class(condition)[[1L]])
  }
)
"""


def r_library() -> Path | None:
    """Return the library inside the source tree into which `make` installs the R package."""
    library = Path(__file__).resolve().parents[2] / ".rlib"
    return library if (library / "twinprop").is_dir() else None


def r_environment() -> dict[str, str]:
    """Return the environment in which R finds the R package of the source tree first."""
    environment = {**os.environ, "LANGUAGE": "en"}  # its errors are read
    library = r_library()
    if library is not None:
        others = environment.get("R_LIBS")
        environment["R_LIBS"] = os.pathsep.join([str(library), *([others] if others else [])])
    return environment


def start_r() -> Any:
    """Start R in this process and return rpy2.robjects.

    Raises
    ------
    EngineError
        If rpy2, R or the R package is missing; it says what to install.
    """
    with _LOCK:
        os.environ.update({k: v for k, v in r_environment().items() if k == "R_LIBS"})
        try:
            with _signals_kept():
                import rpy2.robjects as robjects
        except ImportError as error:
            raise EngineError(
                f'install R, then rpy2: pip install "twinprop[r]" ({error})'
            ) from None
        except Exception as error:  # rpy2 raises what it likes when R is not there or does not fit
            raise EngineError(
                f"install R, and the rpy2 that fits it: rpy2 cannot start R ({error})"
            ) from None
        if not robjects.r["requireNamespace"]("twinprop", quietly=True)[0]:
            raise EngineError("install the R package: R CMD INSTALL .")
        return robjects


@contextlib.contextmanager
def _signals_kept() -> Iterator[None]:
    """Keep Python's handler of Ctrl-C, which R replaces when it starts."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handler = signal.getsignal(signal.SIGINT)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """Let Ctrl-C stop R's computation, and then Python's.

    Left alone, Python's handler would raise inside the function by which R asks for events, where
    the exception is lost.
    """
    handler = signal.getsignal(signal.SIGINT)
    main = threading.current_thread() is threading.main_thread()
    if not main or handler == signal.SIG_IGN:
        yield
        return
    from rpy2.rinterface_lib import openrlib

    stopped = []

    def stop(number: int, frame: object) -> None:
        stopped.append(number)
        openrlib.rlib.R_interrupts_pending = 1

    signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
    if stopped:
        raise KeyboardInterrupt


def run_plan_in_r(plan: Plan) -> Run:
    """Train what a plan says, by the R package in this process.

    Parameters
    ----------
    plan : Plan

    Returns
    -------
    Run

    Raises
    ------
    EngineError
        If rpy2, R or the R package is missing; it says what to install.
    InputError, DivergenceError, DenominatorError
        As R's own conditions, with the same messages.
    """
    with _LOCK:
        robjects = start_r()
        given = {
            "network": plan.network,
            "training": plan.training,
            "data": plan.data(),
        }
        run_plan, argument = robjects.r(_RUN_PLAN), to_r(given, robjects)
        with _interruptible():
            result = run_plan(argument)
        result = to_python(result, robjects)
    if "error" in result:
        kind = _ERRORS.get(result["class"], EngineError)
        raise kind(result["error"])
    return Run(
        engine="r",
        updates=int(result["updates"].item()),
        seconds=result["seconds"].item(),
        initial_cost=result["initial_cost"].item(),
        cost=result["cost"],
        final_cost=result["final_cost"].item(),
        outputs=result["outputs"],
        errors=result["errors"],
        weights=result["weights"],
        biases=result["biases"],
        snapshots=[
            Snapshot(
                int(kept["updates"].item()), kept["cost"].item(), kept["weights"], kept["biases"]
            )
            for kept in result.get("snapshots") or []
        ],
        recording=recording_from_dict(result["recording"], int(result["updates"].item()))
        if "recording" in result
        else None,
    )


def to_r(value: Any, robjects: Any) -> Any:
    """Return R's form: a mapping or a list of arrays as a list, numbers as double vectors."""
    if value is None:
        return robjects.NULL
    if isinstance(value, Mapping):
        return robjects.ListVector({key: to_r(entry, robjects) for key, entry in value.items()})
    if isinstance(value, bool):
        return robjects.BoolVector([value])
    if isinstance(value, str):
        return robjects.StrVector([value])
    if isinstance(value, int | float):
        return robjects.FloatVector([float(value)])
    if isinstance(value, np.ndarray):
        return _array_to_r(value, robjects)
    entries = list(value)
    if entries and all(isinstance(entry, str) for entry in entries):
        return robjects.StrVector(entries)
    if all(isinstance(entry, int | float) for entry in entries):
        return robjects.FloatVector([float(entry) for entry in entries])
    # ListVector wants names; these lists have none.
    return robjects.r["list"](*[to_r(entry, robjects) for entry in entries])


def _array_to_r(array: Array, robjects: Any) -> Any:
    """Return a double vector, or a matrix: R stores its columns one after the other."""
    vector = robjects.FloatVector(np.ascontiguousarray(array.T).ravel())
    if array.ndim == 1:
        return vector
    return robjects.r["matrix"](vector, nrow=array.shape[0], ncol=array.shape[1])


def to_python(value: Any, robjects: Any) -> Any:
    """Return Python's form: a named list as a dict, numbers as arrays, a string as itself."""
    if value is robjects.NULL:
        return None
    if isinstance(value, robjects.ListVector):
        entries = [to_python(entry, robjects) for entry in value]
        names = value.names
        return entries if names is robjects.NULL else dict(zip(names, entries, strict=True))
    if isinstance(value, robjects.StrVector):
        return value[0] if len(value) == 1 else list(value)
    if isinstance(value, robjects.FloatVector | robjects.IntVector):
        array = np.array(value, dtype=np.float64)
        if isinstance(value, robjects.vectors.Matrix):
            return array.reshape(tuple(value.dim), order="F")
        return array
    raise TypeError(f"no conversion from R's {type(value).__name__}")
