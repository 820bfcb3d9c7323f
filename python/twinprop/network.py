"""Starting weights and the network. Twins: r/network.R, inst/js/network.js."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from twinprop import kernel, training
from twinprop.activations import ACTIVATION_ALIASES, ACTIVATIONS
from twinprop.arithmetic import ARITHMETICS, PORTABLE, Arithmetic
from twinprop.backprop import (
    RULES,
    UPDATE_ORDERS,
    Backward,
    Forward,
    backward_pass,
    forward_pass,
    learning,
    make_buffers,
)
from twinprop.checks import (
    Array,
    as_list,
    check_biases,
    check_choice,
    check_layers,
    check_matrix,
    check_number,
    check_same_rows,
    check_seed,
    check_weights,
    describe,
    is_vector,
)
from twinprop.costs import COSTS, check_cost_fits, check_targets
from twinprop.errors import DenominatorError, InputError
from twinprop.optimizers import Optimizer, as_optimizer
from twinprop.random import RandomStream

if TYPE_CHECKING:
    from twinprop.training import Run


class _Init(NamedTuple):
    limit: Any
    biases: bool


#: The limit r of U(-r, r) from the number of inputs and outputs of a layer, and whether biases are
#: drawn too (else they are 0).
INITS: dict[str, _Init] = {
    # Glorot and Bengio (2010), eq. 16
    "xavier": _Init(lambda inputs, outputs: math.sqrt(6.0 / (inputs + outputs)), biases=False),
    # He et al. (2015), eq. 10, the variance 2 / inputs as a uniform distribution
    "he": _Init(lambda inputs, outputs: math.sqrt(6.0 / inputs), biases=False),
    # torch.nn.Linear
    "torch": _Init(lambda inputs, outputs: 1.0 / math.sqrt(inputs), biases=True),
    "uniform": _Init(lambda inputs, outputs: 1.0, biases=True),
}


def starting_weights(
    layers: Sequence[int], init: str = "xavier", seed: int = 42
) -> tuple[list[Array], list[Array]]:
    """Draw the starting weights and biases of a network.

    Parameters
    ----------
    layers : sequence of int
        Sizes n_1, ..., n_L of the layers, from the input to the output.
    init : str, default "xavier"
        "xavier": U(-r, r) with r = sqrt(6 / (inputs + outputs)), biases 0; "he": r =
        sqrt(6 / inputs), biases 0; "torch": r = 1 / sqrt(inputs), biases too; "uniform": r = 1,
        biases too.
    seed : int, default 42
        Seed of R's random numbers, from -2147483647 to 2147483647.

    Returns
    -------
    weights : list of ndarray
        W[2], ..., W[L]; (n_l, n_{l-1}) each, drawn layer by layer and row by row.
    biases : list of ndarray
        b[2], ..., b[L]; (n_l,) each, drawn after the weights of their layer.

    Raises
    ------
    InputError
        If an argument is not as described.

    References
    ----------
    Glorot, X. and Bengio, Y. (2010). Understanding the difficulty of training deep feedforward
    neural networks. AISTATS. He, K. et al. (2015). Delving deep into rectifiers. ICCV.

    Examples
    --------
    >>> weights, biases = starting_weights([2, 1], seed=1)
    >>> weights[0].round(4)
    array([[-0.6632, -0.3617]])
    """
    layers = check_layers(layers)
    limit, draw_biases = INITS[check_choice(init, "init", INITS)]
    stream = RandomStream(seed)
    weights, biases = [], []
    for inputs, outputs in zip(layers, layers[1:], strict=False):
        high = limit(inputs, outputs)
        low = -high

        def draw(n: int, low: float = low, high: float = high) -> Array:
            return low + (high - low) * stream.uniform(n)

        weights.append(draw(outputs * inputs).reshape(outputs, inputs))
        biases.append(draw(outputs) if draw_biases else np.zeros(outputs))
    return weights, biases


def check_network(given: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return a network's settings, checked; `prefix` goes before the names in messages."""
    layers = check_layers(given["layers"], f"{prefix}layers")
    weights, biases = given["weights"], given["biases"]
    return {
        "layers": layers,
        "activations": _check_activations(given["activations"], f"{prefix}activations", layers),
        "init": check_choice(given["init"], f"{prefix}init", INITS),
        "seed": check_seed(given["seed"], f"{prefix}seed"),
        "weights": None if weights is None else check_weights(weights, f"{prefix}weights", layers),
        "biases": None if biases is None else check_biases(biases, f"{prefix}biases", layers),
    }


