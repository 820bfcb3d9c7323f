"""What a converter takes to another language or package. Twins: r/exported.R.

A network alone, or a model: raw columns, the terms that they make, scaling, the network, and what
its outputs stand for. JavaScript has no twin: nothing is converted from there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from twinprop.checks import Array, describe
from twinprop.encoding import level_text
from twinprop.errors import InputError
from twinprop.model_file import as_model
from twinprop.network import Network


class Exported(NamedTuple):
    """The parts of a model.

    Attributes
    ----------
    network : Network
    task : str or None
        "regression", "classification" or "multilabel"; None for a network alone.
    columns : sequence of dict
        The raw columns, each with name, kind and perhaps levels; empty for a network alone.
    terms : sequence of sequences
        For each input of the network the parts of a product: (column from 0, coding or None).
    center, scale : ndarray or None
        Of the terms.
    names : sequence of str
        Of the outputs.
    levels : sequence or None
        The classes.
    output_center, output_scale : ndarray or None
        Of the outputs.
    """

    network: Network
    task: str | None = None
    columns: Sequence[Mapping[str, Any]] = ()
    terms: Sequence[Sequence[tuple[int, Sequence[float] | None]]] = ()
    center: Array | None = None
    scale: Array | None = None
    names: Sequence[str] = ()
    levels: Sequence[Any] | None = None
    output_center: Array | None = None
    output_scale: Array | None = None


def exported(model: Any) -> Exported:
    """Return the parts of a Network, a Model or an estimator that has fitted one."""
    model = as_model(model)
    inputs, outputs = model.inputs, model.outputs
    if model.task is None or outputs is None:
        return Exported(model.network)
    if inputs is None:  # a matrix, whose columns are called as everywhere
        names = [f"x{j}" for j in range(1, model.network.layers[0] + 1)]
        inputs = {
            "columns": [{"name": name, "kind": "numeric"} for name in names],
            "terms": [{"name": name, "parts": [{"column": name}]} for name in names],
            "center": None,
            "scale": None,
        }
    places = {column["name"]: j for j, column in enumerate(inputs["columns"])}
    return Exported(
        network=model.network,
        task=model.task,
        columns=inputs["columns"],
        terms=[
            [(places[part["column"]], part.get("coding")) for part in term["parts"]]
            for term in inputs["terms"]
        ],
        center=_numbers(inputs["center"]),
        scale=_numbers(inputs["scale"]),
        names=outputs["names"],
        levels=outputs["levels"],
        output_center=_numbers(outputs["center"]),
        output_scale=_numbers(outputs["scale"]),
    )


def _numbers(values: Any) -> Array | None:
    return None if values is None else np.asarray(values, dtype=np.float64)


def bare_network(model: Any) -> Network:
    """Return a network alone: of a model one that takes its terms unscaled, in place of scaling.

    With a scaled input (x - center) / scale, W x + b is W' x + b' with W' = W / scale and
    b' = b - W' center. An output's scaling needs the identity before it.
    """
    parts = exported(model)
    network = parts.network
    if parts.center is None and parts.output_center is None:
        return network
    weights = [w.copy() for w in network.weights]
    biases = [b.copy() for b in network.biases]
    if parts.center is not None and parts.scale is not None:
        weights[0] = weights[0] / parts.scale
        biases[0] = biases[0] - weights[0] @ parts.center
    if parts.output_center is not None and parts.output_scale is not None:
        if network.activations[-1] != "identity":
            raise InputError(
                'scaled outputs need "identity" in the output layer, '
                f"got {describe(network.activations[-1])}"
            )
        weights[-1] = weights[-1] * parts.output_scale[:, np.newaxis]
        biases[-1] = biases[-1] * parts.output_scale + parts.output_center
    return Network(network.layers, network.activations, weights=weights, biases=biases)


def has_probabilities(parts: Exported) -> bool:
    """Whether the outputs of a classification are probabilities."""
    return parts.network.activations[-1] in ("sigmoid", "softmax")


def prediction_names(parts: Exported) -> list[str]:
    """Return the names of what a model's prediction of a row holds, in every language."""
    if parts.task == "classification" and parts.levels is not None:
        if not has_probabilities(parts):
            return ["class"]
        return ["class", *(f"probability_{level_text(level)}" for level in parts.levels)]
    if parts.task == "multilabel":
        return [f"probability_{name}" for name in parts.names]
    if len(parts.names) == 1:
        return ["prediction"]
    return [f"prediction_{name}" for name in parts.names]
