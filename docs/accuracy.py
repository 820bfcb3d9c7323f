"""The tables of docs/accuracy.md: python docs/accuracy.py prints them, or the ones that are named.

"ours" takes ten seconds, "defaults" a few minutes, "compare" a quarter of an hour on one core;
"compare" needs scikit-learn, and R with nnet.
"""

import json
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

from twinprop import RandomStream, load_dataset
from twinprop.fitting import fit_network

NAMES = ("iris", "wine", "penguins", "digits", "diabetes")
FOLDS = 5

#: What is tried for the defaults.
ACTIVATIONS = ("relu", "tanh", "sigmoid")
BATCHES = (32, 200)
RATES = (0.003, 0.01, 0.03)

#: The small grid: hidden units, and penalties on scikit-learn's scale, best by INNER folds.
HIDDEN = (4, 8, 16)
ALPHAS = (0.0001, 1.0, 10.0)
INNER = 3


def data(name):
    """Inputs (n, k), factors as indicators without the first level, and classes or numbers (n,)."""
    found = load_dataset(name)
    frame = found.frame[found.inputs + found.outputs].dropna()
    x = pd.get_dummies(frame[found.inputs], drop_first=True).to_numpy(float)
    y = frame[found.outputs[0]]
    return x, y.cat.codes.to_numpy() if y.dtype == "category" else y.to_numpy(float)


def is_classes(y):
    return y.dtype.kind == "i"


def folds(y, count, seed):
    """The fold of each row, from 0: random, each class in proportion."""
    u = RandomStream(seed).uniform(len(y))
    order = np.lexsort((u, y)) if is_classes(y) else np.argsort(u)
    fold = np.empty(len(y), dtype=int)
    fold[order] = np.arange(len(y)) % count
    return fold


def score(wanted, found):
    """The share of right classes, or R^2."""
    if is_classes(wanted):
        return float((wanted == found).mean())
    return float(1.0 - ((wanted - found) ** 2).sum() / ((wanted - wanted.mean()) ** 2).sum())


def standardised(x, train):
    """Inputs by the mean and standard deviation of the training rows."""
    mean, sd = x[train].mean(axis=0), x[train].std(axis=0)
    return (x - mean) / np.where(sd > 0.0, sd, 1.0)


def ours(x, y, train, test, seed, **settings):
    """Predictions of a twinprop fit for the test rows, and the fit."""
    x = standardised(x, train)
    settings = {**settings, "random_state": seed}
    if is_classes(y):
        d = np.eye(y.max() + 1)[y[train]]
        fit = fit_network(x[train], d, settings, task="classification", strata=y[train])
        return fit.network.predict(x[test]).argmax(axis=1), fit
    mean, sd = y[train].mean(), y[train].std()
    fit = fit_network(x[train], (y[train] - mean) / sd, settings, task="regression")
    return fit.network.predict(x[test])[:, 0] * sd + mean, fit


def sklearns(x, y, train, test, seed, **settings):
    """Predictions of scikit-learn's perceptron; it may say that it has not converged."""
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    x = standardised(x, train)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if is_classes(y):
            model = MLPClassifier(random_state=seed, **settings).fit(x[train], y[train])
            return model.predict(x[test]), model
        mean, sd = y[train].mean(), y[train].std()
        model = MLPRegressor(random_state=seed, **settings).fit(x[train], (y[train] - mean) / sd)
        return model.predict(x[test]) * sd + mean, model


def parts(name, repeats=1):
    """Number, training rows and test rows of each fold of each repeat, with the data."""
    x, y = data(name)
    for repeat in range(1, repeats + 1):
        fold = folds(y, FOLDS, repeat)
        for k in range(FOLDS):
            yield 10 * repeat + k, x, y, np.flatnonzero(fold != k), np.flatnonzero(fold == k)


def inner_folds(y, train, number):
    """Folds of the training rows alone, by which the best of the grid is chosen."""
    return folds(y[train], INNER, 1000 + number)


def chosen(predict, x, y, train, test, number, **more):
    """Predictions by the best of the grid, as cross-validation on the training rows has it."""
    fold = inner_folds(y, train, number)
    grid = [(hidden, alpha) for hidden in HIDDEN for alpha in ALPHAS]
    means = []
    for hidden, alpha in grid:
        settings = {"hidden_layer_sizes": (hidden,), "alpha": alpha, **more}
        scores = []
        for k in range(INNER):
            rest, held = train[fold != k], train[fold == k]
            scores.append(score(y[held], predict(x, y, rest, held, number, **settings)[0]))
        means.append(np.mean(scores))
    hidden, alpha = grid[int(np.argmax(means))]
    settings = {"hidden_layer_sizes": (hidden,), "alpha": alpha, **more}
    return predict(x, y, train, test, number, **settings)[0]


