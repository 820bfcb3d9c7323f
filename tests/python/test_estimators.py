"""The estimators: scikit-learn's own checks and tools, and referees for their numbers. No twins."""

import inspect
import logging
import pickle
import re
import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
import pytest

from twinprop import (
    DivergenceError,
    InputError,
    Network,
    Optimizer,
    TwinpropError,
    check_gradient,
    diagnose,
    explain,
    plot_cost,
    plot_decision,
    plot_network,
    read_model,
    write_model,
)

sklearn = pytest.importorskip("sklearn")

import joblib  # noqa: E402
from sklearn.base import clone  # noqa: E402
from sklearn.calibration import CalibratedClassifierCV  # noqa: E402
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor  # noqa: E402
from sklearn.datasets import (  # noqa: E402
    load_breast_cancer,
    load_diabetes,
    load_digits,
    load_iris,
    load_linnerud,
    load_wine,
    make_circles,
    make_classification,
    make_moons,
    make_multilabel_classification,
)
from sklearn.exceptions import (  # noqa: E402
    ConvergenceWarning,
    DataConversionWarning,
    NotFittedError,
)
from sklearn.inspection import DecisionBoundaryDisplay, permutation_importance  # noqa: E402
from sklearn.linear_model import LogisticRegression, Ridge  # noqa: E402
from sklearn.metrics import accuracy_score, r2_score  # noqa: E402
from sklearn.model_selection import (  # noqa: E402
    GridSearchCV,
    cross_val_predict,
    cross_val_score,
    learning_curve,
    train_test_split,
    validation_curve,
)
from sklearn.multioutput import MultiOutputClassifier  # noqa: E402
from sklearn.neural_network import MLPClassifier as ReferenceClassifier  # noqa: E402
from sklearn.neural_network import MLPRegressor as ReferenceRegressor  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, StandardScaler  # noqa: E402
from sklearn.utils.estimator_checks import parametrize_with_checks  # noqa: E402

from twinprop import MLPClassifier, MLPRegressor  # noqa: E402
from twinprop.encoding import drop_levels, encode_inputs, read_column  # noqa: E402
from twinprop.fitting import FIT_DEFAULTS, fit_network  # noqa: E402

#: Two programs that make the same updates in another order of operations.
SAME_UPDATES = 1e-9
#: Likewise, but a small gradient is divided by its own size, and its rounding enlarged.
ADAM = 1e-5
#: Two minimisers of the same convex cost, both stopped at gradients of 1e-9 or so.
SAME_MINIMUM = 1e-5

BOTH = [MLPClassifier, MLPRegressor]


@pytest.fixture(scope="module")
def iris():
    """Rows and names of the species."""
    bunch = load_iris(as_frame=True)
    return bunch.data, bunch.target_names[bunch.target]


def quick(estimator_class=MLPClassifier, **settings):
    """An estimator of few epochs that says nothing when they end."""
    return estimator_class(**{"max_iter": 5, "random_state": 1, "tol": 0.0, **settings})


def silently(function, *arguments, **named):
    """Call without the warning that training has not converged."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return function(*arguments, **named)


# The door ---------------------------------------------------------------------------------------


def run_python(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_scikit_learn_is_loaded_by_the_estimators_only():
    code = """
import sys, twinprop
assert "sklearn" not in sys.modules
assert "MLPClassifier" in dir(twinprop)
from twinprop import MLPClassifier
assert "sklearn" in sys.modules
from twinprop.estimators import MLPClassifier as same
assert same is MLPClassifier is twinprop.MLPClassifier
"""
    done = run_python(code)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", ["MLPClassifier", "MLPRegressor"])
def test_without_scikit_learn_it_says_what_to_install(name):
    code = f"""
import sys
sys.modules["sklearn"] = None
import twinprop
from twinprop import *
assert "MLPClassifier" not in dir(twinprop)
try:
    from twinprop import {name}
except twinprop.EngineError as error:
    print(error)
"""
    done = run_python(code)
    assert done.stderr == ""
    assert done.stdout == (
        'the estimators need scikit-learn; install it: pip install "twinprop[sklearn]"\n'
    )


def test_no_other_name_is_made_up():
    import twinprop

    with pytest.raises(AttributeError, match="no attribute 'MLPCluster'"):
        twinprop.MLPCluster  # noqa: B018


@pytest.mark.parametrize("estimator_class", BOTH)
def test_parameters_are_keywords_stored_and_documented(estimator_class):
    parameters = inspect.signature(estimator_class).parameters
    assert all(p.kind is p.KEYWORD_ONLY for p in parameters.values())
    estimator = estimator_class()
    assert estimator.get_params() == {name: p.default for name, p in parameters.items()}
    theirs = {name: FIT_DEFAULTS[name] for name in parameters if name != "warm_start"}
    assert {**theirs, "warm_start": False} == estimator.get_params()
    entries = re.findall(r"^    (\w[\w, ]*) : ", estimator_class.__doc__, flags=re.MULTILINE)
    documented = {name for entry in entries for name in entry.split(", ")}
    assert set(parameters) <= documented
    fitted = quick(estimator_class)
    silently(fitted.fit, [[0.0], [1.0], [2.0], [4.0]], [0, 1, 0, 1])
    missing = {name for name in dir(fitted) if name.endswith("_") and not name.startswith("_")}
    assert missing <= documented | {"set_fit_request_"}


def test_the_class_docstrings_say_the_same_of_what_is_the_same():
    def entries(estimator_class):
        doc = inspect.cleandoc(estimator_class.__doc__).split("Examples\n---")[0]
        doc = re.sub(r"See Also\n-.*", "", doc, flags=re.DOTALL)
        found = re.split(r"^(?=\w[\w, ]* : )", doc, flags=re.MULTILINE)[1:]
        return {entry.split(" : ")[0]: entry for entry in found}

    own = {
        *("out_activation", "loss", "scale", "class_weight", "callbacks", "network_"),
        *("validation_scores_", "classes_", "out_activation_"),
    }
    first, second = map(entries, BOTH)
    assert set(first) - set(second) == {"class_weight", "classes_"}
    assert {n for n in set(first) & set(second) if first[n] != second[n]} <= own


# scikit-learn's own checks ----------------------------------------------------------------------

WEIGHTS_AND_REPEATS = {
    "check_sample_weight_equivalence_on_dense_data": (
        "a row of weight 2 and a row that is there twice are shuffled, and fall into batches, in "
        "another way"
    ),
    "check_sample_weight_equivalence_on_sparse_data": "as on dense data",
}

CHECKED = [
    {},
    {"solver": "lbfgs", "alpha": 0.01, "max_iter": 200},
    {"solver": "sgd", "learning_rate_init": 0.05, "batch_size": 5, "max_iter": 50},
    {"solver": "rprop", "max_iter": 100},
    {"solver": "lbfgs", "scale": False, "max_iter": 100},
    {"scale": False, "learning_rate_init": 0.05, "max_iter": 100},
    {"early_stopping": True, "max_iter": 100},
    {"batch_size": None, "shuffle": False, "max_iter": 100},
]


def expected_failures(estimator):
    """What cannot hold by nature, and why."""
    failures = {}
    if estimator.early_stopping:
        failures = dict.fromkeys(WEIGHTS_AND_REPEATS, "other rows are set aside")
    elif estimator.batch_size == 5:
        failures = WEIGHTS_AND_REPEATS
    return failures


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@parametrize_with_checks(
    [estimator_class(**settings) for settings in CHECKED for estimator_class in BOTH],
    expected_failed_checks=expected_failures,
)
def test_scikit_learns_checks(estimator, check):
    check(estimator)


# The numbers, against referees ------------------------------------------------------------------


def reference(ours, X, y):
    """scikit-learn's estimator after the same epochs from the same starting weights."""
    settings = ours.get_params()
    reference_class = ReferenceClassifier if isinstance(ours, MLPClassifier) else ReferenceRegressor
    shared = set(reference_class().get_params()) - {"loss", "max_fun"}
    theirs = reference_class(
        **{name: settings[name] for name in shared if name in settings}, max_fun=10**6
    )
    theirs.set_params(max_iter=1, warm_start=True, activation=settings["activation"])
    silently(theirs.fit, X, y)
    start = silently(clone(ours).set_params(max_iter=1, learning_rate_init=1e-300).fit, X, y)
    for own, other in zip(start.coefs_, theirs.coefs_, strict=True):
        assert own.shape == other.shape
        np.copyto(other, own)
    for own, other in zip(start.intercepts_, theirs.intercepts_, strict=True):
        np.copyto(other, own)
    theirs.set_params(max_iter=ours.max_iter)
    theirs.t_, theirs.loss_curve_ = 0, []
    theirs.best_loss_ = np.inf
    theirs._no_improvement_count = 0
    return silently(theirs.fit, X, y)


