"""How columns become inputs, and outputs predictions. Twins: r/encoding.R, inst/js/encoding.js.

Section 16 of docs/contract.md; docs/data-contract.md says it with examples. What was learned from
the data is a plain dict, as a model's file has it:

inputs   {"columns": [{"name", "kind": "numeric"}, {"name", "kind": "logical"},
                      {"name", "kind": "factor", "levels", "ordered"}],
          "terms": [{"name", "parts": [{"column", "coding" (a number for each level)}]}],
          "center", "scale"}        a term for each input of the network: the product of its parts
outputs  {"names", "levels", "center", "scale"}
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from twinprop.arithmetic import PORTABLE
from twinprop.checks import (
    Array,
    as_float,
    as_list,
    check_choice,
    check_keys,
    check_object,
    check_switch,
    check_vector,
    describe,
    is_finite,
    is_number,
    quoted,
)
from twinprop.errors import EngineError, InputError

#: What a model does, beside None: nothing is known but its network.
TASKS = ("regression", "classification", "multilabel")

#: What a column holds.
KINDS = ("numeric", "logical", "factor")

#: What is done with a row that lacks a value: an error, or a prediction that is missing too.
NA_ACTIONS = ("error", "pass")

#: What is done with columns that the model does not know.
EXTRA_ACTIONS = ("ignore", "error")

#: More levels than these are not listed in messages.
MOST_LISTED = 20

#: Ordered levels beyond which R's polynomials lose their digits.
MOST_ORDERED = 95

Inputs = dict[str, Any]
Outputs = dict[str, Any]
Mask = npt.NDArray[np.bool_]


# Columns as they are given -----------------------------------------------------------------------


class Column(NamedTuple):
    """A column of given data.

    Attributes
    ----------
    values : ndarray, (n,)
        Numbers, bools, or objects; of a categorical column the codes, from 0.
    missing : ndarray of bool, (n,)
    levels : list or None
        The levels of a categorical column, in its own order.
    ordered : bool
        Whether these are ordered.
    """

    values: npt.NDArray[Any]
    missing: Mask
    levels: list[Any] | None = None
    ordered: bool = False

    def at(self, i: Any) -> Any:
        """Return the value of row i, from 0."""
        value = self.values[i]
        return value if self.levels is None else self.levels[int(value)]


class Frame(NamedTuple):
    """Given data as columns; `names` is None where they have none.

    Attributes
    ----------
    names : list of str or None
    columns : list
        What `read_column` takes.
    rows : int
    """

    names: list[str] | None
    columns: list[Any]
    rows: int


def read_frame(data: Any) -> Frame:
    """Return a data frame, dict of columns, list of dicts, array or list of rows as columns."""
    if hasattr(data, "iloc") and hasattr(data, "columns"):  # pandas
        labels = list(data.columns)
        columns = [data.iloc[:, j] for j in range(len(labels))]
        named = all(isinstance(label, str) for label in labels)
        return _frame([str(label) for label in labels] if named else None, columns, len(data))
    if isinstance(data, Mapping):
        columns = [_as_values(values, name) for name, values in data.items()]
        rows = {len(values) for values in columns}
        if len(rows) > 1:
            raise InputError(f"the columns must have the same number of rows, got {sorted(rows)}")
        return _frame([str(name) for name in data], columns, rows.pop() if rows else 0)
    if hasattr(data, "__dataframe__") or hasattr(data, "__arrow_c_stream__"):
        return _other_frame(data)
    if isinstance(data, np.ndarray) and data.ndim == 2:
        return Frame(None, [data[:, j] for j in range(data.shape[1])], len(data))
    entries = as_list(data)
    if entries is None:
        raise InputError(
            f"the data must be a data frame or a list of rows, got {describe_given(data)}"
        )
    if entries and all(isinstance(row, Mapping) for row in entries):
        return _from_objects(entries)
    return _from_rows(entries)


def _frame(names: list[str] | None, columns: list[Any], rows: int) -> Frame:
    if names is not None and len(set(names)) < len(names):
        twice = next(name for i, name in enumerate(names) if name in names[:i])
        raise InputError(f"column {describe(twice)} is there twice")
    return Frame(names, columns, rows)


def _as_values(values: Any, name: str) -> Any:
    if as_list(values) is None:
        raise InputError(
            f"column {describe(name)} must be a list of values, got {describe(values)}"
        )
    return values


def _from_objects(rows: list[Mapping[str, Any]]) -> Frame:
    names = list(dict.fromkeys(name for row in rows for name in row))
    columns = [_object_array([row.get(name) for row in rows]) for name in names]
    return Frame(names, columns, len(rows))


def _from_rows(rows: list[Any]) -> Frame:
    lists = [as_list(row) for row in rows]
    values = [row for row in lists if row is not None]
    if len(values) < len(lists):
        i = next(i for i, row in enumerate(lists) if row is None)
        raise InputError(f"row {i + 1} must be a list of values, got {describe(rows[i])}")
    width = len(values[0]) if values else 0
    for i, row in enumerate(values, 1):
        if len(row) != width:
            raise InputError(f"row {i} must have {width} values, got {len(row)}")
    return Frame(None, [_object_array([row[j] for row in values]) for j in range(width)], len(rows))


def _other_frame(data: Any) -> Frame:
    """Return the columns of any data frame that narwhals knows: polars, pyarrow, ..."""
    try:
        import narwhals.stable.v1 as nw
    except ImportError:
        raise EngineError(
            "data frames other than pandas' need narwhals; install it: "
            'pip install "twinprop[sklearn]"'
        ) from None
    try:
        frame = nw.from_native(data, eager_only=True)
    except TypeError:
        raise InputError(
            f"the data must be a data frame or a list of rows, got {describe_given(data)}"
        ) from None
    return _frame(list(frame.columns), [frame[name] for name in frame.columns], len(frame))


def _object_array(values: Sequence[Any]) -> npt.NDArray[Any]:
    result = np.empty(len(values), dtype=object)
    result[:] = values
    return result


def describe_given(value: object) -> str:
    """Write a given value as `describe` does, and what is missing as null."""
    return "null" if is_missing(value) and not isinstance(value, float) else describe(value)


def is_missing(value: object) -> bool:
    """Whether a single value is missing: None, NaN, pandas' NA and NaT."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, float | np.floating) and bool(np.isnan(value))


