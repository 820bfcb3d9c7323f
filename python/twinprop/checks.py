"""Checks at the door: every argument, one message each. Twins: r/checks.R, inst/js/checks.js.

The messages follow section 9 of docs/contract.md to the letter. Each check returns the value in the
form in which the rest of the package wants it.
"""

from __future__ import annotations

import math
import numbers
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from twinprop.errors import InputError

Array = npt.NDArray[np.float64]

#: Strings longer than this are cut in messages.
LONGEST_STRING = 60

#: Weights and biases that a network may have, so that no language runs out of indices.
MOST_PARAMETERS = 2**31 - 1
#: Integers that only have a lower end end here: nothing that is counted has more, and R no longer
#: counts by integers.
MOST_COUNT = 2**31 - 1

#: Control characters, marks of direction, breaks of lines and halves of characters.
_UNSEEN = re.compile(
    "[\0-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)


def describe(value: object) -> str:
    """Write a given value the way all three languages write it in messages."""
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value.item()
    if value is None:
        return "null"
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, numbers.Real):
        number = as_float(value)
        if math.isnan(number):
            return "NaN"
        if math.isinf(number):
            return "Inf" if number > 0 else "-Inf"
        return f"{number:.15g}"
    if isinstance(value, str):
        cut = value if len(value) <= LONGEST_STRING else value[:LONGEST_STRING] + "..."
        return f'"{escaped(cut)}"'
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, Sequence | np.ndarray):
        return f"a list of {len(value)}"
    return f"a {type(value).__name__}"


def escaped(text: str) -> str:
    """Write a string as it stands between double quotes in messages."""
    return visible(text.replace("\\", "\\\\").replace('"', '\\"'))


def visible(text: str) -> str:
    """Write the code of what a terminal would obey, or what would turn the text's direction."""
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def as_float(value: Any) -> float:
    """Return a number as a float64; an int too large for one is Inf, as any JSON reader has it."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def quoted(names: Iterable[str]) -> str:
    """List names in double quotes, with commas."""
    return ", ".join(f'"{escaped(name)}"' for name in names)


def is_number(value: object) -> bool:
    """Whether `value` is a real number (a bool is not)."""
    return isinstance(value, numbers.Real) and not isinstance(value, bool | np.bool_)


def is_finite(value: Any) -> bool:
    """Whether `value` is a number that is neither NaN nor Inf as a float64."""
    return is_number(value) and math.isfinite(as_float(value))


def is_integer(value: Any) -> bool:
    """Whether `value` is a number without a fraction: 3 and 3.0 are."""
    return is_finite(value) and float(value).is_integer()


def check_integer(
    value: Any, name: str, low: int, high: int | None = None, most: float = MOST_COUNT
) -> int:
    """Return `value` as an int within [low, high]; without `high` it is a count, up to `most`."""
    if high is None and is_integer(value) and value > most:
        high = MOST_COUNT
    if not is_integer(value) or value < low or (high is not None and value > high):
        allowed = f">= {low}" if high is None else f"from {low} to {high}"
        raise InputError(f"{name} must be an integer {allowed}, got {describe(value)}")
    return int(value)


def check_seed(value: Any, name: str = "seed") -> int:
    """Return a seed that R's set.seed takes: 32 bits with a sign, without R's NA."""
    return check_integer(value, name, -(2**31) + 1, 2**31 - 1)


def check_number(value: Any, name: str) -> float:
    """Return a finite number that is not negative."""
    if not is_finite(value) or value < 0:
        raise InputError(f"{name} must be a finite number >= 0, got {describe(value)}")
    return float(value)


def check_ratio(value: Any, name: str) -> float:
    """Return a number above 0 and at most 1."""
    if not is_finite(value) or not 0 < value <= 1:
        raise InputError(f"{name} must be a number above 0 and at most 1, got {describe(value)}")
    return float(value)


def check_fraction(value: Any, name: str) -> float:
    """Return a number from 0 to below 1."""
    if not is_finite(value) or not 0 <= value < 1:
        raise InputError(f"{name} must be a number from 0 to below 1, got {describe(value)}")
    return float(value)


def check_choice(
    value: Any, name: str, choices: Iterable[str], aliases: Mapping[str, str] | None = None
) -> str:
    """Return one of `choices`, or the choice that an alias stands for."""
    if isinstance(value, str) and aliases and value in aliases:
        return aliases[value]
    choices = list(choices)
    if not isinstance(value, str) or value not in choices:
        raise InputError(f"{name} must be one of {quoted(choices)}, got {describe(value)}")
    return value


def check_switch(value: Any, name: str) -> bool:
    """Return a bool."""
    if not isinstance(value, bool | np.bool_):
        raise InputError(f"{name} must be true or false, got {describe(value)}")
    return bool(value)


def check_path(value: Any, name: str, what: str = "a path") -> str | os.PathLike[str]:
    """Return a file's path; `what` is allowed stands in the message."""
    if not isinstance(value, str | os.PathLike) or isinstance(os.fspath(value), bytes):
        raise InputError(f"{name} must be {what}, got {describe(value)}")
    return value


