"""The numbers of a step, with their sizes. Twins: r/quantities.R, inst/js/quantities.js.

Section 12 of docs/contract.md. The numbers are those that the step computed. A size is what a
number's own formula gives with every term taken as positive, so that roundings are some 1e-16 of
it, however much of the terms cancels.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from twinprop.activations import ACTIVATIONS
from twinprop.backprop import Backward, Forward
from twinprop.checks import Array
from twinprop.costs import cost_function, penalty
from twinprop.equations import Quantity
from twinprop.network import Network
from twinprop.optimizers import Optimizer


class StepRecord(NamedTuple):
    """A step as it was made; lists as in `Forward` and `Backward`.

    Attributes
    ----------
    before, after : Network
        The network before and after the step.
    d : ndarray, (n, n_L)
        Desired outputs.
    forward, backward : Forward, Backward
        As the step used them.
    forward_after : Forward
        The same samples through the network after the step.
    optimizer, optimizer_after : Optimizer
        The optimiser before and after the step.
    cost, rule, update_order : str
        The settings.
    """

    before: Network
    after: Network
    d: Array
    forward: Forward
    backward: Backward
    forward_after: Forward
    optimizer: Optimizer
    optimizer_after: Optimizer
    cost: str
    rule: str
    update_order: str


def derivatives(network: Network, forward: Forward) -> list[Array]:
    """Return f'(z) of every layer; NaN for softmax, which has none of its own."""
    result = []
    for i, name in enumerate(network.activations):
        function = ACTIVATIONS[name].derivative
        out = np.full_like(forward.z[i], np.nan)
        result.append(out if function is None else function(forward.z[i], forward.a[i + 1], out))
    return result


def forward_sizes(network: Network, forward: Forward) -> Forward:
    """Return the sizes of z and a."""
    z, a = [], [np.abs(forward.a[0])]
    for i, slopes in enumerate(derivatives(network, forward)):
        z.append(a[i] @ np.abs(network.weights[i]).T + np.abs(network.biases[i]))
        value = np.abs(forward.a[i + 1])
        if network.activations[i] == "softmax":
            carried = value * z[i].max(axis=1, keepdims=True)
        else:
            carried = np.abs(slopes) * z[i]
        a.append(np.maximum(value, carried))
    return Forward(z, a)


def backward_sizes(record: StepRecord, a: list[Array], slopes: list[Array], s: float) -> Backward:
    """Return the sizes of e, delta and the gradients; those of a are given."""
    depth = len(slopes)
    e = [np.empty(0)] * depth
    delta, grad_weights, grad_biases = list(e), list(e), list(e)
    e[-1] = np.maximum(a[-1], np.abs(record.d))
    sent, sent_sizes = weights_sent_through(record), sizes_sent_through(record)
    for i in range(depth - 1, -1, -1):
        g = e[i]
        if has_slope(record, i):
            slope_size = np.maximum(np.abs(slopes[i]), a[i + 1])
            g = np.maximum(np.abs(record.backward.e[i]) * slope_size, e[i] * np.abs(slopes[i]))
        delta[i] = s * g
        grad_weights[i] = delta[i].T @ a[i] / len(g)
        grad_biases[i] = delta[i].mean(axis=0)
        if i > 0:
            carried = g if record.rule == "gradient" else e[i]
            e[i - 1] = carried @ share_sizes(sent[i], sent_sizes[i], record.rule)
    return Backward(e, delta, grad_weights, grad_biases)


def has_slope(record: StepRecord, i: int) -> bool:
    """Whether delta of the layer behind weights[i] has f' in it."""
    return i < len(record.before.weights) - 1 or record.cost != "cross_entropy"


def weights_sent_through(record: StepRecord) -> list[Array]:
    """Return the weights through which the errors went back."""
    return (record.after if record.update_order == "output_first" else record.before).weights


def sizes_sent_through(record: StepRecord) -> list[Array]:
    """Return the sizes of these weights; a new one is what is left of the old one and its step."""
    sizes = [np.abs(weights) for weights in record.before.weights]
    if record.update_order != "output_first":
        return sizes
    pairs = zip(sizes, record.after.weights, strict=True)
    return [np.maximum(size, np.abs(weights)) for size, weights in pairs]


def denominators(weights: Array, rule: str) -> Array:
    """Return what a rule divides the weights into each neuron by; 1 if it does not."""
    if rule == "proportional":
        return weights.sum(axis=1)
    return np.abs(weights).sum(axis=1) if rule == "proportional_abs" else np.ones(len(weights))


