"""The data sets against the sources they were taken from, plan data against scikit-learn."""

import csv
import json
import math
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn import datasets as sklearn_datasets
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from twinprop.datasets import dataset_names, dataset_plan_data, load_dataset
from twinprop.errors import InputError
from twinprop.resources import data_folder, js_folder

NAMES = ["xor", "three_by_three", "iris", "penguins", "wine", "digits", "diabetes", "linnerud"]

# rows, rows dropped from a plan, columns of x, columns of d; counted by hand from docs/data.md
SHAPES = {
    "xor": (4, 0, 2, 1),
    "three_by_three": (1, 0, 3, 3),
    "iris": (150, 0, 4, 3),
    "penguins": (344, 11, 3 + 4 + 2, 3),
    "wine": (178, 0, 13, 3),
    "digits": (1797, 0, 64, 10),
    "diabetes": (442, 0, 10, 1),
    "linnerud": (20, 0, 3, 3),
}

# scikit-learn adds in another order: a few bits of the mean, next to values of size 1.
SUM_ORDER = 1e-13


def descriptions() -> dict:
    return json.loads((js_folder() / "datasets.json").read_text(encoding="utf-8"))


def test_the_names_come_in_stated_order():
    assert dataset_names() == NAMES
    assert descriptions()["format"] == "twinprop-datasets/1"


@pytest.mark.parametrize("name", NAMES)
def test_shapes(name):
    rows, dropped, inputs, outputs = SHAPES[name]
    data = load_dataset(name)
    plan = data.plan_data()
    assert len(data.frame) == rows == descriptions()["datasets"][name]["rows"]
    assert plan.dropped == dropped
    assert plan.x.shape == (rows - dropped, inputs)
    assert plan.d.shape == (rows - dropped, outputs)
    assert plan.x.dtype == plan.d.dtype == np.float64
    assert np.isfinite(plan.x).all()
    assert np.isfinite(plan.d).all()
    assert (len(plan.input_names), len(plan.output_names)) == (inputs, outputs)


# ---- the rows against their sources ----


def test_xor_is_the_truth_table():
    expected = [[a, b, a ^ b] for a in (0, 1) for b in (0, 1)]
    assert load_dataset("xor").frame.to_numpy().tolist() == expected


def test_three_by_three_answers_as_in_the_book():
    data = load_dataset("three_by_three")
    assert data.frame.to_numpy().tolist() == [[0.9, 0.1, 0.8, 0.9, 0.1, 0.1]]
    assert data.network["layers"] == [3, 3, 3]
    assert data.network["activations"] == ["sigmoid", "sigmoid"]
    assert data.network["biases"] == [[0, 0, 0], [0, 0, 0]]
    # By hand: the hidden neurons receive 0.9*0.9 + 0.3*0.1 + 0.4*0.8 = 1.16, 0.42 and 0.62.
    hidden = [1 / (1 + math.exp(-z)) for z in (1.16, 0.42, 0.62)]
    into_output = [[0.3, 0.7, 0.5], [0.6, 0.5, 0.2], [0.8, 0.1, 0.9]]
    expected = [
        1 / (1 + math.exp(-sum(w * a for w, a in zip(row, hidden, strict=True))))
        for row in into_output
    ]
    a = data.plan_data().x[0]
    for weights in data.network["weights"]:
        a = 1 / (1 + np.exp(-np.array(weights) @ a))
    np.testing.assert_allclose(a, expected, rtol=1e-14)
    np.testing.assert_allclose(a, [0.7263, 0.7086, 0.7781], atol=5e-5)


@pytest.mark.parametrize(
    ("name", "loader", "options"),
    [
        ("iris", "load_iris", {}),
        ("wine", "load_wine", {}),
        ("digits", "load_digits", {}),
        ("diabetes", "load_diabetes", {"scaled": False}),
        ("linnerud", "load_linnerud", {}),
    ],
)
def test_rows_are_those_of_scikit_learn(name, loader, options):
    source = getattr(sklearn_datasets, loader)(**options)
    data = load_dataset(name)
    assert np.array_equal(data.frame[data.inputs].to_numpy(dtype=float), source.data)
    outputs = data.frame[data.outputs]
    if name in ("iris", "wine", "digits"):
        column = outputs[data.outputs[0]]
        assert np.array_equal(column.cat.codes, source.target)
        assert list(column.cat.categories) == [str(level) for level in source.target_names]
    else:
        assert np.array_equal(
            outputs.to_numpy(dtype=float), source.target.reshape(len(outputs), -1)
        )
    if name in ("digits", "diabetes", "linnerud"):
        assert data.inputs == list(source.feature_names)


