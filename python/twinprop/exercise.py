"""One training step as an exercise that marks itself. Twins: r/exercise.R, inst/js/exercise.js.

The section Exercise of docs/contract.md. The numbers of the key are those of the explained step
(explain.py); a known mistake is the same step computed by its own wrong formula.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from twinprop.activations import ACTIVATIONS
from twinprop.backprop import RULES
from twinprop.checks import (
    Array,
    as_float,
    as_list,
    check_choice,
    check_integer,
    check_number,
    check_object,
    check_seed,
    check_switch,
    describe,
    is_finite,
    is_number,
)
from twinprop.costs import cost_function
from twinprop.equations import TEXT, write
from twinprop.errors import InputError
from twinprop.explain import Equation, Explanation, explain
from twinprop.network import Network
from twinprop.optimizers import Optimizer
from twinprop.random import RandomStream
from twinprop.report import _parts

if TYPE_CHECKING:
    import pandas as pd

#: The layers of each level, and the decimals of its weights, biases and inputs.
LEVELS: dict[int, tuple[tuple[int, ...], int]] = {
    1: ((2, 2, 1), 1),
    2: ((2, 2, 2), 1),
    3: ((3, 3, 2), 2),
}

#: Layers and neurons in a layer that an exercise has at most.
MOST_LAYERS, MOST_NEURONS = 4, 3

#: An answer counts as given to so many significant digits, if it has less; a new weight or bias,
#: of which the step changes the last digits only, to so many decimals.
ANSWER_DIGITS, ANSWER_DECIMALS = 3, 6

#: What is left of a number that two ways of computing it do not share, and room for a tie.
ROUNDING, CLOSEST, TIE = 1e-9, 1e-12, 1e-6

#: A weighted sum up to this is 0 but for rounding.
KINK = 1e-9

#: An answer that is off by at most this part of the number is nearly right.
NEARLY = 0.02

SHEET_FORMATS = ("text", "md")

#: Lines of the key have so many characters; an equation that fits into one has one.
LINE = 100

#: What a question asks for; of gradients and updates those of the weights and biases followed.
ASKED = ("weighted_sum", "activation", "output_error", "cost", "delta", "error")
FOLLOWED = ("gradient", "share", "update")

#: What may be wrong, in the order in which it is named: the ways to make the mistake, and what to
#: say.
MISTAKES: dict[str, tuple[tuple[str, ...], str]] = {
    "no_derivative": (
        ("no_derivative",),
        "you forgot the derivative f' of the activation function",
    ),
    "new_weights": (
        ("new_weights",),
        "you sent the error back through the new weights instead of the old ones",
    ),
    "no_transpose": (
        ("no_transpose",),
        "you forgot the transpose when the error went back (you used W[j,k] for W[k,j])",
    ),
    "swapped_weights": (
        ("swapped_weights",),
        "you swapped rows and columns of the weights on the way forward (you used W[j,k] for "
        "W[k,j])",
    ),
    "wrong_sign": (
        ("error_sign", "step_sign"),
        "a sign is wrong (the output error is a - d, and the step is subtracted)",
    ),
    "no_learning_rate": (("no_learning_rate",), "you forgot the learning rate eta"),
    "no_scale": (("no_scale",), "you forgot the 1 / K of the cost (K outputs)"),
    "no_half": (("no_half",), "you forgot the 1 / 2 of the cost"),
    "no_bias": (("no_bias",), "you forgot the bias"),
    "no_activation": (
        ("no_activation",),
        "you forgot the activation function (you used z for a)",
    ),
    "other_layer": (("other_layer",), "you used the activations of another layer"),
    "rounded_early": (("rounded_early",), "you rounded too early or gave too few digits"),
}

#: What the learner had right when the mistake came in: all but the question itself (and the shares
#: that an error adds up), the errors and what is before them, the output, nothing.
_RIGHT_UNTIL = (
    ("weighted_sum", "activation", "output_error", "error", "delta", "gradient", "update"),
    ("weighted_sum", "activation", "output_error", "error"),
    ("weighted_sum", "activation", "output_error"),
    (),
)

#: A number of the step: its stage, layer, neuron and, for what belongs to a weight, the neuron of
#: the layer before; all from 1.
_Place = tuple[str, "int | None", "int | None", "int | None"]


class Verdict(NamedTuple):
    """What `check_answer` returns.

    Attributes
    ----------
    right : bool
        Whether the answer is right.
    mistakes : tuple of str
        The names of the known mistakes that the answer looks like (docs/contract.md lists them);
        none if it is right, or looks like none of them.
    message : str
        The same in words; the formula in symbols if it looks like none of them.
    """

    right: bool
    mistakes: tuple[str, ...]
    message: str


@dataclass(frozen=True, repr=False, eq=False)
class Exercise:
    """What `exercise` returns.

    Attributes
    ----------
    seed, level : int
        What it was drawn with.
    network : Network
        The network before the step.
    x, d : ndarray, (1, n_1) and (1, n_L)
        The sample.
    cost, rule : str
        The settings of the step.
    learning_rate : float
        Likewise.
    explanation : Explanation
        The whole step, every number explained.
    """

    seed: int
    level: int
    network: Network
    x: Array
    d: Array
    cost: str
    rule: str
    learning_rate: float
    explanation: Explanation
    _rows: list[Equation]

    def __repr__(self) -> str:
        return self.sheet().rstrip("\n")

    @property
    def questions(self) -> pd.DataFrame:
        """A DataFrame with a row for each question: number, stage, symbol, text."""
        import pandas as pd

        return pd.DataFrame(
            {
                "number": range(1, len(self._rows) + 1),
                "stage": [row.stage for row in self._rows],
                "symbol": [_symbol(row) for row in self._rows],
                "text": [_question(self, row) for row in self._rows],
            }
        )

    @property
    def key(self) -> pd.DataFrame:
        """The teacher's key, a DataFrame: number, symbol, formula, substitution, value."""
        import pandas as pd

        return pd.DataFrame(
            {
                "number": range(1, len(self._rows) + 1),
                "symbol": [_symbol(row) for row in self._rows],
                "formula": [_formula(row) for row in self._rows],
                "substitution": [write(row.expression, TEXT, numbers=True) for row in self._rows],
                "value": np.array([row.quantity.value for row in self._rows], dtype=np.float64),
            }
        )

    def sheet(self, format: str = "text", key: bool = False) -> str:
        """Return the sheet: what is given, and the questions.

        Parameters
        ----------
        format : str, default "text"
            "text", or "md" for Markdown.
        key : bool, default False
            Whether the teacher's key follows.

        Raises
        ------
        InputError
            If there is no such format.
        """
        check_choice(format, "format", SHEET_FORMATS)
        check_switch(key, "key")
        lines = _text_sheet(self, key) if format == "text" else _markdown_sheet(self, key)
        return "\n".join(lines) + "\n"


