"""Section 19 of docs/contract.md: functions against mpmath, all else against plain floats."""

import math
import sys
from dataclasses import replace
from pathlib import Path

import mpmath
import numpy as np
import pytest

from conformance import AFTER_ONE_UPDATE
from random_plans import as_mapping, random_plan
from twinprop import InputError, Network, Optimizer, run_plan
from twinprop.arithmetic import ARITHMETICS, FAST, PORTABLE, _expm1_negative
from twinprop.crosscheck import differences
from twinprop.engines import run_plan_on
from twinprop.plan import read_plan, train_plan

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "oracle"))

import portable as oracle

# What the contract says, in units in the last place of the exact value.
ULP = 1.0
LOG1P_ULP = 1.5
TANH_ULP = 3.0

mpmath.mp.prec = 140
LARGEST = sys.float_info.max
SMALLEST = 5e-324
LN_LARGEST = 709.782712893384  # exp of the next double is Inf
LN_SMALLEST = -745.1332191019411  # exp of the next one below is 0


def uniform(rng, low, high, n=400):
    return rng.uniform(low, high, n)


def small(rng, n=400):
    """Numbers of all sizes up to 1."""
    return rng.normal(size=n) * 10.0 ** rng.integers(-300, 1, n)


def half_way():
    """Where exp's integer k changes, on either side."""
    turns = (np.arange(-1074, 1024, 7) + 0.5) * math.log(2.0)
    return np.concatenate([turns, np.nextafter(turns, np.inf)])


def exponents(rng):
    ends = [LN_LARGEST, LN_SMALLEST, 0.0, 1.0, -1.0, SMALLEST, -SMALLEST, -708.4, -709.0]
    ranges = [(-746, 710), (-1, 1), (-745.13, -708), (709, LN_LARGEST)]
    parts = [uniform(rng, *limits) for limits in ranges]
    return np.concatenate([*parts, small(rng), half_way(), ends])


def positives(rng):
    powers = np.ldexp(1.0, np.arange(-1074, 1024, 5))
    parts = [np.ldexp(rng.uniform(1, 2, 800), rng.integers(-1074, 1024, 800)), powers]
    near_1 = 1.0 + rng.normal(size=400) * 10.0 ** rng.integers(-16, 0, 400)
    ends = [SMALLEST, LARGEST, 1.0, math.sqrt(2.0), math.sqrt(0.5), 2.0**-1022]
    x = np.concatenate([*parts, np.nextafter(powers, 0.0), near_1, uniform(rng, 0.5, 2), ends])
    return x[x > 0.0]


def to_1(rng):
    parts = [uniform(rng, 0, 1), np.minimum(np.abs(small(rng)), 1.0)]
    return np.concatenate([*parts, [0.0, SMALLEST, 1.0]])


def any_size(rng):
    parts = [uniform(rng, -20, 20), uniform(rng, -1, 1), small(rng)]
    return np.concatenate([*parts, [0.0, 1e300, -1e300, SMALLEST]])


def angles(rng):
    quarter = math.pi / 4.0
    marks = np.array([quarter, 2.0 * quarter, 3.0 * quarter])
    near = [np.nextafter(marks, 0.0), marks, np.nextafter(marks, 4.0)]
    x = np.concatenate([uniform(rng, 0, math.pi, 800), *near, [0.0, 1e-300, 1e-9, math.pi]])
    return x[x <= math.pi]


def tanh(z):
    return PORTABLE.tanh(z, np.empty_like(z))


def cos(x):
    return np.array([PORTABLE.cos(value) for value in x.tolist()])


FUNCTIONS = {
    "exp": (PORTABLE.exp, mpmath.exp, exponents, ULP),
    "log": (PORTABLE.log, mpmath.log, positives, ULP),
    "log1p": (PORTABLE.log1p, mpmath.log1p, to_1, LOG1P_ULP),
    "expm1": (_expm1_negative, mpmath.expm1, lambda rng: -np.abs(exponents(rng)), ULP),
    "tanh": (tanh, mpmath.tanh, any_size, TANH_ULP),
    "cos": (cos, mpmath.cos, angles, ULP),
}