def same_as_reference(ours, X, y, tolerance=SAME_UPDATES):
    silently(ours.fit, X, y)
    theirs = reference(ours, X, y)
    assert ours.n_iter_ == theirs.n_iter_
    for name in ("coefs_", "intercepts_", "loss_curve_"):
        for own, other in zip(getattr(ours, name), getattr(theirs, name), strict=True):
            np.testing.assert_allclose(own, other, rtol=tolerance, atol=tolerance)
    guesses = ours.predict(X[:20]), theirs.predict(X[:20])
    if isinstance(ours, MLPClassifier):
        np.testing.assert_array_equal(*guesses)
    else:
        np.testing.assert_allclose(*guesses, rtol=tolerance)
    assert ours.score(X, y) == pytest.approx(theirs.score(X, y), abs=1e-9)
    return theirs


TASKS = {
    "binary": (MLPClassifier, *make_moons(50, noise=0.2, random_state=0)),
    "classes": (MLPClassifier, *load_iris(return_X_y=True)),
    "labels": (MLPClassifier, *make_multilabel_classification(60, 5, n_classes=3, random_state=0)),
    "numbers": (MLPRegressor, *load_diabetes(return_X_y=True)),
}
TASKS["numbers"] = (MLPRegressor, TASKS["numbers"][1][:80] * 20, TASKS["numbers"][2][:80] / 100)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize(
    "settings",
    [
        {"solver": "sgd", "momentum": 0.0, "learning_rate_init": 0.05},
        {"solver": "sgd", "learning_rate_init": 0.01, "alpha": 0.5, "batch_size": 10},
        {"solver": "sgd", "nesterovs_momentum": False, "batch_size": None, "alpha": 3.0},
        {"solver": "sgd", "learning_rate": "invscaling", "momentum": 0.0},
        {"solver": "adam", "activation": "relu", "hidden_layer_sizes": (6, 4)},
        {"solver": "adam", "activation": "logistic", "batch_size": 10, "beta_1": 0.8},
    ],
)
def test_epochs_are_those_of_scikit_learn(task, settings):
    estimator_class, X, y = TASKS[task]
    settings = {"learning_rate_init": 0.01, "batch_size": len(X), "activation": "tanh", **settings}
    settings["batch_size"] = settings["batch_size"] or len(X)
    # adam's epsilon stands in another place there
    settings["epsilon"] = 1e-15
    ours = quick(estimator_class, max_iter=8, shuffle=False, scale=False, **settings)
    same_as_reference(ours, X, y, ADAM if settings["solver"] == "adam" else SAME_UPDATES)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("task", ["binary", "classes"])
def test_no_hidden_layer_is_logistic_regression(task, weighted):
    _, X, y = TASKS[task]
    X = StandardScaler().fit_transform(X)
    weights = np.linspace(0.2, 3.0, len(X)) if weighted else None
    ours = MLPClassifier(
        hidden_layer_sizes=(), solver="lbfgs", alpha=2.0, scale=False, tol=1e-9, max_iter=2000
    ).fit(X, y, sample_weight=weights)
    theirs = LogisticRegression(C=1 / 2.0, tol=1e-10, max_iter=2000).fit(X, y, weights)
    close = {"atol": SAME_MINIMUM}
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), **close)
    np.testing.assert_allclose(ours.coefs_[0].T, theirs.coef_, **close)


@pytest.mark.parametrize("weighted", [False, True])
def test_no_hidden_layer_is_ridge_regression(weighted):
    _, X, y = TASKS["numbers"]
    X = StandardScaler().fit_transform(X)
    weights = np.linspace(0.2, 3.0, len(X)) if weighted else None
    ours = MLPRegressor(
        hidden_layer_sizes=(), solver="lbfgs", alpha=5.0, scale=False, tol=1e-9, max_iter=2000
    ).fit(X, y, sample_weight=weights)
    theirs = Ridge(alpha=5.0).fit(X, y, weights)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), atol=SAME_MINIMUM)
    np.testing.assert_allclose(ours.coefs_[0][:, 0], theirs.coef_, atol=SAME_MINIMUM)


def test_scale_is_what_a_scaler_before_it_does(iris):
    X, y = iris
    inside = silently(quick(max_iter=20).fit, X, y)
    before = make_pipeline(StandardScaler(), quick(max_iter=20, scale=False))
    silently(before.fit, X, y)
    np.testing.assert_allclose(inside.predict_proba(X), before.predict_proba(X), rtol=1e-9)


def test_outputs_of_a_regression_are_scaled_as_well():
    _, X, y = TASKS["numbers"]
    inside = silently(quick(MLPRegressor, max_iter=20).fit, X, y * 1000 + 5e5)
    outside = TransformedTargetRegressor(
        make_pipeline(StandardScaler(), quick(MLPRegressor, max_iter=20, scale=False)),
        transformer=StandardScaler(),
    )
    silently(outside.fit, X, y * 1000 + 5e5)
    np.testing.assert_allclose(inside.predict(X), outside.predict(X), rtol=1e-9)


def test_outputs_with_limits_keep_them():
    _, X, y = TASKS["numbers"]
    shares = y / 4
    fitted = silently(quick(MLPRegressor, out_activation="sigmoid").fit, X, shares)
    assert fitted.model_.outputs["scale"] is None
    assert 0 < fitted.predict(X).min() < fitted.predict(X).max() < 1
    likely = silently(quick(MLPRegressor, loss="cross_entropy").fit, X, shares)
    assert likely.out_activation_ == "logistic"


@pytest.mark.parametrize("settings", [{"solver": "lbfgs"}, {"batch_size": None, "max_iter": 30}])
def test_weight_two_is_the_row_twice_and_weight_zero_none(settings):
    _, X, y = TASKS["numbers"]
    weights = np.arange(len(X)) % 3
    weighted = silently(quick(MLPRegressor, **settings).fit, X, y, sample_weight=weights)
    repeated = np.repeat(np.arange(len(X)), weights)
    settings = {**settings, "shuffle": False}
    twice = silently(quick(MLPRegressor, **settings).fit, X[repeated], y[repeated])
    np.testing.assert_allclose(weighted.predict(X), twice.predict(X), rtol=1e-6)


def test_class_weights_are_sample_weights(iris):
    X, y = iris
    X, y = X[:120], y[:120]  # 50, 50 and 20
    count = {name: (y == name).sum() for name in np.unique(y)}
    # inputs are standardised by sample weights, not by those of the classes
    settings = {"scale": False}
    balanced = silently(quick(class_weight="balanced", **settings).fit, X, y)
    given = {name: 120 / (3 * n) for name, n in count.items()}
    by_name = silently(quick(class_weight=given, **settings).fit, X, y)
    by_row = silently(quick(**settings).fit, X, y, sample_weight=[given[name] for name in y])
    for other in (by_name, by_row):
        np.testing.assert_allclose(balanced.predict_proba(X), other.predict_proba(X), rtol=1e-6)
    plain = silently(quick(**settings).fit, X, y)
    assert not np.allclose(balanced.coefs_[0], plain.coefs_[0])
    both = silently(quick(class_weight=given, **settings).fit, X, y, sample_weight=np.arange(120))
    product = np.arange(120) * [given[name] for name in y]
    by_row = silently(quick(**settings).fit, X, y, sample_weight=product)
    np.testing.assert_allclose(both.coefs_[0], by_row.coefs_[0], rtol=1e-6)