def exercise(
    seed: int,
    *,
    level: int = 1,
    layers: Sequence[int] | None = None,
    activations: Any = "sigmoid",
    cost: str = "half_mse",
    rule: str = "gradient",
    learning_rate: float = 0.5,
) -> Exercise:
    """Make an exercise: a small network and a sample by chance, and the questions of one step.

    The seed decides all numbers, which are short and the same in Python, R and JavaScript. The
    questions go from the forward pass to the new weights; all weighted sums, activations, errors
    and deltas are asked for, and of each layer one weight and one bias with its gradient and its
    update.

    Parameters
    ----------
    seed : int
        From -2147483647 to 2147483647.
    level : int, default 1
        1: layers 2-2-1, numbers of one decimal; 2: 2-2-2; 3: 3-3-2, numbers of two decimals.
    layers : sequence of int, optional
        2 to 4 layers of 1 to 3 neurons; default those of the level.
    activations : str or sequence of str, default "sigmoid"
        One name for every layer after the input, or one for each.
    cost : str, default "half_mse"
        "half_mse", "half_sse", "mse" or "cross_entropy".
    rule : str, default "gradient"
        "gradient", "transpose", "proportional" (all weights are above 0) or "proportional_abs".
    learning_rate : float, default 0.5
        Of the update, which is plain gradient descent.

    Returns
    -------
    Exercise
        Printed, the sheet without answers; its `key` is the teacher's.

    Raises
    ------
    InputError
        If an argument is not as described.

    See Also
    --------
    check_answer : Marks an answer.

    References
    ----------
    The section Exercise of docs/contract.md. The numbers to follow by hand are in the manner of
    Rumelhart, D. E., Hinton, G. E. and Williams, R. J. (1986). Learning representations by
    back-propagating errors. Nature 323.

    Examples
    --------
    >>> task = exercise(1)
    >>> task.questions["symbol"].head(3).tolist()
    ['z[2]_1', 'a[2]_1', 'z[2]_2']
    >>> task.key["formula"].iloc[0]
    'W[2]_1,1 * a[1]_1 + W[2]_1,2 * a[1]_2 + b[2]_1'
    """
    seed = check_seed(seed)
    level = check_integer(level, "level", 1, len(LEVELS))
    sizes, decimals = LEVELS[level]
    if layers is not None:
        sizes = _check_layers(layers)
    Network(sizes, activations).check_cost(cost)
    check_choice(rule, "rule", RULES)
    learning_rate = check_number(learning_rate, "learning_rate")
    stream = RandomStream(seed)
    while True:
        network, x = _draw(stream, sizes, decimals, activations, rule)
        if not _at_a_kink(network, x):
            break
    if network.activations[-1] == "softmax":
        d = np.zeros((1, sizes[-1]))
        d[0, _whole(stream, sizes[-1])] = 1.0
    else:  # 0.1 or 0.9, so that the errors are not small
        unit = 10**decimals
        d = np.array([[(1, unit - 1)[_whole(stream, 2)] / unit for _ in range(sizes[-1])]])
    followed = {
        layer: (_whole(stream, sizes[layer - 1]) + 1, _whole(stream, sizes[layer - 2]) + 1)
        for layer in range(2, len(sizes) + 1)
    }
    optimizer = Optimizer("sgd", learning_rate=learning_rate)
    explanation = explain(network, x, d, cost=cost, rule=rule, optimizer=optimizer)
    rows = [row for row in explanation.equations if _is_asked(row, followed)]
    return Exercise(seed, level, network, x, d, cost, rule, learning_rate, explanation, rows)


