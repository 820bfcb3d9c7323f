"""Models. Twins: tests/testthat/test-model.R, tests/js/model.test.js."""

import pickle

import numpy as np
import pandas as pd
import pytest

from twinprop import InputError, Model, Network

INPUTS = {
    "columns": [
        {"name": "a", "kind": "numeric"},
        {"name": "b", "kind": "factor", "levels": ["x", "y"], "ordered": False},
    ],
    "terms": [
        {"name": "a", "parts": [{"column": "a"}]},
        {"name": "by", "parts": [{"column": "b", "coding": [0, 1]}]},
    ],
    "center": [10, 0],
    "scale": [5, 1],
}
CLASSES = {"names": ["kind"], "levels": ["no", "yes"], "center": None, "scale": None}
NUMBERS = {"names": ["price"], "levels": None, "center": [100], "scale": [10]}
WEIGHTS = [[[2.0, -1.0]]]
ROWS = {"a": [10, 15, 0], "b": ["x", "y", "y"]}


def network(activation="identity"):
    return Network([2, 1], activation, weights=WEIGHTS, biases=[[0.5]])


def classifier(**options):
    return Model(network("sigmoid"), "classification", INPUTS, CLASSES, **options)


def test_a_regression_by_hand():
    model = Model(network(), "regression", INPUTS, NUMBERS)
    # (a - 10) / 5 * 2 - (b is y) + 0.5, times 10, plus 100
    assert model.raw(ROWS).tolist() == [[0.5], [1.5], [-4.5]]
    assert model.predict(ROWS).tolist() == [105, 115, 55]
    assert (model.columns, model.classes) == (["a", "b"], None)
    assert repr(model) == "Model(2-1, regression of price)"
    with pytest.raises(InputError, match='"classification" or "multilabel", got "regression"'):
        model.predict_proba(ROWS)


def test_a_classification_by_hand():
    model = classifier()
    wanted = 1 / (1 + np.exp(-np.array([0.5, 1.5, -4.5])))
    np.testing.assert_allclose(model.predict_proba(ROWS), np.stack([1 - wanted, wanted], axis=1))
    assert model.predict(ROWS).tolist() == ["yes", "yes", "no"]
    assert model.classes == ["no", "yes"]


def test_missing_values():
    rows = pd.DataFrame({"a": [10, np.nan, 0], "b": ["x", "y", None]})
    with pytest.raises(InputError, match='column "a" row 2 is missing'):
        classifier().predict(rows)
    for model, options in ((classifier(na="pass"), {}), (classifier(), {"na": "pass"})):
        assert model.predict(rows, **options).tolist() == ["yes", None, None]
        missing = np.isnan(model.predict_proba(rows, **options))
        assert missing.tolist() == [[False] * 2, [True] * 2, [True] * 2]
    with pytest.raises(InputError, match='column "a" row 2 is missing'):
        classifier(na="pass").predict(rows, na="error")
    labels = {"names": ["sun"], "levels": None, "center": None, "scale": None}
    model = Model(network("sigmoid"), "multilabel", INPUTS, labels, na="pass")
    np.testing.assert_array_equal(model.predict(rows), [[1], [np.nan], [np.nan]])


def test_no_rows():
    assert classifier().predict([]).shape == (0,)
    assert classifier().predict_proba(pd.DataFrame(ROWS).head(0)).shape == (0, 2)


def test_a_network_alone():
    model = Model(network())
    assert model.predict([[1, 2]]).tolist() == [[0.5]]
    assert (model.columns, model.classes, repr(model)) == (None, None, "Model(2-1, no task)")
    with pytest.raises(InputError, match="got null"):
        model.predict_proba([[1, 2]])


def test_a_model_is_pickled_whole():
    model = classifier(training={"seed": 1})
    again = pickle.loads(pickle.dumps(model))
    assert vars(again).keys() == vars(model).keys()
    assert again.predict_proba(ROWS).tolist() == model.predict_proba(ROWS).tolist()


def test_what_is_given_is_not_changed_and_not_shared():
    inputs = {**INPUTS, "columns": list(INPUTS["columns"])}
    model = Model(network(), "regression", inputs, NUMBERS)
    inputs["columns"].clear()
    assert len(model.inputs["columns"]) == 2


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"network": 3}, "network must be a Network, got 3"),
        ({"task": "cluster"}, 'task must be one of "regression", "classification", "multilabel", '),
        ({"task": None}, "task and outputs must both be there or both be null"),
        ({"na": "omit"}, 'na must be one of "error", "pass", got "omit"'),
        ({"training": 3}, "training must be an object, got 3"),
        ({"inputs": {**INPUTS, "terms": []}}, "inputs.terms must be a list of at least 1 objects"),
        ({"outputs": NUMBERS}, "outputs.levels must be there for a classification and for"),
        (
            {"outputs": {**CLASSES, "levels": ["a", "b", "c"]}},
            "outputs must be as many as those of the network (1), got 3",
        ),
        (
            {"network": Network([3, 1])},
            "inputs.terms must have one entry for each input of the network (3), got 2",
        ),
    ],
)
def test_parts_that_do_not_fit(parts, message):
    given = {"network": network(), "task": "classification", "inputs": INPUTS, "outputs": CLASSES}
    with pytest.raises(InputError) as caught:
        Model(**{**given, **parts})
    assert str(caught.value).startswith(message)
