"""What importing the package brings with it. Twins: none; R and JavaScript import nothing."""

import subprocess
import sys

import pytest

import twinprop

OPTIONAL = ["pandas", "narwhals", "rpy2", "torch", "sklearn", "matplotlib", "tqdm"]

RUN = (
    "twinprop.run_plan({'training': {'epochs': 2}, 'data': {'dataset': 'iris'}, "
    "'network': {'layers': [4, 3]}})"
)


@pytest.mark.parametrize("then", ["pass", RUN, "twinprop.Network([2, 1]).predict([[0, 1]])"])
def test_nothing_optional_is_imported(then):
    code = f"import sys, twinprop; {then}; print(*[m for m in {OPTIONAL} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout.strip(), done.stderr) == ("", "")


def test_pandas_is_imported_where_it_is_asked_for():
    code = f"import sys, twinprop; {RUN}.history; print('pandas' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True"


def test_public_names():
    for name in twinprop.__all__:
        assert hasattr(twinprop, name)
    # docs/parity.md
    promised = """TwinpropError InputError DivergenceError DenominatorError EngineError RandomStream
    ACTIVATIONS COSTS starting_weights Network RULES Optimizer OPTIMIZERS read_plan run_plan
    write_run
    dataset_names load_dataset crosscheck"""
    assert set(promised.split()) <= set(twinprop.__all__)
