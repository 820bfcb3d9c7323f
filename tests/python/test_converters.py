"""Networks to and from other packages predict the same. Twin: tests/testthat/test-converters.R."""

import json
from pathlib import Path

import numpy as np
import pytest

from twinprop import (
    InputError,
    MLPRegressor,
    Model,
    Network,
    RandomStream,
    from_brain_js,
    from_keras_weights,
    from_sklearn,
    from_torch,
    from_toy_nn,
    read_model,
    to_keras_weights,
    to_sklearn,
    to_torch,
)
from twinprop.encoding import encode_inputs

# Sums in another order and another exp: a few last bits of numbers of size 1 (section 10 of the
# contract).
FLOAT64 = 1e-12

# What torch gets wrong in softplus above its threshold of 20: log1p(exp(-20)) = 2.1e-9.
TORCH_SOFTPLUS = 3e-9

# Weights are the same numbers in float64; torch's sums in float32 err by some 2^-24 a term.
FLOAT32 = 1e-5

SHAPES = [
    ([3, 1], "identity"),
    ([2, 4, 1], "sigmoid"),
    ([3, 5, 2], ["tanh", "identity"]),
    ([3, 4, 4, 2], ["relu", "leaky_relu", "tanh"]),
    ([2, 5, 3, 2], ["softplus", "identity", "sigmoid"]),
    ([4, 6, 3], ["sigmoid", "softmax"]),
    ([1, 3, 2], ["leaky_relu", "softplus"]),
]


def make_network(layers, activations, seed=3):
    return Network(layers, activations, init="uniform", seed=seed)


def make_rows(columns, rows=60, seed=11):
    return 8.0 * RandomStream(seed).uniform(rows * columns).reshape(rows, columns) - 4.0


def gap(got, want):
    got, want = np.asarray(got), np.asarray(want)
    assert got.shape == want.shape
    return np.abs(got - want).max() / max(1.0, np.abs(want).max())


def same(network, other):
    assert network.layers == other.layers
    assert network.activations == other.activations
    return np.array_equal(network.parameters, other.parameters)


# torch


@pytest.mark.parametrize(("layers", "activations"), SHAPES)
def test_to_torch_predicts_the_same(layers, activations):
    torch = pytest.importorskip("torch")
    network = make_network(layers, activations)
    x = make_rows(layers[0])
    module = to_torch(network)
    assert all(values.dtype == torch.float64 for values in module.state_dict().values())
    with torch.no_grad():
        for rows in (x, 10.0 * x):
            assert gap(module(torch.from_numpy(rows)), network.predict(rows)) <= FLOAT64
    assert same(network, from_torch(module))
    assert same(network, from_torch(module.state_dict(), network.activations))


def test_to_torch_shares_nothing():
    torch = pytest.importorskip("torch")
    network = make_network([2, 1], "identity")
    module = to_torch(network)
    with torch.no_grad():
        module[0].weight.fill_(7.0)
    assert 7.0 not in network.weights[0]
    other = from_torch(module)
    other.weights[0][...] = 1.0
    assert module[0].weight.tolist() == [[7.0, 7.0]]


def test_to_torch_learns_the_same():
    torch = pytest.importorskip("torch")
    network = make_network([2, 3, 1], ["tanh", "sigmoid"])
    x, d = make_rows(2, 5), make_rows(1, 5) > 0
    module = to_torch(network)
    loss = torch.nn.functional.mse_loss(module(torch.from_numpy(x)), torch.from_numpy(d * 1.0))
    loss.backward()
    backward = network.backward(network.forward(x), d * 1.0, cost="mse")
    for i, index in enumerate([0, 2]):
        assert gap(module[index].weight.grad, backward.grad_weights[i]) <= FLOAT64


