"""The classes of errors. Twins: tests/testthat/test-errors.R."""

import pickle

import pytest

from twinprop import (
    DenominatorError,
    DivergenceError,
    EngineError,
    InputError,
    Network,
    TwinpropError,
)
from twinprop.errors import TrainingError


@pytest.mark.parametrize(
    ("kind", "builtin"),
    [
        (InputError, ValueError),
        (DivergenceError, ArithmeticError),
        (DenominatorError, ArithmeticError),
        (EngineError, RuntimeError),
    ],
)
def test_errors_are_the_package_s_and_python_s(kind, builtin):
    assert issubclass(kind, TwinpropError)
    assert issubclass(kind, builtin)
    assert str(kind("words")) == "words"


def test_only_training_errors_carry_a_network():
    assert issubclass(DivergenceError, TrainingError)
    assert issubclass(DenominatorError, TrainingError)
    assert DivergenceError("words").network is None
    assert not hasattr(InputError("words"), "network")


def test_an_error_from_another_process_keeps_its_words():
    error = DivergenceError("words")
    error.network = Network([2, 1])
    other = pickle.loads(pickle.dumps(error))
    assert (type(other), str(other)) == (DivergenceError, "words")
    assert other.network.parameters.tolist() == error.network.parameters.tolist()
