"""Section 19 of docs/contract.md once more, in plain floats: one operation after the other.

Written from the contract, and shares nothing with the package but the random numbers and the
starting weights (section 5).
"""

import math

from twinprop.network import Network
from twinprop.random import RandomStream


def total(terms):
    s = 0.0
    for term in terms:
        s = s + term
    return s


def exp(x):
    x = 710.0 if x > 710.0 else x
    x = -746.0 if x < -746.0 else x
    p, k = _reduced(x)
    k1 = k // 2
    return (1.0 + p) * math.ldexp(1.0, k1) * math.ldexp(1.0, k - k1)


def _reduced(x):
    k = (x * 1.44269504088896338700e00 + 6755399441055744.0) - 6755399441055744.0
    hi = x - k * 6.93147180369123816490e-01
    lo = k * 1.90821492927058770002e-10
    r = hi - lo
    t = r * r
    c = 4.13813679705723846039e-08
    for coefficient in [
        -1.65339022054652515390e-06,
        6.61375632143793436117e-05,
        -2.77777777770155933842e-03,
        1.66666666666666019037e-01,
    ]:
        c = coefficient + t * c
    c = r - t * c
    return hi - (lo - (r * c) / (2.0 - c)), int(k)


def expm1n(x):
    p, k = _reduced(-746.0 if x < -746.0 else x)
    q = math.ldexp(1.0, k)
    return q * p + (q - 1.0)


def log(x):
    m, k = math.frexp(x)
    m, k = m * 2.0, k - 1
    if m >= 1.4142135623730951:
        m, k = m / 2.0, k + 1
    f = m - 1.0
    s = f / (2.0 + f)
    z = s * s
    w = z * z
    a = w * (
        3.999999999940941908e-01 + w * (2.222219843214978396e-01 + w * 1.531383769920937332e-01)
    )
    b = w * (1.818357216161805012e-01 + w * 1.479819860511658591e-01)
    b = z * (6.666666666666735130e-01 + w * (2.857142874366239149e-01 + b))
    h = (0.5 * f) * f
    low = s * (h + (b + a)) + k * 1.90821492927058770002e-10
    return k * 6.93147180369123816490e-01 - ((h - low) - f)


def log1p01(u):
    w = 1.0 + u
    return log(w) - ((w - 1.0) - u) / w


def cos(x):
    if x <= 0.7853981633974483:
        return _kcos(x, 0.0)
    if x < 2.356194490192345:
        t = x - 1.5707963267948966
        h = t - 6.123233995736766e-17
        return 0.0 - _ksin(h, (t - h) - 6.123233995736766e-17)
    t = 3.141592653589793 - x
    h = t + 1.2246467991473532e-16
    return 0.0 - _kcos(h, (t - h) + 1.2246467991473532e-16)


def _polynomial(z, coefficients):
    r = coefficients[-1]
    for c in coefficients[-2::-1]:
        r = c + z * r
    return r


_C = [4.16666666666666019037e-02, -1.38888888888741095749e-03, 2.48015872894767294178e-05]
_C += [-2.75573143513906633035e-07, 2.08757232129817482790e-09, -1.13596475577881948265e-11]
_S = [-1.66666666666666324348e-01, 8.33333333332248946124e-03, -1.98412698298579493134e-04]
_S += [2.75573137070700676789e-06, -2.50507602534068634195e-08, 1.58969099521155010221e-10]


def _kcos(x, y):
    z = x * x
    r = z * _polynomial(z, _C)
    h = 0.5 * z
    w = 1.0 - h
    return w + (((1.0 - w) - h) + (z * r - x * y))


def _ksin(x, y):
    z = x * x
    v = z * x
    r = _polynomial(z, _S[1:])
    return x - ((z * (0.5 * y - v * r) - y) - v * _S[0])


def power(b, t):
    r = 1.0
    while t > 0:
        if t % 2:
            r = r * b
        b = b * b
        t = t // 2
    return r


def sigmoid(z):
    return 1.0 / (1.0 + exp(-z))


def _tanh(z):
    e = expm1n(-2.0 * abs(z))
    u = (0.0 - e) / (2.0 + e)
    return u if z >= 0.0 else -u


ACTIVATIONS = {
    "sigmoid": (sigmoid, lambda z, a: a * (1.0 - a)),
    "tanh": (_tanh, lambda z, a: 1.0 - a * a),
    "relu": (lambda z: 0.0 if z <= 0.0 else z, lambda z, a: 1.0 if z > 0.0 else 0.0),
    "leaky_relu": (
        lambda z: z if z > 0.0 else 0.01 * z,
        lambda z, a: 1.0 if z > 0.0 else 0.01,
    ),
    "softplus": (
        lambda z: (z if z > 0.0 else 0.0) + log1p01(exp(-abs(z))),
        lambda z, a: sigmoid(z),
    ),
    "identity": (lambda z: z, lambda z, a: 1.0),
}


