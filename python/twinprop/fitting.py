"""One fit from matrices: split, start, solver, stopping. Twin: r/fitting.R.

The section "Fitting" of docs/contract.md. The estimators and the command line encode and scale
their data and call `fit_network`; JavaScript has no twin: it trains by `Network.train`.
"""

from __future__ import annotations

import copy
import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from twinprop.activations import ACTIVATION_ALIASES, ACTIVATIONS
from twinprop.arithmetic import ARITHMETICS, FAST, Arithmetic
from twinprop.backprop import (
    RULES,
    UPDATE_ORDERS,
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
    check_clip_norm,
    check_dropout,
    check_fraction,
    check_integer,
    check_keys,
    check_matrix,
    check_number,
    check_same_rows,
    check_sample_weight,
    check_seed,
    check_switch,
    describe,
    is_finite,
    is_integer,
    is_vector,
)
from twinprop.costs import COSTS, penalty
from twinprop.errors import InputError
from twinprop.lbfgs import MEMORY, lbfgs
from twinprop.network import INITS, Network
from twinprop.optimizers import Optimizer
from twinprop.progress import show_progress
from twinprop.random import RandomStream
from twinprop.schedules import SCHEDULES, check_schedule
from twinprop.training import (
    exact_cost,
    not_finite_before_training,
    run_training,
    with_mean_1,
)

TASKS = ("regression", "classification", "multilabel")

SOLVERS = ("adam", "sgd", "rmsprop", "rprop", "lbfgs")

#: Solvers that need the gradient over all samples, and have no learning rate to change.
FULL_BATCH_SOLVERS = ("rprop", "lbfgs")

LOSS_ALIASES = {"squared_error": "half_mse", "log_loss": "cross_entropy"}

#: The names of what the learning rate does from epoch to epoch; scikit-learn's among them.
LEARNING_RATES = ("constant", "adaptive", "invscaling", *SCHEDULES)

#: With batch_size "auto", so many samples make one update; None is all of them. With sgd as many as
#: in scikit-learn, so that its learning rates do here what they do there.
AUTO_BATCH_SIZES = {"adam": 32, "sgd": 200, "rmsprop": 32, "rprop": None, "lbfgs": None}

#: An adaptive learning rate is divided by this when the loss stalls, as in scikit-learn.
ADAPTIVE_DIVISOR = 5.0

#: The training ends when an adaptive learning rate is at most this, as in scikit-learn.
LEAST_ADAPTIVE_RATE = 1e-6

#: The settings of a fit and their defaults; r/fitting.R has the same table under R's names.
FIT_DEFAULTS: dict[str, Any] = {
    "hidden_layer_sizes": (8,),
    "activation": "relu",
    "out_activation": "auto",
    "loss": "auto",
    "init": "xavier",
    "starting_weights": None,
    "rule": "gradient",
    "update_order": "simultaneous",
    "solver": "adam",
    "momentum": 0.9,
    "nesterovs_momentum": True,
    "beta_1": 0.9,
    "beta_2": 0.999,
    "epsilon": 1e-8,
    "alpha": 0.0001,
    "batch_size": "auto",
    "learning_rate": "constant",
    "learning_rate_init": 0.01,
    "power_t": 0.5,
    "max_iter": 1000,
    "shuffle": True,
    "tol": 1e-4,
    "n_iter_no_change": 10,
    "early_stopping": False,
    "validation_fraction": 0.1,
    "dropout": 0.0,
    "clip_norm": None,
    "arithmetic": "fast",
    "class_weight": None,
    "scale": True,
    "random_state": None,
    "verbose": False,
    "callbacks": None,
}

Callback = Callable[[int, float, float | None, Network], Any]


