# The oracle: docs/contract.md in plain floats and lists. Twins: none, on purpose: it imports
# nothing from the package, so that the conformance cases state the contract independently.
"""One multilayer perceptron in plain Python floats, straight from docs/contract.md.

Sums are ``math.fsum`` (correctly rounded), so a result doesn't depend on an order of addition.
Weights are a list over the layers 2..L of lists of rows; biases a list over the layers of lists.
The plans given to it are taken to be valid: the messages of section 9 are not its business.
"""

import math

ALIASES = {"logistic": "sigmoid", "linear": "identity"}

DEFAULT_NETWORK = {
    "layers": [2, 4, 1],
    "activations": "sigmoid",
    "init": "xavier",
    "seed": 42,
    "weights": None,
    "biases": None,
}
DEFAULT_TRAINING = {
    "cost": "half_mse",
    "rule": "gradient",
    "update_order": "simultaneous",
    "optimizer": {},
    "batch_size": 1,
    "epochs": 1000,
    "shuffle": False,
    "seed": 42,
    "snapshots": [],
    "record": None,
    "dropout": 0.0,
    "clip_norm": None,
    "schedule": None,
    "arithmetic": "fast",
}
DEFAULT_SCHEDULES = {
    "exponential": {"gamma": 0.95},
    "step": {"gamma": 0.1, "every": 30},
    "cosine": {},
    "inverse": {"power": 0.5},
}
DEFAULT_OPTIMIZERS = {
    "sgd": {"learning_rate": 0.5, "momentum": 0.0, "nesterov": False},
    "momentum": {"learning_rate": 0.5, "momentum": 0.9, "nesterov": False},
    "nesterov": {"learning_rate": 0.5, "momentum": 0.9, "nesterov": True},
    "rmsprop": {"learning_rate": 0.01, "alpha": 0.99, "eps": 1e-8, "momentum": 0.0},
    "adam": {"learning_rate": 0.001, "betas": [0.9, 0.999], "eps": 1e-8},
    "rprop": {"learning_rate": 0.01, "etas": [0.5, 1.2], "step_sizes": [1e-6, 50.0]},
}


class Divergence(Exception):
    """A cost or a weight became NaN or Inf; ``epoch`` is None before training."""

    def __init__(self, epoch):
        super().__init__(epoch)
        self.epoch = epoch


class Denominator(Exception):
    """A denominator of the proportional rules is 0 or nearly 0; layer and neuron count from 1."""

    def __init__(self, layer, neuron):
        super().__init__(layer, neuron)
        self.layer = layer
        self.neuron = neuron


# Section 7: defaults ------------------------------------------------------------------------------


def complete(plan):
    """Return (network, training, x, d) with every default filled in, numbers as floats.

    Of the training, ``dropout`` is a list over the hidden layers, ``schedule`` an object or None;
    ``sample_weight`` is there too, as a list with mean 1, or None.
    """
    network = {**DEFAULT_NETWORK, **plan.get("network", {})}
    training = {**DEFAULT_TRAINING, **plan.get("training", {})}
    network["layers"] = [int(n) for n in network["layers"]]
    depth = len(network["layers"]) - 1
    names = network["activations"]
    if isinstance(names, str):
        names = [names] * depth
    network["activations"] = [ALIASES.get(name, name) for name in names]
    given = training["optimizer"]
    name = given.get("name", "sgd")
    training["optimizer"] = {"name": name, "weight_decay": 0.0, **DEFAULT_OPTIMIZERS[name], **given}
    training["epochs"] = int(training["epochs"])
    rates = training["dropout"]
    training["dropout"] = rates if isinstance(rates, list) else [rates] * (depth - 1)
    schedule = training["schedule"]
    if isinstance(schedule, str):
        schedule = {"name": schedule}
    if schedule is not None:
        training["schedule"] = {**DEFAULT_SCHEDULES[schedule["name"]], **schedule}
    data = plan.get("data", {"x": [[0, 0], [0, 1], [1, 0], [1, 1]], "d": [[0], [1], [1], [0]]})
    x = [[float(v) for v in row] for row in data["x"]]
    d = [[float(v) for v in row] for row in data["d"]]
    given = data.get("sample_weight")
    training["sample_weight"] = None
    if given is not None:
        training["sample_weight"] = [w * len(given) / math.fsum(given) for w in given]
    return network, training, x, d


