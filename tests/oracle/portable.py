# The oracle of portable arithmetic: section 19 of docs/contract.md, one operation after the other.
# Twins: none, on purpose: it imports nothing from the package, nor a function of the C library.
"""Training in portable arithmetic, in plain Python floats: every bit of a result is the contract's.

A Python float is an IEEE 754 double, and ``+ - * /``, ``math.sqrt``, ``math.frexp`` and
``math.ldexp`` are correctly rounded; nothing else is used. What has no rounding of its own, plans,
random numbers, masks and records, is `oracle`'s.
"""

import hashlib
import math
import struct

from oracle import (
    Denominator,
    Divergence,
    Random,
    complete,
    draw_masks,
    error_scale,
    finite,
    masked,
    recorded_updates,
    sign,
    starting_weights,
)

MAGIC = 6755399441055744.0  # 1.5 * 2^52: what is added to it is rounded to an integer
INV_LN2 = 1.44269504088896338700e00
LN2_HI = 6.93147180369123816490e-01
LN2_LO = 1.90821492927058770002e-10
P1 = 1.66666666666666019037e-01
P2 = -2.77777777770155933842e-03
P3 = 6.61375632143793436117e-05
P4 = -1.65339022054652515390e-06
P5 = 4.13813679705723846039e-08
LG1 = 6.666666666666735130e-01
LG2 = 3.999999999940941908e-01
LG3 = 2.857142874366239149e-01
LG4 = 2.222219843214978396e-01
LG5 = 1.818357216161805012e-01
LG6 = 1.531383769920937332e-01
LG7 = 1.479819860511658591e-01
ROOT_2 = 1.4142135623730951
PI, PI_LO = 3.141592653589793, 1.2246467991473532e-16
PIO2, PIO2_LO = 1.5707963267948966, 6.123233995736766e-17
C1 = 4.16666666666666019037e-02
C2 = -1.38888888888741095749e-03
C3 = 2.48015872894767294178e-05
C4 = -2.75573143513906633035e-07
C5 = 2.08757232129817482790e-09
C6 = -1.13596475577881948265e-11
S1 = -1.66666666666666324348e-01
S2 = 8.33333333332248946124e-03
S3 = -1.98412698298579493134e-04
S4 = 2.75573137070700676789e-06
S5 = -2.50507602534068634195e-08
S6 = 1.58969099521155010221e-10


def total(terms):
    """S: the sum that starts at +0 and takes the terms first to last."""
    result = 0.0
    for term in terms:
        result = result + term
    return result


def reduced(x):
    """k and exp(r) - 1, where x = k log 2 + r."""
    k = (x * INV_LN2 + MAGIC) - MAGIC
    hi = x - k * LN2_HI
    lo = k * LN2_LO
    r = hi - lo
    t = r * r
    c = r - t * (P1 + t * (P2 + t * (P3 + t * (P4 + t * P5))))
    return k, hi - (lo - (r * c) / (2 - c))


def exp(x):
    x = 710.0 if x > 710 else x
    x = -746.0 if x < -746 else x
    if math.isnan(x):
        return x
    k, p = reduced(x)
    half = math.floor(k / 2)
    return ((1 + p) * math.ldexp(1.0, half)) * math.ldexp(1.0, int(k) - half)


def expm1n(x):
    """exp(x) - 1 for x <= 0."""
    x = -746.0 if x < -746 else x
    if math.isnan(x):
        return x
    k, p = reduced(x)
    two_k = math.ldexp(1.0, int(k))
    return two_k * p + (two_k - 1)


def tanh(z):
    e = expm1n(-2 * abs(z))
    u = (0 - e) / (2 + e)
    return u if z >= 0 else -u


def log(x):
    if x == 0:
        return -math.inf
    if not x > 0:
        return math.nan
    if x == math.inf:
        return x
    m, k = math.frexp(x)
    m, k = 2 * m, k - 1
    if m >= ROOT_2:
        m, k = m / 2, k + 1
    f = m - 1
    s = f / (2 + f)
    z = s * s
    w = z * z
    t1 = w * (LG2 + w * (LG4 + w * LG6))
    t2 = z * (LG1 + w * (LG3 + w * (LG5 + w * LG7)))
    r = t2 + t1
    h = (0.5 * f) * f
    return k * LN2_HI - ((h - (s * (h + r) + k * LN2_LO)) - f)


