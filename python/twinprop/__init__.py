"""twinprop: one multilayer perceptron, native in Python, R and JavaScript.

The same starting weights, data and settings give the same errors, the same gradients and the same
updated weights in every language; `twinprop crosscheck` proves it.
"""

from typing import TYPE_CHECKING, Any

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
from twinprop.version import __version__

if TYPE_CHECKING:
    from twinprop.estimators import MLPClassifier as MLPClassifier
    from twinprop.estimators import MLPRegressor as MLPRegressor

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

#: Loaded with scikit-learn when they are asked for; not in `__all__`, for ``import *`` not to ask.
_ESTIMATORS = ("MLPClassifier", "MLPRegressor")


def __getattr__(name: str) -> Any:
    if name in _ESTIMATORS:
        from twinprop import estimators

        return getattr(estimators, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    from importlib.util import find_spec

    return sorted({*globals(), *(_ESTIMATORS if find_spec("sklearn") else ())})
