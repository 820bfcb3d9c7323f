# The rows of an explained step in plain floats. Twins: none, on purpose: see oracle.py.
"""Section 12 of docs/contract.md: the rows that explain the first update of a plan.

A row is [stage, sample, layer, from, to, symbol, value], None where something does not apply; the
formulas' texts are not the oracle's business.
"""

import oracle

COLUMNS = ["stage", "sample", "layer", "from", "to", "symbol", "value"]


def symbol(letter, layer=None, at=(), sample=None, new=False):
    """The symbol of a quantity, as in ``new W[2]_1,3`` or ``f'(z[2]_1^(3))``."""
    text = letter
    text += f"[{layer}]" if layer else ""
    text += "_" + ",".join(str(number) for number in at) if at else ""
    text += f"^({sample})" if sample else ""
    return f"new {text}" if new else text


def explain(plan, start=None, nudge=None):
    """The rows of a plan's first update; ``start`` and ``nudge`` as in ``oracle.train``."""
    network, training, x, d = oracle.complete(plan)
    weights, biases = start or oracle.starting_weights(network)
    n = len(x)
    order = oracle.Random(training["seed"]).order(n) if training["shuffle"] else range(n)
    size = n if training["batch_size"] is None else int(training["batch_size"])
    chosen = list(order)[:size]
    x, d = [x[i] for i in chosen], [d[i] for i in chosen]
    return Rows(network, training, weights, biases, x, d, nudge).all()


