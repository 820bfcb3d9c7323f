"""Model files. Twins: tests/testthat/test-model_file.R, tests/js/model_file.test.js."""

import copy
import json
import os
import stat
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from twinprop import InputError, Model, Network, read_model, write_model
from twinprop.encoding import encode_inputs
from twinprop.model_file import as_model, format_model, model_to_dict, parse_model, plain_json

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "docs" / "model.schema.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
CASES = {
    path.stem: json.loads(path.read_text(encoding="utf-8"))
    for path in sorted((ROOT / "tests" / "cases" / "model").glob("*.json"))
}
ERRORS = {case["name"]: case for case in CASES.pop("errors")}
MIXED = CASES["mixed"]["model"]
# Section 10: exp and tanh in their last bit, sums in another order.
TOLERANCE = 1e-12


def changed(path, value=None, remove=False):
    """The file of the case "mixed" with one change."""
    model = copy.deepcopy(MIXED)
    at = model
    for key in path[:-1]:
        at = at[key]
    if remove:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return model


def assert_close(found, wanted):
    """Numbers in which None stands for NaN, relative to the largest."""
    width = max(np.size(row) for row in wanted if row is not None)
    rows = [[np.nan] * width if row is None else np.ravel(row) for row in wanted]
    wanted = np.array(rows, dtype=float)
    found = np.reshape(np.asarray(found, dtype=float), wanted.shape)
    np.testing.assert_allclose(found, wanted, rtol=0, atol=TOLERANCE * np.nanmax(np.abs(wanted)))


@pytest.mark.parametrize("name", CASES)
def test_a_case_is_what_the_oracle_says(name):
    case = CASES[name]
    model, rows, expected = read_model(case["model"]), case["rows"], case["expected"]
    if model.inputs is not None:
        assert_close(encode_inputs(model.inputs, rows, na=model.na), expected["x"])
    assert_close(model.raw(rows), expected["raw"])
    found = model.predict(rows)
    if model.task == "classification":
        assert found.tolist() == expected["predictions"]
        assert [isinstance(v, bool) for v in found.tolist()] == [
            isinstance(v, bool) for v in expected["predictions"]
        ]
    else:
        assert_close(found, expected["predictions"])
    if any(row is not None for row in expected["probabilities"]):
        assert_close(model.predict_proba(rows), expected["probabilities"])
    else:
        with pytest.raises(InputError, match="probabilities need"):
            model.predict_proba(rows)


@pytest.mark.parametrize("name", CASES)
def test_a_file_is_written_as_it_was_read(name, tmp_path):
    model = read_model(CASES[name]["model"])
    path = tmp_path / "m.twinprop.json"
    write_model(model, path)
    written = json.loads(path.read_text(encoding="utf-8"))
    VALIDATOR.validate(written)
    VALIDATOR.validate(CASES[name]["model"])
    again = read_model(path)
    assert (again.network.parameters == model.network.parameters).all()
    for part in ("task", "inputs", "outputs", "na", "training", "columns", "classes"):
        assert getattr(again, part) == getattr(model, part)
    assert format_model(again) == path.read_text(encoding="utf-8")
    assert [line.split('"')[1] for line in path.read_text(encoding="utf-8").splitlines()] == [
        *("format", "version", "task", "network", "inputs", "outputs", "na", "training", "probes")
    ]


@pytest.mark.parametrize("name", ERRORS)
def test_error(name, tmp_path):
    case = ERRORS[name]
    with pytest.raises(InputError) as caught:
        if "rows" in case:
            options = {key: case[key] for key in ("na", "extra") if key in case}
            read_model(MIXED).predict(case["rows"], **options)
        elif "text" in case:
            path = tmp_path / "m.json"
            path.write_text(case["text"])
            read_model(path)
        else:
            read_model(changed(**case["change"]))
    if "message" in case:
        assert str(caught.value) == case["message"]
    else:
        assert str(caught.value).startswith(case["message_start"])


def test_the_schema_is_one_and_refuses_what_the_reader_refuses():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    # what a schema cannot say: which counts and parts agree, that the probes are met
    beyond = {
        *("weights-row", "biases", "column-twice", "terms-few", "part-column"),
        *("coding-of-a-number", "coding-missing", "coding-short", "center-alone", "center-short"),
        *("task-null", "outputs-null", "output-levels", "classes-missing", "outputs-many"),
        *("outputs-scaled-labels", "probe-changed", "weight-changed", "center-changed"),
        "coding-changed",
    }
    files = {name: changed(**case["change"]) for name, case in ERRORS.items() if "change" in case}
    assert {name for name, file in files.items() if VALIDATOR.is_valid(file)} == beyond


# Reading and writing -----------------------------------------------------------------------------


