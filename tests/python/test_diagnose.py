"""The diagnosis: each finding fires and nearly does, its mend mends, what works is left in peace.
Twins: tests/testthat/test-diagnose.R, tests/js/diagnose.test.js."""

import copy
import dataclasses
import json
import re
import subprocess
import sys
import time
import warnings

import numpy as np
import pytest

import twinprop
from conformance import AFTER_ONE_UPDATE
from diagnoses import diagnose_case, diagnosis_cases, model_of
from twinprop import (
    Diagnosis,
    DivergenceError,
    InputError,
    Network,
    Optimizer,
    TwinpropWarning,
    diagnose,
    run_plan,
    write_run,
)
from twinprop.__main__ import main
from twinprop.costs import COSTS, cost_function
from twinprop.datasets import dataset_plan_data
from twinprop.diagnose import FEWEST_UPDATES, FINDERS, not_learned, shown
from twinprop.engines import ENGINES
from twinprop.plan import read_plan, run_from_dict, run_to_dict, train_plan

CASES = diagnosis_cases()
XOR_X = [[0, 0], [0, 1], [1, 0], [1, 1]]
XOR_D = [[0], [1], [1], [0]]

#: A plan whose network, without a hidden layer, cannot learn xor.
NO_HIDDEN = {"network": {"layers": [2, 1]}, "training": {"epochs": 25}}


@pytest.mark.parametrize("name", CASES)
def test_case(name):
    found, expected = diagnose_case(CASES[name]), CASES[name]["expected"]
    assert [row.kind for row in found.rows] == expected["kinds"], str(found)
    assert found.verdict.startswith(expected["verdict"])
    assert found.learned == found.verdict.startswith("LEARNED")
    messages = [row.message for row in found.rows]
    assert messages == expected.get("messages", messages)


def test_every_kind_fires_and_nearly_does():
    kinds = {kind for case in CASES.values() for kind in case["expected"]["kinds"]}
    # no_better_than_mean and no_better_than_largest_class come from one function
    assert len(kinds) == len(FINDERS) + 1
    for kind in kinds:
        assert any(kind in c["expected"]["kinds"] for n, c in CASES.items() if "miss" not in n)
        misses = [c for n, c in CASES.items() if n.startswith(f"{kind}: miss")]
        assert misses, kind
        assert all(kind not in case["expected"]["kinds"] for case in misses)


def test_the_order_is_that_of_the_contract():
    order = list(dict.fromkeys(kind for kind in _contract_kinds()))
    for case in CASES.values():
        kinds = case["expected"]["kinds"]
        assert kinds == sorted(kinds, key=order.index)


def _contract_kinds():
    root = twinprop.resources.Path(__file__).parents[2]
    section = (root / "docs" / "contract.md").read_text(encoding="utf-8").split("## 14.")[1]
    return re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)


# The mends.