# Section 5: random numbers and starting weights ---------------------------------------------------


class Random:
    """R's uniform numbers: MT19937 with R's own scrambling of the seed."""

    UNIT = 2.3283064365386963e-10  # 2^-32
    HALF = 0.5 * 2.328306437080797e-10  # what R puts in the place of 0

    def __init__(self, seed):
        s = int(seed) % 2**32
        for _ in range(50):
            s = (69069 * s + 1) % 2**32
        values = []
        for _ in range(625):
            s = (69069 * s + 1) % 2**32
            values.append(s)
        self.state = values[1:]
        self.position = 624

    def twist(self):
        """Make the next 624 words of state (Matsumoto and Nishimura 1998)."""
        mt = self.state
        for i in range(624):
            y = (mt[i] & 0x80000000) | (mt[(i + 1) % 624] & 0x7FFFFFFF)
            mt[i] = mt[(i + 397) % 624] ^ (y >> 1) ^ (0x9908B0DF if y & 1 else 0)
        self.position = 0

    def uniform(self):
        if self.position >= 624:
            self.twist()
        y = self.state[self.position]
        self.position += 1
        y ^= y >> 11
        y ^= (y << 7) & 0x9D2C5680
        y ^= (y << 15) & 0xEFC60000
        y ^= y >> 18
        u = y * self.UNIT
        if u <= 0.0:
            return self.HALF
        if 1.0 - u <= 0.0:
            return 1.0 - self.HALF
        return u

    def order(self, n):
        """The stable ascending order of n new uniforms, counted from 0."""
        u = [self.uniform() for _ in range(n)]
        return sorted(range(n), key=lambda i: u[i])


def starting_weights(network):
    """Return (weights, biases) before training."""
    layers = network["layers"]
    stream = Random(network["seed"])
    weights, biases = [], []
    for n_in, n_out in zip(layers, layers[1:]):
        limit = {
            "xavier": math.sqrt(6 / (n_in + n_out)),
            "he": math.sqrt(6 / n_in),
            "torch": 1 / math.sqrt(n_in),
            "uniform": 1.0,
        }[network["init"]]
        lo, hi = -limit, limit
        weights.append(
            [[lo + (hi - lo) * stream.uniform() for _ in range(n_in)] for _ in range(n_out)]
        )
        if network["init"] in ("torch", "uniform"):
            biases.append([lo + (hi - lo) * stream.uniform() for _ in range(n_out)])
        else:
            biases.append([0.0] * n_out)
    if network["weights"] is not None:
        weights = [[[float(v) for v in row] for row in matrix] for matrix in network["weights"]]
        biases = [[0.0] * n for n in layers[1:]]
    if network["biases"] is not None:
        biases = [[float(v) for v in values] for values in network["biases"]]
    return weights, biases


# Section 1: forward -------------------------------------------------------------------------------


def activate(name, z):
    """The values of one layer for one sample."""
    if name == "sigmoid":
        return [sigmoid(v) for v in z]
    if name == "tanh":
        return [math.tanh(v) for v in z]
    if name == "relu":
        return [v if v > 0 else 0.0 for v in z]
    if name == "leaky_relu":
        return [v if v > 0 else 0.01 * v for v in z]
    if name == "softplus":
        return [softplus(v) for v in z]
    if name == "identity":
        return list(z)
    if name == "softmax":
        top = max(z)
        parts = [math.exp(v - top) for v in z]
        return [p / math.fsum(parts) for p in parts]
    raise ValueError(name)


def slope(name, z, a):
    """f'(z) of one neuron, from z or a as the contract's table writes it."""
    if name == "sigmoid":
        return a * (1 - a)
    if name == "tanh":
        return 1 - a * a
    if name == "relu":
        return 1.0 if z > 0 else 0.0
    if name == "leaky_relu":
        return 1.0 if z > 0 else 0.01
    if name == "softplus":
        return sigmoid(z)
    if name == "identity":
        return 1.0
    raise ValueError(name)