# What comes of a fit ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("task", "outputs", "activation"),
    [
        ("binary", 1, "logistic"),
        ("classes", 3, "softmax"),
        ("labels", 3, "logistic"),
        ("numbers", 1, "identity"),
    ],
)
def test_attributes(task, outputs, activation):
    estimator_class, X, y = TASKS[task]
    fitted = quick(estimator_class, hidden_layer_sizes=(4, 3))
    assert silently(fitted.fit, X, y) is fitted
    n = X.shape[1]
    assert [c.shape for c in fitted.coefs_] == [(n, 4), (4, 3), (3, outputs)]
    assert [b.shape for b in fitted.intercepts_] == [(4,), (3,), (outputs,)]
    assert (fitted.n_layers_, fitted.n_outputs_, fitted.n_features_in_) == (4, outputs, n)
    assert fitted.out_activation_ == activation
    assert fitted.n_iter_ == len(fitted.loss_curve_) == 5
    assert fitted.loss_ == fitted.loss_curve_[-1]
    assert fitted.best_loss_ == min(fitted.loss_curve_)
    assert fitted.t_ == 5 * len(X)
    assert fitted.validation_scores_ is None
    assert fitted.best_validation_score_ is None
    assert fitted.validation_loss_curve_ is None
    assert fitted.network_ is fitted.model_.network
    assert fitted.network_.layers == (n, 4, 3, outputs)
    assert not hasattr(fitted, "feature_names_in_")


def test_predictions_have_the_types_of_the_targets(iris):
    X, species = iris
    fitted = silently(quick(max_iter=30).fit, X, species)
    assert fitted.classes_.tolist() == ["setosa", "versicolor", "virginica"]
    assert fitted.predict(X[:1]).tolist() == ["setosa"]
    probabilities = fitted.predict_proba(X)
    assert probabilities.shape == (150, 3)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0)
    np.testing.assert_allclose(fitted.predict_log_proba(X), np.log(probabilities))
    assert fitted.feature_names_in_.tolist() == list(X.columns)

    two = X[:100], species[:100]
    fitted = silently(quick(max_iter=30).fit, *two)
    assert fitted.predict_proba(X[:100]).shape == (100, 2)
    assert fitted.score(*two) > 0.9
    truth = silently(quick().fit, X[:100], species[:100] == "setosa")
    assert truth.classes_.tolist() == [False, True]
    assert truth.predict(X[:3]).dtype == bool

    _, X, y = TASKS["labels"]
    fitted = silently(quick().fit, X, y)
    assert fitted.predict(X).shape == fitted.predict_proba(X).shape == y.shape
    assert fitted.predict(X).dtype.kind == "i"
    assert [classes.tolist() for classes in np.atleast_2d(fitted.classes_)] == [[0, 1, 2]]

    linnerud = load_linnerud()
    fitted = silently(quick(MLPRegressor).fit, linnerud.data, linnerud.target)
    assert fitted.predict(linnerud.data).shape == (20, 3)
    _, X, y = TASKS["numbers"]
    assert silently(quick(MLPRegressor).fit, X, y).predict(X).shape == (80,)
    with pytest.warns(DataConversionWarning):
        silently(quick(MLPRegressor).fit, X, y[:, np.newaxis])


def test_classes_are_sorted_even_if_a_categorical_orders_them_otherwise(iris):
    # tools such as cross_val_predict take the columns of predict_proba to be sorted
    X, species = iris
    y = pd.Series(pd.Categorical(species, categories=["virginica", "setosa", "versicolor", "none"]))
    fitted = silently(quick().fit, X, y)
    assert fitted.classes_.tolist() == ["setosa", "versicolor", "virginica"]
    plain = silently(quick().fit, X, species)
    np.testing.assert_array_equal(fitted.predict_proba(X), plain.predict_proba(X))


def test_what_is_written_into_the_coefficients_predicts():
    _, X, y = TASKS["numbers"]
    fitted = silently(quick(MLPRegressor).fit, X, y)
    fitted.coefs_[0][:] = 0.0
    assert np.ptp(fitted.predict(X)) < 1e-12
    other = silently(quick(MLPRegressor, random_state=2).fit, X, y)
    fitted.coefs_, fitted.intercepts_ = other.coefs_, other.intercepts_
    np.testing.assert_array_equal(fitted.predict(X), other.predict(X))
    with pytest.raises(InputError, match="coefs_ entry 1 must be"):
        fitted.coefs_ = [c.T for c in other.coefs_]
    with pytest.raises(InputError, match="coefs_ must have 2 arrays, got 1"):
        fitted.coefs_ = other.coefs_[:1]


def test_the_seed(iris):
    X, y = iris
    first, second = (silently(quick(random_state=7).fit, X, y) for _ in range(2))
    np.testing.assert_array_equal(first.coefs_[0], second.coefs_[0])
    assert not np.array_equal(silently(quick(random_state=8).fit, X, y).coefs_[0], first.coefs_[0])
    states = [np.random.RandomState(3) for _ in range(2)]
    first, second = (silently(quick(random_state=state).fit, X, y) for state in states)
    np.testing.assert_array_equal(first.coefs_[0], second.coefs_[0])
    # a state goes on
    assert not np.array_equal(silently(first.fit, X, y).coefs_[0], second.coefs_[0])
    drawn = [silently(quick(random_state=None).fit, X, y).coefs_[0] for _ in range(2)]
    assert not np.array_equal(*drawn)


def test_starting_weights():
    _, X, y = TASKS["binary"]
    network = Network([2, 3, 1], "tanh", seed=5)
    given = {"hidden_layer_sizes": 3, "activation": "tanh", "scale": False, "shuffle": False}
    from_network = silently(quick(starting_weights=network, **given).fit, X, y)
    lists = [w.T for w in network.weights], network.biases
    from_lists = silently(quick(starting_weights=lists, **given).fit, X, y)
    from_seed = silently(quick(random_state=5, **given).fit, X, y)
    for other in (from_lists, from_seed):
        np.testing.assert_array_equal(from_network.coefs_[0], other.coefs_[0])
    np.testing.assert_array_equal(network.weights[0], lists[0][0].T)  # left as they were
    assert clone(from_network).starting_weights is not None


def test_settings_reach_the_network(iris):
    X, y = iris
    fitted = quick(
        hidden_layer_sizes=(5, 4), activation=["relu", "sigmoid"], out_activation="sigmoid"
    )
    silently(fitted.set_params(loss="half_mse").fit, X, y)
    assert fitted.network_.activations == ("relu", "sigmoid", "sigmoid")
    first = silently(quick().fit, X, y)
    for settings in (
        {"rule": "transpose", "hidden_layer_sizes": (4, 4)},
        {"dropout": 0.3},
        {"clip_norm": 0.01},
        {"learning_rate": {"name": "step", "gamma": 0.5, "every": 2}},
        {"learning_rate": "exponential"},
        {"init": "he"},
        {"batch_size": 10},
        {"solver": "rmsprop"},
        {"loss": "squared_error", "out_activation": "sigmoid"},
    ):
        other = silently(quick(**settings).fit, X, y)
        assert not np.array_equal(other.predict_proba(X), first.predict_proba(X)), settings


@pytest.mark.parametrize("activation", ["tanh", "logistic"])
def test_portable_arithmetic_predicts_by_it(iris, activation, tmp_path, monkeypatch):
    X, y = iris
    how = {"out_activation": "sigmoid", "activation": activation}
    fit = silently(quick(**how, arithmetic="portable", early_stopping=True).fit, X, y)
    x = encode_inputs(fit.model_.inputs, X)
    a = fit.network_.predict(x, arithmetic="portable")
    assert (a != fit.network_.predict(x)).any()
    np.testing.assert_array_equal(fit.model_.raw(X), a)
    total = (a[:, 0] + a[:, 1]) + a[:, 2]
    np.testing.assert_array_equal(fit.predict_proba(X), a / total[:, np.newaxis])
    write_model(fit, tmp_path / "iris.twinprop.json")
    model = read_model(tmp_path / "iris.twinprop.json")
    assert model.arithmetic == model.training["arithmetic"] == "portable"
    np.testing.assert_array_equal(model.raw(X), a)
    monkeypatch.setenv("TWINPROP_KERNEL", "off")
    fast = silently(quick(**how, early_stopping=True).fit, X, y)
    assert fast.model_.arithmetic == "fast"
    assert fast.loss_curve_ != fit.loss_curve_
    np.testing.assert_allclose(fast.loss_curve_, fit.loss_curve_, rtol=1e-10)


