"""An explained step: the oracle's numbers, formulas that give them, reports that say them. Twins:
tests/testthat/test-explain.R, tests/js/explain-cases.test.js."""

import copy
import itertools
import json
import math
import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from conformance import AFTER_ONE_UPDATE, explain_cases
from twinprop import (
    OPTIMIZERS,
    RULES,
    DenominatorError,
    InputError,
    Network,
    Optimizer,
    __version__,
    explain,
    explain_plan,
    load_dataset,
    read_plan,
    run_plan,
)
from twinprop.backprop import UPDATE_ORDERS
from twinprop.equations import (
    DIGITS,
    LATEX,
    MATHML,
    SIZE_DIGITS,
    TEXT,
    Quantity,
    shown,
    write,
)

COLUMNS = ["stage", "sample", "layer", "from", "to", "symbol", "formula", "substitution", "value"]
HIDDEN = ["sigmoid", "tanh", "relu", "leaky_relu", "softplus", "identity"]
PAIRS = [
    *itertools.product(["half_mse", "half_sse", "mse"], HIDDEN),
    ("cross_entropy", "sigmoid"),
    ("cross_entropy", "softmax"),
]
RULES_AND_ORDERS = list(itertools.product(RULES, UPDATE_ORDERS))


def table_of(explanation):
    """The table's rows as dictionaries; None where something is missing."""
    table = explanation.table
    assert list(table.columns) == COLUMNS
    return table.astype(object).where(table.notna(), None).to_dict("records")


# The cases --------------------------------------------------------------------------------------

CASES = explain_cases()


def test_there_are_cases():
    assert len(CASES) > 40


def groups(rows):
    """The values by group, and each group's size: see tests/cases/README.md."""
    found, largest = {}, {}
    for row in rows:
        letters = re.split(r"[\[_^]", row["symbol"])[0]
        found.setdefault((row["stage"], row["layer"], letters), []).append(row["value"])
        largest[row["stage"]] = max(largest.get(row["stage"], 0.0), abs(row["value"]))
    sizes = {}
    for group, values in found.items():
        of = "cost" if group[0] == "change" else "activation" if "error" in group[0] else None
        sizes[group] = max(np.abs(values).max(), largest.get(of, 0.0))
    return found, sizes


@pytest.mark.parametrize("name", CASES)
def test_the_table_is_the_oracles(name):
    case = CASES[name]
    expected = [dict(zip([*COLUMNS[:6], "value"], row)) for row in case["rows"]]
    found = table_of(explain_plan(case["plan"]))
    words = COLUMNS[:6]
    assert [[row[c] for c in words] for row in found] == [
        [row[c] for c in words] for row in expected
    ]
    values, sizes = groups(expected)
    for group, got in groups(found)[0].items():
        # the last bits of exp and tanh and the order of sums, in the size of a group's terms
        gap = np.abs(np.subtract(got, values[group])).max()
        assert gap <= AFTER_ONE_UPDATE * sizes[group], group


# Formulas, read and evaluated -------------------------------------------------------------------


class Shortened(Exception):
    """A sum with dots has no value."""


TOKEN = re.compile(
    r"""\s*(?:
      (?P<number>\d+(?:\.\d+)?(?:e[+-]\d+)?|Inf|NaN)
    | (?P<dots>\.\.\.)
    | (?P<call>exp|log|tanh|sqrt|abs|max|min|sign)\(
    | (?P<word>if|else)\b
    | (?P<symbol>(?:new\ )?(?:
          f'\(z\[\d+\]_\d+(?:\^\(\d+\))?\)
        | (?:dC/d)?[A-Za-z]+\d*(?:\[\d+\])?(?:_\d+(?:,\d+)*)?(?:\^\(\d+\))?
      ))
    | (?P<sign>[-+*/^(),>])
    )""",
    re.VERBOSE,
)
FUNCTIONS = {
    "exp": math.exp,
    "log": math.log,
    "tanh": math.tanh,
    "sqrt": math.sqrt,
    "abs": abs,
    "max": max,
    "min": min,
    "sign": lambda v: float(v > 0) - float(v < 0),
}


class Reader:
    """A formula's value, and its size: how large it is with every term taken as positive.

    Each method returns such a pair. A rounding anywhere in the formula moves the value by about
    that rounding times the size.
    """

    def __init__(self, text, symbols):
        self.tokens, at = [], 0
        while at < len(text):
            match = TOKEN.match(text, at)
            assert match, f"cannot read {text[at:]!r}"
            self.tokens.append((match.lastgroup, match[match.lastgroup]))
            at = match.end()
        self.at, self.symbols, self.used = 0, symbols, set()

    def result(self):
        value = self.expression()
        assert self.at == len(self.tokens), f"left over: {self.tokens[self.at :]}"
        return value

    def take(self, *allowed):
        """The next token's text, if it is one of these."""
        if self.at < len(self.tokens) and self.tokens[self.at][1] in allowed:
            self.at += 1
            return self.tokens[self.at - 1][1]
        return None

    def need(self, text):
        assert self.take(text), f"{text!r} is missing in {self.tokens}"

    def expression(self):
        first = self.sum()
        if not self.take("if"):
            return first
        value, _ = self.sum()
        self.need(">")
        self.need("0")
        self.need("else")
        otherwise = self.expression()
        return first if value > 0 else otherwise

    def sum(self):
        value, size = 0.0, 0.0
        sign = self.take("-") or "+"
        while sign:
            term, term_size = self.product()
            value, size = value + (term if sign == "+" else -term), size + term_size
            sign = self.take("+", "-")
        return value, size

    def product(self):
        value, size = self.power()
        while sign := self.take("*", "/"):
            other, other_size = self.power()
            if sign == "*":
                value, size = value * other, size * other_size
            else:
                value, size = value / other, size / abs(other) * (other_size / abs(other))
        return value, size

    def power(self):
        base, size = self.atom()
        if self.take("^"):
            exponent, _ = self.atom()
            return base**exponent, size**exponent
        return base, size

    def atom(self):
        kind, text = self.tokens[self.at]
        self.at += 1
        if kind == "number":
            return float(text), float(text)
        if kind == "symbol":
            self.used.add(text)
            return self.symbols[text], abs(self.symbols[text])
        if kind == "dots":
            raise Shortened
        if kind == "call":
            return self.call(text)
        assert text == "(", f"unexpected {text!r} in {self.tokens}"
        inner = self.expression()
        self.need(")")
        return inner

    def call(self, name):
        arguments = [self.expression()]
        while self.take(","):
            arguments.append(self.expression())
        self.need(")")
        value = FUNCTIONS[name](*[value for value, _ in arguments])
        first, size = arguments[0]
        if name == "exp":
            return value, value * (1.0 + size)
        if name == "log":
            return value, max(abs(value), size / first)
        if name == "sqrt":
            return value, value
        return value, 1.0 if name == "sign" else max(size for _, size in arguments)


