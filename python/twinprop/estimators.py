"""The estimators for scikit-learn. No twins: R's door is r/twinprop.R.

They are thin: rows are checked, encoded and scaled (encoding.py), the weights found (fitting.py),
and what came of it is a `Model` (model.py), by which everything is predicted.
"""

from __future__ import annotations

import html
import logging
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from twinprop.checks import (
    Array,
    as_list,
    check_sample_weight,
    check_switch,
    describe,
    is_integer,
)
from twinprop.encoding import (
    Inputs,
    Outputs,
    class_places,
    encode_inputs,
    encode_outputs,
    is_missing,
    learn_inputs,
    learn_outputs,
    scale_inputs,
    scale_outputs,
)
from twinprop.errors import EngineError, InputError
from twinprop.fingerprint import SHOWN, fingerprint_of
from twinprop.fitting import (
    Callback,
    Fitted,
    check_fit_settings,
    class_weight_rows,
    draw_seed,
    fit_network,
    resolve_outputs,
    split_rows,
)
from twinprop.model import Model, label_values
from twinprop.network import Network

try:
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.metrics import r2_score
    from sklearn.utils import check_array, check_consistent_length, column_or_1d
    from sklearn.utils.metaestimators import available_if
    from sklearn.utils.multiclass import check_classification_targets, type_of_target
    from sklearn.utils.validation import check_is_fitted, validate_data
except ImportError as error:
    raise EngineError(
        'the estimators need scikit-learn; install it: pip install "twinprop[sklearn]"'
    ) from error

if TYPE_CHECKING:
    from typing import Self

LOGGER = logging.getLogger("twinprop")

#: What scikit-learn's `out_activation_` calls an activation that has another name here.
SKLEARN_NAMES = {"sigmoid": "logistic"}

#: More columns than these are only counted in a notebook's summary.
MOST_COLUMNS = 20

#: `partial_fit` counts the seed up by one at each call, within what a seed may be.
LARGEST_SEED = 2**31 - 1

Vector = npt.NDArray[Any]
Places = npt.NDArray[np.int64]
#: Validation rows as the network takes them: x, d and weights.
Held = tuple[Array, Array, Array | None]


def _learns_in_parts(estimator: _MLP) -> bool:
    if estimator.solver == "lbfgs":
        raise AttributeError('partial_fit is not there for solver "lbfgs", which needs all rows')
    if estimator.early_stopping:
        raise AttributeError("partial_fit is not there with early_stopping")
    return True


def _has_probabilities(estimator: _MLP) -> bool:
    if estimator.out_activation not in ("auto", "sigmoid", "logistic", "softmax"):
        raise AttributeError(
            'predict_proba needs out_activation "sigmoid" or "softmax", '
            f"got {describe(estimator.out_activation)}"
        )
    return True