def off_by(found, exact):
    """How far a float is from the exact value, in units of the float next to that."""
    return float(abs(mpmath.mpf(found) - exact) / mpmath.mpf(math.ulp(float(exact))))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_is_as_exact_as_the_contract_says(name):
    function, exact, points, limit = FUNCTIONS[name]
    x = points(np.random.default_rng(1))
    found = function(x.copy())
    assert np.isfinite(found).all()
    worst = max(off_by(*pair) for pair in zip(found.tolist(), map(exact, x.tolist())))
    assert worst <= limit


@pytest.mark.parametrize("name", ["exp", "log", "expm1", "tanh"])
def test_a_function_never_falls(name):
    function, _, points, _ = FUNCTIONS[name]
    x = np.sort(points(np.random.default_rng(2)))
    x = x[np.abs(x) < 1e300]
    above = np.nextafter(x, np.inf)
    if name == "expm1":
        above = np.minimum(above, 0.0)
    with np.errstate(over="ignore"):
        assert (function(x) <= function(above)).all()
        assert (np.diff(function(x[x <= LN_LARGEST])) >= 0.0).all()


def test_cos_never_rises():
    x = np.sort(angles(np.random.default_rng(3)))
    assert (np.diff(cos(x)) <= 0.0).all()


def bits(values):
    return np.asarray(values, dtype=np.float64).tobytes()


def test_edges_of_exp():
    edges = [0.0, -0.0, np.inf, -np.inf, LN_LARGEST, 710.0, LN_SMALLEST, -745.2, -1e300, 1e300]
    with np.errstate(over="ignore"):
        found = PORTABLE.exp(np.array(edges))
    below_inf = oracle.exp(LN_LARGEST)
    assert math.isfinite(below_inf)
    expected = [1.0, 1.0, np.inf, 0.0, below_inf, np.inf, SMALLEST, 0.0, 0.0, np.inf]
    assert bits(found) == bits(expected)
    assert np.isnan(PORTABLE.exp(np.array([np.nan]))).all()


def test_edges_of_log():
    with np.errstate(divide="raise", invalid="raise"):
        found = PORTABLE.log(np.array([1.0, 0.0, -0.0, np.inf]))
        assert bits(found) == bits([0.0, -np.inf, -np.inf, np.inf])
        assert np.isnan(PORTABLE.log(np.array([-1.0, -np.inf, np.nan, -SMALLEST]))).all()


def test_edges_of_tanh_and_relu():
    assert bits(tanh(np.array([0.0, -0.0, np.inf, -np.inf]))) == bits([0.0, 0.0, 1.0, -1.0])
    assert np.isnan(tanh(np.array([np.nan]))).all()
    relu = PORTABLE.relu(np.array([-0.0, 0.0, -1.0, 2.0, np.inf, -np.inf]), np.empty(6))
    assert bits(relu) == bits([0.0, 0.0, 0.0, 2.0, np.inf, 0.0])
    assert np.isnan(PORTABLE.relu(np.array([np.nan]), np.empty(1))).all()


@pytest.mark.parametrize("name", ["exp", "log", "log1p"])
def test_a_function_may_write_over_its_argument(name):
    function, _, points, _ = FUNCTIONS[name]
    x = points(np.random.default_rng(4))
    expected = function(x)
    assert function(x, x) is x
    assert bits(x) == bits(expected)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_is_the_referees(name):
    function, _, points, _ = FUNCTIONS[name]
    alone = {"log1p": oracle.log1p01, "expm1": oracle.expm1n}
    alone["tanh"] = oracle.tanh
    referee = alone.get(name) or getattr(oracle, name)
    x = points(np.random.default_rng(5))
    assert bits(function(x)) == bits([referee(value) for value in x.tolist()])


