"""Recorded steps. Twins: tests/testthat/test-recorder.R, tests/js/recorder.test.js."""

import itertools
import json
import math
from contextlib import nullcontext

import numpy as np
import pandas as pd
import pytest

from twinprop import (
    DenominatorError,
    DivergenceError,
    InputError,
    Network,
    Optimizer,
    Recording,
    read_plan,
    run_plan,
    training,
    write_run,
)
from twinprop.plan import run_from_dict
from twinprop.recorder import LIMIT, RecordedStep, Recorder, step_size

# A central difference with this step errs by STEP^2 and by 1e-16 / STEP of what it differences.
STEP = 1e-5
DIFFERENCES = 1e-8

X = np.array([[0.1, 0.9], [0.8, 0.3], [0.5, -0.4], [-0.7, 0.6], [0.25, 0.2]])
D = np.array([[0.2, 0.7], [0.8, 0.4], [0.6, 0.1], [0.3, 0.9], [0.5, 0.35]])
LISTS = ("weights", "biases", "e", "grad_weights", "grad_biases")


def network():
    return Network([2, 3, 2], ["tanh", "sigmoid"], seed=3)


def updates_of(recording):
    return [step.update for step in recording]


def assert_same_step(found, wanted):
    assert (found.update, found.epoch, found.cost) == (wanted.update, wanted.epoch, wanted.cost)
    np.testing.assert_array_equal(found.rows, wanted.rows)
    for name in LISTS:
        for p, q in zip(getattr(found, name), getattr(wanted, name), strict=True):
            np.testing.assert_array_equal(p, q)


# What a step holds -------------------------------------------------------------------------------


def test_two_steps_by_hand():
    # One weight w = 2, b = 1, identity, half_mse with K = 1, weight decay 0.5, eta 0.5.
    # Update 1, x = 3, d = 5: a = 2 * 3 + 1 = 7, e = 2, delta = 2; the gradients are 6 and 2; the
    # cost is 2^2 / 2 + 0.5 / 2 * 2^2 = 3. w = 2 - 0.5 (6 + 0.5 * 2) = -1.5, b = 1 - 0.5 * 2 = 0.
    # Update 2, x = -2, d = 2: a = 3, e = 1; the gradients are -2 and 1; the cost is
    # 1 / 2 + 0.25 * 2.25 = 1.0625.
    net = Network([1, 1], "identity", weights=[[[2.0]]], biases=[[1.0]])
    optimizer = Optimizer("sgd", learning_rate=0.5, weight_decay=0.5)
    run = net.train([[3], [-2]], [[5], [2]], optimizer=optimizer, epochs=1, record="steps")
    one, two = run.recording
    assert (one.update, one.epoch, one.rows.tolist(), one.cost) == (1, 1, [1], 3.0)
    assert [getattr(one, name)[0].tolist() for name in LISTS] == [
        *([[2.0]], [1.0], [[2.0]]),
        *([[6.0]], [2.0]),
    ]
    assert (two.update, two.epoch, two.rows.tolist(), two.cost) == (2, 1, [2], 1.0625)
    assert [getattr(two, name)[0].tolist() for name in LISTS] == [
        *([[-1.5]], [0.0], [[1.0]]),
        *([[-2.0]], [1.0]),
    ]