def mended(kind, network, x, d, **settings):
    """Train, run the mend of one finding where network, x and d are the user's, and judge again."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TwinpropWarning)
        run = network.train(x, d, **settings)
    found = diagnose(run, x, d)
    [mend] = [row.mend for row in found.rows if row.kind == kind][:1]
    names = {"network": network, "x": x, "d": d}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TwinpropWarning)
        exec(mend, names)
    return found, diagnose(names["run"], names["x"], names["d"])


RNG = np.random.default_rng(1)
LARGE_X = np.round(RNG.uniform(50, 300, (40, 2)), 1)
LARGE_D = LARGE_X @ [[0.02], [0.05]] + 3
SMALL_X = (LARGE_X - 175) / 75
SMALL_D = (LARGE_D - LARGE_D.min()) / np.ptp(LARGE_D)
SAME = {"weights": [[[0.5, 0.5]] * 3, [[0.3] * 3]]}
ZERO = {"weights": [[[0, 0]] * 3, [[0] * 3]]}

MENDED = {
    "inputs_not_scaled": (Network([2, 4, 1]), LARGE_X, SMALL_D, {"epochs": 100}),
    "targets_out_of_range": (Network([2, 4, 1]), SMALL_X, LARGE_D, {"epochs": 100}),
    "learning_rate_too_large": (
        Network([2, 4, 1], seed=3),
        XOR_X,
        XOR_D,
        {"optimizer": Optimizer(learning_rate=60), "epochs": 500},
    ),
    "learning_rate_too_small": (
        Network([2, 4, 1], ["tanh", "identity"]),
        SMALL_X,
        SMALL_D,
        {"optimizer": Optimizer("adam", learning_rate=1e-7), "epochs": 200, "batch_size": 8},
    ),
    "symmetric_weights": (Network([2, 3, 1], **SAME), XOR_X, XOR_D, {"epochs": 2000}),
    "zero_weights": (Network([2, 3, 1], "tanh", **ZERO), XOR_X, XOR_D, {"epochs": 500}),
    "dead_units": (
        Network([2, 4, 1], ["relu", "identity"], biases=[[-9] * 4, [0]]),
        SMALL_X,
        SMALL_D,
        {"epochs": 20, "optimizer": Optimizer(learning_rate=0.05)},
    ),
    "saturated_units": (
        Network([2, 3, 1], ["tanh", "identity"], biases=[[20, -20, 25], [0]]),
        SMALL_X,
        SMALL_D,
        {"epochs": 20, "optimizer": Optimizer(learning_rate=0.02)},
    ),
    "too_few_epochs": (
        Network([2, 4, 1], ["tanh", "identity"]),
        SMALL_X,
        LARGE_D,
        {"epochs": 38, "optimizer": Optimizer(learning_rate=0.0003)},
    ),
    "no_better_than_largest_class": (Network([2, 1]), XOR_X, XOR_D, {"epochs": 1000}),
}


@pytest.mark.parametrize("kind", MENDED)
def test_the_mend_lets_it_learn(kind):
    network, x, d, settings = MENDED[kind]
    network = copy.deepcopy(network)
    before, after = mended(kind, network, x, d, **copy.deepcopy(settings))
    assert not before.learned
    assert after.learned, f"{before}\n\n{after}"
    assert kind not in [row.kind for row in after.rows]


@pytest.mark.parametrize("name", [name for name in CASES if "training" in CASES[name]])
def test_every_mend_of_a_run_runs(name):
    run, x, d = model_of(CASES[name])
    for row in diagnose(run, x, d).rows:
        names = {"network": copy.deepcopy(run.network), "x": x, "d": d}
        if row.kind != "learning_rate_too_large" and "too_large" in name:
            continue  # with a rate that is too large it may diverge
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", TwinpropWarning)
            exec(row.mend, names)
        assert isinstance(names["run"], twinprop.Run)


@pytest.mark.parametrize("name", [name for name in CASES if "training" not in CASES[name]])
def test_every_mend_of_a_network_runs_and_its_finding_goes(name):
    network, x, d = model_of(CASES[name])
    cost = CASES[name].get("cost")
    for row in diagnose(network, x, d, cost=cost).rows:
        names = {"network": network, "x": x, "d": d}
        exec(row.mend, names)
        if row.kind.startswith("no_better") or row.mend.startswith("#"):
            continue  # which only training mends; or there is nothing left
        after = diagnose(names["network"], names["x"], names["d"], cost=cost)
        assert row.kind not in [other.kind for other in after.rows]


def test_scaled_targets_span_the_range():
    for output, span in (("sigmoid", (0, 1)), ("tanh", (-1, 1))):
        network, d = Network([1, 2], output), np.array([[10, 7], [20, 7], [40, 7]])
        found = diagnose(network, [[-1], [0], [1]], d)
        names = {"network": network, "x": [[-1], [0], [1]], "d": d}
        exec(found.rows[0].mend, names)
        assert (names["d"][:, 0].min(), names["d"][:, 0].max()) == span
        # what is constant stays so, in range
        assert span[0] <= names["d"][0, 1] <= span[1]


def test_the_mend_keeps_the_settings():
    network = Network([2, 4, 1], "tanh")
    run = network.train(
        SMALL_X,
        SMALL_D,
        rule="transpose",
        update_order="output_first",
        cost="mse",
        optimizer=Optimizer("adam", learning_rate=0, weight_decay=0.01, betas=(0.8, 0.9)),
        batch_size=5,
        epochs=3,
        shuffle=True,
        seed=7,
    )
    [mend] = [r.mend for r in diagnose(run, SMALL_X, SMALL_D).rows if "too_small" in r.kind]
    assert mend.splitlines() == [
        "from twinprop import Network, Optimizer",
        'network = Network([2, 4, 1], "tanh")',
        'run = network.train(x, d, cost="mse", rule="transpose", update_order="output_first", '
        'optimizer=Optimizer("adam", weight_decay=0.01, betas=(0.8, 0.9)), batch_size=5, epochs=3, '
        "shuffle=True, seed=7)",
    ]
    names = {"network": network, "x": SMALL_X, "d": SMALL_D}
    exec(mend, names)
    changed = {**run.settings, "optimizer": {**run.settings["optimizer"], "learning_rate": 0.001}}
    assert names["run"].settings == changed


# What works is left in peace.


@pytest.mark.parametrize(
    ("dataset", "epochs", "rate", "true"),
    [
        ("xor", 2000, 0.5, []),
        ("iris", 300, 0.1, []),
        ("penguins", 100, 0.1, []),
        ("wine", 100, 0.1, []),
        # three pixels are always empty
        ("digits", 30, 0.1, ["constant_columns"]),
    ],
)
@pytest.mark.parametrize("hidden", ["sigmoid", "tanh", "relu"])
def test_trainings_that_work(dataset, epochs, rate, true, hidden):
    data = dataset_plan_data(dataset, "dataset")
    inputs, outputs = data.x.shape[1], data.d.shape[1]
    output = "softmax" if outputs > 1 else "sigmoid"
    network = Network([inputs, 8, outputs], [hidden, output])
    run = network.train(  # a warning would be an error
        data.x,
        data.d,
        cost="cross_entropy",
        optimizer=Optimizer(learning_rate=rate),
        batch_size=16 if len(data.x) > 16 else 1,
        epochs=epochs,
        shuffle=True,
    )
    found = diagnose(run, data.x, data.d)
    assert found.learned
    # a relu unit may die and the others learn
    dead = ["dead_units"] if (hidden, dataset) == ("relu", "xor") else []
    assert [row.kind for row in found.rows] == [*dead, *true]
    assert not_learned(run, data.x, data.d) is None


def test_learned_is_judged_without_the_penalty():
    x = d = [[-1.0], [1.0]]
    network = Network([1, 1], "identity", weights=[[[0.5]]])
    run = network.train(
        x, d, optimizer=Optimizer(weight_decay=0.9, learning_rate=0.1), batch_size=None, epochs=100
    )
    # w = 1 / 1.9 costs (1 - w)^2 / 2 = 0.112 and 0.45 w^2 = 0.125 of penalty
    assert run.final_cost == pytest.approx(0.5 * (0.9 / 1.9) ** 2 + 0.45 / 1.9**2, rel=1e-6)
    assert diagnose(run, x, d).cost == pytest.approx(0.5 * (0.9 / 1.9) ** 2, rel=1e-6)


@pytest.mark.parametrize("cost", COSTS)
@pytest.mark.parametrize("outputs", [1, 3])
def test_no_constant_is_better_than_the_best(cost, outputs):
    """The constant's cost is a minimum: outputs moved from it cost more, and it is their mean."""
    output = "sigmoid" if cost == "cross_entropy" else "identity"
    network = Network([1, outputs], output, weights=[np.zeros((outputs, 1))])
    rng = np.random.default_rng(outputs)
    d = rng.uniform(0, 1, (7, outputs)).round(rng.integers(0, 2))
    found = diagnose(network, np.arange(7.0)[:, np.newaxis], d, cost=cost)
    mean = d.mean(axis=0)
    best = np.log(mean / (1 - mean)) if output == "sigmoid" else mean
    function = cost_function(cost, output)

    def at(move):
        z = np.tile(best + move, (7, 1))
        a = 1 / (1 + np.exp(-z)) if output == "sigmoid" else z
        return function.value(z, a, d).mean()

    assert found.constant_cost == pytest.approx(at(0), rel=AFTER_ONE_UPDATE)
    assert all(at(move) > at(0) for move in rng.normal(0, 0.1, (20, outputs)))


