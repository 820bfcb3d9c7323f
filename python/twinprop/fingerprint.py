"""The numbers of a training in 32 digits. Twins: r/fingerprint.R, inst/js/fingerprint.js.

Section 20 of docs/contract.md. A checksum against accidents, not a signature.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from twinprop.checks import Array, describe, is_finite
from twinprop.errors import InputError

#: So many digits are shown where a run or a model is printed.
SHOWN = 12


def fingerprint(source: Any, *, engine: str = "python") -> str:
    """Return the fingerprint of a training: 32 digits that stand for all its numbers.

    It is the MD5 of the costs of the epochs, the weights and the biases, bit by bit: trainings with
    the same fingerprint have computed the same numbers. With arithmetic "portable" a plan has one
    fingerprint, in Python, R and JavaScript. It guards against accidents, not against forgery.

    Parameters
    ----------
    source : Run, Model, fitted estimator, path, "-" or mapping
        A path is that of a run's or a model's file, from whichever language, or of a plan, which is
        trained; "-" is standard input, a mapping what a file says.
    engine : str, default "python"
        Who trains a plan: see `run_plan_on`.

    Returns
    -------
    str

    Raises
    ------
    InputError
        If it is none of these; if a file cannot be read, or has the fingerprint of other numbers
        than it holds.
    TwinpropError
        As for `run_plan_on`, of a plan.

    Examples
    --------
    >>> network = {"layers": [2, 1], "weights": [[[1, 2]]]}
    >>> fingerprint({"network": network, "training": {"epochs": 0}})
    '9fff185c9099ec7aa6992134a469e103'
    """
    from twinprop.model import Model
    from twinprop.training import Run

    if isinstance(source, str | os.PathLike | Mapping):
        return _of_file(source, engine)
    if isinstance(source, Run):
        return source.fingerprint
    model = getattr(source, "model_", source)
    if not isinstance(model, Model):
        raise InputError(
            "source must be a Run, a Model, a fitted estimator, a mapping or a path, "
            f"got {describe(source)}"
        )
    return model_fingerprint(model)


def fingerprint_of(cost: npt.ArrayLike, weights: Sequence[Array], biases: Sequence[Array]) -> str:
    """Return the fingerprint of the costs of epochs, weights and biases."""
    digest = hashlib.md5(usedforsecurity=False)
    for numbers in (cost, *weights, *biases):
        digest.update(np.ascontiguousarray(numbers, dtype="<f8").tobytes())
    return digest.hexdigest()


def model_fingerprint(model: Any) -> str:
    """Return the fingerprint of a model; its costs are the loss curve of its training, if any."""
    curve = (model.training or {}).get("loss_curve", [])
    if not isinstance(curve, list) or not all(is_finite(loss) for loss in curve):
        raise InputError("training.loss_curve must be a list of finite numbers")
    return fingerprint_of(curve, model.network.weights, model.network.biases)


def _of_file(source: str | os.PathLike[str] | Mapping[str, Any], engine: str) -> str:
    """Return the fingerprint of a run's or a model's file, or of the run of a plan."""
    from twinprop.engines import run_plan_on
    from twinprop.json_text import parse_json
    from twinprop.model_file import MODEL_FORMAT, model_from_dict
    from twinprop.plan import RUN_FORMAT, read_bytes, read_plan, run_from_dict

    if isinstance(source, Mapping):
        value: Any = source
    else:
        value = parse_json(read_bytes(source, "plan"), "plan")
    form = value.get("format") if isinstance(value, Mapping) else None
    if form == RUN_FORMAT:
        noted, found = value.get("fingerprint"), run_from_dict(value).fingerprint
    elif form == MODEL_FORMAT:
        model = model_from_dict(value)
        noted, found = (model.training or {}).get("fingerprint"), model_fingerprint(model)
    else:
        plan = read_plan(value)
        run = run_plan_on(plan, engine)
        if len(run.cost) < plan.training["epochs"]:  # part of a run is no run of this plan
            raise KeyboardInterrupt
        return run.fingerprint
    if noted is not None and noted != found:
        raise InputError(
            f"the file's fingerprint is {describe(noted)}, that of its numbers {describe(found)}: "
            "the file was changed or damaged"
        )
    return found
