"""The formula of each number of a step. Twins: r/formulas.R, inst/js/formulas.js.

Sections 1 to 4 of docs/contract.md as trees (equations.py) over the quantities of a step. Layers
count from 1, neurons and samples from 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from twinprop.equations import (
    Call,
    Cases,
    Constant,
    Expression,
    Power,
    Product,
    Quantity,
    Quotient,
    Sum,
    total,
)
from twinprop.quantities import Quantities

ONE, TWO, ZERO = Constant(1), Constant(2), Constant(0)


def minus(expression: Expression) -> Sum:
    """Return -expression."""
    return Sum([expression], [True])


def difference(first: Expression, second: Expression) -> Sum:
    """Return first - second."""
    return Sum([first, second], [False, True])


def weighted_sum(q: Quantities, layer: int, k: int, i: int) -> Expression:
    """z_k = sum_j W_kj a_j + b_k."""
    inputs = q.layers[layer - 2]

    def term(j: int) -> Expression:
        if j == inputs:
            return q.parameter(layer, k, None)
        return Product([q.parameter(layer, k, j), q.a(layer - 1, j, i)])

    return total(inputs + 1, term)


def activation(q: Quantities, layer: int, k: int, i: int) -> Expression:
    """f(z), section 1."""
    z = q.z(layer, k, i)
    name = q.record.before.activations[layer - 2]
    match name:
        case "sigmoid":
            return Quotient(ONE, Sum([ONE, Call("exp", [minus(z)])]))
        case "tanh":
            return Call("tanh", [z])
        case "relu":
            return Call("max", [z, ZERO])
        case "leaky_relu":
            return Call("max", [z, Product([Constant(0.01), z])])
        case "softplus":
            return Call("log", [Sum([ONE, Call("exp", [z])])])
        case "softmax":
            return Quotient(Call("exp", [z]), _sum_of_exponentials(q, i, False))
    return z


def _sum_of_exponentials(q: Quantities, i: int, new: bool) -> Expression:
    last = len(q.layers)
    return total(q.layers[-1], lambda k: Call("exp", [q.z(last, k, i, new)]))


def derivative(q: Quantities, layer: int, k: int, i: int) -> Expression:
    """f'(z), section 1."""
    z, a = q.z(layer, k, i), q.a(layer, k, i)
    match q.record.before.activations[layer - 2]:
        case "sigmoid":
            return Product([a, difference(ONE, a)])
        case "tanh":
            return difference(ONE, Power(a, TWO))
        case "relu":
            return Cases(z, ONE, ZERO)
        case "leaky_relu":
            return Cases(z, ONE, Constant(0.01))
        case "softplus":
            return Quotient(ONE, Sum([ONE, Call("exp", [minus(z)])]))
    return ONE


def output_error(q: Quantities, k: int, i: int, new: bool) -> Expression:
    """e_k = a_k - d_k."""
    return difference(q.a(len(q.layers), k, i, new), q.target(k, i))


def scale(q: Quantities) -> Expression:
    """s, section 2."""
    top = {"half_mse": ONE, "mse": TWO}.get(q.record.cost)
    s = q.setting("s", q.s)
    return s if top is None else Quotient(top, q.setting("K", q.layers[-1]))


def sample_cost(q: Quantities, i: int, new: bool) -> Expression:
    """C of a sample, section 2."""
    K, last = q.setting("K", q.layers[-1]), len(q.layers)
    if q.record.cost == "cross_entropy":
        softmax = q.record.before.activations[-1] == "softmax"
        of_output = _softmax_cost if softmax else _binary_cost
        return total(q.layers[-1], lambda k: of_output(q, k, i, new))
    squares = total(q.layers[-1], lambda k: Power(q.e(last, k, i, new), TWO))
    below: dict[str, Expression] = {"half_mse": Product([TWO, K]), "half_sse": TWO, "mse": K}
    return Quotient(squares, below[q.record.cost])


def _softmax_cost(q: Quantities, k: int, i: int, new: bool) -> Expression:
    """d_k (log(sum exp(z)) - z_k)."""
    log_sum = Call("log", [_sum_of_exponentials(q, i, new)])
    return Product([q.target(k, i), difference(log_sum, q.z(len(q.layers), k, i, new))])


def _binary_cost(q: Quantities, k: int, i: int, new: bool) -> Expression:
    """max(z, 0) - d z + log(1 + exp(-abs(z)))."""
    z, d = q.z(len(q.layers), k, i, new), q.target(k, i)
    rest = Call("log", [Sum([ONE, Call("exp", [minus(Call("abs", [z]))])])])
    return Sum([Call("max", [z, ZERO]), Product([d, z]), rest], [False, True, False])