def test_softmax_costs_the_entropy_of_the_shares():
    d = np.eye(3)[[0, 0, 0, 1, 2, 2]]
    found = diagnose(Network([1, 3], "softmax"), np.arange(6.0)[:, np.newaxis], d)
    shares = np.array([3, 1, 2]) / 6
    assert found.constant_cost == pytest.approx(-(shares * np.log(shares)).sum(), rel=1e-15)


# The warning.


def test_training_warns_once_where_it_was_called():
    network = Network([2, 1])
    with pytest.warns(TwinpropWarning) as caught:
        run = network.train(XOR_X, XOR_D, epochs=25)
    [warning] = caught
    assert warning.filename == __file__
    found = diagnose(run, XOR_X, XOR_D)
    assert str(warning.message).splitlines() == [
        found.verdict,
        "diagnose(run, x, d) shows the code that mends what was found:",
        *[f"{row.kind}: {row.message}" for row in found.rows],
    ]
    assert found.rows


def test_a_plan_warns_where_it_was_called():
    with pytest.warns(TwinpropWarning, match="NOT LEARNED") as caught:
        run_plan(NO_HIDDEN)
    assert [warning.filename for warning in caught] == [__file__]


def test_fewer_than_100_updates_are_not_judged():
    assert FEWEST_UPDATES == 100
    Network([2, 1]).train(XOR_X, XOR_D, epochs=24)  # a warning would be an error
    Network([2, 1]).train(XOR_X, XOR_D, epochs=99, batch_size=None)
    with pytest.warns(TwinpropWarning):
        Network([2, 1]).train(XOR_X, XOR_D, epochs=100, batch_size=None)