class _MLP(BaseEstimator):  # type: ignore[misc]
    """What the classifier and the regressor have in common."""

    model_: Model
    n_iter_: int
    t_: int
    loss_: float | None
    loss_curve_: list[float]
    best_loss_: float | None
    validation_loss_curve_: list[float] | None
    validation_scores_: list[float] | None
    best_validation_score_: float | None

    def __init__(
        self,
        *,
        hidden_layer_sizes: int | Sequence[int] = (8,),
        activation: str | Sequence[str] = "relu",
        out_activation: str = "auto",
        loss: str = "auto",
        init: str = "xavier",
        starting_weights: Any = None,
        rule: str = "gradient",
        update_order: str = "simultaneous",
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: int | str | None = "auto",
        learning_rate: str | Mapping[str, Any] = "constant",
        learning_rate_init: float = 0.01,
        power_t: float = 0.5,
        max_iter: int = 1000,
        shuffle: bool = True,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        tol: float = 0.0001,
        n_iter_no_change: int = 10,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        dropout: float | Sequence[float] = 0.0,
        clip_norm: float | None = None,
        arithmetic: str = "fast",
        scale: bool = True,
        random_state: Any = None,
        warm_start: bool = False,
        verbose: bool = False,
        callbacks: Any = None,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.out_activation = out_activation
        self.loss = loss
        self.init = init
        self.starting_weights = starting_weights
        self.rule = rule
        self.update_order = update_order
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.tol = tol
        self.n_iter_no_change = n_iter_no_change
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.dropout = dropout
        self.clip_norm = clip_norm
        self.arithmetic = arithmetic
        self.scale = scale
        self.random_state = random_state
        self.warm_start = warm_start
        self.verbose = verbose
        self.callbacks = callbacks

    # Fitting ------------------------------------------------------------------------------------

    def fit(
        self, X: Any, y: Any, sample_weight: Any = None, *, validation_data: Any = None
    ) -> Self:
        """Find the weights that fit the rows.

        Parameters
        ----------
        X : array-like, sparse matrix or data frame, (n, n_features)
            Inputs, a row per sample: numbers; in a data frame (pandas, polars and others) columns
            of strings, categories and booleans too. A sparse matrix is made dense.
        y : array-like, (n,) or (n, n_outputs)
            Classes, or 0 and 1 in a column for each label; of a regression numbers.
        sample_weight : array-like, (n,), optional
            Weights of the rows, >= 0.
        validation_data : (X, y) or (X, y, sample_weight), optional
            Rows whose loss is computed after every epoch; with early stopping they decide.

        Returns
        -------
        self
            The fitted estimator.

        Raises
        ------
        InputError
            If a parameter or the data are not as described; a ValueError.
        DivergenceError
            If the loss or a weight becomes NaN or Inf.

        Warns
        -----
        ConvergenceWarning
            If `max_iter` epochs were made before the loss had settled.
        UserWarning
            If it is interrupted (Ctrl-C); the estimator is what was reached then.
        """
        goes_on = check_switch(self.warm_start, "warm_start") and self.__sklearn_is_fitted__()
        fitted = self._fit(X, y, sample_weight, validation_data, goes_on=goes_on)
        self._optimizer = fitted.optimizer
        self._parts = 0
        LOGGER.info("%s: %d epochs, %s", type(self).__name__, fitted.n_iter, fitted.reason)
        if fitted.stopped == "max_iter":
            warnings.warn(
                f"training has not converged: {fitted.reason}; a larger max_iter may help",
                ConvergenceWarning,
                stacklevel=2,
            )
        return self

    def _part(self, X: Any, y: Any, sample_weight: Any, classes: Any = None) -> Self:
        """Make one epoch, over these rows only."""
        goes_on = self.__sklearn_is_fitted__()
        parts = self._parts + 1 if goes_on else 0
        fitted = self._fit(X, y, sample_weight, None, goes_on=goes_on, part=parts, classes=classes)
        self._optimizer, self._parts = fitted.optimizer, parts
        return self

    def _fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any,
        validation_data: Any,
        *,
        goes_on: bool,
        part: int | None = None,
        classes: Any = None,
    ) -> Fitted:
        """Check, encode, scale, fit, keep; `part` counts the calls of `partial_fit` from 0."""
        settings = self.get_params(deep=False)
        del settings["warm_start"]
        if is_integer(self.verbose) and self.verbose >= 0:  # elsewhere a level
            settings["verbose"] = bool(self.verbose)
        settings = check_fit_settings(settings)
        X = self._check_rows(X, self.model_.inputs if goes_on else None)
        names = _column_names(y)
        y, task = self._check_y(y)
        check_consistent_length(X, y)
        if part is None and len(y) < 2:
            raise InputError("X must have at least 2 rows, got 1 sample")
        sample_weight = _check_weight(sample_weight, len(y))
        if goes_on:
            self._check_goes_on(y, task)
            inputs, outputs = self._coding()
        else:
            inputs = learn_inputs(X, unused=False)
            outputs = self._learn_outputs(y, task, names, classes, part)
            if settings["scale"]:
                inputs = scale_inputs(inputs, encode_inputs(inputs, X), sample_weight)
                d = encode_outputs(outputs, y, task)
                activation, _ = resolve_outputs(task, d.shape[1], settings)
                # outputs that have limits are left within them
                if task == "regression" and activation == "identity":
                    outputs = scale_outputs(outputs, d, sample_weight)
        x, d = encode_inputs(inputs, X), encode_outputs(outputs, y, task)
        weight, strata = self._weigh(d, task, sample_weight)
        settings["random_state"] = draw_seed(self.random_state)
        if part is not None:
            settings |= {"max_iter": 1, "tol": 0.0}
            if is_integer(self.random_state):
                settings["random_state"] = _later_seed(settings["random_state"], part)

        held = None
        if validation_data is not None:
            held = self._encode_validation(validation_data, task, inputs, outputs)
        scores: list[float] = []
        callbacks = settings.pop("callbacks")
        watched = held or _set_aside(x, d, weight, strata, settings)
        if watched is not None:
            callbacks = [_scorer(task, watched, scores, settings["arithmetic"]), *callbacks]
        fitted = fit_network(
            x,
            d,
            settings,
            task=task,
            strata=strata,
            sample_weight=weight,
            validation=held,
            network=self.network_ if goes_on else None,
            optimizer=self._optimizer if goes_on and part is not None else None,
            callbacks=callbacks,
        )
        network = fitted.network
        training = {
            **fitted.training,
            "loss_curve": fitted.loss_curve.tolist(),
            "fingerprint": fingerprint_of(fitted.loss_curve, network.weights, network.biases),
        }
        self.model_ = Model(network, task, inputs, outputs, training=training)
        rows = len(x) if weight is None else np.count_nonzero(weight)
        rows -= 0 if fitted.validation_rows is None else len(fitted.validation_rows)
        self._keep(fitted, scores, int(rows), goes_on)
        return fitted

    def _check_rows(self, X: Any, inputs: Inputs | None) -> Any:
        """Return a data frame with its names checked, or a matrix of finite numbers.

        Without `inputs` the names and the number of the columns are kept, else held against those
        that were kept.
        """
        reset = inputs is None
        frame = _is_frame(X) and (reset or hasattr(self, "feature_names_in_"))
        columns = [] if inputs is None else inputs["columns"]
        if frame or any(about["kind"] != "numeric" for about in columns):
            return validate_data(self, X, reset=reset, skip_check_array=True)
        numbers = (np.float64, np.float32)
        X = validate_data(self, X, reset=reset, accept_sparse=("csr", "csc", "coo"), dtype=numbers)
        return X.toarray() if hasattr(X, "toarray") else X

    def _check_y(self, y: Any) -> tuple[Vector, str]:
        """Return y, (n,) or (n, n_outputs), and the task."""
        raise NotImplementedError

    def _learn_outputs(
        self, y: Vector, task: str, names: list[str] | None, classes: Any, part: int | None
    ) -> Outputs:
        return learn_outputs(y, task, names=names)

    def _check_goes_on(self, y: Vector, task: str) -> None:
        """Refuse targets of another kind than those of the fit before."""

    def _weigh(
        self, d: Array, task: str, sample_weight: Array | None
    ) -> tuple[Array | None, Places | None]:
        """Return the weights of the rows in the loss, and the places of their classes."""
        return sample_weight, None

    def _encode_validation(self, given: Any, task: str, inputs: Inputs, outputs: Outputs) -> Held:
        """Return validation data as the network takes them."""
        if not isinstance(given, tuple | list) or len(given) not in (2, 3):
            raise InputError(
                "validation_data must be null or a list of X, y and perhaps sample_weight, "
                f"got {describe(given)}"
            )
        try:
            X = self._check_rows(given[0], inputs)
            y, _ = self._check_y(given[1])
            check_consistent_length(X, y)
            x, d = encode_inputs(inputs, X), encode_outputs(outputs, y, task)
            return x, d, _check_weight(given[2] if len(given) == 3 else None, len(x))
        except ValueError as error:
            raise InputError(f"validation_data: {error}") from error

    def _keep(self, fitted: Fitted, scores: list[float], rows: int, goes_on: bool) -> None:
        """Keep what came of a fit over so many rows under scikit-learn's names."""
        losses = fitted.loss_curve.tolist()
        validation = fitted.validation_loss_curve
        self.loss_curve_ = [*(self.loss_curve_ if goes_on else []), *losses]
        self.validation_loss_curve_ = None
        self.validation_scores_ = None
        if validation is not None:
            self.validation_loss_curve_ = validation.tolist()
            self.validation_scores_ = scores
        self.best_validation_score_ = max(scores) if scores else None
        self.loss_ = self.loss_curve_[-1] if self.loss_curve_ else None
        self.best_loss_ = None if self.early_stopping else min(self.loss_curve_, default=None)
        self.n_iter_ = fitted.n_iter
        self.t_ = (self.t_ if goes_on else 0) + fitted.n_iter * rows
        network = fitted.network
        self.n_layers_ = len(network.layers)
        self.n_outputs_ = network.layers[-1]
        self.out_activation_ = SKLEARN_NAMES.get(network.activations[-1], network.activations[-1])
        self._about = _about(fitted, rows)

    # What there is after it ---------------------------------------------------------------------

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "model_")

    @property
    def network_(self) -> Network:
        """The network in `model_`."""
        network: Network = self.model_.network
        return network

    @property
    def coefs_(self) -> list[Array]:
        """Weights into the layers 2..L, (n_in, n_out) each; views of the network's own."""
        return [w.T for w in self.network_.weights]

    @coefs_.setter
    def coefs_(self, given: Any) -> None:
        _write_into(self.coefs_, given, "coefs_")

    @property
    def intercepts_(self) -> list[Array]:
        """Biases of the layers 2..L, (n_out,) each; views of the network's own."""
        return list(self.network_.biases)

    @intercepts_.setter
    def intercepts_(self, given: Any) -> None:
        _write_into(self.intercepts_, given, "intercepts_")

    def _coding(self) -> tuple[Inputs, Outputs]:
        """Return how columns become inputs, and what outputs stand for."""
        inputs, outputs = self.model_.inputs, self.model_.outputs
        assert inputs is not None
        assert outputs is not None
        return inputs, outputs

    def _raw(self, X: Any) -> Array:
        """Return the network's outputs for rows, (n, n_outputs)."""
        check_is_fitted(self)
        return self.model_.raw(self._check_rows(X, self.model_.inputs))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.categorical = True
        return tags

    def _repr_html_inner(self) -> str:
        return str(super()._repr_html_inner()) + self._html_summary()

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, str]:
        bundle: dict[str, str] = super()._repr_mimebundle_(**kwargs)
        if "text/html" in bundle:
            bundle["text/html"] += self._html_summary()
        return bundle

    def _html_summary(self) -> str:
        """Return what came of the fit as a table; nothing before it."""
        if not self.__sklearn_is_fitted__():
            return ""
        rows = "".join(
            f"<tr><th style='text-align:left'>{html.escape(name)}</th>"
            f"<td style='text-align:left'>{html.escape(text)}</td></tr>"
            for name, text in self._facts()
        )
        return f"<table class='twinprop-fit'>{rows}</table>"

    def _facts(self) -> list[tuple[str, str]]:
        """Return what there is to say of a fit, a name and a text each."""
        network, about = self.network_, self._about
        inputs, outputs = self._coding()
        columns = [column["name"] for column in inputs["columns"]]
        facts = [
            (
                "network",
                f"{'-'.join(map(str, network.layers))} ({', '.join(network.activations)}), "
                f"{network.parameters.size} weights and biases",
            ),
            ("task", f"{self.model_.task} of {', '.join(outputs['names'])}"),
            ("trained on", f"{about['rows']} rows, {len(columns)} columns: {_some(columns)}"),
            ("training", about["training"]),
            ("ended", about["ended"]),
        ]
        if self.loss_ is not None:
            facts.append(("loss", f"{about['loss']} {self.loss_:.6g}, of the last epoch"))
        if self.validation_loss_curve_:
            facts.append(("validation loss", f"{min(self.validation_loss_curve_):.6g} at best"))
        if outputs["levels"] is not None:
            facts.append(("classes", _some([str(level) for level in outputs["levels"]])))
        training = self.model_.training or {}
        if "fingerprint" in training:
            facts.append(("fingerprint", training["fingerprint"][:SHOWN]))
        return facts