@pytest.mark.parametrize(
    ("text", "value", "size"),
    [
        ("2 + 3 * 4", 14, 14),
        ("2 - 3 - 4", -5, 9),
        ("(-2) * 3^2", -18, 18),
        ("-2^2 + 1", -3, 5),
        ("12 / 2 / 3", 2, 2),
        ("1 / (2 - 3)", -1, 5),
        ("2 * 3 if z[2]_1 > 0 else 7", 7, 7),
        ("2 * 3 if W[2]_1,3 > 0 else 7", 6, 6),
        ("max(z[2]_1, 0) - min(1, 2)", -1, 2.5),
        ("W[2]_1,3^2 + e[3]_1^(2)^2", 13, 13),
        ("f'(z[2]_1) * new b[2]_1 * dC/dW[2]_1,1", 24, 24),
        ("sign(-4) * sqrt(9) * abs(-2)", -6, 6),
        ("exp(0) + log(1) + tanh(0)", 1, 2),
        ("1.5e-03 * 2", 0.003, 0.003),
    ],
)
def test_the_reader_reads(text, value, size):
    symbols = {"z[2]_1": -0.5, "W[2]_1,3": 2.0, "e[3]_1^(2)": 3.0, "f'(z[2]_1)": 2.0}
    symbols |= {"new b[2]_1": 3.0, "dC/dW[2]_1,1": 4.0}
    assert Reader(text, symbols).result() == (value, size)


@pytest.mark.parametrize("text", ["2 +", "2 3", "(2", "f(2)", "2 if 3 else 4", "z", "2 $ 3"])
def test_the_reader_refuses(text):
    with pytest.raises((AssertionError, IndexError, KeyError)):
        Reader(text, {}).result()


# What a formula may be off by, of its size: a rounding (2^-53) for each of its operations.
FORMULA = 1e-13
# Each number of a substitution has DIGITS digits, so half of the last is at most 5e-6 of it; a
# term has a few of them.
SUBSTITUTION = 2e-5


class Problem:
    """A network with its samples and settings."""

    def __init__(
        self, layers, hidden="sigmoid", output="sigmoid", n=1, cost="half_mse", rule="gradient",
        update_order="simultaneous", optimizer=None, seed=3,
    ):  # fmt: skip
        rng = np.random.default_rng(seed)
        activations = [hidden] * (len(layers) - 2) + [output]
        self.network = Network(layers, activations, init="uniform", seed=seed)
        if rule == "proportional":
            for w in self.network.weights:
                np.abs(w, out=w)
        self.x = rng.uniform(-1, 1, (n, layers[0]))
        self.d = rng.uniform(0.1, 0.9, (n, layers[-1]))
        if output == "softmax":
            self.d /= self.d.sum(axis=1, keepdims=True)
        self.optimizer = Optimizer(**(optimizer or {"name": "sgd"}))
        self.settings = {"cost": cost, "rule": rule, "update_order": update_order}

    def explain(self, **others):
        return explain(
            self.network, self.x, self.d, optimizer=self.optimizer, **self.settings, **others
        )

    def step(self):
        return self.network.step(self.x, self.d, optimizer=self.optimizer, **self.settings)

    def stepped(self):
        """The network after the step, and the step, made on copies."""
        other = copy.deepcopy(self)
        return other.network, other.step()

    def given(self):
        """The symbols that formulas start from, which no formula gives."""
        n, K = self.d.shape
        s = {"half_mse": 1 / K, "mse": 2 / K}.get(self.settings["cost"], 1.0)
        found = {"n": n, "K": K, "s": s}
        behind = [f"^({i})" if n > 1 else "" for i in range(1, n + 1)]
        for i, sample in enumerate(behind):
            found |= {f"x_{j}{sample}": v for j, v in enumerate(self.x[i], 1)}
            found |= {f"d_{k}{sample}": v for k, v in enumerate(self.d[i], 1)}
        found |= parameters("W", "b", self.network.weights, self.network.biases)
        # what the optimiser remembers, from its state before the step
        letters = {"velocity": "v", "square": "v", "mean": "m", "previous": "p", "step": "step"}
        if self.optimizer.settings["name"] == "rmsprop":
            letters["velocity"] = "u"
        for name in OPTIMIZERS[self.optimizer.settings["name"]].state:
            if self.optimizer.state:
                state = self.network.views(self.optimizer.state[name])
            else:
                start = self.optimizer.settings["learning_rate"] if name == "step" else 0.0
                state = [
                    [np.full_like(v, start) for v in part]
                    for part in (self.network.weights, self.network.biases)
                ]
            found |= parameters(letters[name], letters[name], *state)
        settings = self.optimizer.settings
        named = {"learning_rate": "eta", "momentum": "mu", "weight_decay": "lambda"}
        named |= {"alpha": "alpha", "eps": "eps"}
        found |= {letter: settings[name] for name, letter in named.items() if name in settings}
        if "betas" in settings:
            found["beta1"], found["beta2"] = settings["betas"]
            found["t"] = self.optimizer.updates + 1
        # the forward pass after the step, which the table leaves out
        after, _ = self.stepped()
        forward, last = after.forward(self.x), len(after.layers)
        for i, sample in enumerate(behind):
            for letter, values in (("z", forward.z[-1]), ("a", forward.a[-1])):
                for k, value in enumerate(values[i], 1):
                    found[f"new {letter}[{last}]_{k}{sample}"] = value
        return {symbol: float(value) for symbol, value in found.items()}


def parameters(of_weights, of_biases, weights, biases):
    """The symbols of weights and biases, or of what belongs to them, with their values."""
    found = {}
    for layer, (w, b) in enumerate(zip(weights, biases), 2):
        found |= {f"{of_biases}[{layer}]_{k}": v for k, v in enumerate(b, 1)}
        for k, row in enumerate(w, 1):
            found |= {f"{of_weights}[{layer}]_{k},{j}": v for j, v in enumerate(row, 1)}
    return found


def prove(problem, **others):
    """Check that each formula, and what is put into it, gives the row's value; return the rows.

    A formula may use what is given and what rows above it have computed, but for a softmax, which
    uses the weighted sums of the whole layer.
    """
    rows = table_of(problem.explain(**others))
    first = problem.given()
    known, all_symbols = dict(first), {row["symbol"]: row["value"] for row in rows} | first
    shortened = 0
    for row in rows:
        softmax = row["stage"] == "activation" and problem.settings["cost"] == "cross_entropy"
        try:
            reader = Reader(row["formula"], all_symbols if softmax else known)
            value, size = reader.result()
            assert abs(value - row["value"]) <= FORMULA * max(size, abs(value)), row
            put, size = Reader(row["substitution"], {}).result()
            assert abs(put - row["value"]) <= SUBSTITUTION * max(size, abs(put)), row
        except Shortened:
            shortened += 1
            with pytest.raises(Shortened):
                Reader(row["substitution"], {}).result()
        known.setdefault(row["symbol"], row["value"])
    assert shortened <= 0.02 * len(rows)
    return rows