def test_an_interrupted_training_is_not_judged():
    with pytest.warns(TwinpropWarning):
        run = Network([2, 1]).train(XOR_X, XOR_D, epochs=50)
    assert not_learned(run, XOR_X, XOR_D) is not None
    part = dataclasses.replace(run, cost=run.cost[:40], updates=160)
    assert not_learned(part, XOR_X, XOR_D) is None


def test_constant_targets_are_not_judged():
    Network([2, 2, 1]).train(XOR_X, [0.5] * 4, epochs=50)


def test_a_vector_of_targets_will_do():
    with pytest.warns(TwinpropWarning):
        run = Network([2, 1]).train(XOR_X, [0, 1, 1, 0], epochs=25)
    assert not diagnose(run, XOR_X, [0, 1, 1, 0]).learned


def test_engines_are_silent():
    plan = read_plan(NO_HIDDEN)
    run = ENGINES["python"].run(plan)
    assert run.updates == 100
    assert train_plan(plan).final_cost == run.final_cost


def test_the_command_line_prints_it(tmp_path, capsys):
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(NO_HIDDEN))
    assert main(["run", str(path)]) == 0
    out, err = capsys.readouterr()
    run = run_from_dict(json.loads(out))
    assert run.updates == 100
    assert err.startswith("Warning: NOT LEARNED: the cost ")
    assert err.splitlines()[1] == "diagnose(run, x, d) shows the code that mends what was found:"
    assert "no_better_than_largest_class: " in err


def test_a_run_that_is_fine_costs_no_time():
    network = Network([64, 16, 10], ["sigmoid", "softmax"])
    data = dataset_plan_data("digits", "dataset")
    run = network.train(data.x, data.d, cost="cross_entropy", batch_size=32, epochs=2)
    times = []
    for _ in range(5):
        started = time.perf_counter()
        assert not_learned(run, data.x, data.d) is None
        times.append(time.perf_counter() - started)
    assert min(times) < 0.1 * run.seconds


# What a run knows.


def test_a_run_knows_its_network_and_its_settings():
    network = Network([2, 2, 1])
    run = network.train(XOR_X, XOR_D, epochs=3, batch_size=None, optimizer="momentum", seed=5)
    assert run.settings == {
        "cost": "half_mse",
        "rule": "gradient",
        "update_order": "simultaneous",
        "optimizer": {
            "name": "momentum",
            "learning_rate": 0.5,
            "weight_decay": 0.0,
            "momentum": 0.9,
            "nesterov": False,
        },
        "batch_size": 4,
        "epochs": 3,
        "shuffle": False,
        "seed": 5,
        "sample_weight": None,
        "dropout": 0.0,
        "clip_norm": None,
        "schedule": None,
        "arithmetic": "fast",
    }
    assert run.network is not network
    np.testing.assert_array_equal(run.network.parameters, network.parameters)
    network.train(XOR_X, XOR_D, epochs=1)
    np.testing.assert_array_equal(run.network.weights[0], run.weights[0])