@pytest.mark.parametrize("order", ["simultaneous", "output_first"])
@pytest.mark.parametrize("rule", ["gradient", "transpose", "proportional_abs"])
@pytest.mark.parametrize(
    ("batch_size", "shuffle"), [(1, True), (2, False), (2, True), (None, True)]
)
def test_every_step_is_that_of_the_network_that_is_stepped(order, rule, batch_size, shuffle):
    how = {"rule": rule, "update_order": order, "cost": "half_sse"}
    settings = {"learning_rate": 0.02, "weight_decay": 0.1}
    run = network().train(
        X,
        D,
        **how,
        batch_size=batch_size,
        shuffle=shuffle,
        epochs=3,
        optimizer=Optimizer("adam", **settings),
        record="steps",
    )
    assert updates_of(run.recording) == list(range(1, run.updates + 1))
    stepped, optimizer = network(), Optimizer("adam", **settings)
    seen = {1: [], 2: [], 3: []}
    for step in run.recording:
        seen[step.epoch] += step.rows.tolist()
        for p, q in zip([*step.weights, *step.biases], [*stepped.weights, *stepped.biases]):
            np.testing.assert_array_equal(p, q)
        x, d = X[step.rows - 1], D[step.rows - 1]
        cost = stepped.mean_cost(x, d, cost="half_sse", weight_decay=0.1)
        assert step.cost == pytest.approx(cost, rel=1e-14)
        backward = stepped.step(x, d, **how, optimizer=optimizer).backward
        for name in ("e", "grad_weights", "grad_biases"):
            for p, q in zip(getattr(step, name), getattr(backward, name), strict=True):
                np.testing.assert_array_equal(p, q)
    # Each epoch goes through all rows, in an order of its own.
    assert all(sorted(rows) == [1, 2, 3, 4, 5] for rows in seen.values())
    assert (seen[1] == [1, 2, 3, 4, 5]) is not shuffle


def test_the_gradients_are_those_of_differences_of_the_cost():
    run = network().train(X, D, epochs=2, batch_size=2, record=2)
    for step in run.recording:
        rows = step.rows - 1
        for which, gradients in (
            ("weights", step.grad_weights),
            ("biases", step.grad_biases),
        ):
            for i, gradient in enumerate(gradients):
                for at in np.ndindex(gradient.shape):
                    costs = []
                    for move in (STEP, -STEP):
                        moved = {
                            name: [values.copy() for values in getattr(step, name)]
                            for name in ("weights", "biases")
                        }
                        moved[which][i][at] += move
                        there = Network([2, 3, 2], ["tanh", "sigmoid"], **moved)
                        costs.append(there.mean_cost(X[rows], D[rows]))
                    difference = (costs[0] - costs[1]) / (2 * STEP)
                    assert gradient[at] == pytest.approx(difference, abs=DIFFERENCES)


# In fast arithmetic the kernel would train the one and numpy, which records, the other.
@pytest.mark.parametrize("arithmetic", ["fast", "portable"])
def test_recording_changes_nothing_of_the_training(monkeypatch, arithmetic):
    if arithmetic == "fast":
        monkeypatch.setenv("TWINPROP_KERNEL", "off")
    settings = {"epochs": 4, "batch_size": 2, "shuffle": True, "snapshots": [3, 8]}
    settings["arithmetic"] = arithmetic
    one, other = network(), network()
    plain = one.train(X, D, **settings, optimizer="adam")
    recorded = other.train(X, D, **settings, optimizer="adam", record=2)
    np.testing.assert_array_equal(one.parameters, other.parameters)
    np.testing.assert_array_equal(plain.cost, recorded.cost)
    assert plain.final_cost == recorded.final_cost
    assert [kept.cost for kept in plain.snapshots] == [kept.cost for kept in recorded.snapshots]
    assert plain.recording is None


def test_a_recording_is_its_own():
    net = network()
    run = net.train(X, D, epochs=1, record=2)
    kept = json.dumps([values.tolist() for step in run.recording for values in step.weights])
    steps = [step.grad_weights[0] for step in run.recording]
    assert not any((p == q).all() for p, q in itertools.combinations(steps, 2))
    net.train(X, D, epochs=1)
    assert kept == json.dumps(
        [values.tolist() for step in run.recording for values in step.weights]
    )


