"""Plan and run files. Twins: tests/testthat/test-plan.R, tests/js/plan.test.js."""

import io
import json
import math
import os
import stat
import sys

import numpy as np
import pytest

from twinprop import InputError, Network, Run, __version__, read_plan, run_plan, write_run
from twinprop.plan import parse_plan, run_from_dict, run_to_dict, write_whole

XOR = {"x": [[0, 0], [0, 1], [1, 0], [1, 1]], "d": [[0], [1], [1], [0]]}
SHORT = {"training": {"epochs": 3, "snapshots": [2, 12]}, "data": XOR}


# Reading ----------------------------------------------------------------------------------------


def test_absent_keys_take_their_defaults():
    # Section 7, and the optimiser's own defaults.
    plan = read_plan({}).to_dict()
    assert plan == {
        "format": "twinprop-plan/1",
        "network": {
            "layers": [2, 4, 1],
            "activations": ["sigmoid", "sigmoid"],
            "init": "xavier",
            "seed": 42,
            "weights": None,
            "biases": None,
        },
        "training": {
            "cost": "half_mse",
            "rule": "gradient",
            "update_order": "simultaneous",
            "optimizer": {
                "name": "sgd",
                "learning_rate": 0.5,
                "weight_decay": 0.0,
                "momentum": 0.0,
                "nesterov": False,
            },
            "batch_size": 1,
            "epochs": 1000,
            "shuffle": False,
            "seed": 42,
            "snapshots": [],
            "record": None,
            "dropout": 0.0,
            "clip_norm": None,
            "schedule": None,
            "arithmetic": "fast",
        },
        "data": XOR,
    }


def test_empty_sections_are_absent_ones():
    empty = read_plan({"network": {}, "training": {"optimizer": {}}})
    assert empty.to_dict() == read_plan({}).to_dict()


def test_aliases_and_whole_floats_are_replaced():
    plan = read_plan(
        {
            "network": {"layers": [2.0, 3.0, 1.0], "activations": ["logistic", "linear"]},
            "training": {"epochs": 3.0, "seed": -1.0},
            "data": XOR,
        }
    ).to_dict()
    assert plan["network"]["layers"] == [2, 3, 1]
    assert plan["network"]["activations"] == ["sigmoid", "identity"]
    assert (plan["training"]["epochs"], plan["training"]["seed"]) == (3, -1)
    assert "3.0" not in json.dumps(plan["training"]["epochs"])


@pytest.mark.parametrize(
    "plan",
    [
        {"data": XOR},
        {
            "network": {
                "layers": [2, 2, 2],
                "activations": "tanh",
                "weights": [[[0.1, 1 / 3], [1e-300, -2]], [[5, 6], [7, 8]]],
                "biases": [[0.1, 0.2], [0.3, 0.4]],
            },
            "training": {
                "cost": "mse",
                "optimizer": {"name": "adam", "betas": [0.5, 0.6], "weight_decay": 0.1},
                "batch_size": None,
                "shuffle": True,
                "snapshots": [1, 5],
            },
            "data": {"x": [[1, 2], [3, 4.5]], "d": [[0.1, 0.2], [0.3, 0.4]]},
        },
        {
            "network": {"layers": [4, 3], "activations": "softmax"},
            "training": {"cost": "cross_entropy", "rule": "transpose"},
            "data": {"dataset": "iris"},
        },
    ],
)
def test_a_plan_survives_its_own_file(plan):
    once = read_plan(plan).to_dict()
    again = parse_plan(json.dumps(once, allow_nan=False)).to_dict()
    assert again == once
    assert json.dumps(again) == json.dumps(once)


def test_sources_are_the_same(tmp_path, monkeypatch):
    text = json.dumps(SHORT)
    path = tmp_path / "plan.json"
    path.write_text(text)
    expected = read_plan(SHORT).to_dict()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    for plan in (
        read_plan(path),
        read_plan(str(path)),
        read_plan("-"),
        read_plan(read_plan(SHORT)),
        parse_plan(text),
        parse_plan(text.encode()),
    ):
        assert plan.to_dict() == expected


def test_a_mapping_is_left_as_it_is():
    plan = json.loads(json.dumps(SHORT))
    run_plan(plan)
    assert plan == SHORT


def test_data_sets_tell_of_dropped_rows():
    plan = {"network": {"layers": [9, 3]}, "data": {"dataset": "penguins"}}
    found = read_plan(plan)
    assert (found.x.shape, found.d.shape, found.dropped) == ((333, 9), (333, 3), 11)