def read_column(given: Any, name: str) -> Column:
    """Return a column with its missing values marked."""
    if hasattr(given, "to_native"):
        return _narwhals_column(given, name)
    if hasattr(given, "isna"):
        return _pandas_column(given, name)
    if isinstance(given, np.ma.MaskedArray):
        values = np.asarray(given.data)
        hidden = np.ma.getmaskarray(given)
        column = _array_column(values, name)
        return column._replace(missing=column.missing | hidden)
    if isinstance(given, np.ndarray):
        return _array_column(given, name)
    return _array_column(_object_array(as_list(given) or []), name)


def _array_column(values: npt.NDArray[Any], name: str) -> Column:
    if values.dtype.kind == "f":
        return Column(values.astype(np.float64, copy=False), np.isnan(values))
    if values.dtype.kind in "iu":
        return Column(values.astype(np.float64), np.zeros(len(values), dtype=bool))
    if values.dtype.kind == "b":
        return Column(values, np.zeros(len(values), dtype=bool))
    if values.dtype.kind in "UT":
        values = values.astype(object)
    if values.dtype.kind != "O":
        raise _wrong_kind(name, str(values.dtype))
    missing = np.fromiter((is_missing(value) for value in values), dtype=bool, count=len(values))
    return Column(values, missing)


def _wrong_kind(name: str, got: str) -> InputError:
    return InputError(
        f"column {describe(name)} must hold numbers, strings, levels or true and false, got {got}"
    )


def _pandas_column(series: Any, name: str) -> Column:
    missing = np.asarray(series.isna(), dtype=bool)
    kind = getattr(series.dtype, "kind", "O")
    if type(series.dtype).__name__ == "CategoricalDtype":
        about = getattr(series, "cat", series)  # a Series, or a Categorical alone
        levels = [_plain(level) for level in about.categories]
        codes = np.asarray(about.codes, dtype=np.int64)
        return Column(codes, missing, levels, bool(about.ordered))
    if kind in "iuf":
        return Column(series.to_numpy(dtype=np.float64, na_value=np.nan), missing)
    if kind == "b" and not missing.any():
        return Column(series.to_numpy(dtype=bool), missing)
    if kind in "Mmc":
        raise _wrong_kind(name, str(series.dtype))
    return Column(_object_array(list(series)), missing)


def _narwhals_column(series: Any, name: str) -> Column:
    import narwhals.stable.v1 as nw

    dtype = series.dtype
    missing = np.asarray(series.is_null().to_list(), dtype=bool)
    if dtype.is_numeric():
        values = np.asarray(series.cast(nw.Float64).to_numpy(), dtype=np.float64)
        return Column(values, missing | np.isnan(values))
    if dtype == nw.Enum or (dtype == nw.Categorical and _from_pandas(series)):
        # an Enum's levels have an order; those of other categorical columns stand as they came
        levels = list(series.cat.get_categories().to_list())
        index = {level: i for i, level in enumerate(levels)}
        codes = np.array([index.get(value, -1) for value in series.to_list()], dtype=np.int64)
        return Column(codes, missing, levels)
    if dtype in (nw.String, nw.Categorical, nw.Boolean, nw.Object):
        return _array_column(_object_array(series.to_list()), name)
    raise _wrong_kind(name, str(dtype))


def _from_pandas(series: Any) -> bool:
    return hasattr(series.to_native(), "isna")


def _plain(value: Any) -> Any:
    """Return a numpy scalar as Python's own."""
    return value.item() if isinstance(value, np.generic) else value


