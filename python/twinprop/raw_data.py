"""Fits and models in functions of networks, with the data as they take them. Twin: r/raw_data.R.

`check_gradient`, `explain`, `diagnose` and the pictures are about networks and matrices. Given a
`Model`, or an estimator that has one, they take the data as these do, and see what the network in
it sees. JavaScript has no twin: a page encodes by the model itself.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from twinprop.checks import Array, describe
from twinprop.encoding import encode_inputs, encode_outputs, level_text, scaled, unscaled
from twinprop.errors import InputError
from twinprop.model import Model


class Unwrapped(NamedTuple):
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
    if hasattr(type(given), "network_"):
        raise InputError(f"{name} must be fitted before, got {describe(given)} that is not")
    return None


def unwrap_fit(given: Any, x: Any, d: Any, cost: str | None) -> Unwrapped:
    """Return the network and the data as it sees them; a network's are left as they are.

    Without a cost it is that of the model's training, if known, else cross_entropy for classes and
    labels and half_mse for anything else.
    """
    model = find_model(given)
    if model is None:
        return Unwrapped(given, x, d, "half_mse" if cost is None else cost)
    if cost is None:
        likely = model.task in ("classification", "multilabel")
        usual = "cross_entropy" if likely else "half_mse"
        cost = (model.training or {}).get("cost", usual)
    if x is not None and model.inputs is not None:
        x = encode_inputs(model.inputs, x)
    if d is not None and model.outputs is not None and model.task is not None:
        d = encode_outputs(model.outputs, d, model.task, name="d")
    return Unwrapped(model.network, x, d, cost, input_names(model), output_names(model))


def input_names(model: Model) -> list[str] | None:
    """Return the names of the network's inputs."""
    return None if model.inputs is None else [term["name"] for term in model.inputs["terms"]]


def output_names(model: Model) -> list[str] | None:
    """Return the names of the network's outputs: of classes, which each is the probability of."""
    if model.outputs is None:
        return None
    names, levels = model.outputs["names"], model.outputs["levels"]
    if levels is None:
        return list(names)
    return [level_text(level) for level in (levels[1:] if len(levels) == 2 else levels)]


class UnscaledNetwork:
    """A model's network on the scale of the data: numbers neither standardised before nor after."""

    def __init__(self, model: Model) -> None:
        self.model = model

    def predict(self, x: Array) -> Array:
        """Return the outputs for rows of the network's inputs that are not scaled."""
        if self.model.inputs is not None:
            x = scaled(x, self.model.inputs["center"], self.model.inputs["scale"])
        a = self.model.network.predict(x, arithmetic=self.model.arithmetic)
        if self.model.outputs is None:
            return a
        return unscaled(a, self.model.outputs["center"], self.model.outputs["scale"])

    def data(self, x: Any, d: Any) -> tuple[Any, Any]:
        """Return the network's inputs and desired outputs, encoded but not scaled."""
        bare = {"center": None, "scale": None}
        if self.model.inputs is not None:
            x = encode_inputs({**self.model.inputs, **bare}, x)
        if self.model.outputs is not None and self.model.task is not None:
            outputs = {**self.model.outputs, **bare}
            d = encode_outputs(outputs, d, self.model.task, name="d")
        return x, d