@pytest.mark.parametrize("n", [1, 3])
@pytest.mark.parametrize("update_order", UPDATE_ORDERS)
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(("cost", "output"), PAIRS)
def test_formulas_of_every_rule_order_cost_and_output(cost, output, rule, update_order, n):
    settings = {"cost": cost, "rule": rule, "update_order": update_order}
    prove(Problem([2, 3, 2], "tanh", output, n, **settings, optimizer={"learning_rate": 0.1}))


@pytest.mark.parametrize("layers", [[2, 2], [3, 2, 3], [2, 3, 2, 2], [2, 2, 3, 2, 1]])
@pytest.mark.parametrize("n", [1, 3])
@pytest.mark.parametrize("hidden", HIDDEN)
def test_formulas_of_every_hidden_activation_and_depth(hidden, n, layers):
    for rule, update_order in (("gradient", "simultaneous"), ("transpose", "output_first")):
        settings = {"rule": rule, "update_order": update_order, "optimizer": {"learning_rate": 0.1}}
        prove(Problem(layers, hidden, n=n, **settings))


OPTIMIZER_SETTINGS = [
    {"name": "sgd"},
    {"name": "sgd", "momentum": 0.8, "nesterov": True},
    {"name": "momentum"},
    {"name": "nesterov"},
    {"name": "rmsprop"},
    {"name": "rmsprop", "momentum": 0.5, "alpha": 0.9, "eps": 1e-3},
    {"name": "adam"},
    {"name": "adam", "betas": [0.8, 0.95], "eps": 1e-3},
    {"name": "rprop"},
    {"name": "rprop", "etas": [0.4, 1.5], "step_sizes": [0.009, 0.012]},
]


@pytest.mark.parametrize("updates", [0, 2])
@pytest.mark.parametrize("weight_decay", [0.0, 0.05])
@pytest.mark.parametrize("n", [1, 3])
@pytest.mark.parametrize("update_order", UPDATE_ORDERS)
@pytest.mark.parametrize("optimizer", OPTIMIZER_SETTINGS)
def test_formulas_of_every_optimizer(optimizer, update_order, n, weight_decay, updates):
    optimizer = {**optimizer, "weight_decay": weight_decay}
    problem = Problem([2, 3, 2], n=n, update_order=update_order, optimizer=optimizer)
    for _ in range(updates):
        problem.step()
    prove(problem)


def test_formulas_where_rprop_turns():
    # A step too long: the gradient's sign changes, the step shrinks, p and the move are 0.
    problem = Problem(
        [2, 2, 1], "tanh", "identity", optimizer={"name": "rprop", "learning_rate": 1}
    )
    problem.step()
    rows = prove(problem)
    turned = [r for r in rows if r["symbol"].startswith("new p") and r["formula"] == "0"]
    assert turned
    place = turned[0]["symbol"].removeprefix("new p")
    shrunk = next(r for r in rows if r["symbol"] == f"new step{place}")
    assert shrunk["formula"] == f"min(max(step{place} * 0.5, 1e-06), 50)"
    assert shrunk["value"] == 0.5


def test_a_long_sum_has_dots():
    problem = Problem([12, 2, 11])
    rows = problem.explain().table.set_index("symbol")
    terms = " + ".join(f"W[2]_1,{j} * a[1]_{j}" for j in (1, 2, 3, 4))
    # 12 products and the bias: the first 4 and the last 2
    assert rows["formula"]["z[2]_1"] == f"{terms} + ... + W[2]_1,12 * a[1]_12 + b[2]_1"
    assert rows["formula"]["e[2]_1"].count("share") == 6
    assert " + ... + " in rows["substitution"]["e[2]_1"]
    assert "..." not in rows["formula"]["shares[3]_1"]
    # a penalty has all weights
    problem = Problem([2, 3, 2], optimizer={"weight_decay": 0.1})
    formula = problem.explain().table.set_index("symbol")["formula"]["penalty"]
    assert formula == (
        "lambda / 2 * (W[2]_1,1^2 + W[2]_1,2^2 + W[2]_2,1^2 + W[2]_2,2^2 + ... + W[3]_2,2^2 + "
        "W[3]_2,3^2)"
    )
    # ten terms are still written out
    assert "..." not in Problem([9, 1]).explain().table.set_index("symbol")["formula"]["z[2]_1"]


# Places -----------------------------------------------------------------------------------------

SYMBOL = re.compile(
    r"(?:new )?(?:f'\()?([A-Za-z/]+\d?)(?:\[(\d+)\])?(?:_([\d,]+))?(?:\^\((\d+)\))?\)?"
)


@pytest.mark.parametrize("n", [1, 3])
def test_the_columns_say_what_the_symbols_say(n):
    optimizer = {"name": "adam", "weight_decay": 0.1}
    for row in table_of(Problem([2, 3, 2, 2], n=n, optimizer=optimizer).explain()):
        letter, layer, place, sample = SYMBOL.fullmatch(row["symbol"]).groups()
        to, *source = [int(number) for number in place.split(",")] if place else [None]
        if letter == "d":
            layer = 4
        expected = [layer and int(layer), source[0] if source else None, to]
        assert [row["layer"], row["from"], row["to"]] == expected, row
        if letter == "C" and n == 1:  # beside a penalty the only sample's cost has a name
            assert row["sample"] == (1 if row["stage"].startswith("sample_cost") else None)
        else:
            assert row["sample"] == (sample and int(sample)), row


# The numbers are the step's ---------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 3])
@pytest.mark.parametrize(("rule", "update_order"), RULES_AND_ORDERS)
def test_the_values_are_those_of_the_step(rule, update_order, n):
    optimizer = {"name": "adam", "weight_decay": 0.05}
    problem = Problem(
        [2, 3, 2, 2], "tanh", n=n, rule=rule, update_order=update_order, optimizer=optimizer
    )
    problem.step()
    found = problem.explain()
    value = found.table.set_index("symbol")["value"]
    after, step = problem.stepped()
    cost, decay = problem.settings["cost"], 0.05
    behind = [f"^({i})" if n > 1 else "" for i in range(1, n + 1)]
    for i, sample in enumerate(behind):
        for layer in (2, 3, 4):
            for k in range(problem.network.layers[layer - 1]):
                at = f"[{layer}]_{k + 1}{sample}"
                assert value[f"z{at}"] == step.forward.z[layer - 2][i, k]
                assert value[f"a{at}"] == step.forward.a[layer - 1][i, k]
                assert value[f"e{at}"] == step.backward.e[layer - 2][i, k]
                assert value[f"delta{at}"] == step.backward.delta[layer - 2][i, k]
    gradients = step.backward.grad_weights, step.backward.grad_biases
    expected = parameters("dC/dW", "dC/db", *gradients)
    expected |= parameters("new W", "new b", after.weights, after.biases)
    for symbol, number in expected.items():
        assert value[symbol] == number
    before = problem.network.mean_cost(problem.x, problem.d, cost=cost, weight_decay=decay)
    later = after.mean_cost(problem.x, problem.d, cost=cost, weight_decay=decay)
    # means over other layouts of the samples may differ in the last bit
    assert [found.cost_before, found.cost_after] == pytest.approx([before, later], rel=1e-14)
    assert [value["C"], value["new C"]] == [found.cost_before, found.cost_after]
    assert value["change"] == value["new C"] - value["C"]


