"""A trained model: columns in, predictions out. Twins: r/model.R, inst/js/model.js.

Section 16 of docs/contract.md. A model is a network with what belongs to it: how columns become
its inputs, and its outputs predictions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from twinprop.checks import Array, check_choice, check_object, describe, visible
from twinprop.encoding import (
    EXTRA_ACTIONS,
    NA_ACTIONS,
    TASKS,
    Inputs,
    Outputs,
    check_inputs,
    check_outputs,
    check_probabilities,
    class_places,
    class_probabilities,
    decode_classes,
    encode_inputs,
    n_outputs,
    unscaled,
)
from twinprop.errors import InputError
from twinprop.fingerprint import SHOWN
from twinprop.network import Network


class Model:
    """A network with how columns become its inputs, and its outputs predictions.

    Parameters
    ----------
    network : Network
    task : str, optional
        "regression", "classification" or "multilabel"; None if nothing is known but the network,
        whose outputs are then the predictions.
    inputs : dict, optional
        The columns, and the terms made of them, one for each input of the network; None for a
        matrix of the network's inputs. See docs/data-contract.md.
    outputs : dict, optional
        The outputs' names, and the levels or the scale; needed with a task.
    na : str, default "error"
        What `predict` does with a row that lacks a value: "error", or "pass", which predicts a
        missing value.
    training : dict, optional
        What else is known of the training: settings, costs, seed; kept as it is.

    Attributes
    ----------
    network, task, inputs, outputs, na, training
        As given.

    Raises
    ------
    InputError
        If the parts do not fit each other.

    Examples
    --------
    >>> network = Network([1, 1], "identity", weights=[[[2.0]]])
    >>> inputs = {"columns": [{"name": "size", "kind": "numeric"}],
    ...           "terms": [{"name": "size", "parts": [{"column": "size"}]}],
    ...           "center": [10.0], "scale": [5.0]}
    >>> outputs = {"names": ["price"], "levels": None, "center": None, "scale": None}
    >>> model = Model(network, "regression", inputs, outputs)
    >>> model.predict({"size": [10, 15]})
    array([0., 2.])
    """

    def __init__(
        self,
        network: Network,
        task: str | None = None,
        inputs: Inputs | None = None,
        outputs: Outputs | None = None,
        *,
        na: str = "error",
        training: Mapping[str, Any] | None = None,
    ) -> None:
        if not isinstance(network, Network):
            raise InputError(f"network must be a Network, got {describe(network)}")
        self.network = network
        self.task = None if task is None else check_choice(task, "task", TASKS)
        if (self.task is None) != (outputs is None):
            raise InputError("task and outputs must both be there or both be null")
        self.inputs = None if inputs is None else check_inputs(inputs)
        self.outputs = None if outputs is None else check_outputs(outputs, self.task)
        self.na = check_choice(na, "na", NA_ACTIONS)
        self.training = None if training is None else dict(check_object(training, "training"))
        check_fit(self)

    def __repr__(self) -> str:
        layers = "-".join(map(str, self.network.layers))
        about = "no task"
        if self.outputs is not None:
            about = f"{self.task} of {visible(', '.join(self.outputs['names']))}"
        known = (self.training or {}).get("fingerprint")
        of = f", fingerprint {visible(str(known))[:SHOWN]}" if known is not None else ""
        return f"Model({layers}, {about}{of})"

    @property
    def columns(self) -> list[str] | None:
        """The names of the columns that `predict` needs; None for a matrix of inputs."""
        return None if self.inputs is None else [about["name"] for about in self.inputs["columns"]]

    @property
    def arithmetic(self) -> str:
        """What it predicts by: "portable" if it was trained so, else "fast"."""
        portable = (self.training or {}).get("arithmetic") == "portable"
        return "portable" if portable else "fast"

    @property
    def classes(self) -> list[Any] | None:
        """The classes, in the order of the probabilities; None but for a classification."""
        return None if self.outputs is None else self.outputs["levels"]

    def raw(self, data: Any, *, na: str | None = None, extra: str = "ignore") -> Array:
        """Return the network's outputs a[L] for new rows, (n, K); see `predict`."""
        na = self.na if na is None else check_choice(na, "na", NA_ACTIONS)
        check_choice(extra, "extra", EXTRA_ACTIONS)
        if self.inputs is None:
            return self.network.predict(data, arithmetic=self.arithmetic)
        x = encode_inputs(self.inputs, data, na=na, extra=extra)
        return network_outputs(self.network, x, self.arithmetic)

    def predict(
        self, data: Any, *, na: str | None = None, extra: str = "ignore"
    ) -> npt.NDArray[Any]:
        """Predict new rows.

        Parameters
        ----------
        data : data frame, dict of columns, list of dicts, or array-like (n, k)
            Columns are found by name; those of an array by their place.
        na : str, optional
            What to do with a row that lacks a value, "error" or "pass"; default the model's own.
        extra : str, default "ignore"
            Columns that the model does not know are left aside, or with "error" refused.

        Returns
        -------
        ndarray
            For a regression numbers, (n,), or (n, K) for several outputs; for a classification
            classes, (n,); for several labels 0 and 1, (n, K); without a task the outputs, (n, K).
            Of a row that lacks a value NaN, of its class None.

        Raises
        ------
        InputError
            If a column is missing, or a value is missing, unknown or of the wrong kind; it names
            column and row.
        """
        a = self.raw(data, na=na, extra=extra)
        if self.outputs is None:
            return a
        if self.task == "classification":
            return decode_classes(class_places(a), self.outputs["levels"])
        if self.task == "multilabel":
            return label_values(a)
        values = unscaled(a, self.outputs["center"], self.outputs["scale"])
        return values[:, 0] if values.shape[1] == 1 else values

    def predict_proba(self, data: Any, *, na: str | None = None, extra: str = "ignore") -> Array:
        """Predict the probabilities of the classes.

        Parameters
        ----------
        data, na, extra
            As for `predict`.

        Returns
        -------
        ndarray, (n, K)
            A column for each class, in the order of `classes`; for several labels the probability
            of each.

        Raises
        ------
        InputError
            As for `predict`, and if the model is no classification or its outputs are no
            probabilities.
        """
        check_has_probabilities(self.task, self.network.activations[-1])
        a = self.raw(data, na=na, extra=extra)
        if self.task == "multilabel":
            return a
        return class_probabilities(a, self.network.activations[-1])