def exp(v):
    """exp as IEEE 754 has it: Inf where math.exp raises."""
    try:
        return math.exp(v)
    except OverflowError:
        return math.inf


def sigmoid(v):
    return 1 / (1 + exp(-v))


def softplus(v):
    return max(v, 0.0) + math.log1p(math.exp(-abs(v)))


def total(values):
    """A sum that, unlike fsum, gives Inf or NaN instead of raising."""
    values = list(values)
    try:
        return math.fsum(values)
    except (OverflowError, ValueError):
        return sum(values)


def forward(weights, biases, activations, row, nudge=None, masks=None):
    """One sample: z[2..L] and a[1..L]. ``nudge`` moves each activation, to measure conditioning.

    ``masks`` are the sample's, a list over the hidden layers, or None without dropout.
    """
    z, a = [], [list(row)]
    for layer, (w, b, name) in enumerate(zip(weights, biases, activations)):
        inputs = masked(a[-1], masks, layer)
        z.append(
            [total([w_k[j] * inputs[j] for j in range(len(w_k))] + [b_k]) for w_k, b_k in zip(w, b)]
        )
        values = activate(name, z[-1])
        a.append([nudge(v) for v in values] if nudge else values)
    return z, a


def masked(values, masks, layer):
    """A layer's values times its mask, counted from 0 for the input, which has none."""
    if masks is None or layer == 0 or masks[layer - 1] is None:
        return values
    return [v * m for v, m in zip(values, masks[layer - 1])]


# Section 2: cost ----------------------------------------------------------------------------------


def sample_cost(cost, activation, z, a, d):
    """The cost of one sample, from the output layer's z and a."""
    k = len(d)
    if cost == "cross_entropy" and activation == "sigmoid":
        return total(max(v, 0.0) - t * v + math.log1p(math.exp(-abs(v))) for v, t in zip(z, d))
    if cost == "cross_entropy":
        top = max(z)
        log_sum = top + math.log(total(math.exp(v - top) for v in z))
        return total(t * (log_sum - v) for v, t in zip(z, d))
    squares = total((p - t) * (p - t) for p, t in zip(a, d))
    return {"half_mse": 1 / (2 * k), "half_sse": 0.5, "mse": 1 / k}[cost] * squares


def error_scale(cost, k):
    return {"half_mse": 1 / k, "half_sse": 1.0, "mse": 2 / k, "cross_entropy": 1.0}[cost]


def penalty(weight_decay, weights):
    if weight_decay == 0:
        return 0.0
    return weight_decay / 2 * total(v * v for w in weights for row in w for v in row)


def mean_cost(weights, biases, activations, cost, weight_decay, x, d, nudge=None, shares=None):
    """The exact cost over all samples, with the penalty; ``shares``: their weights, of mean 1."""
    costs = []
    for row, target in zip(x, d):
        z, a = forward(weights, biases, activations, row, nudge)
        costs.append(sample_cost(cost, activations[-1], z[-1], a[-1], target))
    if shares is not None:
        costs = [v * c for v, c in zip(shares, costs)]
    return total(costs) / len(costs) + penalty(weight_decay, weights)


# Section 3: backward ------------------------------------------------------------------------------


def send_back(rule, w, e, g, layer):
    """e[l-1] of one sample from layer l's weights, errors e and g = e f'."""
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
    return [total(w[k][j] / denominators[k] * e[k] for k in range(n_out)) for j in range(n_in)]


def mean_gradients(deltas, inputs):
    """Mean outer product and mean delta over the samples of a batch, for one layer."""
    m = len(deltas)
    grad_w = [
        [
            total(delta[k] * a[j] for delta, a in zip(deltas, inputs)) / m
            for j in range(len(inputs[0]))
        ]
        for k in range(len(deltas[0]))
    ]
    grad_b = [total(delta[k] for delta in deltas) / m for k in range(len(deltas[0]))]
    return grad_w, grad_b


