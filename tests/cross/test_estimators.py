"""The doors of Python and R, from raw data: MLPClassifier, MLPRegressor and twinprop() find the
same weights and make the same predictions."""

import json
import shutil
import subprocess
import warnings

import numpy as np
import pandas as pd
import pytest

from engine_runs import run_on
from twinprop import load_dataset, read_model, write_model
from twinprop.plan import read_plan

sklearn = pytest.importorskip("sklearn")

from sklearn.exceptions import ConvergenceWarning  # noqa: E402

from twinprop import MLPClassifier, MLPRegressor  # noqa: E402

# Section 10 of the contract: 1e-10 of the largest after 1,000 updates. exp and tanh differ in the
# last bit, BLAS sums in its own order, and a training amplifies that from update to update.
SAME = 1e-10

# L-BFGS ends where the gradient is 1e-9, by curvatures of 0.01 and more.
AT_A_MINIMUM = 1e-6

#: Python's name and R's.
R_NAMES = {
    "hidden_layer_sizes": "hidden",
    "nesterovs_momentum": "nesterov",
    "alpha": "penalty",
    "learning_rate": "schedule",
    "learning_rate_init": "learn_rate",
    "max_iter": "epochs",
    "n_iter_no_change": "stop_iter",
    "validation_fraction": "validation",
    "class_weight": "class_weights",
    "random_state": "seed",
}

RNG = np.random.default_rng(4)


def iris():
    """The flowers; strings are factors in R and Python."""
    x, d, *_ = load_dataset("iris").plan_data()
    frame = pd.DataFrame(np.asarray(x), columns=["sl", "sw", "pl", "pw"])
    frame["Species"] = np.array(["setosa", "versicolor", "virginica"])[np.argmax(d, axis=1)]
    return frame


def people(n=80):
    """A column of every kind."""
    frame = pd.DataFrame(
        {
            "town": RNG.choice(["ulm", "Aarau", "bonn", "Älm"], n),
            "size": pd.Categorical(
                RNG.choice(["small", "medium", "large"], n),
                ["tiny", "small", "medium", "large"],
            ),
            "grade": pd.Categorical(
                RNG.choice(["low", "middle", "high"], n), ["low", "middle", "high"], ordered=True
            ),
            "age": RNG.integers(18, 80, n),
            "height": RNG.normal(1.7, 0.1, n),
            "member": RNG.uniform(size=n) < 0.5,
            "constant": 3.5,
        }
    )
    worth = frame["age"] / 20 + 2 * (frame["town"] == "bonn") + frame["member"]
    worth += RNG.normal(0, 0.3, n)
    return frame.assign(
        worth=worth,
        gain=worth * 100 - frame["height"] * 50,
        rich=np.where(worth > worth.median(), "yes", "no"),
        known=worth > worth.quantile(0.3),
        tall=frame["height"] > 1.72,
        w=RNG.uniform(0.5, 2.0, n) * (np.arange(n) % 9 > 0),
    )


IRIS, PEOPLE = iris(), people()
PENGUINS = load_dataset("penguins").frame.dropna()
DIABETES = load_dataset("diabetes").frame.assign(w=RNG.uniform(0.5, 2.0, 442))
KINDS = ["town", "size", "grade", "age", "height", "member", "constant"]
LESS = ["town", "age", "member"]


def problem(frame, columns, targets, settings=None, **more):
    return {
        "frame": frame,
        "columns": columns,
        "targets": [targets] if isinstance(targets, str) else targets,
        "settings": {"random_state": 7, "max_iter": 15, **(settings or {})},
        **more,
    }


