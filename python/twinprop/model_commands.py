"""The commands about models: train, predict, convert, describe. No twins; R works in R."""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from twinprop.arithmetic import ARITHMETICS
from twinprop.checks import describe, quoted, visible
from twinprop.errors import EngineError, InputError
from twinprop.fitting import FIT_DEFAULTS, SOLVERS
from twinprop.tables import PARQUET, read_table, write_table

if TYPE_CHECKING:
    import pandas as pd

    from twinprop.model import Model

MODEL_SUFFIX = ".twinprop.json"

HIDDEN = FIT_DEFAULTS["hidden_layer_sizes"]


#: What `convert` takes over from JSON of others.
JSON_READERS = ("toy-nn", "brain.js")

#: What `convert` writes, by the file's ending.
WRITERS = (MODEL_SUFFIX, ".js", ".R", ".sql", ".onnx", ".pt", ".pth")


def add_model_commands(commands: Any) -> None:
    """Add the commands to the subparsers of the command line."""
    train = commands.add_parser(
        "train",
        help="fit a model to a table and write the model's file",
        description="Fit a multilayer perceptron to a table (CSV, TSV or Parquet) and write it as "
        "a model that Python, R and JavaScript read. A target of text or of true and false makes "
        "a classification, one of numbers a regression.",
        epilog="Interrupted (Ctrl-C), it writes what it has reached.",
    )
    train.add_argument("data", metavar="DATA", help='the table; "-" is CSV on standard input')
    train.add_argument(
        "--target",
        action="append",
        required=True,
        metavar="COLUMN",
        help="the column to predict; may be given several times for a regression",
    )
    train.add_argument(
        "-o", "--output", required=True, metavar="MODEL", help=f"the model's file, *{MODEL_SUFFIX}"
    )
    train.add_argument(
        "--task", choices=["classification", "regression"], help="default: see above"
    )
    train.add_argument(
        "--drop", action="append", default=[], metavar="COLUMN", help="a column to leave out"
    )
    train.add_argument("--weights", metavar="COLUMN", help="a column of weights of the rows")
    train.add_argument(
        "--na",
        choices=["error", "omit"],
        default="error",
        help="rows that lack a value: an error (default), or left out",
    )
    train.add_argument(
        "--hidden",
        type=int,
        nargs="*",
        metavar="UNITS",
        help=f"neurons of each hidden layer (default: {_words(HIDDEN)})",
    )
    train.add_argument(
        "--activation",
        nargs="+",
        metavar="NAME",
        help=f"of the hidden layers (default: {FIT_DEFAULTS['activation']})",
    )
    train.add_argument("--solver", choices=SOLVERS, help=f"default: {FIT_DEFAULTS['solver']}")
    train.add_argument("--loss", metavar="NAME", help="half_mse, half_sse, mse or cross_entropy")
    train.add_argument(
        "--rule", metavar="NAME", help="the backpropagation rule (default: gradient)"
    )
    _add_setting(train, "--learning-rate", float, "learning_rate_init")
    _add_setting(train, "--epochs", int, "max_iter")
    _add_setting(train, "--batch-size", int, "batch_size")
    _add_setting(train, "--alpha", float, "alpha")
    _add_setting(train, "--tol", float, "tol")
    _add_setting(train, "--dropout", float, "dropout")
    train.add_argument(
        "--early-stopping",
        action="store_true",
        default=None,
        help="set rows aside, and stop when their loss falls no more",
    )
    train.add_argument(
        "--arithmetic",
        choices=[*ARITHMETICS],
        help="portable: the same bits on every computer and in R (default: fast)",
    )
    _add_setting(train, "--validation-fraction", float, "validation_fraction")
    train.add_argument(
        "--balanced",
        action="store_const",
        const="balanced",
        dest="class_weight",
        help="give every class the same weight",
    )
    train.add_argument(
        "--no-scale",
        action="store_false",
        dest="scale",
        default=None,
        help="take inputs and targets as they are",
    )
    train.add_argument("--seed", type=int, default=42, help="default: 42")
    train.add_argument("--quiet", action="store_true", help="show no progress")
    train.set_defaults(command=_train)

    predict = commands.add_parser(
        "predict",
        help="predict the rows of a table by a model's file",
        description="Predict the rows of a table (CSV, TSV or Parquet).",
    )
    predict.add_argument("model", metavar="MODEL", help=f"the model's file, *{MODEL_SUFFIX}")
    predict.add_argument("data", metavar="DATA", help='the table; "-" is CSV on standard input')
    predict.add_argument("--proba", action="store_true", help="the probability of each class too")
    predict.add_argument(
        "--keep", action="store_true", help="the table's own columns too, in front"
    )
    predict.add_argument(
        "--na",
        choices=["error", "pass"],
        help="rows that lack a value: an error, or a missing prediction (default: the model's)",
    )
    predict.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        default="-",
        help='CSV, TSV or Parquet by its ending; "-" is CSV on standard output (default)',
    )
    predict.set_defaults(command=_predict)

    convert = commands.add_parser(
        "convert",
        help="write a model in another form, or take one over",
        description="Write a model as something that runs without twinprop, or take over a network "
        "from elsewhere, by the endings of the files.",
        epilog=f"Written: {_words([*WRITERS])}. Read: {MODEL_SUFFIX}; .pt and .pth, a state_dict "
        "of torch, with --activation; .json with --from. R's own fits are taken over in R, by "
        "tp_from_nnet() and tp_from_neuralnet().",
    )
    convert.add_argument("source", metavar="FROM", help="the file to read")
    convert.add_argument("output", metavar="TO", help="the file to write")
    convert.add_argument(
        "--from", choices=[*JSON_READERS], dest="kind", help="what a .json file comes from"
    )
    convert.add_argument(
        "--activation",
        nargs="+",
        metavar="NAME",
        help="of every layer, or of each after the input, where the file does not say it",
    )
    convert.add_argument(
        "--table", metavar="NAME", default="data", help="the table of an SQL query (default: data)"
    )
    convert.set_defaults(command=_convert)

    tell = commands.add_parser(
        "describe",
        help="say what a model's file or a table holds",
        description="Say what a model's file or a table holds.",
    )
    tell.add_argument("file", metavar="MODEL|DATA", help=f"*{MODEL_SUFFIX}, or a table")
    tell.set_defaults(command=_describe)


