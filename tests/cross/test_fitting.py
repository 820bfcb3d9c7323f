"""The fit in Python and R: the same weights, the same curves, the same words."""

import json
import math
import shutil
import subprocess

import numpy as np
import pytest

from engine_runs import run_on
from twinprop import InputError, RandomStream, load_dataset
from twinprop.fingerprint import fingerprint_of
from twinprop.fitting import FIT_DEFAULTS, check_fit_settings, class_weight_rows, fit_network
from twinprop.plan import read_plan

# Section 10 of the contract: 1e-10 of the largest after 1,000 updates. exp and tanh differ in the
# last bit, BLAS sums in its own order, and a training amplifies that from update to update.
SAME = 1e-10

# L-BFGS amplifies rounding faster than any other solver, since its steps divide by differences of
# gradients: after some ten iterations 1e-10 is reached, and on a flat floor two languages part
# altogether. So a fit by it is held to 1e-10 for few iterations, or where the minimum is well
# determined: gradients up to 1e-9, by curvatures of 0.01 and more.
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


def made(n, inputs, outputs, seed, kind="regression"):
    stream = RandomStream(seed)
    x = 2.0 * stream.uniform(n * inputs).reshape(n, inputs) - 1.0
    z = np.sin(3.0 * x @ (stream.uniform(inputs * outputs).reshape(inputs, outputs) - 0.3))
    if kind == "regression":
        return x, z + 0.1 * stream.uniform(n * outputs).reshape(n, outputs)
    return x, (z > 0.1).astype(float)


REGRESSION = made(70, 3, 1, 1)
OUTPUTS = made(70, 3, 2, 2)
BINARY = made(70, 3, 1, 3, "binary")
MULTILABEL = made(70, 3, 3, 4, "multilabel")
CLASSES = load_dataset("iris").plan_data()[:2]
WEIGHT = (0.5 + RandomStream(5).uniform(150)).tolist()
ZEROS = [w if i % 7 else 0.0 for i, w in enumerate(WEIGHT)]

# whose sum depends on the order and on the digits carried
UNEVEN = [(1e5 * w if i < 3 else w) / 3.0 for i, w in enumerate(WEIGHT)]

STRATA = CLASSES[1].argmax(axis=1).tolist()
WELL = {"solver": "lbfgs", "alpha": 5.0, "tol": 1e-9, "max_iter": 500, "n_iter_no_change": 400}


def problem(task, data, settings=None, **more):
    x, d = data
    n = len(x)
    weight = more.pop("weight", None)
    return {
        "task": task, "x": x.tolist(), "d": d.tolist(),
        "settings": {"random_state": 1, "max_iter": 20, **(settings or {})},
        "sample_weight": weight[:n] if weight else None, **more,
    }  # fmt: skip