def check_answer(
    exercise: Exercise,
    question: int | str,
    answer: float | str,
    *,
    earlier: Mapping[Any, float | str] | None = None,
) -> Verdict:
    """Mark an answer: right, or which known mistake it looks like.

    An answer is right if it is the number rounded to as many digits as were given, but at least to
    three significant ones, and in a new weight or bias to six decimals. Else each known mistake is
    computed by its own wrong formula, made in the question itself, since the errors, since the
    output, or from the start.

    Parameters
    ----------
    exercise : Exercise
        What `exercise` returned.
    question : int or str
        The question's number, from 1, or its symbol, as in "delta[2]_1".
    answer : float or str
        A number; in a string, as in "0.620", zeros at the end are digits given.
    earlier : mapping of int or str to float or str, optional
        The learner's own answers to other questions: what follows from them is right as well, and
        mistakes are looked for in what was done with them.

    Returns
    -------
    Verdict

    Raises
    ------
    InputError
        If an argument is not as described.

    References
    ----------
    The section Exercise of docs/contract.md.

    Examples
    --------
    >>> task = exercise(1)
    >>> check_answer(task, 1, task.key["value"].iloc[0]).message
    'Right.'
    >>> check_answer(task, "e[3]_1", -task.key["value"].iloc[6]).mistakes
    ('wrong_sign',)
    """
    if not isinstance(exercise, Exercise):
        raise InputError(f"exercise must be an Exercise, got {describe(exercise)}")
    row = exercise._rows[_find(exercise, question, "question")]
    number, unit = _read_answer(answer, "answer")
    if row.stage == "update":
        unit = min(unit, 10.0**-ANSWER_DECIMALS)
    given = _read_earlier(exercise, earlier)
    if _agrees(number, unit, float(row.quantity.value)):
        return Verdict(True, (), "Right.")
    place = _place(row)
    base = _Numbers(exercise, given)
    own = base.formula(*place)
    if given and _agrees(number, unit, own):
        return Verdict(True, (), "Right, with your earlier answers.")
    known = {
        at: base.get(*at)
        for at in map(_place, exercise.explanation.equations)
        if at[0] in _RIGHT_UNTIL[0]
    }
    mistakes = tuple(
        name for name in MISTAKES if name in _fitting(exercise, place, known, own, number, unit)
    )
    moved = own - base.start(*place)
    if not mistakes and abs(number - own) <= NEARLY * abs(moved):
        mistakes = ("rounded_early",)
    if not mistakes:
        return Verdict(False, (), f"Not right. {_hint(exercise, row)}")
    beginning = "Nearly right" if mistakes == ("rounded_early",) else "Not right"
    causes = ", or ".join(MISTAKES[name][1] for name in mistakes)
    return Verdict(False, mistakes, f"{beginning}: perhaps {causes}.")


