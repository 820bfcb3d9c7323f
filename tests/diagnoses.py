"""The diagnosis cases of tests/cases/diagnose, and how Python is asked about them."""

import json

import numpy as np

from conformance import CASES
from twinprop import Network, Run, diagnose
from twinprop.plan import read_plan, train_plan


def diagnosis_cases():
    """All cases by name: what fires, and what nearly does."""
    files = sorted((CASES / "diagnose").glob("*.json"))
    return {case["name"]: case for path in files for case in json.loads(path.read_text())}


def model_of(case):
    """The run or the network of a case, and x and d."""
    if "training" not in case:
        return Network(**case["network"]), case["data"]["x"], case["data"]["d"]
    plan = read_plan({key: case[key] for key in ("network", "training", "data")})
    if "history" not in case:
        return train_plan(plan), plan.x, plan.d
    network, given = Network(**plan.network), case["history"]
    outputs = network.predict(plan.x)
    run = Run(
        engine="python",
        updates=given["updates"],
        seconds=0.0,
        initial_cost=given["initial_cost"],
        cost=np.array(given["cost"], dtype=float),
        final_cost=given["final_cost"],
        outputs=outputs,
        errors=outputs - plan.d,
        weights=network.weights,
        biases=network.biases,
        network=network,
        settings={key: value for key, value in plan.training.items() if key != "snapshots"},
    )
    return run, plan.x, plan.d


def diagnose_case(case):
    """Python's diagnosis of a case."""
    return diagnose(*model_of(case), cost=case.get("cost"))
