"""The text of files in JSON, read strictly. Twins: r/json_text.R, inst/js/json_text.js.

Section 9 of docs/contract.md. JSON's parsers differ in what they let pass: a key that is there
twice, NaN, bytes that are no UTF-8, brackets nested until the stack ends. Here none of it passes,
in any language.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, NoReturn

import numpy as np

from twinprop.checks import describe
from twinprop.errors import InputError

#: Brackets inside of each other; plans need 5, models 6.
DEEPEST = 100

#: Integers of more digits than these are Inf as a float64, which is what they are read as.
MOST_DIGITS = 400

# unrolled, so that a string of any length is one match without backtracking
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)

_STEPS = np.zeros(256, dtype=np.int64)
_STEPS[list(b"[{")] = 1
_STEPS[list(b"]}")] = -1


def parse_json(text: str | bytes, what: str) -> Any:
    """Parse JSON as its standard has it; `what` it is stands in messages.

    Raises
    ------
    InputError
        If it is not JSON, is nested too deep, has a key twice in an object, or a string that not
        every language can hold.
    """
    try:
        data = text.encode("utf-8") if isinstance(text, str) else text
        text = data.decode("utf-8")
    except UnicodeError:
        raise InputError(f"the {what} is not valid JSON: invalid UTF-8") from None
    depth = _STEPS[np.frombuffer(_STRING.sub(b"", data), dtype=np.uint8)].cumsum()
    if depth.max(initial=0) > DEEPEST:
        raise InputError(f"the {what} must not be nested more than {DEEPEST} deep")
    twice: list[str] = []

    def no_key_twice(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs) and not twice:
            keys = [key for key, _ in pairs]
            twice.append(next(key for i, key in enumerate(keys) if key in keys[:i]))
        return found

    try:
        value = json.loads(
            text,
            parse_constant=_no_constant,
            parse_int=_integer,
            object_pairs_hook=no_key_twice,
        )
    except ValueError as error:
        raise InputError(f"the {what} is not valid JSON: {error}") from None
    # an escape is the only way to them: JSON has no control characters, UTF-8 no surrogates
    if b"\\u" in data and has_odd_string(value):
        raise InputError(
            f"the {what} must have strings without NUL and without halves of characters"
        )
    if twice:
        raise InputError(
            f"the {what} must have distinct keys in each object, got {describe(twice[0])} twice"
        )
    return value


def _no_constant(token: str) -> NoReturn:
    raise ValueError(f"{token} is not a JSON number")


def _integer(token: str) -> int | float:
    return int(token) if len(token) <= MOST_DIGITS else float(token)


_ODD = re.compile("[\0\ud800-\udfff]")


def has_odd_string(value: Any) -> bool:
    """Whether a string, or a key, has a NUL or half of a character."""
    if isinstance(value, str):
        return _ODD.search(value) is not None
    if isinstance(value, dict):
        return any(has_odd_string(key) or has_odd_string(entry) for key, entry in value.items())
    return isinstance(value, list) and any(map(has_odd_string, value))