def test_a_file_that_cannot_be_read(tmp_path):
    missing = tmp_path / "no.json"
    with pytest.raises(InputError) as caught:
        read_plan(missing)
    assert str(caught.value) == f'cannot read the plan: no file "{missing}"'
    with pytest.raises(InputError, match=r"^cannot read the plan "):
        read_plan(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[1,]",
        b"\xff",
        '{"data": {"x": [[NaN]], "d": [[1]]}}',
        '{"training": {"epochs": Infinity}}',
        '{"training": {"epochs": -Infinity}}',
    ],
    ids=lambda text: str(text)[:30],
)
def test_what_is_not_json(text):
    with pytest.raises(InputError, match=r"^the plan is not valid JSON: "):
        parse_plan(text)


@pytest.mark.parametrize(("plan", "given"), [(None, "null"), (5, "5"), ([], "a list of 0")])
def test_what_is_no_plan(plan, given):
    with pytest.raises(InputError, match=f"^the plan must be an object, got {given}$"):
        run_plan(plan)


def test_standard_input_that_is_not_text(monkeypatch):
    broken = io.TextIOWrapper(io.BytesIO(b'{"format": "\xff"}'), encoding="utf-8")
    monkeypatch.setattr(sys, "stdin", broken)
    with pytest.raises(InputError, match=r"^the plan is not valid JSON: "):
        read_plan("-")


def test_standard_input_is_utf_8_whatever_the_locale(monkeypatch):
    text = '{"format": "\u00e9"}'
    latin = io.TextIOWrapper(io.BytesIO(text.encode()), encoding="latin-1")
    monkeypatch.setattr(sys, "stdin", latin)
    with pytest.raises(InputError) as caught:
        read_plan("-")
    assert str(caught.value) == 'format must be "twinprop-plan/1", got "\u00e9"'


@pytest.mark.parametrize(
    ("number", "name", "message"),
    [
        ("1e999", "epochs", "training.epochs must be an integer >= 0, got Inf"),
        ("1" + "0" * 400, "epochs", "training.epochs must be an integer >= 0, got Inf"),
        ("-1" + "0" * 400, "epochs", "training.epochs must be an integer >= 0, got -Inf"),
        (
            "12345678901234567890",
            "seed",
            "training.seed must be an integer from -2147483647 to 2147483647, "
            "got 1.23456789012346e+19",
        ),
        ("0.5", "epochs", "training.epochs must be an integer >= 0, got 0.5"),
        ("true", "epochs", "training.epochs must be an integer >= 0, got true"),
    ],
)
def test_numbers_that_are_no_such_integers(number, name, message):
    with pytest.raises(InputError) as caught:
        parse_plan(f'{{"training": {{"{name}": {number}}}}}')
    assert str(caught.value) == message


def test_huge_numbers_are_numbers():
    data = {"x": [[10**30, 0.5]], "d": [[1]]}
    plan = read_plan({"network": {"layers": [2, 1]}, "data": data})
    assert plan.x.tolist() == [[1e30, 0.5]]
    for huge in (1e308, 1.7976931348623157e308, 10**308):
        assert read_plan(
            {"network": {"layers": [1, 1]}, "data": {"x": [[huge]], "d": [[0]]}}
        ).x.tolist() == [[float(huge)]]


# Running ----------------------------------------------------------------------------------------


def test_a_plan_is_a_network_and_its_training():
    run = run_plan(SHORT)
    network = Network([2, 4, 1])
    other = network.train(XOR["x"], XOR["d"], epochs=3, snapshots=[2, 12])
    np.testing.assert_array_equal(run.cost, other.cost)
    for found, wanted in zip([*run.weights, *run.biases], [*network.weights, *network.biases]):
        np.testing.assert_array_equal(found, wanted)
    assert [kept.updates for kept in run.snapshots] == [2, 12]


def test_a_batch_of_null_is_all_rows():
    plan = read_plan({"training": {"epochs": 3, "batch_size": None}})
    assert plan.to_dict()["training"]["batch_size"] == 4
    assert run_plan(plan).updates == 3


def test_running_a_plan_twice_gives_the_same():
    plan = read_plan({**SHORT, "training": {"epochs": 2, "optimizer": {"name": "adam"}}})
    np.testing.assert_array_equal(run_plan(plan).cost, run_plan(plan).cost)


# Writing ----------------------------------------------------------------------------------------

# Section 8, in its order.
KEYS = [
    "format",
    "engine",
    "version",
    "updates",
    "seconds",
    "initial_cost",
    "cost",
    "final_cost",
    "outputs",
    "errors",
    "weights",
    "biases",
    "fingerprint",
]