def check_object(value: Any, name: str) -> Mapping[str, Any]:
    """Return a mapping."""
    if not isinstance(value, Mapping):
        raise InputError(f"{name} must be an object, got {describe(value)}")
    return value


def check_keys(value: Mapping[str, Any], where: str, allowed: Sequence[str]) -> None:
    """Refuse a key that is not in `allowed`."""
    for key in value:
        if key not in allowed:
            raise InputError(f"unknown key {describe(key)} in {where}; allowed: {quoted(allowed)}")


def as_list(value: Any) -> list[Any] | None:
    """Return a list or array as a list; None for anything else, strings included."""
    if isinstance(value, np.ndarray):
        return list(value) if value.ndim > 0 else None
    if callable(getattr(value, "to_numpy", None)):  # a pandas (or polars) Series or DataFrame
        return as_list(value.to_numpy())
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return list(value)
    return None


def is_vector(value: Any) -> bool:
    """Whether `value` is a list or array of numbers, not of rows."""
    dimensions = getattr(value, "ndim", None)
    if dimensions is not None:
        return bool(dimensions == 1)
    entries = as_list(value)
    return bool(entries) and all(map(is_number, entries or []))


def check_layers(value: Any, name: str = "layers") -> tuple[int, ...]:
    """Return the layer sizes n_1, ..., n_L."""
    entries = as_list(value)
    if entries is None or len(entries) < 2:
        raise InputError(
            f"{name} must be a list of at least 2 integers >= 1, got {describe(value)}"
        )
    layers = [  # which have a limit of their own
        check_integer(entry, f"{name} entry {i}", 1, most=math.inf)
        for i, entry in enumerate(entries, 1)
    ]
    # in float64, as R and JavaScript count
    count = sum(float(n) * (float(m) + 1) for m, n in zip(layers, layers[1:], strict=False))
    if count > MOST_PARAMETERS:
        raise InputError(
            f"{name} must make at most {MOST_PARAMETERS} weights and biases, got {describe(count)}"
        )
    return tuple(layers)


class _Range(Protocol):
    def __call__(self, first: float, second: float) -> bool: ...


def _check_pair(value: Any, name: str, allowed: str, fits: _Range) -> tuple[float, float]:
    entries = as_list(value)
    if (
        entries is None
        or len(entries) != 2
        or not all(map(is_finite, entries))
        or not fits(*entries)
    ):
        raise InputError(f"{name} must be a list of 2 numbers{allowed}, got {describe(value)}")
    return float(entries[0]), float(entries[1])


def check_betas(value: Any, name: str) -> tuple[float, float]:
    """Return adam's two decay rates."""
    return _check_pair(
        value, name, " from 0 to below 1", lambda first, second: 0 <= first < 1 and 0 <= second < 1
    )


def check_etas(value: Any, name: str) -> tuple[float, float]:
    """Return rprop's two factors."""
    return _check_pair(
        value, name, ", 0 < first < 1 < second", lambda first, second: 0 < first < 1 < second
    )


def check_step_sizes(value: Any, name: str) -> tuple[float, float]:
    """Return rprop's smallest and largest step."""
    return _check_pair(
        value, name, ", 0 < first <= second", lambda first, second: 0 < first <= second
    )


def check_snapshots(value: Any, name: str) -> tuple[int, ...]:
    """Return the update counts at which to keep the weights."""
    entries = as_list(value)
    if (
        entries is None
        or not all(is_integer(entry) and entry >= 1 for entry in entries)
        or any(later <= earlier for earlier, later in zip(entries, entries[1:], strict=False))
    ):
        raise InputError(
            f"{name} must be a list of integers >= 1, each larger than the one before, "
            f"got {describe(value)}"
        )
    return tuple(int(entry) for entry in entries)


def check_record(value: Any, name: str) -> int | None:
    """Return the interval at which to record steps; None for no recording."""
    if value is None:
        return None
    if isinstance(value, str) and value == "steps":
        return 1
    if not is_integer(value) or value < 1:
        raise InputError(f'{name} must be null, "steps" or an integer >= 1, got {describe(value)}')
    return int(value)


def check_dropout(value: Any, name: str, hidden: int) -> float | tuple[float, ...]:
    """Return the dropout of every hidden layer: one number, or one for each of them."""
    entries = as_list(value)
    if entries is None:
        return check_fraction(value, name)
    if len(entries) != hidden:
        raise InputError(
            f"{name} must have one number for each hidden layer ({hidden}), got {len(entries)}"
        )
    return tuple(check_fraction(entry, f"{name} entry {i}") for i, entry in enumerate(entries, 1))


def check_clip_norm(value: Any, name: str, update_order: str) -> float | None:
    """Return the largest norm of a gradient; None for no limit."""
    if value is None:
        return None
    if not is_finite(value) or not value > 0:
        raise InputError(f"{name} must be null or a finite number above 0, got {describe(value)}")
    if update_order == "output_first":
        raise InputError(
            f'{name} must be null with update order "output_first", got {describe(value)}'
        )
    return float(value)