def test_from_torch_of_float32_without_biases_and_with_dropout():
    torch = pytest.importorskip("torch")
    nn = torch.nn
    torch.manual_seed(1)
    module = nn.Sequential(
        nn.Sequential(nn.Flatten(), nn.Linear(3, 4, bias=False), nn.Dropout(0.5), nn.Softplus()),
        nn.Identity(),
        nn.Linear(4, 4),
        nn.Linear(4, 3),
        nn.Softmax(dim=-1),
    ).eval()
    network = from_torch(module)
    assert network.layers == (3, 4, 4, 3)
    assert network.activations == ("softplus", "identity", "softmax")
    assert not network.biases[0].any()
    x = make_rows(3)
    with torch.no_grad():
        assert gap(module(torch.from_numpy(x).float()), network.predict(x)) <= FLOAT32
        assert gap(module.double()(torch.from_numpy(x)), network.predict(x)) <= TORCH_SOFTPLUS
        large = torch.tensor([[400.0, -300.0, 500.0]], dtype=torch.float64)
        assert gap(module(large), network.predict(large.numpy())) <= TORCH_SOFTPLUS


def test_from_torch_of_another_module():
    torch = pytest.importorskip("torch")
    nn = torch.nn

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.hidden = nn.Linear(2, 3)
            self.out = nn.Linear(3, 1)

        def forward(self, x):
            return self.out(torch.tanh(self.hidden(x)))

    net = Net().double()
    network = from_torch(net, ["tanh", "identity"])
    x = make_rows(2)
    with torch.no_grad():
        assert gap(net(torch.from_numpy(x)), network.predict(x)) <= FLOAT64
    with pytest.raises(InputError, match="activations must be given with a Net, which does not"):
        from_torch(net)
    assert from_torch(nn.Linear(2, 3)).activations == ("identity",)


def test_from_torch_refuses():
    torch = pytest.importorskip("torch")
    nn = torch.nn
    linear = nn.Linear(2, 2)
    norm = nn.BatchNorm1d(2)
    for module, message in [
        (nn.Sequential(linear, norm, nn.ReLU()), 'layer "1" of module must be one of "Linear", '),
        (nn.Sequential(nn.Sequential(linear, norm)), 'layer "0.1" of module .* got "BatchNorm1d"'),
        (nn.Sequential(nn.ReLU(), linear), 'layer "0" of module must be one of "Linear", "Ident'),
        (nn.Sequential(linear, nn.Tanh(), nn.ReLU()), 'layer "2" of module .*got "ReLU"'),
        (
            nn.Sequential(linear, nn.LeakyReLU(0.2)),
            'layer "1" of module must have negative_slope 0.01, got 0.2',
        ),
        (nn.Sequential(linear, nn.Softplus(2)), 'layer "1" of module must have beta 1, got 2'),
        (nn.Sequential(linear, nn.Softmax(dim=0)), 'layer "1" of module must have dim 1, got 0'),
        (nn.Sequential(), "module must have at least 1 Linear layer, got 0"),
        (nn.Sequential(linear, nn.Linear(3, 1)), "weights layer 3 row 1 must have 2 values, got 3"),
        (3, "module must be a torch.nn.Sequential or a state_dict, got 3"),
        (linear.state_dict(), "activations must be given with a state_dict, which does not say"),
    ]:
        with pytest.raises(InputError, match=message):
            from_torch(module)
    state = nn.Sequential(linear, norm).state_dict()
    with pytest.raises(InputError, match=r'entry "1.weight" of the state_dict must be .* \(2\)'):
        from_torch(state, "tanh")
    with pytest.raises(InputError, match="activations must be null for a Sequential"):
        from_torch(nn.Sequential(linear), "tanh")
    with pytest.raises(InputError, match="the state_dict must have at least 1 Linear layer"):
        from_torch({}, "tanh")


# scikit-learn


def fitted(kind, y, **settings):
    neural_network = pytest.importorskip("sklearn.neural_network")
    mlp = getattr(neural_network, kind)(random_state=1, tol=1.0, max_iter=60, **settings)
    return mlp.fit(make_rows(3), y)


@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
@pytest.mark.parametrize("hidden", [(4,), (3, 5), ()])
def test_from_sklearn_regression(activation, hidden):
    x = make_rows(3)
    for y in (x[:, 0], x[:, :2]):
        mlp = fitted("MLPRegressor", y, activation=activation, hidden_layer_sizes=hidden)
        network = from_sklearn(mlp)
        want = mlp.predict(x).reshape(len(x), -1)
        assert gap(network.predict(x), want) <= FLOAT64
        again = to_sklearn(network)
        assert np.array_equal(again.predict(x), mlp.predict(x))


