"""Optimisers against torch.optim, step by step. Twins: tests/testthat/test-optimizers.R,
tests/js/optimizers.test.js."""

import importlib
import itertools
import os

import numpy as np
import pytest

from twinprop import OPTIMIZERS, InputError, Network, Optimizer

# torch's fused multiplications round once where we round twice: a few bits in 20 updates.
TORCH = 1e-13
# The formulas of section 4 worked out here are the same operations but for their order.
HAND = 1e-14

UPDATES = 20


def torch_or_skip():
    """torch, which may be missing unless TWINPROP_REQUIRE says that it must be there."""
    if "torch" in os.environ.get("TWINPROP_REQUIRE", "").split(","):
        return importlib.import_module("torch")
    return pytest.importorskip("torch")


def all_of(**choices):
    """Every combination of the choices, as dicts."""
    return [dict(zip(choices, values)) for values in itertools.product(*choices.values())]


SETTINGS = [
    *[
        ("sgd", s)
        for s in all_of(learning_rate=[0.5, 0.01], momentum=[0.0, 0.5, 0.99], weight_decay=[0, 0.1])
    ],
    *[("sgd", s) for s in all_of(momentum=[0.3, 0.9], nesterov=[True], weight_decay=[0, 0.1])],
    *[("momentum", s) for s in all_of(learning_rate=[0.5, 0.02], weight_decay=[0, 0.01])],
    *[("nesterov", s) for s in all_of(momentum=[0.9, 0.6], weight_decay=[0, 0.01])],
    *[
        ("rmsprop", s)
        for s in all_of(
            learning_rate=[0.01, 0.3],
            alpha=[0.99, 0.5, 0.0],
            momentum=[0.0, 0.9],
            eps=[1e-8, 0.1],
            weight_decay=[0, 0.1],
        )
    ],
    *[
        ("adam", s)
        for s in all_of(
            learning_rate=[0.001, 0.3],
            betas=[(0.9, 0.999), (0.5, 0.6), (0.0, 0.0)],
            eps=[1e-8, 0.1],
            weight_decay=[0, 0.1],
        )
    ],
    *[
        ("rprop", s)
        for s in all_of(
            learning_rate=[0.01, 1.0],
            etas=[(0.5, 1.2), (0.1, 3.0)],
            step_sizes=[(1e-6, 50.0), (0.05, 0.2)],
            weight_decay=[0, 0.1],
        )
    ],
    *[(name, {}) for name in OPTIMIZERS],
]


def gradients():
    """Random gradients with zeros among them, for 3 x 2 weights and 3 biases."""
    rng = np.random.default_rng(3)
    for _ in range(UPDATES):
        weights, biases = rng.normal(size=(3, 2)), rng.normal(size=3)
        weights[0, 1] = biases[2] = 0.0
        weights[2, 0] *= rng.integers(2)
        yield weights, biases


def network():
    rng = np.random.default_rng(4)
    return Network([2, 3], weights=[rng.normal(size=(3, 2))], biases=[rng.normal(size=3)])


def backward_of(net, weights, biases):
    """A backward pass whose gradients are these."""
    backward = net.backward(net.forward([[0.0, 0.0]]), [[0.0, 0.0, 0.0]])
    return backward._replace(grad_weights=[weights], grad_biases=[biases])


def in_torch(torch, name, settings, parameters):
    """torch's optimiser; weight decay for the weights, the first of the parameters, alone."""
    complete = {k: v for k, v in Optimizer(name, **settings).settings.items() if k != "name"}
    complete["lr"] = complete.pop("learning_rate")
    decay = complete.pop("weight_decay")
    kinds = {"rmsprop": "RMSprop", "adam": "Adam", "rprop": "Rprop"}
    kind = getattr(torch.optim, kinds.get(name, "SGD"))
    if name == "rprop":  # torch's has no weight decay
        return kind(parameters, **complete), decay
    groups = [
        {"params": [parameters[0]], "weight_decay": decay},
        {"params": [parameters[1]], "weight_decay": 0.0},
    ]
    return kind(groups, **complete), 0.0