def share_sizes(weights: Array, sizes: Array, rule: str) -> Array:
    """Return the sizes of what the rule multiplies an error by; those of the weights are given."""
    divisors = np.abs(denominators(weights, rule))[:, np.newaxis]
    if rule == "proportional":  # the denominator's own size is that of its terms
        sizes = sizes * (sizes.sum(axis=1, keepdims=True) / divisors)
    return sizes / divisors


class Quantities:
    """Every number of a step as a `Quantity`; layers from 1, neurons and samples from 0."""

    def __init__(self, record: StepRecord) -> None:
        self.record = record
        self.layers = record.before.layers
        self.rows = len(record.d)
        activation = record.before.activations[-1]
        self.cost = cost_function(record.cost, activation)
        self.s = self.cost.scale(self.layers[-1])
        self.decay = float(record.optimizer.settings["weight_decay"])
        self.sent = weights_sent_through(record)
        self.sent_sizes = sizes_sent_through(record)
        self.slopes = derivatives(record.before, record.forward)
        self.forward_sizes = forward_sizes(record.before, record.forward)
        self.after_sizes = forward_sizes(record.after, record.forward_after)
        a = self.forward_sizes.a
        self.backward_sizes = backward_sizes(record, a, self.slopes, self.s)

    def sample(self, i: int) -> int | None:
        """Return how a sample is named: not at all if it is the only one."""
        return i + 1 if self.rows > 1 else None

    def has_slope(self, layer: int) -> bool:
        """Whether delta of a layer has f' in it."""
        return has_slope(self.record, layer - 2)

    def setting(self, letter: str, value: float) -> Quantity:
        """Return a setting."""
        return Quantity(letter, value, abs(value))

    def z(self, layer: int, k: int, i: int, new: bool = False) -> Quantity:
        """Return a weighted sum."""
        values = (self.record.forward_after if new else self.record.forward).z[layer - 2]
        sizes = (self.after_sizes if new else self.forward_sizes).z[layer - 2]
        return Quantity("z", values[i, k], sizes[i, k], layer, (k + 1,), self.sample(i), new)

    def a(self, layer: int, k: int, i: int, new: bool = False) -> Quantity:
        """Return an activation."""
        values = (self.record.forward_after if new else self.record.forward).a[layer - 1]
        sizes = (self.after_sizes if new else self.forward_sizes).a[layer - 1]
        return Quantity("a", values[i, k], sizes[i, k], layer, (k + 1,), self.sample(i), new)

    def target(self, k: int, i: int) -> Quantity:
        """Return a desired output."""
        value = self.record.d[i, k]
        return Quantity("d", value, abs(value), None, (k + 1,), self.sample(i))

    def e(self, layer: int, k: int, i: int, new: bool = False) -> Quantity:
        """Return an error; a new one of the output layer only."""
        if new:
            value = self.record.forward_after.a[-1][i, k] - self.record.d[i, k]
            size = max(self.after_sizes.a[-1][i, k], abs(self.record.d[i, k]))
        else:
            value = self.record.backward.e[layer - 2][i, k]
            size = self.backward_sizes.e[layer - 2][i, k]
        return Quantity("e", value, size, layer, (k + 1,), self.sample(i), new)

    def slope(self, layer: int, k: int, i: int) -> Quantity:
        """Return f'(z)."""
        value = self.slopes[layer - 2][i, k]
        size = max(abs(value), self.forward_sizes.a[layer - 1][i, k])
        return Quantity("f'", value, size, layer, (k + 1,), self.sample(i))

    def delta(self, layer: int, k: int, i: int) -> Quantity:
        """Return a delta."""
        value = self.record.backward.delta[layer - 2][i, k]
        size = self.backward_sizes.delta[layer - 2][i, k]
        return Quantity("delta", value, size, layer, (k + 1,), self.sample(i))

    def parameter(self, layer: int, k: int, j: int | None, new: bool = False) -> Quantity:
        """Return a weight, or, without j, a bias."""
        network, former = self.record.after if new else self.record.before, self.record.before
        if j is None:
            value = network.biases[layer - 2][k]
            size = max(abs(value), abs(former.biases[layer - 2][k]))
            return Quantity("b", value, size, layer, (k + 1,), None, new)
        value = network.weights[layer - 2][k, j]
        size = max(abs(value), abs(former.weights[layer - 2][k, j]))
        return Quantity("W", value, size, layer, (k + 1, j + 1), None, new)

    def gradient(self, layer: int, k: int, j: int | None) -> Quantity:
        """Return the gradient of a weight, or, without j, of a bias."""
        values, sizes = self.record.backward, self.backward_sizes
        if j is None:
            value, size = values.grad_biases[layer - 2][k], sizes.grad_biases[layer - 2][k]
            return Quantity("dC/db", value, size, layer, (k + 1,))
        value, size = values.grad_weights[layer - 2][k, j], sizes.grad_weights[layer - 2][k, j]
        return Quantity("dC/dW", value, size, layer, (k + 1, j + 1))

    def sent_weight(self, layer: int, k: int, j: int) -> Quantity:
        """Return a weight as the error goes back through it."""
        return self.parameter(layer, k, j, new=self.record.update_order == "output_first")

    def denominator(self, layer: int, k: int) -> Quantity:
        """Return what a rule divides the weights into a neuron by."""
        weights = self.sent[layer - 2][k : k + 1]
        value = float(denominators(weights, self.record.rule)[0])
        return Quantity("D", value, float(self.sent_sizes[layer - 2][k].sum()), layer, (k + 1,))

    def blames(self, layer: int, k: int) -> list[Quantity]:
        """Return the neurons' parts of the sizes of the weights into a neuron."""
        sizes = np.abs(self.sent[layer - 2][k])
        total = sizes.sum()
        values, value_sizes = sizes, self.sent_sizes[layer - 2][k]
        if total > 0.0:
            values, value_sizes = values / total, value_sizes / total
        return [
            Quantity("blame", values[j], value_sizes[j], layer, (k + 1, j + 1))
            for j in range(len(values))
        ]

    def shares(self, layer: int, k: int, i: int) -> list[Quantity]:
        """Return the parts of an error that go back along the weights into its neuron."""
        rule, weights = self.record.rule, self.sent[layer - 2][k : k + 1]
        carried, size = self.e(layer, k, i).value, self.e(layer, k, i).size
        if rule == "gradient":
            size = self.backward_sizes.delta[layer - 2][i, k] / self.s
            carried *= self.slope(layer, k, i).value if self.has_slope(layer) else 1.0
        values = (weights / denominators(weights, rule)[:, np.newaxis])[0] * carried
        sizes = share_sizes(weights, self.sent_sizes[layer - 2][k : k + 1], rule)[0] * size
        return [
            Quantity("share", values[j], sizes[j], layer, (k + 1, j + 1), self.sample(i))
            for j in range(len(values))
        ]

    def share(self, layer: int, k: int, j: int, i: int) -> Quantity:
        """Return the part of an error that goes back along one weight."""
        return self.shares(layer, k, i)[j]

    def sum_of_shares(self, layer: int, k: int, i: int) -> Quantity:
        """Return the sum of the shares of an error."""
        shares = self.shares(layer, k, i)
        value, size = sum(share.value for share in shares), sum(share.size for share in shares)
        return Quantity("shares", value, size, layer, (k + 1,), self.sample(i))

    def sample_costs(self, new: bool) -> list[Quantity]:
        """Return each sample's cost; it is named if there are several, or a penalty."""
        forward = self.record.forward_after if new else self.record.forward
        sizes = self.after_sizes if new else self.forward_sizes
        d = self.record.d
        values = self.cost.value(forward.z[-1], forward.a[-1], d)
        if self.record.cost == "cross_entropy":
            value_sizes = np.abs(values) + sizes.z[-1].sum(axis=1)
        else:
            value_sizes = np.abs(forward.a[-1] - d) * np.maximum(sizes.a[-1], np.abs(d))
            value_sizes = value_sizes.sum(axis=1)
        named = self.rows > 1 or self.decay > 0.0
        return [
            Quantity("C", values[i], value_sizes[i], None, (), i + 1 if named else None, new)
            for i in range(self.rows)
        ]

    def penalty(self, new: bool) -> Quantity:
        """Return the penalty of weight decay."""
        network = self.record.after if new else self.record.before
        value = penalty(network.parameters[: network.n_weights], self.decay)
        return Quantity("penalty", value, value, new=new)

    def remembered(self, letter: str, name: str, of: Quantity, new: bool, size: float) -> Quantity:
        """Return what the optimiser remembers as `name` of a weight or bias.

        `size` is that of its terms; of what former gradients left, that of the present one's.
        """
        optimizer = self.record.optimizer_after if new else self.record.optimizer
        if name in optimizer.state:
            weights, biases = self.record.before.views(optimizer.state[name])
            at = (of.layer or 0) - 2
            place = tuple(n - 1 for n in of.place)
            value = float((biases if of.letter == "b" else weights)[at][place])
        else:  # before its first update
            value = optimizer.start_of(name)
        return Quantity(letter, value, max(size, abs(value)), of.layer, of.place, None, new)
