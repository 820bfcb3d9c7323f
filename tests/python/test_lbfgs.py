"""L-BFGS against scipy and known minima. Twin: tests/testthat/test-lbfgs.R."""

import numpy as np
import pytest
from scipy.optimize import line_search, minimize, rosen, rosen_der

from twinprop import Network, RandomStream
from twinprop.fitting import _objective
from twinprop.lbfgs import CURVATURE, DECREASE, Minimum, _between, _direction, _Trial, lbfgs

# A gradient within 1e-10 puts x within 1e-10 / (least curvature, 0.4 at Rosenbrock's minimum).
NEAR = 1e-9


def rosenbrock(x):
    return float(rosen(x)), rosen_der(x)


def quadratic(n, condition, seed=1):
    """1/2 (x - w)' A (x - w): the minimum is w, the eigenvalues of A go from 1 to `condition`."""
    stream = RandomStream(seed)
    q, _ = np.linalg.qr(stream.uniform(n * n).reshape(n, n) - 0.5)
    a = (q * np.geomspace(1.0, condition, n)) @ q.T
    wanted = stream.uniform(n)
    return (lambda x: (float(0.5 * (x - wanted) @ a @ (x - wanted)), a @ (x - wanted))), wanted


@pytest.mark.parametrize("start", [[-1.2, 1.0], [-1.2, 1.0] * 10, [0.0] * 7, [30.0, -40.0]])
def test_rosenbrock(start):
    found = lbfgs(rosenbrock, np.array(start), max_iter=1000, tol=1e-10)
    assert found.stopped == "gradient"
    np.testing.assert_allclose(found.x, 1.0, rtol=NEAR)
    assert np.abs(found.gradient).max() <= 1e-10
    assert found.value == rosen(found.x)


def test_it_needs_no_more_evaluations_than_scipy():
    # the same method with the same memory, by another line search
    for start in ([-1.2, 1.0], [-1.2, 1.0] * 10):
        found = lbfgs(rosenbrock, np.array(start), max_iter=1000, tol=1e-6)
        scipys = minimize(
            rosen, start, jac=rosen_der, method="L-BFGS-B", options={"gtol": 1e-6, "ftol": 0}
        )
        assert found.evaluations <= 1.5 * scipys.nfev


@pytest.mark.parametrize(("n", "condition"), [(1, 1.0), (2, 10.0), (20, 100.0), (50, 1e4)])
def test_quadratics_with_known_minima(n, condition):
    objective, wanted = quadratic(n, condition)
    found = lbfgs(objective, np.zeros(n), max_iter=5000, tol=1e-8)
    assert found.stopped == "gradient"
    # the smallest eigenvalue is 1: x is as near as the gradient is small
    np.testing.assert_allclose(found.x, wanted, atol=1e-8 * np.sqrt(n))


def test_a_minimum_is_left_alone():
    found = lbfgs(rosenbrock, np.ones(2))
    assert (found.iterations, found.evaluations, found.stopped) == (0, 1, "gradient")


def test_each_step_meets_the_strong_wolfe_conditions():
    seen = []
    objective, _ = quadratic(20, 1000.0)
    start = np.full(20, 3.0)
    lbfgs(
        objective, start, max_iter=30, tol=0.0,
        after_iteration=lambda i, x, value, gradient: seen.append((x, value, gradient)),
    )  # fmt: skip
    before = (start, *objective(start))
    for after in seen:
        step = after[0] - before[0]
        slope = before[2] @ step
        assert slope < 0
        assert after[1] <= before[1] + DECREASE * slope + 1e-14 * abs(before[1])
        assert abs(after[2] @ step) <= CURVATURE * abs(slope)
        before = after


def test_the_first_step_is_one_of_scipys_line_search_too():
    # scipy's line search, another implementation of the same conditions, accepts as long a step
    x = np.array([-1.2, 1.0])
    g = rosen_der(x)
    found = lbfgs(rosenbrock, x, max_iter=1)
    ours = np.linalg.norm(found.x - x) / np.linalg.norm(g)
    theirs = line_search(rosen, rosen_der, x, -g, c1=DECREASE, c2=CURVATURE)[0]
    assert ours == pytest.approx(theirs, rel=1.0)