@pytest.mark.parametrize(("name", "settings"), SETTINGS, ids=str)
def test_the_updates_are_torch_s(name, settings):
    torch = torch_or_skip()
    net = network()
    starts = (net.weights[0], net.biases[0])
    parameters = [torch.tensor(start.copy(), requires_grad=True) for start in starts]
    theirs, decay = in_torch(torch, name, settings, parameters)
    ours = Optimizer(name, **settings)
    for t, found in enumerate(gradients(), 1):
        for parameter, gradient in zip(parameters, found):
            parameter.grad = torch.tensor(gradient)
        parameters[0].grad += decay * parameters[0].detach()
        theirs.step()
        net.update(backward_of(net, *found), ours)
        assert ours.updates == t
        for p, q in zip((net.weights[0], net.biases[0]), parameters):
            expected = q.detach().numpy()
            np.testing.assert_allclose(p, expected, rtol=TORCH, atol=TORCH, err_msg=f"update {t}")


# Two updates of one weight w = 1 with gradients G = 2 and -1, learning_rate 0.1, by section 4:
# sgd       1 - 0.1*2 = 0.8;                        0.8 + 0.1 = 0.9
# momentum  v = 2: 0.8;                             v = 0.9*2 - 1 = 0.8: 0.72
# nesterov  v = 2: 1 - 0.1 (2 + 1.8) = 0.62;        v = 0.8: 0.62 - 0.1 (-1 + 0.72) = 0.648
# rmsprop   alpha 0.75, v = 1: 1 - 0.1*2/1 = 0.8;   v = 0.75 + 0.25 = 1: 0.8 + 0.1 = 0.9
# adam      betas 0, m = G, v = G^2: 1 - 0.1 = 0.9; 0.9 + 0.1 = 1
# rprop     step 0.1: 0.9; then the sign turns:     step 0.05, G = 0: 0.9
TWO_UPDATES = [
    ("sgd", {}, [0.8, 0.9]),
    ("momentum", {}, [0.8, 0.72]),
    ("nesterov", {}, [0.62, 0.648]),
    ("rmsprop", {"alpha": 0.75, "eps": 0.0}, [0.8, 0.9]),
    ("adam", {"betas": (0.0, 0.0), "eps": 0.0}, [0.9, 1.0]),
    ("rprop", {}, [0.9, 0.9]),
]


@pytest.mark.parametrize(("name", "settings", "expected"), TWO_UPDATES)
def test_two_updates_by_hand(name, settings, expected):
    net = Network([1, 1], weights=[[[1.0]]])
    optimizer = Optimizer(name, learning_rate=0.1, **settings)
    backward = net.backward(net.forward([[1.0]]), [[0.0]])
    found = []
    for gradient in (2.0, -1.0):
        gradients = {"grad_weights": [np.array([[gradient]])], "grad_biases": [np.array([1.0])]}
        net.update(backward._replace(**gradients), optimizer)
        found.append(net.weights[0][0, 0])
    np.testing.assert_allclose(found, expected, rtol=HAND)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_weight_decay_moves_weights_never_biases(name):
    start = {"weights": [[[2.0, -3.0]]], "biases": [[4.0]]}
    net = Network([2, 1], **start)
    backward = net.backward(net.forward([[0.0, 0.0]]), [[0.0]])
    nothing = backward._replace(grad_weights=[np.zeros((1, 2))], grad_biases=[np.zeros(1)])
    optimizer = Optimizer(name, weight_decay=0.1, learning_rate=0.1)
    net.update(nothing, optimizer)
    assert net.biases[0][0] == 4.0
    assert 0 < net.weights[0][0, 0] < 2.0
    assert -3.0 < net.weights[0][0, 1] < 0
    plain = Network([2, 1], **start)
    plain.update(nothing, Optimizer(name, learning_rate=0.1))
    np.testing.assert_array_equal(plain.parameters, [2.0, -3.0, 4.0])


