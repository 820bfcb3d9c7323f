"""The code that mends what a diagnosis finds. Twins: r/mends.R, inst/js/mends.js.

Section 14 of docs/contract.md. Each language writes its own: Python here, to be run where network,
x and d are the user's. It ends in a training with the settings that the run had, but for what is
mended; of a network without a run nothing is known of that, and it ends in the network.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from twinprop.checks import describe
from twinprop.network import Network
from twinprop.optimizers import OPTIMIZERS
from twinprop.training import DEFAULTS

Settings = dict[str, Any]

#: The optimisers that move by the gradient itself.
SGD = ("sgd", "momentum", "nesterov")

#: Units of the hidden layer that a network without one is given.
HIDDEN_UNITS = 8


def new_start(network: Network, settings: Settings | None, *, seed: int | None = None) -> str:
    """Start anew, from weights that are drawn."""
    return _code([_new(network, seed=seed), *_train(settings)])


def scale_targets(network: Network, d: Any, settings: Settings | None) -> str:
    """Bring each column of d into the range of the outputs."""
    low = "low = d.min(axis=0)"
    if network.activations[-1] in ("relu", "softplus"):
        lines = [low, "d = d - low  # back: outputs + low"]
    else:
        tanh = network.activations[-1] == "tanh"
        constant = bool((d.min(axis=0) == d.max(axis=0)).any())
        width = "d.max(axis=0) - low"
        if constant:
            width = f"np.where(d.max(axis=0) > low, {width}, 1)"
        scaled = "2 * (d - low) / width - 1" if tanh else "(d - low) / width"
        back = "(outputs + 1) / 2 * width + low" if tanh else "outputs * width + low"
        lines = [low, f"width = {width}", f"d = {scaled}  # back: {back}"]
    lines = ["d = np.asarray(d, dtype=float)", *lines]
    return _code([*lines, _new(network), *_train(settings)])


def scale_inputs(network: Network, constant: bool, settings: Settings | None) -> str:
    """Bring each column of x to mean 0 and standard deviation 1; `constant`: some have none."""
    width = "x.std(axis=0)"
    if constant:
        width = f"np.where(x.max(axis=0) > x.min(axis=0), {width}, 1)"
    lines = ["x = np.asarray(x, dtype=float)", f"x = (x - x.mean(axis=0)) / {width}"]
    return _code([*lines, _new(network), *_train(settings)])


def other_rate(network: Network, settings: Settings, rate: float) -> str:
    """Train anew with another learning rate."""
    return _code([_new(network), *_train(_with(settings, rate=rate))])


def usual_rate(optimizer: str) -> float:
    """Return an optimiser's default learning rate."""
    return float(OPTIMIZERS[optimizer].defaults["learning_rate"])


def leaky(network: Network, layer: int, settings: Settings | None) -> str:
    """Give a layer the activation leaky_relu."""
    activations = list(network.activations)
    activations[layer - 2] = "leaky_relu"
    return _code([_new(network, activations=activations), *_train(settings)])


def more_epochs(settings: Settings, times: int) -> str:
    """Train on, more times as many epochs."""
    return _code(_train(_with(settings, epochs=settings["epochs"] * times)))


def larger_network(network: Network, settings: Settings | None) -> str:
    """Start anew with twice the hidden units, and train twice as long."""
    layers, activations = list(network.layers), list(network.activations)
    if len(layers) == 2:
        layers[1:1], activations[:0] = [HIDDEN_UNITS], ["tanh"]
    else:
        layers[1:-1] = [2 * units for units in layers[1:-1]]
    new = _new(network, layers=layers, activations=activations, seed=1)
    if settings is None:
        return _code([new])
    return _code([new, *_train(_with(settings, epochs=settings["epochs"] * 2))])


def balance(network: Network, outputs: int, settings: Settings | None) -> str:
    """Repeat the rows of small classes, so that all have about as many."""
    labels = "np.asarray(d)" + (".argmax(axis=1)" if outputs > 1 else ".ravel().astype(int)")
    lines = [
        f"labels = {labels}",
        "counts = np.bincount(labels)",
        "rows = np.repeat(np.arange(len(labels)), counts.max() // counts[labels])",
        "x, d = np.asarray(x)[rows], np.asarray(d)[rows]",
    ]
    if settings is not None and settings.get("sample_weight") is not None:
        lines.append("sample_weight = np.asarray(sample_weight)[rows]")
    return _code([*lines, _new(network), *_train(settings, shuffle=True)])


def drop_columns(network: Network, columns: Sequence[int], settings: Settings | None) -> str:
    """Leave out columns of x, counted from 0."""
    left = network.layers[0] - len(columns)
    if left == 0:
        return "# no column of x is left that tells rows apart: there is nothing to learn from"
    layers = [left, *network.layers[1:]]
    lines = [f"x = np.delete(np.asarray(x), {list(columns)}, axis=1)"]
    return _code([*lines, _new(network, layers=layers), *_train(settings)])


def _with(settings: Settings, *, rate: float | None = None, **changes: Any) -> Settings:
    """Return settings with changes."""
    optimizer = settings["optimizer"]
    if rate is not None:
        optimizer = {**optimizer, "learning_rate": rate}
    return {**settings, "optimizer": optimizer, **changes}


def _new(
    network: Network,
    *,
    layers: Sequence[int] | None = None,
    activations: Sequence[str] | None = None,
    seed: int | None = None,
) -> str:
    names = list(activations or network.activations)
    first = _quoted(names[:1]) if len(set(names)) == 1 else f"[{_quoted(names)}]"
    more = "" if seed is None else f", seed={seed}"
    return f"network = Network({list(layers or network.layers)}, {first}{more})"


def _train(settings: Settings | None, *, shuffle: bool = False) -> list[str]:
    """Return the call that trains, with the settings that are not the defaults."""
    if settings is None:
        return []
    settings = {**settings, "shuffle": settings["shuffle"] or shuffle}
    given = []
    for name in DEFAULTS:
        if name == "optimizer":
            optimizer = _optimizer(settings[name])
            given += [f"optimizer={optimizer}"] if optimizer else []
        elif name in settings and settings[name] != DEFAULTS[name]:
            given.append(f"{name}={_literal(settings[name])}")
    if settings.get("sample_weight") is not None:  # the user's own
        given.append("sample_weight=sample_weight")
    return [f"run = network.train({', '.join(['x', 'd', *given])})"]


def _optimizer(settings: Settings) -> str | None:
    """Return the code of an optimiser; None for the default one."""
    name = settings["name"]
    defaults = {"weight_decay": 0.0, **OPTIMIZERS[name].defaults}
    own = [
        f"{key}={_literal(value)}"
        for key, value in settings.items()
        if key != "name" and value != defaults[key]
    ]
    if own:
        return f"Optimizer({', '.join([_quoted([name]), *own])})"
    return None if name == "sgd" else _quoted([name])


def _literal(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return str(value)
    if isinstance(value, dict):
        entries = (f"{describe(key)}: {_literal(entry)}" for key, entry in value.items())
        return f"{{{', '.join(entries)}}}"
    if isinstance(value, tuple):
        return f"({', '.join(map(describe, value))})"
    return describe(value)


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _code(lines: Sequence[str]) -> str:
    """Put the imports that the lines need before them."""
    text = "\n".join(lines)
    names = [name for name in ("Network", "Optimizer") if f"{name}(" in text]
    imports = ["import numpy as np"] if "np." in text else []
    imports += [f"from twinprop import {', '.join(names)}"] if names else []
    return "\n".join([*imports, *lines])