def _words(values: Sequence[object]) -> str:
    return " ".join(map(str, values))


def _add_setting(parser: Any, flag: str, kind: Callable[[str], Any], setting: str) -> None:
    parser.add_argument(
        flag, type=kind, dest=setting, metavar="N", help=f"default: {FIT_DEFAULTS[setting]}"
    )


# Train --------------------------------------------------------------------------------------------


def _settings(options: argparse.Namespace, task: str) -> dict[str, Any]:
    """Return what was asked for, under the names of the estimators."""
    names = [
        "solver", "loss", "rule", "learning_rate_init", "max_iter", "batch_size", "alpha", "tol",
        "dropout", "arithmetic", "early_stopping", "validation_fraction", "scale",
    ]  # fmt: skip
    given = {name: getattr(options, name) for name in names}
    if task == "classification":
        given["class_weight"] = options.class_weight
    elif options.class_weight is not None:
        raise InputError("--balanced needs a classification, got a regression")
    given["hidden_layer_sizes"] = None if options.hidden is None else tuple(options.hidden)
    given["activation"] = options.activation
    if options.activation is not None and len(options.activation) == 1:
        given["activation"] = options.activation[0]
    settings = {name: value for name, value in given.items() if value is not None}
    return {**settings, "random_state": options.seed, "verbose": not options.quiet}


