"""The converted penalties give the same gradients. Twin: tests/testthat/test-penalties.R.

Each program is asked for the gradient that it really steps by, penalty included.
"""

import warnings

import numpy as np
import pytest

from twinprop import (
    InputError,
    Network,
    RandomStream,
    convert_cost,
    convert_penalty,
    to_sklearn,
    to_torch,
)

# Gradients are read from a step of rate 1: a difference of weights of size 1, some last bits.
BY_DIFFERENCE = 1e-12

ROWS, INPUTS = 12, 3
X = 2.0 * RandomStream(1).uniform(ROWS * INPUTS).reshape(ROWS, INPUTS) - 1.0
SETTINGS = [
    ("half_mse", "identity", 2),
    ("half_sse", "identity", 2),
    ("mse", "identity", 2),
    ("half_mse", "identity", 1),
    ("cross_entropy", "sigmoid", 1),
    ("cross_entropy", "sigmoid", 3),
    ("cross_entropy", "softmax", 3),
]


def make_problem(output, outputs):
    network = Network([INPUTS, 4, outputs], ["tanh", output], init="uniform", seed=4)
    uniform = RandomStream(2).uniform(ROWS * outputs).reshape(ROWS, outputs)
    if output == "identity":
        return network, 2.0 * uniform - 1.0
    if output == "sigmoid":
        return network, (uniform > 0.5) * 1.0
    return network, np.eye(outputs)[uniform.argmax(axis=1)]


def our_gradient(network, d, cost, weight_decay):
    backward = network.backward(network.forward(X), d, cost=cost)
    pairs = zip(backward.grad_weights, network.weights)
    return np.concatenate([(g + weight_decay * w).ravel() for g, w in pairs])


def sklearn_gradient(network, d, output, alpha, batch_size):
    mlp = to_sklearn(network)
    mlp.set_params(
        alpha=alpha, solver="sgd", momentum=0.0, learning_rate_init=1.0, batch_size=batch_size,
        shuffle=False, max_iter=1, warm_start=True,
    )  # fmt: skip
    del mlp._optimizer
    before = [coefs.copy() for coefs in mlp.coefs_]
    y = d.argmax(axis=1) if output == "softmax" else d[:, 0] if d.shape[1] == 1 else d
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mlp.partial_fit(X[:batch_size], y[:batch_size])
    return np.concatenate([(b - a).T.ravel() for b, a in zip(before, mlp.coefs_)])


def torch_loss(torch, module, d, output):
    """What torch and keras (mse, binary and categorical cross entropy) take the mean of."""
    functional = torch.nn.functional
    a = module(torch.from_numpy(X))
    d = torch.from_numpy(d)
    if output == "identity":
        return functional.mse_loss(a, d)
    if output == "sigmoid":
        return functional.binary_cross_entropy(a, d)
    return functional.nll_loss(a.log(), d.argmax(dim=1))


def torch_gradient(network, d, output, weight_decay):
    torch = pytest.importorskip("torch")
    module = to_torch(network)
    optimizer = torch.optim.SGD(module.parameters(), lr=1.0, weight_decay=weight_decay)
    torch_loss(torch, module, d, output).backward()
    before = [w.copy() for w in network.weights]
    optimizer.step()
    after = [module[0].weight.detach().numpy(), module[2].weight.detach().numpy()]
    return np.concatenate([(b - a).ravel() for b, a in zip(before, after)])


def keras_gradient(network, d, output, l2):
    torch = pytest.importorskip("torch")
    module = to_torch(network)
    kernels = [module[0].weight, module[2].weight]
    loss = torch_loss(torch, module, d, output) + l2 * sum((w * w).sum() for w in kernels)
    loss.backward()
    return np.concatenate([w.grad.numpy().ravel() for w in kernels])


def same_direction(got, want):
    """The same minimum: one gradient is a multiple of the other."""
    factor = (got @ want) / (want @ want)
    assert factor > 0
    return np.abs(got - factor * want).max() / np.abs(factor * want).max()


@pytest.mark.parametrize(("cost", "output", "outputs"), SETTINGS)
def test_penalties_have_the_same_minimum(cost, output, outputs):
    pytest.importorskip("sklearn")
    network, d = make_problem(output, outputs)
    settings = {"n": ROWS, "outputs": outputs, "cost": cost, "out_activation": output}
    decay = 0.3
    ours = our_gradient(network, d, cost, decay)
    alpha = convert_penalty(decay, "twinprop", "scikit-learn", **settings)
    theirs = sklearn_gradient(network, d, output, alpha, ROWS)
    assert same_direction(theirs, ours) <= BY_DIFFERENCE
    weight_decay = convert_penalty(decay, "twinprop", "torch", **settings)
    assert same_direction(torch_gradient(network, d, output, weight_decay), ours) <= BY_DIFFERENCE
    l2 = convert_penalty(decay, "twinprop", "keras", **settings)
    assert same_direction(keras_gradient(network, d, output, l2), ours) <= BY_DIFFERENCE
    # the check itself sees a wrong penalty
    assert same_direction(keras_gradient(network, d, output, 2 * l2), ours) > 1e-3


