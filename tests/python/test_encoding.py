"""How columns become inputs. Twins: tests/testthat/test-encoding.R, tests/js/encoding.test.js.

The referees: pandas' get_dummies, scikit-learn's StandardScaler, and R's contr.poly in
tests/testthat/test-encoding.R.
"""

import math
import re
import sys

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.preprocessing import StandardScaler

from twinprop import EngineError, InputError
from twinprop.encoding import (
    class_places,
    class_probabilities,
    decode_classes,
    encode_inputs,
    encode_outputs,
    learn_inputs,
    learn_outputs,
    learn_scale,
    n_outputs,
    polynomial_coding,
    scale_inputs,
    scale_outputs,
    scaled,
    unscaled,
)

FRAME = pd.DataFrame(
    {
        "size": [1.5, 2, 4, -3],
        "colour": ["red", "Blue", "green", "red"],
        "wet": [True, False, True, True],
        "age": pd.Categorical(["old", "new", "old", "new"], ["new", "old", "older"]),
        "grade": pd.Categorical([3, 1, 2, 3], [1, 2, 3], ordered=True),
    }
)
NAMES = ["size", "colourgreen", "colourred", "wetTRUE", "ageold", "ageolder", "grade.L", "grade.Q"]


def test_kinds_and_names():
    inputs = learn_inputs(FRAME)
    assert inputs["columns"] == [
        {"name": "size", "kind": "numeric"},
        # by code point: capitals first
        {"name": "colour", "kind": "factor", "levels": ["Blue", "green", "red"], "ordered": False},
        {"name": "wet", "kind": "logical"},
        # a categorical column's own levels, those that are not there too
        {"name": "age", "kind": "factor", "levels": ["new", "old", "older"], "ordered": False},
        {"name": "grade", "kind": "factor", "levels": [1, 2, 3], "ordered": True},
    ]
    assert [term["name"] for term in inputs["terms"]] == NAMES
    assert inputs["center"] is inputs["scale"] is None


def test_coding_is_that_of_dummies():
    inputs = learn_inputs(FRAME)
    x = encode_inputs(inputs, FRAME)
    nominal = FRAME[["colour", "age"]]
    dummies = pd.get_dummies(nominal, drop_first=True, dtype=float)
    ours = pd.DataFrame(x[:, [1, 2, 4, 5]], columns=dummies.columns)
    pd.testing.assert_frame_equal(ours, dummies)
    np.testing.assert_array_equal(x[:, 0], FRAME["size"])
    np.testing.assert_array_equal(x[:, 3], FRAME["wet"])


def test_polynomials_are_orthonormal_and_of_their_degree():
    # R's contr.poly(3), to the digits it prints
    np.testing.assert_allclose(
        polynomial_coding(3),
        [[-0.7071068, 0.4082483], [0, -0.8164966], [0.7071068, 0.4082483]],
        atol=5e-8,
    )
    for n in (2, 5, 9):
        coding = polynomial_coding(n)
        np.testing.assert_allclose(coding.T @ coding, np.eye(n - 1), atol=1e-12)
        np.testing.assert_allclose(coding.sum(axis=0), 0, atol=1e-12)
        for degree in range(1, n):
            differences = np.diff(coding[:, degree - 1], n=degree)
            assert (differences > 0).all()  # the leading coefficient is positive
            np.testing.assert_allclose(differences, differences[0], rtol=1e-9)


@pytest.mark.parametrize(
    "given",
    [
        FRAME.to_dict("list"),
        FRAME.to_dict("records"),
        FRAME.to_numpy(),
        FRAME.to_numpy().tolist(),
        FRAME.astype({"size": "Float64", "wet": "boolean", "colour": "string"}),
        FRAME.assign(colour=FRAME["colour"].astype("category")),
        FRAME[["grade", "wet", "age", "size", "colour"]].assign(more=1),
        FRAME.convert_dtypes(dtype_backend="pyarrow"),
        pl.from_pandas(FRAME.assign(grade=[3, 1, 2, 3])),
        pl.from_pandas(FRAME.assign(grade=[3, 1, 2, 3])).to_arrow(),
        FRAME.to_dict("series"),
    ],
)
def test_all_kinds_of_tables_are_the_same(given):
    inputs = learn_inputs(FRAME)
    np.testing.assert_array_equal(encode_inputs(inputs, given), encode_inputs(inputs, FRAME))