def test_weight_decay_is_the_gradient_of_the_penalty():
    # 0.1 * W is added to a gradient of 0: W - 0.5 * 0.1 * W
    net = Network([2, 1], weights=[[[2.0, -3.0]]])
    backward = net.backward(net.forward([[0.0, 0.0]]), [[0.5]])
    net.update(backward, Optimizer(weight_decay=0.1))
    np.testing.assert_allclose(net.weights[0], [[1.9, -2.85]], rtol=HAND)


def test_the_gradient_given_stays_as_it_is():
    for name in OPTIMIZERS:
        net = network()
        found = next(gradients())
        before = [gradient.copy() for gradient in found]
        net.update(backward_of(net, *found), Optimizer(name, weight_decay=0.1))
        for one, other in zip(found, before):
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", [name for name in OPTIMIZERS if name != "sgd"])
def test_an_optimizer_keeps_its_state_and_a_new_one_has_none(name):
    kept, fresh = network(), network()
    optimizer = Optimizer(name)
    for found in itertools.islice(gradients(), 3):
        kept.update(backward_of(kept, *found), optimizer)
        fresh.update(backward_of(fresh, *found), Optimizer(name))
    assert not np.allclose(kept.parameters, fresh.parameters)


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("verb", ["update", "step", "train"])
def test_an_optimizer_is_for_one_size_of_network(name, verb):
    optimizer = Optimizer(name)
    one, other = Network([2, 3, 1]), Network([2, 4, 1])  # 13 and 17 parameters
    x, d = [[0.0, 1.0]], [[1.0]]
    one.step(x, d, optimizer=optimizer)
    before = other.parameters.copy()
    with pytest.raises(InputError) as caught:
        if verb == "update":
            other.update(other.backward(other.forward(x), d), optimizer)
        elif verb == "step":
            other.step(x, d, optimizer=optimizer)
        else:
            other.train(x, d, optimizer=optimizer, epochs=1)
    assert str(caught.value) == (
        "optimizer has state for a network of 13 parameters, got one of 17; make a new one"
    )
    np.testing.assert_array_equal(other.parameters, before)
    one.step(x, d, optimizer=optimizer)
    assert optimizer.updates == 2


def test_defaults():
    # The table of section 4.
    sgd = {"learning_rate": 0.5, "weight_decay": 0.0, "momentum": 0.0, "nesterov": False}
    assert Optimizer().settings == {"name": "sgd", **sgd}
    assert Optimizer("momentum").settings == {"name": "momentum", **sgd, "momentum": 0.9}
    assert Optimizer("nesterov").settings == {
        "name": "nesterov",
        **sgd,
        "momentum": 0.9,
        "nesterov": True,
    }
    assert Optimizer("rmsprop").settings == {
        "name": "rmsprop",
        "learning_rate": 0.01,
        "weight_decay": 0.0,
        "alpha": 0.99,
        "eps": 1e-8,
        "momentum": 0.0,
    }
    assert Optimizer("adam").settings == {
        "name": "adam",
        "learning_rate": 0.001,
        "weight_decay": 0.0,
        "betas": (0.9, 0.999),
        "eps": 1e-8,
    }
    assert Optimizer("rprop").settings == {
        "name": "rprop",
        "learning_rate": 0.01,
        "weight_decay": 0.0,
        "etas": (0.5, 1.2),
        "step_sizes": (1e-6, 50.0),
    }
    assert [*OPTIMIZERS] == ["sgd", "momentum", "nesterov", "rmsprop", "adam", "rprop"]


def test_repr_says_the_settings():
    assert repr(Optimizer("adam", learning_rate=0.1)) == (
        "Optimizer('adam', learning_rate=0.1, weight_decay=0.0, betas=(0.9, 0.999), eps=1e-08)"
    )