def _train(options: argparse.Namespace) -> int:
    from twinprop.estimators import MLPClassifier, MLPRegressor
    from twinprop.model_file import write_model

    _check_output(options.output)
    frame = read_table(options.data)
    targets, weights = _take_columns(frame, options)
    frame = frame.drop(columns=options.drop)
    frame = frame[_complete(frame, options.na)]
    y = frame[targets]
    sample_weight = None if weights is None else frame[weights].to_numpy()
    x = frame.drop(columns=[*targets, *([] if weights is None else [weights])])
    if x.shape[1] == 0:
        raise InputError("no column is left to predict from")
    task = options.task or _task(y)
    if task == "classification" and len(targets) > 1:
        raise InputError(f"a classification has one target, got {len(targets)}")
    make = MLPClassifier if task == "classification" else MLPRegressor
    estimator = make(**_settings(options, task))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        estimator.fit(x, y.iloc[:, 0] if len(targets) == 1 else y, sample_weight)
    for warning in caught:
        print(f"Warning: {warning.message}", file=sys.stderr)
    write_model(estimator, options.output)
    print(_report(estimator, task, x, y, sample_weight, options.output))
    return 0


def _check_output(output: str) -> None:
    """Refuse a file that could not be written before the work is done."""
    if not output.endswith(MODEL_SUFFIX):
        raise InputError(f"--output must end in {MODEL_SUFFIX}, got {describe(output)}")
    if not Path(output).resolve().parent.is_dir():
        raise InputError(f"cannot write {describe(output)}: no such folder")


def _take_columns(frame: pd.DataFrame, options: argparse.Namespace) -> tuple[list[str], str | None]:
    """Return the targets and the column of weights; all columns that are named must be there."""
    asked = [("--target", name) for name in options.target]
    asked += [("--drop", name) for name in options.drop]
    if options.weights is not None:
        asked.append(("--weights", options.weights))
    seen: list[str] = []
    for flag, name in asked:
        if name not in frame.columns:
            raise InputError(
                f"{flag} must be one of {quoted([*frame.columns])}, got {describe(name)}"
            )
        if name in seen:
            raise InputError(f"column {describe(name)} is asked for twice")
        seen.append(name)
    return list(options.target), options.weights


def _complete(frame: pd.DataFrame, na: str) -> Any:
    """Return which rows lack no value; refuse others, or say how many are left out."""
    missing = frame.isna().to_numpy()
    keep = ~missing.any(axis=1)
    if keep.all():
        return keep
    if na == "error":
        row = int(np.argmin(keep))
        column = frame.columns[int(np.argmax(missing[row]))]
        raise InputError(
            f"column {describe(str(column))}, row {row + 1} lacks a value "
            f"({int((~keep).sum())} of {len(frame)} rows do); --na omit leaves such rows out"
        )
    if not keep.any():
        raise InputError("every row lacks a value")
    print(f"{int((~keep).sum())} rows with missing values are left out", file=sys.stderr)
    return keep


def _task(y: pd.DataFrame) -> str:
    numeric = all(column.dtype.kind in "iuf" for _, column in y.items())
    return "regression" if numeric else "classification"


def _report(
    estimator: Any, task: str, x: pd.DataFrame, y: pd.DataFrame, weight: Any, output: str
) -> str:
    """Say what came of a training."""
    layers = "-".join(map(str, estimator.network_.layers))
    score = estimator.score(x, y.iloc[:, 0] if y.shape[1] == 1 else y, sample_weight=weight)
    name = "accuracy" if task == "classification" else "R^2"
    lines = [
        f"{task} of {_visible(y.columns)} from {x.shape[1]} columns, {len(x)} rows",
        f"network {layers}, {estimator.n_iter_} epochs, loss {estimator.loss_:.6g}",
        f"{name} on the rows it was trained on: {score:.4f}",
    ]
    if estimator.validation_scores_:
        best = estimator.best_validation_score_
        lines.append(f"{name} on the rows set aside: {best:.4f}")
    return "\n".join([*lines, f"written to {output}"])


# Predict ------------------------------------------------------------------------------------------


