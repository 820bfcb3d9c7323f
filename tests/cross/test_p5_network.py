"""The best-known p5.js network, by numbers that its own code printed."""

import json
from pathlib import Path

import pytest

from conformance import AFTER_ONE_UPDATE, assert_group
from engine_runs import run_on
from twinprop.plan import check_plan

P5 = json.loads((Path(__file__).parent / "p5_network.json").read_text())

# Its sums run in the same order and its exp is V8's: a thousand updates stay within a few ulp.
TOLERANCE = AFTER_ONE_UPDATE


@pytest.mark.parametrize("name", ["python", "r", "rscript", "js", "torch"])
def test_every_engine_reproduces_it(name):
    plan = {
        "network": {"layers": [2, 4, 1], **P5["start"]},
        "training": {
            "cost": "half_sse",
            "rule": "transpose",
            "update_order": "output_first",
            "optimizer": {"learning_rate": P5["learning_rate"]},
            "batch_size": 1,
            "epochs": 250,
            "snapshots": [1, 10, 1000],
        },
        "data": {"x": P5["x"], "d": P5["d"]},
    }
    run = run_on(name, check_plan(plan))
    assert len(run.snapshots) == len(P5["snapshots"]) == 3
    for kept, printed in zip(run.snapshots, P5["snapshots"]):
        assert kept.updates == printed["updates"]
        assert_group(
            [kept.weights, kept.biases],
            [printed["weights"], printed["biases"]],
            TOLERANCE,
            f"{name}: after {kept.updates} updates",
        )


@pytest.mark.parametrize(
    "change",
    [{"rule": "gradient"}, {"update_order": "simultaneous"}, {"cost": "mse"}],
    ids=["by the gradient", "all at once", "another cost"],
)
def test_nothing_else_reproduces_it(change):
    training = {"cost": "half_sse", "rule": "transpose", "update_order": "output_first"} | change
    plan = {
        "network": {"layers": [2, 4, 1], **P5["start"]},
        "training": {
            **training,
            "optimizer": {"learning_rate": P5["learning_rate"]},
            "epochs": 1,
            "snapshots": [1],
        },
        "data": {"x": P5["x"], "d": P5["d"]},
    }
    kept, printed = run_on("python", check_plan(plan)).snapshots[0], P5["snapshots"][0]
    with pytest.raises(AssertionError, match="differs by"):
        assert_group(
            [kept.weights, kept.biases],
            [printed["weights"], printed["biases"]],
            TOLERANCE,
            "after 1 update",
        )
