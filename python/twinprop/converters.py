"""Networks to and from other packages. Twins: r/converters.R.

The table of docs/converters.md says what each takes, gives, loses and refuses. Here W[l] is
(n_l, n_{l-1}), as in torch; scikit-learn and keras hold its transpose. torch and scikit-learn are
loaded by the functions that need them. JavaScript has no twin: a page has no files of these
packages, but for brain.js, which Python and R read.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from twinprop.activations import LEAKY_RELU_SLOPE
from twinprop.checks import (
    Array,
    as_list,
    check_choice,
    check_integer,
    check_matrix,
    check_object,
    describe,
    quoted,
)
from twinprop.errors import EngineError, InputError
from twinprop.exported import bare_network, exported
from twinprop.json_text import parse_json
from twinprop.network import Network
from twinprop.plan import read_bytes

if TYPE_CHECKING:
    import torch

#: scikit-learn's names of activations, and ours.
SKLEARN_ACTIVATIONS = {
    "identity": "identity",
    "logistic": "sigmoid",
    "tanh": "tanh",
    "relu": "relu",
}

#: brain.js's names of activations, and ours.
BRAIN_ACTIVATIONS = {
    "sigmoid": "sigmoid",
    "relu": "relu",
    "leaky-relu": "leaky_relu",
    "tanh": "tanh",
}

#: torch's modules that are activations, and our names.
TORCH_ACTIVATIONS = {
    "Sigmoid": "sigmoid",
    "Tanh": "tanh",
    "ReLU": "relu",
    "LeakyReLU": "leaky_relu",
    "Softplus": "softplus",
    "Softmax": "softmax",
}

#: torch's modules that change nothing in a prediction from a matrix.
TORCH_IDLE = ("Identity", "Dropout", "Flatten")


def _made_of(weights: Sequence[Any], biases: Sequence[Any], activations: Any) -> Network:
    """Return the network of matrices (n_l, n_{l-1}); sizes that do not fit are its own message."""
    layers = [weights[0].shape[1], *(len(w) for w in weights)]
    return Network(layers, activations, weights=list(weights), biases=list(biases))


# torch


def _need_torch() -> Any:
    try:
        import torch
    except (ImportError, OSError):
        raise EngineError(
            'to_torch() needs torch; install it: pip install "twinprop[torch]"'
        ) from None
    return torch


def to_torch(model: Any) -> torch.nn.Sequential:
    """Convert a network to torch.

    Parameters
    ----------
    model : Network or Model
        Of a Model, what stands between its terms (the columns of the model matrix, not scaled) and
        its outputs: scaling goes into the weights and biases of the first and last layer.

    Returns
    -------
    torch.nn.Sequential
        Linear, Sigmoid and so on, in float64; identity has no module of its own.

    Raises
    ------
    InputError
        If model is not as described.
    EngineError
        If torch is not installed.

    Examples
    --------
    >>> module = to_torch(Network([2, 3, 1], ["tanh", "sigmoid"]))
    >>> list(module.state_dict())
    ['0.weight', '0.bias', '2.weight', '2.bias']
    """
    network = bare_network(model)
    torch = _need_torch()
    nn = torch.nn
    makers = {
        "sigmoid": nn.Sigmoid,
        "tanh": nn.Tanh,
        "relu": nn.ReLU,
        "leaky_relu": lambda: nn.LeakyReLU(LEAKY_RELU_SLOPE),
        # torch turns softplus into the identity above a threshold of 20, 2e-9 away
        "softplus": lambda: nn.Softplus(threshold=100.0),
        "softmax": lambda: nn.Softmax(dim=1),
    }
    modules: list[Any] = []
    for w, b, activation in zip(network.weights, network.biases, network.activations, strict=True):
        linear = nn.utils.skip_init(
            nn.Linear, w.shape[1], w.shape[0], device="cpu", dtype=torch.float64
        )
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(w.copy()))
            linear.bias.copy_(torch.from_numpy(b.copy()))
        modules.append(linear)
        if activation != "identity":
            modules.append(makers[activation]())
    return nn.Sequential(*modules)


def from_torch(module: Any, activations: str | Sequence[str] | None = None) -> Network:
    """Convert a torch module, or a state_dict, to a network.

    Parameters
    ----------
    module : torch.nn.Sequential or state_dict
        A Sequential of Linear and of activations after them: Sigmoid, Tanh, ReLU, LeakyReLU (of
        slope 0.01), Softplus, Softmax; a Linear without one has the identity. Dropout, Identity and
        Flatten are left out. Or a state_dict, or any other module, of Linear layers alone, in the
        order in which they are applied, together with `activations`.
    activations : str or sequence of str, optional
        One activation for every layer, or one for each, for what is no Sequential.

    Returns
    -------
    Network
        In float64: float32 weights are the same numbers there.

    Raises
    ------
    InputError
        If the module has a layer that a network cannot hold (the message names it), or an argument
        is not as described.

    Examples
    --------
    >>> network = Network([2, 3, 1], ["tanh", "sigmoid"])
    >>> from_torch(to_torch(network))
    Network([2, 3, 1], ['tanh', 'sigmoid'])
    >>> from_torch(to_torch(network).state_dict(), ["tanh", "sigmoid"])
    Network([2, 3, 1], ['tanh', 'sigmoid'])
    """
    if isinstance(module, Mapping):
        state: Mapping[str, Any] = module
        what = "a state_dict"
    else:
        if not hasattr(module, "named_children") or not hasattr(module, "state_dict"):
            raise InputError(
                f"module must be a torch.nn.Sequential or a state_dict, got {describe(module)}"
            )
        kind = type(module).__name__
        what = f"a {kind}"
        if _is_sequential(module) or kind == "Linear":
            if activations is not None:
                raise InputError(
                    f"activations must be null for {what}, which has its own, "
                    f"got {describe(activations)}"
                )
            return _from_modules([("", module)] if kind == "Linear" else list(_leaves(module)))
        state = module.state_dict()
    if activations is None:
        raise InputError(f"activations must be given with {what}, which does not say them")
    return _from_state(state, activations)


def _is_sequential(module: Any) -> bool:
    return any(kind.__name__ == "Sequential" for kind in type(module).__mro__)


def _leaves(module: Any, before: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the layers of a Sequential and of those in it, with their names."""
    for name, child in module.named_children():
        if _is_sequential(child):
            yield from _leaves(child, f"{before}{name}.")
        else:
            yield before + name, child