def _check_layers(value: Any) -> tuple[int, ...]:
    entries = as_list(value)
    if entries is None or not 2 <= len(entries) <= MOST_LAYERS:
        raise InputError(
            f"layers must be a list of 2 to {MOST_LAYERS} integers from 1 to {MOST_NEURONS}, "
            f"got {describe(value)}"
        )
    return tuple(
        check_integer(entry, f"layers entry {i}", 1, MOST_NEURONS)
        for i, entry in enumerate(entries, 1)
    )


def _whole(stream: RandomStream, count: int) -> int:
    """Draw a whole number from 0 to below `count`."""
    return math.floor(stream.uniform(1)[0] * count)


def _numbers(stream: RandomStream, count: int, decimals: int, *, signed: bool) -> Array:
    """Draw different short numbers: 0.1 to 0.9 or 0.01 to 0.99, and if `signed` their negatives."""
    unit = 10**decimals
    choices = [sign * i for sign in ((1, -1) if signed else (1,)) for i in range(1, unit)]
    return np.array([choices[i] / unit for i in stream.order(len(choices))[:count]])


def _draw(
    stream: RandomStream, sizes: Sequence[int], decimals: int, activations: Any, rule: str
) -> tuple[Network, Array]:
    """Draw a network and the inputs of a sample."""
    weights, biases = [], []
    for inputs, units in zip(sizes, sizes[1:], strict=False):
        drawn = _numbers(stream, inputs * units, decimals, signed=rule != "proportional")
        weights.append(drawn.reshape(units, inputs))
        biases.append(_numbers(stream, units, decimals, signed=True))
    network = Network(sizes, activations, weights=weights, biases=biases)
    return network, _numbers(stream, sizes[0], decimals, signed=False)[np.newaxis]


def _at_a_kink(network: Network, x: Array) -> bool:
    """Whether a weighted sum is 0 where f' has a jump, so that rounding would decide."""
    sums = zip(network.activations, network.forward(x).z, strict=True)
    return any(not ACTIVATIONS[name].smooth and np.abs(z).min() <= KINK for name, z in sums)


def _is_asked(row: Equation, followed: Mapping[int, tuple[int, int]]) -> bool:
    """Whether a row of the explained step is a question."""
    if row.stage in ASKED:
        return True
    if row.stage not in FOLLOWED or row.layer is None:
        return False
    to, source = followed[row.layer]
    return row.to == to and row.source in (None, source)


def _symbol(row: Equation) -> str:
    return write(row.quantity, TEXT)


def _formula(row: Equation) -> str:
    return write(row.expression, TEXT)


def _place(row: Equation) -> _Place:
    return row.stage, row.layer, row.to, row.source


# The sheet ----------------------------------------------------------------------------------------