def check_has_probabilities(task: str | None, output_activation: str) -> None:
    """Refuse a model that has no probabilities."""
    if task not in ("classification", "multilabel"):
        raise InputError(
            "probabilities need a model of task "
            f'"classification" or "multilabel", got {describe(task)}'
        )
    check_probabilities(output_activation)


def label_values(a: Array) -> Array:
    """Return 1 where an output is above 0.5, else 0; NaN stays."""
    return np.where(np.isnan(a), a, (a > 0.5).astype(np.float64))


def network_outputs(network: Network, x: Array, arithmetic: str = "fast") -> Array:
    """Return the outputs for x, (n, n_1), of which rows may be NaN, or none be there; (n, n_L)."""
    complete = ~np.isnan(x).any(axis=1)
    outputs = np.full((len(x), network.layers[-1]), np.nan)
    if complete.any():
        outputs[complete] = network.predict(x[complete], arithmetic=arithmetic)
    return outputs


def check_fit(model: Model) -> None:
    """Refuse parts that do not fit each other."""
    layers = model.network.layers
    if model.inputs is not None and len(model.inputs["terms"]) != layers[0]:
        raise InputError(
            f"inputs.terms must have one entry for each input of the network ({layers[0]}), "
            f"got {len(model.inputs['terms'])}"
        )
    if model.outputs is None or model.task is None:
        return
    count = n_outputs(model.outputs, model.task)
    if count != layers[-1]:
        raise InputError(
            f"outputs must be as many as those of the network ({layers[-1]}), got {count}"
        )