@pytest.mark.parametrize(("rule", "update_order"), RULES_AND_ORDERS)
def test_what_adds_up(rule, update_order):
    problem = Problem([2, 3, 3, 2], n=3, rule=rule, update_order=update_order)
    table = problem.explain().table
    value = table.set_index("symbol")["value"]
    blames = table[table["stage"] == "blame"].groupby(["layer", "to"])["value"]
    np.testing.assert_allclose(blames.sum(), 1.0, rtol=1e-15)
    assert len(blames) == 5
    shares = table[table["stage"] == "share"]
    for (layer, to, sample), group in shares.groupby(["layer", "to", "sample"]):
        total = value[f"shares[{layer}]_{to}^({sample})"]
        assert total == pytest.approx(group["value"].sum(), rel=1e-14)
        if rule.startswith("proportional"):
            error = value[f"e[{layer}]_{to}^({sample})"]
            sign = 1.0
            if rule == "proportional_abs":  # its shares add up to e where all have one sign
                new = "new " if update_order == "output_first" else ""
                sent = problem.stepped()[0] if new else problem.network
                w = sent.weights[layer - 2][to - 1]
                sign = w.sum() / np.abs(w).sum()
            assert total == pytest.approx(sign * error, rel=1e-13)
    for (layer, source, sample), group in shares.groupby(["layer", "from", "sample"]):
        error = value[f"e[{layer - 1}]_{source}^({sample})"]
        # the matrix product and the shares one by one round differently
        assert abs(error - group["value"].sum()) <= 1e-15 * group["value"].abs().sum()


def test_network_and_optimizer_are_left_as_they_are():
    problem = Problem([2, 3, 2], n=3, optimizer={"name": "adam", "weight_decay": 0.1})
    problem.step()
    before, x, d = copy.deepcopy(problem.optimizer), problem.x.copy(), problem.d.copy()
    parameters_before = problem.network.parameters.copy()
    explanation = problem.explain()
    first = explanation.report()
    np.testing.assert_array_equal(problem.network.parameters, parameters_before)
    np.testing.assert_array_equal(problem.x, x)
    np.testing.assert_array_equal(problem.d, d)
    assert problem.optimizer.updates == before.updates == 1
    assert problem.optimizer.settings == before.settings
    for name, values in before.state.items():
        np.testing.assert_array_equal(problem.optimizer.state[name], values)
    # and the explanation stays as it is when the network moves on
    problem.step()
    assert explanation.report() == first


def test_the_same_step_from_a_plan():
    training = {"shuffle": True, "batch_size": 2, "seed": 7, "optimizer": {"name": "adam"}}
    plan = read_plan({"training": training})
    # a plan's first update is that of its training
    run = run_plan({"training": {**training, "epochs": 1, "snapshots": [1]}})
    step = explain_plan(plan)
    new = {r["symbol"]: r["value"] for r in table_of(step) if r["stage"] == "update"}
    first = run.snapshots[0]
    assert new == parameters("new W", "new b", first.weights, first.biases)
    # one of its samples makes the update by itself
    one = explain_plan(plan, sample=3, neurons=[(2, 4)])
    alone = explain(Network(**plan.network), [[1, 0]], [[1]], optimizer="adam", neurons=[(2, 4)])
    assert one.table.equals(alone.table)
    assert one.report() == alone.report()


def test_a_data_set_is_explained_by_its_first_sample():
    first, second = explain_plan("iris"), explain_plan("iris", sample=2)
    assert first.title == second.title
    assert first.title.startswith("One step of a 4-")
    assert " on 1 sample: cost half_mse, rule gradient, update order simultaneous" in first.title
    data = load_dataset("iris").plan_data()
    for explanation, sample in ((first, 0), (second, 1)):
        inputs = explanation.table.query("stage == 'input'")["value"]
        assert inputs.tolist() == data.x[sample].tolist()


# Numbers that are shown --------------------------------------------------------------------------


def test_what_cancels_is_shown_as_0():
    # 0.1 + 0.2 - 0.3 is 2.8e-17 or 5.6e-17 by the order of the sum, and 0 in truth.
    network = Network([3, 1, 1], "identity", weights=[[[0.1, 0.2, -0.3]], [[1.0]]])
    explanation = explain(network, [[1, 1, 1]], [[0]])
    value = explanation.table.set_index("symbol")["value"]
    assert 0.0 < abs(value["z[2]_1"]) < 1e-16
    lines = explanation.report().splitlines()
    assert "         = 0.1 * 1 + 0.2 * 1 + (-0.3) * 1 + 0" in lines
    assert lines[lines.index("         = 0.1 * 1 + 0.2 * 1 + (-0.3) * 1 + 0") + 1] == "         = 0"
    for symbol in ("a[2]_1", "z[3]_1", "a[3]_1", "e[3]_1", "C", "delta[3]_1", "change"):
        (line,) = [one for one in lines if one.startswith(f"  {symbol} = ")]
        assert line.endswith(" = 0"), line
    assert "e-17" not in explanation.report()
    assert "the cost stays the same" in explanation.report()


def test_an_error_that_shares_cancel_in_is_shown_as_0():
    # e[2]_1 = 0.1 + 0.2 - 0.3 of errors of 1, by three outputs
    network = Network(
        [1, 1, 3],
        "identity",
        weights=[[[1.0]], [[0.1], [0.2], [-0.3]]],
        biases=[[0], [0.9, 0.8, 1.3]],
    )
    for rule in ("gradient", "transpose"):
        explanation = explain(network, [[1]], [[0, 0, 0]], rule=rule)
        lines = explanation.report().splitlines()
        (line,) = [one for one in lines if one.startswith("  e[2]_1 = ")]
        assert line.endswith(" = 0.1 + 0.2 + (-0.3) = 0"), line
        (line,) = [one for one in lines if one.startswith("  dC/dW[2]_1,1 = ")]
        assert line.endswith(" = 0"), line
        assert "e-1" not in explanation.report()


def test_an_error_that_the_step_takes_away_is_shown_as_0():
    # new a = 0.4 * 1 - 0.1, which is 0.3 but for 5.6e-17
    explanation = explain(Network([1, 1], "identity", weights=[[[0.5]]]), [[1]], [[0.3]])
    (error,) = explanation.table.query("stage == 'output_error_after'")["value"]
    assert abs(error) < 1e-16  # 0 where the processor fuses a * b + c
    lines = explanation.report().splitlines()
    assert "  new e[2]_1 = new a[2]_1 - d_1 = 0.3 - 0.3 = 0" in lines
    assert "  new C = new e[2]_1^2 / (2 * K) = 0^2 / (2 * 1) = 0" in lines