def test_the_keys_of_a_run_file(tmp_path):
    path = tmp_path / "run.json"
    write_run(run_plan({**SHORT, "training": {"epochs": 2}}), path)
    run = json.loads(path.read_text())
    assert list(run) == KEYS
    assert run["format"] == "twinprop-run/1"
    assert (run["engine"], run["version"], run["updates"]) == ("python", __version__, 8)
    assert path.read_bytes().endswith(b"}\n")

    write_run(run_plan(SHORT), path)
    run = json.loads(path.read_text())
    assert list(run) == [*KEYS, "snapshots"]
    for snapshot in run["snapshots"]:
        assert list(snapshot) == ["updates", "cost", "weights", "biases"]


def test_numbers_read_back_exactly(tmp_path):
    run = run_plan(SHORT)
    path = tmp_path / "run.json"
    write_run(run, path)
    read = json.loads(path.read_text())
    again = run_from_dict(read)
    assert run_to_dict(again) == run_to_dict(run) == read
    np.testing.assert_array_equal(again.weights[0], run.weights[0])
    np.testing.assert_array_equal(again.outputs, run.outputs)
    assert isinstance(again, Run)


def test_one_unit_layers_stay_lists():
    plan = {"network": {"layers": [1, 1]}, "training": {"epochs": 1}}
    run = run_to_dict(run_plan({**plan, "data": {"x": [[1]], "d": [[0]]}}))
    for name in ("outputs", "errors"):
        assert len(run[name]) == len(run[name][0]) == 1
    assert len(run["weights"][0][0]) == len(run["biases"][0]) == len(run["cost"]) == 1


def test_a_run_that_is_not_finite_is_not_written(tmp_path):
    run = run_plan(SHORT)
    run.outputs[0, 0] = math.nan
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_run(run, tmp_path / "run.json")
    assert list(tmp_path.iterdir()) == []


def test_another_format_is_refused():
    with pytest.raises(InputError) as caught:
        run_from_dict({"format": "twinprop-run/2"})
    assert str(caught.value) == 'format must be "twinprop-run/1", got "twinprop-run/2"'
    with pytest.raises(InputError, match=r"got null$"):
        run_from_dict({})


def test_standard_output(capsys):
    write_run(run_plan(SHORT), "-")
    out, err = capsys.readouterr()
    assert err == ""
    assert json.loads(out)["updates"] == 12


def test_a_file_is_replaced_and_nothing_else_is_left(tmp_path):
    path = tmp_path / "run.json"
    path.write_text("before")
    write_whole(path, "after\n")
    assert path.read_text() == "after\n"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no umask")
@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002])
def test_a_file_has_the_permissions_of_any_new_file(tmp_path, umask):
    before = os.umask(umask)
    try:
        write_whole(tmp_path / "run.json", "")
        assert os.umask(umask) == umask
    finally:
        os.umask(before)
    mode = stat.S_IMODE((tmp_path / "run.json").stat().st_mode)
    assert mode == 0o666 & ~umask


def test_a_missing_folder(tmp_path):
    path = tmp_path / "missing" / "run.json"
    with pytest.raises(InputError) as caught:
        write_run(run_plan(SHORT), path)
    assert str(caught.value) == f'cannot write "{path}": No such file or directory'
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_the_place_of_the_file(tmp_path):
    path = tmp_path / "run.json"
    path.mkdir()
    with pytest.raises(InputError, match=r"^cannot write "):
        write_whole(path, "text")
    assert list(tmp_path.iterdir()) == [path]


def test_the_old_file_stays_when_writing_fails(tmp_path, monkeypatch):
    path = tmp_path / "run.json"
    path.write_text("before")

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError) as caught:
        write_whole(path, "after")
    assert str(caught.value) == f'cannot write "{path}": No space left on device'
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_an_interruption_leaves_no_temporary_file(tmp_path, monkeypatch):
    def interrupt(handle):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_whole(tmp_path / "run.json", "text")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pipes with names")
def test_what_is_no_file_is_written_to_and_never_replaced(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_whole(pipe, "text")
        assert os.read(reader, 10) == b"text"
    finally:
        os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode)


@pytest.mark.skipif(os.name == "nt", reason="Windows asks for rights to make links")
def test_a_link_stays_a_link(tmp_path):
    target, link = tmp_path / "target.json", tmp_path / "link.json"
    target.write_text("before")
    link.symlink_to(target)
    write_whole(link, "after")
    assert link.is_symlink()
    assert target.read_text() == "after"