# Section 4: update --------------------------------------------------------------------------------


class Optimizer:
    """One optimiser; ``start`` begins an update, ``move`` moves one number and keeps its state."""

    def __init__(self, settings):
        self.settings = settings
        self.state = {}
        self.t = 0
        self.factor = 1.0  # the schedule's

    def start(self):
        self.t += 1

    def move(self, key, value, gradient, decays):
        """The new value of the number ``key``, from its gradient."""
        s = self.settings
        name, eta = s["name"], s["learning_rate"] * self.factor
        if decays and s["weight_decay"] != 0:
            gradient = gradient + s["weight_decay"] * value
        state = self.state.setdefault(key, {"v": 0.0, "m": 0.0, "u": 0.0, "p": 0.0, "step": eta})
        if name in ("sgd", "momentum", "nesterov"):
            if s["momentum"] == 0:
                return value - eta * gradient
            state["v"] = s["momentum"] * state["v"] + gradient
            step = gradient + s["momentum"] * state["v"] if s["nesterov"] else state["v"]
            return value - eta * step
        if name == "rmsprop":
            state["v"] = s["alpha"] * state["v"] + (1 - s["alpha"]) * gradient * gradient
            r = gradient / (math.sqrt(state["v"]) + s["eps"])
            if s["momentum"] == 0:
                return value - eta * r
            state["u"] = s["momentum"] * state["u"] + r
            return value - eta * state["u"]
        if name == "adam":
            b1, b2 = s["betas"]
            state["m"] = b1 * state["m"] + (1 - b1) * gradient
            state["v"] = b2 * state["v"] + (1 - b2) * gradient * gradient
            size = math.sqrt(state["v"]) / math.sqrt(1 - b2**self.t) + s["eps"]
            return value - eta / (1 - b1**self.t) * state["m"] / size
        if name == "rprop":
            q = sign(gradient * state["p"])
            shrink, grow = s["etas"]
            low, high = s["step_sizes"]
            factor = grow if q > 0 else shrink if q < 0 else 1.0
            state["step"] = min(max(state["step"] * factor, low), high)
            if q < 0:
                gradient = 0.0
            state["p"] = gradient
            return value - sign(gradient) * state["step"]
        raise ValueError(name)


def sign(v):
    return 1.0 if v > 0 else -1.0 if v < 0 else 0.0


def move_layer(optimizer, layer, w, b, grad_w, grad_b):
    new_w = [
        [optimizer.move((layer, k, j), w[k][j], grad_w[k][j], True) for j in range(len(w[k]))]
        for k in range(len(w))
    ]
    new_b = [optimizer.move((layer, k), b[k], grad_b[k], False) for k in range(len(b))]
    return new_w, new_b


def clipped(grad_ws, grad_bs, limit):
    """The gradients, shortened to the norm ``limit`` if theirs is larger."""
    numbers = [v for w in grad_ws for row in w for v in row] + [v for b in grad_bs for v in b]
    norm = math.sqrt(total(v * v for v in numbers))
    if not norm > limit:
        return grad_ws, grad_bs
    return (
        [[[v * limit / norm for v in row] for row in w] for w in grad_ws],
        [[v * limit / norm for v in b] for b in grad_bs],
    )