def test_a_cost_that_overflows_is_said_to_be_no_number():
    # the new weight is -1e200 * 1e200, its output -Inf
    optimizer = Optimizer("sgd", learning_rate=1e200)
    explanation = explain(
        Network([1, 1], "identity", seed=1), [[1e150]], [[0]], optimizer=optimizer
    )
    assert not np.isfinite(explanation.cost_after)
    assert "the cost is no finite number any more." in explanation.report()


@pytest.mark.parametrize("inputs", [4, 40])
def test_a_saturated_slope_is_shown_as_0(inputs):
    # z = 18.5, where 1 - tanh(z)^2 is 3.4e-16 or one of its neighbours 0, 2.2e-16, 4.4e-16
    weights = [np.full((30, inputs), 18.5 / inputs), np.ones((2, 30))]
    network = Network([inputs, 30, 2], ["tanh", "identity"], weights=weights)
    explanation = explain(network, np.ones((1, inputs)), [[0, 0]])
    assert explanation.summarised == (inputs == 40)
    slope = explanation.summary.set_index("symbol")["largest"]["f'(z[2])"]
    assert 0.0 < slope < 1e-15
    lines = explanation.report().splitlines()
    found = [line.split() for line in lines if line.startswith("  f'(z[2]")]
    assert found
    for line in found:
        if explanation.summarised:
            assert line == ["f'(z[2])", "30", "0", "0", "0"]
        else:
            assert line[-1] == "0"


@pytest.mark.parametrize(
    ("value", "size", "text"),
    [
        (0.0, 0.0, "0"),
        (-0.0, 1.0, "0"),
        (1.16, 1.16, "1.16"),
        (2.5, 0.0, "2.5"),
        (-0.0115095338, 0.1, "-0.0115095"),
        (123456.5, 1.0, "123456"),  # a tie that a float can be: to even, as printf has it
        (1234567.0, 1.0, "1.23457e+06"),
        (1e-5, 1.0, "1e-05"),
        (2.77e-17, 0.3, "0"),
        (5.55e-17, 1e-16, "5.55e-17"),
        (1e-12, 1.0, "0"),
        (1e-11, 1.0, "1e-11"),
        (math.nan, 1.0, "NaN"),
        (math.inf, 1.0, "Inf"),
        (-math.inf, math.inf, "-Inf"),
        (2.0, math.inf, "2"),
        (5e-324, 0.0, "4.94066e-324"),
        (1.5e-310, 0.0, "1.5e-310"),
        (1.7976931348623157e308, 0.0, "1.79769e+308"),
    ],
)
def test_shown(value, size, text):
    assert shown(value, size) == text


def ulps(value, steps):
    """The float so many steps away."""
    for _ in range(abs(steps)):
        value = float(np.nextafter(value, math.inf if steps > 0 else -math.inf))
    return value


# Values of up to 9 digits, and ties: where 6 digits end, the next is a 5 and nothing follows. What
# is halfway between two numbers of 12 digits no rounding could save, and no such value is here.
decimals = st.builds(
    lambda digits, power: float(f"{digits}e{power}"),
    st.one_of(
        st.integers(1, 10**9), st.integers(10**5, 10**6 - 1).map(lambda whole: 10 * whole + 5)
    ),
    st.integers(-30, 20),
)


@given(decimals, st.booleans(), st.floats(1.0, 100.0), st.integers(-9, 9), st.integers(-9, 9))
@example(0.1234565, False, 1.0, -3, 0)
@example(0.1234575, False, 1.0, 3, 0)
@example(0.1234565, True, 8.1, 9, -9)
@example(1234565.0, False, 1.0, -1, 1)
@example(0.0009999995, False, 1.0, -2, 0)
@example(1.0, False, 1.0, -1, -1)
def test_last_bits_are_not_shown(value, negative, factor, steps, size_steps):
    value = -value if negative else value
    size = abs(value) * factor
    assert shown(ulps(value, steps), ulps(size, size_steps)) == shown(value, size)


def test_a_difference_that_counts_is_shown():
    # shown() hides what is below 12 digits of the size, not more
    assert shown(1.234565 + 1e-11, 1.0) == "1.23457"
    assert shown(1.234565 - 1e-11, 1.0) == "1.23456"
    assert SIZE_DIGITS >= 2 * DIGITS


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(0.0, 1e300))
def test_shown_is_near_the_value(value, size):
    text = shown(value, size)
    # half of the last digit shown, and half of the last digit of the size
    near = 0.5000001 * (10.0 ** (1 - DIGITS) * abs(value) + 10.0 ** (1 - SIZE_DIGITS) * size)
    assert abs(float(text) - value) <= near + 5e-324


# Single neurons, and summaries ------------------------------------------------------------------


def test_the_equations_of_single_neurons():
    problem = Problem([2, 3, 2, 2], n=2, optimizer={"name": "adam", "weight_decay": 0.1})
    whole, chosen = table_of(problem.explain()), [(3, 2), [1, 1]]
    some = table_of(problem.explain(neurons=chosen))
    costs = {"penalty", "cost", "penalty_after", "cost_after", "change", "scale", "setting"}
    belongs = {(layer, to) for layer, to in chosen}
    expected = [r for r in whole if (r["layer"], r["to"]) in belongs or r["stage"] in costs]
    stages = [r["stage"] for r in some]
    assert sorted(r["symbol"] for r in some) == sorted(r["symbol"] for r in expected)
    assert {r["symbol"]: r["value"] for r in some} == {r["symbol"]: r["value"] for r in expected}
    # the scale comes before the first delta that uses it
    assert stages.index("scale") < stages.index("delta")
    assert stages.count("scale") == 1
    # an input has nothing else
    only = table_of(problem.explain(neurons=[(1, 2)]))
    assert [r["symbol"] for r in only if r["stage"] not in costs] == ["a[1]_2^(1)", "a[1]_2^(2)"]
    assert not {"scale", "setting"} & {r["stage"] for r in only}
    array = problem.explain(neurons=np.array([[3, 2], [1, 1]]))
    assert array.report() == problem.explain(neurons=chosen).report()


@pytest.mark.parametrize("update_order", UPDATE_ORDERS)
def test_the_formulas_of_single_neurons(update_order):
    problem = Problem([2, 3, 2], n=3, update_order=update_order)
    rows = table_of(problem.explain(neurons=[(2, 3)]))
    values = {r["symbol"]: r["value"] for r in table_of(problem.explain())} | problem.given()
    for row in rows:
        value, size = Reader(row["formula"], values).result()
        assert abs(value - row["value"]) <= FORMULA * max(size, abs(value)), row


