"""What importing the package brings with it. Twins: none; R and JavaScript import nothing."""

import ast
import importlib
import inspect
import subprocess
import sys

import pytest

import twinprop

OPTIONAL = ["pandas", "narwhals", "rpy2", "torch", "sklearn", "onnx", "matplotlib", "tqdm"]
#: Of ours and Python's own: what a first fit can do without.
HEAVY = ["twinprop.encoding", "twinprop.plots", "http.server", "concurrent.futures"]

RUN = (
    "twinprop.run_plan({'training': {'epochs': 2}, 'data': {'dataset': 'iris'}, "
    "'network': {'layers': [4, 3]}})"
)


@pytest.mark.parametrize("then", ["pass", RUN, "twinprop.Network([2, 1]).predict([[0, 1]])"])
def test_nothing_optional_is_imported(then):
    code = f"import sys, twinprop; {then}; print(*[m for m in {OPTIONAL} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout.strip(), done.stderr) == ("", "")


def test_a_first_fit_brings_little():
    fit = "from twinprop import Network; Network([1, 1]).train([[0], [1]], [[0], [1]], epochs=100)"
    code = f"import sys; {fit}; print(*[m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_tools_see_the_names_that_are_loaded_when_asked_for():
    tree = ast.parse(inspect.getsource(twinprop))
    (for_tools,) = (node for node in tree.body if isinstance(node, ast.If))
    seen = {
        (node.module, alias.name)
        for node in for_tools.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    homes = {(f"twinprop.{module}", name) for name, module in twinprop._HOMES.items()}
    assert seen == homes
    names = {name for _, name in seen} - set(twinprop._NAMES["estimators"])
    assert names | {"__version__"} == set(twinprop.__all__)


@pytest.mark.parametrize("name", ["explain", "play", "diagnose", "exercise", "compare_rules"])
def test_a_function_is_not_hidden_by_its_module(name):
    module = importlib.import_module(f"twinprop.{name}")
    assert inspect.ismodule(module)
    assert getattr(twinprop, name) is getattr(module, name)
    code = f"import twinprop.{name}; print(callable(twinprop.{name}), twinprop.plots.__name__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True twinprop.plots"


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