# Which steps there are ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("record", "interval", "updates"),
    [
        ("steps", 1, [1, 2, 3, 4, 5, 6]),
        (1, 1, [1, 2, 3, 4, 5, 6]),
        (2, 2, [1, 3, 5]),
        (np.int64(5), 5, [1, 6]),
        (6.0, 6, [1]),
        (10**9, 10**9, [1]),
    ],
)
def test_the_interval(record, interval, updates):
    run = network().train(X, D, epochs=2, batch_size=2, record=record)
    assert run.recording.interval == interval
    assert updates_of(run.recording) == updates
    assert run.recording.updates == 6
    assert [step.epoch for step in run.recording] == [1 + (u > 3) for u in updates]


def test_no_update_is_an_empty_recording():
    run = network().train(X, D, epochs=0, record="steps")
    assert len(run.recording) == 0
    assert repr(run.recording) == "Recording: 0 steps of 0 updates (interval 1)"
    assert run.recording.table.empty


def kept(rows, interval=1, layers=(1, 1), **limit):
    """The interval and the updates that are kept of updates with these numbers of rows."""
    recorder = Recorder(interval, layers, **limit)
    for update, m in enumerate(rows, 1):
        if update == recorder.due:
            step = RecordedStep(update, 1, np.zeros(m, int), 0.0, [], [], [], [], [])
            recorder.keep(step)
    recording = recorder.recording(len(rows))
    return recording.interval, updates_of(recording)


def test_the_size_of_a_step_by_hand():
    # 2-3-2: weights 6 + 6, biases 3 + 2: 17; units after the input: 5; two layers of five arrays.
    assert step_size([2, 3, 2], 1) == 2 * 17 + 1 + 5 + 2 * 5 * 32
    assert step_size([2, 3, 2], 4) == 2 * 17 + 4 * (1 + 5) + 2 * 5 * 32


# One step of a 1-1 network with one row: 2 * 2 + 1 * (1 + 1) + 160 numbers.
ONE = 166


@pytest.mark.parametrize(
    ("limit", "interval", "updates"),
    [
        # 1 2 3 | 1 3 5 | 1 5 9 | 1 9 17: where the fourth does not fit
        (3 * ONE, 8, [1, 9, 17]),
        (4 * ONE - 1, 8, [1, 9, 17]),
        # 1 2 3 4 | 1 3 5 7 | 1 5 9 13 | 1 9 17
        (4 * ONE, 8, [1, 9, 17]),
        # 1 ... 5 | 1 3 5, 7 9 | 1 5 9, 13 17
        (5 * ONE, 4, [1, 5, 9, 13, 17]),
        (20 * ONE - 1, 2, [1, 3, 5, 7, 9, 11, 13, 15, 17, 19]),
        (20 * ONE, 1, list(range(1, 21))),
        # 1 2 | 1 3 | 1 5 | 1 9 | 1 17: two however large
        (0, 16, [1, 17]),
    ],
)
def test_where_steps_do_not_fit_every_second_is_dropped(limit, interval, updates):
    assert kept([1] * 20, limit=limit) == (interval, updates)


def test_thinning_starts_from_the_interval_asked_for():
    # 1 4 7 | 1 7 13 | 1 13, and 19 is none of 1 + 12 j
    assert kept([1] * 20, interval=3, limit=3 * ONE) == (12, [1, 13])


def test_one_large_step_thins_out_more_than_once():
    # 1 2 3 4 of one row fit; the fifth has 200: 4 + 2 * 200 + 160 = 564. Beside 1 and 3 (332) it
    # makes 896, beside 1 alone 730: 1 3 | 1, and 5 is one of 1 + 4 j.
    assert kept([1, 1, 1, 1, 200], limit=4 * ONE + 66) == (4, [1, 5])
    assert kept([1, 1, 1, 1, 200], limit=896) == (2, [1, 3, 5])
    assert kept([1, 1, 1, 1, 200], limit=895) == (4, [1, 5])


def test_two_steps_are_left_when_the_large_one_is_none_of_the_new_interval():
    # 1 2 3 of one row, and the fourth does not fit: 1 3, and 4 is none of 1 + 2 j. They stay,
    # though it would not fit beside them either.
    assert kept([1, 1, 1, 200], limit=3 * ONE) == (2, [1, 3])