def _predict(options: argparse.Namespace) -> int:
    import pandas as pd

    from twinprop.model_file import read_model

    model = read_model(options.model)
    frame = read_table(options.data)
    given = frame if model.columns is not None else frame.to_numpy()
    names = _output_names(model)
    values = np.asarray(model.predict(given, na=options.na))
    columns = values[:, np.newaxis] if values.ndim == 1 else values
    found = pd.DataFrame({f"predicted_{name}": columns[:, j] for j, name in enumerate(names)})
    if options.proba:
        shares = model.predict_proba(given, na=options.na)
        levels = names if model.classes is None else model.classes
        for j, level in enumerate(levels):
            found[f"probability_{level}"] = shares[:, j]
    if options.keep:
        clash = [name for name in found.columns if name in frame.columns]
        if clash:
            raise InputError(f"the table has a column {describe(clash[0])} already")
        found = pd.concat([frame, found], axis=1)
    write_table(found, options.output)
    if Path(options.output).suffix.lower() not in PARQUET:
        _warn_of_formulas(found)
    return 0


#: What a spreadsheet takes for the beginning of a formula, in a cell or a name of a column.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def _warn_of_formulas(table: pd.DataFrame) -> None:
    """Say that a spreadsheet would compute what is text.

    The table itself stays as it is: what reads it next must find the same classes and names.
    """
    texts = [str(name) for name in table.columns]
    for _, column in table.items():
        if column.dtype.kind not in "biuf":
            texts += [value for value in column.unique() if isinstance(value, str)]
    found = [text for text in texts if text.startswith(_FORMULA)]
    if found:
        print(
            f"Warning: a spreadsheet would take {describe(found[0])} for a formula; "
            "import the columns of the table as text",
            file=sys.stderr,
        )


def _output_names(model: Model) -> list[str]:
    if model.outputs is not None:
        return [str(name) for name in model.outputs["names"]]
    return [f"output{k}" for k in range(1, model.network.layers[-1] + 1)]


# Convert ------------------------------------------------------------------------------------------


def _convert(options: argparse.Namespace) -> int:
    ending = next((ending for ending in WRITERS if options.output.endswith(ending)), None)
    if ending is None:
        raise InputError(
            f"the file to write must end in one of {quoted(WRITERS)}, "
            f"got {describe(options.output)}"
        )
    model = _read_any(options)
    if ending == MODEL_SUFFIX:
        from twinprop.model_file import write_model

        write_model(model, options.output)
    elif ending == ".onnx":
        from twinprop.onnx_writer import to_onnx

        to_onnx(model, options.output)
    elif ending in (".pt", ".pth"):
        from twinprop.converters import to_torch

        module = to_torch(model)
        import torch  # to_torch has said what to do where it is missing

        torch.save(module.state_dict(), options.output)
    else:
        from twinprop import code_writers
        from twinprop.plan import write_text

        if ending == ".js":
            text = code_writers.to_js_function(model)
        elif ending == ".R":
            text = code_writers.to_r_function(model)
        else:
            text = code_writers.to_sql(model, options.table)
        write_text(text, options.output)
    return 0


def _read_any(options: argparse.Namespace) -> Any:
    """Return the model or the network in a file of any kind that `convert` reads."""
    source = Path(options.source)
    given = options.activation
    activations = given[0] if given is not None and len(given) == 1 else given
    if source.suffix in (".pt", ".pth"):
        from twinprop.converters import from_torch

        return from_torch(_state_dict(options.source), activations)
    if options.kind is None:
        from twinprop.model_file import read_model

        if activations is not None:
            raise InputError("--activation is for files that do not say it; this one does")
        return read_model(options.source)
    from twinprop.converters import from_brain_js, from_toy_nn

    if options.kind == "brain.js":
        if activations is not None:
            raise InputError("--activation is for files that do not say it; this one does")
        return from_brain_js(source)
    return from_toy_nn(source) if activations is None else from_toy_nn(source, activations)


def _state_dict(source: str) -> Any:
    try:
        import torch
    except ImportError:
        raise EngineError(
            '.pt files need torch; install it: pip install "twinprop[torch]"'
        ) from None
    try:
        return torch.load(source, map_location="cpu", weights_only=True)  # runs no code
    except FileNotFoundError:
        raise InputError(f"cannot read the network: no file {describe(source)}") from None
    except Exception as error:  # torch has no one kind for a file that is none of its own
        raise InputError(f"{source} is no state_dict of torch: {error}") from None