FLOWERS = IRIS, ["sl", "sw", "pl", "pw"], "Species"
WELL = {"solver": "lbfgs", "alpha": 5.0, "tol": 1e-9, "max_iter": 500, "n_iter_no_change": 400}
PROBLEMS = {
    "measurements": problem(DIABETES, DIABETES.columns[:10].tolist(), DIABETES.columns[10]),
    "measurements, weights, not scaled": problem(
        DIABETES, DIABETES.columns[:10].tolist(), DIABETES.columns[10],
        {"scale": False, "batch_size": 7, "learning_rate_init": 1e-4}, weights="w",
    ),
    "penguins": problem(
        PENGUINS, ["island", "bill_length_mm", "body_mass_g", "sex"], "species",
        {"early_stopping": True, "class_weight": "balanced", "batch_size": None},
    ),
    "classes": problem(*FLOWERS),
    "classes, to the end": problem(*FLOWERS, {"max_iter": 300, "tol": 1e-2}),
    "classes, early stopping": problem(
        *FLOWERS, {"early_stopping": True, "n_iter_no_change": 3, "max_iter": 200}
    ),
    "classes, balanced": problem(IRIS[:120], *FLOWERS[1:], {"class_weight": "balanced"}),
    "classes, weights by name": problem(
        *FLOWERS, {"class_weight": {"setosa": 0.5, "virginica": 3.0}}
    ),
    "classes, dropout": problem(*FLOWERS, {"dropout": [0.2, 0.4], "hidden_layer_sizes": [6, 4]}),
    "classes, sigmoid outputs": problem(
        *FLOWERS, {"out_activation": "sigmoid", "loss": "squared_error", "activation": "tanh"}
    ),
    "a few steps of lbfgs": problem(*FLOWERS, {"solver": "lbfgs", "max_iter": 8, "alpha": 1.0}),
    "a minimum of lbfgs": problem(*FLOWERS, {**WELL, "hidden_layer_sizes": []}),
    "two classes of all kinds of columns": problem(PEOPLE, KINDS, "rich"),
    "two classes, weights": problem(PEOPLE, KINDS, "rich", weights="w"),
    "two classes, weights and early stopping": problem(
        PEOPLE, LESS, "rich", {"early_stopping": True, "max_iter": 60}, weights="w"
    ),
    "two classes, both kinds of weights": problem(
        PEOPLE, LESS, "rich", {"class_weight": "balanced"}, weights="w"
    ),
    "true and false": problem(PEOPLE, LESS, "known", {"solver": "rprop"}),
    "labels": problem(PEOPLE, KINDS, ["known", "tall"], {"solver": "rmsprop"}),
    "numbers of all kinds of columns": problem(PEOPLE, KINDS, "worth"),
    "numbers, weights": problem(PEOPLE, KINDS, "worth", {"solver": "sgd"}, weights="w"),
    "numbers, not scaled": problem(
        PEOPLE, ["height", "member"], "worth", {"scale": False, "activation": "logistic"}
    ),
    "several numbers": problem(PEOPLE, LESS, ["worth", "gain"], {"clip_norm": 0.1}),
    "a step schedule": problem(
        PEOPLE, LESS, "worth", {"learning_rate": {"name": "step", "every": 4, "gamma": 0.5}}
    ),
    "a cosine schedule": problem(PEOPLE, LESS, "worth", {"learning_rate": "cosine"}),
    "an adaptive rate": problem(
        PEOPLE, LESS, "worth",
        {"learning_rate": "adaptive", "solver": "sgd", "tol": 0.02, "n_iter_no_change": 1,
         "max_iter": 100},
    ),
    "validation data": problem(
        PEOPLE, LESS, "worth", {"early_stopping": True, "max_iter": 80, "tol": 0.01}, held=20
    ),
    "validation data of classes": problem(PEOPLE, LESS, "rich", held=20),
    "another rule": problem(
        PEOPLE, LESS, "worth", {"rule": "transpose", "update_order": "output_first",
                                "solver": "sgd"}
    ),
    "starting weights": problem(
        IRIS, *FLOWERS[1:], {"hidden_layer_sizes": 2, "init": "he", "batch_size": 50}
    ),
}  # fmt: skip

#: The same in portable arithmetic, in which the languages differ in no bit. Without the ordered
#: column, which R codes by the machine's linear algebra.
PORTABLE = ", portable"
PROBLEMS |= {
    name + PORTABLE: {
        **p,
        "columns": [column for column in p["columns"] if column != "grade"],
        "settings": {**p["settings"], "arithmetic": "portable"},
    }
    for name, p in PROBLEMS.items()
}