def test_a_large_step_is_summarised():
    rng = np.random.default_rng(1)
    network = Network([784, 30, 10])
    x, d = rng.uniform(size=(64, 784)), rng.uniform(size=(64, 10))
    explanation = explain(network, x, d, optimizer=Optimizer("sgd", weight_decay=0.1))
    assert explanation.summarised
    stages = ["penalty", "cost", "penalty_after", "cost_after", "change"]
    assert explanation.table["stage"].tolist() == stages
    for format in FORMATS:
        assert len(explanation.report(format)) < 20_000
    summary = explanation.summary.set_index("symbol")
    assert list(explanation.summary.columns) == [
        *("stage", "layer", "symbol", "count", "smallest", "mean", "largest")
    ]
    assert summary.index.tolist() == [
        *("z[2]", "a[2]", "z[3]", "a[3]"),
        *("e[3]", "f'(z[3])", "delta[3]", "dC/dW[3]", "dC/db[3]"),
        *("e[2]", "f'(z[2])", "delta[2]", "dC/dW[2]", "dC/db[2]"),
        *("new W[2]", "new b[2]", "new W[3]", "new b[3]"),
    ]
    assert summary["count"].to_dict() == {
        **dict.fromkeys(["z[2]", "a[2]", "e[2]", "f'(z[2])", "delta[2]"], 64 * 30),
        **dict.fromkeys(["z[3]", "a[3]", "e[3]", "f'(z[3])", "delta[3]"], 64 * 10),
        "dC/dW[2]": 30 * 784,
        "new W[2]": 30 * 784,
        "dC/db[2]": 30,
        "new b[2]": 30,
        "dC/dW[3]": 10 * 30,
        "new W[3]": 10 * 30,
        "dC/db[3]": 10,
        "new b[3]": 10,
    }
    forward = network.forward(x)
    numbers = summary.loc["a[2]", ["smallest", "mean", "largest"]].tolist()
    a = forward.a[1]
    assert numbers == [a.min(), a.mean(), a.max()]
    backward = network.backward(forward, d)
    numbers = summary.loc["dC/dW[2]", ["smallest", "mean", "largest"]].tolist()
    grad = backward.grad_weights[0]
    assert numbers == [grad.min(), grad.mean(), grad.max()]
    assert summary["layer"].tolist() == [int(re.search(r"\d", s)[0]) for s in summary.index]
    # single neurons can be had of it
    some = explain(network, x, d, neurons=[(2, 1)])
    assert not some.summarised
    assert some.table.query("stage == 'update'").shape[0] == 785


def test_a_summary_is_there_in_any_case():
    explanation = Problem([2, 3, 2], "tanh", "softmax", n=3, cost="cross_entropy").explain()
    assert not explanation.summarised
    table, summary = explanation.table, explanation.summary
    assert "f'(z[3])" not in summary["symbol"].tolist()
    for row in summary.to_dict("records"):
        letters = re.escape(row["symbol"].rstrip(")"))
        values = table[table["symbol"].str.match(rf"{letters}_")]["value"]
        assert len(values) == row["count"]
        assert [values.min(), values.max()] == [row["smallest"], row["largest"]]
        assert values.mean() == pytest.approx(row["mean"], rel=1e-12, abs=1e-16)


NOT_COUNTED = {
    *("sample_cost", "cost", "penalty", "sample_cost_after", "cost_after", "penalty_after"),
    *("output_error_after", "change", "scale", "setting", "optimizer", "denominator"),
}


@pytest.mark.parametrize("layers", [[2, 2], [3, 2, 4], [2, 3, 4, 1]])
@pytest.mark.parametrize("n", [1, 3])
@pytest.mark.parametrize(
    ("rule", "cost"), [("gradient", "half_mse"), ("proportional", "cross_entropy")]
)
def test_a_step_is_summarised_from_its_count_on(layers, n, rule, cost, monkeypatch):
    optimizer = {"name": "adam", "weight_decay": 0.1}
    problem = Problem(layers, n=n, rule=rule, cost=cost, optimizer=optimizer)
    stages = problem.explain().table["stage"]
    count = (~stages.isin(NOT_COUNTED)).sum()
    if cost == "cross_entropy":  # f' counts for every neuron
        count += n * layers[-1]
    module = sys.modules["twinprop.explain"]  # twinprop.explain is the function
    monkeypatch.setattr(module, "MOST_EQUATIONS", count)
    assert not problem.explain().summarised
    monkeypatch.setattr(module, "MOST_EQUATIONS", count - 1)
    assert problem.explain().summarised


# Reports ----------------------------------------------------------------------------------------

FORMATS = ["text", "md", "html", "latex", "json"]
GOLDEN = Path(__file__).parents[1] / "cases" / "explain" / "three-by-three.txt"


def various():
    """Explanations with every kind of text in them."""
    yield "cases", explain_plan("three_by_three")
    for rule, order in RULES_AND_ORDERS:
        yield rule, Problem([2, 3, 2], "tanh", n=2, rule=rule, update_order=order).explain()
    for optimizer in OPTIMIZER_SETTINGS:
        problem = Problem([2, 2, 1], "relu", optimizer={**optimizer, "weight_decay": 0.05})
        problem.step()
        yield optimizer["name"], problem.explain()
    for hidden in HIDDEN:
        yield hidden, Problem([2, 3, 2], hidden, "softmax", cost="cross_entropy").explain()
    yield "binary", Problem([12, 2, 2], "softplus", n=12, cost="cross_entropy").explain()
    yield "summary", Problem([40, 30, 2], n=2).explain()
    overflow = Network([1, 1, 1], "identity", weights=[[[1e200]], [[1e200]]])
    yield "overflow", explain(overflow, [[1]], [[1]])


VARIOUS = list(various())
EACH = pytest.mark.parametrize("explanation", [e for _, e in VARIOUS], ids=[n for n, _ in VARIOUS])


def test_the_text_of_the_worked_sample():
    explanation = explain_plan("three_by_three")
    text = explanation.report()
    assert text == GOLDEN.read_text(encoding="utf-8")
    assert repr(explanation) + "\n" == text
    # its numbers are the oracle's
    lines = text.splitlines()
    assert len(CASES["three-by-three"]["rows"]) > 100
    for *_, symbol, value in CASES["three-by-three"]["rows"]:
        (at,) = [i for i, line in enumerate(lines) if line.startswith(f"  {symbol} = ")]
        while lines[at + 1 :][:1] and lines[at + 1].startswith("    "):
            at += 1
        assert lines[at].endswith(f" = {value:.6g}"), symbol


@EACH
def test_the_text_has_every_equation(explanation):
    text = explanation.report()
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    lines = text.splitlines()
    assert not [line for line in lines if line != line.rstrip()]
    assert not [line for line in lines if not line.startswith("  ") and len(line) > 100]
    equations = [line for line in lines if re.match(r"  \S.* = ", line)]
    table = explanation.table
    assert [line.split(" = ")[0].strip() for line in equations] == table["symbol"].tolist()
    titles = [lines[i - 1] for i, line in enumerate(lines) if line and set(line) == {"-"}]
    assert [title.split(". ")[0] for title in titles] == [str(i + 1) for i in range(len(titles))]
    flat = re.sub(r"\n +=", " =", text)
    for row in table.to_dict("records"):
        said = list(dict.fromkeys([row["symbol"], row["formula"], row["substitution"]]))
        assert "  " + " = ".join(said) in flat
    for note in (note for section in explanation.sections for note in section.notes):
        assert note in " ".join(lines)