PROBLEMS = {
    **{
        f"{name}, {solver}": problem(task, data, {"solver": solver})
        for solver in ("adam", "sgd", "rmsprop", "rprop")
        for name, task, data in [
            ("regression", "regression", REGRESSION),
            ("outputs", "regression", OUTPUTS),
            ("binary", "classification", BINARY),
            ("classes", "classification", CLASSES),
            ("multilabel", "multilabel", MULTILABEL),
        ]
    },
    "few steps of lbfgs": problem(
        "classification", CLASSES, {"solver": "lbfgs", "max_iter": 8, "alpha": 1.0}, weight=WEIGHT
    ),
    "a minimum of lbfgs": problem(
        "classification", CLASSES, {**WELL, "hidden_layer_sizes": []}, weight=ZEROS
    ),
    "a minimum of lbfgs, regression": problem(
        "regression", REGRESSION,
        {**WELL, "hidden_layer_sizes": 1, "alpha": 0.5, "activation": "tanh"},

    ),
    "to the end": problem("classification", CLASSES, {"max_iter": 500, "tol": 1e-3}),
    "weights": problem("classification", CLASSES, weight=WEIGHT),
    "uneven weights": problem("classification", CLASSES, {"alpha": 0.3}, weight=UNEVEN),
    "uneven weights, lbfgs": problem(
        "classification", CLASSES, {"solver": "lbfgs", "max_iter": 5, "alpha": 1.0}, weight=UNEVEN
    ),
    "weights of 0": problem("regression", REGRESSION, {"early_stopping": True}, weight=ZEROS),
    "early stopping": problem(
        "classification", CLASSES,
        {"early_stopping": True, "max_iter": 300, "n_iter_no_change": 3}, strata=STRATA,
        weight=ZEROS,
    ),
    "early stopping, lbfgs": problem(
        "regression", REGRESSION,
        {"early_stopping": True, "solver": "lbfgs", "max_iter": 8, "validation_fraction": 0.3},
    ),
    "validation": problem(
        "regression", REGRESSION, {"early_stopping": True, "max_iter": 100, "tol": 0.01},
        validation=[v[:20].tolist() for v in made(70, 3, 1, 9)] + [WEIGHT[:20]],
    ),
    "dropout": problem(
        "classification", CLASSES, {"hidden_layer_sizes": [6, 5], "dropout": [0.3, 0.1]}
    ),
    "clipped": problem("regression", OUTPUTS, {"clip_norm": 0.05, "solver": "sgd"}),
    "adaptive": problem(
        "regression", REGRESSION,
        {"learning_rate": "adaptive", "solver": "sgd", "tol": 0.02, "n_iter_no_change": 1,
         "max_iter": 200, "learning_rate_init": 0.2},
    ),
    "invscaling": problem("regression", REGRESSION, {"learning_rate": "invscaling"}),
    "cosine": problem("regression", REGRESSION, {"learning_rate": "cosine", "solver": "rmsprop"}),
    "step": problem("regression", REGRESSION, {"learning_rate": {"name": "step", "every": 4}}),
    "exponential": problem("regression", REGRESSION, {"learning_rate": "exponential"}),
    "a rule": problem("regression", OUTPUTS, {"rule": "transpose", "solver": "sgd"}),
    "output first": problem(
        "regression", OUTPUTS, {"update_order": "output_first", "solver": "sgd"}
    ),
    "deep": problem(
        "multilabel", MULTILABEL,
        {"hidden_layer_sizes": [5, 4, 3], "activation": ["relu", "softplus", "sigmoid"],
         "init": "he", "batch_size": 16, "shuffle": False, "loss": "half_sse"},
    ),
    "no hidden layer": problem("classification", BINARY, {"hidden_layer_sizes": 0}),
    "all rows": problem("regression", REGRESSION, {"batch_size": None, "activation": "logistic"}),
}  # fmt: skip

#: The same in portable arithmetic, in which the languages differ in no bit.
PORTABLE = ", portable"
PROBLEMS |= {
    name + PORTABLE: {**p, "settings": {**p["settings"], "arithmetic": "portable"}}
    for name, p in PROBLEMS.items()
}

# What is said of settings that do not do: Python's name, value.
WRONG = [
    {"hidden_layer_sizes": -1}, {"hidden_layer_sizes": [3, 0]}, {"hidden_layer_sizes": "a"},
    {"activation": 1}, {"activation": "soft"}, {"activation": ["tanh", "relu"]},
    {"activation": ["soft"]}, {"activation": "softmax"}, {"out_activation": "soft"},
    {"loss": "ce"}, {"init": "zero"}, {"rule": "none"}, {"update_order": "none"},
    {"solver": "newton"}, {"momentum": 1}, {"nesterovs_momentum": 1}, {"beta_1": 1},
    {"beta_2": -0.5}, {"epsilon": -1}, {"alpha": -1}, {"batch_size": 0}, {"batch_size": "all"},
    {"learning_rate": "fast"}, {"learning_rate": 1}, {"learning_rate": {"name": "step", "a": 1}},
    {"learning_rate": {"name": "slow"}}, {"learning_rate_init": "a"}, {"max_iter": 0},
    {"max_iter": 1.5}, {"shuffle": "yes"}, {"tol": -1}, {"n_iter_no_change": 0},
    {"early_stopping": 2}, {"validation_fraction": 1}, {"validation_fraction": 0}, {"dropout": 1},
    {"dropout": [0.1, 0.2]}, {"clip_norm": 0}, {"clip_norm": 1, "update_order": "output_first"},
    {"arithmetic": "slow"}, {"arithmetic": None}, {"class_weight": "even"},
    {"class_weight": {"a": -1}}, {"scale": 3}, {"verbose": 3}, {"callbacks": 3},
    {"solver": "lbfgs", "rule": "transpose"},
    {"solver": "lbfgs", "update_order": "output_first"}, {"solver": "lbfgs", "dropout": 0.1},
    {"solver": "lbfgs", "clip_norm": 1}, {"solver": "rprop", "learning_rate": "adaptive"},
    {"solver": "lbfgs", "learning_rate": "cosine"},
]  # fmt: skip