@pytest.mark.parametrize("activation", ["logistic", "relu"])
def test_from_sklearn_classification(activation):
    x = make_rows(3)
    classes = np.array(["low", "high", "mid"])[np.digitize(x[:, 0], [-1.0, 1.5])]
    for y in (classes, classes == "low", np.stack([x[:, 0] > 0, x[:, 1] > 0], axis=1)):
        mlp = fitted("MLPClassifier", y, activation=activation, hidden_layer_sizes=(4, 3))
        network = from_sklearn(mlp)
        want = mlp.predict_proba(x)
        got = network.predict(x)
        assert gap(np.hstack([1 - got, got]) if got.shape[1] == 1 else got, want) <= FLOAT64
        several = network.activations[-1] == "sigmoid" and network.layers[-1] > 1
        again = to_sklearn(network, None if several else mlp.classes_)
        assert np.array_equal(again.predict(x), mlp.predict(x))
        assert np.array_equal(again.predict_proba(x), want)


@pytest.mark.parametrize(
    ("layers", "activations"),
    [
        ([3, 4, 3], ["tanh", "softmax"]),
        ([3, 4, 2], ["tanh", "softmax"]),
        ([3, 4, 1], ["relu", "sigmoid"]),
        ([3, 3], "softmax"),
    ],
)
def test_to_sklearn_sorts_classes(layers, activations):
    pytest.importorskip("sklearn")
    network = make_network(layers, activations)
    names = ["b", "c", "a"][: max(layers[-1], 2)] if layers[-1] != 2 else ["b", "a"]
    x = make_rows(3)
    p = network.predict(x)
    p = np.hstack([1 - p, p]) if p.shape[1] == 1 else p
    mlp = to_sklearn(network, names)
    assert mlp.classes_.tolist() == sorted(names)
    assert gap(mlp.predict_proba(x), p[:, np.argsort(names)]) <= FLOAT64
    assert mlp.predict(x).tolist() == [names[k] for k in p.argmax(axis=1)]
    assert to_sklearn(network).classes_.tolist() == list(range(len(names)))


def test_sklearn_goes_on_training():
    pytest.importorskip("sklearn")
    mlp = to_sklearn(make_network([3, 4, 1], ["relu", "identity"]))
    x = make_rows(3)
    before = mlp.coefs_[0].copy()
    mlp.partial_fit(x, x[:, 0])
    assert not np.array_equal(before, mlp.coefs_[0])


def test_sklearn_refuses():
    neural_network = pytest.importorskip("sklearn.neural_network")
    with pytest.raises(InputError, match="got a MLPRegressor that is not fitted"):
        from_sklearn(neural_network.MLPRegressor())
    with pytest.raises(InputError, match="mlp must be a fitted MLPClassifier or .* got 3"):
        from_sklearn(3)
    mlp = fitted("MLPRegressor", make_rows(3)[:, 0])
    mlp.out_activation_ = "exp"
    with pytest.raises(InputError, match='mlp.out_activation_ must be one of .* got "exp"'):
        from_sklearn(mlp)
    for layers, activations, classes, message in [
        ([2, 2, 2, 1], ["tanh", "relu", "identity"], None, 'all hidden layers, got "tanh", "relu"'),
        ([2, 2, 1], ["softplus", "identity"], None, 'hidden activation must .* got "softplus"'),
        ([2, 2, 1], ["tanh", "tanh"], None, 'output activation must be one of .* got "tanh"'),
        ([2, 1], "sigmoid", ["a"], "classes must have 2 values, got 1"),
        ([2, 3], "softmax", ["a", "b", "a"], "classes must be different from each other"),
        ([2, 1], "identity", ["a", "b"], "classes must be null where the outputs are not classes"),
        ([2, 2], "sigmoid", ["a", "b"], "classes must be null where the outputs are not classes"),
    ]:
        with pytest.raises(InputError, match=message):
            to_sklearn(make_network(layers, activations), classes)


# keras: W is (in, out)