def _from_modules(layers: Sequence[tuple[str, Any]]) -> Network:
    weights: list[Array] = []
    biases: list[Array] = []
    activations: list[str] = []
    for name, layer in layers:
        kind = type(layer).__name__
        if kind in TORCH_IDLE:
            continue
        has_one = not weights or activations[-1] != "identity"
        allowed = ["Linear", *TORCH_IDLE] if has_one else ["Linear", *TORCH_ACTIVATIONS]
        check_choice(kind, f'layer "{name}" of module', allowed)
        if kind == "Linear":
            weights.append(_values(layer.weight))
            biases.append(np.zeros(len(weights[-1])) if layer.bias is None else _values(layer.bias))
            activations.append("identity")
        else:
            _check_activation_module(name, layer)
            activations[-1] = TORCH_ACTIVATIONS[kind]
    if not weights:
        raise InputError("module must have at least 1 Linear layer, got 0")
    return _made_of(weights, biases, activations)


def _check_activation_module(name: str, layer: Any) -> None:
    """Refuse an activation with other parameters than ours."""
    expected = {
        "LeakyReLU": ("negative_slope", (LEAKY_RELU_SLOPE,)),
        "Softplus": ("beta", (1,)),
        "Softmax": ("dim", (1, -1, None)),
    }.get(type(layer).__name__)
    if expected is None:
        return
    setting, allowed = expected
    given = getattr(layer, setting)
    if given not in allowed:
        raise InputError(
            f'layer "{name}" of module must have {setting} {describe(allowed[0])}, '
            f"got {describe(given)}"
        )


def _from_state(state: Mapping[str, Any], activations: Any) -> Network:
    weights: list[Array] = []
    biases: list[Array] = []
    names: list[str] = []
    for key, value in state.items():
        name, _, part = str(key).rpartition(".")
        array = _values(value)
        if part == "weight" and array.ndim == 2:
            names.append(name)
            weights.append(array)
            biases.append(np.zeros(len(array)))
        elif part == "bias" and names and names[-1] == name and array.ndim == 1:
            biases[-1] = array
        else:
            raise InputError(
                f'entry "{key}" of the state_dict must be the weight (out, in) or bias (out) of '
                f"a Linear layer, got one of shape {_shape(array)}"
            )
    if not weights:
        raise InputError("the state_dict must have at least 1 Linear layer, got 0")
    return _made_of(weights, biases, activations)