def penalty(q: Quantities, new: bool) -> Expression:
    """lambda / 2 * sum of W^2."""
    shapes = [w.shape for w in q.record.before.weights]

    def square(which: int) -> Expression:
        layer = 2
        for units, inputs in shapes:
            if which < units * inputs:
                break
            which -= units * inputs
            layer += 1
        k, j = divmod(which, q.layers[layer - 2])
        return Power(q.parameter(layer, k, j, new), TWO)

    count = sum(math.prod(shape) for shape in shapes)
    return Product([Quotient(q.setting("lambda", q.decay), TWO), total(count, square)])


def mean_cost(q: Quantities, new: bool) -> Expression:
    """C = mean of the samples' costs + penalty."""
    costs = q.sample_costs(new)
    mean: Expression = costs[0]
    if q.rows > 1:
        mean = Quotient(total(q.rows, lambda i: costs[i]), q.setting("n", q.rows))
    return Sum([mean, q.penalty(new)]) if q.decay > 0.0 else mean


def delta(q: Quantities, layer: int, k: int, i: int) -> Expression:
    """s e f'(z), section 3."""
    factors: list[Expression] = [q.setting("s", q.s), q.e(layer, k, i)]
    return Product([*factors, q.slope(layer, k, i)] if q.has_slope(layer) else factors)


def gradient(q: Quantities, layer: int, k: int, j: int | None) -> Expression:
    """dC/dW_kj = mean over the samples of delta_k a_j; without j, dC/db_k: of delta_k."""

    def term(i: int) -> Expression:
        moved = q.delta(layer, k, i)
        return moved if j is None else Product([moved, q.a(layer - 1, j, i)])

    products = total(q.rows, term)
    return Quotient(products, q.setting("n", q.rows)) if q.rows > 1 else products


def denominator(q: Quantities, layer: int, k: int) -> Expression:
    """sum_j W_kj, or sum_j abs(W_kj)."""
    if q.record.rule == "proportional_abs":
        return _sum_of_sizes(q, layer, k)
    return total(q.layers[layer - 2], lambda j: q.sent_weight(layer, k, j))


def _size(q: Quantities, layer: int, k: int, j: int) -> Expression:
    return Call("abs", [q.sent_weight(layer, k, j)])


def _sum_of_sizes(q: Quantities, layer: int, k: int) -> Expression:
    return total(q.layers[layer - 2], lambda j: _size(q, layer, k, j))


def blame(q: Quantities, layer: int, k: int, j: int) -> Expression:
    """abs(W_kj) / sum_j abs(W_kj)."""
    return Quotient(_size(q, layer, k, j), _sum_of_sizes(q, layer, k))


def share(q: Quantities, layer: int, k: int, j: int, i: int) -> Expression:
    """share_kj: what goes back along the weight from neuron j to neuron k; section 3."""
    weight, e = q.sent_weight(layer, k, j), q.e(layer, k, i)
    if q.record.rule == "transpose":
        return Product([weight, e])
    if q.record.rule == "gradient":
        slope = [q.slope(layer, k, i)] if q.has_slope(layer) else []
        return Product([weight, e, *slope])
    return Product([Quotient(weight, q.denominator(layer, k)), e])


def sum_of_shares(q: Quantities, layer: int, k: int, i: int) -> Expression:
    """sum_j share_kj."""
    shares = q.shares(layer, k, i)
    return total(len(shares), lambda j: shares[j])


def error(q: Quantities, layer: int, j: int, i: int) -> Expression:
    """e_j = sum_k share_kj."""
    return total(q.layers[layer], lambda k: q.share(layer + 1, k, j, i))


# How an optimiser moves a weight or bias, section 4: what it computes on the way, each a quantity
# and its formula; what is subtracted in the end; and the size of that.

Steps = list[tuple[Quantity, Expression]]
Move = tuple[Steps, Expression, float]


def move(q: Quantities, layer: int, k: int, j: int | None) -> Move:
    """Return how a weight, or, without j, a bias, moves."""
    of, G = q.parameter(layer, k, j), q.gradient(layer, k, j)
    steps: Steps = []
    if q.decay > 0.0 and j is not None:
        formula = Sum([G, Product([q.setting("lambda", q.decay), of])])
        value, size = G.value + q.decay * of.value, max(G.size, q.decay * of.size)
        G = G._replace(letter="G", value=value, size=size)
        steps.append((G, formula))
    more, step, size = _MOVES[q.record.optimizer.settings["name"]](q, of, G)
    return steps + more, step, size


def _running_mean(keep: Quantity, before: Quantity, added: Expression) -> Expression:
    """keep * before + (1 - keep) * added."""
    return Sum([Product([keep, before]), Product([difference(ONE, keep), added])])