def test_a_training_keeps_to_the_limit():
    # 1-2000-1: 2 * (4000 + 2001) + 1 + 2001 + 2 * 160 = 14324 numbers a step, of which 585 fit in
    # 2^23. The 586th does not: 293 are left, 1, 3, ..., 585, and then 587, ..., 599.
    assert step_size([1, 2000, 1], 1) == 14324
    assert LIMIT // 14324 == 585
    net = Network([1, 2000, 1], "tanh")
    optimizer = Optimizer("sgd", learning_rate=1e-4)
    run = net.train([[0.5]], [[0.1]], epochs=600, optimizer=optimizer, record="steps")
    assert run.recording.interval == 2
    assert updates_of(run.recording) == list(range(1, 600, 2))
    assert repr(run.recording) == "Recording: 300 steps of 600 updates (interval 2)"


# Trainings that fail or are interrupted ----------------------------------------------------------


def test_a_training_that_diverges_has_the_steps_up_to_there():
    net = Network([2, 4, 1], "identity")
    xor = [[0, 0], [0, 1], [1, 0], [1, 1]], [[0], [1], [1], [0]]
    with pytest.raises(DivergenceError) as caught:
        net.train(*xor, optimizer=Optimizer("sgd", learning_rate=3), record="steps")
    recording = caught.value.recording
    epoch = int(str(caught.value).split("epoch ")[1].split(";")[0])
    assert epoch > 1
    assert updates_of(recording) == list(range(1, 4 * epoch + 1))
    # The failing epoch's first step has the weights that the network keeps.
    for p, q in zip(recording[4 * epoch - 4].weights, net.weights, strict=True):
        np.testing.assert_array_equal(p, q)
    assert not all(np.isfinite(w).all() for w in recording[-1].grad_weights)
    assert repr(recording) == f"Recording: {4 * epoch} steps of {4 * epoch} updates (interval 1)"


def test_a_final_cost_that_is_not_finite_has_all_steps():
    net = Network([1, 1], "identity", weights=[[[1.0]]])
    with pytest.raises(DivergenceError) as caught:
        net.train([[1]], [[0]], optimizer=Optimizer("sgd", learning_rate=1e200), epochs=1, record=1)
    assert updates_of(caught.value.recording) == [1]
    assert caught.value.recording[0].grad_weights[0].tolist() == [[1.0]]


@pytest.mark.parametrize("order", ["simultaneous", "output_first"])
def test_a_vanishing_denominator_has_the_steps_before(order):
    # Weights 2 and 1 into the output. Row 1 has e = 0 and moves nothing; row 2 (a = 1 and 4, output
    # 6) has e = 2: the output's weights move by -0.3 * 2 * (1, 4), to 1.4 and -1.4, which cancel.
    weights = [[[1.0], [4.0]], [[2.0, 1.0]]]
    net = Network([1, 2, 1], "identity", weights=weights)
    optimizer = Optimizer("sgd", learning_rate=0.3)
    x, d = [[0], [1]], [[0], [4]]
    # With output_first that is found in update 2 itself, which is then not whole.
    with pytest.raises(DenominatorError) as caught:
        net.train(
            x,
            d,
            rule="proportional",
            update_order=order,
            optimizer=optimizer,
            record="steps",
        )
    whole = [1, 2] if order == "simultaneous" else [1]
    assert updates_of(caught.value.recording) == whole
    assert caught.value.recording.updates == len(whole)
    assert caught.value.recording[0].weights[1].tolist() == [[2.0, 1.0]]


def test_without_recording_an_error_has_none():
    net = Network([1, 1], "identity", weights=[[[1.0]]])
    with pytest.raises(DivergenceError) as caught:
        net.train([[1]], [[0]], optimizer=Optimizer("sgd", learning_rate=1e200), epochs=1)
    assert caught.value.recording is None