@dataclass(frozen=True, repr=False)
class Fitted:
    """What came of a fit.

    Attributes
    ----------
    network : Network
        The trained network; with early stopping as it was after `best_epoch`.
    loss_curve : ndarray, (n_iter,)
        Each epoch's loss: the mean, weighted by the sample weights, of the loss that each sample
        had in the forward pass of its own update, and the penalty; of solver "lbfgs" the loss after
        each iteration.
    validation_loss_curve : ndarray, (n_iter,), or None
        The mean loss of the validation rows after each epoch, without the penalty; None without
        such rows.
    loss : float
        The last of the loss curve; of "lbfgs" that did not move (it started at a minimum) the loss
        there.
    n_iter : int
        How many epochs (iterations of "lbfgs") were made.
    best_epoch : int
        The epoch whose watched loss was the lowest: the validation loss with early stopping, else
        the loss; 0 if there was none.
    converged : bool
        Whether the training ended by itself: by its stopping rule, not at `max_iter`, by a callback
        or an interruption.
    stopped : str
        Why it ended: "tol", "gradient" and "line_search" (solver "lbfgs"), "learning_rate"
        (an adaptive one got too small), "max_iter", "callback" or "interrupt".
    reason : str
        The same in words.
    settings : dict
        All settings, as they were used: the names of `FIT_DEFAULTS`, with "auto" replaced by what
        it stood for, and `random_state` the seed.
    training : dict
        What `Network.train` would be called with: cost, rule, update_order, optimizer (a dict),
        batch_size, epochs, shuffle, seed, dropout, clip_norm, schedule,
        arithmetic. The same in Python and R.
    updates : int
        How many updates were made; of "lbfgs" how often the gradient was computed.
    validation_rows : ndarray of int or None
        Which rows of x were set aside, from 0 on; None without early stopping or with validation
        data of their own.
    optimizer : Optimizer or None
        With its memory, to go on with; None for "lbfgs".
    """

    network: Network
    loss_curve: Array
    validation_loss_curve: Array | None
    loss: float
    n_iter: int
    best_epoch: int
    converged: bool
    stopped: str
    reason: str
    settings: dict[str, Any]
    training: dict[str, Any]
    updates: int
    validation_rows: npt.NDArray[np.intp] | None = None
    optimizer: Optimizer | None = field(default=None)

    def __repr__(self) -> str:
        return (
            f"Fitted({self.network!r}, {self.n_iter} epochs, loss {self.loss:.6g}: {self.reason})"
        )


def fit_network(
    x: Any,
    d: Any,
    settings: Mapping[str, Any] | None = None,
    *,
    task: str,
    strata: Any = None,
    sample_weight: Any = None,
    validation: Sequence[Any] | None = None,
    network: Network | None = None,
    optimizer: Optimizer | None = None,
    progress: bool | None = None,
    callbacks: Callback | Sequence[Callback] | None = None,
) -> Fitted:
    """Fit a network to inputs and desired outputs that are encoded and scaled already.

    One seed s (`random_state`) draws the starting weights (`Network(seed=s)`), the shuffles and the
    dropout (`Network.train(seed=s)`) and the validation rows (`RandomStream(s)`), so that a fit can
    be redone by hand. Python and R give the same weights, with the setting `arithmetic` "portable"
    bit by bit.

    Parameters
    ----------
    x : array-like, (n, n_1)
        Inputs, a row per sample.
    d : array-like, (n, n_L)
        Desired outputs, a row per sample; of classes a column of 0 and 1 for each (one column for
        two classes).
    settings : mapping, optional
        Any of the settings in `FIT_DEFAULTS`; what is absent takes its default. `class_weight` and
        `scale` are left to the caller, who has the classes and the unscaled data.
    task : str
        "regression", "classification" or "multilabel": what "auto" means for `out_activation` and
        `loss`.
    strata : array-like of int, (n,), optional
        The classes' numbers: the validation rows then have each class in proportion.
    sample_weight : array-like, (n,), optional
        Weights >= 0. With all rows in one batch weight 2 is the row twice; a row of weight 0 is
        left out.
    validation : tuple (x, d) or (x, d, sample_weight), optional
        Data of its own for the validation loss, encoded and scaled as x and d. Without it, early
        stopping sets `validation_fraction` of the rows aside.
    network : Network, optional
        Start from the weights of this one, which is not changed (a warm start); goes before
        `starting_weights`.
    optimizer : Optimizer, optional
        Go on with this optimiser and what it remembers, instead of a new one of the settings.
    progress : bool, optional
        Show the loss and the time left: a bar on a terminal (with tqdm installed), else lines.
        Default: the setting `verbose`.
    callbacks : callable or sequence of callable, optional
        Each is called as ``callback(epoch, loss, validation_loss, network)`` after each epoch
        (validation_loss is None without validation); if one returns True, the training ends there.
        The network goes on training: copy what is to be kept. Default: the setting `callbacks`.

    Returns
    -------
    Fitted
        The network, the curves of the losses, why it ended, and the settings as they were used.

    Raises
    ------
    InputError
        If an argument or a setting is not as described.
    DivergenceError
        If the cost or a weight becomes NaN or Inf; it carries the network from before that epoch.
    DenominatorError
        If a rule has to divide by a sum of weights of 0 or nearly 0; the same.

    Warns
    -----
    UserWarning
        If it is interrupted (Ctrl-C): the fit is what was reached, with early stopping the weights
        of the best epoch.

    Notes
    -----
    Not to have converged gives no warning here: see `Fitted.converged` and `Fitted.reason`.

    References
    ----------
    The section "Fitting" of docs/contract.md. The stopping rule and the adaptive learning rate are
    those of scikit-learn's multilayer perceptron.

    Examples
    --------
    >>> from twinprop import load_dataset
    >>> x, d, *_ = load_dataset("iris").plan_data()
    >>> fit = fit_network(x, d, {"random_state": 1}, task="classification")
    >>> fit.converged, fit.settings["out_activation"], fit.settings["loss"]
    (True, 'softmax', 'cross_entropy')
    >>> float((fit.network.predict(x).argmax(axis=1) == d.argmax(axis=1)).mean()) > 0.95
    True
    """
    task = check_choice(task, "task", TASKS)
    x = check_matrix(x, "x", _width(x))
    d = check_matrix(np.asarray(d)[:, np.newaxis] if is_vector(d) else d, "d", _width(d))
    check_same_rows(d, x)
    s = check_fit_settings(settings or {})
    layers = (x.shape[1], *s["hidden_layer_sizes"], d.shape[1])
    s["out_activation"], s["loss"] = resolve_outputs(task, d.shape[1], s)
    s["random_state"] = seed = draw_seed(s["random_state"])
    if progress is not None:
        s["verbose"] = check_switch(progress, "progress")
    if callbacks is not None:
        s["callbacks"] = _check_callbacks(callbacks, "callbacks")
    start = _start(layers, s, network)
    start.check_cost(s["loss"])
    d = start.check_targets(d, x, s["loss"])
    rows, x, d, weight, strata = _weighted_rows(x, d, sample_weight, strata)

    held_out = None
    held = None if validation is None else _check_validation(validation, start, s["loss"])
    if held is None and s["early_stopping"]:
        kept, held_out = split_rows(len(x), s["validation_fraction"], seed, strata)
        held = x[held_out], d[held_out], None if weight is None else weight[held_out]
        x, d = x[kept], d[kept]
        weight = None if weight is None else weight[kept]
        held_out = rows[held_out]
    n = len(x)
    s["batch_size"] = batch_size = resolve_batch_size(s["batch_size"], s["solver"], n)
    computing = ARITHMETICS[s["arithmetic"]]
    mean_weight = 1.0 if weight is None else computing.total(weight) / n

    watch = _Watch(start, s, held)
    if s["solver"] == "lbfgs":
        decay = s["alpha"] / (n * mean_weight)
        updates, training = _train_lbfgs(start, x, d, weight, s, decay, watch)
        used = None
    else:
        decay = s["alpha"] / (batch_size * mean_weight)
        used = optimizer if optimizer is not None else make_solver(s, decay)
        updates, training = _train(start, x, d, weight, s, used, watch)
    watch.finish()
    return Fitted(
        network=start,
        loss_curve=np.array(watch.losses),
        validation_loss_curve=None if held is None else np.array(watch.validation_losses),
        loss=watch.losses[-1] if watch.losses else watch.start_loss,
        n_iter=len(watch.losses),
        best_epoch=watch.best_epoch,
        converged=watch.stopped in ("tol", "learning_rate", "gradient", "line_search"),
        stopped=watch.stopped,
        reason=_reason(watch, s),
        settings=s,
        training=training,
        updates=updates,
        validation_rows=held_out,
        optimizer=used,
    )