def _check_activations(value: Any, name: str, layers: Sequence[int]) -> tuple[str, ...]:
    count = len(layers) - 1
    if isinstance(value, str):
        entry = check_choice(value, f"{name} entry 1", ACTIVATIONS, ACTIVATION_ALIASES)
        activations = [entry] * count
    else:
        entries = as_list(value)
        if entries is None:
            raise InputError(f"{name} must be a name or a list of names, got {describe(value)}")
        if len(entries) != count:
            raise InputError(
                f"{name} must have one name for each layer after the input ({count}), "
                f"got {len(entries)}"
            )
        activations = [
            check_choice(entry, f"{name} entry {i}", ACTIVATIONS, ACTIVATION_ALIASES)
            for i, entry in enumerate(entries, 1)
        ]
    for layer, activation in enumerate(activations[:-1], 2):
        if activation == "softmax":
            raise InputError(
                f'activation "softmax" is for the output layer only, got it in layer {layer}'
            )
    if activations[-1] == "softmax" and layers[-1] < 2:
        raise InputError(
            'activation "softmax" needs at least 2 outputs, got 1; use "sigmoid" for one output'
        )
    return tuple(activations)


def check_arithmetic(value: Any) -> Arithmetic:
    """Return the arithmetic of a name."""
    return ARITHMETICS[check_choice(value, "arithmetic", ARITHMETICS)]


class Step(NamedTuple):
    """The results of one training step: both passes, before the weights moved.

    Attributes
    ----------
    forward : Forward
    backward : Backward
    """

    forward: Forward
    backward: Backward