def log1p01(u):
    """log(1 + u) for 0 <= u <= 1."""
    w = 1 + u
    return log(w) - ((w - 1) - u) / w


def cos(x):
    """For 0 <= x <= PI."""
    if x <= 0.7853981633974483:
        return kcos(x, 0.0)
    if x < 2.356194490192345:
        t = x - PIO2
        h = t - PIO2_LO
        return 0 - ksin(h, (t - h) - PIO2_LO)
    t = PI - x
    h = t + PI_LO
    return 0 - kcos(h, (t - h) + PI_LO)


def kcos(x, y):
    z = x * x
    h = 0.5 * z
    w = 1 - h
    r = z * (C1 + z * (C2 + z * (C3 + z * (C4 + z * (C5 + z * C6)))))
    return w + (((1 - w) - h) + (z * r - x * y))


def ksin(x, y):
    z = x * x
    v = z * x
    r = S2 + z * (S3 + z * (S4 + z * (S5 + z * S6)))
    return x - ((z * (0.5 * y - v * r) - y) - v * S1)


def power(b, t):
    r = 1.0
    while t > 0:
        if t % 2 == 1:
            r = r * b
        b = b * b
        t = t // 2
    return r


def positive_part(z):
    return z if z > 0 else 0.0


def activate(name, z):
    """The values of one layer for one sample."""
    if name == "sigmoid":
        return [1 / (1 + exp(-v)) for v in z]
    if name == "tanh":
        return [tanh(v) for v in z]
    if name == "relu":
        return [0.0 if v <= 0 else v for v in z]
    if name == "leaky_relu":
        return [v if v > 0 else 0.01 * v for v in z]
    if name == "softplus":
        return [positive_part(v) + log1p01(exp(-abs(v))) for v in z]
    if name == "identity":
        return list(z)
    if name == "softmax":
        top = max(z)
        parts = [exp(v - top) for v in z]
        of = total(parts)
        return [p / of for p in parts]
    raise ValueError(name)


def slope(name, z, a):
    """f' of one neuron."""
    if name == "sigmoid":
        return a * (1 - a)
    if name == "tanh":
        return 1 - a * a
    if name == "relu":
        return 1.0 if z > 0 else 0.0
    if name == "leaky_relu":
        return 1.0 if z > 0 else 0.01
    if name == "softplus":
        return 1 / (1 + exp(-z))
    if name == "identity":
        return 1.0
    raise ValueError(name)


def forward(weights, biases, activations, row, masks=None):
    """One sample: z[2..L] and a[1..L]; `masks` as `oracle.forward` takes them."""
    z, a = [], [list(row)]
    for layer, (w, b, name) in enumerate(zip(weights, biases, activations)):
        inputs = masked(a[-1], masks, layer)
        z.append([total(w_kj * v for w_kj, v in zip(w_k, inputs)) + b_k for w_k, b_k in zip(w, b)])
        a.append(activate(name, z[-1]))
    return z, a


def sample_cost(cost, activation, z, a, d):
    k = len(d)
    if cost == "cross_entropy" and activation == "sigmoid":
        return total((positive_part(v) - t * v) + log1p01(exp(-abs(v))) for v, t in zip(z, d))
    if cost == "cross_entropy":
        top = max(z)
        log_sum = top + log(total(exp(v - top) for v in z))
        return total(t * (log_sum - v) for v, t in zip(z, d))
    errors = [p - t for p, t in zip(a, d)]
    return total(e * e for e in errors) / {"half_mse": 2 * k, "half_sse": 2, "mse": k}[cost]


def penalty(weight_decay, weights):
    if weight_decay == 0:
        return 0.0
    return (0.5 * weight_decay) * total(v * v for w in weights for row in w for v in row)