def test_before_training_there_is_nothing_to_record():
    net = Network([1, 1], "identity", weights=[[[1e200]]])
    with pytest.raises(DivergenceError, match="before training") as caught:
        net.train([[1]], [[0]], record="steps")
    assert caught.value.recording is None


def test_an_interrupted_training_has_the_steps_of_whole_epochs(monkeypatch):
    passes = 0
    real = training.forward_pass

    def forward_pass(*arguments):
        nonlocal passes
        passes += 1
        if passes == 9:  # one for the initial cost, three in each epoch: in the middle of the third
            raise KeyboardInterrupt
        real(*arguments)

    monkeypatch.setattr(training, "forward_pass", forward_pass)
    net = network()
    with pytest.warns(UserWarning, match="after 2 epochs"):
        run = net.train(X, D, batch_size=2, record="steps")
    monkeypatch.undo()
    whole = network().train(X, D, batch_size=2, epochs=2, record="steps")
    assert repr(run.recording) == repr(whole.recording)
    for found, wanted in zip(run.recording, whole.recording, strict=True):
        assert_same_step(found, wanted)


def test_an_interruption_between_two_epochs_loses_no_step(monkeypatch):
    def show_progress(wanted, epochs):
        def show(epoch, cost):
            if epoch == 2:
                raise KeyboardInterrupt

        return nullcontext(show)

    monkeypatch.setattr(training, "show_progress", show_progress)
    with pytest.warns(UserWarning, match="after 2 epochs"):
        run = network().train(X, D, record=3)
    assert updates_of(run.recording) == [1, 4, 7, 10]
    assert run.recording.updates == 10


# The table and the sequence ----------------------------------------------------------------------


def test_the_table_by_hand():
    # 2-1-1, identity, half_sse; W = (1, 2), 3; b = 4, 5. Rows 2, then 1 of the shuffle are a batch.
    net = Network([2, 1, 1], "identity", weights=[[[1.0, 2.0]], [[3.0]]], biases=[[4.0], [5.0]])
    x, d = [[1.0, 0.0], [0.0, 1.0]], [[19.0], [25.0]]
    run = net.train(
        x, d, cost="half_sse", batch_size=None, epochs=1, shuffle=True, seed=1, record="steps"
    )
    order = run.recording[0].rows.tolist()
    assert sorted(order) == [1, 2]
    # Row 1: a = 5, 20, e = 1 and 3. Row 2: a = 6, 23, e = -2 and -6. Means of the gradients: out,
    # (5 - 12) / 2 = -3.5 and -0.5; in, (3, 0) and (0, -6): 1.5, -3 and -1.5.
    errors = {1: (3.0, 1.0), 2: (-6.0, -2.0)}
    none = pd.NA
    expected = pd.DataFrame(
        [
            (none, 2, 1, 1, "weight", 1.0),
            (none, 2, 2, 1, "weight", 2.0),
            (none, 2, none, 1, "bias", 4.0),
            *((row, 2, none, 1, "error", errors[row][0]) for row in order),
            (none, 2, 1, 1, "gradient_weight", 1.5),
            (none, 2, 2, 1, "gradient_weight", -3.0),
            (none, 2, none, 1, "gradient_bias", -1.5),
            (none, 3, 1, 1, "weight", 3.0),
            (none, 3, none, 1, "bias", 5.0),
            *((row, 3, none, 1, "error", errors[row][1]) for row in order),
            (none, 3, 1, 1, "gradient_weight", -3.5),
            (none, 3, none, 1, "gradient_bias", -0.5),
        ],
        columns=["sample", "layer", "from", "to", "quantity", "value"],
    ).astype({"sample": "Int64", "from": "Int64"})
    table = run.recording.table
    assert list(table.columns) == ["update", "epoch", *expected.columns]
    assert table["update"].tolist() == table["epoch"].tolist() == [1] * 14
    pd.testing.assert_frame_equal(table[list(expected.columns)], expected)