# --------------------------------------------------------------------------------- settings


def check_fit_settings(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the complete settings of a fit, checked; "auto" and the seed are left as they are.

    Parameters
    ----------
    given : mapping
        Any of the keys of `FIT_DEFAULTS`.

    Raises
    ------
    InputError
        If a key is unknown, a value is not as the section "Fitting" of docs/contract.md says, or
        two settings do not go together.
    """
    check_keys(given, "settings", list(FIT_DEFAULTS))
    s = {**FIT_DEFAULTS, **given}
    s["hidden_layer_sizes"] = hidden = check_hidden(s["hidden_layer_sizes"], "hidden_layer_sizes")
    s["activation"] = _check_hidden_activations(s["activation"], "activation", len(hidden))
    s["out_activation"] = check_choice(
        s["out_activation"], "out_activation", ["auto", *ACTIVATIONS], ACTIVATION_ALIASES
    )
    s["loss"] = check_choice(s["loss"], "loss", ["auto", *COSTS], LOSS_ALIASES)
    s["init"] = check_choice(s["init"], "init", INITS)
    s["rule"] = check_choice(s["rule"], "rule", RULES)
    s["update_order"] = check_choice(s["update_order"], "update_order", UPDATE_ORDERS)
    s["solver"] = solver = check_choice(s["solver"], "solver", SOLVERS)
    s["momentum"] = check_fraction(s["momentum"], "momentum")
    s["nesterovs_momentum"] = check_switch(s["nesterovs_momentum"], "nesterovs_momentum")
    s["beta_1"] = check_fraction(s["beta_1"], "beta_1")
    s["beta_2"] = check_fraction(s["beta_2"], "beta_2")
    s["epsilon"] = check_number(s["epsilon"], "epsilon")
    s["alpha"] = check_number(s["alpha"], "alpha")
    s["batch_size"] = _check_auto_batch_size(s["batch_size"], "batch_size")
    s["power_t"] = check_number(s["power_t"], "power_t")
    s["learning_rate"] = _check_learning_rate(s["learning_rate"], "learning_rate", s["power_t"])
    s["learning_rate_init"] = check_number(s["learning_rate_init"], "learning_rate_init")
    s["max_iter"] = check_integer(s["max_iter"], "max_iter", 1)
    s["shuffle"] = check_switch(s["shuffle"], "shuffle")
    s["tol"] = check_number(s["tol"], "tol")
    s["n_iter_no_change"] = check_integer(s["n_iter_no_change"], "n_iter_no_change", 1)
    s["early_stopping"] = check_switch(s["early_stopping"], "early_stopping")
    s["validation_fraction"] = _check_share(s["validation_fraction"], "validation_fraction")
    s["dropout"] = check_dropout(s["dropout"], "dropout", len(hidden))
    s["clip_norm"] = check_clip_norm(s["clip_norm"], "clip_norm", s["update_order"])
    s["arithmetic"] = check_choice(s["arithmetic"], "arithmetic", ARITHMETICS)
    s["class_weight"] = check_class_weight(s["class_weight"], "class_weight")
    s["scale"] = check_switch(s["scale"], "scale")
    s["verbose"] = check_switch(s["verbose"], "verbose")
    s["callbacks"] = _check_callbacks(s["callbacks"], "callbacks")
    if solver in FULL_BATCH_SOLVERS and s["learning_rate"] != "constant":
        _needs(solver, "learning_rate", "constant", s["learning_rate"])
    if solver == "lbfgs":
        for key in ("rule", "update_order", "dropout", "clip_norm"):
            dropped = key == "dropout" and not np.any(s[key])
            if s[key] != FIT_DEFAULTS[key] and not dropped:
                _needs(solver, key, FIT_DEFAULTS[key], s[key])
    return s


def _needs(solver: str, key: str, needed: Any, got: Any) -> None:
    raise InputError(f'solver "{solver}" needs {key} {describe(needed)}, got {describe(got)}')


def check_hidden(value: Any, name: str) -> tuple[int, ...]:
    """Return the sizes of the hidden layers; 0 or an empty list is none."""
    entries = as_list(value)
    if entries is None:
        if is_integer(value) and value == 0:
            return ()
        if not is_integer(value) or value < 1:
            raise InputError(
                f"{name} must be an integer >= 1 or a list of such, or empty for no hidden layer, "
                f"got {describe(value)}"
            )
        return (int(value),)
    return tuple(check_integer(entry, f"{name} entry {i}", 1) for i, entry in enumerate(entries, 1))


def _check_hidden_activations(value: Any, name: str, count: int) -> tuple[str, ...]:
    choices = [activation for activation in ACTIVATIONS if activation != "softmax"]
    if isinstance(value, str):
        return (check_choice(value, name, choices, ACTIVATION_ALIASES),) * count
    entries = as_list(value)
    if entries is None:
        raise InputError(f"{name} must be a name or a list of names, got {describe(value)}")
    if len(entries) != count:
        raise InputError(
            f"{name} must have one name for each hidden layer ({count}), got {len(entries)}"
        )
    return tuple(
        check_choice(entry, f"{name} entry {i}", choices, ACTIVATION_ALIASES)
        for i, entry in enumerate(entries, 1)
    )


def _check_auto_batch_size(value: Any, name: str) -> int | str | None:
    if value is None or (isinstance(value, str) and value == "auto"):
        return value
    if not is_integer(value) or value < 1:
        raise InputError(f'{name} must be null, "auto" or an integer >= 1, got {describe(value)}')
    return int(value)


def _check_learning_rate(value: Any, name: str, power: float) -> str | dict[str, Any]:
    """Return "constant", "adaptive" or the complete settings of a schedule."""
    if isinstance(value, str):
        value = check_choice(value, name, LEARNING_RATES)
        if value in ("constant", "adaptive"):
            return value
        if value in ("invscaling", "inverse"):
            value = {"name": "inverse", "power": power}
    elif isinstance(value, Mapping) and value.get("name") == "invscaling":
        value = {**value, "name": "inverse"}
    schedule = check_schedule(value, name, "sgd")
    return "constant" if schedule is None else schedule


def _check_share(value: Any, name: str) -> float:
    if not is_finite(value) or not 0 < value < 1:
        raise InputError(f"{name} must be a number above 0 and below 1, got {describe(value)}")
    return float(value)


def check_class_weight(value: Any, name: str) -> str | Mapping[Any, float] | None:
    """Return None, "balanced" or a mapping of classes to weights >= 0."""
    if value is None or (isinstance(value, str) and value == "balanced"):
        return value
    if not isinstance(value, Mapping):
        raise InputError(f'{name} must be null, "balanced" or an object, got {describe(value)}')
    return {key: check_number(entry, f"{name} {describe(key)}") for key, entry in value.items()}


def _check_callbacks(value: Any, name: str) -> list[Callback]:
    entries = [] if value is None else [value] if callable(value) else as_list(value)
    if entries is None or not all(map(callable, entries)):
        raise InputError(
            f"{name} must be null, a function or a list of functions, got {describe(value)}"
        )
    return entries


def resolve_outputs(task: str, outputs: int, settings: Mapping[str, Any]) -> tuple[str, str]:
    """Return out_activation and loss, with "auto" replaced by what it stands for.

    Parameters
    ----------
    task : str
        "regression", "classification" or "multilabel".
    outputs : int
        How many columns the desired outputs have; a classification of two classes has one.
    settings : mapping
        Its `out_activation` and `loss`.
    """
    activation, loss = settings["out_activation"], settings["loss"]
    if activation == "auto":
        if task == "regression":
            activation = "sigmoid" if loss == "cross_entropy" else "identity"
        elif task == "classification" and outputs > 1 and loss in ("auto", "cross_entropy"):
            activation = "softmax"
        else:
            activation = "sigmoid"
    if loss == "auto":
        probabilities = activation in ("sigmoid", "softmax")
        loss = "cross_entropy" if task != "regression" and probabilities else "half_mse"
        if activation == "softmax":
            loss = "cross_entropy"
    return activation, loss


def resolve_batch_size(value: int | str | None, solver: str, rows: int) -> int:
    """Return the number of samples per update of a training of so many rows."""
    size = AUTO_BATCH_SIZES[solver] if value == "auto" else value
    if size is None or solver == "lbfgs":
        return rows
    return min(int(size), rows)


def make_solver(settings: Mapping[str, Any], weight_decay: float) -> Optimizer:
    """Return the optimiser that stands behind a solver other than "lbfgs"."""
    solver = settings["solver"]
    own: dict[str, Any] = {}
    if solver == "sgd":
        momentum = settings["momentum"]
        nesterov = settings["nesterovs_momentum"] and momentum > 0.0
        own = {"momentum": momentum, "nesterov": nesterov}
    elif solver == "adam":
        own = {"betas": (settings["beta_1"], settings["beta_2"]), "eps": settings["epsilon"]}
    elif solver == "rmsprop":
        own = {"eps": settings["epsilon"]}
    rate = settings["learning_rate_init"]
    return Optimizer(solver, learning_rate=rate, weight_decay=weight_decay, **own)


def draw_seed(random_state: Any) -> int:
    """Return a seed: an integer as it is, else one drawn from numpy's generator.

    Parameters
    ----------
    random_state : int, None, numpy.random.RandomState or numpy.random.Generator
        None draws from numpy's global generator (`numpy.random.seed` sets it).

    Raises
    ------
    InputError
        If it is something else, or an integer that is no seed.
    """
    if isinstance(random_state, np.random.Generator):
        return int(random_state.integers(2**31 - 1))
    if random_state is None or random_state is np.random:
        return int(np.random.randint(2**31 - 1))  # noqa: NPY002, the user's global generator
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(2**31 - 1))
    return check_seed(random_state, "random_state")


def class_weight_rows(
    codes: Any, classes: Sequence[Any], class_weight: str | Mapping[Any, float] | None
) -> Array | None:
    """Return the weight that its class gives each row, (n,); None if all have the same.

    Parameters
    ----------
    codes : array-like of int, (n,)
        Each row's class, as a position in `classes`, from 0.
    classes : sequence
        The classes, in their order.
    class_weight : "balanced", mapping or None
        "balanced": n / (K n_k) for a class with n_k of the n rows, K classes. A mapping gives a
        class's weight; a class that is not in it has weight 1.

    Raises
    ------
    InputError
        If the mapping names something that is no class.

    Examples
    --------
    >>> class_weight_rows([0, 0, 0, 1], ["no", "yes"], "balanced").round(3).tolist()
    [0.667, 0.667, 0.667, 2.0]
    """
    class_weight = check_class_weight(class_weight, "class_weight")
    if class_weight is None:
        return None
    codes = np.asarray(codes, dtype=np.intp)
    if isinstance(class_weight, str):
        counts = np.bincount(codes, minlength=len(classes)).astype(float)
        return len(codes) / (len(classes) * counts[codes])
    for key in class_weight:
        if key not in list(classes):
            raise InputError(f"class_weight names {describe(key)}, which is no class")
    return np.array([float(class_weight.get(entry, 1.0)) for entry in classes])[codes]


# ------------------------------------------------------------------------------ data and start


def _width(value: Any) -> int:
    """How many columns a matrix has, as far as can be told; `check_matrix` tells the rest."""
    shape = getattr(value, "shape", None)
    if shape is not None:
        return int(shape[1]) if len(shape) == 2 else 1
    entries = as_list(value)
    first = as_list(entries[0]) if entries else None
    return 1 if first is None else len(first)


def _weighted_rows(
    x: Array, d: Array, sample_weight: Any, strata: Any
) -> tuple[npt.NDArray[np.intp], Array, Array, Array | None, npt.NDArray[np.intp] | None]:
    """Return the numbers of the rows with a weight above 0, and these rows of all the rest."""
    weight = check_sample_weight(sample_weight, "sample_weight", len(x))
    rows = np.arange(len(x)) if weight is None else np.flatnonzero(weight)
    if strata is not None:
        strata = np.asarray(strata, dtype=np.intp)
        if strata.shape != (len(x),):
            raise InputError(f"strata must have {len(x)} values, got {len(strata)}")
        strata = strata[rows]
    if len(rows) < len(x) and weight is not None:
        x, d, weight = x[rows], d[rows], weight[rows]
    if weight is not None and weight.min() == weight.max() == 1.0:
        weight = None
    return rows, x, d, weight, strata


def split_rows(
    n: int,
    fraction: float,
    seed: int,
    strata: npt.NDArray[np.intp] | None = None,
    name: str = "validation_fraction",
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return the rows to train on and those set aside for validation, each in ascending order.

    u = RandomStream(seed).uniform(n) orders the rows, by (class, u) with strata, else by u; of the
    n_val = max(1, ceil(fraction n)) validation rows the i-th, from 1, is that at the position
    floor((i - 0.5) n / n_val) of this order, from 0.

    Parameters
    ----------
    n : int
        How many rows there are.
    fraction : float
        The share to set aside.
    seed : int
        The seed of the numbers.
    strata : ndarray of int, (n,), optional
        The classes' numbers.
    name : str
        What messages call the fraction.

    Raises
    ------
    InputError
        If no row would be left to train on.

    Examples
    --------
    >>> kept, held_out = split_rows(10, 0.2, seed=1)
    >>> held_out.tolist()
    [0, 5]
    """
    held = max(1, math.ceil(fraction * n))
    if held >= n:
        raise InputError(
            f"{name} must leave at least 1 row to train on, got {describe(fraction)} of {n} rows"
        )
    u = RandomStream(seed).uniform(n)
    order = np.argsort(u, kind="stable") if strata is None else np.lexsort((u, strata))
    i = np.arange(1, held + 1)
    chosen = np.zeros(n, dtype=bool)
    chosen[order[np.floor((i - 0.5) * n / held).astype(np.intp)]] = True
    return np.flatnonzero(~chosen), np.flatnonzero(chosen)


def _check_validation(
    validation: Sequence[Any], network: Network, loss: str
) -> tuple[Array, Array, Array | None]:
    if not isinstance(validation, Sequence) or len(validation) not in (2, 3):
        raise InputError(
            "validation must be null or a list of x, d and perhaps sample_weight, "
            f"got {describe(validation)}"
        )
    x = check_matrix(validation[0], "validation x", network.layers[0])
    d = validation[1]
    d = check_matrix(
        np.asarray(d)[:, np.newaxis] if is_vector(d) else d, "validation d", network.layers[-1]
    )
    check_same_rows(d, x, "validation d", "validation x")
    d = network.check_targets(d, x, loss)
    given = validation[2] if len(validation) == 3 else None
    return x, d, check_sample_weight(given, "validation sample_weight", len(x))


def _start(layers: Sequence[int], settings: Mapping[str, Any], network: Network | None) -> Network:
    """Return a new network with the weights to start from."""
    start = Network(
        layers,
        [*settings["activation"], settings["out_activation"]],
        init=settings["init"],
        seed=settings["random_state"],
    )
    given = settings["starting_weights"] if network is None else network
    if given is None:
        return start
    name = "starting_weights" if network is None else "network"
    if isinstance(given, Network):
        if given.layers != start.layers:
            raise InputError(
                f"{name} must be of a network of layers {'-'.join(map(str, start.layers))}, "
                f"got {'-'.join(map(str, given.layers))}"
            )
        np.copyto(start.parameters, given.parameters)
        return start
    pair = as_list(given)
    coefs = as_list(pair[0]) if pair is not None and len(pair) == 2 else None
    if pair is None or coefs is None:
        raise InputError(
            f"{name} must be null, a Network or a pair of coefs and intercepts, "
            f"got {describe(given)}"
        )
    if len(coefs) != len(start.weights):
        raise InputError(
            f"{name} must have one matrix of coefs for each layer after the input "
            f"({len(start.weights)}), got {len(coefs)}"
        )
    for i, (coef, w) in enumerate(zip(coefs, start.weights, strict=True)):
        inputs, outputs = layers[i], layers[i + 1]
        w[...] = check_matrix(coef, f"{name} coefs layer {i + 2}", outputs, rows=inputs).T
    for b, given_b in zip(
        start.biases, check_biases(pair[1], f"{name} intercepts", layers), strict=True
    ):
        b[...] = given_b
    return start


# -------------------------------------------------------------------------------- the training


class _Watch:
    """What is looked at after each epoch: validation, callbacks, when to stop."""

    def __init__(
        self,
        network: Network,
        settings: Mapping[str, Any],
        validation: tuple[Array, Array, Array | None] | None,
    ) -> None:
        self.network = network
        self.settings = settings
        self.validation = validation
        self.arithmetic = ARITHMETICS[settings["arithmetic"]]
        if validation is not None and validation[2] is not None:
            weight = with_mean_1(validation[2], self.arithmetic)
            self.validation = (*validation[:2], weight)
        self.early_stopping = settings["early_stopping"]
        self.start_loss = math.nan
        self.losses: list[float] = []
        self.validation_losses: list[float] = []
        self.best = math.inf
        self.best_epoch = 0
        self.best_parameters = network.parameters.copy()
        self.stalled = 0
        self.stopped = "max_iter"
        self.optimizer: Optimizer | None = None

    def __call__(self, epoch: int, loss: float) -> bool:
        """Take note of an epoch; return whether it is the last."""
        validation_loss = None
        if self.validation is not None:
            x, d, weight = self.validation
            validation_loss, _ = exact_cost(
                self.network, x, d, self.settings["loss"], 0.0, weight, self.arithmetic
            )
        self.losses.append(loss)
        if validation_loss is not None:
            self.validation_losses.append(validation_loss)
        watched = loss
        if self.early_stopping and validation_loss is not None:
            watched = validation_loss
        # scikit-learn's rule: an epoch counts that is not below the best so far by tol
        self.stalled = self.stalled + 1 if not watched <= self.best - self.settings["tol"] else 0
        if watched < self.best:
            self.best, self.best_epoch = watched, epoch
            if self.early_stopping:
                np.copyto(self.best_parameters, self.network.parameters)
        for callback in self.settings["callbacks"]:
            if callback(epoch, loss, validation_loss, self.network) is True:
                self.stopped = "callback"
        if self.stopped == "callback":
            return True
        if self.stalled > self.settings["n_iter_no_change"]:
            return self._stall()
        return False

    def _stall(self) -> bool:
        """Stop, or go on with a smaller learning rate if that is adaptive."""
        self.stopped = "tol"
        if self.optimizer is None or self.settings["learning_rate"] != "adaptive":
            return True
        rates = self.optimizer.settings
        if rates["learning_rate"] <= LEAST_ADAPTIVE_RATE:
            self.stopped = "learning_rate"
            return True
        rates["learning_rate"] /= ADAPTIVE_DIVISOR
        self.stopped = "max_iter"
        self.stalled = 0
        return False

    def finish(self) -> None:
        """With early stopping put the weights of the best epoch back."""
        if self.stopped == "interrupt":
            kept = self.best_epoch if self.early_stopping else len(self.losses)
            warnings.warn(
                f"fit interrupted after {len(self.losses)} epochs; "
                f"it keeps the weights after epoch {kept}",
                stacklevel=3,  # whoever called fit_network
            )
        if self.early_stopping:
            np.copyto(self.network.parameters, self.best_parameters)


def _train(
    network: Network,
    x: Array,
    d: Array,
    weight: Array | None,
    s: Mapping[str, Any],
    optimizer: Optimizer,
    watch: _Watch,
) -> tuple[int, dict[str, Any]]:
    """Train in place by the loop of `Network.train`; the number of updates, and its settings."""
    watch.optimizer = optimizer
    rates = s["learning_rate"]
    training = {
        "cost": s["loss"],
        "rule": s["rule"],
        "update_order": s["update_order"],
        "optimizer": dict(optimizer.settings),
        "batch_size": s["batch_size"],
        "epochs": s["max_iter"],
        "shuffle": s["shuffle"],
        "seed": s["random_state"],
        "dropout": s["dropout"],
        "clip_norm": s["clip_norm"],
        "schedule": None if isinstance(rates, str) else rates,
        "arithmetic": s["arithmetic"],
    }
    run = run_training(
        network,
        x,
        d,
        **{**training, "optimizer": optimizer},
        snapshots=(),
        sample_weight=weight,
        progress=s["verbose"],
        after_epoch=watch,
        warn_interrupted=False,
    )
    if rates == "adaptive":
        training["schedule"] = rates
    if watch.stopped == "max_iter" and len(watch.losses) < s["max_iter"]:
        watch.stopped = "interrupt"
    return run.updates, training


def _train_lbfgs(
    network: Network,
    x: Array,
    d: Array,
    weight: Array | None,
    s: Mapping[str, Any],
    weight_decay: float,
    watch: _Watch,
) -> tuple[int, dict[str, Any]]:
    """Train in place by L-BFGS; how often the gradient was computed, and the settings."""
    computing = ARITHMETICS[s["arithmetic"]]
    objective = _objective(network, x, d, weight, s["loss"], weight_decay, computing)
    evaluations = 0

    def counted(parameters: Array) -> tuple[float, Array]:
        nonlocal evaluations
        evaluations += 1
        return objective(parameters)

    start = network.parameters.copy()
    best = start
    with show_progress(s["verbose"], s["max_iter"]) as show:

        def after_iteration(iteration: int, at: Array, value: float, gradient: Array) -> bool:
            nonlocal best
            best = at
            np.copyto(network.parameters, at)
            show(iteration, value)
            return watch(iteration, value)

        watch.start_loss = objective(start)[0]
        if not math.isfinite(watch.start_loss):
            raise not_finite_before_training()
        try:
            found = lbfgs(
                counted,
                start,
                max_iter=s["max_iter"],
                tol=s["tol"],
                after_iteration=after_iteration,
                arithmetic=computing,
            )
            if found.stopped != "asked":
                watch.stopped = found.stopped
        except KeyboardInterrupt:
            watch.stopped = "interrupt"
    np.copyto(network.parameters, best)
    return evaluations, {
        "cost": s["loss"],
        "rule": s["rule"],
        "update_order": s["update_order"],
        "optimizer": {"name": "lbfgs", "weight_decay": weight_decay, "memory": MEMORY},
        "batch_size": s["batch_size"],
        "epochs": s["max_iter"],
        "shuffle": s["shuffle"],
        "seed": s["random_state"],
        "dropout": s["dropout"],
        "clip_norm": s["clip_norm"],
        "schedule": None,
        "arithmetic": s["arithmetic"],
    }


def _objective(
    network: Network,
    x: Array,
    d: Array,
    weight: Array | None,
    loss: str,
    weight_decay: float,
    arithmetic: Arithmetic = FAST,
) -> Callable[[Array], tuple[float, Array]]:
    """Return the loss over all samples, with the penalty, and its gradient, of the parameters."""
    gradient = np.empty_like(network.parameters)
    buffers = make_buffers(network.layers, len(x), *network.views(gradient))
    how = learning(network.activations, network.layers[-1], loss, "gradient", arithmetic)
    share = None if weight is None else with_mean_1(weight, arithmetic)
    column = None if share is None else share[:, np.newaxis]
    n_weights = network.n_weights
    at = copy.deepcopy(network)

    def objective(parameters: Array) -> tuple[float, Array]:
        np.copyto(at.parameters, parameters)
        with np.errstate(all="ignore"):
            forward_pass(
                at.weights, at.biases, how.activations, x, buffers.forward, None, arithmetic
            )
            backward_pass(at.weights, d, how, buffers, sample_weight=column)
            z, a = buffers.forward
            costs = how.cost(z[-1], a[-1], d, arithmetic)
            if share is not None:
                costs *= share
            weights = at.parameters[:n_weights]
            value = arithmetic.total(costs) / len(costs)
            value += penalty(weights, weight_decay, arithmetic)
            result = gradient.copy()
            result[:n_weights] += weight_decay * weights
        return value, result

    return objective


def _reason(watch: _Watch, s: Mapping[str, Any]) -> str:
    """Say why the training ended."""
    what = "validation loss" if watch.early_stopping else "loss"
    epochs = len(watch.losses)
    tol, patience = describe(s["tol"]), s["n_iter_no_change"]
    return {
        "tol": f"the {what} did not fall by {tol} for more than {patience} epochs",
        "learning_rate": (
            f"the {what} did not fall by {tol} for more than {patience} epochs, "
            f"with a learning rate down to {describe(LEAST_ADAPTIVE_RATE)}"
        ),
        "gradient": f"no entry of the gradient is above {tol}",
        "line_search": "no step lowers the loss any further",
        "max_iter": f"all {epochs} epochs were made before the {what} had settled",
        "callback": f"a callback ended it after epoch {epochs}",
        "interrupt": f"it was interrupted after epoch {epochs}",
    }[watch.stopped]