# Learning an encoding ----------------------------------------------------------------------------


def learn_inputs(data: Any, *, unused: bool = True) -> Inputs:
    """Learn how the columns of `data` become inputs.

    Parameters
    ----------
    data : data frame, dict of columns, list of dicts, or array-like (n, k)
        Numbers are inputs as they are; true and false 0 and 1; strings and levels are coded by
        treatment contrasts, ordered levels by R's polynomials. Columns without names are called
        x1, x2, ...
    unused : bool, default True
        Whether a categorical column keeps the levels that no row has.

    Returns
    -------
    dict
        `columns`, `terms`, and `center` and `scale`, which are None; see `learn_scale`.

    Raises
    ------
    InputError
        If a column holds something else, or no value, or fewer than two levels.

    Examples
    --------
    >>> inputs = learn_inputs({"size": [1.5, 2], "colour": ["red", "blue"]})
    >>> [term["name"] for term in inputs["terms"]]
    ['size', 'colourred']
    """
    frame = read_frame(data)
    names = frame.names or [f"x{j}" for j in range(1, len(frame.columns) + 1)]
    if not names:
        raise InputError("the data must have at least 1 column, got 0")
    read = [read_column(given, name) for given, name in zip(frame.columns, names)]
    if not unused:
        read = [drop_levels(column) for column in read]
    columns = [learn_column(column, name) for column, name in zip(read, names)]
    terms = [term for column in columns for term in column_terms(column)]
    return {"columns": columns, "terms": terms, "center": None, "scale": None}


def drop_levels(column: Column) -> Column:
    """Return a column without the levels that no row has, as R's `droplevels()` does."""
    if column.levels is None:
        return column
    present = np.unique(column.values[~column.missing])
    codes = np.where(column.missing, -1, np.searchsorted(present, column.values))
    return column._replace(values=codes, levels=[column.levels[int(code)] for code in present])


def learn_column(column: Column, name: str) -> dict[str, Any]:
    """Return a column's kind, and its levels if it is a factor."""
    kind, levels = _kind_and_levels(column, f"column {describe(name)}")
    if kind != "factor":
        return {"name": name, "kind": kind}
    if len(levels) < 2:
        raise InputError(f"column {describe(name)} must have at least 2 levels, got {len(levels)}")
    check_distinct(levels, f"column {describe(name)}")
    if column.ordered and len(levels) > MOST_ORDERED:
        raise InputError(
            f"column {describe(name)} must have at most {MOST_ORDERED} ordered levels, "
            f"got {len(levels)}"
        )
    return {"name": name, "kind": "factor", "levels": levels, "ordered": column.ordered}


def check_distinct(levels: Sequence[Any], name: str) -> None:
    """Refuse levels that read the same."""
    texts = [level_text(level) for level in levels]
    if len(set(texts)) < len(texts):
        twice = next(text for i, text in enumerate(texts) if text in texts[:i])
        raise InputError(f"{name} must have distinct levels, got {describe(twice)} twice")


def _kind_and_levels(column: Column, name: str) -> tuple[str, list[Any]]:
    """Return the kind of a column, and the levels of a factor: its own, or sorted."""
    present = ~column.missing
    if column.levels is not None:
        levels = column.levels
        if levels and all(isinstance(level, bool) for level in levels):
            return "logical", []
        kinds = [_value_kind(level) for level in levels]
        for level, kind in zip(levels, kinds):
            if kind not in ("numeric", "factor") or kind != kinds[0]:
                raise InputError(
                    f"{name} must have only strings or only numbers as levels, "
                    f"got {describe(level)}"
                )
        return "factor", levels
    if not present.any():
        raise InputError(f"{name} must have at least 1 value, got 0")
    if column.values.dtype.kind == "f":
        return "numeric", []
    if column.values.dtype.kind == "b":
        return "logical", []
    return _object_kind(column.values, present, name)


def _object_kind(values: npt.NDArray[Any], present: Mask, name: str) -> tuple[str, list[Any]]:
    kinds = {"numeric": "a number", "logical": "true or false", "factor": "a string"}
    wanted = None
    for i in np.flatnonzero(present):
        kind = _value_kind(values[i])
        wanted = wanted or kind
        if kind is None or kind != wanted:
            allowed = kinds[wanted] if wanted else "a number, a string, true or false"
            raise InputError(f"{name} row {i + 1} must be {allowed}, got {describe(values[i])}")
    if wanted == "factor":
        return "factor", sorted({str(value) for value in values[present]})
    return wanted or "numeric", []


def _value_kind(value: object) -> str | None:
    if isinstance(value, bool | np.bool_):
        return "logical"
    if isinstance(value, str):
        return "factor"
    return "numeric" if isinstance(value, numbers.Real) else None