IN_R = """
args <- commandArgs(TRUE)
given <- jsonlite::read_json(args[1])
# jsonlite never writes more than 15 digits
exact <- function(x) if (!is.null(x)) sprintf("%.17g", x)
rows <- function(value) do.call(rbind, lapply(value, unlist))
as_data <- function(v) {
  if (!is.null(v)) c(list(rows(v[[1]]), rows(v[[2]])), lapply(v[-(1:2)], unlist))
}
fits <- lapply(given$problems, function(p) {
  f <- twinprop:::fit_network(
    rows(p$x), rows(p$d), p$settings, p$task, unlist(p$strata), unlist(p$sample_weight),
    as_data(p$validation)
  )
  c(
    unclass(f)[c(
      "n_iter", "best_epoch", "converged", "stopped", "reason", "updates", "validation_rows",
      "training"
    )],
    lapply(unclass(f)[c("loss_curve", "validation_loss_curve")], exact),
    f$network[c("layers", "activations")],
    lapply(list(
      weights = unlist(lapply(f$network$weights, t)), biases = unlist(f$network$biases),
      weight_decay = f$training$optimizer$weight_decay
    ), exact),
    list(
      batch_size = f$settings$batch_size, loss = f$settings$loss,
      fingerprint = twinprop:::fingerprint_of(
        f$loss_curve, f$network$weights, f$network$biases
      )
    )
  )
})
words <- lapply(given$wrong, function(settings) {
  tryCatch({
    twinprop:::check_fit_settings(settings)
    "nothing"
  }, twinprop_input_error = conditionMessage)
})
defaults <- twinprop:::fit_defaults
balanced <- twinprop:::class_weight_rows(c(1, 1, 2, 3, 3, 3), c("a", "b", "c"), "balanced")
named <- twinprop:::class_weight_rows(c(1, 1, 2, 3), c("a", "b", "c"), c(c = 4, a = 0.5))
writeLines(jsonlite::toJSON(
  list(
    fits = fits, words = words, defaults = defaults, names = names(defaults),
    balanced = balanced, named = named
  ),
  digits = I(17), auto_unbox = TRUE, na = "null", null = "null"
), args[2])
"""


def for_r(settings):
    return {R_NAMES.get(key, key): value for key, value in settings.items()}


@pytest.fixture(scope="module")
def in_r(tmp_path_factory):
    run_on("rscript", read_plan({"training": {"epochs": 1}}))  # skips or fails where it is missing
    folder = tmp_path_factory.mktemp("r")
    problems, code, answer = folder / "problems.json", folder / "fit.R", folder / "answer.json"
    code.write_text(IN_R, encoding="utf-8")
    given = {
        "problems": {name: {**p, "settings": for_r(p["settings"])} for name, p in PROBLEMS.items()},
        "wrong": [for_r(settings) for settings in WRONG],
    }
    problems.write_text(json.dumps(given), encoding="utf-8")
    subprocess.run([shutil.which("Rscript"), code, problems, answer], check=True)
    return json.loads(answer.read_text(encoding="utf-8"))


def fit(problem):
    given = dict(problem)
    return fit_network(given.pop("x"), given.pop("d"), given.pop("settings"), **given)


def flat(arrays):
    return np.concatenate([np.ravel(array) for array in arrays])


def close(found, wanted, tolerance):
    found, wanted = np.atleast_1d(np.asarray(found, dtype=float)), np.atleast_1d(wanted)
    assert found.shape == wanted.shape
    assert np.abs(found - wanted).max() <= tolerance * np.abs(wanted).max()


def tolerance_of(name):
    if name.endswith(PORTABLE):
        return 0.0
    return AT_A_MINIMUM if name.startswith("a minimum") else SAME