@EACH
def test_markdown(explanation):
    text = explanation.report("md")
    lines = text.splitlines()
    assert lines[0] == "# One training step"
    assert [line for line in lines if line.startswith("## ")] == [
        f"## {i}. {section.title}" for i, section in enumerate(explanation.sections, 1)
    ]
    assert lines.count("$$") == 2 * len(explanation.equations)
    formulas = text.split("$$\n")[1::2]
    assert len(formulas) == len(explanation.equations)
    for formula in formulas:
        check_latex(formula)
        assert formula.startswith("\\begin{aligned}\n")
        assert formula.endswith("\n\\end{aligned}\n")
    for prose in text.split("$$\n")[::2]:
        if "|" not in prose:
            assert not re.search(r"(?<!\\)[_*]", prose)
    rows = [line for line in lines if line.startswith("|")]
    assert len(rows) == (2 + len(explanation.layers) if explanation.summarised else 0)
    assert {line.count("|") for line in rows} <= {6}


def check_latex(text):
    """Check that braces, environments, and what \\left and \\right open and close, match."""
    depth, environments, sides = 0, [], []
    for token in re.findall(r"\\begin\{\w+\}|\\end\{\w+\}|\\left.|\\right.|\\.|[{}]", text):
        if token == "{":
            depth += 1
        elif token == "}":
            depth -= 1
        elif token.startswith(("\\begin{", "\\end{")):
            name = token[token.index("{") :]
            if token.startswith("\\begin"):
                environments.append(name)
            else:
                assert environments.pop() == name
        elif token.startswith("\\left"):
            sides.append(token[-1])
        elif token.startswith("\\right"):
            assert sides.pop() + token[-1] in ("()", "||")
        assert depth >= 0
    assert (depth, environments, sides) == (0, [], [])
    assert not re.search(r"[\^_]\s*[\^_}]", text.replace("\\_", "").replace("\\^{}", ""))


COMMANDS = {
    *("begin", "end", "left", "right", "frac", "cdot", "cdots", "partial", "mathrm", "text"),
    *("delta", "eta", "lambda", "mu", "alpha", "varepsilon", "beta", "infty", "operatorname"),
    *("exp", "log", "tanh", "sqrt", "max", "min"),
    *("documentclass", "usepackage", "allowdisplaybreaks", "title", "date", "maketitle"),
    *("section", "hline"),
}


@EACH
def test_latex(explanation):
    text = explanation.report("latex")
    assert text.startswith("\\documentclass{article}\n")
    assert text.endswith("\\end{document}\n")
    check_latex(text)
    assert set(re.findall(r"\\([A-Za-z]+)", text)) <= COMMANDS
    assert text.count("\\[\n") == text.count("\n\\]") == len(explanation.equations)
    assert text.count("\\section{") == len(explanation.sections)
    outside = re.sub(r"\\\[.*?\\\]", "", text, flags=re.DOTALL)
    assert not re.search(r"(?<!\\)[_^#%$]", outside)
    # two superscripts on one symbol do not compile: a power is of braces
    assert not re.search(r"\^\{[^{}]*\}(_\{[^{}]*\})?\^", text)


def test_a_formula_in_latex_and_in_mathml():
    rows = {write(e.quantity, TEXT): e for e in explain_plan("three_by_three").equations}
    quantity, expression = rows["C"].quantity, rows["C"].expression
    squares = " + ".join(f"{{e^{{[3]}}_{{{k}}}}}^{{2}}" for k in (1, 2, 3))
    assert write(expression, LATEX) == rf"\frac{{{squares}}}{{2 \cdot K}}"
    assert write(quantity, LATEX) == "C"
    update = rows["new W[3]_1,2"]
    weight = "W^{[3]}_{1,2}"
    assert write(update.quantity, LATEX) == rf"{{{weight}}}^{{\text{{new}}}}"
    assert write(update.expression, LATEX) == (
        rf"{weight} - \eta \cdot \frac{{\partial C}}{{\partial {weight}}}"
    )
    e = "<msubsup><mi>e</mi><mtext>1</mtext><mtext>[3]</mtext></msubsup>"
    a = "<msubsup><mi>a</mi><mtext>1</mtext><mtext>[3]</mtext></msubsup>"
    d = "<msub><mi>d</mi><mtext>1</mtext></msub>"
    assert write(rows["e[3]_1"].quantity, MATHML) == e
    assert write(rows["e[3]_1"].expression, MATHML) == f"<mrow>{a}<mo>&#8722;</mo>{d}</mrow>"
    numbers = write(rows["delta[3]_1"].expression, LATEX, numbers=True)
    assert numbers == r"0.333333 \cdot \left(-0.173697\right) \cdot 0.198787"
    small = Quantity("eps", 1e-8, 1e-8)
    assert write(small, LATEX, numbers=True) == r"1 \cdot 10^{-8}"
    assert write(small, MATHML, numbers=True) == (
        "<mrow><mn>1</mn><mo>&#183;</mo><msup><mn>10</mn><mn>&#8722;8</mn></msup></mrow>"
    )