def _mean_squares(
    q: Quantities, of: Quantity, G: Quantity, keep: float
) -> tuple[Quantity, Quantity]:
    """Return the running mean of squares before and after the step.

    The size of G^2 is abs(G) times that of G: a rounding of G moves it by twice as much.
    """
    before = q.remembered("v", "square", of, False, 0.0)
    before = before._replace(size=max(before.value, math.sqrt(before.value) * G.size))
    size = max(keep * before.size, (1.0 - keep) * abs(G.value) * G.size)
    return before, q.remembered("v", "square", of, True, size)


def _sgd(q: Quantities, of: Quantity, G: Quantity) -> Move:
    settings = q.record.optimizer.settings
    eta, mu = q.setting("eta", settings["learning_rate"]), q.setting("mu", settings["momentum"])
    if mu.value == 0.0:
        return [], Product([eta, G]), eta.value * G.size
    before = q.remembered("v", "velocity", of, False, G.size)
    v = q.remembered("v", "velocity", of, True, max(mu.value * before.size, G.size))
    steps: Steps = [(v, Sum([Product([mu, before]), G]))]
    if settings["nesterov"]:
        ahead = Sum([G, Product([mu, v])])
        return steps, Product([eta, ahead]), eta.value * max(G.size, mu.value * v.size)
    return steps, Product([eta, v]), eta.value * v.size


def _rmsprop(q: Quantities, of: Quantity, G: Quantity) -> Move:
    settings = q.record.optimizer.settings
    eta, mu = q.setting("eta", settings["learning_rate"]), q.setting("mu", settings["momentum"])
    alpha, eps = q.setting("alpha", settings["alpha"]), q.setting("eps", settings["eps"])
    before, v = _mean_squares(q, of, G, alpha.value)
    steps: Steps = [(v, _running_mean(alpha, before, Power(G, TWO)))]
    step: Expression = Quotient(G, Sum([Call("sqrt", [v]), eps]))
    size = _over(G.size, math.sqrt(v.value) + eps.value)
    if mu.value > 0.0:
        former = q.remembered("u", "velocity", of, False, size)
        u = q.remembered("u", "velocity", of, True, max(mu.value * former.size, size))
        steps.append((u, Sum([Product([mu, former]), step])))
        step, size = u, u.size
    return steps, Product([eta, step]), eta.value * size


def _adam(q: Quantities, of: Quantity, G: Quantity) -> Move:
    settings = q.record.optimizer.settings
    eta, eps = q.setting("eta", settings["learning_rate"]), q.setting("eps", settings["eps"])
    b1, b2 = settings["betas"]
    beta1, beta2 = q.setting("beta1", b1), q.setting("beta2", b2)
    t = q.setting("t", q.record.optimizer.updates + 1)
    before = q.remembered("m", "mean", of, False, G.size)
    m = q.remembered("m", "mean", of, True, max(b1 * before.size, (1.0 - b1) * G.size))
    former, v = _mean_squares(q, of, G, b2)
    steps: Steps = [
        (m, _running_mean(beta1, before, G)),
        (v, _running_mean(beta2, former, Power(G, TWO))),
    ]
    root = Quotient(Call("sqrt", [v]), Call("sqrt", [difference(ONE, Power(beta2, t))]))
    rate = Quotient(eta, difference(ONE, Power(beta1, t)))
    bottom = math.sqrt(v.value) / math.sqrt(1.0 - b2**t.value) + eps.value
    size = eta.value / (1.0 - b1**t.value) * _over(m.size, bottom)
    return steps, Product([rate, Quotient(m, Sum([root, eps]))]), size


def _rprop(q: Quantities, of: Quantity, G: Quantity) -> Move:
    settings = q.record.optimizer.settings
    (shrink, grow), (smallest, largest) = settings["etas"], settings["step_sizes"]
    agreement = G.value * q.remembered("p", "previous", of, False, 0.0).value
    factor = grow if agreement > 0.0 else shrink if agreement < 0.0 else 1.0
    scaled = Product([q.remembered("step", "step", of, False, 0.0), Constant(factor)])
    bounded = Call("min", [Call("max", [scaled, Constant(smallest)]), Constant(largest)])
    step = q.remembered("step", "step", of, True, 0.0)
    p = q.remembered("p", "previous", of, True, G.size)
    steps: Steps = [(step, bounded), (p, ZERO if agreement < 0.0 else G)]
    return steps, Product([Call("sign", [p]), step]), step.size


def _over(top: float, bottom: float) -> float:
    return top / bottom if bottom > 0.0 else 0.0


_MOVES: dict[str, Callable[[Quantities, Quantity, Quantity], Move]] = {
    "sgd": _sgd,
    "momentum": _sgd,
    "nesterov": _sgd,
    "rmsprop": _rmsprop,
    "adam": _adam,
    "rprop": _rprop,
}