def test_an_optimizer_by_name_is_a_new_one_with_its_defaults():
    found = next(gradients())
    for name in (None, *OPTIMIZERS):
        one, other = network(), network()
        one.update(backward_of(one, *found), name)
        other.update(backward_of(other, *found), Optimizer(name or "sgd"))
        np.testing.assert_array_equal(one.parameters, other.parameters)


NAMES = '"sgd", "momentum", "nesterov", "rmsprop", "adam", "rprop"'


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("Adam", {}, f'name must be one of {NAMES}, got "Adam"'),
        (None, {}, f"name must be one of {NAMES}, got null"),
        ("sgd", {"learning_rate": -1}, "learning_rate must be a finite number >= 0, got -1"),
        ("sgd", {"learning_rate": "1"}, 'learning_rate must be a finite number >= 0, got "1"'),
        ("sgd", {"learning_rate": True}, "learning_rate must be a finite number >= 0, got true"),
        (
            "sgd",
            {"weight_decay": float("nan")},
            "weight_decay must be a finite number >= 0, got NaN",
        ),
        ("adam", {"eps": float("inf")}, "eps must be a finite number >= 0, got Inf"),
        ("sgd", {"momentum": 1}, "momentum must be a number from 0 to below 1, got 1"),
        ("sgd", {"momentum": -0.1}, "momentum must be a number from 0 to below 1, got -0.1"),
        ("rmsprop", {"alpha": None}, "alpha must be a number from 0 to below 1, got null"),
        ("sgd", {"nesterov": 1}, "nesterov must be true or false, got 1"),
        ("sgd", {"nesterov": True}, "nesterov needs a momentum above 0, got momentum 0"),
        ("nesterov", {"momentum": 0}, "nesterov needs a momentum above 0, got momentum 0"),
        ("adam", {"betas": 0.9}, "betas must be a list of 2 numbers from 0 to below 1, got 0.9"),
        (
            "adam",
            {"betas": (0.9, 1.0)},
            "betas must be a list of 2 numbers from 0 to below 1, got a list of 2",
        ),
        (
            "adam",
            {"betas": (0.9,)},
            "betas must be a list of 2 numbers from 0 to below 1, got a list of 1",
        ),
        (
            "rprop",
            {"etas": (1.2, 0.5)},
            "etas must be a list of 2 numbers, 0 < first < 1 < second, got a list of 2",
        ),
        (
            "rprop",
            {"etas": (0, 1.2)},
            "etas must be a list of 2 numbers, 0 < first < 1 < second, got a list of 2",
        ),
        (
            "rprop",
            {"step_sizes": (2, 1)},
            "step_sizes must be a list of 2 numbers, 0 < first <= second, got a list of 2",
        ),
        (
            "sgd",
            {"lr": 0.1},
            'unknown key "lr" in optimizer; allowed: "name", "learning_rate", "weight_decay", '
            '"momentum", "nesterov"',
        ),
        (
            "adam",
            {"momentum": 0.9},
            'unknown key "momentum" in optimizer; allowed: "name", "learning_rate", '
            '"weight_decay", "betas", "eps"',
        ),
    ],
)
def test_bad_settings(name, settings, message):
    with pytest.raises(InputError) as caught:
        Optimizer(name, **settings)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("given", "described"), [("Adam", '"Adam"'), (3, "3"), ([], "a list of 0")]
)
def test_bad_optimizers(given, described):
    for verb in ("step", "train"):
        with pytest.raises(InputError) as caught:
            getattr(Network([1, 1]), verb)([[1]], [[1]], optimizer=given)
        assert str(caught.value) == f"optimizer must be one of {NAMES}, got {described}"


def test_limits_are_allowed():
    Optimizer("sgd", learning_rate=0, weight_decay=0, momentum=0)
    Optimizer("adam", betas=np.array([0.0, 0.5]), eps=0)
    Optimizer("rprop", step_sizes=[1.0, 1.0])