# Going on, stopping, watching -------------------------------------------------------------------


def test_warm_start_goes_on(iris):
    X, y = iris
    settings = {"shuffle": False, "solver": "sgd", "momentum": 0.0}
    once = silently(quick(max_iter=6, **settings).fit, X, y)
    twice = quick(max_iter=3, warm_start=True, **settings)
    for _ in range(2):
        silently(twice.fit, X, y)
    np.testing.assert_allclose(once.coefs_[0], twice.coefs_[0], rtol=1e-10)
    assert (twice.n_iter_, len(twice.loss_curve_), twice.t_) == (3, 6, 900)
    with pytest.raises(InputError, match='y must have the classes "setosa", .*, got "rose"'):
        twice.fit(X[:2], ["rose", "setosa"])
    with pytest.raises(InputError, match='y must be of task "classification", got "multilabel"'):
        twice.fit(X[:3], np.eye(3))


def test_warm_start_keeps_the_scale_of_the_first_rows():
    _, X, y = TASKS["numbers"]
    fitted = silently(quick(MLPRegressor, warm_start=True).fit, X, y)
    before = fitted.predict(X)
    fitted.set_params(learning_rate_init=1e-300, solver="sgd")
    silently(fitted.fit, X[:10] * 100, y[:10])
    np.testing.assert_allclose(fitted.predict(X), before)


@pytest.mark.parametrize("task", TASKS)
def test_partial_fit_makes_an_epoch_at_a_time(task):
    estimator_class, X, y = TASKS[task]
    fitted = quick(estimator_class)
    half = len(X) // 2
    more = {"classes": np.unique(y)} if task in ("binary", "classes") else {}
    scores = []
    for _ in range(15):
        assert fitted.partial_fit(X[:half], y[:half], **more) is fitted
        fitted.partial_fit(X[half:], y[half:])
        assert fitted.n_iter_ == 1
        scores.append(fitted.score(X, y))
    assert fitted.t_ == 15 * len(X)
    assert len(fitted.loss_curve_) == 30
    assert scores[-1] > scores[0]
    assert not hasattr(quick(estimator_class, solver="lbfgs"), "partial_fit")
    assert not hasattr(quick(estimator_class, early_stopping=True), "partial_fit")


def test_partial_fit_keeps_what_the_solver_remembers():
    _, X, y = TASKS["numbers"]
    settings = {"shuffle": False, "scale": False, "batch_size": None}
    for solver in ("sgd", "adam", "rmsprop", "rprop"):
        whole = silently(quick(MLPRegressor, solver=solver, max_iter=4, **settings).fit, X, y)
        parts = quick(MLPRegressor, solver=solver, **settings)
        for _ in range(4):
            parts.partial_fit(X, y)
        np.testing.assert_allclose(whole.coefs_[0], parts.coefs_[0], rtol=1e-9)


def test_partial_fit_counts_the_seed_up():
    _, X, y = TASKS["binary"]
    parts = quick(
        solver="sgd", momentum=0.0, activation="tanh", alpha=0.0, scale=False, batch_size=32
    )
    network = Network([2, 8, 1], ["tanh", "sigmoid"], seed=1)
    optimizer = Optimizer("sgd", learning_rate=0.01)
    for seed in (1, 2, 3):
        parts.partial_fit(X, y, classes=[0, 1])
        network.train(
            X,
            y,
            cost="cross_entropy",
            optimizer=optimizer,
            batch_size=32,
            epochs=1,
            shuffle=True,
            seed=seed,
        )
    np.testing.assert_allclose(parts.coefs_[0].T, network.weights[0], rtol=1e-12)
    last = quick(random_state=2**31 - 1)
    for _ in range(2):  # the seed after the last one is the first
        last.partial_fit(X, y, classes=[0, 1])


def test_partial_fit_needs_the_classes_first(iris):
    X, y = iris
    with pytest.raises(InputError, match="classes must be given in the first call"):
        quick().partial_fit(X, y)
    fitted = quick().partial_fit(X[:50], y[:50], classes=np.unique(y))
    assert fitted.predict_proba(X).shape == (150, 3)
    with pytest.raises(InputError, match='y must have the classes .*, got "rose"'):
        fitted.partial_fit(X[:2], ["rose", "setosa"])
    with pytest.raises(InputError, match='classes must be those of the first call.*, got "a"'):
        fitted.partial_fit(X, y, classes=["a", "b"])


def test_early_stopping_keeps_the_best_weights(iris):
    X, y = iris
    rng = np.random.default_rng(0)
    noise = np.where(rng.uniform(size=150) < 0.3, rng.permutation(y), y)
    fitted = MLPClassifier(
        early_stopping=True,
        validation_fraction=0.3,
        hidden_layer_sizes=30,
        learning_rate_init=0.05,
        max_iter=500,
        random_state=1,
    ).fit(X, noise)
    curve = fitted.validation_loss_curve_
    assert fitted.n_iter_ == len(curve) == len(fitted.validation_scores_) < 500
    assert np.argmin(curve) < len(curve) - 1
    assert fitted.best_validation_score_ == max(fitted.validation_scores_)
    assert fitted.best_loss_ is None
    best = silently(clone(fitted).set_params(max_iter=int(np.argmin(curve)) + 1).fit, X, noise)
    np.testing.assert_array_equal(best.coefs_[0], fitted.coefs_[0])


@pytest.mark.parametrize("task", TASKS)
def test_the_scores_are_of_the_rows_set_aside(task):
    estimator_class, X, y = TASKS[task]
    weights = np.arange(len(X)) % 5.0
    outputs = []

    def keep(epoch, loss, validation_loss, network):
        outputs.append(network.predict(X))

    settings = {"early_stopping": True, "validation_fraction": 0.3, "scale": False}
    fitted = quick(estimator_class, callbacks=keep, **settings)
    silently(fitted.fit, X, y, sample_weight=weights)
    d = np.eye(3)[y] if task == "classes" else np.asarray(y, dtype=float).reshape(len(X), -1)
    again = fit_network(
        X,
        d,
        {"max_iter": 5, "random_state": 1, "tol": 0.0, **settings},
        task=fitted.model_.task,
        strata=y if task in ("binary", "classes") else None,
        sample_weight=weights,
    )
    held = again.validation_rows
    assert fitted.t_ == 5 * (np.count_nonzero(weights) - len(held))
    assert fitted.validation_loss_curve_ == again.validation_loss_curve.tolist()
    for a, score in zip(outputs, fitted.validation_scores_, strict=True):
        if task == "numbers":
            expected = r2_score(y[held], a[held], sample_weight=weights[held])
        else:
            said = a.argmax(axis=1) if task == "classes" else (a > 0.5).squeeze().astype(int)
            expected = accuracy_score(y[held], said[held], sample_weight=weights[held])
        assert score == pytest.approx(expected)


@pytest.mark.parametrize("task", TASKS)
def test_validation_data(task):
    estimator_class, X, y = TASKS[task]
    held, rest = slice(None, None, 4), np.arange(len(X)) % 4 > 0
    fitted = quick(estimator_class)
    silently(fitted.fit, X[rest], y[rest], validation_data=(X[held], y[held]))
    assert len(fitted.validation_loss_curve_) == 5
    assert fitted.validation_scores_[-1] == pytest.approx(fitted.score(X[held], y[held]))
    # it is watched only
    alone = silently(quick(estimator_class).fit, X[rest], y[rest])
    np.testing.assert_array_equal(fitted.coefs_[0], alone.coefs_[0])
    # of weight 0 or not there
    weights = (np.arange(len(X)) % 8 == 0).astype(float)
    fewer = slice(None, None, 8)
    curves = [
        silently(quick(estimator_class).fit, X[rest], y[rest], validation_data=data)
        for data in [(X, y, weights), (X[fewer], y[fewer], None)]
    ]
    np.testing.assert_allclose(*(fit.validation_loss_curve_ for fit in curves))
    np.testing.assert_allclose(*(fit.validation_scores_ for fit in curves))
    stopping = quick(estimator_class, early_stopping=True)
    silently(stopping.fit, X[rest], y[rest], validation_data=(X[held], y[held]))
    assert stopping.validation_loss_curve_ == fitted.validation_loss_curve_