def test_the_table_has_every_number_of_every_step():
    run = network().train(X, D, epochs=3, batch_size=2, shuffle=True, record=2)
    table = run.recording.table
    assert [str(table[name].dtype) for name in ("update", "sample", "from", "value")] == [
        *("int64", "Int64", "Int64", "float64"),
    ]
    for step in run.recording:
        mine = table[table["update"] == step.update]
        assert set(mine["epoch"]) == {step.epoch}
        for name, quantity in zip(
            LISTS, ("weight", "bias", "error", "gradient_weight", "gradient_bias")
        ):
            for layer, values in enumerate(getattr(step, name), 2):
                part = mine[(mine["quantity"] == quantity) & (mine["layer"] == layer)]
                np.testing.assert_array_equal(part["value"], values.ravel())
                if quantity == "error":
                    assert part["sample"].tolist() == np.repeat(step.rows, len(values[0])).tolist()
        assert mine["sample"].notna().sum() == sum(e.size for e in step.e)
    empty = network().train(X, D, epochs=0, record=1).recording.table
    assert empty.dtypes.tolist() == table.dtypes.tolist()


def test_a_recording_is_a_sequence():
    recording = network().train(X, D, epochs=2, record=3).recording
    assert isinstance(recording, Recording)
    assert len(recording) == 4
    assert [step.update for step in reversed(recording)] == [10, 7, 4, 1]
    assert updates_of(recording[1:3]) == [4, 7]
    assert recording[-1] is recording[3]
    assert recording[2] in recording
    with pytest.raises(IndexError):
        recording[4]


def test_what_is_printed():
    run = network().train(X, D, epochs=8, record=3)
    assert repr(run.recording) == "Recording: 14 steps of 40 updates (interval 3)"
    step = run.recording[1]
    assert repr(step) == f"RecordedStep(update 4, epoch 1, 1 rows, cost {step.cost:.6g})"


# Plans, files and messages -----------------------------------------------------------------------


@pytest.mark.parametrize(("record", "read"), [(None, None), ("steps", 1), (7, 7), (3.0, 3)])
def test_a_plan_has_the_interval(record, read):
    plan = read_plan({"training": {"record": record}})
    assert plan.training["record"] == read
    assert read_plan(plan.to_dict()).training["record"] == read


def test_a_run_file_reads_back(tmp_path):
    path = tmp_path / "run.json"
    training_section = {"epochs": 3, "record": 2, "batch_size": 3, "shuffle": True}
    run = run_plan({"training": training_section})
    write_run(run, path)
    file = json.loads(path.read_text())
    assert list(file)[-1] == "recording"
    assert list(file["recording"]) == ["interval", "steps"]
    assert list(file["recording"]["steps"][0]) == ["update", "epoch", "rows", "cost", *LISTS]
    again = run_from_dict(file)
    assert repr(again.recording) == repr(run.recording)
    for found, wanted in zip(again.recording, run.recording, strict=True):
        assert_same_step(found, wanted)
    pd.testing.assert_frame_equal(again.recording.table, run.recording.table)


def test_without_recording_the_file_has_none(tmp_path):
    path = tmp_path / "run.json"
    write_run(run_plan({"training": {"epochs": 1}}), path)
    file = json.loads(path.read_text())
    assert "recording" not in file
    assert run_from_dict(file).recording is None


@pytest.mark.parametrize(
    ("record", "given"),
    [
        (0, "0"),
        (-1, "-1"),
        (2.5, "2.5"),
        (math.inf, "Inf"),
        (math.nan, "NaN"),
        (True, "true"),
        ("all", '"all"'),
        ([1], "a list of 1"),
        ({}, "an object"),
    ],
)
def test_other_values_are_refused(record, given):
    net = network()
    before = net.parameters.copy()
    with pytest.raises(InputError) as caught:
        net.train(X, D, record=record)
    assert str(caught.value) == f'record must be null, "steps" or an integer >= 1, got {given}'
    np.testing.assert_array_equal(net.parameters, before)