def test_what_it_knows_is_not_in_its_file(tmp_path):
    run = train_plan(read_plan({"training": {"epochs": 2}}))
    write_run(run, tmp_path / "run.json")
    written = json.loads((tmp_path / "run.json").read_text())
    assert set(written) & {"network", "settings"} == set()
    again = run_from_dict(written)
    assert again.network is None
    assert again.settings is None
    assert set(run_to_dict(run)) == set(written)


def test_bad_arguments_are_refused_by_name():
    network = Network([2, 1])
    run = train_plan(read_plan({"training": {"epochs": 1}}))
    bare = run_from_dict(run_to_dict(run))
    for model, cost, message in [
        (3, None, "model must be a Run or a Network, got 3"),
        (None, None, "model must be a Run or a Network, got null"),
        (network, "sse", 'cost must be one of "half_mse", "half_sse", "mse", "cross_entropy", '
         'got "sse"'),
        (run, "mse", 'cost must be null or the run\'s own, "half_mse", got "mse"'),
        (bare, None, "model must be a run that knows its network and its settings; one that is "
         "read from a file does not"),
    ]:  # fmt: skip
        with pytest.raises(InputError) as caught:
            diagnose(model, XOR_X, XOR_D, cost=cost)
        assert str(caught.value) == message
    with pytest.raises(InputError, match="x row 1 must have 2 values, got 1"):
        diagnose(network, [[1]], [[1]])
    with pytest.raises(InputError, match=r"d must have as many rows as x \(4\), got 1"):
        diagnose(network, XOR_X, [[1]])
    huge = Network([1, 1], "identity", weights=[[[1e200]]])
    with pytest.raises(DivergenceError, match="the cost is NaN or Inf at these weights"):
        diagnose(huge, [[1], [2]], [[1], [2]])


def test_nothing_is_changed():
    run, x, d = model_of(CASES["learning_rate_too_small: a training, xor"])
    before, settings = run.network.parameters.copy(), copy.deepcopy(run.settings)
    x_before = x.copy()
    diagnose(run, x, d)
    np.testing.assert_array_equal(run.network.parameters, before)
    np.testing.assert_array_equal(x, x_before)
    assert run.settings == settings


# What is shown.


def test_the_result():
    found = diagnose(Network([2, 1]), XOR_X, np.multiply(XOR_D, 3))
    assert isinstance(found, Diagnosis)
    assert list(found.findings.columns) == ["kind", "message", "mend"]
    assert found.findings.kind.tolist() == ["targets_out_of_range", "no_better_than_mean"]
    assert str(found) == repr(found) == found.text
    assert found.text.splitlines()[:4] == [
        "Diagnosis of a 2-1 network (sigmoid), cost half_mse",
        found.verdict,
        "",
        f"1. targets_out_of_range: {found.rows[0].message}",
    ]
    learned = diagnose(Network([1, 1], "identity", weights=[[[1]]]), [[1], [2]], [[1], [2]])
    assert learned.findings.shape == (0, 3)
    assert learned.text.endswith("\n\nNothing found that keeps it from learning.")
    with pytest.raises(AttributeError):
        learned.learned = False


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (0.0, 3, "0"),
        (-0.0, 3, "0"),
        (1.125, 3, "1.12"),
        (1.125 + 2**-52, 3, "1.12"),
        (1.125 - 2**-53, 3, "1.12"),
        (1.375, 3, "1.38"),
        (2853.2, 3, "2.85e+03"),
        (-125.4884, 6, "-125.488"),
        (1.5e-5, 3, "1.5e-05"),
        (99999.95, 3, "1e+05"),
    ],
)
def test_numbers_are_short_and_forget_the_last_bit(value, digits, text):
    assert shown(value, digits) == text


def test_a_cost_that_is_rounding_is_not_shown():
    network = Network([1, 1], "identity", weights=[[[1 + 2**-30]]])
    assert diagnose(network, [[-1], [1]], [[-1], [1]]).verdict.startswith("LEARNED: the cost 0 is")


def test_importing_loads_no_pandas():
    code = (
        "import sys, twinprop as tp; n = tp.Network([1, 1]); "
        "str(tp.diagnose(n, [[1], [2]], [[1], [2]])); print('pandas' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