def test_callbacks_watch_and_stop(iris):
    X, y = iris
    seen = []

    def watch(epoch, loss, validation_loss, network):
        seen.append((epoch, loss, validation_loss, type(network)))

    def stop(epoch, *_):
        return epoch == 3

    fitted = quick(callbacks=watch)
    silently(fitted.fit, X, y)
    assert [epoch for epoch, *_ in seen] == [1, 2, 3, 4, 5]
    assert [loss for _, loss, *_ in seen] == fitted.loss_curve_
    assert {(validation, network) for *_, validation, network in seen} == {(None, Network)}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        stopped = quick(callbacks=[watch, stop]).fit(X, y)
    assert stopped.n_iter_ == 3
    with pytest.raises(InputError, match="callbacks must be"):
        quick(callbacks=3).fit(X, y)


def test_interrupted_it_keeps_what_it_has(iris):
    X, y = iris

    def interrupt(epoch, *_):
        if epoch == 3:
            raise KeyboardInterrupt

    fitted = quick(callbacks=interrupt)
    with pytest.warns(UserWarning, match="interrupted"):
        fitted.fit(X, y)
    assert fitted.n_iter_ == len(fitted.loss_curve_) == 3
    shorter = silently(quick(max_iter=3).fit, X, y)
    np.testing.assert_array_equal(fitted.coefs_[0], shorter.coefs_[0])


def test_interrupted_at_once_it_is_what_it_started_from(iris, monkeypatch, way):
    def interrupt(*_):
        raise KeyboardInterrupt

    makes = "kernel.Trainer" if way == "kernel" else "training.LeanUpdate"
    monkeypatch.setattr(f"twinprop.{makes}.__call__", interrupt)
    fitted = quick()
    with pytest.warns(UserWarning, match="interrupted after 0 epochs"):
        fitted.fit(*iris)
    assert (fitted.loss_, fitted.best_loss_, fitted.n_iter_) == (None, None, 0)
    assert fitted.predict(iris[0]).shape == (150,)
    assert "interrupted" in fitted._repr_html_()


def test_it_warns_where_the_epochs_end_before_the_training(iris):
    X, y = iris
    with pytest.warns(ConvergenceWarning, match="5 epochs"):
        quick().fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        MLPClassifier(random_state=1, tol=0.01, max_iter=1000).fit(X, y)


def test_progress_goes_to_standard_error_and_the_logger(iris, capsys, caplog):
    X, y = iris
    silently(quick().fit, X, y)
    assert capsys.readouterr() == ("", "")
    with caplog.at_level(logging.INFO, logger="twinprop"):
        silently(quick(verbose=True).fit, X, y)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("epoch") == 5
    assert "MLPClassifier: 5 epochs" in caplog.text


# Data in many forms -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def people():
    """Columns of every kind, and what is to be told from them."""
    rng = np.random.default_rng(1)
    n = 90
    frame = pd.DataFrame(
        {
            "size": pd.Categorical(
                rng.choice(["small", "medium", "large"], n), ["small", "medium", "large"]
            ),
            "town": rng.choice(["Ulm", "Bonn", "Aarau"], n),
            "age": rng.integers(18, 80, n),
            "height": rng.normal(1.7, 0.1, n),
            "member": rng.uniform(size=n) < 0.5,
        }
    )
    score = (frame["size"] == "large") + 2.0 * (frame["town"] == "Bonn") + frame["age"] / 50
    return frame, score + 0.5 * frame["member"]


@pytest.mark.parametrize("estimator_class", BOTH)
def test_data_frames_of_every_kind_of_column(people, estimator_class):
    X, score = people
    y = score if estimator_class is MLPRegressor else np.where(score > 2.3, "high", "low")
    fitted = silently(quick(estimator_class, max_iter=200).fit, X, y)
    assert fitted.feature_names_in_.tolist() == list(X.columns)
    assert fitted.n_features_in_ == 5
    # the base levels have no input of their own
    names = ["sizemedium", "sizelarge", "townBonn", "townUlm", "age", "height", "memberTRUE"]
    assert [term["name"] for term in fitted.model_.inputs["terms"]] == names
    assert fitted.score(X, y) > 0.8

    # numbers are standardised, 0 and 1 are not
    scaled = StandardScaler().fit_transform(X[["age", "height"]])
    by_hand = pd.DataFrame(
        {
            "sizemedium": X["size"] == "medium",
            "sizelarge": X["size"] == "large",
            "townBonn": X["town"] == "Bonn",
            "townUlm": X["town"] == "Ulm",
            "age": scaled[:, 0],
            "height": scaled[:, 1],
            "memberTRUE": X["member"],
        }
    ).to_numpy(dtype=float)
    if estimator_class is MLPRegressor:
        y = (y - y.mean()) / y.std(ddof=0)
    plain = silently(quick(estimator_class, max_iter=200, scale=False).fit, by_hand, y)
    np.testing.assert_allclose(fitted.coefs_[0], plain.coefs_[0], rtol=1e-9)
    # a few rows do not have every level
    few, all_rows = fitted.predict(X[:3]), fitted.predict(X)[:3]
    if estimator_class is MLPRegressor:
        np.testing.assert_allclose(few, all_rows, rtol=1e-12)
    else:
        np.testing.assert_array_equal(few, all_rows)


def test_levels_that_no_row_has_are_left_out(people):
    X, score = people
    more = X["size"].cat.set_categories(["tiny", "small", "medium", "large"])
    fitted = silently(quick(MLPRegressor).fit, X.assign(size=more), score)
    expected = silently(quick(MLPRegressor).fit, X, score)
    np.testing.assert_array_equal(fitted.predict(X), expected.predict(X))
    with pytest.raises(InputError, match='size" row 1 must be one of "small", .*, got "tiny"'):
        fitted.predict(X.assign(size="tiny"))
    values = pd.Series(pd.Categorical(["c", None, "a"], ["a", "b", "c"]))
    dropped = drop_levels(read_column(values, "letter"))
    assert dropped.levels == ["a", "c"]
    assert [dropped.at(0), dropped.at(2)] == ["c", "a"]
    assert dropped.values.tolist() == [1, -1, 0]


def test_ordered_levels_are_coded_by_polynomials(people):
    X, score = people
    X = X.assign(size=X["size"].cat.as_ordered())
    fitted = silently(quick(MLPRegressor).fit, X, score)
    names = [term["name"] for term in fitted.model_.inputs["terms"]]
    assert names[:2] == ["size.L", "size.Q"]
    linear = fitted.model_.inputs["terms"][0]["parts"][0]["coding"]
    np.testing.assert_allclose(linear, [-(0.5**0.5), 0, 0.5**0.5], atol=1e-12)


def other_frames(frame):
    """The same rows as frames of other libraries."""
    polars = pytest.importorskip("polars")
    pyarrow = pytest.importorskip("pyarrow")
    town = polars.Series("town", frame["town"].tolist())
    sizes = polars.Enum(["small", "medium", "large"])
    yield polars.DataFrame(
        {
            "size": polars.Series(frame["size"].astype(str).tolist(), dtype=sizes),
            "town": town,
            "age": frame["age"].to_numpy(),
            "height": frame["height"].to_numpy(),
            "member": frame["member"].to_numpy(),
        }
    )
    yield pyarrow.Table.from_pandas(frame)
    pandas = frame.copy()
    pandas["age"] = pandas["age"].astype("Int64")
    pandas["member"] = pandas["member"].astype("boolean")
    pandas["town"] = pandas["town"].astype(object)
    yield pandas


