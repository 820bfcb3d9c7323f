"""Forward, backward, the rules by which errors go back. Twins: r/backprop.R, inst/js/backprop.js.

Sections 1 to 4 of docs/contract.md. Functions over arrays: `Network` calls them for one step at a
time, the training loop for many, with buffers that are made once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from twinprop.activations import ACTIVATIONS, Activation
from twinprop.arithmetic import FAST, Arithmetic
from twinprop.checks import Array
from twinprop.costs import cost_function
from twinprop.errors import DenominatorError
from twinprop.random import RandomStream

if TYPE_CHECKING:
    from twinprop.network import Network

#: A denominator this small beside the sum of the weights' sizes counts as vanishing: what is left
#: of it after cancellation has lost six of its sixteen digits.
VANISHING = 1e-6

UPDATE_ORDERS = ("simultaneous", "output_first")


class Forward(NamedTuple):
    """The results of a forward pass of n samples; layers 1 to L.

    Attributes
    ----------
    z : list of ndarray
        Weighted sums z[l] = a[l-1] W[l]' + b[l] of the layers 2..L; (n, n_l) each.
    a : list of ndarray
        Activations a[l] = f_l(z[l]) of the layers 1..L, a[1] = x; (n, n_l) each.
    """

    z: list[Array]
    a: list[Array]


class Backward(NamedTuple):
    """The results of a backward pass of n samples; lists over the layers 2..L.

    Attributes
    ----------
    e : list of ndarray
        Errors, e[L] = a[L] - d, the others as the rule sends them back; (n, n_l) each.
    delta : list of ndarray
        delta[l] = s e[l] f_l'(z[l]); dC/dz[l] of each sample with rule "gradient"; (n, n_l) each.
    grad_weights : list of ndarray
        Means over the samples of outer(delta[l], a[l-1]); (n_l, n_{l-1}) each.
    grad_biases : list of ndarray
        Means over the samples of delta[l]; (n_l,) each.
    """

    e: list[Array]
    delta: list[Array]
    grad_weights: list[Array]
    grad_biases: list[Array]


def _gradient_rule(
    weights: Array, e: Array, g: Array, layer: int, out: Array, arithmetic: Arithmetic = FAST
) -> Array:
    """e[l-1] = W[l]' (e[l] f_l'(z[l])): the chain rule."""
    return arithmetic.send_back(g, weights, out)


def _transpose_rule(
    weights: Array, e: Array, g: Array, layer: int, out: Array, arithmetic: Arithmetic = FAST
) -> Array:
    """e[l-1] = W[l]' e[l]: without f'."""
    return arithmetic.send_back(e, weights, out)


def _proportional_rule(
    weights: Array, e: Array, g: Array, layer: int, out: Array, arithmetic: Arithmetic = FAST
) -> Array:
    """e[l-1]_j = sum_k e_k W_kj / sum_j W_kj."""
    denominators = arithmetic.sum_units(weights)
    shared = shares(weights, denominators, layer, "proportional", arithmetic)
    return arithmetic.send_back(e, shared, out)


def _proportional_abs_rule(
    weights: Array, e: Array, g: Array, layer: int, out: Array, arithmetic: Arithmetic = FAST
) -> Array:
    """e[l-1]_j = sum_k e_k W_kj / sum_j abs(W_kj)."""
    denominators = arithmetic.sum_units(np.abs(weights))
    shared = shares(weights, denominators, layer, "proportional_abs", arithmetic)
    return arithmetic.send_back(e, shared, out)


#: ``rule(weights, e, g, layer, out, arithmetic)`` writes e[l-1] into `out`, (n, n_{l-1}), from
#: W[l], e[l] and g[l] = e[l] f_l'(z[l]). Without `arithmetic` it is the fast one.
RULES: dict[str, Callable[..., Array]] = {
    "gradient": _gradient_rule,
    "transpose": _transpose_rule,
    "proportional": _proportional_rule,
    "proportional_abs": _proportional_abs_rule,
}


def shares(
    weights: Array,
    denominators: Array,
    layer: int,
    rule: str,
    arithmetic: Arithmetic = FAST,
) -> Array:
    """Return S_kj = W_kj / denominator_k, each neuron's error shared out over its inputs.

    Raises
    ------
    DenominatorError
        If a denominator is 0 or nearly 0; it names rule, layer and neuron.
    """
    vanishing = np.abs(denominators) <= VANISHING * arithmetic.sum_units(np.abs(weights))
    if vanishing.any():
        raise vanishing_denominator(rule, int(vanishing.argmax()) + 1, layer)
    return weights / denominators[:, np.newaxis]


def vanishing_denominator(rule: str, neuron: int, layer: int) -> DenominatorError:
    """Return the error that names where a rule cannot share an error out."""
    other = 'rule "proportional_abs" or ' if rule == "proportional" else ""
    return DenominatorError(
        f'rule "{rule}": the weights into neuron {neuron} of layer {layer} '
        "sum to 0 or nearly 0, so its error cannot be shared out; "
        f"try {other}other starting weights"
    )


class Learning(NamedTuple):
    """What a backward pass needs to know beside the arrays."""

    activations: list[Activation]
    cost: Callable[..., Array]
    scale: float
    rule: Callable[..., Array]
    #: With cross_entropy dC/dz = s e: the output layer's f' is already in the cost.
    output_derivative: bool
    arithmetic: Arithmetic


def learning(
    activations: Sequence[str],
    outputs: int,
    cost: str,
    rule: str,
    arithmetic: Arithmetic = FAST,
) -> Learning:
    """Look up the functions behind the names once, before the loop."""
    function = cost_function(cost, activations[-1])
    return Learning(
        [ACTIVATIONS[name] for name in activations],
        function.value,
        function.scale(outputs),
        RULES[rule],
        cost != "cross_entropy",
        arithmetic,
    )


class Buffers(NamedTuple):
    """Where the passes of n samples put their results."""

    forward: Forward
    backward: Backward
    g: list[Array]

    def rows(self, n: int) -> Buffers:
        """Return the same buffers for the first n samples only (a smaller last batch)."""
        z, a = self.forward
        e, delta, grad_weights, grad_biases = self.backward
        return Buffers(
            Forward([v[:n] for v in z], [v[:n] for v in a]),
            Backward([v[:n] for v in e], [v[:n] for v in delta], grad_weights, grad_biases),
            [v[:n] for v in self.g],
        )


class Dropout(NamedTuple):
    """The dropout of a forward and a backward pass of n samples.

    Attributes
    ----------
    rates : list of float
        The share of the hidden layers 2..L-1 that is left out.
    masks : list of ndarray or None
        What the activations of the layers 2..L are multiplied by, 0 or 1 / (1 - rate); (n, n_l)
        each, None for a layer without dropout.
    fed : list of ndarray
        What the layers 2..L are fed with, the masked activations of the layers 1..L-1.
    """

    rates: list[float]
    masks: list[Array | None]
    fed: list[Array]

    def rows(self, n: int, a: list[Array]) -> Dropout:
        """Return the same for the first n samples only, whose activations are `a`."""
        return make_fed(self.rates, self.masks_of(slice(0, n)), a)

    def masks_of(self, rows: slice) -> list[Array | None]:
        """Return the masks of some of the samples."""
        return [None if mask is None else mask[rows] for mask in self.masks]

    def of_block(self, rows: slice, block: Block) -> Dropout:
        """Return the dropout of the samples that go through a block."""
        masks = self.masks_of(rows)
        fed = [
            a if mask is None else room
            for a, room, mask in zip(block.forward.a[1:], block.fed[1:], masks, strict=False)
        ]
        return Dropout(self.rates, masks, [block.forward.a[0], *fed])

    def draw(self, stream: RandomStream) -> None:
        """Draw the masks of a batch: layer by layer, row by row."""
        for rate, mask in zip(self.rates, self.masks, strict=False):
            if mask is not None:
                kept = stream.uniform(mask.size).reshape(mask.shape) >= rate
                np.multiply(kept, 1.0 / (1.0 - rate), out=mask)


def make_masks(layers: Sequence[int], n: int, rates: list[float]) -> list[Array | None]:
    """Allocate the masks for n samples."""
    masks = [
        np.empty((n, units)) if rate > 0.0 else None
        for rate, units in zip(rates, layers[1:], strict=False)
    ]
    return [*masks, None]


def make_dropout(layers: Sequence[int], n: int, rates: list[float], a: list[Array]) -> Dropout:
    """Allocate the masks for n samples, whose activations are in the buffers `a`."""
    return make_fed(rates, make_masks(layers, n, rates), a)


def make_fed(rates: list[float], masks: list[Array | None], a: list[Array]) -> Dropout:
    """Give each layer with a mask an array for its masked activations, the others their own."""
    fed = [
        values if mask is None else np.empty_like(values)
        for values, mask in zip(a[1:], masks, strict=True)
    ]
    return Dropout(rates, masks, [a[0], *fed])


def make_buffers(
    layers: Sequence[int], n: int, grad_weights: list[Array], grad_biases: list[Array]
) -> Buffers:
    """Allocate the buffers for n samples; the gradients go where the caller says."""

    def per_layer() -> list[Array]:
        return [np.empty((n, units)) for units in layers[1:]]

    return Buffers(
        Forward(per_layer(), [np.empty((0, 0)), *per_layer()]),
        Backward(per_layer(), per_layer(), grad_weights, grad_biases),
        per_layer(),
    )


def forward_pass(
    weights: Sequence[Array],
    biases: Sequence[Array],
    activations: Sequence[Activation],
    x: Array,
    out: Forward,
    dropout: Dropout | None = None,
    arithmetic: Arithmetic = FAST,
) -> None:
    """Write z and a of every layer into `out` (section 1), and what each is fed with by dropout."""
    out.a[0] = x
    fed = out.a
    if dropout is not None:
        fed = dropout.fed
        fed[0] = x
    for i, (w, b, activation) in enumerate(zip(weights, biases, activations, strict=True)):
        z = out.z[i]
        arithmetic.weighted_sums(fed[i], w, z)
        np.add(z, b, out=z)
        activation.value(z, out.a[i + 1], arithmetic)
        if dropout is not None and (mask := dropout.masks[i]) is not None:
            np.multiply(out.a[i + 1], mask, out=fed[i + 1])


def backward_pass(
    weights: Sequence[Array],
    d: Array,
    learning: Learning,
    out: Buffers,
    after_layer: Callable[[int], None] | None = None,
    *,
    sample_weight: Array | None = None,
    dropout: Dropout | None = None,
) -> None:
    """Write e, delta and the gradients of every layer into `out` (section 3).

    `after_layer(i)` is called when the gradients of weights[i] are there and before the error goes
    back through them: update order "output_first" moves the weights in it. `sample_weight`, (n, 1),
    weighs the samples in the gradients; `dropout` is that of the forward pass.
    """
    z, a = out.forward
    fed = a if dropout is None else dropout.fed
    e, delta, grad_weights, grad_biases = out.backward
    arithmetic = learning.arithmetic
    last = len(weights) - 1
    batch = d.shape[0]
    np.subtract(a[-1], d, out=e[last])
    for i in range(last, -1, -1):
        derivative = learning.activations[i].derivative
        g = out.g[i]
        if derivative is None or (i == last and not learning.output_derivative):
            np.copyto(g, e[i])
        else:
            derivative(z[i], a[i + 1], g, arithmetic)
            np.multiply(g, e[i], out=g)
        np.multiply(g, learning.scale, out=delta[i])
        weighted = delta[i] if sample_weight is None else delta[i] * sample_weight
        arithmetic.outer_sums(weighted, fed[i], grad_weights[i])
        arithmetic.sum_samples(weighted, grad_biases[i])
        if batch > 1:
            grad_weights[i] /= batch
            grad_biases[i] /= batch
        if after_layer is not None:
            after_layer(i)
        if i > 0:
            learning.rule(weights[i], e[i], g, i + 2, e[i - 1], arithmetic)
            if dropout is not None and (mask := dropout.masks[i - 1]) is not None:
                np.multiply(e[i - 1], mask, out=e[i - 1])


# ---- many samples: only sums leave


#: So many rows go through all layers before the next ones do: their arrays stay in the cache.
BLOCK_ROWS = 1024


class Block(NamedTuple):
    """Where the passes of the samples of a block put what nobody reads afterwards.

    Attributes
    ----------
    forward : Forward
        Of a layer whose derivative needs a alone, z and a are one array.
    fed : list of ndarray
        Room for the masked activations of the layers 1..L-1; of layer 1 there are none.
    e, g : list of ndarray
        Errors and f'(z) e of the layers 2..L; both have the factors of `gradient_sums`. One
        array of g serves all layers.
    """

    forward: Forward
    fed: list[Array]
    e: list[Array]
    g: list[Array]


class Space:
    """The room for blocks of at most `rows` samples, and for two gradients.

    Its arrays have a row per sample, as all have, but lie column by column: numpy's inner loops
    then go over samples, which are many, not over units, which may be few.
    """

    def __init__(self, network: Network, rows: int, *, back: bool, masked: bool) -> None:
        layers: tuple[int, ...] = network.layers
        most = max(layers[1:])

        def room(units: int, wanted: bool = True) -> Array:
            return np.empty(units * rows if wanted else 0)

        def per_layer(wanted: bool = True) -> list[Array]:
            return [room(units, wanted) for units in layers[1:]]

        a = per_layer()
        apart = [ACTIVATIONS[name].uses == "z" for name in network.activations]
        apart[-1] = True  # costs may need both
        z = [
            room(units) if own else values
            for units, own, values in zip(layers[1:], apart, a, strict=True)
        ]
        self._rooms = z, a, per_layer(masked), per_layer(back), room(most, back)
        self._layers = layers
        self._rows = rows
        self._gathered: tuple[Array, Array] | None = None
        self._blocks: dict[int, Block] = {}
        size = network.parameters.size if back else 0
        self.gradient, self.part = np.empty(size), np.empty(size)
        self.gradients = network.views(self.gradient) if back else ([], [])
        self.parts = network.views(self.part) if back else ([], [])

    def block(self, n: int) -> Block:
        """Return the room for n samples."""
        if n not in self._blocks:
            if len(self._blocks) > 2:  # full ones and the last of a chunk or two
                self._blocks.clear()
            z, a, fed, e, g = self._rooms
            layers = self._layers[1:]

            def views(rooms: Sequence[Array]) -> list[Array]:
                pairs = zip(rooms, layers, strict=True)
                return [_columns(room, units, n) for room, units in pairs]

            forward = Forward(views(z), [np.empty((0, 0)), *views(a)])
            fed_with = [np.empty((0, 0)), *views(fed)[:-1]]
            self._blocks[n] = Block(forward, fed_with, views(e), views([g] * len(layers)))
        return self._blocks[n]

    def gather(self, x: Array, d: Array, rows: npt.NDArray[np.intp]) -> tuple[Array, Array]:
        """Return rows of x and d by their numbers."""
        if self._gathered is None:
            layers = self._layers
            self._gathered = np.empty((self._rows, layers[0])), np.empty((self._rows, layers[-1]))
        n = len(rows)
        # None is out of bounds, so there is nothing to clip; mode "raise" would copy once more.
        return (
            np.take(x, rows, axis=0, out=self._gathered[0][:n], mode="clip"),
            np.take(d, rows, axis=0, out=self._gathered[1][:n], mode="clip"),
        )


def _columns(room: Array, units: int, n: int) -> Array:
    """Return (n, units) of a flat array, column by column; (0, units) if there is no room."""
    return room[: n * units].reshape(units, n if room.size else 0).T


def gradient_sums(
    weights: Sequence[Array],
    d: Array,
    learning: Learning,
    block: Block,
    factor: float | Array,
    grad_weights: list[Array],
    grad_biases: list[Array],
    dropout: Dropout | None = None,
) -> None:
    """Write factor times the sums over a block's samples of the gradients (section 3).

    All of the backward pass is linear in the output error, which is where `factor` comes in, a
    number or one for each sample (n, 1): the cost's scale, the samples' weights, 1 / m. The scale
    is not to come in again.
    """
    z, a = block.forward
    fed = a if dropout is None else dropout.fed
    arithmetic = learning.arithmetic
    last = len(weights) - 1
    e = np.subtract(a[-1], d, out=block.e[last])
    np.multiply(e, factor, out=e)
    for i in range(last, -1, -1):
        derivative = learning.activations[i].derivative
        g = e
        if derivative is not None and (i < last or learning.output_derivative):
            g = derivative(z[i], a[i + 1], block.g[i], arithmetic)
            np.multiply(g, e, out=g)
        arithmetic.outer_sums(g, fed[i], grad_weights[i])
        arithmetic.sum_samples(g, grad_biases[i])
        if i > 0:
            e = learning.rule(weights[i], e, g, i + 2, block.e[i - 1], arithmetic)
            if dropout is not None and (mask := dropout.masks[i - 1]) is not None:
                np.multiply(e, mask, out=e)