class Network:
    """A multilayer perceptron.

    Parameters
    ----------
    layers : sequence of int
        Sizes n_1, ..., n_L of the layers, from the input to the output; at least 2.
    activations : str or sequence of str, default "sigmoid"
        One activation for every layer after the input, or one for each: "sigmoid" ("logistic"),
        "tanh", "relu", "leaky_relu", "softplus", "identity" ("linear"), and "softmax" for the
        output.
    init : str, default "xavier"
        How the starting weights are drawn; see `starting_weights`.
    seed : int, default 42
        Seed of the starting weights, from -2147483647 to 2147483647.
    weights : list of array-like, optional
        Starting weights by hand, W[2], ..., W[L]; (n_l, n_{l-1}) each.
    biases : list of array-like, optional
        Starting biases by hand, b[2], ..., b[L]; (n_l,) each. If only the weights are given, they
        are 0.

    Attributes
    ----------
    layers : tuple of int
    activations : tuple of str
    parameters : ndarray
        All weights, layer by layer and row by row, then all biases; one flat array.
    weights, biases : list of ndarray
        Views of `parameters`: row k of weights[l - 2] holds the weights into neuron k of layer l.

    Raises
    ------
    InputError
        If an argument is not as described.

    Examples
    --------
    The XOR problem, online, as the lesson does it:

    >>> x = [[0, 0], [0, 1], [1, 0], [1, 1]]
    >>> d = [[0], [1], [1], [0]]
    >>> network = Network([2, 4, 1])
    >>> run = network.train(x, d, epochs=2000)
    >>> network.predict(x).round().tolist()
    [[0.0], [1.0], [1.0], [0.0]]
    """

    def __init__(
        self,
        layers: Sequence[int],
        activations: str | Sequence[str] = "sigmoid",
        *,
        init: str = "xavier",
        seed: int = 42,
        weights: Sequence[Any] | None = None,
        biases: Sequence[Any] | None = None,
    ) -> None:
        settings = check_network(
            {
                "layers": layers,
                "activations": activations,
                "init": init,
                "seed": seed,
                "weights": weights,
                "biases": biases,
            }
        )
        self.layers: tuple[int, ...] = settings["layers"]
        self.activations: tuple[str, ...] = settings["activations"]
        if settings["weights"] is None:
            drawn = starting_weights(self.layers, settings["init"], settings["seed"])
        else:
            drawn = settings["weights"], [np.zeros(units) for units in self.layers[1:]]
        start = [drawn[0], drawn[1] if settings["biases"] is None else settings["biases"]]
        self.parameters = np.concatenate([values.ravel() for part in start for values in part])
        self.weights, self.biases = self.views(self.parameters)

    def __repr__(self) -> str:
        return f"Network({list(self.layers)}, {list(self.activations)})"

    def __getstate__(self) -> dict[str, Any]:
        # For copies and pickles, which would make arrays of their own of the views.
        return {k: v for k, v in vars(self).items() if k not in ("weights", "biases")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self.weights, self.biases = self.views(self.parameters)

    def views(self, flat: Array) -> tuple[list[Array], list[Array]]:
        """Return the weights and biases as views of a flat array of all parameters."""
        shapes = [(n, m) for m, n in zip(self.layers, self.layers[1:], strict=False)]
        pieces = []
        start = 0
        for shape in [*shapes, *((n,) for n in self.layers[1:])]:
            size = math.prod(shape)
            pieces.append(flat[start : start + size].reshape(shape))
            start += size
        return pieces[: len(shapes)], pieces[len(shapes) :]

    @property
    def n_weights(self) -> int:
        """How many weights there are, biases not counted."""
        return sum(w.size for w in self.weights)

    def forward(self, x: Any, *, arithmetic: str = "fast") -> Forward:
        """Compute the weighted sums and activations of every layer.

        Parameters
        ----------
        x : array-like, (n, n_1)
            Inputs, a row per sample.
        arithmetic : str, default "fast"
            "fast" or "portable", which gives the same bits in every language and on every machine,
            and takes longer.

        Returns
        -------
        Forward
            Its `z` (layers 2..L) and `a` (layers 1..L), (n, n_l) each.

        Raises
        ------
        InputError
            If x has another shape, or a value that is not finite, or the arithmetic is unknown.

        Examples
        --------
        >>> forward = Network([2, 3, 1]).forward([[0, 1]])
        >>> [a.shape for a in forward.a]
        [(1, 2), (1, 3), (1, 1)]
        """
        computing = check_arithmetic(arithmetic)
        x = check_matrix(x, "x", self.layers[0])
        result = make_buffers(self.layers, len(x), [], []).forward
        with np.errstate(over="ignore"):
            forward_pass(
                self.weights,
                self.biases,
                [ACTIVATIONS[name] for name in self.activations],
                x,
                result,
                arithmetic=computing,
            )
        return result

    def backward(
        self,
        forward: Forward,
        d: Any,
        *,
        cost: str = "half_mse",
        rule: str = "gradient",
        arithmetic: str = "fast",
    ) -> Backward:
        """Send the output error back and compute the gradients; no weight moves.

        Parameters
        ----------
        forward : Forward
            What `forward` returned for these samples.
        d : array-like, (n, n_L)
            Desired outputs, a row per sample; for one output a vector (n,) will do.
        cost : str, default "half_mse"
            "half_mse", "half_sse", "mse" or "cross_entropy".
        rule : str, default "gradient"
            How errors reach the layer before: "gradient", "transpose", "proportional" or
            "proportional_abs".
        arithmetic : str, default "fast"
            As for `forward`.

        Returns
        -------
        Backward
            Its `e`, `delta`, `grad_weights` and `grad_biases` of the layers 2..L.

        Raises
        ------
        InputError
            If an argument is not as described.
        DenominatorError
            If a rule has to divide by a sum of weights of 0 or nearly 0.

        Examples
        --------
        >>> network = Network([2, 3, 1])
        >>> backward = network.backward(network.forward([[0, 1]]), [[1]])
        >>> [e.shape for e in backward.e]
        [(1, 3), (1, 1)]
        """
        self.check_cost(cost)
        check_choice(rule, "rule", RULES)
        computing = check_arithmetic(arithmetic)
        self._check_forward(forward)
        d = self.check_targets(d, forward.a[0], cost)
        grad_weights, grad_biases = self.views(np.empty_like(self.parameters))
        buffers = make_buffers(self.layers, len(d), grad_weights, grad_biases)
        with np.errstate(over="ignore"):
            backward_pass(
                self.weights,
                d,
                learning(self.activations, self.layers[-1], cost, rule, computing),
                buffers._replace(forward=forward),
            )
        return buffers.backward

    def update(self, backward: Backward, optimizer: Optimizer | str | None = None) -> None:
        """Move all weights and biases by one update, in place.

        Parameters
        ----------
        backward : Backward
            What `backward` returned.
        optimizer : Optimizer or str, default Optimizer("sgd")
            How to move them. Give the same Optimizer at every update: it keeps its state.

        Raises
        ------
        InputError
            If the gradients are of another network, the optimizer is unknown, or was used with a
            network of another size.

        Examples
        --------
        >>> network = Network([2, 3, 1])
        >>> backward = network.backward(network.forward([[0, 1]]), [[1]])
        >>> network.update(backward, Optimizer("sgd", learning_rate=0.1))
        """
        if not isinstance(backward, Backward):
            raise InputError(f"backward must be what backward() returned, got {describe(backward)}")
        optimizer = as_optimizer(optimizer)
        gradients = [
            *check_weights(backward.grad_weights, "grad_weights", self.layers),
            *check_biases(backward.grad_biases, "grad_biases", self.layers),
        ]
        gradient = np.concatenate([values.ravel() for values in gradients])
        training.move_all(self, gradient, optimizer)

    def step(
        self,
        x: Any,
        d: Any,
        *,
        cost: str = "half_mse",
        rule: str = "gradient",
        update_order: str = "simultaneous",
        optimizer: Optimizer | str | None = None,
        arithmetic: str = "fast",
    ) -> Step:
        """Make one update from a batch: forward, backward, update.

        Parameters
        ----------
        x : array-like, (n, n_1)
            Inputs, a row per sample.
        d : array-like, (n, n_L)
            Desired outputs, a row per sample; for one output a vector (n,) will do.
        cost, rule : str
            As for `backward`.
        update_order : str, default "simultaneous"
            "simultaneous": all gradients exist before any weight moves; "output_first": a layer's
            weights move before the error is sent back through them.
        optimizer : Optimizer or str, default Optimizer("sgd")
            As for `update`.
        arithmetic : str, default "fast"
            As for `forward`.

        Returns
        -------
        Step
            `forward` and `backward` as they were used.

        Raises
        ------
        InputError
            If an argument is not as described.
        DenominatorError
            If a rule has to divide by a sum of weights of 0 or nearly 0; no weight has moved then.

        Examples
        --------
        >>> network = Network([2, 3, 1])
        >>> step = network.step([[0, 1]], [[1]], update_order="output_first")
        >>> step.backward.delta[0].shape
        (1, 3)
        """
        self.check_cost(cost)
        check_choice(rule, "rule", RULES)
        check_choice(update_order, "update_order", UPDATE_ORDERS)
        computing = check_arithmetic(arithmetic)
        x = check_matrix(x, "x", self.layers[0])
        d = self.check_targets(d, x, cost)
        one = training.make_update(
            self,
            learning(self.activations, self.layers[-1], cost, rule, computing),
            update_order,
            as_optimizer(optimizer),
            len(x),
        )
        before = self.parameters.copy()
        try:
            with np.errstate(over="ignore"):
                one(x, d)
        except DenominatorError as error:  # with "output_first" some layers have moved by then
            np.copyto(self.parameters, before)
            error.network = self
            raise
        return Step(one.buffers.forward, one.buffers.backward)

    def predict(self, x: Any, *, arithmetic: str = "fast") -> Array:
        """Return the outputs a[L] for the inputs x, (n, n_1); (n, n_L).

        `arithmetic` is as for `forward`.

        Raises
        ------
        InputError
            If x has another shape, or a value that is not finite, or the arithmetic is unknown.
        """
        computing = check_arithmetic(arithmetic)
        x = check_matrix(x, "x", self.layers[0])
        if computing is PORTABLE and kernel.available():
            x = np.ascontiguousarray(x)
            return kernel.forward(self.layers, self.activations, self.parameters, x)[1]
        return training.evaluate(self, x, computing)

    def mean_cost(
        self, x: Any, d: Any, *, cost: str = "half_mse", weight_decay: float = 0.0
    ) -> float:
        """Return the cost: the mean over the samples, and the penalty of weight decay.

        Parameters
        ----------
        x : array-like, (n, n_1)
            Inputs, a row per sample.
        d : array-like, (n, n_L)
            Desired outputs, a row per sample; for one output a vector (n,) will do.
        cost : str, default "half_mse"
            "half_mse", "half_sse", "mse" or "cross_entropy".
        weight_decay : float, default 0
            lambda of the penalty lambda / 2 * sum of W^2.

        Raises
        ------
        InputError
            If an argument is not as described.

        Examples
        --------
        >>> Network([1, 1], "identity", weights=[[[1.0]]]).mean_cost([[3.0]], [[1.0]])
        2.0
        """
        self.check_cost(cost)
        weight_decay = check_number(weight_decay, "weight_decay")
        x = check_matrix(x, "x", self.layers[0])
        d = self.check_targets(d, x, cost)
        return training.exact_cost(self, x, d, cost, weight_decay)[0]

    def train(
        self,
        x: Any,
        d: Any,
        *,
        cost: str = "half_mse",
        rule: str = "gradient",
        update_order: str = "simultaneous",
        optimizer: Optimizer | str | None = None,
        batch_size: int | None = 1,
        epochs: int = 1000,
        shuffle: bool = False,
        seed: int = 42,
        snapshots: Sequence[int] = (),
        record: int | str | None = None,
        sample_weight: Any = None,
        dropout: float | Sequence[float] = 0.0,
        clip_norm: float | None = None,
        schedule: str | Mapping[str, Any] | None = None,
        arithmetic: str = "fast",
        progress: bool = False,
    ) -> Run:
        """Train by gradient descent, or by another rule; the weights change in place.

        Parameters
        ----------
        x : array-like, (n, n_1)
            Inputs, a row per sample.
        d : array-like, (n, n_L)
            Desired outputs, a row per sample; for one output a vector (n,) will do.
        cost : str, default "half_mse"
            "half_mse", "half_sse", "mse" or "cross_entropy".
        rule : str, default "gradient"
            "gradient", "transpose", "proportional" or "proportional_abs".
        update_order : str, default "simultaneous"
            "simultaneous" or "output_first".
        optimizer : Optimizer or str, default Optimizer("sgd")
            How the weights move.
        batch_size : int or None, default 1
            Samples per update: 1 is online, None the full batch. The last batch of an epoch may be
            smaller.
        epochs : int, default 1000
            Passes over the data.
        shuffle : bool, default False
            Whether each epoch takes the rows in a new random order.
        seed : int, default 42
            Seed of the shuffles and of dropout.
        snapshots : sequence of int, default ()
            Numbers of updates after which the run keeps the weights and the exact cost.
        record : int, "steps" or None, default None
            Record what updates did: every update ("steps"), or the updates 1, 1 + k, 1 + 2k, ... A
            recording holds at most 2^23 numbers (64 MiB); where more would come, every second step
            is dropped and k doubles, but two steps are always kept.
        sample_weight : array-like, (n,), default None
            A weight >= 0 for each sample, not all 0: its share in gradients and costs, as w over
            the mean of all w. With the full batch, a weight of 2 is the row twice, and a weight of
            0 the row left out. None: all have the same.
        dropout : float or sequence of float, default 0
            Share from 0 to below 1 of the units of a hidden layer that each sample of a batch goes
            without, at random: one number, or one for each hidden layer. The other activations are
            divided by 1 - dropout, so that predictions need none of it. Costs of epochs are those
            of the passes with dropout, all other costs without.
        clip_norm : float or None, default None
            Largest norm of the gradient, of all weights and biases together, without weight decay:
            a longer one is shortened to it. Not with update order "output_first".
        schedule : str, dict or None, default None
            How the learning rate changes from epoch to epoch, by a name or a dict of name and
            parameters. Epoch t of T on n rows has the optimizer's learning rate times
            "exponential": gamma^(t-1), gamma 0.95; "step": gamma^floor((t-1)/every), gamma 0.1,
            every 30; "cosine": (1 + cos(pi (t-1)/T)) / 2; "inverse": 1 / (1 + n (t-1))^power, power
            0.5. None: it stays. Not with rprop, whose steps do not follow the learning rate.
        arithmetic : str, default "fast"
            "fast" or "portable", which gives the same bits in every language and on every machine,
            costs, outputs and weights alike, and takes longer.
        progress : bool, default False
            Show the cost and the time left: a bar on a terminal (with tqdm installed), else lines.

        Returns
        -------
        Run
            Costs, outputs, errors and weights; its `history` is a DataFrame, its `recording` the
            recorded steps.

        Raises
        ------
        InputError
            If an argument is not as described.
        DivergenceError
            If the cost or a weight becomes NaN or Inf; the network keeps its weights from before
            that epoch.
        DenominatorError
            If a rule has to divide by a sum of weights of 0 or nearly 0; the same. Both errors
            carry the steps up to the failure as `recording`, if `record` asks for them.

        Warns
        -----
        UserWarning
            If it is interrupted (Ctrl-C); the run then ends with the last whole epoch.
        TwinpropWarning
            If 100 updates or more end without having learned: with a cost that is not clearly below
            that of the best constant prediction. It says why, as far as `diagnose` can tell.

        Examples
        --------
        >>> network = Network([2, 2, 1], "tanh")
        >>> run = network.train([[0, 1], [1, 0]], [[1], [0]], epochs=3, batch_size=None)
        >>> run.updates, len(run.cost)
        (3, 3)

        The steps on the way, and one of them again from its weights (see `Recording`):

        >>> network = Network([2, 2, 1], "tanh")
        >>> run = network.train([[0, 1], [1, 0]], [[1], [0]], epochs=3, record="steps")
        >>> run.recording
        Recording: 6 steps of 6 updates (interval 1)
        >>> step = run.recording[2]
        >>> step.update, step.epoch, step.rows.tolist()
        (3, 2, [1])
        >>> again = Network([2, 2, 1], "tanh", weights=step.weights, biases=step.biases)
        >>> backward = again.backward(again.forward([[0, 1]]), [[1]])
        >>> np.allclose(backward.grad_weights[0], step.grad_weights[0])
        True

        A sample of weight 2 is one that is there twice:

        >>> once, twice = Network([2, 2, 1]), Network([2, 2, 1])
        >>> x, d = [[0, 1], [1, 0]], [[1], [0]]
        >>> settings = {"batch_size": None, "epochs": 10}
        >>> once_run = once.train(x, d, sample_weight=[2, 1], **settings)
        >>> twice_run = twice.train([[0, 1], *x], [[1], *d], **settings)
        >>> np.allclose(once.parameters, twice.parameters)
        True

        Dropout, a limit for the gradient, and a learning rate that falls:

        >>> run = Network([2, 8, 1]).train(
        ...     x,
        ...     d,
        ...     epochs=20,
        ...     dropout=0.25,
        ...     clip_norm=1.0,
        ...     schedule={"name": "exponential", "gamma": 0.9},
        ... )
        >>> run.settings["schedule"]
        {'name': 'exponential', 'gamma': 0.9}

        References
        ----------
        Srivastava, N., Hinton, G., Krizhevsky, A., Sutskever, I. and Salakhutdinov, R. (2014).
        Dropout: a simple way to prevent neural networks from overfitting. Journal of Machine
        Learning Research 15. Pascanu, R., Mikolov, T. and Bengio, Y. (2013). On the difficulty of
        training recurrent neural networks. ICML.
        """
        settings = {
            "cost": cost,
            "rule": rule,
            "update_order": update_order,
            "optimizer": optimizer,
            "batch_size": batch_size,
            "epochs": epochs,
            "shuffle": shuffle,
            "seed": seed,
            "snapshots": snapshots,
            "record": record,
            "dropout": dropout,
            "clip_norm": clip_norm,
            "schedule": schedule,
            "arithmetic": arithmetic,
        }
        return training.train(self, x, d, settings, sample_weight=sample_weight, progress=progress)

    def _check_forward(self, forward: Forward) -> None:
        """Refuse what is not a forward pass of a network of these layers."""
        if not isinstance(forward, Forward):
            raise InputError(f"forward must be what forward() returned, got {describe(forward)}")
        units = tuple(a.shape[1] for a in forward.a)
        if units != self.layers:
            raise InputError(
                f"forward must be of a network of layers {'-'.join(map(str, self.layers))}, "
                f"got {'-'.join(map(str, units))}"
            )

    def check_cost(self, cost: str) -> None:
        """Refuse a cost that is unknown or does not fit the output layer."""
        check_choice(cost, "cost", COSTS)
        check_cost_fits(cost, self.activations[-1])

    def check_targets(self, d: Any, x: Array, cost: str) -> Array:
        """Return the desired outputs for the inputs x, checked; a vector will do for one output."""
        if self.layers[-1] == 1 and is_vector(d):
            d = np.asarray(d)[:, np.newaxis]
        d = check_matrix(d, "d", self.layers[-1])
        check_same_rows(d, x)
        check_targets(d, "d", cost, self.activations[-1])
        return d