@pytest.mark.parametrize("which", [0, 1, 2])
def test_frames_of_other_libraries(people, which):
    X, score = people
    other = list(other_frames(X))[which]
    if which == 1:  # arrow's categories have no order
        X = X.assign(size=X["size"].astype(str))
    expected = silently(quick(MLPRegressor).fit, X, score)
    fitted = silently(quick(MLPRegressor).fit, other, score.to_numpy())
    np.testing.assert_array_equal(fitted.predict(other), expected.predict(X))
    np.testing.assert_array_equal(fitted.predict(X), expected.predict(X))
    assert fitted.feature_names_in_.tolist() == list(X.columns)


def test_polars_targets(iris):
    polars = pytest.importorskip("polars")
    X, y = iris
    expected = silently(quick().fit, X, y)
    fitted = silently(quick().fit, polars.DataFrame(dict(X)), polars.Series("species", y))
    np.testing.assert_array_equal(fitted.predict(polars.DataFrame(dict(X))), expected.predict(X))


def test_names_come_and_go_as_in_scikit_learn(iris, people):
    X, y = iris
    plain = silently(quick().fit, X.to_numpy(), y)
    with pytest.warns(UserWarning, match="fitted without feature names"):
        found = plain.predict_proba(X)
    np.testing.assert_array_equal(found, plain.predict_proba(X.to_numpy()))
    named = silently(quick().fit, X, y)
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        np.testing.assert_array_equal(named.predict_proba(X.to_numpy()), found)
    silently(named.fit, X.to_numpy(), y)
    assert not hasattr(named, "feature_names_in_")
    # labels that are numbers are no names, and columns are found by place
    mixed, score = people
    numbered = mixed.set_axis(range(5), axis=1)
    fitted = silently(quick(MLPRegressor).fit, numbered, score)
    expected = silently(quick(MLPRegressor).fit, mixed, score).predict(mixed)
    np.testing.assert_array_equal(fitted.predict(numbered), expected)
    np.testing.assert_array_equal(fitted.predict(numbered.to_numpy(dtype=object)), expected)


def test_errors_of_data_frames_name_the_column(people):
    X, score = people
    fitted = silently(quick(MLPRegressor).fit, X, score)
    unseen = X.assign(town=["Rome", *X["town"][1:]])
    with pytest.raises(InputError, match='town.*"Rome"'):
        fitted.predict(unseen)
    with pytest.raises(ValueError, match="feature names should match"):
        fitted.predict(X.drop(columns="age"))
    with pytest.raises(InputError, match="age"):
        fitted.predict(X.assign(age=X["town"]))
    missing = X.assign(height=X["height"].where(X.index != 4))
    for call in (lambda: fitted.predict(missing), lambda: quick().fit(missing, score > 2)):
        with pytest.raises(InputError, match="height.*row 5"):
            call()
    with pytest.raises(InputError, match="town.*row 3"):
        quick().fit(X.assign(town=X["town"].where(X.index != 2)), score > 2)


def test_lists_single_precision_and_sparse_matrices(iris):
    sparse = pytest.importorskip("scipy.sparse")
    X, y = load_iris(return_X_y=True)
    X = X.astype(np.float32)
    expected = silently(quick().fit, X, y)
    for other in (X.tolist(), sparse.csr_matrix(X), sparse.coo_array(X)):
        fitted = silently(quick().fit, other, y.tolist())
        np.testing.assert_allclose(fitted.predict_proba(other), expected.predict_proba(X))


# Errors -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"solver": "newton"}, 'solver must be one of .*, got "newton"'),
        ({"hidden_layer_sizes": -1}, "hidden_layer_sizes must be an integer >= 1 .*got -1"),
        ({"hidden_layer_sizes": (3, 1.5)}, "hidden_layer_sizes entry 2 must be .*, got 1.5"),
        ({"activation": "swish"}, 'activation.* must be one of .*, got "swish"'),
        ({"activation": ["tanh", "relu"]}, "activation must have .*1.*, got 2"),
        ({"out_activation": "softmax", "loss": "half_mse"}, '"softmax" needs at least 2 outputs'),
        ({"loss": "hinge"}, 'loss must be one of .*, got "hinge"'),
        ({"alpha": -1}, "alpha must be a finite number >= 0, got -1"),
        ({"batch_size": 0}, "batch_size must be .*, got 0"),
        ({"learning_rate": "fast"}, 'learning_rate must be one of .*, got "fast"'),
        ({"learning_rate_init": "auto"}, "learning_rate_init must be .*got"),
        ({"max_iter": 0}, "max_iter must be an integer >= 1, got 0"),
        ({"momentum": 1.0}, "momentum must be .*, got 1"),
        ({"tol": -1}, "tol must be a finite number >= 0, got -1"),
        ({"n_iter_no_change": 0}, "n_iter_no_change must be .*, got 0"),
        ({"early_stopping": 1}, "early_stopping must be true or false, got 1"),
        ({"early_stopping": True, "validation_fraction": 1.0}, "validation_fraction must be"),
        ({"dropout": 1}, "dropout.* must be .*, got 1"),
        ({"dropout": 0.5, "solver": "lbfgs"}, "dropout"),
        ({"clip_norm": 0}, "clip_norm must be .*, got 0"),
        ({"arithmetic": "slow"}, 'arithmetic must be one of "fast", "portable", got "slow"'),
        ({"rule": "oracle"}, "rule must be one of"),
        ({"rule": "transpose", "solver": "lbfgs"}, "lbfgs"),
        ({"scale": "yes"}, 'scale must be true or false, got "yes"'),
        ({"warm_start": 2}, "warm_start must be true or false, got 2"),
        ({"random_state": 2**40}, "random_state must be an integer from"),
        ({"random_state": "one"}, 'random_state must be .*, got "one"'),
        ({"class_weight": "fair"}, 'class_weight must be .*, got "fair"'),
        ({"class_weight": {0: 1.0, 7: 2.0}}, "class_weight"),
        ({"starting_weights": Network([3, 1])}, "starting_weights"),
    ],
)
def test_messages_about_parameters(settings, message):
    _, X, y = TASKS["binary"]
    with pytest.raises(InputError, match=message):
        quick(**settings).fit(X, y)


def test_messages_about_data():
    _, X, y = TASKS["binary"]
    estimator = quick()
    for call, message in [
        (lambda: estimator.fit(X, y, sample_weight=-np.ones(50)), "sample_weight"),
        (lambda: estimator.fit(X, y, sample_weight=np.zeros(50)), "sample_weight"),
        (lambda: estimator.fit(X, y, sample_weight=np.ones(49)), "sample_weight"),
        (lambda: estimator.fit(X, np.zeros(50)), "at least 2 classes, got 1"),
        (lambda: estimator.fit(X, y, validation_data=X), "validation_data must be"),
        (lambda: estimator.fit(X, y, validation_data=(X[:, :1], y)), "validation_data.*features"),
        (lambda: estimator.fit(X, y, validation_data=(X[:3], [0, 1, 9])), "validation_data.*9"),
        (lambda: estimator.fit(X, np.where(y, None, "a")), "y"),
        (lambda: estimator.fit(X, X), "nknown label type|must be"),
        (lambda: estimator.fit(X[:1], y[:1]), "at least 2 rows"),
    ]:
        with pytest.raises(ValueError, match=message):
            call()
    with pytest.raises(NotFittedError):
        estimator.predict(X)
    for name in ("coefs_", "intercepts_", "network_", "loss_"):
        assert not hasattr(quick(), name)


def test_a_training_that_diverges_says_so_and_leaves_nothing():
    _, X, y = TASKS["numbers"]
    estimator = quick(MLPRegressor, solver="sgd", learning_rate_init=1e6, activation="identity")
    with pytest.raises(DivergenceError) as caught:
        estimator.set_params(max_iter=200).fit(X * 1e6, y * 1e6)
    assert isinstance(caught.value, TwinpropError)
    assert not hasattr(estimator, "model_")