def test_batch_size_is_sklearns_alone():
    pytest.importorskip("sklearn")
    network, d = make_problem("identity", 1)
    alpha = convert_penalty(0.3, "twinprop", "scikit-learn", n=ROWS, batch_size=4)
    theirs = sklearn_gradient(network, d, "identity", alpha, 4)
    backward = network.backward(network.forward(X[:4]), d[:4])
    ours = np.concatenate(
        [(g + 0.3 * w).ravel() for g, w in zip(backward.grad_weights, network.weights)]
    )
    assert same_direction(theirs, ours) <= BY_DIFFERENCE
    for target in ("nnet", "torch", "keras"):
        whole = convert_penalty(0.3, "twinprop", target, n=ROWS)
        assert convert_penalty(0.3, "twinprop", target, n=ROWS, batch_size=4) == whole


PROGRAMS = ["twinprop", "nnet", "scikit-learn", "torch", "keras"]


def test_there_and_back():
    for source in PROGRAMS:
        for target in PROGRAMS:
            settings = {"n": 7, "batch_size": 3, "outputs": 2, "cost": "half_sse"}
            there = convert_penalty(0.1, source, target, **settings)
            assert convert_penalty(there, target, source, **settings) == pytest.approx(0.1)
    assert convert_penalty(0.0, "nnet", "torch", n=3) == 0.0


@pytest.mark.parametrize(("cost", "output", "outputs"), SETTINGS)
def test_costs(cost, output, outputs):
    """By their documented definitions, and as the programs report them."""
    network, d = make_problem(output, outputs)
    a = network.predict(X)
    settings = {"n": ROWS, "outputs": outputs, "cost": cost, "out_activation": output}
    ours = network.mean_cost(X, d, cost=cost)
    e = a - d
    if output == "identity":
        total = (e * e).sum()
        want = {
            "nnet": total,
            "neuralnet": total / 2,
            "scikit-learn": total / (2 * ROWS * outputs),
            "torch": (e * e).mean(),
            "keras": (e * e).mean(),
        }
    else:
        logs = d * np.log(a)
        if output == "sigmoid":
            logs += (1 - d) * np.log(1 - a)
        mean = -logs.mean() if output == "sigmoid" else -logs.sum() / ROWS
        want = {
            "nnet": -logs.sum(),
            "neuralnet": -logs.sum(),
            "scikit-learn": -logs.sum() / ROWS,
            "torch": mean,
            "keras": mean,
        }
    for program, value in want.items():
        assert convert_cost(ours, "twinprop", program, **settings) == pytest.approx(value)
        assert convert_cost(value, program, "twinprop", **settings) == pytest.approx(ours)


def test_costs_as_reported():
    pytest.importorskip("sklearn")
    torch = pytest.importorskip("torch")
    for cost, output, outputs in SETTINGS:
        network, d = make_problem(output, outputs)
        settings = {"n": ROWS, "outputs": outputs, "cost": cost, "out_activation": output}
        ours = network.mean_cost(X, d, cost=cost)
        mlp = to_sklearn(network).set_params(alpha=0.0, learning_rate_init=1e-300)
        mlp.loss_curve_ = []
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            y = d.argmax(axis=1) if output == "softmax" else d[:, 0] if outputs == 1 else d
            mlp.partial_fit(X, y)
        assert convert_cost(ours, "twinprop", "scikit-learn", **settings) == pytest.approx(
            mlp.loss_
        )
        with torch.no_grad():
            reported = float(torch_loss(torch, to_torch(network), d, output))
        assert convert_cost(ours, "twinprop", "torch", **settings) == pytest.approx(reported)


def test_bad_arguments():
    for arguments, message in [
        ((-1, "nnet", "torch"), "value must be a finite number >= 0, got -1"),
        ((1, "neuralnet", "torch"), 'source must be one of "twinprop", "nnet", "scikit-learn", '),
        ((1, "nnet", "caret"), 'target must be one of .* got "caret"'),
    ]:
        with pytest.raises(InputError, match=message):
            convert_penalty(*arguments, n=3)
    for settings, message in [
        ({"n": 0}, "n must be an integer >= 1, got 0"),
        ({"n": 3, "batch_size": 4}, "batch_size must be an integer from 1 to 3, got 4"),
        ({"n": 3, "outputs": 0}, "outputs must be an integer >= 1, got 0"),
        ({"n": 3, "cost": "mae"}, 'cost must be one of .* got "mae"'),
        (
            {"n": 3, "cost": "cross_entropy"},
            'out_activation must be one of "sigmoid", "softmax", got null',
        ),
    ]:
        with pytest.raises(InputError, match=message):
            convert_penalty(1, "nnet", "torch", **settings)