class MLPClassifier(ClassifierMixin, _MLP):  # type: ignore[misc]
    """A multilayer perceptron that tells classes apart, as an estimator for scikit-learn.

    Its parameters and attributes have the names of scikit-learn's own; `twinprop()` of the R
    package finds the same weights from the same data, settings and seed. A y of 0 and 1 in several
    columns has a label in each.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int, default (8,)
        Neurons of each hidden layer, from the input to the output; () or 0 for none.
    activation : str or sequence of str, default "relu"
        Activation of the hidden layers, or one for each: "sigmoid" ("logistic"), "tanh", "relu",
        "leaky_relu", "softplus", "identity" ("linear").
    out_activation : str, default "auto"
        Activation of the output layer. "auto": "softmax" for three classes or more, "sigmoid" for
        two and for labels.
    loss : str, default "auto"
        The cost of an output error. "auto": "cross_entropy" ("log_loss"); also "half_mse"
        ("squared_error"), "half_sse" and "mse".
    init : str, default "xavier"
        How the starting weights are drawn: "xavier", "he", "torch" or "uniform"; see
        `starting_weights`.
    starting_weights : Network or (coefs, intercepts), optional
        Weights to start from instead, of the whole network: a `Network` of the same layers, or
        the two lists as `coefs_` and `intercepts_` have them.
    rule : str, default "gradient"
        How errors reach the layer before: "gradient", "transpose", "proportional" or
        "proportional_abs".
    update_order : str, default "simultaneous"
        "simultaneous" or "output_first".
    solver : str, default "adam"
        "adam", "sgd", "rmsprop", "rprop" or "lbfgs". "lbfgs" takes all rows at once, and an
        iteration of it counts as an epoch; it needs the rule "gradient".
    alpha : float, default 0.0001
        Strength of the L2 penalty on the weights (never on biases), on scikit-learn's scale: it is
        divided by the number of rows of a batch, or by the sum of their weights.
    batch_size : int, "auto" or None, default "auto"
        Rows per update; None is all of them. "auto": 32, for "sgd" 200, for "rprop" and
        "lbfgs" all of them.
    learning_rate : str or dict, default "constant"
        How the learning rate changes from epoch to epoch: "constant"; "adaptive", a fifth whenever
        the loss stalls, down to 1e-6; "invscaling" ("inverse"), "exponential", "step" or "cosine".
        A dict ``{"name": "step", "gamma": 0.5, "every": 20}`` sets the parameters as well. Solvers
        "rprop" and "lbfgs" need "constant".
    learning_rate_init : float, default 0.01
        The learning rate, of the first epoch at least.
    power_t : float, default 0.5
        The power of learning rate "invscaling".
    max_iter : int, default 1000
        The most epochs: passes over the rows.
    shuffle : bool, default True
        Whether each epoch takes the rows in a new random order.
    momentum : float, default 0.9
        Momentum of solver "sgd", from 0 to below 1.
    nesterovs_momentum : bool, default True
        Whether solver "sgd" has Nesterov's momentum.
    beta_1, beta_2 : float, default 0.9, 0.999
        Decay rates of solver "adam".
    epsilon : float, default 1e-8
        Numerical stability of solvers "adam" and "rmsprop".
    tol : float, default 0.0001
        Training stops when the loss, or with early stopping the loss of the validation rows, is not
        below the best one by `tol` for more than `n_iter_no_change` epochs in a row. Solver "lbfgs"
        also stops when no entry of the gradient is larger.
    n_iter_no_change : int, default 10
        See `tol`.
    early_stopping : bool, default False
        Whether the loss of validation rows decides when to stop. The weights of the epoch in which
        it was lowest are kept.
    validation_fraction : float, default 0.1
        Share of the rows set aside for validation with early stopping, unless `fit` is given
        `validation_data`.
    dropout : float or sequence of float, default 0.0
        Probability with which a hidden neuron is left out of an update, or one for each hidden
        layer.
    clip_norm : float, optional
        Where the gradient of an update is longer than this, it is shortened to this.
    arithmetic : str, default "fast"
        "fast" or "portable": the machine's own sums and elementary functions, or those that give
        the same bits, of weights, losses and predictions, on every computer and in R.
    class_weight : "balanced" or dict, optional
        Weight of each class in the loss; "balanced": n / (K n_k) for a class of n_k of the n rows,
        K classes. A class that the dict does not name has weight 1.
    scale : bool, default True
        Whether to standardise the inputs inside the model: numbers, not the 0 and 1 of levels, by
        mean and standard deviation of the rows (weighted by sample weights) that were fitted.
    random_state : int, RandomState or None, default None
        Seed of the starting weights, the shuffles, the validation rows and dropout. An int, from
        -2147483647 to 2147483647, is used as it is, and gives the same weights in R; else one is
        drawn, from numpy's generator if None.
    warm_start : bool, default False
        Whether another call of `fit` goes on from the present weights.
    verbose : bool, default False
        Whether to show the loss and the time left: a bar on a terminal (with tqdm installed), else
        lines on standard error. What came of a fit also goes to the logger "twinprop", level INFO.
    callbacks : callable or sequence of callable, optional
        Called after each epoch as ``callback(epoch, loss, validation_loss, network)``, the third
        None without validation rows. One that returns True stops the training. The network goes on
        training: copy what is to be kept.

    Attributes
    ----------
    coefs_ : list of ndarray
        Weights into the layers 2..L; (n_in, n_out) each. Views of the network's own: what is
        written into them, or assigned, is what predicts.
    intercepts_ : list of ndarray
        Biases of the layers 2..L; (n_out,) each. Likewise.
    loss_ : float
        The loss of the last epoch, also where early stopping keeps the weights of another.
    loss_curve_ : list of float
        The loss of every epoch, the penalty included; those of former fits with `warm_start` and
        `partial_fit` come first.
    best_loss_ : float or None
        The lowest of them; None with early stopping.
    validation_loss_curve_ : list of float or None
        The loss of the validation rows after every epoch; None without such rows.
    validation_scores_ : list of float or None
        Their accuracy after every epoch.
    best_validation_score_ : float or None
        The highest of them.
    n_iter_ : int
        Epochs of the last fit.
    t_ : int
        Rows that were trained on, each counted once an epoch.
    n_layers_ : int
        Layers, input and output included.
    n_outputs_ : int
        Neurons of the output layer.
    out_activation_ : str
        The activation of the output layer, by scikit-learn's name.
    classes_ : ndarray
        The classes, sorted, in the order of the columns of `predict_proba`.
    n_features_in_ : int
        Columns of X.
    feature_names_in_ : ndarray of str
        Their names, if X was a data frame.
    model_ : Model
        What was trained, with the coding of its columns: predicts without scikit-learn, and can be
        written to a file that R and JavaScript read.
    network_ : Network
        The network in it.

    See Also
    --------
    MLPRegressor : The same for numbers.
    Network : The network alone, to be trained step by step.

    Notes
    -----
    Training stops as that of scikit-learn does, but with early stopping it is the loss of the
    validation rows that decides, not their score.

    References
    ----------
    LeCun, Y., Bottou, L., Orr, G. B. and Mueller, K.-R. (1998). Efficient BackProp. In Neural
    networks: tricks of the trade. Springer. Kingma, D. P. and Ba, J. (2015). Adam: a method for
    stochastic optimization. ICLR.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> classifier = MLPClassifier(hidden_layer_sizes=(5,), random_state=1).fit(X, y)
    >>> classifier.predict(X[:3]).tolist()
    [0, 0, 0]
    >>> classifier.score(X, y) > 0.95
    True
    >>> [c.shape for c in classifier.coefs_], classifier.out_activation_
    ([(4, 5), (5, 3)], 'softmax')

    Columns of categories, strings and booleans need no preparation:

    >>> import pandas as pd
    >>> X = pd.DataFrame({"town": ["Ulm", "Bonn", "Ulm", "Bonn"], "age": [31, 65, 22, 58]})
    >>> classifier = MLPClassifier(solver="lbfgs", random_state=1).fit(X, ["a", "b", "a", "b"])
    >>> [term["name"] for term in classifier.model_.inputs["terms"]]
    ['townUlm', 'age']
    """

    def __init__(
        self,
        *,
        hidden_layer_sizes: int | Sequence[int] = (8,),
        activation: str | Sequence[str] = "relu",
        out_activation: str = "auto",
        loss: str = "auto",
        init: str = "xavier",
        starting_weights: Any = None,
        rule: str = "gradient",
        update_order: str = "simultaneous",
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: int | str | None = "auto",
        learning_rate: str | Mapping[str, Any] = "constant",
        learning_rate_init: float = 0.01,
        power_t: float = 0.5,
        max_iter: int = 1000,
        shuffle: bool = True,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        tol: float = 0.0001,
        n_iter_no_change: int = 10,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        dropout: float | Sequence[float] = 0.0,
        clip_norm: float | None = None,
        arithmetic: str = "fast",
        class_weight: str | Mapping[Any, float] | None = None,
        scale: bool = True,
        random_state: Any = None,
        warm_start: bool = False,
        verbose: bool = False,
        callbacks: Any = None,
    ) -> None:
        super().__init__(
            hidden_layer_sizes=hidden_layer_sizes,
            activation=activation,
            out_activation=out_activation,
            loss=loss,
            init=init,
            starting_weights=starting_weights,
            rule=rule,
            update_order=update_order,
            solver=solver,
            alpha=alpha,
            batch_size=batch_size,
            learning_rate=learning_rate,
            learning_rate_init=learning_rate_init,
            power_t=power_t,
            max_iter=max_iter,
            shuffle=shuffle,
            momentum=momentum,
            nesterovs_momentum=nesterovs_momentum,
            beta_1=beta_1,
            beta_2=beta_2,
            epsilon=epsilon,
            tol=tol,
            n_iter_no_change=n_iter_no_change,
            early_stopping=early_stopping,
            validation_fraction=validation_fraction,
            dropout=dropout,
            clip_norm=clip_norm,
            arithmetic=arithmetic,
            scale=scale,
            random_state=random_state,
            warm_start=warm_start,
            verbose=verbose,
            callbacks=callbacks,
        )
        self.class_weight = class_weight

    @available_if(_learns_in_parts)  # type: ignore[untyped-decorator]
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> Self:
        """Go on for one epoch, over these rows only.

        How rows are encoded and scaled is learned at the first call. What the solver remembers is
        kept from call to call; a schedule of the learning rate starts anew. If `random_state` is an
        int, it counts up by one at each call, so that shuffles differ.

        Parameters
        ----------
        X, y, sample_weight
            As for `fit`.
        classes : array-like, optional
            All classes that will ever come, needed at the first call.

        Returns
        -------
        self

        Raises
        ------
        InputError
            If a parameter or the data are not as described, or there is a class that was not named.
        """
        if classes is not None and self.__sklearn_is_fitted__():
            self._check_known(np.asarray(classes), "classes must be those of the first call, ")
        return self._part(X, y, sample_weight, classes)

    def predict(self, X: Any) -> Vector:
        """Predict classes.

        Parameters
        ----------
        X : array-like, sparse matrix or data frame, (n, n_features)

        Returns
        -------
        ndarray, (n,) or (n, n_outputs)
            Classes, of the largest probability; for several labels 1 where its probability is
            above 0.5, else 0.
        """
        a = self._raw(X)
        if self.model_.task == "multilabel":
            return label_values(a).astype(np.int64)
        classes: Vector = self.classes_[class_places(a)]
        return classes

    @available_if(_has_probabilities)  # type: ignore[untyped-decorator]
    def predict_proba(self, X: Any) -> Array:
        """Predict the probabilities of the classes.

        Parameters
        ----------
        X : array-like, sparse matrix or data frame, (n, n_features)

        Returns
        -------
        ndarray, (n, n_classes) or (n, n_outputs)
            A column for each class, in the order of `classes_`; for several labels the probability
            of each.
        """
        check_is_fitted(self)
        return self.model_.predict_proba(self._check_rows(X, self.model_.inputs))

    @available_if(_has_probabilities)  # type: ignore[untyped-decorator]
    def predict_log_proba(self, X: Any) -> Array:
        """Predict the logarithms of the probabilities; see `predict_proba`."""
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    def _check_y(self, y: Any) -> tuple[Vector, str]:
        y = _as_array(self, y, None)
        if y.dtype.kind == "O":
            for i in np.flatnonzero([is_missing(value) for value in y.ravel()]):
                raise InputError(f"y row {i // (y.size // len(y)) + 1} is missing")
        check_classification_targets(y)
        kind = type_of_target(y, input_name="y")
        if kind == "multilabel-indicator":
            return y, "multilabel"
        if y.ndim == 2:
            raise InputError(
                "y must hold classes in one column, or 0 and 1 in a column for each label, "
                f"got {y.shape[1]} columns"
            )
        return y, "classification"

    def _learn_outputs(
        self, y: Vector, task: str, names: list[str] | None, classes: Any, part: int | None
    ) -> Outputs:
        if task == "multilabel":
            self.classes_: Vector = np.arange(y.shape[1])
            return learn_outputs(y, task, names=names)
        if part is not None and classes is None:
            raise InputError("classes must be given in the first call of partial_fit, got null")
        self.classes_ = np.unique(y if classes is None else np.asarray(classes))
        self._check_known(y)
        return learn_outputs(y, task, names=names, levels=self.classes_.tolist())

    def _check_known(self, y: Vector, message: str = "y must have the classes ") -> None:
        unknown = np.setdiff1d(y, self.classes_)
        if len(unknown):
            classes = ", ".join(describe(value) for value in self.classes_.tolist())
            raise InputError(f"{message}{classes}, got {describe(unknown[0])}")

    def _check_goes_on(self, y: Vector, task: str) -> None:
        if task != self.model_.task:
            raise InputError(
                f"y must be of task {describe(self.model_.task)}, got {describe(task)}"
            )
        if task == "classification":
            self._check_known(y)

    def _weigh(
        self, d: Array, task: str, sample_weight: Array | None
    ) -> tuple[Array | None, Places | None]:
        if task == "multilabel":
            if self.class_weight is not None:
                raise InputError(
                    f"class_weight must be null without classes, got {describe(self.class_weight)}"
                )
            return sample_weight, None
        places = class_places(d)
        by_class = class_weight_rows(places, self.classes_.tolist(), self.class_weight)
        if by_class is None or sample_weight is None:
            return (sample_weight if by_class is None else by_class), places
        return by_class * sample_weight, places

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