def step(
    weights, biases, activations, training, optimizer, x, d, nudge=None, masks=None, shares=None
):
    """One forward, backward, update on one batch.

    ``masks`` has for each sample what `forward` takes, ``shares`` the samples' weights, of mean 1
    over all samples. Returns the record of everything it computed; e, delta and gradients are lists
    over l = 2..L.
    """
    cost, rule, order = training["cost"], training["rule"], training["update_order"]
    depth, m = len(weights), len(x)
    masks = masks or [None] * m
    shares = shares or [1.0] * m
    passes = [
        forward(weights, biases, activations, row, nudge, mask) for row, mask in zip(x, masks)
    ]
    scale = error_scale(cost, len(d[0]))
    costs = [
        v * sample_cost(cost, activations[-1], z[-1], a[-1], t)
        for (z, a), t, v in zip(passes, d, shares)
    ]

    new_weights, new_biases = list(weights), list(biases)
    errors, deltas, grad_ws, grad_bs = [], [], [], []
    optimizer.start()
    e = [[p - t for p, t in zip(a[-1], target)] for (_, a), target in zip(passes, d)]
    for i in range(depth - 1, -1, -1):  # layer l = i + 2
        whole = i == depth - 1 and cost == "cross_entropy"
        g = [
            [
                e[r][k] if whole else e[r][k] * slope(activations[i], z[i][k], a[i + 1][k])
                for k in range(len(e[r]))
            ]
            for r, (z, a) in enumerate(passes)
        ]
        delta = [[scale * v for v in row] for row in g]
        grad_w, grad_b = mean_gradients(
            [[v * value for value in row] for v, row in zip(shares, delta)],
            [masked(a[i], mask, i) for (_, a), mask in zip(passes, masks)],
        )
        errors.insert(0, e)
        deltas.insert(0, delta)
        grad_ws.insert(0, grad_w)
        grad_bs.insert(0, grad_b)
        if order == "output_first":
            new_weights[i], new_biases[i] = move_layer(
                optimizer, i, weights[i], biases[i], grad_w, grad_b
            )
        if i > 0:
            through = new_weights[i] if order == "output_first" else weights[i]
            e = [masked(send_back(rule, through, e[r], g[r], i + 2), masks[r], i) for r in range(m)]
    if training.get("clip_norm") is not None:
        grad_ws, grad_bs = clipped(grad_ws, grad_bs, training["clip_norm"])
    if order == "simultaneous":
        for i in range(depth):
            new_weights[i], new_biases[i] = move_layer(
                optimizer, i, weights[i], biases[i], grad_ws[i], grad_bs[i]
            )
    return {
        "z": [[z[i] for z, _ in passes] for i in range(depth)],
        "a": [[a[i] for _, a in passes] for i in range(depth + 1)],
        "e": errors,
        "delta": deltas,
        "grad_weights": grad_ws,
        "grad_biases": grad_bs,
        "new_weights": new_weights,
        "new_biases": new_biases,
        "costs": costs,
    }


# Section 6: training ------------------------------------------------------------------------------


def finite(cost, weights, biases):
    numbers = (
        [cost] + [v for w in weights for row in w for v in row] + [v for b in biases for v in b]
    )
    return all(math.isfinite(v) for v in numbers)


RECORDED_NUMBERS = 2**23


def recorded_updates(interval, layers, rows, limit=RECORDED_NUMBERS):
    """The final interval and the numbers of the recorded updates that are left.

    ``rows[u - 1]`` is how many rows update u has.
    """
    units = sum(layers[1:])
    parameters = sum(n_out * n_in + n_out for n_in, n_out in zip(layers, layers[1:]))

    def size(update):
        return 2 * parameters + rows[update - 1] * (1 + units) + 160 * (len(layers) - 1)

    kept = []
    for update in range(1, len(rows) + 1):
        while update % interval == 1 % interval:
            if len(kept) < 2 or sum(map(size, [*kept, update])) <= limit:
                kept.append(update)
                break
            interval = 2 * interval
            kept = [u for u in kept if u % interval == 1]
    return interval, kept


def rate_factor(schedule, epoch, epochs, rows):
    """What the learning rate is multiplied by in an epoch, counted from 1."""
    if schedule is None:
        return 1.0
    before = epoch - 1
    if schedule["name"] == "exponential":
        return schedule["gamma"] ** before
    if schedule["name"] == "step":
        return schedule["gamma"] ** math.floor(before / schedule["every"])
    if schedule["name"] == "cosine":
        return (1 + math.cos(math.pi * before / epochs)) / 2
    if schedule["name"] == "inverse":
        return 1 / (1 + rows * before) ** schedule["power"]
    raise ValueError(schedule["name"])