@pytest.mark.parametrize("name", list(PROBLEMS))
def test_fits_are_the_same(name, in_r):
    found, theirs = fit(PROBLEMS[name]), in_r["fits"][name]
    tolerance = tolerance_of(name)
    assert theirs["layers"] == list(found.network.layers)
    assert np.ravel(theirs["activations"]).tolist() == list(found.network.activations)
    weights = flat([*found.network.weights, *found.network.biases])
    close(np.hstack([theirs["weights"], theirs["biases"]]), weights, tolerance)
    for key in ("converged", "stopped", "reason"):
        assert theirs[key] == getattr(found, key), key
    assert theirs["loss"] == found.settings["loss"]
    assert theirs["batch_size"] == found.settings["batch_size"]
    if tolerance == 0.0:
        network = found.network
        mark = fingerprint_of(found.loss_curve, network.weights, network.biases)
        assert theirs["fingerprint"] == mark
    if tolerance <= SAME:  # at a minimum rounding decides how often a line search tries
        for key in ("n_iter", "best_epoch", "updates"):
            assert theirs[key] == getattr(found, key), key
        close(theirs["loss_curve"], found.loss_curve, tolerance)
    else:
        close(theirs["loss_curve"][-1], found.loss_curve[-1], SAME)
    if found.validation_loss_curve is None:
        assert theirs["validation_loss_curve"] is None
    else:
        close(theirs["validation_loss_curve"], found.validation_loss_curve, min(tolerance, SAME))
    if found.validation_rows is None:
        assert theirs["validation_rows"] is None
    else:
        assert (found.validation_rows + 1).tolist() == theirs["validation_rows"]


@pytest.mark.parametrize("name", list(PROBLEMS))
def test_records_of_the_training_are_the_same(name, in_r):
    def plain(value):
        if isinstance(value, dict):
            return {key: plain(entry) for key, entry in value.items()}
        if isinstance(value, list | tuple):
            return plain(value[0]) if len(value) == 1 else [plain(entry) for entry in value]
        return float(f"{value:.14g}") if isinstance(value, int | float) else value

    ours = fit({**PROBLEMS[name], "settings": {**PROBLEMS[name]["settings"], "max_iter": 1}})
    theirs = {**in_r["fits"][name]["training"], "epochs": 1}
    assert plain(ours.training) == plain(theirs)
    if name.endswith(PORTABLE):
        # weight_decay holds the mean weight, to the last bit
        decay = ours.training["optimizer"]["weight_decay"]
        assert float(in_r["fits"][name]["weight_decay"]) == decay


def test_the_problems_are_of_every_kind():
    fits = {name: fit(problem) for name, problem in PROBLEMS.items()}
    assert {found.stopped for found in fits.values()} >= {"tol", "max_iter", "gradient"}
    assert fits["adaptive"].n_iter > 20
    assert fits["early stopping"].best_epoch < fits["early stopping"].n_iter
    assert fits["clipped"].loss_curve[0] > 0
    portable = fits["uneven weights" + PORTABLE].training["optimizer"]["weight_decay"]
    assert portable != 0.3 / (32 * (math.fsum(UNEVEN) / len(UNEVEN)))
    assert portable != 0.3 / (32 * np.mean(UNEVEN))


@pytest.mark.parametrize("i", range(len(WRONG)))
def test_messages_are_the_same(i, in_r):
    with pytest.raises(InputError) as caught:
        check_fit_settings(WRONG[i])
    ours = str(caught.value)
    for name, r_name in R_NAMES.items():
        if name in WRONG[i]:
            ours = ours.replace(name, r_name)
    assert in_r["words"][i] == ours


def test_defaults_are_the_same(in_r):
    python = [R_NAMES.get(name, name) for name in FIT_DEFAULTS if name != "power_t"]
    assert in_r["names"] == python
    for name, value in FIT_DEFAULTS.items():
        if name == "power_t":  # in R in the schedule's list
            continue
        wanted = value[0] if isinstance(value, tuple) else value
        assert in_r["defaults"][R_NAMES.get(name, name)] == wanted, name


def test_class_weights_are_the_same(in_r):
    names = ["a", "b", "c"]
    ours = class_weight_rows([0, 0, 1, 2, 2, 2], names, "balanced")
    np.testing.assert_allclose(ours, in_r["balanced"], rtol=1e-15)
    assert in_r["named"] == class_weight_rows([0, 0, 1, 2], names, {"c": 4, "a": 0.5}).tolist()