class MLPRegressor(RegressorMixin, _MLP):  # type: ignore[misc]
    """A multilayer perceptron that predicts numbers, as an estimator for scikit-learn.

    Its parameters and attributes have the names of scikit-learn's own; `twinprop()` of the R
    package finds the same weights from the same data, settings and seed. A y of several columns
    makes an output of each.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int, default (8,)
        Neurons of each hidden layer, from the input to the output; () or 0 for none.
    activation : str or sequence of str, default "relu"
        Activation of the hidden layers, or one for each: "sigmoid" ("logistic"), "tanh", "relu",
        "leaky_relu", "softplus", "identity" ("linear").
    out_activation : str, default "auto"
        Activation of the output layer. "auto": "identity".
    loss : str, default "auto"
        The cost of an output error. "auto": "half_mse" ("squared_error"); also
        "half_sse", "mse" and "cross_entropy".
    init : str, default "xavier"
        How the starting weights are drawn: "xavier", "he", "torch" or "uniform"; see
        `starting_weights`.
    starting_weights : Network or (coefs, intercepts), optional
        Weights to start from instead, of the whole network: a `Network` of the same layers, or
        the two lists as `coefs_` and `intercepts_` have them.
    rule : str, default "gradient"
        How errors reach the layer before: "gradient", "transpose", "proportional" or
        "proportional_abs".
    update_order : str, default "simultaneous"
        "simultaneous" or "output_first".
    solver : str, default "adam"
        "adam", "sgd", "rmsprop", "rprop" or "lbfgs". "lbfgs" takes all rows at once, and an
        iteration of it counts as an epoch; it needs the rule "gradient".
    alpha : float, default 0.0001
        Strength of the L2 penalty on the weights (never on biases), on scikit-learn's scale: it is
        divided by the number of rows of a batch, or by the sum of their weights.
    batch_size : int, "auto" or None, default "auto"
        Rows per update; None is all of them. "auto": 32, for "sgd" 200, for "rprop" and
        "lbfgs" all of them.
    learning_rate : str or dict, default "constant"
        How the learning rate changes from epoch to epoch: "constant"; "adaptive", a fifth whenever
        the loss stalls, down to 1e-6; "invscaling" ("inverse"), "exponential", "step" or "cosine".
        A dict ``{"name": "step", "gamma": 0.5, "every": 20}`` sets the parameters as well. Solvers
        "rprop" and "lbfgs" need "constant".
    learning_rate_init : float, default 0.01
        The learning rate, of the first epoch at least.
    power_t : float, default 0.5
        The power of learning rate "invscaling".
    max_iter : int, default 1000
        The most epochs: passes over the rows.
    shuffle : bool, default True
        Whether each epoch takes the rows in a new random order.
    momentum : float, default 0.9
        Momentum of solver "sgd", from 0 to below 1.
    nesterovs_momentum : bool, default True
        Whether solver "sgd" has Nesterov's momentum.
    beta_1, beta_2 : float, default 0.9, 0.999
        Decay rates of solver "adam".
    epsilon : float, default 1e-8
        Numerical stability of solvers "adam" and "rmsprop".
    tol : float, default 0.0001
        Training stops when the loss, or with early stopping the loss of the validation rows, is not
        below the best one by `tol` for more than `n_iter_no_change` epochs in a row. Solver "lbfgs"
        also stops when no entry of the gradient is larger.
    n_iter_no_change : int, default 10
        See `tol`.
    early_stopping : bool, default False
        Whether the loss of validation rows decides when to stop. The weights of the epoch in which
        it was lowest are kept.
    validation_fraction : float, default 0.1
        Share of the rows set aside for validation with early stopping, unless `fit` is given
        `validation_data`.
    dropout : float or sequence of float, default 0.0
        Probability with which a hidden neuron is left out of an update, or one for each hidden
        layer.
    clip_norm : float, optional
        Where the gradient of an update is longer than this, it is shortened to this.
    arithmetic : str, default "fast"
        "fast" or "portable": the machine's own sums and elementary functions, or those that give
        the same bits, of weights, losses and predictions, on every computer and in R.
    scale : bool, default True
        Whether to standardise the inputs inside the model: numbers, not the 0 and 1 of levels, by
        mean and standard deviation of the rows (weighted by sample weights) that were fitted;
        likewise outputs of activation "identity".
    random_state : int, RandomState or None, default None
        Seed of the starting weights, the shuffles, the validation rows and dropout. An int, from
        -2147483647 to 2147483647, is used as it is, and gives the same weights in R; else one is
        drawn, from numpy's generator if None.
    warm_start : bool, default False
        Whether another call of `fit` goes on from the present weights.
    verbose : bool, default False
        Whether to show the loss and the time left: a bar on a terminal (with tqdm installed), else
        lines on standard error. What came of a fit also goes to the logger "twinprop", level INFO.
    callbacks : callable or sequence of callable, optional
        Called after each epoch as ``callback(epoch, loss, validation_loss, network)``, the third
        None without validation rows. One that returns True stops the training. The network goes on
        training: copy what is to be kept.

    Attributes
    ----------
    coefs_ : list of ndarray
        Weights into the layers 2..L; (n_in, n_out) each. Views of the network's own: what is
        written into them, or assigned, is what predicts.
    intercepts_ : list of ndarray
        Biases of the layers 2..L; (n_out,) each. Likewise.
    loss_ : float
        The loss of the last epoch, also where early stopping keeps the weights of another.
    loss_curve_ : list of float
        The loss of every epoch, the penalty included; those of former fits with `warm_start` and
        `partial_fit` come first.
    best_loss_ : float or None
        The lowest of them; None with early stopping.
    validation_loss_curve_ : list of float or None
        The loss of the validation rows after every epoch; None without such rows.
    validation_scores_ : list of float or None
        Their R^2 after every epoch.
    best_validation_score_ : float or None
        The highest of them.
    n_iter_ : int
        Epochs of the last fit.
    t_ : int
        Rows that were trained on, each counted once an epoch.
    n_layers_ : int
        Layers, input and output included.
    n_outputs_ : int
        Neurons of the output layer.
    out_activation_ : str
        The activation of the output layer, by scikit-learn's name.
    n_features_in_ : int
        Columns of X.
    feature_names_in_ : ndarray of str
        Their names, if X was a data frame.
    model_ : Model
        What was trained, with the coding of its columns: predicts without scikit-learn, and can be
        written to a file that R and JavaScript read.
    network_ : Network
        The network in it.

    See Also
    --------
    MLPClassifier : The same for classes.
    Network : The network alone, to be trained step by step.

    Notes
    -----
    Training stops as that of scikit-learn does, but with early stopping it is the loss of the
    validation rows that decides, not their score. With `scale` losses are of standardised outputs.
    The gradient of "half_mse" is 1/K of scikit-learn's if there are K outputs; "half_sse" has the
    same.

    References
    ----------
    LeCun, Y., Bottou, L., Orr, G. B. and Mueller, K.-R. (1998). Efficient BackProp. In Neural
    networks: tricks of the trade. Springer. Kingma, D. P. and Ba, J. (2015). Adam: a method for
    stochastic optimization. ICLR.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.linspace(-3, 3, 60)[:, np.newaxis]
    >>> regressor = MLPRegressor(solver="lbfgs", random_state=1).fit(X, np.sin(X[:, 0]))
    >>> regressor.score(X, np.sin(X[:, 0])) > 0.99
    True
    >>> regressor.predict([[0.5]]).shape
    (1,)
    """

    @available_if(_learns_in_parts)  # type: ignore[untyped-decorator]
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Go on for one epoch, over these rows only.

        How rows are encoded and scaled is learned at the first call. What the solver remembers is
        kept from call to call; a schedule of the learning rate starts anew. If `random_state` is an
        int, it counts up by one at each call, so that shuffles differ.

        Parameters
        ----------
        X, y, sample_weight
            As for `fit`.

        Returns
        -------
        self

        Raises
        ------
        InputError
            If a parameter or the data are not as described.
        """
        return self._part(X, y, sample_weight)

    def predict(self, X: Any) -> Array:
        """Predict numbers.

        Parameters
        ----------
        X : array-like, sparse matrix or data frame, (n, n_features)

        Returns
        -------
        ndarray, (n,) or (n, n_outputs)
        """
        check_is_fitted(self)
        return self.model_.predict(self._check_rows(X, self.model_.inputs))

    def _check_y(self, y: Any) -> tuple[Vector, str]:
        return _as_array(self, y, np.float64), "regression"

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


# Helpers ----------------------------------------------------------------------------------------


def _is_frame(X: Any) -> bool:
    """Whether X is a data frame, of pandas or another library."""
    return hasattr(X, "columns") and any(
        hasattr(X, name) for name in ("iloc", "__dataframe__", "__arrow_c_stream__")
    )


def _column_names(y: Any) -> list[str] | None:
    """Return the names of the columns of y, if it has any."""
    columns = list(y.columns) if _is_frame(y) else [getattr(y, "name", None)]
    names = [name for name in columns if isinstance(name, str)]
    return names if len(names) == len(columns) else None


def _as_array(estimator: _MLP, y: Any, dtype: Any) -> Vector:
    """Return y as an array, (n,) or (n, n_outputs)."""
    if y is None:
        raise InputError(
            f"{type(estimator).__name__} requires y to be passed, but the target y is None"
        )
    y = check_array(
        y, accept_sparse=True, ensure_2d=False, dtype=dtype, input_name="y", estimator=estimator
    )
    y = y.toarray() if hasattr(y, "toarray") else y
    one: bool = y.ndim != 2 or y.shape[1] == 1
    return column_or_1d(y, warn=True) if one else y


def _check_weight(given: Any, rows: int) -> Array | None:
    """Return the weights of the rows; None if all have the same."""
    if given is None:
        return None
    weight = np.asarray(given)
    if weight.size and not weight.astype(bool).any():  # scikit-learn's checks look for the word
        raise InputError("sample_weight must have a value above zero, got none")
    return check_sample_weight(weight, "sample_weight", rows)


def _later_seed(seed: int, part: int) -> int:
    """Return the seed of a later call of `partial_fit`: one more each, around the end."""
    return (seed + part + LARGEST_SEED) % (2 * LARGEST_SEED + 1) - LARGEST_SEED


def _set_aside(
    x: Array, d: Array, weight: Array | None, strata: Places | None, settings: Mapping[str, Any]
) -> Held | None:
    """Return the rows that `fit_network` will set aside, by which scores are computed."""
    if not settings["early_stopping"]:
        return None
    rows = np.arange(len(x)) if weight is None else np.flatnonzero(weight)
    _, held = split_rows(
        len(rows),
        settings["validation_fraction"],
        settings["random_state"],
        None if strata is None else strata[rows],
    )
    rows = rows[held]
    return x[rows], d[rows], None if weight is None else weight[rows]


def _scorer(task: str, held: Held, scores: list[float], arithmetic: str) -> Callback:
    """Return a callback that adds the score of validation rows after each epoch."""
    x, d, weight = held

    def watch(epoch: int, loss: float, validation_loss: float | None, network: Network) -> None:
        a = network.predict(x, arithmetic=arithmetic)
        if task == "regression":
            # of one row there is none
            score = r2_score(d, a, sample_weight=weight) if len(d) > 1 else np.nan
        elif task == "multilabel":
            score = np.average((label_values(a) == d).all(axis=1), weights=weight)
        else:
            score = np.average(class_places(a) == class_places(d), weights=weight)
        scores.append(float(score))

    return watch


def _write_into(own: list[Array], given: Any, name: str) -> None:
    """Write given arrays into the network's own."""
    entries = as_list(given)
    if entries is None or len(entries) != len(own):
        got = describe(given) if entries is None else len(entries)
        raise InputError(f"{name} must have {len(own)} arrays, got {got}")
    arrays = [np.asarray(entry, dtype=np.float64) for entry in entries]
    for i, (array, to) in enumerate(zip(arrays, own, strict=True), 1):
        if array.shape != to.shape or not np.isfinite(array).all():
            raise InputError(
                f"{name} entry {i} must be of finite numbers and of shape {to.shape}, "
                f"got shape {array.shape}"
            )
    for array, to in zip(arrays, own, strict=True):
        np.copyto(to, array)


def _about(fitted: Fitted, rows: int) -> dict[str, Any]:
    """Return what a notebook shows of a fit."""
    settings = fitted.settings
    batch = "all rows" if settings["batch_size"] == rows else f"{settings['batch_size']} rows"
    learns = settings["solver"]
    if learns != "lbfgs":
        learns += f", learning rate {describe(settings['learning_rate_init'])}, {batch} an update"
    kept = f"; weights of epoch {fitted.best_epoch}" if settings["early_stopping"] else ""
    converged = "converged" if fitted.converged else "not converged"
    return {
        "rows": rows,
        "loss": settings["loss"],
        "training": f"{learns}, seed {settings['random_state']}",
        "ended": f"{converged} in {fitted.n_iter} epochs: {fitted.reason}{kept}",
    }


def _some(names: list[str]) -> str:
    """List names, the first ones only of many."""
    listed = ", ".join(names[:MOST_COLUMNS])
    return listed if len(names) <= MOST_COLUMNS else f"{listed}, ..."