def draw_masks(rates, layers, rows, stream):
    """The masks of a batch, for each sample a list over the hidden layers; None without dropout."""
    if not any(rates):
        return None
    by_layer = []
    for rate, units in zip(rates, layers[1:]):
        if rate == 0:
            by_layer.append([None] * rows)
            continue
        kept = 1 / (1 - rate)
        by_layer.append(
            [[0.0 if stream.uniform() < rate else kept for _ in range(units)] for _ in range(rows)]
        )
    return [list(of_sample) for of_sample in zip(*by_layer)]


def train(plan, start=None, nudge=None):
    """Train as the plan says. Returns what a case expects: see tests/cases/README.md.

    ``start`` replaces the starting (weights, biases), ``nudge`` moves every activation: both only
    to measure how the results react to rounding.
    """
    network, training, x, d = complete(plan)
    activations = network["activations"]
    weights, biases = start or starting_weights(network)
    expected = {
        "starting_weights": weights,
        "starting_biases": biases,
        "first_update": None,
        "snapshots": [],
    }
    decay = training["optimizer"]["weight_decay"]

    shares = training["sample_weight"]

    def exact_cost():
        return mean_cost(weights, biases, activations, training["cost"], decay, x, d, nudge, shares)

    n = len(x)
    size = n if training["batch_size"] is None else int(training["batch_size"])
    optimizer = Optimizer(training["optimizer"])
    stream = Random(training["seed"])
    initial_cost = exact_cost()
    if not finite(initial_cost, weights, biases):
        raise Divergence(None)
    updates, epoch_costs = 0, []
    # All steps are kept here, and those that a recording would not have are left out at the end.
    every_step = []
    # What Network.step() does not do has no first update here: recordings show it.
    plain = shares is None and not any(training["dropout"]) and training["clip_norm"] is None
    for epoch in range(1, training["epochs"] + 1):
        optimizer.factor = rate_factor(training["schedule"], epoch, training["epochs"], n)
        order = stream.order(n) if training["shuffle"] else list(range(n))
        costs = []
        for first in range(0, n, size):
            rows = order[first : first + size]
            before = penalty(decay, weights)
            record = step(
                weights,
                biases,
                activations,
                training,
                optimizer,
                [x[r] for r in rows],
                [d[r] for r in rows],
                nudge,
                draw_masks(training["dropout"], network["layers"], len(rows), stream),
                [shares[r] for r in rows] if shares is not None else None,
            )
            batch_costs = [c + before for c in record.pop("costs")]
            costs += batch_costs
            every_step.append(
                {
                    "update": updates + 1,
                    "epoch": epoch,
                    "rows": [r + 1 for r in rows],
                    "cost": total(batch_costs) / len(rows),
                    "weights": weights,
                    "biases": biases,
                    "e": record["e"],
                    "grad_weights": record["grad_weights"],
                    "grad_biases": record["grad_biases"],
                }
            )
            weights, biases = record["new_weights"], record["new_biases"]
            updates += 1
            if updates == 1 and plain:
                expected["first_update"] = {"rows": [r + 1 for r in rows], **record}
            if updates in training["snapshots"]:
                expected["snapshots"].append(
                    {"updates": updates, "cost": exact_cost(), "weights": weights, "biases": biases}
                )
        epoch_costs.append(total(costs) / n)
        if not finite(epoch_costs[-1], weights, biases):
            raise Divergence(epoch)
    final_cost = exact_cost()
    if not math.isfinite(final_cost):
        raise Divergence(training["epochs"])
    outputs = [forward(weights, biases, activations, row, nudge)[1][-1] for row in x]
    expected["run"] = {
        "updates": updates,
        "initial_cost": initial_cost,
        "cost": epoch_costs,
        "final_cost": final_cost,
        "outputs": outputs,
        "errors": [[p - t for p, t in zip(out, target)] for out, target in zip(outputs, d)],
        "weights": weights,
        "biases": biases,
    }
    if training["record"] is not None:
        asked = 1 if training["record"] == "steps" else int(training["record"])
        counts = [len(one["rows"]) for one in every_step]
        interval, kept = recorded_updates(asked, network["layers"], counts)
        steps = [one for one in every_step if one["update"] in kept]
        expected["recording"] = {"interval": interval, "steps": steps}
    return expected