# scikit-learn's tools ---------------------------------------------------------------------------


@pytest.mark.parametrize("estimator_class", BOTH)
def test_copies(people, estimator_class, tmp_path):
    X, score = people
    y = score if estimator_class is MLPRegressor else score > 2.3
    fitted = silently(quick(estimator_class).fit, X, y)
    joblib.dump(fitted, tmp_path / "fitted.joblib")
    for copy in (pickle.loads(pickle.dumps(fitted)), joblib.load(tmp_path / "fitted.joblib")):
        np.testing.assert_array_equal(copy.predict(X), fitted.predict(X))
        copy.coefs_[0][:] = 0.0
        assert fitted.coefs_[0].any()
        assert not copy.network_.weights[0].any()
    bare = clone(fitted)
    assert bare.get_params() == fitted.get_params()
    assert not hasattr(bare, "model_")
    assert repr(estimator_class(alpha=1)) == f"{estimator_class.__name__}(alpha=1)"


def test_pipelines_and_column_transformers(people):
    X, score = people
    y = score > 2.3
    encode = ColumnTransformer(
        [
            ("category", OneHotEncoder(), ["size", "town"]),
            ("number", StandardScaler(), ["age", "height"]),
        ],
        remainder="passthrough",
    )
    pipeline = make_pipeline(encode, quick(max_iter=50))
    assert silently(pipeline.fit, X, y).score(X, y) > 0.8
    with_weights = silently(pipeline.fit, X, y, mlpclassifier__sample_weight=np.ones(90))
    assert with_weights.predict(X).shape == (90,)


@pytest.mark.parametrize("container", ["pandas", "polars"])
def test_set_output(iris, container):
    pytest.importorskip(container)
    X, y = iris
    pipeline = make_pipeline(StandardScaler(), quick(scale=False)).set_output(transform=container)
    silently(pipeline.fit, X, y)
    assert pipeline[-1].feature_names_in_.tolist() == list(X.columns)
    plain = make_pipeline(StandardScaler(), quick(scale=False))
    silently(plain.fit, X.to_numpy(), y)
    np.testing.assert_array_equal(pipeline.predict(X), plain.predict(X.to_numpy()))