def test_powers():
    rng = np.random.default_rng(6)
    for b in [0.0, 1.0, 0.5, 0.9, 0.999, *rng.uniform(0, 1, 20).tolist()]:
        for t in [0, 1, 2, 3, 10, 31, 100, 12345]:
            assert PORTABLE.power(b, t) == oracle.power(b, t)
            assert PORTABLE.power(b, t) == pytest.approx(b**t, rel=1e-11, abs=1e-300)
    assert PORTABLE.real_power(8.0, -0.5) == pytest.approx(8.0**-0.5, rel=1e-14)
    assert PORTABLE.real_power(1.0, -0.5) == 1.0


# Shapes on which numpy would sum in pairs, in blocks, or by BLAS; and the smallest.
SHAPES = [(1, 1, 1), (1, 4, 2), (2, 1, 9), (300, 1, 1), (1, 1, 300), (1, 300, 1), (7, 5, 300)]
SHAPES += [(300, 3, 7), (40, 150, 2), (3, 2, 1030)]


def wild(rng, *shape):
    """Numbers of all sizes, some of them +-0: other orders give other sums."""
    x = rng.normal(size=shape) * 10.0 ** rng.integers(-8, 9, shape)
    return np.where(rng.random(shape) < 0.1, rng.choice([0.0, -0.0], shape), x)


def arrays(shape):
    m, n, k = shape
    rng = np.random.default_rng([m, n, k])
    return wild(rng, m, n), wild(rng, n, k), wild(rng, m, k)  # v, w, a


def summed(terms):
    return oracle.total(float(term) for term in terms)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_sums_run_from_first_to_last(shape):
    v, w, a = arrays(shape)
    m, n, k = shape
    products = PORTABLE.weighted_sums(a, w, np.empty((m, n)))
    expected = [[summed(w[i, j] * x[j] for j in range(k)) for i in range(n)] for x in a]
    assert bits(products) == bits(expected)
    back = PORTABLE.send_back(v, w, np.empty((m, k)))
    expected = [[summed(w[i, j] * x[i] for i in range(n)) for j in range(k)] for x in v]
    assert bits(back) == bits(expected)
    outer = PORTABLE.outer_sums(v, a, np.empty((n, k)))
    expected = [[summed(v[i, u] * a[i, j] for i in range(m)) for j in range(k)] for u in range(n)]
    assert bits(outer) == bits(expected)
    columns = PORTABLE.sum_samples(a, np.empty(k))
    assert bits(columns) == bits([summed(a[:, j]) for j in range(k)])
    assert bits(PORTABLE.sum_units(a)) == bits([summed(row) for row in a])
    assert bits(PORTABLE.sum_unit_squares(a)) == bits([summed(row * row) for row in a])
    flat = a.ravel()
    assert bits(PORTABLE.total(flat)) == bits(summed(flat))
    assert bits(PORTABLE.sum_of_squares(flat)) == bits(summed(flat * flat))


def test_the_order_of_a_sum_shows_in_these_numbers():
    """The fast sums of the same arrays differ: the test above can fail."""
    _, w, a = arrays((7, 5, 300))
    for name in ("sum_units", "sum_unit_squares", "total", "sum_of_squares"):
        x = a.ravel() if name in ("total", "sum_of_squares") else a
        assert bits(getattr(FAST, name)(x)) != bits(getattr(PORTABLE, name)(x)), name
    fast, portable = (one.weighted_sums(a, w, np.empty((7, 5))) for one in (FAST, PORTABLE))
    assert bits(fast) != bits(portable)
    np.testing.assert_allclose(fast, portable, rtol=1e-6)


def test_a_sum_of_negative_zeros_is_zero():
    zeros = np.full((3, 2), -0.0)
    ones = np.ones((2, 2))
    assert bits(PORTABLE.total(zeros.ravel())) == bits(0.0)
    assert bits(PORTABLE.sum_units(zeros)) == bits(np.zeros(3))
    assert bits(PORTABLE.sum_samples(zeros, np.empty(2))) == bits(np.zeros(2))
    assert bits(PORTABLE.weighted_sums(zeros, ones, np.empty((3, 2)))) == bits(np.zeros((3, 2)))
    assert bits(PORTABLE.send_back(zeros, ones, np.empty((3, 2)))) == bits(np.zeros((3, 2)))
    for v in (zeros, zeros[:1]):
        outer = PORTABLE.outer_sums(v, np.ones((len(v), 4)), np.empty((2, 4)))
        assert bits(outer) == bits(np.zeros((2, 4)))