def _question(exercise: Exercise, row: Equation) -> str:
    """Say in words what a question asks for."""
    neuron = f"neuron {row.to} of layer {row.layer}"
    before = 0 if row.layer is None else row.layer - 1
    weight = f"weight from neuron {row.source} of layer {before} to {neuron}"
    of = f"bias of {neuron}" if row.source is None else weight
    match row.stage:
        case "weighted_sum":
            return f"the weighted sum z of {neuron}, its bias included"
        case "activation":
            return f"the activation a of {neuron}"
        case "output_error":
            return f"the error e of output {row.to}: by how much it is too large"
        case "cost":
            return "the cost C of the sample"
        case "delta":
            return f"the delta of {neuron}"
        case "share":
            return (
                f"the share of its error that {neuron} sends to neuron {row.source} "
                f"of layer {before}"
            )
        case "error":
            return f"the error e that comes back to {neuron}"
        case "gradient":
            return f"the gradient of the {of}"
    return f"the new value of the {of}"


def _title(exercise: Exercise) -> str:
    layers = "-".join(map(str, exercise.network.layers))
    return (
        f"Exercise {exercise.seed}, level {exercise.level}: one training step of a {layers} network"
    )


def _given(exercise: Exercise) -> list[tuple[str, str]]:
    """Return what is given, as pairs of what it is and its text."""
    network = exercise.network
    names = [f"{name} in layer {layer}" for layer, name in enumerate(network.activations, 2)]
    inputs = [f"a[1]_{j} = {describe(a)}" for j, a in enumerate(exercise.x[0], 1)]
    targets = [f"d_{k} = {describe(d)}" for k, d in enumerate(exercise.d[0], 1)]
    rows = [
        ("activation functions", ", ".join(names)),
        ("cost", f"{exercise.cost}, K = {network.layers[-1]}"),
        ("rule", exercise.rule),
        ("learning rate", f"eta = {describe(exercise.learning_rate)}"),
        ("inputs", ", ".join(inputs)),
        ("desired outputs", ", ".join(targets)),
    ]
    for layer, (w, b) in enumerate(zip(network.weights, network.biases, strict=True), 2):
        for k, row in enumerate(w, 1):
            texts = [f"W[{layer}]_{k},{j} = {describe(v)}" for j, v in enumerate(row, 1)]
            texts.append(f"b[{layer}]_{k} = {describe(b[k - 1])}")
            rows.append((f"layer {layer}, neuron {k}", ", ".join(texts)))
    return rows


_WEIGHTS_NOTE = "W[l]_k,j is the weight from neuron j of layer l-1 to neuron k of layer l."
_ORDER_NOTE = "All gradients are computed before any weight moves."
_DIGITS_NOTE = (
    f"Compute, to {ANSWER_DIGITS} significant digits or more, new weights and biases to "
    f"{ANSWER_DECIMALS} decimals or more"
)


def _text_sheet(exercise: Exercise, key: bool) -> list[str]:
    lines = [_title(exercise), "", "Given:", ""]
    lines += [f"  {name:<22}{text}" for name, text in _given(exercise)]
    lines += ["", _WEIGHTS_NOTE, _ORDER_NOTE, "", f"{_DIGITS_NOTE}:", ""]
    for i, row in enumerate(exercise._rows, 1):
        lines.append(f"{i:>4}. {_symbol(row):<14}{_question(exercise, row)}")
    if key:
        lines += ["", "Key:", ""]
        for i, row in enumerate(exercise._rows, 1):
            lines += _key_lines(row, f"{i:>4}. ")
    return lines


def _key_lines(row: Equation, start: str) -> list[str]:
    """Return an equation of the key: in one line where it fits, else a line for each part."""
    first, *others = _parts(row, TEXT)
    line = start + " = ".join([first, *others])
    if len(line) <= LINE:
        return [line]
    indent = " " * (len(start) + len(first))
    return [f"{start}{first} = {others[0]}", *(f"{indent} = {part}" for part in others[1:])]


