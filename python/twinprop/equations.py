"""Equations as trees, and how they are written. Twins: r/equations.R, inst/js/equations.js.

Section 12 of docs/contract.md. One tree is written in symbols, with its numbers, as plain text, as
LaTeX and as MathML, so that none of these can say anything else than the others.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

#: Significant digits of a number in an equation.
DIGITS = 6

#: A number is first rounded to this many digits of its size (the sum of the sizes of the terms it
#: came from): what is left of terms that cancel is rounding, and is shown as 0.
SIZE_DIGITS = 12

#: A sum of more terms is shortened: the first `FIRST_TERMS`, dots, the last `LAST_TERMS`.
MOST_TERMS = 10
FIRST_TERMS = 4
LAST_TERMS = 2


class Quantity(NamedTuple):
    """A symbol and its number.

    Attributes
    ----------
    letter : str
        What it is: "a", "z", "W", "delta", "dC/dW", "f'" (of z), "eta" and so on.
    value : float
        Its number.
    size : float
        The sum of the sizes of the terms it came from: a rounding is some 1e-16 of this.
    layer : int or None
        Its layer, from 1.
    place : tuple of int
        Its neuron; for weights also the neuron of the layer before; from 1.
    sample : int or None
        Its sample, from 1; None where there is one sample only, or where it belongs to none.
    new : bool
        Whether it is the value after the update.
    """

    letter: str
    value: float
    size: float
    layer: int | None = None
    place: tuple[int, ...] = ()
    sample: int | None = None
    new: bool = False


class Constant(NamedTuple):
    """A number that stands in the formula itself."""

    value: float


class Sum(NamedTuple):
    """Terms added up.

    Attributes
    ----------
    terms : sequence of Expression
        What is written; see `total` for long sums.
    minus : sequence of bool
        Which of them are subtracted; none if it is empty.
    dots : int or None
        Before which term dots stand for those that are left out.
    """

    terms: Sequence[Expression]
    minus: Sequence[bool] = ()
    dots: int | None = None


class Product(NamedTuple):
    """Factors multiplied."""

    factors: Sequence[Expression]


class Quotient(NamedTuple):
    """One expression divided by another."""

    top: Expression
    bottom: Expression


class Power(NamedTuple):
    """An expression to the power of another."""

    base: Expression
    exponent: Expression


class Call(NamedTuple):
    """A function of expressions: exp, log, tanh, sqrt, abs, max, min or sign."""

    function: str
    arguments: Sequence[Expression]


class Cases(NamedTuple):
    """`then` if the quantity is above 0, else `otherwise`."""

    quantity: Quantity
    then: Expression
    otherwise: Expression


Expression: TypeAlias = Quantity | Constant | Sum | Product | Quotient | Power | Call | Cases


def shown(value: float, size: float) -> str:
    """Write a number: to `SIZE_DIGITS` digits of its size, then to `DIGITS` digits of its own.

    The first rounding hides the bits in which two languages may differ, so that the second gives
    the same digits in all of them.
    """
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Inf" if value > 0 else "-Inf"
    size = max(abs(value), size)
    if size == 0.0:
        return "0"
    if math.isfinite(size):
        decimals = SIZE_DIGITS - 1 - math.floor(math.log10(size))
        if decimals <= 300:  # 10^decimals must be a number
            unit = float(f"1e{abs(decimals)}")  # 10.0 ** 23 is off in the last bit
            value = round(value * unit) / unit if decimals >= 0 else round(value / unit) * unit
    return f"{value + 0.0:.{DIGITS}g}"


def total(count: int, term: Callable[[int], Expression]) -> Sum:
    """Return the sum of term(0), ..., term(count - 1), of which only the written ones are made."""
    if count <= MOST_TERMS:
        return Sum([term(i) for i in range(count)])
    which = [*range(FIRST_TERMS), *range(count - LAST_TERMS, count)]
    return Sum([term(i) for i in which], dots=FIRST_TERMS)


# How tightly what was written holds together; a part that holds less is put into parentheses.
_NEGATIVE, _SUM, _PRODUCT, _POWER, _ATOM = range(5)


class Notation(NamedTuple):
    """How to write the parts of an equation.

    Attributes
    ----------
    number : callable
        ``number(text)`` writes what `shown` gave.
    quantity : callable
        ``quantity(quantity)`` writes a symbol.
    join : callable
        ``join(parts, operators)`` writes parts with an operator ("+", "-", "*") before each but the
        first, before which it is "" or "-".
    fraction, power : callable
        Of two written parts.
    call : callable
        ``call(function, arguments)``.
    cases : callable
        ``cases(quantity, then, otherwise)``.
    parentheses : callable
        Around a written part.
    dots : str
        What stands for the terms left out.
    tight_fraction : bool
        Whether a fraction holds together by itself, as one written with a bar does.
    """

    number: Callable[[str], str]
    quantity: Callable[[Quantity], str]
    join: Callable[[list[str], list[str]], str]
    fraction: Callable[[str, str], str]
    power: Callable[[str, str], str]
    call: Callable[[str, list[str]], str]
    cases: Callable[[str, str, str], str]
    parentheses: Callable[[str], str]
    dots: str
    tight_fraction: bool


def write(expression: Expression, notation: Notation, *, numbers: bool = False) -> str:
    """Write an expression in symbols, or with the numbers in their place."""
    return _write(expression, notation, numbers)[0]


def write_value(quantity: Quantity, notation: Notation) -> str:
    """Write the number of a quantity."""
    return notation.number(shown(quantity.value, quantity.size))


def _write(expression: Expression, notation: Notation, numbers: bool) -> tuple[str, int]:
    """Return what was written, and how tightly it holds together."""

    def part(inner: Expression, least: int) -> str:
        text, tightness = _write(inner, notation, numbers)
        return text if tightness >= least else notation.parentheses(text)

    match expression:
        case Constant(value):
            return notation.number(shown(value, value)), _ATOM
        case Quantity():
            if not numbers:
                return notation.quantity(expression), _ATOM
            text = shown(expression.value, expression.size)
            return notation.number(text), _NEGATIVE if text.startswith("-") else _ATOM
        case Sum([only], []):  # a sum of one term is that term
            return _write(only, notation, numbers)
        case Sum():
            return _write_sum(expression, part, notation)
        case Product(factors):
            parts = [part(factor, _PRODUCT) for factor in factors]
            return notation.join(parts, ["", *["*"] * (len(parts) - 1)]), _PRODUCT
        case Quotient(top, bottom):
            if notation.tight_fraction:
                return notation.fraction(part(top, _NEGATIVE), part(bottom, _NEGATIVE)), _ATOM
            return notation.fraction(part(top, _PRODUCT), part(bottom, _POWER)), _PRODUCT
        case Power(base, exponent):
            return notation.power(part(base, _ATOM), part(exponent, _ATOM)), _POWER
        case Call(function, arguments):
            return notation.call(function, [part(a, _NEGATIVE) for a in arguments]), _ATOM
        case Cases(quantity, then, otherwise):
            inner = [part(e, _NEGATIVE) for e in (quantity, then, otherwise)]
            return notation.cases(*inner), _NEGATIVE


def _write_sum(
    total: Sum, part: Callable[[Expression, int], str], notation: Notation
) -> tuple[str, int]:
    terms, minus, dots = total
    parts = [part(term, _PRODUCT) for term in terms]
    operators = ["-" if i < len(minus) and minus[i] else "+" for i in range(len(parts))]
    if operators[0] == "+":
        operators[0] = ""
    if dots is not None:
        parts.insert(dots, notation.dots)
        operators.insert(dots, "+")
    return notation.join(parts, operators), _SUM


def _text_quantity(quantity: Quantity) -> str:
    letter = "z" if quantity.letter == "f'" else quantity.letter
    text = letter
    if quantity.layer is not None:
        text += f"[{quantity.layer}]"
    if quantity.place:
        text += "_" + ",".join(map(str, quantity.place))
    if quantity.sample is not None:
        text += f"^({quantity.sample})"
    if quantity.letter == "f'":
        text = f"f'({text})"
    return f"new {text}" if quantity.new else text


def _text_join(parts: list[str], operators: list[str]) -> str:
    text = operators[0] + parts[0]
    for operator, part in zip(operators[1:], parts[1:], strict=True):
        text += f" {operator} {part}"
    return text


TEXT = Notation(
    number=lambda text: text,
    quantity=_text_quantity,
    join=_text_join,
    fraction=lambda top, bottom: f"{top} / {bottom}",
    power=lambda base, exponent: f"{base}^{exponent}",
    call=lambda function, arguments: f"{function}({', '.join(arguments)})",
    cases=lambda quantity, then, otherwise: f"{then} if {quantity} > 0 else {otherwise}",
    parentheses=lambda text: f"({text})",
    dots="...",
    tight_fraction=False,
)

#: Letters that have a sign of their own: in LaTeX, in MathML.
_GREEK = {
    "delta": (r"\delta", "&#948;"),
    "eta": (r"\eta", "&#951;"),
    "lambda": (r"\lambda", "&#955;"),
    "mu": (r"\mu", "&#956;"),
    "alpha": (r"\alpha", "&#945;"),
    "eps": (r"\varepsilon", "&#949;"),
    "beta1": (r"\beta_1", "&#946;"),
    "beta2": (r"\beta_2", "&#946;"),
}
#: Words among the letters.
_WORDS = ("share", "shares", "blame", "step", "penalty", "change")


def _power_of_ten(text: str) -> tuple[str, str | None]:
    """Split a number into its digits and its power of ten, if it has one."""
    digits, _, power = text.partition("e")
    return digits, str(int(power)) if power else None


def _latex_number(text: str) -> str:
    digits, power = _power_of_ten(text)
    if power is None:
        return {"NaN": r"\text{NaN}", "Inf": r"\infty", "-Inf": r"-\infty"}.get(digits, digits)
    return rf"{digits} \cdot 10^{{{power}}}"


def _latex_letter(letter: str) -> str:
    if letter in _WORDS:
        return rf"\mathrm{{{letter}}}"
    return _GREEK[letter][0] if letter in _GREEK else letter


def _latex_quantity(quantity: Quantity) -> str:
    letter = quantity.letter
    if letter.startswith("dC/d"):
        parameter = _latex_quantity(quantity._replace(letter=letter.removeprefix("dC/d")))
        return rf"\frac{{\partial C}}{{\partial {parameter}}}"
    if letter == "f'":
        return f"f'({_latex_quantity(quantity._replace(letter='z'))})"
    text = _latex_letter(letter)
    above = "" if quantity.layer is None else f"[{quantity.layer}]"
    above += "" if quantity.sample is None else f"({quantity.sample})"
    if above:
        text += f"^{{{above}}}"
    if quantity.place:
        text += f"_{{{','.join(map(str, quantity.place))}}}"
    return rf"{{{text}}}^{{\text{{new}}}}" if quantity.new else text


def _latex_join(parts: list[str], operators: list[str]) -> str:
    text = operators[0] + parts[0]
    for operator, part in zip(operators[1:], parts[1:], strict=True):
        text += rf" {operator} {part}" if operator != "*" else rf" \cdot {part}"
    return text


def _latex_call(function: str, arguments: list[str]) -> str:
    inner = ", ".join(arguments)
    if function == "abs":
        return rf"\left|{inner}\right|"
    if function == "sqrt":
        return rf"\sqrt{{{inner}}}"
    name = r"\operatorname{sign}" if function == "sign" else f"\\{function}"
    return rf"{name}\left({inner}\right)"


LATEX = Notation(
    number=_latex_number,
    quantity=_latex_quantity,
    join=_latex_join,
    fraction=lambda top, bottom: rf"\frac{{{top}}}{{{bottom}}}",
    # braces, because the base may have a superscript of its own
    power=lambda base, exponent: f"{{{base}}}^{{{exponent}}}",
    call=_latex_call,
    cases=lambda quantity, then, otherwise: (
        rf"{then} \text{{ if }} {quantity} > 0 \text{{ else }} {otherwise}"
    ),
    parentheses=lambda text: rf"\left({text}\right)",
    dots=r"\cdots",
    tight_fraction=True,
)

_MINUS = "&#8722;"


def _mathml_number(text: str) -> str:
    digits, power = _power_of_ten(text)
    sign = f"<mo>{_MINUS}</mo>" if digits.startswith("-") else ""
    digits = digits.removeprefix("-")
    number = f"{sign}<mn>{'&#8734;' if digits == 'Inf' else digits}</mn>"
    if power is None:
        return number if not sign else f"<mrow>{number}</mrow>"
    power = power.replace("-", _MINUS)
    return f"<mrow>{number}<mo>&#183;</mo><msup><mn>10</mn><mn>{power}</mn></msup></mrow>"


def _mathml_letter(letter: str) -> str:
    if letter in _WORDS:
        return f"<mtext>{letter}</mtext>"
    if letter.startswith("beta"):
        return f"<msub><mi>{_GREEK[letter][1]}</mi><mn>{letter[-1]}</mn></msub>"
    return f"<mi>{_GREEK[letter][1] if letter in _GREEK else letter}</mi>"


def _mathml_quantity(quantity: Quantity) -> str:
    letter = quantity.letter
    if letter.startswith("dC/d"):
        parameter = _mathml_quantity(quantity._replace(letter=letter.removeprefix("dC/d")))
        return (
            "<mfrac><mrow><mo>&#8706;</mo><mi>C</mi></mrow>"
            f"<mrow><mo>&#8706;</mo>{parameter}</mrow></mfrac>"
        )
    if letter == "f'":
        z = _mathml_quantity(quantity._replace(letter="z"))
        return f"<mrow><mi>f</mi><mo>&#8242;</mo><mo>(</mo>{z}<mo>)</mo></mrow>"
    above = "" if quantity.layer is None else f"[{quantity.layer}]"
    above += "" if quantity.sample is None else f"({quantity.sample})"
    below = ",".join(map(str, quantity.place))
    base = _mathml_letter(letter)
    if above and below:
        text = f"<msubsup>{base}<mtext>{below}</mtext><mtext>{above}</mtext></msubsup>"
    elif above or below:
        tag = "msup" if above else "msub"
        text = f"<{tag}>{base}<mtext>{above or below}</mtext></{tag}>"
    else:
        text = base
    if quantity.new:
        return f"<mrow><mtext>new&#160;</mtext>{text}</mrow>"
    return text


def _mathml_join(parts: list[str], operators: list[str]) -> str:
    signs = {"": "", "-": f"<mo>{_MINUS}</mo>", "+": "<mo>+</mo>", "*": "<mo>&#183;</mo>"}
    inner = "".join(signs[o] + part for o, part in zip(operators, parts, strict=True))
    return f"<mrow>{inner}</mrow>"


def _mathml_call(function: str, arguments: list[str]) -> str:
    inner = "<mo>,</mo>".join(arguments)
    if function == "abs":
        return f"<mrow><mo>|</mo>{inner}<mo>|</mo></mrow>"
    if function == "sqrt":
        return f"<msqrt>{inner}</msqrt>"
    return f"<mrow><mi>{function}</mi><mo>(</mo>{inner}<mo>)</mo></mrow>"


MATHML = Notation(
    number=_mathml_number,
    quantity=_mathml_quantity,
    join=_mathml_join,
    fraction=lambda top, bottom: f"<mfrac>{top}{bottom}</mfrac>",
    power=lambda base, exponent: f"<msup>{base}{exponent}</msup>",
    call=_mathml_call,
    cases=lambda quantity, then, otherwise: (
        f"<mrow>{then}<mtext>&#160;if&#160;</mtext>{quantity}<mo>&gt;</mo><mn>0</mn>"
        f"<mtext>&#160;else&#160;</mtext>{otherwise}</mrow>"
    ),
    parentheses=lambda text: f"<mrow><mo>(</mo>{text}<mo>)</mo></mrow>",
    dots="<mo>&#8943;</mo>",
    tight_fraction=True,
)
