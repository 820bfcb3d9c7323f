"""The commands train, predict, convert and describe."""

import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from twinprop import Network, load_dataset
from twinprop.__main__ import main
from twinprop.code_writers import to_js_function, to_r_function, to_sql
from twinprop.encoding import learn_inputs
from twinprop.estimators import MLPClassifier, MLPRegressor
from twinprop.model import Model
from twinprop.model_file import format_model, read_model, write_model
from twinprop.onnx_writer import to_onnx
from twinprop.tables import read_table, write_table

PENGUINS = load_dataset("penguins").frame
IRIS = load_dataset("iris").frame


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder to work in, with tables."""
    monkeypatch.chdir(tmp_path)
    IRIS.to_csv("iris.csv", index=False)
    PENGUINS.to_csv("penguins.csv", index=False, na_rep="NA")
    load_dataset("diabetes").frame.to_csv("diabetes.csv", index=False)
    load_dataset("linnerud").frame.to_csv("linnerud.csv", index=False)
    return tmp_path


def output_of(capsys, *arguments):
    status = main([*map(str, arguments)])
    out, err = capsys.readouterr()
    assert status == 0, err
    return out, err


def error_of(capsys, *arguments):
    assert main([*map(str, arguments)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    return err.strip().removeprefix("Error: ")


TRAIN_IRIS = ["train", "iris.csv", "--target", "Species", "-o", "iris.twinprop.json"]


def test_train_in_portable_arithmetic(folder, capsys):
    output_of(capsys, *TRAIN_IRIS, "--quiet", "--arithmetic", "portable")
    model = read_model("iris.twinprop.json")
    mine = MLPClassifier(random_state=42, arithmetic="portable")
    mine.fit(IRIS.drop(columns="Species"), IRIS["Species"])
    assert model.training["arithmetic"] == "portable"
    assert model.training["fingerprint"] == mine.model_.training["fingerprint"]
    out, _ = output_of(capsys, "describe", "iris.twinprop.json")
    assert ", arithmetic portable\n" in out


def test_train_is_the_estimator(folder, capsys):
    out, err = output_of(capsys, *TRAIN_IRIS, "--quiet")
    assert err == ""
    model = read_model("iris.twinprop.json")
    mine = MLPClassifier(random_state=42).fit(IRIS.drop(columns="Species"), IRIS["Species"])
    assert model.network.parameters.tolist() == mine.network_.parameters.tolist()
    accuracy = mine.score(IRIS.drop(columns="Species"), IRIS["Species"])
    assert out.splitlines() == [
        "classification of Species from 4 columns, 150 rows",
        f"network 4-8-3, {mine.n_iter_} epochs, loss {mine.loss_:.6g}",
        f"accuracy on the rows it was trained on: {accuracy:.4f}",
        "written to iris.twinprop.json",
    ]


def test_every_option_is_the_estimators_parameter(folder, capsys):
    output_of(
        capsys, *TRAIN_IRIS, "--quiet", "--hidden", 5, 4, "--activation", "relu", "tanh",
        "--solver", "sgd", "--rule", "transpose", "--learning-rate", 0.1, "--epochs", 7,
        "--batch-size", 10, "--alpha", 0.01, "--dropout", 0.1, "--early-stopping",
        "--validation-fraction", 0.2, "--tol", 0.001, "--balanced", "--no-scale", "--seed", 3,
        "--drop", "Petal.Width", "--loss", "cross_entropy",
    )  # fmt: skip
    mine = MLPClassifier(
        hidden_layer_sizes=(5, 4), activation=["relu", "tanh"], solver="sgd", rule="transpose",
        learning_rate_init=0.1, max_iter=7, batch_size=10, alpha=0.01, dropout=0.1,
        early_stopping=True, validation_fraction=0.2, tol=0.001, scale=False,
        random_state=3, loss="cross_entropy", class_weight="balanced",
    )  # fmt: skip
    with pytest.warns(UserWarning, match="has not converged"):
        mine.fit(IRIS.drop(columns=["Species", "Petal.Width"]), IRIS["Species"])
    model = read_model("iris.twinprop.json")
    assert model.network.parameters.tolist() == mine.network_.parameters.tolist()
    assert model.columns == ["Sepal.Length", "Sepal.Width", "Petal.Length"]


def test_a_warning_is_told(folder, capsys):
    _, err = output_of(capsys, *TRAIN_IRIS, "--quiet", "--epochs", 2)
    assert err.startswith("Warning: training has not converged: ")


def test_progress(folder, capsys):
    _, err = output_of(capsys, *TRAIN_IRIS, "--epochs", 2)
    assert [line.split(" cost ")[0] for line in err.splitlines()[:2]] == ["epoch 1/2", "epoch 2/2"]


def test_a_regression_with_several_targets_and_weights(folder, capsys):
    frame = load_dataset("linnerud").frame
    frame["w"] = np.arange(len(frame)) % 3
    frame.to_csv("weighted.csv", index=False)
    targets = ["Weight", "Pulse"] if "Weight" in frame else list(frame.columns[:2])
    flags = [flag for name in targets for flag in ("--target", name)]
    out, _ = output_of(
        capsys, "train", "weighted.csv", *flags, "--weights", "w", "--quiet",
        "--solver", "lbfgs", "-o", "m.twinprop.json",
    )  # fmt: skip
    assert out.startswith(f"regression of {targets[0]}, {targets[1]} from ")
    mine = MLPRegressor(solver="lbfgs", random_state=42)
    mine.fit(frame.drop(columns=[*targets, "w"]), frame[targets], frame["w"].to_numpy())
    found = read_model("m.twinprop.json").network.parameters
    assert found.tolist() == mine.network_.parameters.tolist()


@pytest.mark.parametrize(("task", "start"), [(None, "regression"), ("classification", "classif")])
def test_numbers_are_a_regression_unless_asked(folder, capsys, task, start):
    frame = IRIS.assign(Species=pd.factorize(IRIS["Species"])[0])
    frame.to_csv("numbers.csv", index=False)
    flags = [] if task is None else ["--task", task]
    out, _ = output_of(
        capsys, "train", "numbers.csv", "--target", "Species", "-o", "n.twinprop.json", "--quiet",
        *flags,
    )  # fmt: skip
    assert out.startswith(start)


def test_rows_that_lack_a_value(folder, capsys):
    train = ["train", "penguins.csv", "--target", "species", "-o", "p.twinprop.json", "--quiet"]
    incomplete = PENGUINS.isna().any(axis=1)
    row = int(np.flatnonzero(incomplete)[0])
    column = PENGUINS.columns[PENGUINS.iloc[row].isna()][0]
    assert error_of(capsys, *train) == (
        f'column "{column}", row {row + 1} lacks a value ({incomplete.sum()} of {len(PENGUINS)} '
        "rows do); --na omit leaves such rows out"
    )
    assert not Path("p.twinprop.json").exists()
    out, err = output_of(capsys, *train, "--na", "omit")
    assert f"{(~incomplete).sum()} rows" in out
    assert err == f"{incomplete.sum()} rows with missing values are left out\n"
    found, _ = output_of(capsys, "predict", "p.twinprop.json", "penguins.csv", "--na", "pass")
    predicted = pd.read_csv(io.StringIO(found))["predicted_species"]
    lacks = PENGUINS.drop(columns="species").isna().any(axis=1)
    assert predicted.isna().tolist() == lacks.tolist()
    assert (predicted == PENGUINS["species"])[~lacks].mean() > 0.95


def test_predictions_are_the_models(folder, capsys):
    output_of(capsys, *TRAIN_IRIS, "--quiet")
    output_of(capsys, "predict", "iris.twinprop.json", "iris.csv", "--proba", "-o", "found.csv")
    model = read_model("iris.twinprop.json")
    found = read_table("found.csv")
    assert found["predicted_Species"].tolist() == model.predict(IRIS).tolist()
    shares = found[[f"probability_{level}" for level in model.classes]].to_numpy()
    assert shares.tolist() == model.predict_proba(IRIS).tolist()
    kept, _ = output_of(capsys, "predict", "iris.twinprop.json", "iris.csv", "--keep")
    assert kept.splitlines()[0] == ",".join([*IRIS.columns, "predicted_Species"])


def test_standard_input_and_parquet(folder, capsys, monkeypatch):
    output_of(capsys, *TRAIN_IRIS, "--quiet")
    IRIS.to_parquet("iris.parquet")
    by_file, _ = output_of(capsys, "predict", "iris.twinprop.json", "iris.parquet")
    text = io.TextIOWrapper(io.BytesIO(Path("iris.csv").read_bytes()))
    monkeypatch.setattr(sys, "stdin", text)
    assert output_of(capsys, "predict", "iris.twinprop.json", "-")[0] == by_file
    output_of(capsys, "predict", "iris.twinprop.json", "iris.csv", "-o", "found.parquet")
    assert pd.read_parquet("found.parquet").to_csv(index=False) == by_file


def test_a_bare_network_predicts_columns_by_their_place(folder, capsys):
    network = Network([2, 1], "identity", weights=[[[1.0, 2.0]]])
    write_model(network, "n.twinprop.json")
    Path("x.csv").write_text("a,b\n1,2\n3,4\n", encoding="utf-8")
    out, _ = output_of(capsys, "predict", "n.twinprop.json", "x.csv")
    assert out == "predicted_output1\n5.0\n11.0\n"


def test_convert_to_every_form(folder, capsys):
    output_of(capsys, *TRAIN_IRIS, "--quiet")
    model = read_model("iris.twinprop.json")
    for ending, wanted in {
        ".js": to_js_function(model),
        ".R": to_r_function(model),
        ".sql": to_sql(model, "data"),
        ".twinprop.json": format_model(model),
    }.items():
        assert output_of(capsys, "convert", "iris.twinprop.json", f"m{ending}") == ("", "")
        assert Path(f"m{ending}").read_text(encoding="utf-8") == wanted
    output_of(capsys, "convert", "iris.twinprop.json", "named.sql", "--table", "flowers")
    assert Path("named.sql").read_text(encoding="utf-8") == to_sql(model, "flowers")


def test_convert_to_onnx(folder, capsys):
    onnx = pytest.importorskip("onnx")
    write_model(Network([2, 1]), "n.twinprop.json")
    output_of(capsys, "convert", "n.twinprop.json", "n.onnx")
    assert onnx.load("n.onnx") == to_onnx(Network([2, 1]))


def test_convert_to_torch_and_back(folder, capsys):
    pytest.importorskip("torch")
    network = Network([2, 3, 1], ["tanh", "sigmoid"])
    write_model(network, "n.twinprop.json")
    output_of(capsys, "convert", "n.twinprop.json", "n.pt")
    output_of(capsys, "convert", "n.pt", "m.twinprop.json", "--activation", "tanh", "sigmoid")
    assert read_model("m.twinprop.json").network.parameters.tolist() == network.parameters.tolist()


def test_convert_from_json_of_others(folder, capsys):
    toy = {
        "input_nodes": 2, "hidden_nodes": 1, "output_nodes": 1, "learning_rate": 0.1,
        "weights_ih": {"rows": 1, "cols": 2, "data": [[0.1, 0.2]]},
        "weights_ho": {"rows": 1, "cols": 1, "data": [[0.3]]},
        "bias_h": {"rows": 1, "cols": 1, "data": [[0.4]]},
        "bias_o": {"rows": 1, "cols": 1, "data": [[0.5]]},
    }  # fmt: skip
    Path("toy.json").write_text(json.dumps(toy), encoding="utf-8")
    for flags, activation in [([], "sigmoid"), (["--activation", "tanh"], "tanh")]:
        output_of(capsys, "convert", "toy.json", "t.twinprop.json", "--from", "toy-nn", *flags)
        network = read_model("t.twinprop.json").network
        assert network.activations == (activation, activation)
        assert network.parameters.tolist() == [0.1, 0.2, 0.3, 0.4, 0.5]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["n.twinprop.json", "n.txt"], 'the file to write must end in one of ".twinprop.json", '
         '".js", ".R", ".sql", ".onnx", ".pt", ".pth", got "n.txt"'),
        (["no.twinprop.json", "n.js"], 'cannot read the model: no file "no.twinprop.json"'),
        (["no.json", "n.js", "--from", "toy-nn"], 'cannot read the network: no file "no.json"'),
        (["no.pt", "n.js", "--activation", "tanh"], 'cannot read the network: no file "no.pt"'),
        (["bad.pt", "n.js", "--activation", "tanh"], "bad.pt is no state_dict of torch: "),
        (["n.twinprop.json", "n.js", "--activation", "tanh"],
         "--activation is for files that do not say it; this one does"),
    ],
)  # fmt: skip
def test_errors_of_convert(folder, capsys, arguments, message):
    write_model(Network([2, 1]), "n.twinprop.json")
    Path("bad.pt").write_text("no state", encoding="utf-8")
    assert error_of(capsys, "convert", *arguments).startswith(message)
    assert not Path("n.js").exists()


def test_describe_a_model(folder, capsys):
    output_of(capsys, *TRAIN_IRIS, "--quiet")
    out, _ = output_of(capsys, "describe", "iris.twinprop.json")
    training = read_model("iris.twinprop.json").training
    losses = training["loss_curve"]
    assert out.splitlines() == [
        "classification of Species",
        "network 4-8-3 (relu, softmax), 67 weights and biases",
        "classes: " + ", ".join(sorted(IRIS["Species"].unique())),
        "trained: optimizer adam, cost cross_entropy, rule gradient, batch_size 32, seed 42, "
        "arithmetic fast",
        f"loss {losses[0]:.6g} -> {losses[-1]:.6g} in {len(losses)} epochs",
        f"fingerprint {training['fingerprint']}",
        "inputs, standardised:",
        "column       kind    levels",
        "Sepal.Length numeric",
        "Sepal.Width  numeric",
        "Petal.Length numeric",
        "Petal.Width  numeric",
    ]


def test_describe_a_bare_network(folder, capsys):
    write_model(Network([2, 3, 1]), "n.twinprop.json")
    assert output_of(capsys, "describe", "n.twinprop.json")[0] == (
        "network 2-3-1 (sigmoid, sigmoid), 13 weights and biases\ninputs: a matrix with 2 columns\n"
    )


def test_describe_many_levels(folder, capsys):
    frame = pd.DataFrame({"letter": [*"abcdefghij"]})
    network = Network([9, 1], "identity")
    outputs = {"names": ["y"], "levels": None, "center": None, "scale": None}
    write_model(Model(network, "regression", learn_inputs(frame), outputs), "m.twinprop.json")
    out, _ = output_of(capsys, "describe", "m.twinprop.json")
    assert out.splitlines()[-1] == "letter factor a, b, c, d, e, f, g, h and 2 more"


def test_describe_a_table(folder, capsys):
    Path("t.csv").write_text("n,who,ok,empty\n1,b,true,\n2.5,a,NA,\n,b,false,\n", encoding="utf-8")
    assert output_of(capsys, "describe", "t.csv")[0].splitlines() == [
        "3 rows",
        "column kind    missing values",
        "n      numeric 1       1 to 2.5, mean 1.75",
        "who    text    0       a, b",
        "ok     logical 1       1 true",
        "empty  numeric 3       none",
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "no.csv", "--target", "y", "-o", "m.twinprop.json"],
         'cannot read the table: no file "no.csv"'),
        (["train", "iris.csv", "--target", "kind", "-o", "m.twinprop.json"],
         '--target must be one of "Sepal.Length", "Sepal.Width", "Petal.Length", "Petal.Width", '
         '"Species", got "kind"'),
        (["train", "iris.csv", "--target", "Species", "--drop", "x", "-o", "m.twinprop.json"],
         '--drop must be one of "Sepal.Length", "Sepal.Width", "Petal.Length", "Petal.Width", '
         '"Species", got "x"'),
        (["train", "iris.csv", "--target", "Species", "--drop", "Species", "-o",
          "m.twinprop.json"], 'column "Species" is asked for twice'),
        (["train", "iris.csv", "--target", "Species", "-o", "m.json"],
         '--output must end in .twinprop.json, got "m.json"'),
        (["train", "iris.csv", "--target", "Species", "-o", "no/m.twinprop.json"],
         'cannot write "no/m.twinprop.json": no such folder'),
        (["train", "iris.csv", "--target", "Species", "--target", "Petal.Width", "-o",
          "m.twinprop.json"], "a classification has one target, got 2"),
        (["train", "iris.csv", "--target", "Petal.Width", "--balanced", "-o", "m.twinprop.json"],
         "--balanced needs a classification, got a regression"),
        (["train", "iris.csv", "--target", "Species", "--hidden", "0", "-o", "m.twinprop.json"],
         "hidden_layer_sizes entry 1 must be an integer >= 1, got 0"),
        (["train", "one.csv", "--target", "y", "-o", "m.twinprop.json"],
         "no column is left to predict from"),
        (["predict", "iris.csv", "iris.csv"], "the model is not valid JSON: "),
        (["describe", "empty.csv"], "empty.csv: the table is empty"),
        (["describe", "header.csv"], "header.csv: the table has no rows"),
        (["describe", "twice.csv"], 'twice.csv: column "a" is there twice'),
        (["describe", "nameless.csv"], "nameless.csv: column 2 has no name"),
        (["describe", "ragged.csv"], "ragged.csv: Expected 2 fields in line 3, saw 3"),
        (["describe", "latin.csv"], "latin.csv: the table must be UTF-8"),
        (["describe", "text.parquet"], "text.parquet: "),
    ],
)  # fmt: skip
def test_errors(folder, capsys, arguments, message):
    Path("one.csv").write_text("y\n1\n2\n", encoding="utf-8")
    Path("empty.csv").write_text("", encoding="utf-8")
    Path("header.csv").write_text("a,b\n", encoding="utf-8")
    Path("twice.csv").write_text("a,b,a\n1,2,3\n", encoding="utf-8")
    Path("nameless.csv").write_text("a,,c\n1,2,3\n", encoding="utf-8")
    Path("ragged.csv").write_text("a,b\n1,2\n1,2,3\n", encoding="utf-8")
    Path("latin.csv").write_bytes("a,b\né,2\n".encode("latin-1"))
    Path("text.parquet").write_text("a,b\n", encoding="utf-8")
    assert error_of(capsys, *arguments).startswith(message)
    assert not Path("m.twinprop.json").exists()


def test_a_prediction_that_clashes_with_a_column(folder, capsys):
    output_of(capsys, *TRAIN_IRIS, "--quiet")
    IRIS.assign(predicted_Species=1).to_csv("again.csv", index=False)
    assert error_of(capsys, "predict", "iris.twinprop.json", "again.csv", "--keep") == (
        'the table has a column "predicted_Species" already'
    )


def test_an_error_of_a_row_names_it(folder, capsys):
    output_of(capsys, *TRAIN_IRIS, "--quiet")
    frame = IRIS.astype({"Petal.Width": object})
    frame.loc[7, "Petal.Width"] = "wide"
    frame.to_csv("bad.csv", index=False)
    message = error_of(capsys, "predict", "iris.twinprop.json", "bad.csv")
    assert '"Petal.Width"' in message


def test_values_survive_a_table(folder):
    frame = pd.DataFrame({"a": [0.1 + 0.2, 1e-310, 1e22], "b": ['x,"y"', "é\nz", " 1"]})
    for name in ("t.csv", "t.tsv", "t.parquet"):
        write_table(frame, name)
        assert read_table(name).equals(frame)


def test_numbers_are_read_to_the_last_digit(folder):
    values = [0.1 + 0.2, 5e-324, 1.7976931348623157e308, 2.2250738585072011e-308]
    Path("t.tsv").write_text("a\tb\n" + "".join(f"{v!r}\tx\n" for v in values), encoding="utf-8")
    assert read_table("t.tsv")["a"].tolist() == values


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGINT to send to another process")
def test_interrupted_it_writes_what_it_has_reached(folder):
    command = [
        sys.executable, "-m", "twinprop", "train", "diabetes.csv", "--target", "progression",
        "-o", "d.twinprop.json", "--epochs", "4000", "--tol", "0", "--learning-rate", "0.00001",
    ]  # fmt: skip
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stderr.readline().startswith(b"epoch ")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert b"interrupted" in err, err
    assert b"written to d.twinprop.json" in out
    assert json.loads(Path("d.twinprop.json").read_text())["task"] == "regression"
