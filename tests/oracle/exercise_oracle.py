# The exercises in plain floats. Twins: none, on purpose: see oracle.py.
"""The section Exercise of docs/contract.md: what a seed draws, and the right values."""

import math

import explanation

import oracle

LEVELS = {1: ([2, 2, 1], 10), 2: ([2, 2, 2], 10), 3: ([3, 3, 2], 100)}

ALWAYS = ("weighted_sum", "activation", "output_error", "cost", "delta", "error")


class Exercise:
    """An exercise as a seed draws it; numbers of neurons and layers count from 1.

    ``v`` has the values of the whole explained step by symbol, ``w(l, k, j)`` and ``b(l, k)`` are
    the weights and biases, ``x(j)`` and ``d(k)`` the sample; ``at`` is, layer by layer, the place
    (k, j) of the weight that is followed.
    """

    def __init__(
        self,
        seed,
        level=1,
        layers=None,
        activations="sigmoid",
        cost="half_mse",
        rule="gradient",
        learning_rate=0.5,
    ):
        self.layers, self.unit = LEVELS[level]
        self.layers = layers or self.layers
        depth = len(self.layers)
        names = [activations] * (depth - 1) if isinstance(activations, str) else activations
        self.activations = [oracle.ALIASES.get(name, name) for name in names]
        self.stream = oracle.Random(seed)
        while True:
            self.weights, self.biases = [], []
            for inputs, units in zip(self.layers, self.layers[1:]):
                drawn = self.pick(inputs * units, rule != "proportional")
                self.weights.append([drawn[k * inputs : (k + 1) * inputs] for k in range(units)])
                self.biases.append(self.pick(units, True))
            self.inputs = self.pick(self.layers[0], False)
            z, _ = oracle.forward(self.weights, self.biases, self.activations, self.inputs)
            kinks = [
                abs(value)
                for name, values in zip(self.activations, z)
                for value in values
                if name in ("relu", "leaky_relu")
            ]
            if not kinks or min(kinks) > 1e-9:
                break
        outputs = self.layers[-1]
        if self.activations[-1] == "softmax":
            hot = self.whole(outputs)
            self.desired = [1.0 if k == hot else 0.0 for k in range(1, outputs + 1)]
        else:
            ends = {1: 1 / self.unit, 2: (self.unit - 1) / self.unit}
            self.desired = [ends[self.whole(2)] for _ in range(outputs)]
        self.at = {}
        for layer in range(2, depth + 1):
            to = self.whole(self.layers[layer - 1])
            self.at[layer] = (to, self.whole(self.layers[layer - 2]))
        self.K, self.eta = outputs, learning_rate
        plan = {
            "network": {
                "layers": self.layers,
                "activations": self.activations,
                "weights": self.weights,
                "biases": self.biases,
            },
            "training": {"cost": cost, "rule": rule, "optimizer": {"learning_rate": learning_rate}},
            "data": {"x": [self.inputs], "d": [self.desired]},
        }
        self.plan, self.rows = plan, explanation.explain(plan)
        self.v = {symbol: value for *_, symbol, value in self.rows}

    def whole(self, count):
        return math.floor(self.stream.uniform() * count) + 1

    def pick(self, count, signed):
        """Different short numbers."""
        whole = [*range(1, self.unit), *(-i for i in range(1, self.unit) if signed)]
        return [whole[i] / self.unit for i in self.stream.order(len(whole))[:count]]

    def questions(self):
        """The stage, symbol and value of each question."""
        found = []
        for stage, _, layer, source, to, symbol, value in self.rows:
            asked = stage in ALWAYS
            if stage in ("gradient", "update", "share"):
                asked = to == self.at[layer][0] and source in (None, self.at[layer][1])
            if asked:
                found.append([stage, symbol, value])
        return found

    def w(self, layer, k, j):
        return self.weights[layer - 2][k - 1][j - 1]

    def b(self, layer, k):
        return self.biases[layer - 2][k - 1]

    def x(self, j):
        return self.inputs[j - 1]

    def d(self, k):
        return self.desired[k - 1]


def sigmoid(z):
    return 1 / (1 + math.exp(-z))
