"""A network as an ONNX graph in double. Twins: none, since R has no writer of ONNX.

Runtimes have double kernels for most operators, but for LeakyRelu and Softplus, which are composed
of others here. onnx is loaded by the function that needs it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from twinprop.activations import LEAKY_RELU_SLOPE
from twinprop.checks import check_path, describe
from twinprop.encoding import level_text
from twinprop.errors import EngineError, InputError
from twinprop.exported import (
    Exported,
    exported,
    has_probabilities,
)

#: Versions that runtimes have had since 2022, so that none is too old for the file.
OPSET, ML_OPSET, IR_VERSION = 17, 2, 8

_OPERATORS = {"sigmoid": "Sigmoid", "tanh": "Tanh", "relu": "Relu"}


def to_onnx(model: Any, path: str | os.PathLike[str] | None = None) -> Any:
    """Convert a network to ONNX, in double.

    Parameters
    ----------
    model : Network or Model
    path : str or path, optional
        A file to write it to.

    Returns
    -------
    onnx.ModelProto
        Of a network: input "x", double (n, n_1), output "y", double (n, n_L). A Model has an input
        (n, 1) for each column, under its name: double for numbers, bool for true and false, string
        for levels; coding and scaling are in the graph. Its output is "prediction", double (n, K);
        of several labels "probabilities"; of classes "class", string (n), or double if the classes
        are numbers, and "probabilities", (n, classes), in the order of the levels. A row with NaN
        or an unknown level is predicted as NaN, its class as "".

    Raises
    ------
    InputError
        If model is not as described, or a column has the name of an output.
    EngineError
        If onnx is not installed.

    Examples
    --------
    >>> from twinprop import Network
    >>> proto = to_onnx(Network([2, 3, 1], ["tanh", "sigmoid"]))
    >>> [node.op_type for node in proto.graph.node]
    ['MatMul', 'Add', 'Tanh', 'MatMul', 'Add', 'Sigmoid', 'Identity']
    """
    if path is not None:
        check_path(path, "path")
    parts = exported(model)
    try:
        import onnx
    except ImportError:
        raise EngineError(
            'to_onnx() needs onnx; install it: pip install "twinprop[onnx]"'
        ) from None
    graph = _Graph(onnx, [column["name"] for column in parts.columns])
    a = _input_of(parts, graph)
    a = _network_of(parts, graph, a)
    if parts.task is None:
        graph.output("y", a, [None, parts.network.layers[-1]])
    else:
        _prediction_of(parts, graph, a)
    proto = graph.finish()
    onnx.checker.check_model(proto, full_check=True)
    if path is not None:
        try:
            onnx.save_model(proto, os.fspath(path))
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "no name of a file"
            raise InputError(f"cannot write {describe(str(path))}: {reason}") from None
    return proto


class _Graph:
    """Nodes, one after another; values in between get names that no column has."""

    def __init__(self, onnx: Any, columns: Sequence[str]) -> None:
        self.onnx = onnx
        self.taken = set(columns)
        self.nodes: list[Any] = []
        self.inputs: list[Any] = []
        self.outputs: list[Any] = []
        self.constants: list[Any] = []
        self.count = 0

    def fresh(self) -> str:
        """Return a new name."""
        self.count += 1
        while f"v{self.count}" in self.taken:
            self.count += 1
        return f"v{self.count}"

    def constant(self, values: Any) -> str:
        """Add a constant; return its name."""
        array = np.asarray(values)
        name = self.fresh()
        if array.dtype.kind in "UO":
            strings = [str(value).encode() for value in array.ravel()]
            tensor = self.onnx.helper.make_tensor(
                name, self.onnx.TensorProto.STRING, array.shape, strings
            )
        else:
            tensor = self.onnx.numpy_helper.from_array(array, name)
        self.constants.append(tensor)
        return name

    def node(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Add a node; return the name of its output."""
        name = self.fresh()
        self.nodes.append(self.onnx.helper.make_node(operator, inputs, [name], **attributes))
        return name

    def input(self, name: str, kind: str, shape: Sequence[int | None]) -> str:
        """Add an input."""
        self.inputs.append(self._value(name, kind, shape))
        return name

    def output(
        self, name: str, source: str, shape: Sequence[int | None], kind: str = "DOUBLE"
    ) -> None:
        """Add an output, which is the value `source`."""
        if name in self.taken:
            raise InputError(f"a column must not have the name of an output, got {describe(name)}")
        self.nodes.append(self.onnx.helper.make_node("Identity", [source], [name]))
        self.outputs.append(self._value(name, kind, shape))

    def _value(self, name: str, kind: str, shape: Sequence[int | None]) -> Any:
        sizes = ["n" if size is None else size for size in shape]
        return self.onnx.helper.make_tensor_value_info(
            name, getattr(self.onnx.TensorProto, kind), sizes
        )

    def finish(self) -> Any:
        """Return the whole model."""
        helper = self.onnx.helper
        graph = helper.make_graph(
            self.nodes, "twinprop", self.inputs, self.outputs, initializer=self.constants
        )
        return helper.make_model(
            graph,
            producer_name="twinprop",
            ir_version=IR_VERSION,
            opset_imports=[
                helper.make_opsetid("", OPSET),
                helper.make_opsetid("ai.onnx.ml", ML_OPSET),
            ],
        )