@pytest.mark.parametrize(("layers", "activations"), SHAPES)
def test_keras_weights(layers, activations):
    network = make_network(layers, activations)
    weights = to_keras_weights(network)
    assert [array.shape for array in weights[:2]] == [(layers[0], layers[1]), (layers[1],)]
    assert same(network, from_keras_weights(weights, network.activations))
    x = make_rows(layers[0])
    a = x
    for kernel, bias, name in zip(weights[::2], weights[1::2], network.activations):
        a = forward(name, a @ kernel + bias)
    assert gap(network.predict(x), a) <= FLOAT64


def forward(name, z):
    """The activations anew, from their definitions."""
    return {
        "sigmoid": lambda: 1 / (1 + np.exp(-z)),
        "tanh": lambda: np.tanh(z),
        "relu": lambda: np.where(z > 0, z, 0),
        "leaky_relu": lambda: np.where(z > 0, z, 0.01 * z),
        "softplus": lambda: np.logaddexp(0, z),
        "identity": lambda: z,
        "softmax": lambda: np.exp(z) / np.exp(z).sum(axis=1, keepdims=True),
    }[name]()


def test_keras_weights_without_biases():
    network = from_keras_weights([np.ones((2, 3)), np.ones((3, 1)), [2.0]], "linear")
    assert network.layers == (2, 3, 1)
    assert network.predict([[1, 2]]).tolist() == [[11.0]]


def test_keras_weights_refuse():
    kernel = np.ones((2, 3))
    for weights, message in [
        (3, "weights must be a list of matrices .* got 3"),
        ([], "weights must be a list of matrices .* got a list of 0"),
        ([[1.0, 2.0]], r"weights entry 1 must be a matrix \(in, out\), got one of shape \(2\)"),
        (
            [kernel, np.ones(3), np.ones(3)],
            r"weights entry 3 must be a matrix \(in, out\), got one of shape \(3\)",
        ),
        ([kernel, np.ones((2, 2, 2))], r"weights entry 2 must be a matrix .* shape \(2, 2, 2\)"),
        ([kernel, "a"], 'weights entry 2 must be a matrix .* of numbers, got "a"'),
        ([kernel, np.ones(2)], "biases layer 2 must have 3 values, got 2"),
        ([kernel, np.ones((2, 2))], "weights layer 3 row 1 must have 3 values, got 2"),
    ]:
        with pytest.raises(InputError, match=message):
            from_keras_weights(weights, "tanh")


# Toy-Neural-Network-JS: its predict() anew


def toy_matrix(values):
    values = np.atleast_2d(values)
    return {"rows": len(values), "cols": values.shape[1], "data": values.tolist()}


def make_toy(inputs=3, hidden=4, outputs=2):
    network = make_network([inputs, hidden, outputs], "sigmoid")
    return {
        "input_nodes": inputs,
        "hidden_nodes": hidden,
        "output_nodes": outputs,
        "weights_ih": toy_matrix(network.weights[0]),
        "weights_ho": toy_matrix(network.weights[1]),
        "bias_h": toy_matrix(network.biases[0][:, np.newaxis]),
        "bias_o": toy_matrix(network.biases[1][:, np.newaxis]),
        "learning_rate": 0.1,
        "activation_function": {},
    }


def toy_predict(toy, row, function):
    def layer(weights, bias, values):
        return [
            function(sum(w * v for w, v in zip(line, values)) + b[0])
            for line, b in zip(toy[weights]["data"], toy[bias]["data"])
        ]

    return layer("weights_ho", "bias_o", layer("weights_ih", "bias_h", row))


def test_from_toy_nn(tmp_path):
    toy = make_toy()
    x = make_rows(3)
    path = tmp_path / "toy.json"
    path.write_text(json.dumps(toy))
    for data in (toy, json.dumps(toy), path, str(path)):
        network = from_toy_nn(data)
        want = [toy_predict(toy, row, lambda z: 1 / (1 + np.exp(-z))) for row in x]
        assert gap(network.predict(x), want) <= FLOAT64
    want = [toy_predict(toy, row, np.tanh) for row in x]
    assert gap(from_toy_nn(toy, "tanh").predict(x), want) <= FLOAT64


