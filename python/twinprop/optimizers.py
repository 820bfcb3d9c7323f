"""Optimisers, by torch's definitions. Twins: r/optimizers.R, inst/js/optimizers.js.

Section 4 of docs/contract.md. Each step function moves an array of parameters in place; the
gradient it is given stays as it is.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from twinprop.arithmetic import FAST, Arithmetic
from twinprop.checks import (
    Array,
    check_betas,
    check_choice,
    check_etas,
    check_fraction,
    check_keys,
    check_number,
    check_step_sizes,
    check_switch,
)
from twinprop.errors import InputError

Settings = dict[str, Any]


class OptimizerRule(NamedTuple):
    """How one optimiser moves the parameters.

    Attributes
    ----------
    defaults : dict
        Its own parameters and their defaults, under torch's names.
    state : dict
        Names and starting values of the arrays it keeps from update to update; a starting value
        that is a string names a setting.
    step : callable
        ``step(parameters, gradient, state, settings, t, scratch, arithmetic)``: one update, in
        place; t counts the updates from 1; `scratch` is an array of the same shape to work in.
    """

    defaults: Settings
    state: dict[str, float | str]
    step: Callable[[Array, Array, dict[str, Array], Settings, int, Array, Arithmetic], None]


def _sgd(
    parameters: Array,
    gradient: Array,
    state: dict[str, Array],
    settings: Settings,
    t: int,
    scratch: Array,
    arithmetic: Arithmetic,
) -> None:
    """v = momentum v + G; W -= eta v, or eta (G + momentum v) with nesterov; torch.optim.SGD."""
    momentum = settings["momentum"]
    if momentum == 0.0:
        np.multiply(gradient, settings["learning_rate"], out=scratch)
    else:
        velocity = state["velocity"]
        velocity *= momentum
        velocity += gradient
        if settings["nesterov"]:
            np.multiply(velocity, momentum, out=scratch)
            scratch += gradient
            scratch *= settings["learning_rate"]
        else:
            np.multiply(velocity, settings["learning_rate"], out=scratch)
    parameters -= scratch


def _rmsprop(
    parameters: Array,
    gradient: Array,
    state: dict[str, Array],
    settings: Settings,
    t: int,
    scratch: Array,
    arithmetic: Arithmetic,
) -> None:
    """v = alpha v + (1 - alpha) G^2; W -= eta G / (sqrt(v) + eps); torch.optim.RMSprop."""
    alpha, momentum, square = settings["alpha"], settings["momentum"], state["square"]
    np.multiply(gradient, gradient, out=scratch)
    scratch *= 1.0 - alpha
    square *= alpha
    square += scratch
    np.sqrt(square, out=scratch)
    scratch += settings["eps"]
    np.divide(gradient, scratch, out=scratch)
    if momentum != 0.0:
        velocity = state["velocity"]
        velocity *= momentum
        velocity += scratch
        scratch[...] = velocity
    scratch *= settings["learning_rate"]
    parameters -= scratch


def _adam(
    parameters: Array,
    gradient: Array,
    state: dict[str, Array],
    settings: Settings,
    t: int,
    scratch: Array,
    arithmetic: Arithmetic,
) -> None:
    """Kingma and Ba (2015), algorithm 1, with eps where torch.optim.Adam has it."""
    beta1, beta2 = settings["betas"]
    mean, square = state["mean"], state["square"]
    np.multiply(gradient, 1.0 - beta1, out=scratch)
    mean *= beta1
    mean += scratch
    np.multiply(gradient, gradient, out=scratch)
    scratch *= 1.0 - beta2
    square *= beta2
    square += scratch
    np.sqrt(square, out=scratch)
    scratch /= math.sqrt(1.0 - arithmetic.power(beta2, t))
    scratch += settings["eps"]
    np.divide(mean, scratch, out=scratch)
    scratch *= settings["learning_rate"] / (1.0 - arithmetic.power(beta1, t))
    parameters -= scratch


def _rprop(
    parameters: Array,
    gradient: Array,
    state: dict[str, Array],
    settings: Settings,
    t: int,
    scratch: Array,
    arithmetic: Arithmetic,
) -> None:
    """Riedmiller and Braun (1993) without weight backtracking; torch.optim.Rprop."""
    shrink, grow = settings["etas"]
    smallest, largest = settings["step_sizes"]
    previous, step = state["previous"], state["step"]
    # A product that underflows to 0 leaves the step as it is, as torch has it.
    agreement = gradient * previous
    np.sign(gradient, out=scratch)
    turned = agreement < 0.0
    step *= np.where(agreement > 0.0, grow, np.where(turned, shrink, 1.0))
    np.clip(step, smallest, largest, out=step)
    np.copyto(previous, gradient)
    previous[turned] = 0.0
    scratch[turned] = 0.0
    scratch *= step
    parameters -= scratch


OPTIMIZERS: dict[str, OptimizerRule] = {
    "sgd": OptimizerRule(
        {"learning_rate": 0.5, "momentum": 0.0, "nesterov": False}, {"velocity": 0.0}, _sgd
    ),
    "momentum": OptimizerRule(
        {"learning_rate": 0.5, "momentum": 0.9, "nesterov": False}, {"velocity": 0.0}, _sgd
    ),
    "nesterov": OptimizerRule(
        {"learning_rate": 0.5, "momentum": 0.9, "nesterov": True}, {"velocity": 0.0}, _sgd
    ),
    "rmsprop": OptimizerRule(
        {"learning_rate": 0.01, "alpha": 0.99, "eps": 1e-8, "momentum": 0.0},
        {"square": 0.0, "velocity": 0.0},
        _rmsprop,
    ),
    "adam": OptimizerRule(
        {"learning_rate": 0.001, "betas": (0.9, 0.999), "eps": 1e-8},
        {"mean": 0.0, "square": 0.0},
        _adam,
    ),
    "rprop": OptimizerRule(
        {"learning_rate": 0.01, "etas": (0.5, 1.2), "step_sizes": (1e-6, 50.0)},
        {"previous": 0.0, "step": "learning_rate"},
        _rprop,
    ),
}

_CHECKS: dict[str, Callable[[Any, str], Any]] = {
    "learning_rate": check_number,
    "weight_decay": check_number,
    "momentum": check_fraction,
    "nesterov": check_switch,
    "alpha": check_fraction,
    "eps": check_number,
    "betas": check_betas,
    "etas": check_etas,
    "step_sizes": check_step_sizes,
}


def check_optimizer(
    given: Mapping[str, Any], prefix: str = "", where: str = "optimizer"
) -> Settings:
    """Return the complete settings of an optimiser, its name included."""
    name = check_choice(given.get("name", "sgd"), f"{prefix}name", OPTIMIZERS)
    defaults = OPTIMIZERS[name].defaults
    own = [key for key in defaults if key != "learning_rate"]
    allowed = ["name", "learning_rate", "weight_decay", *own]
    check_keys(given, where, allowed)
    settings: Settings = {"name": name}
    for key in allowed[1:]:
        value = given.get(key, defaults.get(key, 0.0))
        settings[key] = _CHECKS[key](value, f"{prefix}{key}")
    if settings.get("nesterov") and settings["momentum"] == 0.0:
        raise InputError(f"{prefix}nesterov needs a momentum above 0, got momentum 0")
    return settings


class Optimizer:
    """An optimiser: its settings, and what it remembers from update to update.

    Parameters
    ----------
    name : str, default "sgd"
        "sgd", "momentum", "nesterov", "rmsprop", "adam" or "rprop".
    **parameters
        `learning_rate`, `weight_decay` and the optimiser's own parameters under torch's names:
        `momentum`, `nesterov`, `alpha`, `eps`, `betas`, `etas`, `step_sizes`. Defaults are in
        `OPTIMIZERS`.

    Attributes
    ----------
    settings : dict
        All settings, defaults filled in.
    updates : int
        How many updates it has made.

    Raises
    ------
    InputError
        If a name is unknown or a value out of its range.

    Notes
    -----
    After a training that stopped with an error make a new one: the network's weights are put back,
    what the optimiser remembers is not.

    References
    ----------
    Section 4 of docs/contract.md; torch.optim's documentation gives the same formulas.

    Examples
    --------
    >>> Optimizer("adam", learning_rate=0.01).settings["betas"]
    (0.9, 0.999)
    """

    def __init__(self, name: str = "sgd", **parameters: Any) -> None:
        self.settings = check_optimizer({"name": name, **parameters})
        self.updates = 0
        self._rule = OPTIMIZERS[self.settings["name"]]
        self._state: dict[str, Array] = {}
        self._scratch = np.empty(0)
        self._decayed = np.empty(0)

    def __repr__(self) -> str:
        settings = ", ".join(f"{k}={v!r}" for k, v in self.settings.items() if k != "name")
        return f"Optimizer({self.settings['name']!r}, {settings})"

    @property
    def state(self) -> dict[str, Array]:
        """What it remembers: arrays over all weights, then all biases; empty at the start."""
        return self._state

    @property
    def is_plain(self) -> bool:
        """Whether it moves by the gradient times the learning rate, and by nothing else."""
        settings = self.settings
        return (
            settings["weight_decay"] == 0.0
            and settings.get("momentum") == 0.0
            and (self._rule.step is _sgd)
        )

    def start_of(self, name: str) -> float:
        """Return what the entries of `state[name]` are before the first update."""
        start = self._rule.state[name]
        return float(self.settings[start] if isinstance(start, str) else start)

    def prepare(self, size: int) -> None:
        """Make the state for `size` parameters, if there is none."""
        if self._scratch.size != size:
            if self.updates:
                raise InputError(
                    f"optimizer has state for a network of {self._scratch.size} parameters, "
                    f"got one of {size}; make a new one"
                )
            self._state = {name: np.full(size, self.start_of(name)) for name in self._rule.state}
            self._scratch = np.empty(size)
            self._decayed = np.empty(size)

    def start_update(self, size: int) -> None:
        """Count an update of `size` parameters; the first makes the state."""
        self.prepare(size)
        self.updates += 1

    def move(
        self,
        parameters: Array,
        gradient: Array,
        part: slice,
        *,
        decay: bool,
        arithmetic: Arithmetic = FAST,
    ) -> None:
        """Move `parameters[part]` in place by the current update.

        Parameters
        ----------
        parameters, gradient : ndarray, (size,)
            All parameters of the network and the gradient of the data's cost.
        part : slice
            Which of them to move.
        decay : bool
            Whether they are weights, to which weight decay applies (it never does to biases).
        arithmetic : Arithmetic, default FAST
            What to compute with.
        """
        weight_decay = self.settings["weight_decay"]
        parameters, gradient = parameters[part], gradient[part]
        if decay and weight_decay != 0.0:
            decayed = self._decayed[part]
            np.multiply(parameters, weight_decay, out=decayed)
            decayed += gradient
            gradient = decayed
        state = {name: values[part] for name, values in self._state.items()}
        scratch = self._scratch[part]
        self._rule.step(
            parameters, gradient, state, self.settings, self.updates, scratch, arithmetic
        )


def clip_gradient(gradient: Array, clip_norm: float, arithmetic: Arithmetic = FAST) -> None:
    """Shorten a gradient in place to the norm `clip_norm` if it is longer."""
    largest = float(np.abs(gradient).max())
    if largest == 0.0:
        return
    parts = gradient / largest  # whose squares do not overflow
    norm = largest * math.sqrt(arithmetic.sum_of_squares(parts))
    if norm > clip_norm:
        gradient *= clip_norm / norm


def as_optimizer(optimizer: Optimizer | str | None) -> Optimizer:
    """Return an Optimizer, made by name (with its defaults) if need be; None is "sgd"."""
    if isinstance(optimizer, Optimizer):
        return optimizer
    if optimizer is None:
        return Optimizer()
    return Optimizer(check_choice(optimizer, "optimizer", OPTIMIZERS))


def optimizer_names() -> Sequence[str]:
    """Return the names of the optimisers."""
    return list(OPTIMIZERS)