def _input_of(parts: Exported, graph: _Graph) -> str:
    if parts.task is None:
        return graph.input("x", "DOUBLE", [None, parts.network.layers[0]])
    values = []
    for column in parts.columns:
        kind = {"numeric": "DOUBLE", "logical": "BOOL", "factor": "STRING"}[column["kind"]]
        value = graph.input(column["name"], kind, [None, 1])
        if column["kind"] == "logical":
            value = graph.node("Cast", value, to=int(graph.onnx.TensorProto.INT64))
        elif column["kind"] == "factor":
            levels = [level_text(level) for level in column["levels"]]
            value = graph.node(
                "LabelEncoder",
                value,
                domain="ai.onnx.ml",
                keys_strings=levels,
                values_int64s=list(range(len(levels))),
                default_int64=len(levels),  # an unknown level
            )
        values.append(value)
    terms = []
    for term in parts.terms:
        factors = []
        for j, coding in term:
            if coding is None:
                factors.append(values[j])
            else:
                numbers = graph.constant(np.array([*coding, np.nan]))
                factors.append(graph.node("Gather", numbers, values[j]))
        product = factors[0]
        for factor in factors[1:]:
            product = graph.node("Mul", product, factor)
        terms.append(product)
    a = graph.node("Concat", *terms, axis=1)
    if parts.center is not None and parts.scale is not None:
        a = graph.node("Sub", a, graph.constant(parts.center))
        a = graph.node("Div", a, graph.constant(parts.scale))
    return a


def _network_of(parts: Exported, graph: _Graph, a: str) -> str:
    network = parts.network
    for w, b, activation in zip(network.weights, network.biases, network.activations, strict=True):
        z = graph.node("MatMul", a, graph.constant(np.ascontiguousarray(w.T)))
        z = graph.node("Add", z, graph.constant(b.copy()))
        a = _activation_of(graph, activation, z)
    return a


def _activation_of(graph: _Graph, activation: str, z: str) -> str:
    if activation in _OPERATORS:
        return graph.node(_OPERATORS[activation], z)
    if activation == "softmax":
        return graph.node("Softmax", z, axis=1)
    if activation == "leaky_relu":
        return graph.node("Max", z, graph.node("Mul", z, graph.constant(LEAKY_RELU_SLOPE)))
    if activation == "softplus":  # max(z, 0) + log(1 + exp(-abs(z)))
        e = graph.node("Exp", graph.node("Neg", graph.node("Abs", z)))
        log = graph.node("Log", graph.node("Add", e, graph.constant(1.0)))
        return graph.node("Add", graph.node("Relu", z), log)
    return z


def _prediction_of(parts: Exported, graph: _Graph, a: str) -> None:
    if parts.output_center is not None and parts.output_scale is not None:
        a = graph.node("Mul", a, graph.constant(parts.output_scale))
        a = graph.node("Add", a, graph.constant(parts.output_center))
    outputs = parts.network.layers[-1]
    if parts.task != "classification" or parts.levels is None:
        name = "probabilities" if parts.task == "multilabel" else "prediction"
        graph.output(name, a, [None, outputs])
        return
    # the class: the largest output, the first of equal ones; NaN has the place behind the last
    count = len(parts.levels)
    if outputs == 1:
        above = graph.node("Greater", a, graph.constant(0.5))
        place = graph.node("Cast", above, to=int(graph.onnx.TensorProto.INT64))
    else:
        place = graph.node("ArgMax", a, axis=1, keepdims=1)
    total = graph.node("ReduceSum", a, graph.constant(np.array([1])), keepdims=1)
    unknown = graph.node("IsNaN", total)
    place = graph.node("Where", unknown, graph.constant(np.array(count)), place)
    place = graph.node("Reshape", place, graph.constant(np.array([-1])))
    if all(isinstance(level, str) for level in parts.levels):
        levels = graph.constant(np.array([*parts.levels, ""], dtype=object))
        graph.output("class", graph.node("Gather", levels, place), [None], "STRING")
    else:
        numbers = graph.constant(np.array([*map(float, parts.levels), np.nan]))
        graph.output("class", graph.node("Gather", numbers, place), [None])
    if not has_probabilities(parts):
        return
    if outputs == 1:
        a = graph.node("Concat", graph.node("Sub", graph.constant(1.0), a), a, axis=1)
    elif parts.network.activations[-1] == "sigmoid":
        # divided by their sum; where that is 0 all the same
        empty = graph.node("Equal", total, graph.constant(0.0))
        divided = graph.node("Div", a, graph.node("Where", empty, graph.constant(1.0), total))
        a = graph.node("Where", empty, graph.constant(1.0 / outputs), divided)
    graph.output("probabilities", a, [None, count])