def test_learning_from_other_data_frames():
    table = pl.DataFrame(
        {
            "e": pl.Series(["b", "a"], dtype=pl.Enum(["b", "c", "a"])),
            "c": pl.Series(["y", "x"], dtype=pl.Categorical),
            "n": pl.Series([1, None], dtype=pl.Int8),
            "l": [True, None],
        }
    )
    for given in (table, table.to_arrow()):
        levels = [column.get("levels") for column in learn_inputs(given)["columns"]]
        # an Enum has an order of its own; pyarrow knows of none
        assert levels[1:] == [["x", "y"], None, None]
    assert learn_inputs(table)["columns"][0]["levels"] == ["b", "c", "a"]
    x = encode_inputs(learn_inputs(table), table, na="pass")
    np.testing.assert_array_equal(x, [[0, 0, 1, 1, 1], [np.nan] * 5])
    with pytest.raises(InputError, match='column "d" must hold numbers, strings, levels or true'):
        learn_inputs(pl.DataFrame({"d": [__import__("datetime").date(2020, 1, 1)]}))


def test_other_data_frames_need_narwhals(monkeypatch):
    monkeypatch.setitem(sys.modules, "narwhals.stable.v1", None)
    with pytest.raises(EngineError, match="need narwhals; install it: pip install"):
        learn_inputs(pl.DataFrame({"a": [1.0]}))


def test_a_matrix_has_names_by_place():
    inputs = learn_inputs([[1, 2], [3, 5]])
    assert [column["name"] for column in inputs["columns"]] == ["x1", "x2"]
    np.testing.assert_array_equal(encode_inputs(inputs, pd.DataFrame([[1, 2.5]])), [[1, 2.5]])
    np.testing.assert_array_equal(encode_inputs(inputs, {"x2": [1], "x1": [0]}), [[0, 1]])
    assert (
        encode_inputs(inputs, []).shape == encode_inputs(inputs, np.empty((0, 2))).shape == (0, 2)
    )


def test_masked_values_are_missing():
    x = np.ma.masked_values([[1.0, -9.0], [2.0, 3.0]], -9.0)
    with pytest.raises(InputError, match='column "x2" row 1 is missing'):
        encode_inputs(learn_inputs([[1, 2]]), x)


@pytest.mark.parametrize("nothing", [None, math.nan, pd.NA, pd.NaT, np.nan])
def test_every_kind_of_missing_value(nothing):
    inputs = learn_inputs(FRAME)
    row = {"size": 1, "colour": "red", "wet": True, "age": "new", "grade": 1}
    for name in row:
        with pytest.raises(InputError, match=f'column "{name}" row 2 is missing'):
            encode_inputs(inputs, [row, {**row, name: nothing}])
        x = encode_inputs(inputs, [row, {**row, name: nothing}], na="pass")
        assert np.isnan(x[1]).all()
        assert np.isfinite(x[0]).all()


def test_levels_are_found_by_their_text():
    inputs = learn_inputs({"cyl": pd.Categorical([4, 6, 8])})
    wanted = [[0, 0], [1, 0], [0, 1]]
    for given in ([4, 6, 8], [4.0, 6.0, 8.0], ["4", "6", "8"], pd.Categorical(["4", "6", "8"])):
        np.testing.assert_array_equal(encode_inputs(inputs, {"cyl": given}), wanted)
    with pytest.raises(InputError, match='"cyl" row 1 must be one of 4, 6, 8, got 4.5'):
        encode_inputs(inputs, {"cyl": [4.5]})
    with pytest.raises(InputError, match='row 2 must be one of "a", "b", got "A"'):
        encode_inputs(learn_inputs({"x": ["a", "b"]}), {"x": ["a", "A"]})
    # no normalisation: two spellings of one letter are two levels
    levels = learn_inputs({"x": ["\u00e9", "e\u0301"]})["columns"][0]["levels"]
    assert levels == ["e\u0301", "\u00e9"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (3, "the data must be a data frame or a list of rows, got 3"),
        (None, "the data must be a data frame or a list of rows, got null"),
        ([], "the data must have at least 1 column, got 0"),
        ([1, 2], "row 1 must be a list of values, got 1"),
        ([[1], [1, 2]], "row 2 must have 1 values, got 2"),
        ({"a": 1}, 'column "a" must be a list of values, got 1'),
        ({"a": [1], "b": [1, 2]}, "the columns must have the same number of rows, got [1, 2]"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), 'column "a" is there twice'),
        ({"a": ["x", 1]}, 'column "a" row 2 must be a string, got 1'),
        ({"a": [True, "x"]}, 'column "a" row 2 must be true or false, got "x"'),
        ({"a": [1, [2]]}, 'column "a" row 2 must be a number, got a list of 1'),
        ({"a": [{}]}, 'column "a" row 1 must be a number, a string, true or false, got an object'),
        ({"a": [None, None]}, 'column "a" must have at least 1 value, got 0'),
        ({"a": ["x", "x"]}, 'column "a" must have at least 2 levels, got 1'),
        (
            {"a": pd.Categorical(["1", 1])},
            'column "a" must have only strings or only numbers as levels, got "1"',
        ),
        (
            {"a": pd.Categorical([1], range(96), ordered=True)},
            'column "a" must have at most 95 ordered levels, got 96',
        ),
        (
            pd.DataFrame({"a": pd.to_datetime(["2020-01-01"])}),
            'column "a" must hold numbers, strings, levels or true and false, got datetime64',
        ),
    ],
)
def test_what_cannot_be_learned(given, message):
    with pytest.raises(InputError) as caught:
        learn_inputs(given)
    assert re.sub(r"64\[.*\]", "64", str(caught.value)) == message