def test_penguins_are_those_of_palmerpenguins(tmp_path):
    if subprocess.run(
        ["Rscript", "-e", "library(palmerpenguins)"], capture_output=True, check=False
    ).returncode:
        pytest.skip("needs R with the package palmerpenguins")
    path = tmp_path / "penguins.csv"
    code = "write.csv(palmerpenguins::penguins, commandArgs(TRUE), row.names = FALSE)"
    subprocess.run(["Rscript", "-e", code, str(path)], check=True)
    source = pd.read_csv(path)
    frame = load_dataset("penguins").frame
    assert list(frame) == list(source)
    for column in frame:
        ours, theirs = frame[column], source[column]
        if isinstance(ours.dtype, pd.CategoricalDtype):
            ours, theirs = ours.astype(object).fillna("missing"), theirs.fillna("missing")
        np.testing.assert_array_equal(ours.to_numpy(), theirs.to_numpy())


def test_penguins_lack_what_docs_say():
    frame = load_dataset("penguins").frame
    missing = frame.isna().sum(axis=1)
    assert (missing == 5).sum() == 2
    assert (missing == 1).sum() == frame["sex"].isna().sum() - 2 == 9
    assert frame["species"].value_counts().to_dict() == {
        "Adelie": 152,
        "Gentoo": 124,
        "Chinstrap": 68,
    }


# ---- the plan data against scikit-learn's own preparation ----


@pytest.mark.parametrize("name", NAMES)
def test_plan_data_is_what_scikit_learn_makes(name):
    data = load_dataset(name)
    plan = data.plan_data()
    frame = data.frame.dropna(subset=data.inputs + data.outputs)

    def expected(columns, scale):
        blocks = []
        for column in columns:
            values = frame[[column]]
            if isinstance(frame[column].dtype, pd.CategoricalDtype):
                levels = list(frame[column].cat.categories)
                encoder = OneHotEncoder(categories=[levels], sparse_output=False)
                blocks.append(encoder.fit_transform(values.astype(object)))
            else:
                blocks.append(StandardScaler().fit_transform(values) if scale else values)
        return np.hstack(blocks)

    raw = name in ("xor", "three_by_three")
    np.testing.assert_allclose(
        plan.x, expected(data.inputs, scale=not raw), rtol=0, atol=SUM_ORDER * np.abs(plan.x).max()
    )
    assert np.array_equal(plan.d, expected(data.outputs, scale=False))


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("xor", "three_by_three")])
def test_standardised_to_the_last_bit_by_plain_loops(name):
    # The other languages add in a loop from the first row to the last; so must numpy.
    description = descriptions()["datasets"][name]
    plan = dataset_plan_data(name)
    with (data_folder() / f"{name}.csv").open(newline="", encoding="utf-8") as file:
        rows = [
            row
            for row in csv.DictReader(file)
            if "NA" not in [row[c] for c in description["inputs"] + description["outputs"]]
        ]
    for column in description["inputs"]:
        if description["columns"][column]["type"] == "factor":
            continue
        values = [float(row[column]) for row in rows]
        total = 0.0
        for value in values:
            total += value
        mean = total / len(values)
        total = 0.0
        for value in values:
            total += (value - mean) * (value - mean)
        sd = math.sqrt(total / len(values))
        expected = [(value - mean) / sd if sd > 0 else 0.0 for value in values]
        assert plan.x[:, plan.input_names.index(column)].tolist() == expected


def test_constant_pixels_become_zero():
    plan = dataset_plan_data("digits")
    constant = [name for j, name in enumerate(plan.input_names) if not plan.x[:, j].any()]
    assert constant == ["pixel_0_0", "pixel_4_0", "pixel_4_7"]


def test_a_constant_that_floats_cannot_hold_becomes_zero():
    # The mean of six times 0.1 is not 0.1 in float64, so the sd is not quite 0 either.
    from twinprop.datasets import _standardise

    assert np.cumsum(np.full(6, 0.1))[-1] / 6 != 0.1
    assert _standardise(np.full(6, 0.1)).tolist() == [0.0] * 6