def portable(plan, **changes):
    """A plan with portable arithmetic."""
    return replace(plan, training={**plan.training, "arithmetic": "portable", **changes})


def assert_refereed(plan):
    run, expected = train_plan(portable(plan)), oracle.train(as_mapping(plan))["run"]
    assert run.settings["arithmetic"] == "portable"
    for name in ("initial_cost", "cost", "final_cost", "outputs"):
        assert bits(getattr(run, name)) == bits(expected[name])
    for name in ("weights", "biases"):
        for found, wanted in zip(getattr(run, name), expected[name], strict=True):
            assert bits(found) == bits(wanted)


@pytest.mark.parametrize("seed", range(60))
def test_a_portable_training_is_the_referees_to_the_last_bit(seed, way):
    plan = random_plan(seed)
    assert_refereed(replace(plan, training={**plan.training, "epochs": 6, "snapshots": []}))


@pytest.mark.parametrize("seed", range(40))
def test_portable_and_fast_differ_by_roundings_only(seed):
    plan = random_plan(1000 + seed)
    few = {"epochs": 3, "snapshots": []}
    fast = train_plan(replace(plan, training={**plan.training, **few}))
    found = differences(train_plan(portable(plan, **few)), fast)
    assert max(found.values()) <= AFTER_ONE_UPDATE


XOR = {"x": [[0, 0], [0, 1], [1, 0], [1, 1]], "d": [[0], [1], [1], [0]]}


def test_a_thousand_updates_are_the_referees(way):
    assert_refereed(read_plan({"training": {"epochs": 300}}))
    adam = {"name": "adam", "learning_rate": 0.01}
    assert_refereed(read_plan({"training": {"epochs": 300, "optimizer": adam, "batch_size": 3}}))


def test_long_sums_of_a_training_are_the_referees(way):
    """Of weights of samples, of costs and of gradients, where their order shows."""
    rng = np.random.default_rng(8)
    data = {"x": rng.normal(size=(60, 3)).tolist(), "d": rng.random((60, 2)).tolist()}
    weights = (rng.random(60) * 10.0 ** rng.integers(-3, 4, 60)).tolist()
    plan = {
        "network": {"layers": [3, 5, 2], "activations": ["softplus", "tanh"]},
        "training": {"batch_size": 25, "epochs": 3, "clip_norm": 0.01, "cost": "mse"},
        "data": {**data, "sample_weight": weights},
    }
    assert_refereed(read_plan(plan))
    shares = np.array(weights) / max(weights)
    assert bits(FAST.total(shares)) != bits(PORTABLE.total(shares))


by_numpy = pytest.mark.parametrize("way", ["numpy"], indirect=True)


def refuse(*arguments, **settings):
    raise AssertionError("not portable")


@by_numpy
@pytest.mark.parametrize("seed", [*range(8), 13, 21])
def test_nothing_whose_bits_are_not_defined_is_used(monkeypatch, seed, way):
    plan = portable(random_plan(seed), epochs=3)
    for name in (
        *("dot", "matmul", "einsum", "inner", "vdot", "outer", "tensordot", "sum", "mean", "prod"),
        *("exp", "expm1", "log", "log1p", "log2", "tanh", "cos", "sin", "power", "float_power"),
        *("logaddexp", "hypot", "cumsum"),
    ):
        monkeypatch.setattr(np, name, refuse)
    for name in ("exp", "expm1", "log", "log1p", "pow", "cos", "sin", "tanh", "fsum", "hypot"):
        monkeypatch.setattr(math, name, refuse)
    assert len(train_plan(plan).cost) == 3


