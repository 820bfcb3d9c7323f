"""The learning rate from epoch to epoch. Twins: r/schedules.R, inst/js/schedules.js.

Section 6 of docs/contract.md.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from twinprop.arithmetic import FAST, Arithmetic
from twinprop.checks import (
    check_choice,
    check_integer,
    check_keys,
    check_number,
    check_ratio,
    describe,
)
from twinprop.errors import InputError

Settings = dict[str, Any]


class Schedule(NamedTuple):
    """How the learning rate changes.

    Attributes
    ----------
    defaults : dict
        Its parameters and their defaults.
    factor : callable
        ``factor(t, settings, epochs, rows, arithmetic)``: what the learning rate is multiplied
        by in epoch t, from 1, of a training of so many epochs on so many rows.
    """

    defaults: Settings
    factor: Callable[[int, Mapping[str, Any], int, int, Arithmetic], float]


def _exponential(
    t: int, settings: Mapping[str, Any], epochs: int, rows: int, arithmetic: Arithmetic
) -> float:
    """gamma^(t-1); torch.optim.lr_scheduler.ExponentialLR."""
    return float(arithmetic.power(settings["gamma"], t - 1))


def _step(
    t: int, settings: Mapping[str, Any], epochs: int, rows: int, arithmetic: Arithmetic
) -> float:
    """gamma^floor((t-1) / every); torch.optim.lr_scheduler.StepLR."""
    return float(arithmetic.power(settings["gamma"], (t - 1) // settings["every"]))


def _cosine(
    t: int, settings: Mapping[str, Any], epochs: int, rows: int, arithmetic: Arithmetic
) -> float:
    """(1 + cos(pi (t-1) / T)) / 2; torch.optim.lr_scheduler.CosineAnnealingLR."""
    return (1.0 + arithmetic.cos(math.pi * (t - 1) / epochs)) / 2.0


def _inverse(
    t: int, settings: Mapping[str, Any], epochs: int, rows: int, arithmetic: Arithmetic
) -> float:
    """1 / (1 + n (t-1))^power; scikit-learn's invscaling, which counts the samples seen."""
    return float(arithmetic.real_power(1.0 + rows * (t - 1.0), 0.0 - settings["power"]))


SCHEDULES: dict[str, Schedule] = {
    "exponential": Schedule({"gamma": 0.95}, _exponential),
    "step": Schedule({"gamma": 0.1, "every": 30}, _step),
    "cosine": Schedule({}, _cosine),
    "inverse": Schedule({"power": 0.5}, _inverse),
}

_CHECKS: dict[str, Callable[[Any, str], Any]] = {
    "gamma": check_ratio,
    "every": lambda value, name: check_integer(value, name, 1),
    "power": check_number,
}


def check_schedule(value: Any, name: str, optimizer: str) -> Settings | None:
    """Return the complete settings of a schedule, its name included; None is a constant rate."""
    if value is None:
        return None
    if isinstance(value, str):
        given: Mapping[str, Any] = {"name": check_choice(value, name, SCHEDULES)}
    elif isinstance(value, Mapping):
        given = value
    else:
        raise InputError(f"{name} must be null, a name or an object, got {describe(value)}")
    chosen = check_choice(given.get("name"), f"{name}.name", SCHEDULES)
    defaults = SCHEDULES[chosen].defaults
    check_keys(given, name, ["name", *defaults])
    settings = {"name": chosen}
    for key, default in defaults.items():
        settings[key] = _CHECKS[key](given.get(key, default), f"{name}.{key}")
    if optimizer == "rprop":
        raise InputError(
            f'{name} must be null with optimizer "rprop", whose steps do not follow the learning '
            f"rate, got {describe(chosen)}"
        )
    return settings


def learning_rate_at(
    epoch: int,
    schedule: Mapping[str, Any],
    learning_rate: float,
    epochs: int,
    rows: int,
    arithmetic: Arithmetic = FAST,
) -> float:
    """Return the learning rate of an epoch, from 1."""
    factor = SCHEDULES[schedule["name"]].factor
    return learning_rate * factor(epoch, schedule, epochs, rows, arithmetic)