def test_factors_are_one_hot_in_level_order():
    plan = dataset_plan_data("penguins")
    assert plan.input_names == [
        "island_Biscoe",
        "island_Dream",
        "island_Torgersen",
        "bill_length_mm",
        "bill_depth_mm",
        "flipper_length_mm",
        "body_mass_g",
        "sex_female",
        "sex_male",
    ]
    assert plan.output_names == ["species_Adelie", "species_Chinstrap", "species_Gentoo"]
    for block in (plan.x[:, :3], plan.x[:, 7:], plan.d):
        assert set(np.unique(block)) == {0.0, 1.0}
        assert (block.sum(axis=1) == 1).all()
    # The first penguin is an Adelie male of Torgersen.
    assert plan.x[0, [0, 1, 2, 7, 8]].tolist() == [0, 0, 1, 0, 1]
    assert plan.d[0].tolist() == [1, 0, 0]
    assert plan.d.sum(axis=0).tolist() == [146, 68, 119]


def test_xor_is_the_raw_default_of_a_plan():
    plan = dataset_plan_data("xor")
    assert plan.x.tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert plan.d.tolist() == [[0], [1], [1], [0]]


# ---- the files ----


@pytest.mark.parametrize("name", NAMES)
def test_csv_keeps_its_form(name):
    raw = (data_folder() / f"{name}.csv").read_bytes()
    text = raw.decode("utf-8")
    assert not text.startswith("\ufeff")
    assert "\r" not in text
    assert text.endswith("\n")
    rows = list(csv.reader(text.splitlines()))
    description = descriptions()["datasets"][name]
    columns = description["columns"]
    assert rows[0] == list(columns)
    assert set(description["inputs"] + description["outputs"]) <= set(columns)
    for row in rows[1:]:
        assert len(row) == len(columns)
        for field, column in zip(row, columns.values(), strict=True):
            if field == "NA":
                continue
            if column["type"] == "factor":
                assert field in column["levels"]
            else:
                assert re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", field)
                assert len(field) <= 9


@pytest.mark.parametrize("name", NAMES)
def test_the_task_fits_the_outputs(name):
    description = descriptions()["datasets"][name]
    kinds = [description["columns"][column]["type"] for column in description["outputs"]]
    if description["task"] == "multiclass":
        assert kinds == ["factor"]
    else:
        assert set(kinds) == {"number"}
    if description["task"] == "binary":
        assert set(np.unique(dataset_plan_data(name).d)) == {0.0, 1.0}
    assert all(description[key] for key in ("title", "source", "licence"))


def test_the_files_stay_small_enough_for_cran():
    assert sum(path.stat().st_size for path in data_folder().iterdir()) < 1_000_000


# ---- errors, and what is imported ----


def test_an_unknown_name_is_refused():
    listed = ", ".join(f'"{name}"' for name in NAMES)
    with pytest.raises(InputError) as caught:
        load_dataset("foo")
    assert str(caught.value) == f'dataset must be one of {listed}, got "foo"'
    with pytest.raises(InputError) as caught:
        dataset_plan_data("foo", "data.dataset")
    assert str(caught.value) == f'data.dataset must be one of {listed}, got "foo"'


@pytest.mark.parametrize("name", ["../data/iris", "iris.csv", "", None, 3, ["iris"]])
def test_a_name_cannot_leave_the_folder(name):
    with pytest.raises(InputError, match="dataset must be one of"):
        load_dataset(name)


def test_a_plan_does_not_import_pandas():
    code = (
        "import sys\n"
        "from twinprop.datasets import dataset_plan_data\n"
        "assert dataset_plan_data('penguins').x.shape == (333, 9)\n"
        "print('pandas' in sys.modules)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2] / "python",
    )
    assert result.stdout.strip() == "False"


def test_two_loads_share_nothing():
    first = load_dataset("three_by_three")
    first.network["weights"][0][0][0] = 99
    assert load_dataset("three_by_three").network["weights"][0][0][0] == 0.9


def test_an_installation_without_its_files_says_so(monkeypatch, tmp_path):
    from twinprop import resources
    from twinprop.errors import TwinpropError

    monkeypatch.setattr(resources, "_PACKAGE", tmp_path / "site-packages" / "twinprop")
    with pytest.raises(TwinpropError, match='lacks its folder "js"; install it again'):
        resources.js_folder()
    installed = tmp_path / "site-packages" / "twinprop" / "data"
    installed.mkdir(parents=True)
    assert resources.data_folder() == installed