# nnet's cost is the sum over the rows of the cross entropy, or of the squared errors, plus decay
# times the sum of all squared weights and biases: alpha / 2 and alpha of ours.
IN_R = """
args <- commandArgs(TRUE)
given <- jsonlite::read_json(args[1], simplifyVector = TRUE, simplifyMatrix = TRUE)
classes <- given$classes
x_all <- given$x
y_all <- given$y
score <- function(wanted, found) {
  if (classes) return(mean(wanted == found))
  1 - sum((wanted - found)^2) / sum((wanted - mean(wanted))^2)
}
predict_by <- function(train, test, seed, size, alpha, maxit) {
  n <- length(train)
  mean_x <- colMeans(x_all[train, , drop = FALSE])
  centred <- sweep(x_all, 2, mean_x)
  sd_x <- sqrt(colMeans(centred[train, , drop = FALSE]^2))
  x <- sweep(centred, 2, ifelse(sd_x > 0, sd_x, 1), "/")
  set.seed(seed)
  if (classes) {
    d <- nnet::class.ind(factor(y_all[train], levels = sort(unique(y_all))))
    fit <- nnet::nnet(x[train, ], d, size = size, softmax = TRUE, decay = alpha / 2,
                      maxit = maxit, MaxNWts = 1e5, trace = FALSE)
    return(max.col(predict(fit, x[test, ]), "first") - 1)
  }
  m <- mean(y_all[train])
  s <- sqrt(mean((y_all[train] - m)^2))
  fit <- nnet::nnet(x[train, ], (y_all[train] - m) / s, size = size, linout = TRUE, decay = alpha,
                    maxit = maxit, MaxNWts = 1e5, trace = FALSE)
  drop(predict(fit, x[test, ])) * s + m
}
grid <- expand.grid(alpha = given$alphas, size = given$hidden)
found <- lapply(given$parts, function(part) {
  train <- part$train + 1
  test <- part$test + 1
  plain <- score(y_all[test], predict_by(train, test, part$number, 8, 0, 100))
  means <- vapply(seq_len(nrow(grid)), function(i) {
    mean(vapply(unique(part$inner), function(k) {
      rest <- train[part$inner != k]
      held <- train[part$inner == k]
      score(y_all[held], predict_by(rest, held, part$number, grid$size[i], grid$alpha[i], 500))
    }, 0))
  }, 0)
  best <- grid[which.max(means), ]
  c(plain, score(y_all[test], predict_by(train, test, part$number, best$size, best$alpha, 500)))
})
writeLines(jsonlite::toJSON(do.call(rbind, found), digits = NA), args[2])
"""


def nnets(name):
    """Scores of R's nnet on the same folds: with its defaults and 8 units, and the grid's best."""
    x, y = data(name)
    given = {
        "x": x.tolist(),
        "y": y.tolist(),
        "classes": bool(is_classes(y)),
        "hidden": HIDDEN,
        "alphas": ALPHAS,
        "parts": {
            str(number): {
                "number": number,
                "train": train.tolist(),
                "test": test.tolist(),
                "inner": inner_folds(y, train, number).tolist(),
            }
            for number, _, _, train, test in parts(name)
        },
    }
    with tempfile.TemporaryDirectory() as folder:
        question, code, answer = (Path(folder) / end for end in ("data.json", "nnet.R", "out.json"))
        question.write_text(json.dumps(given), encoding="utf-8")
        code.write_text(IN_R, encoding="utf-8")
        subprocess.run(["Rscript", code, question, answer], check=True)
        return np.array(json.loads(answer.read_text(encoding="utf-8")))


def line(what, scores):
    """Mean and standard error of the mean over the folds."""
    error = scores.std(ddof=1) / np.sqrt(len(scores))
    print(f"{what:<34}{scores.mean():9.3f} +- {error:.3f}", flush=True)


def fast():
    """What the defaults do: no seconds, which no two computers share."""
    print("data       score            epochs  at most  converged")
    for name in NAMES:
        if name == "digits":
            continue
        rows = []
        for number, x, y, train, test in parts(name, repeats=3):
            found, fit = ours(x, y, train, test, number)
            rows.append((score(y[test], found), fit.n_iter, fit.converged))
        scores, epochs, converged = (np.array(column, dtype=float) for column in zip(*rows))
        error = scores.std(ddof=1) / np.sqrt(len(scores))
        print(
            f"{name:<11}{scores.mean():.3f} +- {error:.3f}{epochs.mean():9.0f}{epochs.max():9.0f}"
            f"{int(converged.sum()):6d} of {len(rows)}"
        )


def defaults():
    """Scores, and mean epochs to convergence, of what might be the defaults."""
    print(f"activation batch  rate {''.join(f'{name:>18}' for name in NAMES)}")
    for activation in ACTIVATIONS:
        for batch in BATCHES:
            for rate in RATES:
                cells = []
                for name in NAMES:
                    rows = []
                    for number, x, y, train, test in parts(name):
                        settings = {
                            "activation": activation,
                            "batch_size": batch,
                            "learning_rate_init": rate,
                            "max_iter": 2000,
                        }
                        found, fit = ours(x, y, train, test, number, **settings)
                        rows.append((score(y[test], found), fit.n_iter))
                    means = np.mean(rows, axis=0)
                    cells.append(f"{means[0]:10.3f} ({means[1]:5.0f})")
                print(f"{activation:<9}{batch:7d}{rate:7.3f}{''.join(cells)}", flush=True)


def compare(names=NAMES):
    """Our defaults and our best of the grid against scikit-learn's and nnet's."""
    for name in names:
        print(name)
        found = {
            what: []
            for what in ("twinprop, defaults", "twinprop, chosen", "scikit-learn, defaults",
                         "scikit-learn, chosen")
        }  # fmt: skip
        for number, x, y, train, test in parts(name):
            wanted = y[test]
            predictions = [
                ours(x, y, train, test, number)[0],
                chosen(ours, x, y, train, test, number),
                sklearns(x, y, train, test, number)[0],
                chosen(sklearns, x, y, train, test, number, max_iter=2000),
            ]
            for scores, prediction in zip(found.values(), predictions, strict=True):
                scores.append(score(wanted, prediction))
        for what, scores in found.items():
            line(f"  {what}", np.array(scores))
        by_nnet = nnets(name)
        line("  nnet, 8 units", by_nnet[:, 0])
        line("  nnet, chosen", by_nnet[:, 1])


BLOCKS = {"ours": fast, "defaults": defaults, "compare": compare}

if __name__ == "__main__":
    for block in sys.argv[1:] or BLOCKS:
        print(f"--- {block}")
        BLOCKS[block]()