class Page(HTMLParser):
    """Checks that tags match, and keeps what they say."""

    VOID = ("meta",)

    def __init__(self, text):
        super().__init__()
        self.open, self.attributes, self.tags = [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.attributes += attrs
        self.tags.append(tag)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


CHILDREN = {"mfrac": 2, "msup": 2, "msub": 2, "msubsup": 3}
MATH_TAGS = {*CHILDREN, "math", "mtable", "mtr", "mtd", "mrow", "msqrt", "mi", "mn", "mo", "mtext"}


@EACH
def test_html(explanation):
    text = explanation.report("html")
    assert text.startswith("<!DOCTYPE html>\n")
    page = Page(text)
    assert not re.search(r"https?:|//", text.split("</style>")[1])
    assert "url(" not in text
    assert "@import" not in text
    assert not {"script", "link", "img", "iframe"} & set(page.tags)
    assert not [name for name, _ in page.attributes if name in ("src", "href")]
    assert page.tags.count("h2") == len(explanation.sections)
    formulas = re.findall(r"<math>.*?</math>", text)
    assert len(formulas) == len(explanation.equations) == page.tags.count("math")
    for formula in formulas:
        for element in ElementTree.fromstring(formula).iter():
            assert element.tag in MATH_TAGS
            if element.tag in CHILDREN:
                assert len(element) == CHILDREN[element.tag], formula
            if element.tag in ("mi", "mn", "mo", "mtext"):
                assert element.text
                assert len(element) == 0
    parts = [value for name, value in page.attributes if name == "style"]
    blames = explanation.table.query("stage == 'blame'")["value"]
    assert [float(part.removeprefix("--part: ").rstrip("%")) for part in parts] == pytest.approx(
        (100 * blames).tolist(), rel=1e-5
    )
    assert page.tags.count("tr") == (1 + len(explanation.layers) if explanation.summarised else 0)


def test_a_notebook_shows_the_body_of_the_page():
    explanation = explain_plan("xor")
    body = explanation._repr_html_()
    assert body.startswith('<div class="twinprop">\n')
    assert body in explanation.report("html")
    Page(body)


@EACH
def test_json(explanation):
    content = json.loads(explanation.report("json"), parse_constant=pytest.fail)
    assert content["format"] == "twinprop-explanation/1"
    assert content["version"] == __version__
    assert content["title"] == explanation.title

    def finite(value):
        return value if value is None or math.isfinite(value) else None

    assert content["cost_before"] == finite(explanation.cost_before)
    assert content["cost_after"] == finite(explanation.cost_after)
    table = table_of(explanation)
    values = [row["value"] for row in content["table"]]
    expected = [row.quantity.value for row in explanation.equations]
    assert values == [finite(value) for value in expected]
    for row, found in zip(table, content["table"], strict=True):
        assert list(found) == COLUMNS
        assert all(found[column] == row[column] for column in COLUMNS[:-1])
    summary = explanation.summary.to_dict("records")
    assert [list(row) for row in content["summary"]] == [list(row) for row in summary]
    assert [row["count"] for row in content["summary"]] == [row["count"] for row in summary]


def test_what_overflows_is_shown_as_that():
    report = dict(VARIOUS)["overflow"].report()
    assert "  z[3]_1 = W[3]_1,1 * a[2]_1 + b[3]_1 = 1e+200 * 1e+200 + 0 = Inf\n" in report
    assert "  change = new C - C = NaN - Inf = NaN\n" in report


@pytest.mark.parametrize(
    ("ending", "format"),
    [(".txt", "text"), (".md", "md"), (".html", "html"), (".tex", "latex"), (".json", "json")],
)
def test_write_report(ending, format, tmp_path):
    explanation = explain_plan("xor")
    path = tmp_path / f"step{ending}"
    explanation.write_report(path)
    assert path.read_bytes().decode() == explanation.report(format)
    explanation.write_report(str(path))


# Messages ---------------------------------------------------------------------------------------


def refused(message, compute, *arguments, **settings):
    with pytest.raises(InputError) as caught:
        compute(*arguments, **settings)
    assert str(caught.value) == message


PAIRS_MESSAGE = "neurons must be a list of pairs of a layer and a neuron, got "


@pytest.mark.parametrize(
    ("neurons", "message"),
    [
        (3, f"{PAIRS_MESSAGE}3"),
        ("2:1", f'{PAIRS_MESSAGE}"2:1"'),
        ([], f"{PAIRS_MESSAGE}a list of 0"),
        ((2, 1), f"{PAIRS_MESSAGE}a list of 2"),
        ([(2, 1), 3], f"{PAIRS_MESSAGE}a list of 2"),
        ([(2, 1, 1)], f"{PAIRS_MESSAGE}a list of 1"),
        ([(2.5, 1)], f"{PAIRS_MESSAGE}a list of 1"),
        ([("2", 1)], f"{PAIRS_MESSAGE}a list of 1"),
        ([(0, 1)], "neurons entry 1, layer must be an integer from 1 to 3, got 0"),
        ([(2, 4), (4, 1)], "neurons entry 2, layer must be an integer from 1 to 3, got 4"),
        ([(2, 5)], "neurons entry 1, neuron must be an integer from 1 to 4, got 5"),
        ([(3, 1), (1, 0)], "neurons entry 2, neuron must be an integer from 1 to 2, got 0"),
    ],
)
def test_wrong_neurons(neurons, message):
    refused(message, explain_plan, "xor", neurons=neurons)


@pytest.mark.parametrize("sample", [0, 5, 1.5, "1", True])
def test_wrong_samples(sample):
    given = {"1": '"1"', True: "true"}.get(sample, sample)
    refused(
        f"sample must be an integer from 1 to 4, got {given}", explain_plan, "xor", sample=sample
    )


def test_wrong_formats_and_endings(tmp_path):
    step = explain_plan("xor", neurons=[(2, 1)])
    formats = '"text", "md", "html", "latex", "json"'
    refused(f'format must be one of {formats}, got "pdf"', step.report, "pdf")
    refused(f"format must be one of {formats}, got null", step.report, None)
    endings = '".txt", ".md", ".html", ".tex", ".json"'
    for name in ("step.pdf", "step", "step.TXT", ".txt"):
        message = f'path must end in one of {endings}, got "{name}"'
        refused(message, step.write_report, name)
    missing = tmp_path / "missing" / "step.txt"
    message = f'cannot write "{missing}": No such file or directory'
    refused(message, step.write_report, missing)


def test_wrong_arguments():
    network, x, d = Network([2, 2, 1]), [[0, 1]], [[1]]
    refused("network must be a Network, got 3", explain, 3, x, d)
    refused("x row 1 must have 2 values, got 1", explain, network, [[1]], d)
    refused("d must have as many rows as x (1), got 2", explain, network, x, [[1], [0]])
    refused('rule must be one of "gradient", "transpose", "proportional", "proportional_abs", '
            'got "hebb"', explain, network, x, d, rule="hebb")  # fmt: skip
    refused('update_order must be one of "simultaneous", "output_first", got "random"',
            explain, network, x, d, update_order="random")  # fmt: skip
    refused('cost must be one of "half_mse", "half_sse", "mse", "cross_entropy", got "mae"',
            explain, network, x, d, cost="mae")  # fmt: skip
    names = ", ".join(f'"{name}"' for name in OPTIMIZERS)
    refused(f'optimizer must be one of {names}, got "lbfgs"',
            explain, network, x, d, optimizer="lbfgs")  # fmt: skip
    refused('cannot read the plan: no file "exor"', explain_plan, "exor")


def test_a_vanishing_denominator():
    network = Network([1, 2, 1], weights=[[[1], [1]], [[0.5, -0.5]]])
    with pytest.raises(DenominatorError, match="neuron 1 of layer 3 sum to 0 or nearly 0"):
        explain(network, [[1]], [[1]], rule="proportional")


def test_a_title_names_the_settings():
    optimizer = {"name": "nesterov", "learning_rate": 0, "weight_decay": 0.1}
    title = Problem([2, 3, 1], "tanh", n=2, optimizer=optimizer).explain().title
    assert title == (
        "One step of a 2-3-1 network (tanh, sigmoid) on 2 samples: cost half_mse, rule gradient, "
        "update order simultaneous, optimizer nesterov (learning_rate 0, weight_decay 0.1, "
        "momentum 0.9, nesterov true)"
    )
    title = Problem([1, 1], optimizer={"name": "adam"}).explain().title
    assert title.endswith("optimizer adam (learning_rate 0.001, betas 0.9 and 0.999, eps 1e-08)")