# Describe -----------------------------------------------------------------------------------------


def _describe(options: argparse.Namespace) -> int:
    if options.file.endswith(".json"):
        from twinprop.model_file import read_model

        print(describe_model(read_model(options.file)))
    else:
        print(describe_table(read_table(options.file)))
    return 0


def describe_table(frame: pd.DataFrame) -> str:
    """Say what the columns of a table hold, as text."""
    import pandas as pd

    rows = []
    for name, column in frame.items():
        present = column.dropna()
        if len(present) == 0:
            kind, about = "numeric", "none"
        elif column.dtype == bool or present.map(lambda value: isinstance(value, bool)).all():
            kind, about = "logical", f"{int(present.sum())} true"
        elif column.dtype.kind in "iuf":
            kind = "numeric"
            about = f"{present.min():.6g} to {present.max():.6g}, mean {present.mean():.6g}"
        else:
            kind = "text"
            about = _listed([str(value) for value in sorted(present.unique(), key=str)])
        rows.append((visible(str(name)), kind, int(column.isna().sum()), about))
    table = pd.DataFrame(rows, columns=["column", "kind", "missing", "values"])
    return f"{len(frame)} rows\n{_left(table)}"


def describe_model(model: Model) -> str:
    """Say what a model is, as text."""
    import pandas as pd

    network = model.network
    layers = "-".join(map(str, network.layers))
    names, count = ", ".join(network.activations), network.parameters.size
    lines = [f"network {layers} ({names}), {count} weights and biases"]
    if model.outputs is not None:
        lines.insert(0, f"{model.task} of {_visible(model.outputs['names'])}")
    if model.classes is not None:
        lines.append(f"classes: {_listed([str(level) for level in model.classes])}")
    training = model.training or {}
    known = {
        name: training[name]
        for name in ("cost", "rule", "batch_size", "seed", "arithmetic")
        if training.get(name) is not None
    }
    if isinstance(training.get("optimizer"), dict):
        known = {"optimizer": training["optimizer"].get("name"), **known}
    if known:
        lines.append(
            "trained: " + ", ".join(visible(f"{name} {value}") for name, value in known.items())
        )
    losses = training.get("loss_curve")
    if losses:
        lines.append(f"loss {losses[0]:.6g} -> {losses[-1]:.6g} in {len(losses)} epochs")
    if training.get("fingerprint") is not None:
        lines.append(f"fingerprint {training['fingerprint']}")
    if model.inputs is None:
        return "\n".join([*lines, f"inputs: a matrix with {network.layers[0]} columns"])
    rows = []
    inputs = model.inputs
    for about in inputs["columns"]:
        levels = about.get("levels")
        values = "" if levels is None else _listed([str(level) for level in levels])
        rows.append((visible(about["name"]), about["kind"], values))
    table = pd.DataFrame(rows, columns=["column", "kind", "levels"])
    scaled = "standardised" if inputs["center"] is not None else "as they are"
    return "\n".join([*lines, f"inputs, {scaled}:", _left(table)])


#: More values than these are only counted.
MOST_LISTED = 8


def _listed(values: Sequence[str]) -> str:
    shown = _visible(values[:MOST_LISTED])
    more = len(values) - MOST_LISTED
    return f"{shown} and {more} more" if more > 0 else shown


def _visible(values: Iterable[object]) -> str:
    return ", ".join(visible(str(value)) for value in values)


def _left(table: pd.DataFrame) -> str:
    """Return a table as text, its words on the left."""
    text = table.astype(str)
    widths = {name: max(len(name), *text[name].map(len)) for name in text.columns}
    padded = text.apply(lambda column: column.str.ljust(widths[column.name]))
    padded.columns = [name.ljust(widths[name]) for name in text.columns]
    lines = padded.to_string(index=False, header=True, justify="left").splitlines()
    return "\n".join(line.rstrip() for line in lines)
