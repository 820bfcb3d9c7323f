"""Costs and penalties from one program's scale to another's. Twins: r/penalties.R.

The table of docs/converters.md. Every program minimises

    data * sum over samples of their squared errors or log losses + penalty(value) * sum of W^2

so two of them have the same minimum when penalty / data is the same number. JavaScript has no twin:
it trains with no other program's settings.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twinprop.activations import ACTIVATIONS
from twinprop.checks import check_choice, check_integer, check_number
from twinprop.costs import COSTS

#: The programs that have a penalty, and its factor on sum W^2 for value 1 and a batch of m rows.
PENALTIES: dict[str, Callable[[int], float]] = {
    "twinprop": lambda m: 0.5,  # weight_decay
    "nnet": lambda m: 1.0,  # decay
    "scikit-learn": lambda m: 0.5 / m,  # alpha
    "torch": lambda m: 0.5,  # weight_decay
    "keras": lambda m: 1.0,  # l2
}

#: The programs whose cost is known: neuralnet has no penalty.
PROGRAMS = ("twinprop", "nnet", "neuralnet", "scikit-learn", "torch", "keras")


def _data_scale(
    program: str, cost: str, out_activation: str, n: int, outputs: int, reported: bool
) -> float:
    """Return the factor on the sum, over n samples, of squared errors or log losses."""
    if cost == "cross_entropy":
        if program in ("nnet", "neuralnet"):
            return 1.0
        mean_over_outputs = program in ("torch", "keras") and out_activation == "sigmoid"
        return 1.0 / (n * outputs if mean_over_outputs else n)
    if program == "twinprop":
        return {"half_mse": 0.5 / outputs, "half_sse": 0.5, "mse": 1.0 / outputs}[cost] / n
    if program == "scikit-learn":
        # what it reports is a mean over the outputs too, what it minimises is a sum over them
        return 0.5 / (n * outputs) if reported else 0.5 / n
    return {"nnet": 1.0, "neuralnet": 0.5}.get(program, 1.0 / (n * outputs))


def _check(
    value: Any, source: Any, target: Any, programs: Any, n: Any, outputs: Any, cost: Any, out: Any
) -> tuple[float, str, str, int, int, str, str]:
    value = check_number(value, "value")
    source = check_choice(source, "source", programs)
    target = check_choice(target, "target", programs)
    n = check_integer(n, "n", 1)
    outputs = check_integer(outputs, "outputs", 1)
    cost = check_choice(cost, "cost", COSTS)
    if cost == "cross_entropy":
        out = check_choice(out, "out_activation", ["sigmoid", "softmax"])
    elif out is not None:  # it does not matter, but must be one
        check_choice(out, "out_activation", ACTIVATIONS)
    return value, source, target, n, outputs, cost, out


def convert_cost(
    value: float,
    source: str,
    target: str,
    *,
    n: int,
    outputs: int = 1,
    cost: str = "half_mse",
    out_activation: str | None = None,
) -> float:
    """Convert a cost that one program reports to the scale on which another reports it.

    Parameters
    ----------
    value : float
        The cost of the data, without a penalty.
    source, target : str
        "twinprop", "nnet", "neuralnet", "scikit-learn", "torch" or "keras".
    n : int
        Number of samples.
    outputs : int, default 1
        Number of outputs K.
    cost : str, default "half_mse"
        twinprop's cost: "half_mse", "half_sse", "mse", or "cross_entropy". With "cross_entropy" the
        others have their cross entropy, else their squared error.
    out_activation : str, optional
        "sigmoid" or "softmax", with cost "cross_entropy" only.

    Returns
    -------
    float

    Raises
    ------
    InputError
        If an argument is not as described.

    Examples
    --------
    nnet reports the sum of squares, torch their mean over samples and outputs:

    >>> convert_cost(12.0, "nnet", "torch", n=100, outputs=3)
    0.04
    """
    value, source, target, n, outputs, cost, out = _check(
        value, source, target, PROGRAMS, n, outputs, cost, out_activation
    )
    there = _data_scale(target, cost, out, n, outputs, reported=True)
    here = _data_scale(source, cost, out, n, outputs, reported=True)
    return value * (there / here)


def convert_penalty(
    value: float,
    source: str,
    target: str,
    *,
    n: int,
    batch_size: int | None = None,
    outputs: int = 1,
    cost: str = "half_mse",
    out_activation: str | None = None,
) -> float:
    """Convert a penalty on squared weights so that two programs have the same minimum.

    It is twinprop's weight_decay, nnet's decay, scikit-learn's alpha, torch's weight_decay or
    keras's l2. nnet and torch put theirs on the biases too, unless they are told otherwise (a
    vector for `decay`, parameter groups); the others do not.

    Parameters
    ----------
    value : float
        The penalty in the program `source`, >= 0.
    source, target : str
        "twinprop", "nnet", "scikit-learn", "torch" or "keras".
    n : int
        Number of samples.
    batch_size : int, optional
        Rows of a batch, from 1 to n; all if not given. Only scikit-learn's penalty depends on it.
    outputs : int, default 1
        Number of outputs K.
    cost : str, default "half_mse"
        twinprop's cost: "half_mse", "half_sse", "mse", or "cross_entropy". With "cross_entropy" the
        others have their cross entropy, else their squared error.
    out_activation : str, optional
        "sigmoid" or "softmax", with cost "cross_entropy" only.

    Returns
    -------
    float

    Raises
    ------
    InputError
        If an argument is not as described.

    Examples
    --------
    nnet's decay of 0.01 on 150 samples with one output, as a weight_decay for cost half_mse:

    >>> round(convert_penalty(0.01, "nnet", "twinprop", n=150), 9)
    6.6667e-05
    """
    value, source, target, n, outputs, cost, out = _check(
        value, source, target, PENALTIES, n, outputs, cost, out_activation
    )
    m = n if batch_size is None else check_integer(batch_size, "batch_size", 1, n)
    there = _data_scale(target, cost, out, n, outputs, reported=False) / PENALTIES[target](m)
    here = _data_scale(source, cost, out, n, outputs, reported=False) / PENALTIES[source](m)
    return value * (there / here)
