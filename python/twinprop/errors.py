"""The package's errors. Twins: r/errors.R, inst/js/errors.js.

Their messages are part of the contract (docs/contract.md, section 9): the same words in Python, R
and JavaScript.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twinprop.network import Network
    from twinprop.recorder import Recording


class TwinpropError(Exception):
    """Base of every error that twinprop raises on purpose."""


class InputError(TwinpropError, ValueError):
    """An argument, a plan or a file that cannot be used; the message names what is allowed."""


class TrainingError(TwinpropError, ArithmeticError):
    """Training had to stop.

    Attributes
    ----------
    network : Network or None
        The network with its last good weights: those from before the epoch that failed.
    recording : Recording or None
        The steps up to the failure, if `Network.train` was asked to record them.
    """

    network: Network | None = None
    recording: Recording | None = None


class DivergenceError(TrainingError):
    """The cost or a weight became NaN or Inf."""


class DenominatorError(TrainingError):
    """A rule that divides by a sum of weights met a sum of 0 or nearly 0."""


class EngineError(TwinpropError, RuntimeError):
    """An engine (R, node, torch) is missing or failed; the message says what to install."""


class TwinpropWarning(UserWarning):
    """A warning of twinprop: the result is there, but not what one may take it for."""