def test_from_toy_nn_refuses(tmp_path):
    toy = make_toy()
    for change, message in [
        ({"input_nodes": 0}, "input_nodes must be an integer >= 1, got 0"),
        ({"hidden_nodes": 5}, "weights_ih.data must have 5 rows, got 4"),
        ({"bias_h": toy_matrix([1.0])}, "bias_h.data must have 4 rows, got 1"),
        ({"bias_o": 3}, "bias_o must be an object, got 3"),
        ({"weights_ho": {"rows": 2}}, "weights_ho.data must be given"),
    ]:
        with pytest.raises(InputError, match=message):
            from_toy_nn({**toy, **change})
    del toy["weights_ih"]
    with pytest.raises(InputError, match="weights_ih must be given"):
        from_toy_nn(toy)
    missing = str(tmp_path / "none.json")
    with pytest.raises(InputError, match='cannot read the network: no file "'):
        from_toy_nn(missing)
    with pytest.raises(InputError, match='cannot read the network "'):
        from_toy_nn(tmp_path)
    with pytest.raises(InputError, match="the network is not valid JSON: "):
        from_toy_nn('{"input_nodes": ')
    with pytest.raises(InputError, match="the network must be an object, got a list of 0"):
        from_toy_nn("[]")


# brain.js: its run() anew, in float64

BRAIN = {"sigmoid": "sigmoid", "relu": "relu", "leaky-relu": "leaky_relu", "tanh": "tanh"}


def make_brain(activation, names=None):
    """The JSON of version 2, and of version 1 with the inputs' names, of one network."""
    network = make_network([3, 4, 2], BRAIN[activation])
    pairs = list(zip(network.weights, network.biases))
    second = {
        "type": "NeuralNetwork",
        "sizes": [3, 4, 2],
        "layers": [
            {"weights": [], "biases": []},
            *({"weights": w.tolist(), "biases": b.tolist()} for w, b in pairs),
        ],
        "inputLookup": {name: i for i, name in enumerate(names)} if names else None,
        "inputLookupLength": 3 if names else 0,
        "outputLookup": None,
        "outputLookupLength": 0,
        "options": {"inputSize": 0, "outputSize": 0, "binaryThresh": 0.5},
        "trainOpts": {"activation": activation, "leakyReluAlpha": 0.01, "timeout": "Infinity"},
    }
    layers = [{name: {} for name in names or "012"}]
    for w, b in pairs:
        before = list(layers[-1])
        layers.append(
            {
                str(k): {"bias": b[k], "weights": dict(zip(before, w[k].tolist()))}
                for k in range(len(b))
            }
        )
    first = {
        "sizes": [3, 4, 2],
        "layers": layers,
        "outputLookup": False,
        "inputLookup": bool(names),
        "activation": activation,
        "trainOpts": {"iterations": 20000, "leakyReluAlpha": 0.01},
    }
    return second, first


@pytest.mark.parametrize("activation", BRAIN)
@pytest.mark.parametrize("names", [None, ["r", "g", "b"]])
def test_from_brain_js(activation, names, tmp_path):
    x = make_rows(3)
    second, first = make_brain(activation, names)
    a = x
    for layer in second["layers"][1:]:
        z = np.einsum("nj,kj->nk", a, layer["weights"]) + layer["biases"]
        a = forward(BRAIN[activation], z)
    path = tmp_path / "brain.json"
    path.write_text(json.dumps(second))
    both = (first, json.dumps(first)) if activation != "leaky-relu" else ()
    for data in (second, path, *both):
        network = from_brain_js(data)
        assert network.layers == (3, 4, 2)
        assert gap(network.predict(x), a) <= FLOAT64