def weighted_sum(costs, shares):
    if shares is not None:
        costs = [c * v for c, v in zip(costs, shares)]
    return total(costs)


def exact_cost(weights, biases, activations, training, x, d):
    costs = []
    for row, target in zip(x, d):
        z, a = forward(weights, biases, activations, row)
        costs.append(sample_cost(training["cost"], activations[-1], z[-1], a[-1], target))
    mean = weighted_sum(costs, training["sample_weight"]) / len(x)
    return mean + penalty(training["optimizer"]["weight_decay"], weights)


def send_back(rule, w, e, g, layer):
    """e[l-1] of one sample from layer l's weights, errors e and g = f' e."""
    n_out, n_in = len(w), len(w[0])
    if rule == "gradient":
        return [total(w[k][j] * g[k] for k in range(n_out)) for j in range(n_in)]
    if rule == "transpose":
        return [total(w[k][j] * e[k] for k in range(n_out)) for j in range(n_in)]
    denominators = []
    for k in range(n_out):
        size = total(abs(v) for v in w[k])
        denominator = size if rule == "proportional_abs" else total(w[k])
        if abs(denominator) <= 1e-6 * size:
            raise Denominator(layer, k + 1)
        denominators.append(denominator)
    return [total((w[k][j] / denominators[k]) * e[k] for k in range(n_out)) for j in range(n_in)]


class Optimizer:
    """One optimiser; ``start`` begins an update, ``move`` moves one number and keeps its state."""

    def __init__(self, settings):
        self.settings = settings
        self.state = {}
        self.t = 0
        self.factor = 1.0  # the schedule's

    def start(self):
        self.t += 1

    def move(self, key, value, g, decays):
        s = self.settings
        name, eta = s["name"], s["learning_rate"] * self.factor
        if decays and s["weight_decay"] != 0:
            g = g + s["weight_decay"] * value
        state = self.state.setdefault(key, {"v": 0.0, "m": 0.0, "u": 0.0, "p": 0.0, "step": eta})
        if name in ("sgd", "momentum", "nesterov"):
            if s["momentum"] == 0:
                return value - eta * g
            state["v"] = s["momentum"] * state["v"] + g
            if s["nesterov"]:
                return value - eta * (g + s["momentum"] * state["v"])
            return value - eta * state["v"]
        if name == "rmsprop":
            state["v"] = s["alpha"] * state["v"] + (1 - s["alpha"]) * (g * g)
            r = g / (math.sqrt(state["v"]) + s["eps"])
            if s["momentum"] == 0:
                return value - eta * r
            state["u"] = s["momentum"] * state["u"] + r
            return value - eta * state["u"]
        if name == "adam":
            b1, b2 = s["betas"]
            state["m"] = b1 * state["m"] + (1 - b1) * g
            state["v"] = b2 * state["v"] + (1 - b2) * (g * g)
            root = math.sqrt(state["v"]) / math.sqrt(1 - power(b2, self.t))
            return value - (eta / (1 - power(b1, self.t))) * (state["m"] / (root + s["eps"]))
        if name == "rprop":
            q = sign(g * state["p"])
            shrink, grow = s["etas"]
            low, high = s["step_sizes"]
            step = state["step"] * (grow if q > 0 else shrink if q < 0 else 1.0)
            state["step"] = min(max(step, low), high)
            if q < 0:
                g = 0.0
            state["p"] = g
            return value - sign(g) * state["step"]
        raise ValueError(name)


def move_layer(optimizer, layer, w, b, grad_w, grad_b):
    new_w = [
        [optimizer.move((layer, k, j), w[k][j], grad_w[k][j], True) for j in range(len(w[k]))]
        for k in range(len(w))
    ]
    new_b = [optimizer.move((layer, k), b[k], grad_b[k], False) for k in range(len(b))]
    return new_w, new_b