def _values(tensor: Any) -> Array:
    """Return a tensor or an array as a float64 array of its own."""
    if hasattr(tensor, "detach"):
        tensor = tensor.detach().cpu().double().numpy()
    return np.array(tensor, dtype=np.float64)


def _shape(array: Array) -> str:
    return f"({', '.join(map(str, array.shape))})"


# scikit-learn


def from_sklearn(mlp: Any) -> Network:
    """Convert a fitted MLPClassifier or MLPRegressor of scikit-learn to a network.

    Parameters
    ----------
    mlp : sklearn.neural_network.MLPClassifier or MLPRegressor
        Fitted.

    Returns
    -------
    Network
        Its outputs are the probabilities of the classes in the order of `mlp.classes_` (of two
        classes one output, the probability of the second), or the predicted values.

    Raises
    ------
    InputError
        If mlp is not as described, or its output activation is none of a network's.

    Examples
    --------
    >>> from sklearn.neural_network import MLPRegressor
    >>> mlp = MLPRegressor(hidden_layer_sizes=(3,), max_iter=500, tol=1e-2, random_state=1)
    >>> from_sklearn(mlp.fit([[0.0, 1.0], [1.0, 0.0]], [0.0, 1.0]))
    Network([2, 3, 1], ['relu', 'identity'])
    """
    kind = type(mlp).__name__
    if hasattr(mlp, "model_"):  # it may scale its inputs
        raise InputError(
            "mlp must be one of scikit-learn, got an estimator of twinprop, whose network is in "
            "its model_"
        )
    if not hasattr(mlp, "coefs_") or not hasattr(mlp, "out_activation_"):
        given = f"a {kind} that is not fitted" if hasattr(mlp, "hidden_layer_sizes") else None
        raise InputError(
            "mlp must be a fitted MLPClassifier or MLPRegressor of scikit-learn, "
            f"got {given or describe(mlp)}"
        )
    names = list(SKLEARN_ACTIVATIONS)
    hidden = check_choice(mlp.activation, "mlp.activation", names)
    output = check_choice(mlp.out_activation_, "mlp.out_activation_", [*names, "softmax"])
    weights = [_values(coefs).T for coefs in mlp.coefs_]
    activations = [SKLEARN_ACTIVATIONS[hidden]] * (len(weights) - 1)
    activations.append(SKLEARN_ACTIVATIONS.get(output, output))
    return _made_of(weights, [_values(intercepts) for intercepts in mlp.intercepts_], activations)