def check_sample_weight(value: Any, name: str, rows: int) -> Array | None:
    """Return the weights of the samples, (rows,); None if all have the same."""
    if value is None:
        return None
    array = _numeric_array(value)
    if array is None or array.shape != (rows,) or not (np.isfinite(array) & (array >= 0)).all():
        array = check_vector(value, name, rows, least=0.0)
    if not array.any():
        raise InputError(f"{name} must have a value above 0, got none")
    return np.array(array, dtype=np.float64)


def check_matrix(value: Any, name: str, columns: int, rows: int | None = None) -> Array:
    """Return a float64 array (rows, columns) of finite numbers.

    Parameters
    ----------
    value : array-like
        A 2-d array, a DataFrame of numbers, or a list of rows.
    name : str
        The argument's name in messages.
    columns : int
        How many values each row must have.
    rows : int, optional
        How many rows there must be; any number from 1 if absent.
    """
    array = _numeric_array(value)
    if array is not None and array.ndim == 2:
        value = array
        height, width = array.shape
        fits = height == rows if rows is not None else height >= 1
        if fits and width == columns and _all_finite(array):
            return np.ascontiguousarray(array, dtype=np.float64)
    return _matrix_row_by_row(value, name, columns, rows)


def _numeric_array(value: Any) -> npt.NDArray[Any] | None:
    """Return arrays and DataFrames of numbers as they are, without a copy; None for the rest."""
    if callable(getattr(value, "to_numpy", None)):
        value = value.to_numpy()
    if isinstance(value, np.ndarray) and value.dtype.kind in "iuf":
        # what is masked is missing, whatever number lies below
        return np.ma.filled(value.astype(float), np.nan) if np.ma.is_masked(value) else value
    return None


def _all_finite(array: npt.NDArray[Any]) -> bool:
    # Piece by piece: of many rows even a byte for each number is a lot.
    return all(
        bool(np.isfinite(array[start : start + 10_000]).all())
        for start in range(0, len(array), 10_000)
    )


def _matrix_row_by_row(value: Any, name: str, columns: int, rows: int | None) -> Array:
    entries = as_list(value)
    if entries is None:
        raise InputError(
            f"{name} must be a list of rows, each a list of numbers, got {describe(value)}"
        )
    if rows is not None and len(entries) != rows:
        raise InputError(f"{name} must have {rows} rows, got {len(entries)}")
    if not entries:
        raise InputError(f"{name} must have at least 1 row, got 0")
    result = np.empty((len(entries), columns))
    for i, row in enumerate(entries, 1):
        values = as_list(row)
        if values is None:
            raise InputError(f"{name} row {i} must be a list of numbers, got {describe(row)}")
        if len(values) != columns:
            raise InputError(f"{name} row {i} must have {columns} values, got {len(values)}")
        for j, entry in enumerate(values, 1):
            if not is_finite(entry):
                raise InputError(
                    f"{name} row {i}, column {j} must be a finite number, got {describe(entry)}"
                )
        result[i - 1] = values
    return result


def check_same_rows(d: Array, x: Array, d_name: str = "d", x_name: str = "x") -> None:
    """Refuse targets that are not as many as the inputs."""
    if len(d) != len(x):
        raise InputError(f"{d_name} must have as many rows as {x_name} ({len(x)}), got {len(d)}")


def check_weights(value: Any, name: str, layers: Sequence[int]) -> list[Array]:
    """Return the weight matrices W[2..L] given by hand."""
    entries = as_list(value)
    if entries is None or len(entries) != len(layers) - 1:
        raise InputError(
            f"{name} must have one matrix for each layer after the input ({len(layers) - 1}), "
            f"got {describe(value) if entries is None else len(entries)}"
        )
    return [
        check_matrix(entry, f"{name} layer {i + 2}", layers[i], rows=layers[i + 1])
        for i, entry in enumerate(entries)
    ]


def check_biases(value: Any, name: str, layers: Sequence[int]) -> list[Array]:
    """Return the bias vectors b[2..L] given by hand."""
    entries = as_list(value)
    if entries is None or len(entries) != len(layers) - 1:
        raise InputError(
            f"{name} must have one list for each layer after the input ({len(layers) - 1}), "
            f"got {describe(value) if entries is None else len(entries)}"
        )
    return [
        check_vector(entry, f"{name} layer {layer}", size)
        for layer, (entry, size) in enumerate(zip(entries, layers[1:], strict=True), 2)
    ]


def check_vector(value: Any, name: str, size: int, least: float = -math.inf) -> Array:
    """Return a vector of `size` finite numbers, none below `least`."""
    entries = as_list(value)
    if entries is None or len(entries) != size:
        raise InputError(
            f"{name} must have {size} values, "
            f"got {describe(value) if entries is None else len(entries)}"
        )
    allowed = "a finite number" if least == -math.inf else f"a finite number >= {describe(least)}"
    for i, entry in enumerate(entries, 1):
        if not is_finite(entry) or entry < least:
            raise InputError(f"{name} value {i} must be {allowed}, got {describe(entry)}")
    return np.array(entries, dtype=np.float64)