def _markdown_sheet(exercise: Exercise, key: bool) -> list[str]:
    lines = [f"# {_title(exercise)}", "", "## Given", "", "| what | value |", "| --- | --- |"]
    lines += [f"| {name} | `{text}` |" for name, text in _given(exercise)]
    lines += ["", f"`{_WEIGHTS_NOTE[:8]}`{_WEIGHTS_NOTE[8:]}", _ORDER_NOTE, "", "## Questions", ""]
    lines += [f"{_DIGITS_NOTE}.", "", "| number | symbol | what | answer |"]
    lines.append("| ---: | --- | --- | --- |")
    for i, row in enumerate(exercise._rows, 1):
        lines.append(f"| {i} | `{_symbol(row)}` | {_question(exercise, row)} | |")
    if key:
        lines += ["", "## Key", "", "| number | equation |", "| ---: | --- |"]
        for i, row in enumerate(exercise._rows, 1):
            lines.append(f"| {i} | `{' = '.join(_parts(row, TEXT))}` |")
    return lines


# Answers ------------------------------------------------------------------------------------------


def _find(exercise: Exercise, question: Any, name: str) -> int:
    """Return which question is meant, from 0."""
    symbols = [_symbol(row) for row in exercise._rows]
    if isinstance(question, str):
        if question in symbols:
            return symbols.index(question)
        if re.fullmatch("[1-9][0-9]{0,2}", question) and int(question) <= len(symbols):
            return int(question) - 1
    elif is_finite(question) and question in range(1, len(symbols) + 1):
        return int(question) - 1
    raise InputError(
        f"{name} must be an integer from 1 to {len(symbols)} or the symbol of a question, "
        f"got {describe(question)}"
    )


_NUMBER = re.compile(" *[+-]?([0-9]+)?[.]?([0-9]+)?(?:[eE]([+-]?[0-9]+))? *")


def _read_answer(answer: Any, name: str) -> tuple[float, float]:
    """Return an answer's number, and the unit of its last digit; 0 for an answer of 0."""
    text = f"{as_float(answer):.15g}" if is_number(answer) else answer
    match = _NUMBER.fullmatch(text) if isinstance(text, str) else None
    if match is None or not (match[1] or match[2]) or not math.isfinite(float(text)):
        raise InputError(
            f"{name} must be a number or a string that holds one, got {describe(answer)}"
        )
    number = as_float(answer) if is_number(answer) else float(text)
    if number == 0.0:
        return number, 0.0
    before, after = match[1] or "", match[2] or ""
    digits = len((before + after).lstrip("0"))
    power = int(match[3] or 0) - len(after) - max(0, ANSWER_DIGITS - digits)
    return number, float(f"1e{power}")


def _read_earlier(exercise: Exercise, earlier: Any) -> dict[_Place, float]:
    """Return the learner's own answers by the place in the step."""
    if earlier is None:
        return {}
    given = {}
    for question, answer in check_object(earlier, "earlier").items():
        row = exercise._rows[_find(exercise, question, "a name in earlier")]
        name = f'earlier "{question}"'
        given[_place(row)] = _read_answer(answer, name)[0]
    return given


def _agrees(number: float, unit: float, value: float) -> bool:
    """Whether an answer is this number, rounded to the answer's digits."""
    return abs(number - value) <= max(0.5 * unit * (1.0 + TIE), ROUNDING * abs(value), CLOSEST)


def _hint(exercise: Exercise, row: Equation) -> str:
    """Return the formula of a question in symbols, and of what is in it and not asked for."""
    text = f"{_symbol(row)} = {_formula(row)}"
    found: list[str] = []
    for stage in ("share", "scale", "derivative", "denominator"):
        for other in exercise.explanation.equations:
            symbol, formula = _symbol(other), _formula(other)
            needed = row.stage == "delta" if stage == "scale" else symbol in text
            if other.stage == stage and needed and symbol != _symbol(row):
                if formula == symbol:
                    formula = write(other.expression, TEXT, numbers=True)
                found.append(f"{symbol} = {formula}")
                text += formula
    where = f", where {', '.join(found)}" if found else ""
    return f"The formula is {_symbol(row)} = {_formula(row)}{where}."