class Rows:
    """The rows, made section by section; layers, neurons and samples count from 1."""

    def __init__(self, network, training, weights, biases, x, d, nudge):
        self.layers, self.activations = network["layers"], network["activations"]
        self.last = len(self.layers)
        self.cost, self.rule = training["cost"], training["rule"]
        self.output_first = training["update_order"] == "output_first"
        self.settings = training["optimizer"]
        self.decay = self.settings["weight_decay"]
        self.weights, self.biases, self.d, self.n = weights, biases, d, len(x)
        self.optimizer = oracle.Optimizer(self.settings)
        self.step = oracle.step(
            weights, biases, self.activations, training, self.optimizer, x, d, nudge
        )
        self.new_weights, self.new_biases = self.step["new_weights"], self.step["new_biases"]
        self.sent = self.new_weights if self.output_first else weights
        after = [
            oracle.forward(self.new_weights, self.new_biases, self.activations, row, nudge)
            for row in x
        ]
        self.z_after = [z[-1] for z, _ in after]
        self.a_after = [a[-1] for _, a in after]
        self.rows = []
        self.settings_written = False

    def add(self, stage, text, value, sample=None, layer=None, source=None, to=None):
        self.rows.append([stage, sample, layer, source, to, text, value])

    def samples(self):
        """The samples, and how each is named: not at all if it is the only one."""
        return [(i, i if self.n > 1 else None) for i in range(1, self.n + 1)]

    def neurons(self, layer):
        return range(1, self.layers[layer - 1] + 1)

    def into(self, layer):
        """The places of the weights into a neuron, and None for its bias."""
        return [*self.neurons(layer - 1), None]

    def all(self):
        self.inputs_and_targets()
        for layer in range(2, self.last + 1):
            self.forward(layer)
        self.error_and_cost(new=False)
        for layer in range(self.last, 1, -1):
            self.gradients(layer)
            if self.output_first:
                self.update(layer)
            if layer > 2:
                self.back(layer)
        if not self.output_first:
            for layer in range(2, self.last + 1):
                self.update(layer)
        self.error_and_cost(new=True)
        return self.rows

    def inputs_and_targets(self):
        for i, name in self.samples():
            for j in self.neurons(1):
                value = self.step["a"][0][i - 1][j - 1]
                self.add("input", symbol("a", 1, [j], name), value, name, 1, None, j)
            for k in self.neurons(self.last):
                value = self.d[i - 1][k - 1]
                self.add("target", symbol("d", None, [k], name), value, name, self.last, None, k)

    def forward(self, layer):
        for i, name in self.samples():
            for k in self.neurons(layer):
                z = self.step["z"][layer - 2][i - 1][k - 1]
                a = self.step["a"][layer - 1][i - 1][k - 1]
                self.add("weighted_sum", symbol("z", layer, [k], name), z, name, layer, None, k)
                self.add("activation", symbol("a", layer, [k], name), a, name, layer, None, k)

    def error_and_cost(self, new):
        after = "_after" if new else ""
        a = self.a_after if new else self.step["a"][-1]
        z = self.z_after if new else self.step["z"][-1]
        for i, name in self.samples():
            for k in self.neurons(self.last):
                e = a[i - 1][k - 1] - self.d[i - 1][k - 1]
                text = symbol("e", self.last, [k], name, new)
                self.add(f"output_error{after}", text, e, name, self.last, None, k)
        costs = [
            oracle.sample_cost(self.cost, self.activations[-1], z[i], a[i], self.d[i])
            for i in range(self.n)
        ]
        if self.n > 1 or self.decay > 0:
            for i, cost in enumerate(costs, 1):
                self.add(f"sample_cost{after}", symbol("C", sample=i, new=new), cost, i)
        penalty = oracle.penalty(self.decay, self.new_weights if new else self.weights)
        if self.decay > 0:
            self.add(f"penalty{after}", symbol("penalty", new=new), penalty)
        cost = oracle.total(costs) / self.n + penalty
        self.add(f"cost{after}", symbol("C", new=new), cost)
        if new:
            self.add("change", "change", cost - self.cost_before)
        else:
            self.cost_before = cost

    def has_slope(self, layer):
        """Whether delta of the layer has f' in it."""
        return layer < self.last or self.cost != "cross_entropy"

    def slope(self, layer, k, i):
        z = self.step["z"][layer - 2][i - 1][k - 1]
        a = self.step["a"][layer - 1][i - 1][k - 1]
        return oracle.slope(self.activations[layer - 2], z, a)

    def gradients(self, layer):
        if layer == self.last:
            self.add("scale", "s", oracle.error_scale(self.cost, self.layers[-1]))
        for i, name in self.samples():
            for k in self.neurons(layer):
                if self.has_slope(layer):
                    text = f"f'({symbol('z', layer, [k], name)})"
                    self.add("derivative", text, self.slope(layer, k, i), name, layer, None, k)
                value = self.step["delta"][layer - 2][i - 1][k - 1]
                self.add("delta", symbol("delta", layer, [k], name), value, name, layer, None, k)
        for k in self.neurons(layer):
            for j in self.into(layer):
                text = symbol("dC/db", layer, [k]) if j is None else symbol("dC/dW", layer, [k, j])
                self.add("gradient", text, self.gradient(layer, k, j), None, layer, j, k)

    def gradient(self, layer, k, j):
        if j is None:
            return self.step["grad_biases"][layer - 2][k - 1]
        return self.step["grad_weights"][layer - 2][k - 1][j - 1]

    def back(self, layer):
        w, before = self.sent[layer - 2], self.neurons(layer - 1)
        proportional = self.rule in ("proportional", "proportional_abs")
        divisors = []
        for k in self.neurons(layer):
            sizes = [abs(v) for v in w[k - 1]]
            size = oracle.total(sizes)
            divisors.append(oracle.total(w[k - 1]) if self.rule == "proportional" else size)
            if proportional:
                self.add("denominator", symbol("D", layer, [k]), divisors[-1], None, layer, None, k)
            for j in before:
                blame = sizes[j - 1] / size if size > 0 else 0.0
                self.add("blame", symbol("blame", layer, [k, j]), blame, None, layer, j, k)
        for i, name in self.samples():
            for k in self.neurons(layer):
                carried = self.step["e"][layer - 2][i - 1][k - 1]
                if self.rule == "gradient" and self.has_slope(layer):
                    carried *= self.slope(layer, k, i)
                shares = [v * carried for v in w[k - 1]]
                if proportional:
                    shares = [v / divisors[k - 1] for v in shares]
                for j in before:
                    text = symbol("share", layer, [k, j], name)
                    self.add("share", text, shares[j - 1], name, layer, j, k)
                text = symbol("shares", layer, [k], name)
                self.add("shares", text, oracle.total(shares), name, layer, None, k)
            for j in before:
                text, e = symbol("e", layer - 1, [j], name), self.step["e"][layer - 3][i - 1][j - 1]
                self.add("error", text, e, name, layer - 1, None, j)

    def setting_rows(self):
        s = self.settings
        found = {"eta": s["learning_rate"]}
        if s.get("momentum", 0) > 0:
            found["mu"] = s["momentum"]
        for name in ("alpha", "eps"):
            if name in s:
                found[name] = s[name]
        if "betas" in s:
            found["beta1"], found["beta2"] = s["betas"]
            found["t"] = 1.0
        if self.decay > 0:
            found["lambda"] = self.decay
        for name, value in found.items():
            self.add("setting", name, float(value))

    def remembered(self):
        """The letters of what the optimiser keeps of each number."""
        name, momentum = self.settings["name"], self.settings.get("momentum", 0) > 0
        if name in ("sgd", "momentum", "nesterov"):
            return ["v"] if momentum else []
        if name == "rmsprop":
            return ["v", "u"] if momentum else ["v"]
        return {"adam": ["m", "v"], "rprop": ["step", "p"]}[name]

    def update(self, layer):
        if not self.settings_written:
            self.setting_rows()
            self.settings_written = True
        i = layer - 2
        for k in self.neurons(layer):
            for j in self.into(layer):
                at, key = ([k], (i, k - 1)) if j is None else ([k, j], (i, k - 1, j - 1))

                def put(stage, letter, value, new=True, at=at, j=j, k=k):
                    self.add(stage, symbol(letter, layer, at, None, new), value, None, layer, j, k)

                if self.decay > 0 and j is not None:
                    G = self.gradient(layer, k, j) + self.decay * self.weights[i][k - 1][j - 1]
                    put("optimizer", "G", G, new=False)
                for letter in self.remembered():
                    put("optimizer", letter, self.optimizer.state[key][letter])
                if j is None:
                    put("update", "b", self.new_biases[i][k - 1])
                else:
                    put("update", "W", self.new_weights[i][k - 1][j - 1])