def clipped(grad_ws, grad_bs, limit):
    """The gradients, shortened to the norm `limit` if theirs is larger."""
    numbers = [v for w in grad_ws for row in w for v in row] + [v for b in grad_bs for v in b]
    largest = max(abs(v) for v in numbers)
    if largest == 0:
        return grad_ws, grad_bs
    norm = largest * math.sqrt(total((v / largest) * (v / largest) for v in numbers))
    if not norm > limit:
        return grad_ws, grad_bs
    factor = limit / norm
    return (
        [[[v * factor for v in row] for row in w] for w in grad_ws],
        [[v * factor for v in b] for b in grad_bs],
    )


def step(weights, biases, activations, training, optimizer, x, d, masks, shares):
    """One update on one batch, and the batch's sum of costs."""
    cost, rule = training["cost"], training["rule"]
    output_first = training["update_order"] == "output_first"
    depth, m = len(weights), len(x)
    masks = masks or [None] * m
    passes = [forward(weights, biases, activations, row, mask) for row, mask in zip(x, masks)]
    scale = error_scale(cost, len(d[0]))
    costs = [sample_cost(cost, activations[-1], z[-1], a[-1], t) for (z, a), t in zip(passes, d)]

    new_weights, new_biases = list(weights), list(biases)
    errors, deltas, grad_ws, grad_bs = [], [], [], []
    optimizer.start()
    e = [[p - t for p, t in zip(a[-1], target)] for (_, a), target in zip(passes, d)]
    for i in range(depth - 1, -1, -1):  # layer l = i + 2
        whole = i == depth - 1 and cost == "cross_entropy"
        g = [
            list(e_r)
            if whole
            else [slope(activations[i], *za) * v for *za, v in zip(z[i], a[i + 1], e_r)]
            for e_r, (z, a) in zip(e, passes)
        ]
        delta = [[scale * v for v in row] for row in g]
        weighted = delta
        if shares is not None:
            weighted = [[v * share for v in row] for row, share in zip(delta, shares)]
        inputs = [masked(a[i], mask, i) for (_, a), mask in zip(passes, masks)]
        units, sources = range(len(weights[i])), range(len(inputs[0]))
        grad_w = [
            [total(weighted[r][k] * inputs[r][j] for r in range(m)) / m for j in sources]
            for k in units
        ]
        grad_b = [total(weighted[r][k] for r in range(m)) / m for k in units]
        errors.insert(0, e)
        deltas.insert(0, delta)
        grad_ws.insert(0, grad_w)
        grad_bs.insert(0, grad_b)
        if output_first:
            new_weights[i], new_biases[i] = move_layer(
                optimizer, i, weights[i], biases[i], grad_w, grad_b
            )
        if i > 0:
            through = new_weights[i]  # the old ones still, unless they move first
            e = [masked(send_back(rule, through, e[r], g[r], i + 2), masks[r], i) for r in range(m)]
    if training["clip_norm"] is not None:
        grad_ws, grad_bs = clipped(grad_ws, grad_bs, training["clip_norm"])
    if not output_first:
        for i in range(depth):
            new_weights[i], new_biases[i] = move_layer(
                optimizer, i, weights[i], biases[i], grad_ws[i], grad_bs[i]
            )
    record = {
        "z": [[z[i] for z, _ in passes] for i in range(depth)],
        "a": [[a[i] for _, a in passes] for i in range(depth + 1)],
        "e": errors,
        "delta": deltas,
        "grad_weights": grad_ws,
        "grad_biases": grad_bs,
        "new_weights": new_weights,
        "new_biases": new_biases,
    }
    return record, weighted_sum(costs, shares)