def test_infinite_values_are_refused():
    with pytest.raises(InputError, match='column "x1" row 1 must be a finite number, got -Inf'):
        encode_inputs(learn_inputs([[1.0]]), [[-np.inf]])


# Scaling ------------------------------------------------------------------------------------------


def test_scale_is_that_of_standard_scaler():
    stream = np.random.default_rng(3)
    x, weight = stream.normal(5, 3, (50, 3)), stream.integers(0, 4, 50)
    center, scale = learn_scale(x)
    wanted = StandardScaler().fit(x)
    np.testing.assert_allclose(center, wanted.mean_, rtol=1e-13)
    np.testing.assert_allclose(scale, wanted.scale_, rtol=1e-13)
    np.testing.assert_allclose(scaled(x, center, scale), wanted.transform(x), atol=1e-13)
    np.testing.assert_allclose(unscaled(scaled(x, center, scale), center, scale), x, rtol=1e-13)
    # a weight is so many rows
    center, scale = learn_scale(x, weight)
    wanted = StandardScaler().fit(np.repeat(x, weight, axis=0))
    np.testing.assert_allclose(center, wanted.mean_, rtol=1e-13)
    np.testing.assert_allclose(scale, wanted.scale_, rtol=1e-13)


def test_a_constant_column_has_scale_1():
    x = np.array([[0.1, 5.0], [0.1, 7.0], [0.1, 1.0]])
    center, scale = learn_scale(x)
    assert (center[0], scale[0]) == (0.1, 1.0)
    assert (scaled(x, center, scale)[:, 0] == 0).all()
    # constant where the weight is not 0
    center, scale = learn_scale(x, np.array([0, 2, 0]))
    assert (center[1], scale[1]) == (7.0, 1.0)
    # and so where the squares are too small for a float
    assert learn_scale(np.array([[1e-200], [2e-200]]))[1].tolist() == [1.0]
    with pytest.raises(InputError, match="column 1 has values too large to be standardised"):
        learn_scale(np.array([[1e308], [-1e308]]))


def test_only_terms_with_a_number_are_standardised():
    inputs = learn_inputs(FRAME)
    x = encode_inputs(inputs, FRAME)
    found = scale_inputs(inputs, x)
    assert found["center"][1:] == [0.0] * 7
    assert found["scale"][1:] == [1.0] * 7
    assert found["center"][0] == x[:, 0].mean()
    np.testing.assert_allclose(encode_inputs(found, FRAME)[:, 0].mean(), 0, atol=1e-15)
    assert inputs["center"] is None  # a copy was scaled


# Outputs ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("y", "levels"),
    [
        (["b", "a", "B"], ["B", "a", "b"]),
        ([2, 1, 1], [1, 2]),
        ([2.5, 1.0, -1], [-1.0, 1.0, 2.5]),
        ([1.0, -0.0], [0, 1]),
        ([True, False], [False, True]),
        (np.array([3, 0], dtype=np.int8), [0, 3]),
        (pd.Series([1.0, 2.0], name="y"), [1, 2]),
        (pd.Categorical(["x", "y"], ["y", "x", "z"]), ["y", "x", "z"]),
        (pl.Series(["q", "p"]), ["p", "q"]),
        ([["a"], ["b"]], ["a", "b"]),
    ],
)
def test_classes(y, levels):
    outputs = learn_outputs(y, "classification")
    assert outputs["levels"] == levels
    assert [type(level) for level in outputs["levels"]] == [type(level) for level in levels]
    d = encode_outputs(outputs, y, "classification")
    assert d.shape == (len(y), n_outputs(outputs, "classification"))
    if len(levels) == 2:
        places = d[:, 0].astype(int)
    else:
        assert (d.sum(axis=1) == 1).all()
        places = d.argmax(axis=1)
    assert decode_classes(places, levels).tolist() == np.ravel(y).tolist()
    assert decode_classes(np.array([0, -1]), levels).tolist() == [levels[0], None]