@by_numpy
@pytest.mark.parametrize("function", ["dot", "exp"])
def test_these_functions_are_what_fast_training_uses(monkeypatch, function, way):
    """What is refused above is reached by the other arithmetic: the test above can fail."""
    refused = FAST._replace(**{{"dot": "send_back", "exp": "exp"}[function]: refuse})
    monkeypatch.setitem(ARITHMETICS, "fast", refused)
    with pytest.raises(AssertionError, match="not portable"):
        Network([2, 4, 1]).train(**XOR, epochs=1)


def test_a_rows_outputs_do_not_depend_on_the_other_rows(way):
    x = np.random.default_rng(7).normal(size=(70, 30))
    network = Network([30, 40, 3], "tanh")
    together = network.predict(x, arithmetic="portable")
    alone = [network.predict([row], arithmetic="portable")[0] for row in x]
    assert bits(together) == bits(alone)


@pytest.mark.parametrize("update_order", ["simultaneous", "output_first"])
def test_step_and_its_parts_are_the_trainings(update_order, way):
    start = Network([2, 4, 1], "tanh", init="uniform")
    copies = [Network([2, 4, 1], "tanh", weights=start.weights, biases=start.biases) for _ in "123"]
    settings = {"optimizer": Optimizer("adam"), "update_order": update_order}
    run = copies[0].train(
        **XOR, batch_size=None, epochs=1, arithmetic="portable", record=1, **settings
    )
    settings["optimizer"] = Optimizer("adam")
    step = copies[1].step(**XOR, arithmetic="portable", **settings)
    assert bits(copies[0].parameters) == bits(copies[1].parameters)
    assert bits(run.outputs) == bits(copies[0].predict(XOR["x"], arithmetic="portable"))
    forward = start.forward(XOR["x"], arithmetic="portable")
    assert all(bits(p) == bits(q) for p, q in zip(forward.z, step.forward.z))
    backward = start.backward(forward, XOR["d"], arithmetic="portable")
    assert bits(backward.grad_weights[-1]) == bits(step.backward.grad_weights[-1])
    assert bits(run.recording[0].grad_weights[0]) == bits(step.backward.grad_weights[0])
    assert run.recording[0].cost == run.initial_cost == run.cost[0]


def test_snapshots_are_exact_costs_of_the_same_arithmetic(way):
    weight = [1, 2, 3, 4]
    settings = {"optimizer": Optimizer(weight_decay=0.1), "sample_weight": weight}
    run = Network([2, 3, 1]).train(
        **XOR, epochs=2, snapshots=[8], arithmetic="portable", **settings
    )
    assert run.snapshots[0].cost == run.final_cost


def test_fast_is_the_default():
    run = Network([2, 3, 1]).train(**XOR, epochs=1)
    assert run.settings["arithmetic"] == "fast"
    assert read_plan({}).training["arithmetic"] == "fast"
    assert read_plan({}).to_dict()["training"]["arithmetic"] == "fast"
    again = run_plan({"training": {"arithmetic": "portable", "epochs": 1}})
    assert again.settings["arithmetic"] == "portable"


def test_messages():
    network = Network([2, 3, 1])
    message = '^arithmetic must be one of "fast", "portable", got "exact"$'
    forward = network.forward(XOR["x"])
    for call in (
        lambda: network.train(**XOR, arithmetic="exact"),
        lambda: network.step(**XOR, arithmetic="exact"),
        lambda: network.forward(XOR["x"], arithmetic="exact"),
        lambda: network.predict(XOR["x"], arithmetic="exact"),
        lambda: network.backward(forward, XOR["d"], arithmetic="exact"),
    ):
        with pytest.raises(InputError, match=message):
            call()
    with pytest.raises(InputError, match="^training.arithmetic must be one of .*, got null$"):
        read_plan({"training": {"arithmetic": None}})


def test_torch_refuses_it():
    pytest.importorskip("torch")
    plan = read_plan({"training": {"arithmetic": "portable", "epochs": 1}})
    with pytest.raises(InputError, match='^engine "torch" has no arithmetic "portable"$'):
        run_plan_on(plan, "torch")