def tolerance_of(name):
    if name.endswith(PORTABLE):
        return 0.0
    return AT_A_MINIMUM if name.startswith("a minimum") else SAME


IN_R = """
args <- commandArgs(TRUE)
given <- jsonlite::read_json(args[1], simplifyVector = TRUE, simplifyDataFrame = FALSE)
# jsonlite never writes more than 15 digits
exact <- function(x) if (!is.null(x)) sprintf("%.17g", x)
column <- function(about) {
  if (is.null(about$levels)) return(about$values)
  factor(about$values, about$levels, ordered = about$ordered)
}
fits <- lapply(given, function(p) {
  data <- as.data.frame(lapply(p$frame, column), stringsAsFactors = FALSE)
  targets <- if (length(p$targets) == 1L) {
    p$targets
  } else {
    sprintf("cbind(%s)", paste(p$targets, collapse = ", "))
  }
  formula <- stats::as.formula(paste(targets, "~", paste(p$columns, collapse = " + ")))
  settings <- p$settings
  rows <- seq_len(nrow(data))
  if (!is.null(p$held)) {
    settings$validation <- data[rows <= p$held, ]
    rows <- rows[rows > p$held]
  }
  call <- c(list(quote(twinprop::twinprop), formula, quote(data[rows, ])), settings)
  if (!is.null(p$weights)) call$weights <- as.name(p$weights)
  fit <- suppressWarnings(eval(as.call(call)), classes = "twinprop_warning")
  twinprop::tp_write_model(fit, p$file)
  f <- fit$network
  guess <- predict(fit, data)
  list(
    weights = exact(unlist(lapply(f$weights, t))), biases = exact(unlist(f$biases)),
    layers = f$layers, activations = f$activations, loss_curve = exact(fit$history$loss),
    validation_loss_curve = exact(fit$history$validation_loss), converged = fit$converged,
    reason = fit$reason,
    predicted = if (is.factor(guess)) as.character(guess) else if (is.double(guess)) {
      array(exact(guess), if (is.null(dim(guess))) length(guess) else dim(guess))
    } else {
      guess
    },
    probabilities = if (fit$task != "regression" && p$probabilities) {
      shares <- as.matrix(predict(fit, data, type = "prob"))
      array(exact(shares), dim(shares))
    },
    terms = vapply(fit$inputs$terms, `[[`, "", "name"), fingerprint = fit$training$fingerprint
  )
})
writeLines(jsonlite::toJSON(fits, digits = I(17), auto_unbox = TRUE, null = "null"), args[2])
"""


def classifies(p):
    return all(p["frame"][name].dtype.kind in "bOUT" for name in p["targets"])


def for_r(p, file):
    """The problem as JSON, with R's names."""

    def column(values):
        if isinstance(values.dtype, pd.CategoricalDtype):
            levels = values.cat.categories.tolist()
            return {"values": values.tolist(), "levels": levels, "ordered": values.cat.ordered}
        return {"values": values.tolist()}

    settings = {R_NAMES.get(name, name): value for name, value in p["settings"].items()}
    rest = {name: p[name] for name in ("columns", "targets", "weights", "held") if name in p}
    return {
        **rest,
        "settings": settings,
        "frame": {name: column(values) for name, values in p["frame"].items()},
        "probabilities": "loss" not in settings,
        "file": str(file),
    }


@pytest.fixture(scope="module")
def in_r(tmp_path_factory):
    run_on("rscript", read_plan({"training": {"epochs": 1}}))  # skips or fails where it is missing
    folder = tmp_path_factory.mktemp("r")
    problems, code, answer = folder / "problems.json", folder / "fit.R", folder / "answer.json"
    code.write_text(IN_R, encoding="utf-8")
    given = {
        name: for_r(p, folder / f"{i}.twinprop.json")
        for i, (name, p) in enumerate(PROBLEMS.items())
    }
    problems.write_text(json.dumps(given), encoding="utf-8")
    subprocess.run([shutil.which("Rscript"), code, problems, answer], check=True)
    answers = json.loads(answer.read_text(encoding="utf-8"))
    return {name: {**answers[name], "file": given[name]["file"]} for name in PROBLEMS}