def to_sklearn(model: Any, classes: Sequence[Any] | None = None) -> Any:
    """Convert a network to a fitted MLPClassifier or MLPRegressor of scikit-learn.

    Parameters
    ----------
    model : Network or Model
        Identity outputs make a MLPRegressor; one sigmoid output a MLPClassifier of two classes,
        several one of several labels, softmax outputs one of as many classes. All hidden layers
        must have the same activation: identity, sigmoid, tanh or relu. Of a Model, what stands
        between its terms (the columns of the model matrix, not scaled) and its outputs: scaling
        goes into the weights and biases of the first and last layer.
    classes : sequence, optional
        The classes of the outputs in their order, of one sigmoid output both; the Model's own,
        else 0, 1, .... scikit-learn sorts them, and its probabilities with them.

    Returns
    -------
    sklearn.neural_network.MLPClassifier or MLPRegressor
        It predicts what the network predicts. Its training attributes (`loss_`, `n_iter_`, ...)
        describe no training.

    Raises
    ------
    InputError
        If scikit-learn has no such network, or an argument is not as described.
    EngineError
        If scikit-learn is not installed.

    Examples
    --------
    >>> mlp = to_sklearn(Network([2, 3, 1], ["tanh", "sigmoid"]), classes=["no", "yes"])
    >>> mlp.classes_.tolist(), [coefs.shape for coefs in mlp.coefs_]
    (['no', 'yes'], [(2, 3), (3, 1)])
    """
    network = bare_network(model)
    if classes is None:
        classes = exported(model).levels
    hidden, output = network.activations[:-1], network.activations[-1]
    if len(set(hidden)) > 1:
        raise InputError(
            "scikit-learn has one activation for all hidden layers, got " + quoted(hidden)
        )
    names = {ours: theirs for theirs, ours in SKLEARN_ACTIVATIONS.items()}
    name = names[check_choice(hidden[0], "hidden activation", names)] if hidden else "identity"
    check_choice(output, "output activation", ["identity", "sigmoid", "softmax"])
    outputs = network.layers[-1]
    weights = [w.copy() for w in network.weights]
    biases = [b.copy() for b in network.biases]
    y: Any
    if output == "identity":
        _no_classes(classes)
        y = np.zeros((2, outputs)) if outputs > 1 else np.zeros(2)
    elif output == "sigmoid" and outputs > 1:
        _no_classes(classes)
        y = np.repeat([[0], [1]], outputs, axis=1)
    else:
        y = _check_classes(classes, max(outputs, 2))
        order = np.argsort(y, kind="stable")
        if output == "softmax" and outputs > 2:
            weights[-1], biases[-1] = weights[-1][order], biases[-1][order]
        else:
            if output == "softmax":  # of two: a sigmoid of the difference
                weights[-1] = weights[-1][1:] - weights[-1][:1]
                biases[-1] = biases[-1][1:] - biases[-1][:1]
            if order[0] == 1:
                weights[-1], biases[-1] = -weights[-1], -biases[-1]
    mlp = _fitted_mlp(
        "MLPRegressor" if output == "identity" else "MLPClassifier",
        (network.layers[0], *network.layers[1:-1]),
        name,
        y,
    )
    mlp.coefs_ = [np.ascontiguousarray(w.T) for w in weights]
    mlp.intercepts_ = biases
    return mlp


def _no_classes(classes: Any) -> None:
    if classes is not None:
        raise InputError(
            f"classes must be null where the outputs are not classes, got {describe(classes)}"
        )


def _check_classes(classes: Any, count: int) -> Any:
    if classes is None:
        return np.arange(count)
    entries = as_list(classes)
    if entries is None or len(entries) != count:
        raise InputError(
            f"classes must have {count} values, "
            f"got {describe(classes) if entries is None else len(entries)}"
        )
    array = np.asarray(entries)
    if len(np.unique(array)) != count:
        raise InputError("classes must be different from each other")
    return array


