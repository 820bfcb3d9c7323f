"""twinprop: one multilayer perceptron, native in Python, R and JavaScript.

The same starting weights, data and settings give the same errors, the same gradients and the same
updated weights in every language; `twinprop crosscheck` proves it.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

from twinprop.version import __version__

if TYPE_CHECKING:  # for tools; what is used is loaded when it is asked for, as below
    from twinprop.activations import ACTIVATIONS
    from twinprop.backprop import RULES, Backward, Forward
    from twinprop.code_writers import to_js_function, to_r_function, to_sql
    from twinprop.compare_rules import RuleComparison, compare_rules
    from twinprop.converters import (
        from_brain_js,
        from_keras_weights,
        from_sklearn,
        from_torch,
        from_toy_nn,
        to_keras_weights,
        to_sklearn,
        to_torch,
    )
    from twinprop.costs import COSTS
    from twinprop.crosscheck import crosscheck
    from twinprop.datasets import dataset_names, load_dataset
    from twinprop.diagnose import Diagnosis, diagnose
    from twinprop.engines import run_plan_on
    from twinprop.errors import (
        DenominatorError,
        DivergenceError,
        EngineError,
        InputError,
        TrainingError,
        TwinpropError,
        TwinpropWarning,
    )
    from twinprop.estimators import MLPClassifier as MLPClassifier
    from twinprop.estimators import MLPRegressor as MLPRegressor
    from twinprop.exercise import Exercise, Verdict, check_answer, exercise
    from twinprop.explain import Explanation, explain, explain_plan
    from twinprop.fingerprint import fingerprint
    from twinprop.gradcheck import GradientCheck, check_gradient
    from twinprop.model import Model
    from twinprop.model_file import read_model, write_model
    from twinprop.network import Network, starting_weights
    from twinprop.onnx_writer import to_onnx
    from twinprop.optimizers import OPTIMIZERS, Optimizer
    from twinprop.penalties import convert_cost, convert_penalty
    from twinprop.plan import read_plan, run_plan, write_run
    from twinprop.play import play, to_html
    from twinprop.plots import plot_cost, plot_decision, plot_network, plot_rules
    from twinprop.random import RandomStream
    from twinprop.recorder import Recording
    from twinprop.training import Run

__all__ = [
    "ACTIVATIONS",
    "COSTS",
    "OPTIMIZERS",
    "RULES",
    "Backward",
    "DenominatorError",
    "Diagnosis",
    "DivergenceError",
    "EngineError",
    "Exercise",
    "Explanation",
    "Forward",
    "GradientCheck",
    "InputError",
    "Model",
    "Network",
    "Optimizer",
    "RandomStream",
    "Recording",
    "RuleComparison",
    "Run",
    "TrainingError",
    "TwinpropError",
    "TwinpropWarning",
    "Verdict",
    "__version__",
    "check_answer",
    "check_gradient",
    "compare_rules",
    "convert_cost",
    "convert_penalty",
    "crosscheck",
    "dataset_names",
    "diagnose",
    "exercise",
    "explain",
    "explain_plan",
    "fingerprint",
    "from_brain_js",
    "from_keras_weights",
    "from_sklearn",
    "from_torch",
    "from_toy_nn",
    "load_dataset",
    "play",
    "plot_cost",
    "plot_decision",
    "plot_network",
    "plot_rules",
    "read_model",
    "read_plan",
    "run_plan",
    "run_plan_on",
    "starting_weights",
    "to_html",
    "to_js_function",
    "to_keras_weights",
    "to_onnx",
    "to_r_function",
    "to_sklearn",
    "to_sql",
    "to_torch",
    "write_model",
    "write_run",
]

#: Which module has a name. Those of the estimators, which need scikit-learn, are not in `__all__`,
#: for ``import *`` not to ask for it.
_NAMES = {
    "activations": ("ACTIVATIONS",),
    "backprop": ("RULES", "Backward", "Forward"),
    "code_writers": ("to_js_function", "to_r_function", "to_sql"),
    "compare_rules": ("RuleComparison", "compare_rules"),
    "converters": (
        "from_brain_js",
        "from_keras_weights",
        "from_sklearn",
        "from_torch",
        "from_toy_nn",
        "to_keras_weights",
        "to_sklearn",
        "to_torch",
    ),
    "costs": ("COSTS",),
    "crosscheck": ("crosscheck",),
    "datasets": ("dataset_names", "load_dataset"),
    "diagnose": ("Diagnosis", "diagnose"),
    "engines": ("run_plan_on",),
    "errors": (
        "DenominatorError",
        "DivergenceError",
        "EngineError",
        "InputError",
        "TrainingError",
        "TwinpropError",
        "TwinpropWarning",
    ),
    "exercise": ("Exercise", "Verdict", "check_answer", "exercise"),
    "explain": ("Explanation", "explain", "explain_plan"),
    "fingerprint": ("fingerprint",),
    "gradcheck": ("GradientCheck", "check_gradient"),
    "model": ("Model",),
    "model_file": ("read_model", "write_model"),
    "network": ("Network", "starting_weights"),
    "onnx_writer": ("to_onnx",),
    "optimizers": ("OPTIMIZERS", "Optimizer"),
    "penalties": ("convert_cost", "convert_penalty"),
    "plan": ("read_plan", "run_plan", "write_run"),
    "play": ("play", "to_html"),
    "plots": ("plot_cost", "plot_decision", "plot_network", "plot_rules"),
    "random": ("RandomStream",),
    "recorder": ("Recording",),
    "training": ("Run",),
    "estimators": ("MLPClassifier", "MLPRegressor"),
}
_HOMES = {name: module for module, names in _NAMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
        globals()[name] = value
        return value
    if name in _NAMES:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    from importlib.util import find_spec

    absent = () if find_spec("sklearn") else _NAMES["estimators"]
    return sorted({*globals(), *_NAMES, *_HOMES} - {*absent})


class _Package(ModuleType):
    def __setattr__(self, name: str, value: Any) -> None:
        # Some functions have their module's name, which comes here when it is imported.
        if not (name in _HOMES and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