def test_the_direction_is_that_of_the_dense_formula():
    stream = RandomStream(4)
    pairs = [(stream.uniform(5), stream.uniform(5)) for _ in range(3)]
    gradient = stream.uniform(5) - 0.5
    step, change = pairs[-1]
    h = np.eye(5) * (step @ change) / (change @ change)
    for step, change in pairs:  # equation 7.16
        rho = 1.0 / (change @ step)
        v = np.eye(5) - rho * np.outer(change, step)
        h = v.T @ h @ v + rho * np.outer(step, step)
    found = _direction(gradient, [s for s, _ in pairs], [y for _, y in pairs])
    np.testing.assert_allclose(found, -h @ gradient, rtol=1e-12)


def test_the_next_trial_is_the_minimum_of_the_cubic():
    def trial(at):  # x^3 - 3x, whose minimum is at 1
        return _Trial(at, at**3 - 3.0 * at, 3.0 * at**2 - 3.0, np.empty(0), np.empty(0))

    for low, high in ((0.5, 2.5), (2.0, 0.25), (0.0, 1.5)):
        assert _between(trial(low), trial(high)) == pytest.approx(1.0, rel=1e-12)
    # no nearer to an end than a tenth
    assert _between(trial(0.99), trial(3.0)) == pytest.approx(0.99 + 0.1 * 2.01)
    assert _between(trial(0.5), trial(3.0)._replace(value=np.inf)) == 1.75


def test_a_step_is_longer_until_the_slope_is_flat_enough():
    # slopes -0.96, -0.92 and -0.84 at 1, 2 and 4: only the last is within 0.9 of the first, -1
    found = lbfgs(
        lambda x: (float(0.02 * x[0] ** 2 - x[0]), 0.04 * x - 1.0), np.zeros(1), max_iter=1
    )
    assert found.x.tolist() == [4.0]
    assert found.evaluations == 4


def test_values_that_are_not_finite_are_too_high():
    # log x - without which steps beyond 0 would be taken
    def objective(x):
        with np.errstate(all="ignore"):
            return float(np.sum(x - np.log(x))), 1.0 - 1.0 / x

    found = lbfgs(objective, np.array([20.0, 0.01]), tol=1e-10, max_iter=500)
    assert found.stopped == "gradient"
    np.testing.assert_allclose(found.x, 1.0, rtol=NEAR)


def test_rounding_ends_it():
    # no gradient gets below 1e-30 beside a value of 1e5; there has to be an end all the same
    quadratics, wanted = quadratic(10, 100.0)

    def objective(x):
        value, gradient = quadratics(x)
        return value + 1e5, gradient + 1e-9 * np.sin(1e12 * x)

    found = lbfgs(objective, np.zeros(10), tol=1e-30, max_iter=10_000)
    assert found.stopped == "line_search"
    assert found.iterations < 200
    np.testing.assert_allclose(found.x, wanted, atol=1e-4)


def test_a_function_without_minimum_ends_at_max_iter():
    found = lbfgs(lambda x: (float(-x.sum()), -np.ones(2)), np.zeros(2), max_iter=5)
    assert (found.iterations, found.stopped) == (5, "max_iter")


def test_it_stops_when_asked():
    seen = []

    def after_iteration(iteration, x, value, gradient):
        seen.append((iteration, value))
        return iteration == 3

    found = lbfgs(rosenbrock, np.array([-1.2, 1.0]), after_iteration=after_iteration)
    assert isinstance(found, Minimum)
    assert found.stopped == "asked"
    assert [i for i, _ in seen] == [1, 2, 3]
    assert found.value == seen[-1][1] < seen[0][1]


@pytest.mark.parametrize("memory", [1, 2, 50])
def test_any_memory_reaches_the_minimum(memory):
    found = lbfgs(rosenbrock, np.array([-1.2, 1.0]), memory=memory, max_iter=2000, tol=1e-8)
    np.testing.assert_allclose(found.x, 1.0, rtol=1e-6)


def test_the_cost_of_a_network_as_scipy_has_it():
    stream = RandomStream(3)
    x = stream.uniform(120).reshape(40, 3)
    d = (stream.uniform(40) < 0.5).astype(float)[:, np.newaxis]
    network = Network([3, 1], "sigmoid", seed=2)
    objective = _objective(network, x, d, None, "cross_entropy", 0.01)
    found = lbfgs(objective, network.parameters, tol=1e-9, max_iter=500)
    scipys = minimize(
        objective, network.parameters, jac=True, method="L-BFGS-B",
        options={"gtol": 1e-9, "ftol": 0.0},
    )  # fmt: skip
    # convex: one minimum; the curvature along the flattest direction is about 0.01
    np.testing.assert_allclose(found.x, scipys.x, atol=1e-6)
    assert found.value == pytest.approx(scipys.fun, rel=1e-13)