def _fitted_mlp(kind: str, sizes: Sequence[int], activation: str, y: Any) -> Any:
    """Return an MLP that one iteration was fitted on rows of zeros, for its private attributes."""
    try:
        from sklearn import neural_network
    except ImportError:
        raise EngineError(
            'to_sklearn() needs scikit-learn; install it: pip install "twinprop[sklearn]"'
        ) from None
    mlp = getattr(neural_network, kind)(
        hidden_layer_sizes=tuple(sizes[1:]), activation=activation, max_iter=1, random_state=0
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return mlp.fit(np.zeros((len(y), sizes[0])), y)


# keras


def from_keras_weights(weights: Sequence[Any], activations: str | Sequence[str]) -> Network:
    """Convert the weights of a keras model of Dense layers to a network.

    Parameters
    ----------
    weights : sequence of array-like
        As `model.get_weights()` gives them: for each Dense layer a kernel (in, out), then its bias
        (out); without one it is 0.
    activations : str or sequence of str
        One activation for every layer, or one for each. keras's leaky_relu has another slope than
        0.01 unless told so.

    Returns
    -------
    Network

    Raises
    ------
    InputError
        If an argument is not as described.

    Examples
    --------
    >>> kernel, bias = [[1.0, 2.0], [3.0, 4.0]], [0.0, 0.5]
    >>> from_keras_weights([kernel, bias], "identity").predict([[1, 0]]).tolist()
    [[1.0, 2.5]]
    """
    entries = as_list(weights)
    if not entries:
        raise InputError(
            f"weights must be a list of matrices (in, out) and vectors (out), got "
            f"{describe(weights)}"
        )
    kernels: list[Array] = []
    biases: list[Array] = []
    open_layer = False  # whether a kernel waits for its bias
    for i, entry in enumerate(entries, 1):
        array = _keras_entry(entry, i)
        if array.ndim == 2:
            kernels.append(array.T)
            biases.append(np.zeros(array.shape[1]))
            open_layer = True
        elif array.ndim == 1 and open_layer:
            biases[-1] = array
            open_layer = False
        else:
            wanted = "a matrix (in, out) or a vector (out)" if open_layer else "a matrix (in, out)"
            raise InputError(
                f"weights entry {i} must be {wanted}, got one of shape {_shape(array)}"
            )
    return _made_of(kernels, biases, activations)


def _keras_entry(entry: Any, i: int) -> Array:
    try:
        return _values(entry)
    except (TypeError, ValueError):
        raise InputError(
            f"weights entry {i} must be a matrix (in, out) or a vector (out) of numbers, "
            f"got {describe(entry)}"
        ) from None


def to_keras_weights(model: Any) -> list[Array]:
    """Convert a network to the weights of a keras model of Dense layers.

    Parameters
    ----------
    model : Network or Model
        Of a Model, what stands between its terms (the columns of the model matrix, not scaled) and
        its outputs: scaling goes into the weights and biases of the first and last layer.

    Returns
    -------
    list of ndarray
        For each layer a kernel (in, out), then its bias (out): what `model.set_weights()` of a
        model with the same layers takes. keras's names of the activations are those of the network,
        but for identity, which it calls linear; its leaky_relu needs `negative_slope=0.01`.

    Raises
    ------
    InputError
        If model is not as described.

    Examples
    --------
    >>> [array.shape for array in to_keras_weights(Network([2, 3, 1]))]
    [(2, 3), (3,), (3, 1), (1,)]
    """
    network = bare_network(model)
    pairs = zip(network.weights, network.biases, strict=True)
    return [array for w, b in pairs for array in (np.ascontiguousarray(w.T), b.copy())]


# JSON of JavaScript packages


def _read_json(data: Any) -> Mapping[str, Any]:
    """Return the object of a mapping, of JSON text, or of a file with JSON text."""
    if isinstance(data, os.PathLike) or (
        isinstance(data, str) and not data.lstrip().startswith(("{", "["))
    ):
        data = read_bytes(data, "network")
    if isinstance(data, str | bytes):
        data = parse_json(data, "network")
    return check_object(data, "the network")


def _entry(data: Mapping[str, Any], key: str, where: str = "") -> Any:
    if key not in data:
        raise InputError(f"{where}{key} must be given")
    return data[key]


def from_toy_nn(data: Any, activations: str | Sequence[str] = "sigmoid") -> Network:
    """Convert what `serialize()` of the Toy-Neural-Network-JS wrote to a network.

    Parameters
    ----------
    data : mapping, str or path
        The object, its JSON text, or the name of a file with it. It has one hidden layer.
    activations : str or sequence of str, default "sigmoid"
        The file does not say them: "tanh" if `setActivationFunction(tanh)` was called.

    Returns
    -------
    Network
        To train it on as the package does: rule "transpose", update_order "output_first", cost
        "half_sse", batch_size 1, learning_rate 0.1 (its own is in the file).

    Raises
    ------
    InputError
        If an argument is not as described.

    Examples
    --------
    >>> def matrix(*data):
    ...     return {"rows": len(data), "cols": len(data[0]), "data": list(data)}
    >>> from_toy_nn({
    ...     "input_nodes": 2, "hidden_nodes": 1, "output_nodes": 1, "learning_rate": 0.1,
    ...     "weights_ih": matrix([1, 2]), "bias_h": matrix([0]),
    ...     "weights_ho": matrix([3]), "bias_o": matrix([0.5]),
    ... })
    Network([2, 1, 1], ['sigmoid', 'sigmoid'])
    """
    data = _read_json(data)
    layers = [
        check_integer(_entry(data, key), key, 1)
        for key in ("input_nodes", "hidden_nodes", "output_nodes")
    ]

    def matrix(key: str, rows: int, columns: int) -> Array:
        entry = check_object(_entry(data, key), key)
        return check_matrix(_entry(entry, "data", f"{key}."), f"{key}.data", columns, rows)

    weights = [
        matrix("weights_ih", layers[1], layers[0]),
        matrix("weights_ho", layers[2], layers[1]),
    ]
    biases = [matrix("bias_h", layers[1], 1)[:, 0], matrix("bias_o", layers[2], 1)[:, 0]]
    return Network(layers, activations, weights=weights, biases=biases)


def from_brain_js(data: Any) -> Network:
    """Convert what `toJSON()` of a brain.js NeuralNetwork gave, of version 1 or 2, to a network.

    Parameters
    ----------
    data : mapping, str or path
        The object, its JSON text, or the name of a file with it.

    Returns
    -------
    Network
        Inputs and outputs that have names there are here in the order of their numbers. brain.js
        rounds every activation to float32, about seven digits, so its predictions agree to these.

    Raises
    ------
    InputError
        If an argument is not as described, or the activation is a leaky-relu of another slope than
        0.01, or of version 1, where it is another function.

    Examples
    --------
    >>> from_brain_js({
    ...     "type": "NeuralNetwork", "sizes": [2, 1], "trainOpts": {"activation": "tanh"},
    ...     "layers": [{"weights": [], "biases": []}, {"weights": [[1, 2]], "biases": [0.5]}],
    ... })
    Network([2, 1], ['tanh'])
    """
    data = _read_json(data)
    if "type" in data:
        check_choice(data["type"], "type", ["NeuralNetwork", "NeuralNetworkGPU"])
    layers = as_list(_entry(data, "layers"))
    if layers is None or len(layers) < 2:
        raise InputError(
            f"layers must be a list of at least 2 layers, got {describe(data['layers'])}"
        )
    objects = [check_object(layer, f"layers entry {i}") for i, layer in enumerate(layers, 1)]
    # in version 1 a layer is an object of its neurons
    first = as_list(objects[1].get("weights")) is None
    activation = _brain_activation(data, first)
    weights, biases = _brain_neurons(objects) if first else _brain_matrices(objects)
    return Network(
        [len(weights[0][0]), *map(len, weights)],
        activation,
        weights=weights,
        biases=biases,
    )


def _brain_activation(data: Mapping[str, Any], first: bool) -> str:
    given = data.get("trainOpts")
    options = {} if given is None else check_object(given, "trainOpts")
    name = options.get("activation") or data.get("activation") or "sigmoid"
    # version 1 has 0 below 0 and a slope that it does not write above, which is no leaky_relu
    known = [key for key in BRAIN_ACTIVATIONS if not first or key != "leaky-relu"]
    activation = BRAIN_ACTIVATIONS[check_choice(name, "trainOpts.activation", known)]
    slope = options.get("leakyReluAlpha", LEAKY_RELU_SLOPE)
    if activation == "leaky_relu" and slope != LEAKY_RELU_SLOPE:
        raise InputError(f"trainOpts.leakyReluAlpha must be 0.01, got {describe(slope)}")
    return activation


def _brain_matrices(layers: Sequence[Mapping[str, Any]]) -> tuple[list[Any], list[Any]]:
    weights, biases = [], []
    for i, layer in enumerate(layers[1:], 2):
        rows = as_list(_entry(layer, "weights", f"layers entry {i}, "))
        if not rows or not as_list(rows[0]):
            raise InputError(
                f"layers entry {i}, weights must be a list of rows, each a list of numbers, "
                f"got {describe(layer['weights'])}"
            )
        weights.append(rows)
        biases.append(_entry(layer, "biases", f"layers entry {i}, "))
    return weights, biases


def _brain_neurons(layers: Sequence[Mapping[str, Any]]) -> tuple[list[Any], list[Any]]:
    weights, biases = [], []
    before = list(layers[0])
    for i, layer in enumerate(layers[1:], 2):
        rows, row_biases = [], []
        for name, neuron in layer.items():
            where = f'layers entry {i}, neuron "{name}"'
            neuron = check_object(neuron, where)
            given = check_object(_entry(neuron, "weights", f"{where}, "), f"{where}, weights")
            rows.append([_entry(given, key, f"{where}, weights, ") for key in before])
            row_biases.append(_entry(neuron, "bias", f"{where}, "))
        if not rows or not before:
            raise InputError(f"layers entry {i} must have at least 1 neuron, got 0")
        weights.append(rows)
        biases.append(row_biases)
        before = list(layer)
    return weights, biases