def test_from_brain_js_refuses():
    second, first = make_brain("leaky-relu")
    for change, message in [
        ({"type": "LSTM"}, 'type must be one of "NeuralNetwork", "NeuralNetworkGPU", got "LSTM"'),
        ({"layers": 3}, "layers must be a list of at least 2 layers, got 3"),
        ({"layers": [{}, 3]}, "layers entry 2 must be an object, got 3"),
        (
            {"trainOpts": {"activation": "leaky-relu", "leakyReluAlpha": 0.2}},
            "trainOpts.leakyReluAlpha must be 0.01, got 0.2",
        ),
        ({"trainOpts": {"activation": "swish"}}, 'trainOpts.activation must be .* got "swish"'),
        (
            {"layers": [{}, {"weights": [], "biases": []}]},
            "layers entry 2, weights must be a list of rows",
        ),
        ({"layers": [{}, {"weights": [[1]]}]}, "layers entry 2, biases must be given"),
    ]:
        with pytest.raises(InputError, match=message):
            from_brain_js({**second, **change})
    with pytest.raises(InputError, match='must be one of "sigmoid", "relu", "tanh", got "leaky-'):
        from_brain_js(first)
    _, first = make_brain("tanh")
    del second["layers"]
    with pytest.raises(InputError, match="layers must be given"):
        from_brain_js(second)
    del first["layers"][1]["2"]["weights"]["1"]
    with pytest.raises(InputError, match='layers entry 2, neuron "2", weights, 1 must be given'):
        from_brain_js(first)
    first["layers"][1]["2"] = 3
    with pytest.raises(InputError, match='layers entry 2, neuron "2" must be an object, got 3'):
        from_brain_js(first)


@pytest.mark.parametrize("convert", [to_torch, to_sklearn, to_keras_weights])
def test_what_is_no_network_is_refused(convert):
    with pytest.raises(InputError, match="model must be a Model, a Network or .* got 3"):
        convert(3)


# Models: scaling goes into the weights.

MODELS = Path(__file__).parents[1] / "cases" / "model"

# x W / s - c W / s for (x - c) / s W: with c / s = 24 and 1e6 / 12345 in these cases two digits of
# float64 are lost.
FOLDED = 1e-11


@pytest.mark.parametrize("name", ["mixed", "several", "binary", "classes", "labels"])
def test_scaling_goes_into_the_weights(name):
    torch = pytest.importorskip("torch")
    case = json.loads((MODELS / f"{name}.json").read_text(encoding="utf-8"))
    model = read_model(case["model"])
    rows = [row for row in case["rows"] if None not in row.values()]
    x = encode_inputs({**model.inputs, "center": None, "scale": None}, rows)
    if model.task == "regression":
        want = model.predict(rows).reshape(len(rows), -1)
    else:
        want = model.raw(rows)
    with torch.no_grad():
        got = to_torch(model)(torch.from_numpy(x)).numpy()
    assert gap(got, want) <= FOLDED
    network = from_keras_weights(to_keras_weights(model), model.network.activations)
    assert gap(network.predict(x), want) <= FOLDED
    if name in ("mixed", "several", "binary"):
        mlp = to_sklearn(model)
        if name == "binary":
            # scikit-learn sorts its classes: "ja" comes first
            assert mlp.classes_.tolist() == sorted(model.classes)
            assert mlp.predict(x).tolist() == model.predict(rows).tolist()
            assert gap(mlp.predict_proba(x)[:, :1], want) <= FOLDED
        else:
            assert gap(mlp.predict(x).reshape(want.shape), want) <= FOLDED


def test_scaled_outputs_need_the_identity():
    outputs = {"names": ["y"], "levels": None, "center": [1.0], "scale": [2.0]}
    model = Model(make_network([2, 1], "sigmoid"), "regression", None, outputs)
    with pytest.raises(InputError, match='scaled outputs need "identity" .* got "sigmoid"'):
        to_torch(model)


def test_an_estimator_is_its_model():
    pytest.importorskip("sklearn")
    x = make_rows(3)
    estimator = MLPRegressor(hidden_layer_sizes=(4,), max_iter=300, tol=1e-2, random_state=1)
    estimator.fit(100.0 + 10.0 * x, x[:, 0])
    got = to_sklearn(estimator).predict(100.0 + 10.0 * x)
    assert gap(got, estimator.predict(100.0 + 10.0 * x)) <= FOLDED
    with pytest.raises(InputError, match="got an estimator of twinprop, whose network is in its"):
        from_sklearn(estimator)