def test_floats_survive_to_their_last_bit(tmp_path):
    values = [0.1, -0.0, 5e-324, 1.7e308 / 1e300, 1 / 3, -2.5e-308, 1e22, 123456789.123456789]
    network = Network([8, 1, 1], "identity", weights=[[values], [[-1e-3]]], biases=[[0.0], [-0.0]])
    write_model(network, tmp_path / "m.json")
    again = read_model(tmp_path / "m.json").network
    assert again.parameters.tobytes() == network.parameters.tobytes()


def test_one_unit_layers_stay_lists():
    written = model_to_dict(Model(Network([1, 1, 1])))
    assert np.shape(written["network"]["weights"]) == (2, 1, 1)
    assert np.shape(written["network"]["biases"]) == (2, 1)
    assert np.shape(written["probes"]["rows"]) == (4, 1)


def test_probes_are_none_of_the_users_rows_and_meet_each_level():
    rows = model_to_dict(read_model(MIXED))["probes"]["rows"]
    assert {row[0] for row in rows} == {"Biscoe", "Dream", "Torgersen"}
    assert {row[2] for row in rows} == {"small", "middle", "large"}
    assert {row[3] for row in rows} == {True, False}
    assert all(44.5 - 2 * 5.25 <= row[1] <= 44.5 + 2 * 5.25 for row in rows)


def test_a_file_is_there_whole_or_not_at_all(tmp_path):
    path = tmp_path / "m.json"
    write_model(Network([1, 1]), path)
    before = path.read_bytes()
    broken = Network([1, 1])
    broken.parameters[:] = np.nan
    with pytest.raises(InputError, match="the model has outputs that are not finite"):
        write_model(broken, path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["m.json"]  # noqa: PTH208
    with pytest.raises(InputError, match="cannot write"):
        write_model(Network([1, 1]), tmp_path / "no" / "m.json")


def test_a_written_file_has_the_usual_mode(tmp_path):
    plain = tmp_path / "plain"
    plain.touch()
    write_model(Network([1, 1]), tmp_path / "m.json")
    assert stat.S_IMODE((tmp_path / "m.json").stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)


def test_what_cannot_be_read(tmp_path):
    with pytest.raises(InputError, match='cannot read the model: no file "no.json"'):
        read_model("no.json")
    with pytest.raises(InputError, match="cannot read the model"):
        read_model(tmp_path)
    with pytest.raises(InputError, match="path must be a path, got 3"):
        read_model(3)
    for text in (b"\xff{}", b'{"format": NaN}', b"["):
        with pytest.raises(InputError, match="the model is not valid JSON: "):
            parse_model(text)


def test_what_can_be_written():
    network = Network([2, 1])

    class Fitted:
        model_ = Model(network)

    assert as_model(Fitted()) is Fitted.model_
    assert as_model(network).network is network
    for wrong in (3, None, Fitted):
        if wrong is not Fitted:
            with pytest.raises(InputError, match="model must be a Model, a Network or a fitted"):
                as_model(wrong)


def test_training_is_kept_as_plain_json():
    given = {
        "seed": np.int64(3),
        "loss_curve": np.array([0.5, np.nan]),
        "flag": np.bool_(True),
        "pair": (1, 2.5),
        "none": None,
        "deep": {"a": [[1], []], "nan": float("nan"), "zero": np.array(2.0)},
    }
    assert plain_json(given) == {
        "seed": 3,
        "loss_curve": [0.5, None],
        "flag": True,
        "pair": [1, 2.5],
        "none": None,
        "deep": {"a": [[1], []], "nan": None, "zero": 2.0},
    }
    with pytest.raises(InputError, match="training must be made of"):
        plain_json({"code": print})
    for text in ("\ud800", "\0"):
        for training in ({"a": [text]}, {text: 1}):
            with pytest.raises(InputError, match="^training must have strings without NUL and"):
                format_model(Model(Network([1, 1]), training=training))
    circle = {}
    circle["again"] = circle
    with pytest.raises(InputError, match="^training must not be nested more than 90 deep$"):
        format_model(Model(Network([1, 1]), training=circle))


def test_names_that_not_every_language_holds_are_refused():
    for name in ("a\0b", "\ud83d"):
        with pytest.raises(InputError, match="without NUL and without halves of characters"):
            read_model(changed(["inputs", "columns", 1, "name"], name))


def test_reading_runs_no_code(tmp_path):
    # what a pickle or an R object could do, a JSON file can't
    model = changed(["training"], {"__reduce__": ["os.system", "touch ran"], "__class__": "x"})
    path = tmp_path / "m.json"
    path.write_text(json.dumps(model))
    assert read_model(path).training == model["training"]
    assert not Path("ran").exists()
