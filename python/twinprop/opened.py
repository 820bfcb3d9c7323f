"""Fitted estimators and models, opened to the network inside. No twins: R's methods do it.

`check_gradient`, `explain`, `diagnose` and the pictures are about networks and matrices. Given a
`Model`, or an estimator that has one, they take the data as these do, and see what the network in
it sees.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from twinprop.checks import Array, describe
from twinprop.encoding import encode_inputs, encode_outputs, level_text, scaled, unscaled
from twinprop.errors import InputError
from twinprop.model import Model


class Opened(NamedTuple):
    """A network and its data.

    Attributes
    ----------
    network : Network, or what else was given
    x, d : ndarray, (n, n_1) and (n, n_L), or what else was given
        Encoded and scaled if there is a model.
    cost : str
    input_names, output_names : list of str or None
        None without a model.
    """

    network: Any
    x: Any
    d: Any
    cost: str
    input_names: list[str] | None = None
    output_names: list[str] | None = None


def find_model(given: Any, name: str = "network") -> Model | None:
    """Return the model of a fitted estimator, or a model as it is; None for anything else."""
    model = getattr(given, "model_", given)
    if isinstance(model, Model):
        return model
    if hasattr(given, "fit") and hasattr(given, "get_params"):
        raise InputError(f"{name} must be fitted before, got {describe(given)} that is not")
    return None


def open_model(
    given: Any, x: Any, d: Any, cost: str | None, default: str = "half_mse", name: str = "network"
) -> Opened:
    """Return the network and the data as it sees them; a network's are left as they are.

    The cost, if it is None, is that of the model's training, else `default`.
    """
    model = find_model(given, name)
    if model is None:
        return Opened(given, x, d, default if cost is None else cost)
    if cost is None:
        cost = (model.training or {}).get("cost", default)
    if x is not None and model.inputs is not None:
        x = encode_inputs(model.inputs, x)
    if d is not None and model.outputs is not None and model.task is not None:
        d = encode_outputs(model.outputs, d, model.task)
    return Opened(model.network, x, d, cost, names_of_inputs(model), names_of_outputs(model))


def names_of_inputs(model: Model) -> list[str] | None:
    """Return the names of the network's inputs."""
    return None if model.inputs is None else [term["name"] for term in model.inputs["terms"]]


def names_of_outputs(model: Model) -> list[str] | None:
    """Return the names of the network's outputs: of classes, which each is the probability of."""
    if model.outputs is None:
        return None
    names, levels = model.outputs["names"], model.outputs["levels"]
    if levels is None:
        return list(names)
    return [level_text(level) for level in (levels[1:] if len(levels) == 2 else levels)]


class OnScale:
    """A model's network on the scale of the data: numbers neither standardised before nor after."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.layers = model.network.layers

    def predict(self, x: Array) -> Array:
        """Return the outputs for rows of the network's inputs that are not scaled."""
        if self.model.inputs is not None:
            x = scaled(x, self.model.inputs["center"], self.model.inputs["scale"])
        a = self.model.network.predict(x)
        if self.model.outputs is None:
            return a
        return unscaled(a, self.model.outputs["center"], self.model.outputs["scale"])

    def data(self, x: Any, d: Any) -> tuple[Any, Any]:
        """Return the network's inputs and desired outputs, encoded but not scaled."""
        bare = {"center": None, "scale": None}
        if self.model.inputs is not None:
            x = encode_inputs({**self.model.inputs, **bare}, x)
        if self.model.outputs is not None and self.model.task is not None:
            d = encode_outputs({**self.model.outputs, **bare}, d, self.model.task)
        return x, d