def test_classes_may_be_given():
    outputs = learn_outputs(["a"], "classification", levels=["c", "a"], names=["kind"])
    assert outputs == {"names": ["kind"], "levels": ["c", "a"], "center": None, "scale": None}
    assert encode_outputs(outputs, ["a", "c"], "classification").tolist() == [[1.0], [0.0]]
    with pytest.raises(InputError, match='y row 2 must be one of "c", "a", got "b"'):
        encode_outputs(outputs, ["a", "b"], "classification")
    with pytest.raises(InputError, match="y row 1 is missing"):
        encode_outputs(outputs, [None, "a"], "classification")
    with pytest.raises(InputError, match="y must have at least 2 classes, got 1"):
        learn_outputs([1, 1], "classification")
    with pytest.raises(InputError, match="y must have 1 column of classes, got 2"):
        learn_outputs([[1, 2]], "classification")


@pytest.mark.parametrize(
    ("y", "names", "shape"),
    [
        ([1, 2.5], ["y"], (2, 1)),
        (np.ones((3, 2)), ["y1", "y2"], (3, 2)),
        (pd.DataFrame({"a": [1], "b": [2]}), ["a", "b"], (1, 2)),
        (pd.Series([1, 2], name="mass"), ["mass"], (2, 1)),
        (pl.Series("u", [1, 2]), ["u"], (2, 1)),
    ],
)
def test_numbers_to_learn(y, names, shape):
    outputs = learn_outputs(y, "regression")
    assert outputs == {"names": names, "levels": None, "center": None, "scale": None}
    d = encode_outputs(outputs, y, "regression")
    assert d.shape == shape
    again = encode_outputs(scale_outputs(outputs, d), y, "regression")
    center, scale = learn_scale(d)
    np.testing.assert_array_equal(again, (d - center) / scale)
    with pytest.raises(InputError, match="must have .* columns, got 3"):
        encode_outputs(outputs, np.ones((2, 3)), "regression")


def test_what_is_no_number_to_learn():
    outputs = learn_outputs([1.0], "regression")
    with pytest.raises(InputError, match='y row 2 must be a finite number, got "a"'):
        encode_outputs(outputs, [1, "a"], "regression")
    with pytest.raises(InputError, match="y row 1 is missing"):
        encode_outputs(outputs, [np.nan], "regression")


def test_labels():
    y = pd.DataFrame({"sun": [True, False], "wind": [0, 1]})
    outputs = learn_outputs(y, "multilabel")
    assert encode_outputs(outputs, y, "multilabel").tolist() == [[1, 0], [0, 1]]
    with pytest.raises(InputError, match="y column 2 row 1 must be 0 or 1, got 2"):
        encode_outputs(outputs, [[1, 2]], "multilabel")
    with pytest.raises(InputError, match="y column 1 row 2 is missing"):
        encode_outputs(outputs, [[1, 0], [None, 1]], "multilabel")


def test_probabilities_and_places():
    assert class_probabilities(np.array([[0.25]]), "sigmoid").tolist() == [[0.75, 0.25]]
    assert class_probabilities(np.array([[0.5, 0.5, 1.0]]), "sigmoid").tolist() == [
        [0.25, 0.25, 0.5]
    ]
    assert class_probabilities(np.zeros((1, 4)), "sigmoid").tolist() == [[0.25] * 4]
    assert class_probabilities(np.array([[0.2, 0.8]]), "softmax").tolist() == [[0.2, 0.8]]
    assert np.isnan(class_probabilities(np.array([[np.nan]]), "sigmoid")).all()
    assert np.isnan(class_probabilities(np.full((1, 3), np.nan), "sigmoid")).all()
    with pytest.raises(InputError, match='got "tanh"'):
        class_probabilities(np.zeros((1, 2)), "tanh")
    assert class_places(np.array([[0.5], [0.6], [np.nan]])).tolist() == [0, 1, -1]
    # the first of equal ones
    assert class_places(np.array([[1, 2, 2], [np.nan] * 3])).tolist() == [1, -1]