def column_terms(column: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the terms that a column alone makes."""
    name = column["name"]
    if column["kind"] == "numeric":
        return [{"name": name, "parts": [{"column": name}]}]
    if column["kind"] == "logical":
        return [{"name": f"{name}TRUE", "parts": [{"column": name, "coding": [0.0, 1.0]}]}]
    levels = column["levels"]
    if column["ordered"]:
        coding = polynomial_coding(len(levels))
        endings = [".L", ".Q", ".C", *(f"^{k}" for k in range(4, len(levels)))]
    else:
        coding = np.eye(len(levels))[:, 1:]
        endings = [level_text(level) for level in levels[1:]]
    return [
        {"name": f"{name}{ending}", "parts": [{"column": name, "coding": values.tolist()}]}
        for ending, values in zip(endings, coding.T)
    ]


def polynomial_coding(n: int) -> Array:
    """Return R's contr.poly(n): orthonormal polynomials of the degrees 1 to n - 1, (n, n - 1)."""
    scores = np.arange(1.0, n + 1) - (n + 1) / 2
    q, r = np.linalg.qr(np.vander(scores, n, increasing=True))
    return (q * np.where(np.diag(r) < 0, -1.0, 1.0))[:, 1:]


def level_text(level: object) -> str:
    """Write a level as text: a string itself, a number as %.15g has it, TRUE or FALSE."""
    if isinstance(level, bool | np.bool_):
        return "TRUE" if level else "FALSE"
    if isinstance(level, str):
        return level
    return describe(level + 0)  # type: ignore[operator]  # -0 is 0


# Applying it ----------------------------------------------------------------------------------


def encode_inputs(inputs: Inputs, data: Any, *, na: str = "error", extra: str = "ignore") -> Array:
    """Return the network's inputs for new rows.

    Parameters
    ----------
    inputs : dict
        What `learn_inputs` returned.
    data : as for `learn_inputs`
        Columns are found by name; those of an array by their place.
    na : str, default "error"
        A row that lacks a value is an error, or with "pass" a row of NaN.
    extra : str, default "ignore"
        Columns that the model does not know are left aside, or with "error" refused.

    Returns
    -------
    ndarray, (n, k)
        A column for each term, standardised if `center` and `scale` are there.

    Raises
    ------
    InputError
        If a column is missing, or a value is of the wrong kind or level; it names column and row.
    """
    check_choice(na, "na", NA_ACTIONS)
    check_choice(extra, "extra", EXTRA_ACTIONS)
    frame = read_frame(data)
    given = _find_columns(frame, [column["name"] for column in inputs["columns"]], extra)
    values, missing = {}, np.zeros(frame.rows, dtype=bool)
    for column in inputs["columns"]:
        name = column["name"]
        read = read_column(given[name], name)
        values[name] = encode_column(column, read, f"column {describe(name)}", na)
        missing |= read.missing
    x = np.empty((frame.rows, len(inputs["terms"])))
    for j, term in enumerate(inputs["terms"]):
        x[:, j] = _term_values(term, values)
    x[missing] = np.nan
    return scaled(x, inputs["center"], inputs["scale"])


def _find_columns(frame: Frame, names: list[str], extra: str) -> dict[str, Any]:
    """Return the columns that the model needs, by name, or by place where there are no names."""
    if frame.names is None:
        if len(frame.columns) != len(names) and (frame.rows or frame.columns):
            raise InputError(
                f"the data must have {len(names)} columns, got {len(frame.columns)}; "
                f"needed: {_listed(names)}"
            )
        columns = frame.columns or [np.empty(0)] * len(names)
        return dict(zip(names, columns))
    found = dict(zip(frame.names, frame.columns))
    lacking = [name for name in names if name not in found]
    if lacking:
        plural = "s" if len(lacking) > 1 else ""
        raise InputError(f"missing column{plural} {_listed(lacking)}; needed: {_listed(names)}")
    unknown = [name for name in frame.names if name not in names]
    if unknown and extra == "error":
        plural = "s" if len(unknown) > 1 else ""
        raise InputError(f"unknown column{plural} {_listed(unknown)}; needed: {_listed(names)}")
    return found


def _listed(levels: Sequence[Any]) -> str:
    """List values for a message, the first ones only of many."""
    listed = ", ".join(describe(level) for level in levels[:MOST_LISTED])
    return listed if len(levels) <= MOST_LISTED else f"{listed}, ... ({len(levels)} in all)"


def encode_column(
    about: Mapping[str, Any], column: Column, name: str, na: str = "error"
) -> npt.NDArray[Any]:
    """Return a column's numbers, or the places of its values among its levels, from 0.

    What stands in rows that lack a value means nothing.
    """
    if about["kind"] == "numeric":
        values, wrong = _numbers(column)
        allowed = "a finite number"
    elif about["kind"] == "logical":
        values, wrong = _bools(column)
        allowed = "true or false"
    else:
        values, wrong = _places(column, about["levels"])
        allowed = f"one of {_listed(about['levels'])}"
    wrong &= ~column.missing
    fault = wrong | column.missing if na == "error" else wrong
    if fault.any():
        raise _at_fault(column, int(np.argmax(fault)), name, allowed)
    return values


def _at_fault(column: Column, i: int, name: str, allowed: str) -> InputError:
    if column.missing[i]:
        return InputError(f"{name} row {i + 1} is missing")
    return InputError(f"{name} row {i + 1} must be {allowed}, got {describe(column.at(i))}")


def _numbers(column: Column) -> tuple[npt.NDArray[Any], Mask]:
    if column.levels is None and column.values.dtype.kind == "f":
        return column.values, ~np.isfinite(column.values)
    values = np.full(len(column.values), np.nan)
    for i in np.flatnonzero(~column.missing):
        value = column.at(i)
        if is_number(value):
            values[i] = as_float(value)
    return values, ~np.isfinite(values)


def _bools(column: Column) -> tuple[npt.NDArray[Any], Mask]:
    if column.values.dtype.kind == "b":
        return column.values.astype(np.int64), np.zeros(len(column.values), dtype=bool)
    values = np.full(len(column.values), -1)
    for i in np.flatnonzero(~column.missing):
        value = column.at(i)
        if isinstance(value, bool | np.bool_):
            values[i] = int(value)
    return values, values < 0


def _places(column: Column, levels: Sequence[Any]) -> tuple[npt.NDArray[Any], Mask]:
    index = level_index(levels)
    if column.levels is not None:
        known = np.array([*(place_of(level, index) for level in column.levels), -1])
        values = known[column.values]
    elif column.values.dtype.kind == "f":
        distinct, where = np.unique(column.values, return_inverse=True)
        values = np.array([place_of(value, index) for value in distinct], dtype=np.int64)[where]
    else:
        found = (place_of(value, index) for value in column.values)
        values = np.fromiter(found, dtype=np.int64, count=len(column.values))
    return values, values < 0


def level_index(levels: Sequence[Any]) -> dict[str, int]:
    """Return the places of levels, from 0, by their text."""
    return {level_text(level): i for i, level in enumerate(levels)}


def place_of(value: Any, index: Mapping[str, int]) -> int:
    """Return the place of a value among the levels, -1 if it is none of them."""
    known = isinstance(value, str | bool | np.bool_ | numbers.Real)
    return index.get(level_text(value), -1) if known else -1


def _term_values(term: Mapping[str, Any], values: Mapping[str, npt.NDArray[Any]]) -> Array:
    """Return the product of a term's parts; of a level, its number in the coding."""
    product: Any = 1.0
    for part in term["parts"]:
        factor = values[part["column"]]
        if part.get("coding") is not None:
            factor = np.asarray(part["coding"], dtype=np.float64)[factor]
        product = product * factor
    return product


# Scaling --------------------------------------------------------------------------------------


def learn_scale(x: Array, sample_weight: Array | None = None) -> tuple[Array, Array]:
    """Return the mean and the standard deviation (with n, not n - 1) of each column.

    Parameters
    ----------
    x : ndarray, (n, k)
    sample_weight : ndarray, (n,), optional
        With whole numbers the same as each row so many times.

    Returns
    -------
    center, scale : ndarray, (k,)
        A constant column has scale 1.

    Notes
    -----
    Sums go from the first row to the last, so that every language gets the same bits.
    """
    n, k = x.shape
    weight = np.ones(n) if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
    counted = x[weight > 0]
    total = np.cumsum(weight)[-1]
    center, scale = np.empty(k), np.ones(k)
    with np.errstate(over="ignore", invalid="ignore"):
        for j in range(k):
            if counted[:, j].min() == counted[:, j].max():
                center[j] = counted[0, j]
                continue
            center[j] = np.cumsum(weight * x[:, j])[-1] / total
            centred = x[:, j] - center[j]
            scale[j] = math.sqrt(np.cumsum(weight * (centred * centred))[-1] / total) or 1.0
    for j in range(k):
        if not math.isfinite(center[j]) or not math.isfinite(scale[j]):
            raise InputError(f"column {j + 1} has values too large to be standardised")
    return center, scale


def scaled(x: Array, center: Any, scale: Any) -> Array:
    """Return (x - center) / scale, column by column; x itself where these are None."""
    if center is None:
        return x
    result: Array = (x - np.asarray(center, dtype=np.float64)) / np.asarray(scale, dtype=np.float64)
    return result


def unscaled(x: Array, center: Any, scale: Any) -> Array:
    """Return x * scale + center, column by column; x itself where these are None."""
    if center is None:
        return x
    result: Array = x * np.asarray(scale, dtype=np.float64) + np.asarray(center, dtype=np.float64)
    return result


def scale_inputs(inputs: Inputs, x: Array, sample_weight: Array | None = None) -> Inputs:
    """Return `inputs` with the center and scale of its terms, learned from x, (n, k), unscaled.

    A term in which no number takes part, such as the 0 and 1 of a level, keeps center 0 and
    scale 1.
    """
    center, scale = learn_scale(x, sample_weight)
    numeric = {column["name"] for column in inputs["columns"] if column["kind"] == "numeric"}
    for j, term in enumerate(inputs["terms"]):
        if not any(part["column"] in numeric for part in term["parts"]):
            center[j], scale[j] = 0.0, 1.0
    return {**inputs, "center": center.tolist(), "scale": scale.tolist()}


# Outputs --------------------------------------------------------------------------------------


def learn_outputs(
    y: Any, task: str, *, names: Sequence[str] | None = None, levels: Sequence[Any] | None = None
) -> Outputs:
    """Learn what the network's outputs stand for.

    Parameters
    ----------
    y : array-like or data frame, (n,) or (n, K)
        Classes; for task "multilabel" 0 and 1 in a column for each label; for "regression" numbers.
    task : str
        "regression", "classification" or "multilabel".
    names : sequence of str, optional
        Names of the columns; default those of y, else "y", or "y1", "y2", ... for several.
    levels : sequence, optional
        The classes, in order; default a categorical column's own, else sorted.

    Returns
    -------
    dict
        `names`, `levels` (None but for a classification), `center` and `scale`, which are None.

    Raises
    ------
    InputError
        If there are fewer than two classes, or y is of another kind.
    """
    columns, found = _output_columns(y, "y")
    if names is None:
        names = found or (
            ["y"] if len(columns) == 1 else [f"y{k + 1}" for k in range(len(columns))]
        )
    outputs: Outputs = {"names": list(names), "levels": None, "center": None, "scale": None}
    if task != "classification":
        return outputs
    if len(columns) != 1:
        raise InputError(f"y must have 1 column of classes, got {len(columns)}")
    classes = list(levels) if levels is not None else learn_levels(columns[0], "y")
    if len(classes) < 2:
        raise InputError(f"y must have at least 2 classes, got {len(classes)}")
    check_distinct(classes, "y")
    return {**outputs, "levels": [_plain(level) for level in classes]}


def learn_levels(column: Column, name: str) -> list[Any]:
    """Return the classes of a column: its own levels, else what is there, sorted."""
    kind, levels = _kind_and_levels(column, name)
    if kind == "factor":
        return levels
    if column.levels is not None:
        return [level for level in (False, True) if level in column.levels]
    present = {_plain(value) for value in column.values[~column.missing]}
    if kind == "logical":
        return sorted(bool(value) for value in present)
    whole = all(float(value).is_integer() for value in present if math.isfinite(value))
    classes = sorted(as_float(value) + 0.0 for value in present)  # -0 is 0
    for value in classes:
        if not math.isfinite(value):
            raise InputError(f"{name} must have finite numbers as classes, got {describe(value)}")
    return [int(value) for value in classes] if whole else classes


def _output_columns(y: Any, name: str) -> tuple[list[Column], list[str] | None]:
    """Return the columns of y and their names, if they have any."""
    if getattr(y, "ndim", None) == 1 or (hasattr(y, "to_frame") and not hasattr(y, "columns")):
        label = getattr(y, "name", None)
        if not hasattr(y, "isna") and hasattr(y, "to_frame"):
            frame = read_frame(y.to_frame())
            return [read_column(frame.columns[0], name)], [label] if label else None
        return [read_column(y, name)], [label] if isinstance(label, str) else None
    entries = as_list(y) if not hasattr(y, "columns") and not isinstance(y, Mapping) else None
    if entries is not None and all(as_list(entry) is None for entry in entries):
        return [_array_column(_object_array(entries), name)], None
    frame = read_frame(y)
    return [
        read_column(given, label)
        for given, label in zip(frame.columns, frame.names or [name] * len(frame.columns))
    ], frame.names


def encode_outputs(outputs: Outputs, y: Any, task: str, *, name: str = "y") -> Array:
    """Return the desired outputs d, (n, K).

    Two classes make one column, 1 for the second class; more make a column of 0 and 1 each. A
    regression's numbers are standardised if `center` and `scale` are there.

    Raises
    ------
    InputError
        If a value is missing, not a class, or of the wrong kind; it names the row.
    """
    columns, _ = _output_columns(y, name)
    if task == "classification":
        about: dict[str, Any] = {"kind": "factor", "levels": outputs["levels"]}
        places = encode_column(about, columns[0], name)
        if len(outputs["levels"]) == 2:
            return places.astype(np.float64)[:, np.newaxis]
        return np.eye(len(outputs["levels"]))[places]
    if len(columns) != len(outputs["names"]):
        raise InputError(f"{name} must have {len(outputs['names'])} columns, got {len(columns)}")
    labels = (
        [name] if len(columns) == 1 else [f"{name} column {k + 1}" for k in range(len(columns))]
    )
    if task == "multilabel":
        return np.column_stack(
            [_indicators(column, label) for column, label in zip(columns, labels)]
        )
    d = np.column_stack(
        [
            encode_column({"kind": "numeric"}, column, label)
            for column, label in zip(columns, labels)
        ]
    )
    return scaled(d, outputs["center"], outputs["scale"])


def _indicators(column: Column, name: str) -> Array:
    fault = column.missing.copy()
    values = np.zeros(len(fault))
    for i in np.flatnonzero(~column.missing):
        value = column.at(i)
        real = isinstance(value, bool | np.bool_) or is_number(value)
        fault[i] = not real or float(value) not in (0.0, 1.0)
        values[i] = 0.0 if fault[i] else float(value)
    if fault.any():
        raise _at_fault(column, int(np.argmax(fault)), name, "0 or 1")
    return values


def scale_outputs(outputs: Outputs, d: Array, sample_weight: Array | None = None) -> Outputs:
    """Return a regression's `outputs` with center and scale, learned from d, (n, K), unscaled."""
    center, scale = learn_scale(d, sample_weight)
    return {**outputs, "center": center.tolist(), "scale": scale.tolist()}


def n_outputs(outputs: Outputs, task: str) -> int:
    """Return how many outputs the network has: 1 for two classes."""
    if task == "classification":
        classes = len(outputs["levels"])
        return 1 if classes == 2 else classes
    return len(outputs["names"])


def class_probabilities(a: Array, output_activation: str) -> Array:
    """Return the probabilities of the classes, (n, classes), from the network's outputs a, (n, K).

    One output is the probability of the second class. Several sigmoid outputs are divided by their
    sum.

    Raises
    ------
    InputError
        If the outputs are neither sigmoid nor softmax.
    """
    check_probabilities(output_activation)
    if a.shape[1] == 1:
        return np.column_stack([1.0 - a, a])
    if output_activation == "softmax":
        return a
    total = PORTABLE.sum_units(a)[:, np.newaxis]  # few terms, in every language the same bits
    return np.where(total > 0, a / np.where(total > 0, total, 1.0), 1.0 / a.shape[1] + 0.0 * total)


def check_probabilities(output_activation: str) -> None:
    """Refuse outputs that are no probabilities."""
    if output_activation not in ("sigmoid", "softmax"):
        raise InputError(
            'probabilities need "sigmoid" or "softmax" in the output layer, '
            f"got {describe(output_activation)}"
        )


def class_places(a: Array) -> npt.NDArray[np.int64]:
    """Return the place of each row's class, from 0: the largest output, the first of equal ones.

    With one output the second class, if it is above 0.5. A row that is NaN has place -1.
    """
    places = (a[:, 0] > 0.5).astype(np.int64) if a.shape[1] == 1 else np.argmax(a, axis=1)
    places[np.isnan(a).any(axis=1)] = -1
    return places


def decode_classes(places: npt.NDArray[np.int64], levels: Sequence[Any]) -> npt.NDArray[Any]:
    """Return classes from their places; None where a place is -1."""
    values = np.array(levels)
    if not (places < 0).any():
        return values[places]
    result = np.full(len(places), None, dtype=object)
    result[places >= 0] = values[places[places >= 0]]
    return result


# Checks of what a file or a caller says ----------------------------------------------------------


def check_inputs(value: Any, name: str = "inputs") -> Inputs:
    """Return a model's inputs, with numbers as floats.

    Raises
    ------
    InputError
        If a part is missing, unknown, or of another kind.
    """
    _check_section(value, name, ["columns", "terms", "center", "scale"])
    columns = [
        _check_column(entry, f"{name}.columns entry {i}")
        for i, entry in enumerate(_check_entries(value["columns"], f"{name}.columns"), 1)
    ]
    _check_unlike([column["name"] for column in columns], f"{name}.columns", "names")
    about = {column["name"]: column for column in columns}
    terms = [
        _check_term(entry, f"{name}.terms entry {i}", about)
        for i, entry in enumerate(_check_entries(value["terms"], f"{name}.terms"), 1)
    ]
    center, scale = _check_scaling(value, name, len(terms))
    return {"columns": columns, "terms": terms, "center": center, "scale": scale}


def check_outputs(value: Any, task: str | None, name: str = "outputs") -> Outputs:
    """Return a model's outputs, with numbers as floats; see `check_inputs`."""
    _check_section(value, name, ["names", "levels", "center", "scale"])
    names = [
        check_text(entry, f"{name}.names entry {i}")
        for i, entry in enumerate(_check_list(value["names"], f"{name}.names", "strings"), 1)
    ]
    levels = value["levels"]
    if (task == "classification") != (levels is not None):
        raise InputError(f"{name}.levels must be there for a classification and for nothing else")
    if levels is not None:
        levels = _check_levels(levels, f"{name}.levels", bools=True)
        if len(names) != 1:
            raise InputError(f"{name}.names must have 1 values, got {len(names)}")
    center, scale = _check_scaling(value, name, len(names))
    if center is not None and task != "regression":
        raise InputError(f"{name}.center must be null but for a regression")
    return {"names": names, "levels": levels, "center": center, "scale": scale}


def _check_section(value: Any, name: str, keys: list[str]) -> None:
    check_object(value, name)
    check_keys(value, name, keys)
    check_all_there(value, name, keys)


def check_all_there(value: Mapping[str, Any], where: str, keys: Sequence[str]) -> None:
    """Refuse an object that lacks a key."""
    for key in keys:
        if key not in value:
            raise InputError(f"missing key {describe(key)} in {where}; needed: {quoted(keys)}")


def _check_list(value: Any, name: str, what: str) -> list[Any]:
    entries = as_list(value)
    if not entries:
        raise InputError(f"{name} must be a list of at least 1 {what}, got {describe(value)}")
    return entries


def _check_entries(value: Any, name: str) -> list[Any]:
    entries = _check_list(value, name, "objects")
    for i, entry in enumerate(entries, 1):
        check_object(entry, f"{name} entry {i}")
    return entries


def check_text(value: Any, name: str) -> str:
    """Return a string that every language can hold: without NUL and halves of characters."""
    if not isinstance(value, str):
        raise InputError(f"{name} must be a string, got {describe(value)}")
    if any(character == "\0" or "\ud800" <= character <= "\udfff" for character in value):
        raise InputError(f"{name} must be a string without NUL and without halves of characters")
    return str(value)


def _check_unlike(values: list[str], name: str, what: str) -> None:
    twice = [value for i, value in enumerate(values) if value in values[:i]]
    if twice:
        raise InputError(f"{name} must have distinct {what}, got {describe(twice[0])} twice")


def _check_column(value: Mapping[str, Any], name: str) -> dict[str, Any]:
    check_keys(value, name, ["name", "kind", "levels", "ordered"])
    check_all_there(value, name, ["name", "kind"])
    column = {
        "name": check_text(value["name"], f"{name} name"),
        "kind": check_choice(value["kind"], f"{name} kind", KINDS),
    }
    if column["kind"] != "factor":
        check_keys(value, name, ["name", "kind"])
        return column
    check_all_there(value, name, ["name", "kind", "levels", "ordered"])
    levels = _check_levels(value["levels"], f"{name} levels")
    return {
        **column,
        "levels": levels,
        "ordered": check_switch(value["ordered"], f"{name} ordered"),
    }


def _check_levels(value: Any, name: str, *, bools: bool = False) -> list[Any]:
    """Return levels: all strings, or all finite numbers, or (of outputs) true and false."""
    entries = [_plain(entry) for entry in as_list(value) or []]
    kinds = {
        _value_kind(entry) if not is_number(entry) or is_finite(entry) else None
        for entry in entries
    }
    if (
        len(entries) < 2
        or len(kinds) > 1
        or not kinds <= {"numeric", "factor", "logical"}
        or (kinds == {"logical"} and not bools)
    ):
        allowed = "strings, numbers or true and false" if bools else "strings or numbers"
        raise InputError(f"{name} must be a list of at least 2 {allowed}, got {describe(value)}")
    if kinds == {"factor"}:
        entries = [check_text(entry, f"{name} entry {i}") for i, entry in enumerate(entries, 1)]
    _check_unlike([level_text(entry) for entry in entries], name, "entries")
    return entries


def _check_term(
    value: Mapping[str, Any], name: str, columns: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    _check_section(value, name, ["name", "parts"])
    return {
        "name": check_text(value["name"], f"{name} name"),
        "parts": [
            _check_part(part, f"{name} part {i}", columns)
            for i, part in enumerate(_check_list(value["parts"], f"{name} parts", "objects"), 1)
        ],
    }


def _check_part(value: Any, name: str, columns: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    check_object(value, name)
    check_keys(value, name, ["column", "coding"])
    check_all_there(value, name, ["column"])
    column = check_choice(value["column"], f"{name} column", columns)
    coding, about = value.get("coding"), columns[column]
    if about["kind"] == "numeric":
        if coding is not None:
            raise InputError(f"{name} coding must be null, got {describe(coding)}")
        return {"column": column}
    count = 2 if about["kind"] == "logical" else len(about["levels"])
    return {"column": column, "coding": check_vector(coding, f"{name} coding", count).tolist()}


def _check_scaling(
    value: Mapping[str, Any], name: str, count: int
) -> tuple[list[float] | None, list[float] | None]:
    center, scale = value["center"], value["scale"]
    if (center is None) != (scale is None):
        raise InputError(f"{name}.center and {name}.scale must both be there or both be null")
    if center is None:
        return None, None
    center = check_vector(center, f"{name}.center", count)
    scale = check_vector(scale, f"{name}.scale", count)
    for i, number in enumerate(scale, 1):
        if number <= 0:
            raise InputError(f"{name}.scale value {i} must be above 0, got {describe(number)}")
    return center.tolist(), scale.tolist()
