"""twinprop: one multilayer perceptron, native in Python, R and JavaScript.

The same starting weights, data and settings give the same errors, the same gradients and the same
updated weights in every language; `twinprop crosscheck` proves it.
"""

from twinprop.activations import ACTIVATIONS
from twinprop.backprop import RULES, Backward, Forward
from twinprop.compare_rules import RuleComparison, compare_rules
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
from twinprop.gradcheck import GradientCheck, check_gradient
from twinprop.network import Network, starting_weights
from twinprop.optimizers import OPTIMIZERS, Optimizer
from twinprop.plan import read_plan, run_plan, write_run
from twinprop.plots import plot_cost, plot_decision, plot_network, plot_rules
from twinprop.random import RandomStream
from twinprop.recorder import Recording
from twinprop.training import Run
from twinprop.version import __version__

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
    "crosscheck",
    "dataset_names",
    "diagnose",
    "exercise",
    "explain",
    "explain_plan",
    "load_dataset",
    "plot_cost",
    "plot_decision",
    "plot_network",
    "plot_rules",
    "read_plan",
    "run_plan",
    "run_plan_on",
    "starting_weights",
    "write_run",
]