@pytest.mark.parametrize("jobs", [None, 2])
def test_grid_search(iris, jobs):
    X, y = iris
    grid = {"hidden_layer_sizes": [(), (4,)], "alpha": [1e-4, 1.0], "activation": ["tanh"]}
    search = GridSearchCV(
        MLPClassifier(solver="lbfgs", random_state=0, max_iter=60), grid, cv=3, n_jobs=jobs
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        search.fit(X, y)
    assert search.best_score_ > 0.9
    assert isinstance(search.best_estimator_, MLPClassifier)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_cross_validation_and_curves(iris, people):
    X, y = iris
    estimator = quick(max_iter=20)
    assert cross_val_score(estimator, X, y, cv=3).mean() > 0.8
    assert cross_val_predict(estimator, X, y, cv=3, method="predict_proba").shape == (150, 3)
    assert cross_val_score(quick(MLPRegressor), *people, cv=3).shape == (3,)
    sizes, train, test = learning_curve(
        estimator, X, y, cv=2, train_sizes=[0.5, 1.0], shuffle=True, random_state=0
    )
    assert (len(sizes), train.shape, test.shape) == (2, (2, 2), (2, 2))
    by_parts = learning_curve(
        estimator, X, y, cv=2, train_sizes=[0.5, 1.0], exploit_incremental_learning=True
    )
    assert by_parts[1].shape == (2, 2)
    train, test = validation_curve(
        estimator, X, y, param_name="alpha", param_range=[1e-4, 1.0], cv=2
    )
    assert train.shape == test.shape == (2, 2)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_importance_calibration_and_one_model_per_label(people, iris):
    X, score = people
    fitted = quick(MLPRegressor, max_iter=100).fit(X, score)
    importance = permutation_importance(fitted, X, score, n_repeats=3, random_state=0)
    names = X.columns[np.argsort(-importance.importances_mean)]
    assert set(names[:2]) <= {"town", "age", "size"}
    calibrated = CalibratedClassifierCV(quick(max_iter=30), cv=3).fit(*iris)
    np.testing.assert_allclose(calibrated.predict_proba(iris[0]).sum(axis=1), 1.0)
    _, X, y = TASKS["labels"]
    assert MultiOutputClassifier(quick()).fit(X, y).predict(X).shape == y.shape


@pytest.mark.parametrize("method", ["predict", "predict_proba", "auto"])
def test_decision_boundary(method):
    plt = pytest.importorskip("matplotlib.pyplot")
    plt.switch_backend("Agg")
    _, X, y = TASKS["binary"]
    fitted = silently(quick().fit, X, y)
    display = DecisionBoundaryDisplay.from_estimator(
        fitted, X, response_method=method, grid_resolution=10
    )
    assert display.response.shape == (10, 10)
    plt.close("all")


def test_metadata_routing(iris):
    X, y = iris
    weights = np.linspace(0.0, 2.0, 150)
    with sklearn.config_context(enable_metadata_routing=True):
        estimator = (
            quick().set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        )
        scores = silently(cross_val_score, estimator, X, y, cv=3, params={"sample_weight": weights})
    assert scores.shape == (3,)


# What a notebook shows --------------------------------------------------------------------------


def test_html(people):
    X, score = people
    estimator = quick(MLPRegressor)
    for bundle in (estimator._repr_mimebundle_(), {"text/html": estimator._repr_html_()}):
        assert "sk-estimator" in bundle["text/html"]
        assert "twinprop-fit" not in bundle["text/html"]
    silently(estimator.fit, X.rename(columns={"height": "<height>"}), score)
    for bundle in (estimator._repr_mimebundle_(), {"text/html": estimator._repr_html_()}):
        page = bundle["text/html"]
        assert "sk-estimator" in page
        summary = page[page.index("twinprop-fit") :]
        for words in ("7-8-1", "not converged", "5 epochs", "half_mse", "90 rows", "seed 1"):
            assert words in summary, words
        assert "&lt;height&gt;" in summary
        assert "<height>" not in summary
    with sklearn.config_context(display="text"):
        assert not hasattr(estimator, "_repr_html_")
        assert "text/html" not in estimator._repr_mimebundle_()
    # inside of a pipeline it is scikit-learn's own
    assert "sk-estimator" in make_pipeline(StandardScaler(), estimator)._repr_html_()


# The rest of the package ------------------------------------------------------------------------


@pytest.fixture(scope="module", params=BOTH)
def opened(request, people):
    """An estimator, its raw data, and what its network sees of them, by hand."""
    X, score = people
    levels = X["size"] == "medium", X["size"] == "large", X["town"] == "Bonn", X["town"] == "Ulm"
    numbers = StandardScaler().fit_transform(X[["age", "height"]])
    x = np.column_stack([*levels, numbers, X["member"]]).astype(float)
    if request.param is MLPRegressor:
        y, d = score.rename("score"), (score - score.mean()) / score.std(ddof=0)
    else:
        y = pd.Series(np.where(score > 2.3, "low", "high"), name="kind")
        d = (y == "low").astype(float)
    fitted = silently(quick(request.param).fit, X, y)
    return fitted, X, y, fitted.network_, x, d.to_numpy()


def own_cost(fitted):
    return "half_mse" if isinstance(fitted, MLPRegressor) else "cross_entropy"


def test_the_gradient_check_takes_an_estimator(opened):
    fitted, X, y, network, x, d = opened
    check = check_gradient(fitted, X[:10], y[:10])
    expected = check_gradient(network, x[:10], d[:10], cost=own_cost(fitted))
    np.testing.assert_allclose(
        check.table["backprop"], expected.table["backprop"], rtol=1e-9, atol=1e-12
    )
    assert check_gradient(fitted.model_, X[:10], y[:10]).verdict == check.verdict
    with pytest.raises(InputError, match="town"):
        check_gradient(fitted, X.assign(town="Rome"), y)


def test_the_diagnosis_takes_an_estimator(opened):
    fitted, X, y, network, x, d = opened
    found = diagnose(fitted, X, y)
    expected = diagnose(network, x, d, cost=own_cost(fitted))
    assert (found.cost, found.verdict) == (pytest.approx(expected.cost), expected.verdict)


def test_a_step_of_an_estimator_is_explained(opened):
    fitted, X, y, network, x, d = opened
    step = explain(fitted, X[:1], y[:1])
    expected = explain(network, x[:1], d[:1], cost=own_cost(fitted))
    np.testing.assert_allclose(step.table["value"], expected.table["value"], rtol=1e-9, atol=1e-12)


@pytest.fixture
def plt():
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.switch_backend("Agg")
    yield pyplot
    pyplot.close("all")


def test_the_picture_of_an_estimators_network(opened, plt):
    fitted, X, y, network, x, d = opened
    ax = plot_network(fitted, X[:1], y[:1])
    words = [text.get_text() for text in ax.texts]
    for name in ("townBonn", "memberTRUE", "score" if isinstance(fitted, MLPRegressor) else "low"):
        assert any(name in word for word in words), name
    expected = plot_network(network, x[:1], d[:1], cost=own_cost(fitted))
    assert expected.get_title() == ax.get_title()
    assert plot_network(fitted).get_title() == "Network 7-8-1"


def test_the_decision_of_an_estimator_is_on_the_scale_of_the_data(opened, plt):
    fitted, X, y, *_ = opened
    ax = plot_decision(fitted, X, y, columns=[5, 6], resolution=5)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("age", "height")
    low, high = ax.get_xlim()
    assert low < 20 < 75 < high

    # rows that differ in age only: the curve goes through their predictions
    flat = pd.DataFrame({"size": "small", "town": "Aarau", "age": np.linspace(18, 80, 9)})
    flat = flat.assign(height=X["height"].mean(), member=False)
    classifies = isinstance(fitted, MLPClassifier)
    expected = fitted.predict_proba(flat)[:, 1] if classifies else fitted.predict(flat)
    ax = plot_decision(fitted, flat, fitted.predict(flat), columns=5, resolution=1001)
    (curve,) = (line for line in ax.lines if len(line.get_xdata()) == 1001)
    found = np.interp(flat["age"], curve.get_xdata(), curve.get_ydata())
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_the_costs_of_estimators(iris, plt):
    X, y = iris
    fitted = silently(quick(early_stopping=True).fit, X, y)
    ax = plot_cost(fitted)
    curves = [line for line in ax.lines if len(line.get_xdata()) == 6]
    assert [line.get_label() for line in curves] == ["training", "training, validation"]
    np.testing.assert_array_equal(curves[0].get_ydata()[1:], fitted.loss_curve_)
    np.testing.assert_array_equal(curves[1].get_ydata()[1:], fitted.validation_loss_curve_)
    assert ax.get_title() == "Cost of every epoch"
    run = Network([4, 1]).train(X, np.ones(150), epochs=2)
    ax = plot_cost({"a run": run, "a fit": silently(quick().fit, X, y)}, log=True)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["a run", "a fit"]
    with pytest.raises(InputError, match="runs must be a Run"):
        plot_cost(quick())


def test_what_is_not_fitted_is_refused(people):
    X, score = people
    for call in (check_gradient, diagnose, explain, plot_network, plot_decision):
        with pytest.raises(InputError, match="must be fitted before, got a MLPRegressor"):
            call(MLPRegressor(), X, score)
        with pytest.raises(InputError, match="must be a .*Network, got a Pipeline"):
            call(make_pipeline(MLPRegressor()), X, score)


def test_a_model_outlives_its_estimator(people, tmp_path):
    X, score = people
    fitted = silently(quick(MLPRegressor).fit, X, score)
    write_model(fitted, tmp_path / "people.twinprop.json")
    model = read_model(tmp_path / "people.twinprop.json")
    np.testing.assert_allclose(model.predict(X), fitted.predict(X), rtol=1e-12)
    classes = silently(quick().fit, X, np.where(score > 2.3, "high", "low"))
    write_model(classes, tmp_path / "classes.twinprop.json")
    model = read_model(tmp_path / "classes.twinprop.json")
    assert model.predict(X).tolist() == classes.predict(X).tolist()
    np.testing.assert_allclose(model.predict_proba(X), classes.predict_proba(X), rtol=1e-12)


# Scripts as scikit-learn's gallery has them -----------------------------------------------------


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_script_weights_of_digits():
    plt = pytest.importorskip("matplotlib.pyplot")
    plt.switch_backend("Agg")
    X, y = load_digits(return_X_y=True)
    X = X / 16.0
    X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0, test_size=0.7)
    mlp = MLPClassifier(
        hidden_layer_sizes=(40,),
        max_iter=8,
        alpha=1e-4,
        solver="sgd",
        verbose=False,
        random_state=1,
        learning_rate_init=0.2,
        scale=False,
    )
    mlp.fit(X_train, y_train)
    assert mlp.score(X_train, y_train) > 0.8
    assert mlp.score(X_test, y_test) > 0.8
    fig, axes = plt.subplots(4, 4)
    vmin, vmax = mlp.coefs_[0].min(), mlp.coefs_[0].max()
    for coef, ax in zip(mlp.coefs_[0].T, axes.ravel()):
        ax.matshow(coef.reshape(8, 8), cmap=plt.cm.gray, vmin=0.5 * vmin, vmax=0.5 * vmax)
    plt.close(fig)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_script_learning_strategies():
    strategies = [
        {"solver": "sgd", "learning_rate": "constant", "momentum": 0, "learning_rate_init": 0.2},
        {
            "solver": "sgd",
            "learning_rate": "constant",
            "momentum": 0.9,
            "nesterovs_momentum": False,
            "learning_rate_init": 0.2,
        },
        {"solver": "sgd", "learning_rate": "constant", "momentum": 0.9, "learning_rate_init": 0.2},
        {"solver": "sgd", "learning_rate": "invscaling", "momentum": 0, "learning_rate_init": 0.2},
        {"solver": "sgd", "learning_rate": "adaptive", "momentum": 0.9, "learning_rate_init": 0.2},
        {"solver": "adam", "learning_rate_init": 0.01},
    ]
    iris, circles = load_iris(), make_circles(noise=0.2, factor=0.5, random_state=1)
    for X, y, enough in [(iris.data, iris.target, 0.9), (*circles, 0.8)]:
        X = MinMaxScaler().fit_transform(X)
        scores = []
        for settings in strategies:
            mlp = MLPClassifier(
                hidden_layer_sizes=(30,),
                activation="relu",
                random_state=0,
                max_iter=200,
                scale=False,
                **settings,
            )
            mlp.fit(X, y)
            scores.append(mlp.score(X, y))
            assert mlp.loss_ == mlp.loss_curve_[-1]
            assert len(mlp.loss_curve_) == mlp.n_iter_
        assert max(scores) > enough


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_script_varying_alpha():
    sizes = []
    X, y = make_classification(
        n_features=2, n_redundant=0, n_informative=2, random_state=0, n_clusters_per_class=1
    )
    for alpha in np.logspace(-1, 1, 3):
        classifier = make_pipeline(
            StandardScaler(),
            MLPClassifier(
                solver="lbfgs",
                alpha=alpha,
                random_state=1,
                max_iter=300,
                early_stopping=True,
                hidden_layer_sizes=[10, 10],
            ),
        )
        classifier.fit(X, y)
        assert classifier.score(X, y) > 0.8
        assert classifier.predict_proba(np.c_[X[:, 0], X[:, 1]])[:, 1].shape == (100,)
        sizes.append(np.abs(np.concatenate([c.ravel() for c in classifier[-1].coefs_])).mean())
    assert sizes[0] > sizes[1] > sizes[2]


@pytest.mark.parametrize("load", [load_wine, load_breast_cancer, load_iris])
def test_defaults_do_well_on_small_sets(load):
    X, y = load(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0, stratify=y)
    fitted = silently(MLPClassifier(random_state=0).fit, X_train, y_train)
    assert fitted.score(X_test, y_test) > 0.9