def _fitting(
    exercise: Exercise,
    place: _Place,
    known: Mapping[_Place, float],
    own: float,
    number: float,
    unit: float,
) -> set[str]:
    """Return the mistakes that give this answer."""
    rights = [
        {at: value for at, value in known.items() if at[0] in stages} for stages in _RIGHT_UNTIL
    ]
    found = set()
    for name, way, layer in _ways(len(exercise.network.layers)):
        for right in rights:
            wrong = _Numbers(exercise, right, way, layer).formula(*place)
            if not _agrees(wrong, 0.0, own) and _agrees(number, unit, wrong):
                found.add(name)
    return found


def _ways(last: int) -> Iterator[tuple[str, str, int]]:
    """Go through the ways to make a mistake: its name, the way, and a layer or decimals."""
    for name, (ways, _) in MISTAKES.items():
        numbers = {"other_layer": range(last + 1), "rounded_early": range(2, 4)}
        for way in ways:
            for number in numbers.get(name, range(1)):
                yield name, way, number


class _Numbers:
    """The numbers of the step, from what is known of them, with a mistake made on the way.

    Layers and neurons count from 1. `layer` is that whose activations are taken for those of
    another one (0: the neuron's own activation), or the decimals that are kept.
    """

    def __init__(
        self, exercise: Exercise, known: Mapping[_Place, float], mistake: str = "", layer: int = 0
    ) -> None:
        network = exercise.network
        self.known = dict(known)
        self.mistake, self.layer = mistake, layer
        self.layers, self.last = network.layers, len(network.layers)
        self.activations = network.activations
        self.weights, self.biases = network.weights, network.biases
        self.x, self.d = exercise.x[0], exercise.d[0]
        self.cost, self.rule, self.eta = exercise.cost, exercise.rule, exercise.learning_rate

    def get(
        self, stage: str, layer: int | None, to: int | None, source: int | None = None
    ) -> float:
        """Return a number of the step: what is known of it, else by its formula."""
        place = (stage, layer, to, source)
        if place not in self.known:
            value = self.formula(*place)
            if self.mistake == "rounded_early" and stage != "share":
                unit = 10.0**self.layer
                value = math.floor(value * unit + 0.5 + ROUNDING) / unit
            self.known[place] = value
        return self.known[place]

    def formula(
        self, stage: str, layer: int | None, to: int | None, source: int | None = None
    ) -> float:
        """Return a number by its formula, from the numbers before it."""
        if stage == "cost" or layer is None or to is None:
            return self._cost()
        match stage:
            case "weighted_sum":
                return self._weighted_sum(layer, to)
            case "activation":
                return self._activation(layer, to)
            case "output_error":
                error = self._input(layer, to) - float(self.d[to - 1])
                return -error if self.mistake == "error_sign" else error
            case "delta":
                return self._scale() * self._error(layer, to) * self._slope(layer, to)
            case "gradient":
                return self._gradient(layer, to, source)
            case "share":
                return self._share(layer, to, source or 0)
            case "error":
                neurons = range(1, self.layers[layer] + 1)
                return sum(self.get("share", layer + 1, k, to) for k in neurons)
        step = self.get("gradient", layer, to, source)
        step = step if self.mistake == "no_learning_rate" else self.eta * step
        old = self.start("update", layer, to, source)
        return old + step if self.mistake == "step_sign" else old - step

    def start(self, stage: str, layer: int | None, to: int | None, source: int | None) -> float:
        """Return what a number moves away from: the old weight or bias, else 0."""
        if stage != "update" or layer is None or to is None:
            return 0.0
        if source is None:
            return float(self.biases[layer - 2][to - 1])
        return float(self.weights[layer - 2][to - 1, source - 1])

    def _weighted_sum(self, layer: int, k: int) -> float:
        inputs = self.layers[layer - 2]
        of = layer - 1
        if self.mistake == "other_layer" and 0 < self.layer < of:
            of = self.layer if self.layers[self.layer - 1] == inputs else of
        swapped = self.mistake == "swapped_weights" and inputs == self.layers[layer - 1]
        w = self.weights[layer - 2].T if swapped else self.weights[layer - 2]
        total = sum(float(w[k - 1, j - 1]) * self._input(of, j) for j in range(1, inputs + 1))
        return total if self.mistake == "no_bias" else total + float(self.biases[layer - 2][k - 1])

    def _input(self, layer: int, j: int) -> float:
        """Return an activation as it is used."""
        if layer == 1:
            return float(self.x[j - 1])
        stage = "weighted_sum" if self.mistake == "no_activation" else "activation"
        return self.get(stage, layer, j)

    def _activation(self, layer: int, k: int) -> float:
        if self.mistake == "no_activation":
            return self.get("weighted_sum", layer, k)
        name = self.activations[layer - 2]
        neurons = range(1, self.layers[layer - 1] + 1) if name == "softmax" else [k]
        z = np.array([[self.get("weighted_sum", layer, n) for n in neurons]])
        with np.errstate(all="ignore"):
            a = ACTIVATIONS[name].value(z, np.empty_like(z))
        return float(a[0, k - 1 if name == "softmax" else 0])

    def _error(self, layer: int, k: int) -> float:
        return self.get("output_error" if layer == self.last else "error", layer, k)

    def _slope(self, layer: int, k: int) -> float:
        """Return f' of a neuron as delta and the rule gradient use it."""
        in_cost = layer == self.last and self.cost == "cross_entropy"
        derivative = ACTIVATIONS[self.activations[layer - 2]].derivative
        if derivative is None or in_cost or self.mistake == "no_derivative":
            return 1.0
        z = np.array([[self.get("weighted_sum", layer, k)]])
        z[np.abs(z) <= KINK] = 0.0
        a = np.array([[self.get("activation", layer, k)]])
        return float(derivative(z, a, np.empty_like(z))[0, 0])

    def _scale(self) -> float:
        outputs = 1 if self.mistake == "no_scale" else self.layers[-1]
        return cost_function(self.cost, self.activations[-1]).scale(outputs)

    def _cost(self) -> float:
        neurons = range(1, self.layers[-1] + 1)
        if self.cost == "cross_entropy":
            z = np.array([[self.get("weighted_sum", self.last, k) for k in neurons]])
            value = cost_function(self.cost, self.activations[-1]).value
            return float(value(z, z, self.d[np.newaxis])[0])
        total = sum(self.get("output_error", self.last, k) ** 2 for k in neurons)
        if self.cost != "half_sse" and self.mistake != "no_scale":
            total /= self.layers[-1]
        return total if self.cost == "mse" or self.mistake == "no_half" else total / 2.0

    def _gradient(self, layer: int, k: int, j: int | None) -> float:
        delta = self.get("delta", layer, k)
        if j is None:
            return delta
        if self.mistake == "other_layer":
            of, neuron = (self.layer, j) if self.layer > 0 else (layer, k)
            if neuron <= self.layers[of - 1]:
                return delta * self._input(of, neuron)
        return delta * self._input(layer - 1, j)

    def _share(self, layer: int, k: int, j: int) -> float:
        units, inputs = self.layers[layer - 1], self.layers[layer - 2]
        e = self._error(layer, k)
        carried = e * self._slope(layer, k) if self.rule == "gradient" else e
        if self.mistake == "no_transpose" and units == inputs:
            k, j = j, k
        weights = [self._sent(layer, k, n) for n in range(1, inputs + 1)]
        if self.rule == "proportional":
            return weights[j - 1] / sum(weights) * carried
        if self.rule == "proportional_abs":
            return weights[j - 1] / sum(map(abs, weights)) * carried
        return weights[j - 1] * carried

    def _sent(self, layer: int, k: int, j: int) -> float:
        """Return a weight as the error goes back through it."""
        if self.mistake == "new_weights":
            return self.get("update", layer, k, j)
        return self.start("update", layer, k, j)