def fit(p):
    """The estimator, all rows and targets."""
    frame, held = p["frame"], p.get("held", 0)
    X, y = frame[p["columns"]], frame[p["targets"][0] if len(p["targets"]) == 1 else p["targets"]]
    estimator = (MLPClassifier if classifies(p) else MLPRegressor)(**p["settings"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        estimator.fit(
            X[held:],
            y[held:],
            sample_weight=frame[p["weights"]] if "weights" in p else None,
            validation_data=(X[:held], y[:held]) if held else None,
        )
    return estimator, X, y


def close(found, wanted, tolerance):
    found, wanted = np.atleast_1d(np.asarray(found, dtype=float)), np.atleast_1d(wanted)
    assert found.shape == wanted.shape
    assert np.abs(found - wanted).max() <= tolerance * np.abs(wanted).max()


@pytest.mark.parametrize("name", list(PROBLEMS))
def test_the_doors_lead_to_the_same_network(name, in_r):
    estimator, X, _ = fit(PROBLEMS[name])
    theirs, network = in_r[name], estimator.network_
    tolerance = tolerance_of(name)
    assert theirs["layers"] == list(network.layers)
    assert np.ravel(theirs["activations"]).tolist() == list(network.activations)
    terms = [term["name"] for term in estimator.model_.inputs["terms"]]
    assert np.ravel(theirs["terms"]).tolist() == terms
    parameters = np.hstack([theirs["weights"], theirs["biases"]])
    close(parameters, network.parameters, tolerance)
    if tolerance == 0.0:
        assert theirs["fingerprint"] == estimator.model_.training["fingerprint"]
    if tolerance <= SAME:
        close(theirs["loss_curve"], estimator.loss_curve_, tolerance)
    if estimator.validation_loss_curve_ is None:
        assert theirs["validation_loss_curve"] is None
    else:
        found = estimator.validation_loss_curve_
        close(theirs["validation_loss_curve"], found, min(tolerance, SAME))
    guess = estimator.predict(X)
    if isinstance(estimator, MLPRegressor):
        close(theirs["predicted"], guess, tolerance)
    else:
        assert np.asarray(theirs["predicted"]).astype(str).tolist() == as_r(guess)
    if theirs["probabilities"] is not None:
        probabilities = estimator.predict_proba(X)
        if probabilities.shape != np.shape(theirs["probabilities"]):
            probabilities = probabilities[:, 1]
        close(theirs["probabilities"], probabilities, tolerance)


def as_r(guess):
    """Classes as R writes them; of labels 0 and 1 as true and false."""
    if guess.dtype.kind in "bi":
        guess = guess.astype(bool)
    text = np.asarray(guess).astype(str)
    return text.tolist()


@pytest.mark.parametrize("name", list(PROBLEMS))
def test_a_model_of_r_predicts_what_the_estimator_does(name, in_r, tmp_path):
    estimator, X, _ = fit(PROBLEMS[name])
    tolerance = tolerance_of(name)
    model = read_model(in_r[name]["file"])
    write_model(estimator, tmp_path / "own.twinprop.json")
    for other in (model, read_model(tmp_path / "own.twinprop.json")):
        close(other.raw(X), estimator.model_.raw(X), tolerance)


def test_the_problems_are_of_every_kind(in_r):
    assert {theirs["converged"] for theirs in in_r.values()} == {True, False}
    fits = {name: fit(p)[0] for name, p in PROBLEMS.items()}
    assert {estimator.model_.task for estimator in fits.values()} == {
        *("regression", "classification", "multilabel"),
    }
    stopping = fits["classes, early stopping"]
    best = np.argmin(stopping.validation_loss_curve_)
    assert best + 1 < stopping.n_iter_
    assert "size.L" not in str(in_r["two classes of all kinds of columns"]["terms"])
    assert "grade.L" in in_r["two classes of all kinds of columns"]["terms"]
