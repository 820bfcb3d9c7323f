# Checks of the oracle of portable arithmetic: its functions against decimals of 50 digits, its
# trainings against the other oracle, which sums and exponentiates in other ways. Twins: none.
import hashlib
import math
import random
import sys
from decimal import Context, Decimal, localcontext
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import case_plans
import make_cases
import portable

import oracle

PLANS = {n: plan for n, _, plan in case_plans.PLANS if n.startswith("portable-")}
# A few roundings, of sums in one order and of correctly rounded sums.
AFTER_ONE_UPDATE = 1e-14
DIGITS = Context(prec=50)


def ulps(found, exact):
    """How many units in the last place a float is away from a Decimal."""
    if float(exact) == 0.0:
        return abs(found) / 5e-324
    return float(abs(Decimal(found) - exact) / Decimal(math.ulp(float(exact))))


def worst(function, exact, arguments):
    with localcontext(DIGITS):
        return max(ulps(function(x), exact(Decimal(x))) for x in arguments)


def spread(low, high, n=3000):
    """Uniform numbers, and numbers of all sizes of both signs, within the bounds."""
    draw = random.Random(7)
    small = [s * 2.0 ** draw.uniform(-60, 10) for _ in range(n) for s in (1, -1)]
    return [draw.uniform(low, high) for _ in range(n)] + [v for v in small if low < v < high]


def test_exp_is_within_one_unit():
    assert worst(portable.exp, Decimal.exp, spread(-708, 709.7)) < 1
    assert worst(portable.exp, Decimal.exp, spread(-746, -708, 500)) < 1.01  # a second rounding
    assert [portable.exp(v) for v in (0.0, -0.0, -800.0, -math.inf)] == [1, 1, 0, 0]
    assert portable.exp(800.0) == portable.exp(math.inf) == math.inf
    assert math.isnan(portable.exp(math.nan))


def test_log_is_within_one_unit():
    draw = random.Random(7)
    sizes = [2.0 ** draw.uniform(-1074, 1023) for _ in range(3000)]
    assert worst(portable.log, Decimal.ln, [*spread(1e-3, 1e3), *sizes, 5e-324]) < 1
    assert portable.log(1.0) == 0
    assert [portable.log(v) for v in (0.0, math.inf)] == [-math.inf, math.inf]
    assert all(math.isnan(portable.log(v)) for v in (-1.0, math.nan))


def test_log1p01_and_expm1n_and_tanh_are_within_two_units():
    assert worst(portable.log1p01, lambda u: (1 + u).ln(), [*spread(0, 1), 0.0, 1.0]) < 2
    assert worst(portable.expm1n, lambda x: x.exp() - 1, spread(-745, 0)) < 2

    def tanh(z):
        e = (-2 * z).exp()
        return (1 - e) / (1 + e)

    assert worst(portable.tanh, tanh, spread(-20, 20)) < 3
    assert [portable.tanh(v) for v in (0.0, 800.0, -800.0)] == [0, 1, -1]


def test_cos_is_within_one_unit():
    def cos(x):
        term, total, n = Decimal(1), Decimal(0), 0
        while abs(term) > Decimal("1e-60"):
            total += term
            n += 2
            term = -term * x * x / (n * (n - 1))
        return total

    assert worst(portable.cos, cos, [v for v in spread(0, math.pi) if v != 0]) < 1
    assert portable.cos(0.0) == 1
    assert portable.cos(math.pi) == -1


def test_power_multiplies():
    assert portable.power(0.7, 0) == 1
    assert portable.power(0.7, 5) == 0.7 * ((0.7 * 0.7) * (0.7 * 0.7))
    assert portable.power(2.0, 1000) == 2.0**1000
    assert math.isclose(portable.power(0.999, 12345), 0.999**12345, rel_tol=1e-12)


def test_a_sum_starts_at_0_and_keeps_its_order():
    assert math.copysign(1, portable.total([-0.0, -0.0])) == 1
    assert portable.total([1.0, 1e-16, 1e-16]) == 1.0
    assert portable.total([1e-16, 1e-16, 1.0]) > 1.0


@pytest.mark.parametrize("name", PLANS)
def test_the_first_update_is_that_of_the_other_oracle(name):
    if name == "portable-clip_norm-tiny":  # whose squares underflow there
        return
    plan = {**PLANS[name], "training": {**PLANS[name]["training"], "epochs": 1, "record": 1}}
    found, reference = portable.train(plan), oracle.train(plan)
    first = [
        {**result, "snapshots": [], "recording": {"steps": result["recording"]["steps"][:1]}}
        for result in (found, reference)
    ]
    distances = make_cases.distances(*first)
    apart = {
        k: v for k, v in distances.items() if not k.startswith("run") and not v < AFTER_ONE_UPDATE
    }
    assert apart == {}
    costs = [[r["initial_cost"], r["cost"]] for r in (found["run"], reference["run"])]
    assert make_cases.distance(*costs) < AFTER_ONE_UPDATE


def test_every_choice_is_in_a_case():
    trainings = [oracle.complete(plan) for plan in PLANS.values()]
    settings = [training for _, training, _, _ in trainings]
    for key, names in (
        ("cost", {"half_mse", "half_sse", "mse", "cross_entropy"}),
        ("rule", {"gradient", "transpose", "proportional", "proportional_abs"}),
        ("update_order", {"simultaneous", "output_first"}),
    ):
        assert {training[key] for training in settings} == names
    orders = {(training["rule"], training["update_order"]) for training in settings}
    assert len(orders) == 8
    used = {name for network, _, _, _ in trainings for name in network["activations"]}
    assert used == {
        *("sigmoid", "tanh", "relu", "leaky_relu", "softplus", "identity", "softmax"),
    }
    assert {t["optimizer"]["name"] for t in settings} == set(oracle.DEFAULT_OPTIMIZERS)
    schedules = {t["schedule"]["name"] for t in settings if t["schedule"]}
    assert schedules == set(oracle.DEFAULT_SCHEDULES)
    assert {t["batch_size"] for t in settings} >= {1, 2, None}


def test_the_fingerprint_is_md5_of_the_numbers_in_order():
    run = portable.train(PLANS["portable-xor"])["run"]
    assert len(run["fingerprint"]) == 32
    one = portable.fingerprint([0.5], [[[1.0, -0.0]]], [[2.0]])
    written = "000000000000e03f000000000000f03f00000000000000800000000000000040"
    assert one == hashlib.md5(bytes.fromhex(written)).hexdigest()
    assert one != portable.fingerprint([0.5], [[[1.0, 0.0]]], [[2.0]])