def rate_factor(schedule, epoch, epochs, rows):
    """What the learning rate is multiplied by in an epoch, counted from 1."""
    if schedule is None:
        return 1.0
    before = epoch - 1
    if schedule["name"] == "exponential":
        return power(schedule["gamma"], before)
    if schedule["name"] == "step":
        return power(schedule["gamma"], before // int(schedule["every"]))
    if schedule["name"] == "cosine":
        return (1 + cos((PI * before) / epochs)) / 2
    if schedule["name"] == "inverse":
        return exp((0 - schedule["power"]) * log(1 + rows * before))
    raise ValueError(schedule["name"])


def fingerprint(costs, weights, biases):
    """Section 20: the MD5 of epoch costs, weights and biases as little-endian float64."""
    numbers = [*costs, *(v for w in weights for row in w for v in row)]
    numbers += [v for b in biases for v in b]
    return hashlib.md5(struct.pack(f"<{len(numbers)}d", *numbers)).hexdigest()


def mean_1(sample_weight):
    largest = max(sample_weight)
    shares = [w / largest for w in sample_weight]
    factor = len(shares) / total(shares)
    return [w * factor for w in shares]


def train(plan):
    """Train as the plan says. Returns what `oracle.train` does, and the run's fingerprint."""
    network, training, x, d = complete(plan)
    given = plan.get("data", {}).get("sample_weight")
    training["sample_weight"] = shares = None if given is None else mean_1(given)
    activations, layers = network["activations"], network["layers"]
    weights, biases = starting_weights(network)
    expected = {
        "starting_weights": weights,
        "starting_biases": biases,
        "first_update": None,
        "snapshots": [],
    }
    decay = training["optimizer"]["weight_decay"]
    n = len(x)
    size = n if training["batch_size"] is None else int(training["batch_size"])
    optimizer = Optimizer(training["optimizer"])
    stream = Random(training["seed"])
    initial_cost = exact_cost(weights, biases, activations, training, x, d)
    if not finite(initial_cost, weights, biases):
        raise Divergence(None)
    updates, epoch_costs, every_step = 0, [], []
    plain = shares is None and not any(training["dropout"]) and training["clip_norm"] is None
    for epoch in range(1, training["epochs"] + 1):
        optimizer.factor = rate_factor(training["schedule"], epoch, training["epochs"], n)
        order = stream.order(n) if training["shuffle"] else list(range(n))
        cost = 0.0
        for first in range(0, n, size):
            rows = order[first : first + size]
            m = len(rows)
            before = penalty(decay, weights)
            record, batch_cost = step(
                weights,
                biases,
                activations,
                training,
                optimizer,
                [x[r] for r in rows],
                [d[r] for r in rows],
                draw_masks(training["dropout"], layers, m, stream),
                [shares[r] for r in rows] if shares is not None else None,
            )
            if decay != 0:
                cost = cost + m * before
            cost = cost + batch_cost
            numbers = [r + 1 for r in rows]
            every_step.append(
                {
                    "update": updates + 1,
                    "epoch": epoch,
                    "rows": numbers,
                    "cost": batch_cost / m + before,
                    "weights": weights,
                    "biases": biases,
                    **{key: record[key] for key in ("e", "grad_weights", "grad_biases")},
                }
            )
            weights, biases = record["new_weights"], record["new_biases"]
            updates += 1
            if updates == 1 and plain:
                expected["first_update"] = {"rows": numbers, **record}
            if updates in training["snapshots"]:
                expected["snapshots"].append(
                    {
                        "updates": updates,
                        "cost": exact_cost(weights, biases, activations, training, x, d),
                        "weights": weights,
                        "biases": biases,
                    }
                )
        epoch_costs.append(cost / n)
        if not finite(epoch_costs[-1], weights, biases):
            raise Divergence(epoch)
    outputs = [forward(weights, biases, activations, row)[1][-1] for row in x]
    expected["run"] = {
        "updates": updates,
        "initial_cost": initial_cost,
        "cost": epoch_costs,
        "final_cost": exact_cost(weights, biases, activations, training, x, d),
        "outputs": outputs,
        "errors": [[p - t for p, t in zip(out, target)] for out, target in zip(outputs, d)],
        "weights": weights,
        "biases": biases,
        "fingerprint": fingerprint(epoch_costs, weights, biases),
    }
    if training["record"] is not None:
        asked = 1 if training["record"] == "steps" else int(training["record"])
        interval, kept = recorded_updates(asked, layers, [len(s["rows"]) for s in every_step])
        steps = [s for s in every_step if s["update"] in kept]
        expected["recording"] = {"interval": interval, "steps": steps}
    return expected