def sample_cost(cost, activation, z, a, d):
    k = len(d)
    squares = [(x - y) * (x - y) for x, y in zip(a, d)]
    if cost == "half_mse":
        return total(squares) / (2.0 * k)
    if cost == "half_sse":
        return total(squares) / 2.0
    if cost == "mse":
        return total(squares) / k
    if activation == "sigmoid":
        return total(
            ((x if x > 0.0 else 0.0) - y * x) + log1p01(exp(-abs(x))) for x, y in zip(z, d)
        )
    largest = max(z)
    level = largest + log(total(exp(x - largest) for x in z))
    return total(y * (level - x) for x, y in zip(z, d))


class Referee:
    """A plan's training; `costs`, `final_cost`, `outputs`, `weights`, `biases` afterwards."""

    def __init__(self, plan):
        network = Network(**plan.network)
        self.activations = network.activations
        self.weights = [w.tolist() for w in network.weights]
        self.biases = [b.tolist() for b in network.biases]
        self.how = plan.training
        self.x, self.d = plan.x.tolist(), plan.d.tolist()
        self.n = len(self.x)
        self.v = None
        if plan.sample_weight is not None:
            w = plan.sample_weight.tolist()
            q = [value / max(w) for value in w]
            self.v = [value * (self.n / total(q)) for value in q]
        self.decay = self.how["optimizer"]["weight_decay"]
        hidden = len(self.weights) - 1
        rates = self.how["dropout"]
        self.rates = list(rates) if isinstance(rates, list | tuple) else [rates] * hidden
        self.updates = 0
        self.state = {}
        self.train()

    def forward(self, x, masks=None):
        zs, activations, fed = [], [x], [x]
        for layer, (w, b) in enumerate(zip(self.weights, self.biases)):
            z = [total(wk[j] * fed[-1][j] for j in range(len(wk))) + bk for wk, bk in zip(w, b)]
            name = self.activations[layer]
            if name == "softmax":
                x = [exp(value - max(z)) for value in z]
                sum_x = total(x)
                a = [value / sum_x for value in x]
            else:
                a = [ACTIVATIONS[name][0](value) for value in z]
            mask = masks[layer] if masks and layer < len(masks) else None
            zs.append(z)
            activations.append(a)
            fed.append(a if mask is None else [p * q for p, q in zip(a, mask)])
        return zs, activations, fed

    def cost(self, z, a, d, i):
        c = sample_cost(self.how["cost"], self.activations[-1], z[-1], a[-1], d)
        return c if self.v is None else c * self.v[i]

    def penalty(self):
        if self.decay == 0.0:
            return 0.0
        return (0.5 * self.decay) * total(w * w for m in self.weights for row in m for w in row)

    def exact(self):
        passes = [self.forward(x) for x in self.x]
        self.outputs = [a[-1] for _, a, _ in passes]
        costs = [self.cost(z, a, self.d[i], i) for i, (z, a, _) in enumerate(passes)]
        return total(costs) / self.n + self.penalty()

    def factor(self, t):
        s = self.how["schedule"]
        if s is None:
            return 1.0
        if s["name"] == "exponential":
            return power(s["gamma"], t - 1)
        if s["name"] == "step":
            return power(s["gamma"], (t - 1) // s["every"])
        if s["name"] == "cosine":
            return (1.0 + cos((3.141592653589793 * (t - 1)) / self.how["epochs"])) / 2.0
        return exp((0.0 - s["power"]) * log(1.0 + self.n * (t - 1.0)))

    def train(self):
        stream = RandomStream(self.how["seed"])
        self.initial_cost = self.exact()
        self.costs = []
        for epoch in range(1, self.how["epochs"] + 1):
            self.eta = self.how["optimizer"]["learning_rate"]
            if self.how["schedule"] is not None:
                self.eta = self.eta * self.factor(epoch)
            order = stream.order(self.n).tolist() if self.how["shuffle"] else range(self.n)
            sum_costs = 0.0
            size = self.how["batch_size"]
            for start in range(0, self.n, size):
                rows = order[start : start + size]
                masks = self.draw(stream, len(rows))
                if self.decay != 0.0:
                    sum_costs = sum_costs + len(rows) * self.penalty()
                sum_costs = sum_costs + self.update(rows, masks)
            self.costs.append(sum_costs / self.n)
        self.final_cost = self.exact()

    def draw(self, stream, m):
        masks = [[None] * len(self.rates) for _ in range(m)]
        for layer, p in enumerate(self.rates):
            if p > 0.0:
                for i in range(m):
                    u = stream.uniform(len(self.biases[layer])).tolist()
                    masks[i][layer] = [0.0 if one < p else 1.0 / (1.0 - p) for one in u]
        return masks

    def update(self, rows, masks):
        self.updates += 1
        m = len(rows)
        passes = [self.forward(self.x[i], mask) for i, mask in zip(rows, masks)]
        e = [[p - q for p, q in zip(a[-1], self.d[i])] for i, (_, a, _) in zip(rows, passes)]
        k = len(e[0])
        s = {"half_mse": 1.0 / k, "mse": 2.0 / k}.get(self.how["cost"], 1.0)
        first = self.how["update_order"] == "output_first"
        gradients = [None] * len(self.weights)
        costs = [self.cost(z, a, self.d[i], i) for i, (z, a, _) in zip(rows, passes)]
        for layer in range(len(self.weights) - 1, -1, -1):
            name = self.activations[layer]
            g = e
            if not (layer == len(self.weights) - 1 and self.how["cost"] == "cross_entropy"):
                g = [
                    [ACTIVATIONS[name][1](p, q) * r for p, q, r in zip(z[layer], a[layer + 1], ei)]
                    for (z, a, _), ei in zip(passes, e)
                ]
            weighted = [[s * value for value in row] for row in g]
            if self.v is not None:
                weighted = [[p * self.v[i] for p in row] for i, row in zip(rows, weighted)]
            units, inputs = len(self.weights[layer]), len(self.weights[layer][0])
            fed = [f[layer] for _, _, f in passes]
            grad_w = [
                [total(weighted[i][u] * fed[i][j] for i in range(m)) / m for j in range(inputs)]
                for u in range(units)
            ]
            grad_b = [total(weighted[i][u] for i in range(m)) / m for u in range(units)]
            gradients[layer] = grad_w, grad_b
            if first:
                self.move(layer, grad_w, grad_b)
            if layer > 0:
                e = [self.back(layer, ei, gi) for ei, gi in zip(e, g)]
                if self.rates[layer - 1] > 0.0:
                    e = [[p * q for p, q in zip(ei, mask[layer - 1])] for ei, mask in zip(e, masks)]
        if not first:
            if self.how["clip_norm"] is not None:
                gradients = self.clip(gradients)
            for layer, (grad_w, grad_b) in enumerate(gradients):
                self.move(layer, grad_w, grad_b)
        return total(costs)

    def back(self, layer, e, g):
        w, rule = self.weights[layer], self.how["rule"]
        if rule == "proportional":
            w = [[value / total(row) for value in row] for row in w]
        if rule == "proportional_abs":
            w = [[value / total(map(abs, row)) for value in row] for row in w]
        v = g if rule == "gradient" else e
        return [total(w[k][j] * v[k] for k in range(len(w))) for j in range(len(w[0]))]

    def clip(self, gradients):
        flat = [p for w, _ in gradients for row in w for p in row]
        flat += [p for _, b in gradients for p in b]
        q = max(map(abs, flat))
        if q == 0.0:
            return gradients
        norm = q * math.sqrt(total((p / q) * (p / q) for p in flat))
        c = self.how["clip_norm"]
        if norm <= c:
            return gradients
        return [
            ([[p * (c / norm) for p in row] for row in w], [p * (c / norm) for p in b])
            for w, b in gradients
        ]

    def move(self, layer, grad_w, grad_b):
        for k, row in enumerate(grad_w):
            for j, g in enumerate(row):
                w = self.weights[layer][k][j]
                if self.decay != 0.0:
                    g = g + self.decay * w
                self.weights[layer][k][j] = self.step((layer, k, j), w, g)
            b = self.biases[layer][k]
            self.biases[layer][k] = self.step((layer, k, None), b, grad_b[k])

    def step(self, key, w, g):
        o, t, eta = self.how["optimizer"], self.updates, self.eta
        if o["name"] in ("sgd", "momentum", "nesterov"):
            momentum = o["momentum"]
            if momentum == 0.0:
                return w - eta * g
            v = momentum * self.state.get(key, 0.0) + g
            self.state[key] = v
            return w - eta * ((g + momentum * v) if o["nesterov"] else v)
        if o["name"] == "rmsprop":
            v, u = self.state.get(key, (0.0, 0.0))
            v = o["alpha"] * v + (1.0 - o["alpha"]) * (g * g)
            r = g / (math.sqrt(v) + o["eps"])
            if o["momentum"] != 0.0:
                u = r = o["momentum"] * u + r
            self.state[key] = v, u
            return w - eta * r
        if o["name"] == "adam":
            b1, b2 = o["betas"]
            m, v = self.state.get(key, (0.0, 0.0))
            m = b1 * m + (1.0 - b1) * g
            v = b2 * v + (1.0 - b2) * (g * g)
            self.state[key] = m, v
            scale = math.sqrt(1.0 - power(b2, t))
            return w - (eta / (1.0 - power(b1, t))) * (m / (math.sqrt(v) / scale + o["eps"]))
        step, p = self.state.get(key, (o["learning_rate"], 0.0))
        agreement = g * p
        step = step * (o["etas"][1] if agreement > 0 else o["etas"][0] if agreement < 0 else 1.0)
        step = min(max(step, o["step_sizes"][0]), o["step_sizes"][1])
        if agreement < 0:
            g = 0.0
        self.state[key] = step, g
        return w - ((g > 0) - (g < 0)) * step
