"""A network as a function in JavaScript or R, or as a query in SQL. Twins: r/code_writers.R.

What is written stands alone: it needs neither twinprop nor another package. Both languages write
the same text. Names and levels get into it as quoted strings or identifiers only. JavaScript has no
twin: there a network is a function already.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from twinprop.checks import Array, as_list, check_choice, describe
from twinprop.encoding import level_text
from twinprop.errors import InputError
from twinprop.exported import (
    Exported,
    exported,
    has_probabilities,
    prediction_names,
)
from twinprop.json_text import has_odd_string

#: Words that are no names, as patterns.
JS_RESERVED = (
    "arguments|await|break|case|catch|class|const|continue|debugger|default|delete|do|else|enum|"
    "eval|export|extends|false|finally|for|function|if|implements|import|in|instanceof|interface|"
    "let|new|null|package|private|protected|public|return|static|super|switch|this|throw|true|try|"
    "typeof|var|void|while|with|yield"
)
R_RESERVED = "if|else|repeat|while|function|for|next|break|in|TRUE|FALSE|NULL|Inf|NaN|NA|NA_.*_"

#: Dialects of SQL, and their function for the largest of several values.
DIALECTS = {"sqlite": "MAX", "postgresql": "GREATEST", "standard": "GREATEST"}

#: A sum of more terms than these is written in groups: SQLite allows expressions a depth of 1000.
LONGEST_SUM = 100


# Names, strings and numbers ----------------------------------------------------------------------


def _number(value: float) -> str:
    """Write a number so that it reads back as the same float64."""
    return f"{value:.17g}"


def _listed(values: Iterable[float]) -> str:
    return ", ".join(_number(value) for value in values)


def _check_text(text: str) -> str:
    if has_odd_string(text):
        raise InputError(
            f"a name must not hold a zero byte or half of a character, got {describe(text)}"
        )
    return text


def js_string(text: str) -> str:
    """Write a string in JavaScript, in ASCII, so that it can stand in a page's script too."""
    characters = []
    for character in _check_text(text):
        code = ord(character)
        if character in '"\\':
            characters.append("\\" + character)
        elif 0x20 <= code <= 0x7E and character != "<":
            characters.append(character)
        elif code <= 0xFFFF:
            characters.append(f"\\u{code:04x}")
        else:
            high, low = divmod(code - 0x10000, 0x400)
            characters.append(f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}")
    return f'"{"".join(characters)}"'


def r_string(text: str) -> str:
    """Write a string in R, in ASCII."""
    characters = []
    for character in _check_text(text):
        code = ord(character)
        if character in '"\\':
            characters.append("\\" + character)
        elif 0x20 <= code <= 0x7E:
            characters.append(character)
        else:
            characters.append(f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}")
    return f'"{"".join(characters)}"'


def sql_string(text: str) -> str:
    """Write a string in SQL."""
    return "'" + _check_text(text).replace("'", "''") + "'"


def sql_name(name: str) -> str:
    """Write an identifier in SQL, always in quotes."""
    return '"' + _check_text(name).replace('"', '""') + '"'


def _sql_number(value: float) -> str:
    return f"({_number(value)})" if value < 0 else _number(value)


def _check_name(name: Any, language: str, pattern: str, reserved: str) -> str:
    if not isinstance(name, str) or not re.fullmatch(pattern, name) or re.fullmatch(reserved, name):
        raise InputError(f"name must be a name of a function in {language}, got {describe(name)}")
    return name


def _title(parts: Exported) -> str:
    network = parts.network
    sizes = "-".join(map(str, network.layers))
    return f"A {sizes} multilayer perceptron ({', '.join(network.activations)}), by twinprop."


def _some(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _indent(lines: Iterable[str], by: int = 2) -> list[str]:
    return [" " * by + line for line in lines]


def _is_text(levels: Sequence[Any]) -> bool:
    return all(isinstance(level, str) for level in levels)


# JavaScript --------------------------------------------------------------------------------------

_JS_ACTIVATIONS = {
    "sigmoid": "(z) => z.map((v) => 1 / (1 + Math.exp(-v)))",
    "tanh": "(z) => z.map((v) => Math.tanh(v))",
    "relu": "(z) => z.map((v) => (v > 0 ? v : 0))",
    "leaky_relu": "(z) => z.map((v) => (v > 0 ? v : 0.01 * v))",
    "softplus": "(z) => z.map((v) => Math.max(v, 0) + Math.log1p(Math.exp(-Math.abs(v))))",
    "identity": "(z) => z",
    "softmax": (
        "(z) => {\n"
        "      const largest = z.reduce((m, v) => Math.max(m, v));\n"
        "      const y = z.map((v) => Math.exp(v - largest));\n"
        "      const sum = y.reduce((s, v) => s + v, 0);\n"
        "      return y.map((v) => v / sum);\n"
        "    }"
    ),
}


def to_js_function(model: Any, name: str = "predict") -> str:
    r"""Write a network as a function in JavaScript that needs nothing else.

    Parameters
    ----------
    model : Network or Model
    name : str, default "predict"
        Of the function.

    Returns
    -------
    str
        The source. A network's function takes an array of numbers and returns an array. A Model's
        takes a row {column: value} and returns an object: `prediction`, or `prediction_NAME` for
        each of several outputs; `class` and `probability_LEVEL` for each class; `probability_NAME`
        for each of several labels. A value that is missing, of the wrong kind or an unknown level
        is an Error that names the column.

    Raises
    ------
    InputError
        If an argument is not as described.

    Examples
    --------
    >>> from twinprop import Network
    >>> source = to_js_function(Network([2, 3, 1], ["tanh", "sigmoid"]))
    >>> print("\n".join(source.splitlines()[:3]))
    // A 2-3-1 multilayer perceptron (tanh, sigmoid), by twinprop.
    // Takes an array of 2 numbers, returns an array of 1 number.
    function predict(x) {
    """
    parts = exported(model)
    name = _check_name(name, "JavaScript", r"[A-Za-z_$][A-Za-z0-9_$]*", JS_RESERVED)
    network = parts.network
    lines = [f"// {_title(parts)}"]
    if parts.task is None:
        inputs, outputs = network.layers[0], network.layers[-1]
        lines += [
            f"// Takes an array of {_some(inputs, 'number')}, "
            f"returns an array of {_some(outputs, 'number')}.",
            f"function {name}(x) {{",
            "  let a = Array.from(x);",
            f"  if (a.length !== {inputs} || !a.every(Number.isFinite)) {{",
            f'    throw new Error("x must be an array of {_some(inputs, "finite number")}");',
            "  }",
            *_indent(_js_network(parts)),
            "  return a;",
            "}",
        ]
    else:
        lines += [
            "// Takes a row {column: value}, returns an object.",
            f"function {name}(row) {{",
            *_indent(_js_inputs(parts)),
            *_indent(_js_network(parts)),
            *_indent(_js_prediction(parts)),
            "}",
        ]
    return "\n".join(lines) + "\n"


def _js_network(parts: Exported) -> list[str]:
    network = parts.network
    lines = ["const activations = {"]
    for activation in dict.fromkeys(network.activations):
        lines.append(f"  {activation}: {_JS_ACTIVATIONS[activation]},")
    lines += ["};", "const layers = ["]
    for w, b, activation in zip(network.weights, network.biases, network.activations):
        lines += [
            "  {",
            f'    activation: "{activation}",',
            "    weights: [",
            *(f"      [{_listed(row)}]," for row in w),
            "    ],",
            f"    biases: [{_listed(b)}],",
            "  },",
        ]
    return [
        *lines,
        "];",
        "for (const { activation, weights, biases } of layers) {",
        "  const before = a;",
        "  const z = weights.map((w, k) => w.reduce((s, v, j) => s + v * before[j], biases[k]));",
        "  a = activations[activation](z);",
        "}",
    ]


def _js_level(level: Any) -> str:
    if isinstance(level, str):
        return js_string(level)
    return level_text(level).lower() if level_text(level).isalpha() else _number(level)


def _js_inputs(parts: Exported) -> list[str]:
    lines = ["const columns = ["]
    for column in parts.columns:
        entry = f'name: {js_string(column["name"])}, kind: "{column["kind"]}"'
        if column["kind"] == "factor":
            entry += f", levels: [{', '.join(js_string(level_text(v)) for v in column['levels'])}]"
        lines.append(f"  {{ {entry} }},")
    lines += [
        "];",
        "const values = columns.map(({ name, kind, levels }) => {",
        "  const value = row[name];",
        '  const place = kind === "factor" && value != null ? levels.indexOf(String(value)) : -1;',
        '  if (kind === "numeric" && Number.isFinite(value)) return value;',
        '  if (kind === "logical" && typeof value === "boolean") return value ? 1 : 0;',
        "  if (place >= 0) return place;",
        '  const kinds = { numeric: "a finite number", logical: "true or false" };',
        '  const allowed = kinds[kind] || `one of "${levels.join(\'", "\')}"`;',
        '  throw new Error(`column "${name}" must be ${allowed}, got ${String(value)}`);',
        "});",
        "// for each input the product of its columns' values, or of their levels' numbers",
        "const terms = [",
    ]
    for term in parts.terms:
        pieces = [
            f"[{column}]" if coding is None else f"[{column}, [{_listed(coding)}]]"
            for column, coding in term
        ]
        lines.append(f"  [{', '.join(pieces)}],")
    lines += [
        "];",
        "let a = terms.map((parts) =>",
        "  parts.reduce((p, [j, coding]) => p * (coding ? coding[values[j]] : values[j]), 1),",
        ");",
    ]
    if parts.center is not None and parts.scale is not None:
        lines += [
            f"const center = [{_listed(parts.center)}];",
            f"const scale = [{_listed(parts.scale)}];",
            "a = a.map((v, j) => (v - center[j]) / scale[j]);",
        ]
    return lines


def _js_prediction(parts: Exported) -> list[str]:
    names = [js_string(name) for name in prediction_names(parts)]
    lines = []
    if parts.output_center is not None and parts.output_scale is not None:
        lines += [
            f"const outputScale = [{_listed(parts.output_scale)}];",
            f"const outputCenter = [{_listed(parts.output_center)}];",
            "a = a.map((v, k) => v * outputScale[k] + outputCenter[k]);",
        ]
    if parts.task != "classification" or parts.levels is None:
        entries = [f"{name}: a[{k}]" for k, name in enumerate(names)]
        return [*lines, "return {", *(f"  {entry}," for entry in entries), "};"]
    one = parts.network.layers[-1] == 1
    lines.append(f"const levels = [{', '.join(_js_level(level) for level in parts.levels)}];")
    lines.append(
        "const place = a[0] > 0.5 ? 1 : 0;"
        if one
        else "const place = a.reduce((best, v, k) => (v > a[best] ? k : best), 0);"
    )
    if has_probabilities(parts):
        if one:
            lines.append("const p = [1 - a[0], a[0]];")
        elif parts.network.activations[-1] == "softmax":
            lines.append("const p = a;")
        else:
            lines += [
                "const total = a.reduce((s, v) => s + v, 0);",
                "const p = a.map((v) => (total > 0 ? v / total : 1 / a.length));",
            ]
    entries = [f"{name}: p[{k}]" for k, name in enumerate(names[1:])]
    return [
        *lines,
        "return {",
        "  class: levels[place],",
        *(f"  {entry}," for entry in entries),
        "};",
    ]


# R -----------------------------------------------------------------------------------------------

_R_ACTIVATIONS = {
    "sigmoid": "function(z) 1 / (1 + exp(-z))",
    "tanh": "tanh",
    "relu": "function(z) pmax(z, 0)",
    "leaky_relu": "function(z) pmax(z, 0.01 * z)",
    "softplus": "function(z) pmax(z, 0) + log1p(exp(-abs(z)))",
    "identity": "function(z) z",
    "softmax": (
        "function(z) {\n"
        "      y <- exp(z - do.call(pmax, lapply(seq_len(ncol(z)), function(k) z[, k])))\n"
        "      y / rowSums(y)\n"
        "    }"
    ),
}


def to_r_function(model: Any, name: str = "predict_network") -> str:
    r"""Write a network as a function in R that needs nothing else.

    Parameters
    ----------
    model : Network or Model
    name : str, default "predict_network"
        Of the function.

    Returns
    -------
    str
        The source. A network's function takes a matrix or data frame of numbers, rows are samples,
        and returns a matrix. A Model's takes a data frame with its columns and returns a data
        frame: `prediction`, or `prediction_NAME` for each of several outputs; `class` and
        `probability_LEVEL` for each class; `probability_NAME` for each of several labels. A row
        with NA is predicted as NA; a column that is missing or of the wrong kind, or an unknown
        level, is an error that names it.

    Raises
    ------
    InputError
        If an argument is not as described.

    Examples
    --------
    >>> from twinprop import Network
    >>> source = to_r_function(Network([2, 3, 1], ["tanh", "sigmoid"]))
    >>> print("\n".join(source.splitlines()[:3]))
    # A 2-3-1 multilayer perceptron (tanh, sigmoid), by twinprop.
    # Takes a matrix or data frame of 2 columns, returns a matrix of 1 column.
    predict_network <- function(newdata) {
    """
    parts = exported(model)
    name = _check_name(name, "R", r"(?:[A-Za-z]|\.(?![0-9]))[A-Za-z0-9._]*", R_RESERVED)
    network = parts.network
    inputs, outputs = network.layers[0], network.layers[-1]
    lines = [f"# {_title(parts)}"]
    if parts.task is None:
        lines += [
            f"# Takes a matrix or data frame of {_some(inputs, 'column')}, "
            f"returns a matrix of {_some(outputs, 'column')}.",
            f"{name} <- function(newdata) {{",
            "  a <- unname(as.matrix(newdata))",
            f"  if (!is.numeric(a) || ncol(a) != {inputs}) {{",
            f'    stop("newdata must have {_some(inputs, "column")} of numbers", call. = FALSE)',
            "  }",
            *_indent(_r_network(parts)),
            "  a",
            "}",
        ]
    else:
        lines += [
            "# Takes a data frame, returns a data frame.",
            f"{name} <- function(newdata) {{",
            *_indent(_r_inputs(parts)),
            *_indent(_r_network(parts)),
            *_indent(_r_prediction(parts)),
            "}",
        ]
    return "\n".join(lines) + "\n"


def _r_network(parts: Exported) -> list[str]:
    network = parts.network
    lines = ["activations <- list("]
    used = list(dict.fromkeys(network.activations))
    for i, activation in enumerate(used, 1):
        lines.append(f"  {activation} = {_R_ACTIVATIONS[activation]}{',' if i < len(used) else ''}")
    lines += [")", "layers <- list("]
    count = len(network.weights)
    layers = zip(network.weights, network.biases, network.activations)
    for i, (w, b, activation) in enumerate(layers, 1):
        rows = [f"      {_listed(row)}" for row in w]
        lines += [
            "  list(",
            f'    activation = "{activation}",',
            "    weights = matrix(c(",
            *(f"{row}," for row in rows[:-1]),
            rows[-1],
            f"    ), {len(w)}, byrow = TRUE),",
            f"    biases = c({_listed(b)})",
            "  )" if i == count else "  ),",
        ]
    return [
        *lines,
        ")",
        "for (layer in layers) {",
        "  z <- a %*% t(layer$weights) + rep(layer$biases, each = nrow(a))",
        "  a <- activations[[layer$activation]](z)",
        "}",
    ]


def _r_level(level: Any) -> str:
    if isinstance(level, str):
        return r_string(level)
    return level_text(level) if level_text(level).isalpha() else _number(level)


def _r_inputs(parts: Exported) -> list[str]:
    lines = [
        "newdata <- as.data.frame(newdata)",
        "column <- function(name, kind, levels) {",
        "  if (!name %in% names(newdata)) {",
        '    stop("missing column \\"", name, "\\"", call. = FALSE)',
        "  }",
        "  value <- newdata[[name]]",
        '  if (kind == "factor") {',
        "    place <- match(as.character(value), levels)",
        "    unknown <- which(is.na(place) & !is.na(value))",
        "    if (length(unknown) > 0) {",
        "      stop(",
        '        "column \\"", name, "\\" row ", unknown[1], " must be one of \\"",',
        '        paste(levels, collapse = "\\", \\""), "\\", got \\"", value[unknown[1]], "\\"",',
        "        call. = FALSE",
        "      )",
        "    }",
        "    return(place)",
        "  }",
        '  if (kind == "logical" && is.logical(value)) {',
        "    return(value + 1L)",
        "  }",
        '  if (kind != "numeric" || !is.numeric(value)) {',
        '    stop("column \\"", name, "\\" must be ", kind, call. = FALSE)',
        "  }",
        "  as.numeric(value)",
        "}",
        "columns <- list(",
    ]
    count = len(parts.columns)
    for j, column in enumerate(parts.columns, 1):
        entry = f'{r_string(column["name"])}, "{column["kind"]}"'
        if column["kind"] == "factor":
            entry += f", c({', '.join(r_string(level_text(v)) for v in column['levels'])})"
        lines.append(f"  column({entry}){',' if j < count else ''}")
    lines += [
        ")",
        "# for each input the product of its columns' values, or of their levels' numbers",
        "a <- unname(cbind(",
    ]
    for i, term in enumerate(parts.terms, 1):
        pieces = [
            f"columns[[{column + 1}]]"
            if coding is None
            else f"c({_listed(coding)})[columns[[{column + 1}]]]"
            for column, coding in term
        ]
        lines.append(f"  {' * '.join(pieces)}{',' if i < len(parts.terms) else ''}")
    lines.append("))")
    if parts.center is not None and parts.scale is not None:
        lines += [
            f"center <- c({_listed(parts.center)})",
            f"scale <- c({_listed(parts.scale)})",
            "a <- (a - rep(center, each = nrow(a))) / rep(scale, each = nrow(a))",
        ]
    return lines


def _r_prediction(parts: Exported) -> list[str]:
    names = ", ".join(r_string(name) for name in prediction_names(parts))
    lines = []
    if parts.output_center is not None and parts.output_scale is not None:
        lines += [
            f"output_scale <- c({_listed(parts.output_scale)})",
            f"output_center <- c({_listed(parts.output_center)})",
            "a <- a * rep(output_scale, each = nrow(a)) + rep(output_center, each = nrow(a))",
        ]
    if parts.task != "classification" or parts.levels is None:
        return [*lines, f"stats::setNames(as.data.frame(a), c({names}))"]
    one = parts.network.layers[-1] == 1
    levels = f"c({', '.join(_r_level(level) for level in parts.levels)})"
    lines.append(f"levels <- {levels}")
    lines.append(
        "class <- levels[1L + (a[, 1] > 0.5)]" if one else 'class <- levels[max.col(a, "first")]'
    )
    if _is_text(parts.levels):
        lines.append("class <- factor(class, levels = levels)")
    if not has_probabilities(parts):
        return [*lines, "data.frame(class = class)"]
    if one:
        lines.append("p <- cbind(1 - a[, 1], a[, 1])")
    elif parts.network.activations[-1] == "softmax":
        lines.append("p <- a")
    else:
        lines += [
            "total <- rowSums(a)",
            "p <- a / total",
            "p[which(total == 0), ] <- 1 / ncol(a)",
        ]
    return [*lines, f"stats::setNames(data.frame(class, p), c({names}))"]


# SQL ---------------------------------------------------------------------------------------------


def to_sql(
    model: Any,
    table: str | Sequence[str],
    *,
    columns: Sequence[str] | None = None,
    keep: Sequence[str] = (),
    dialect: str = "sqlite",
) -> str:
    """Write a network as a query in SQL that predicts every row of a table.

    Parameters
    ----------
    model : Network or Model
    table : str or sequence of str
        The table's name, or the parts of it: schema and table.
    columns : sequence of str, optional
        For a network, the columns that are its inputs; x1, x2, ... if not given. A Model knows its
        columns.
    keep : sequence of str, default ()
        Columns that are taken over into the result, such as a key.
    dialect : str, default "sqlite"
        "sqlite", "postgresql" (and DuckDB), or "standard", for the rest that has GREATEST.

    Returns
    -------
    str
        One SELECT, layer by layer. It needs EXP, for softplus LN, and a database that takes
        identifiers in double quotes and backslashes in strings as they are. Its columns are those
        of `keep` and y1, y2, ...; for a Model `prediction`, or `prediction_NAME` for each of
        several outputs; `class` and `probability_LEVEL` for each class; `probability_NAME` for each
        of several labels. A row with NULL or an unknown level is predicted as NULL.

    Raises
    ------
    InputError
        If an argument is not as described.

    Examples
    --------
    >>> from twinprop import Network
    >>> print(to_sql(Network([1, 1], "identity", weights=[[[2]]], biases=[[1]]), "points"))
    WITH
    tp_x AS MATERIALIZED (
      SELECT
        CAST(t."x1" AS DOUBLE PRECISION) AS a1
      FROM "points" AS t
    ),
    tp_z2 AS MATERIALIZED (
      SELECT
        1 + 2 * a1 AS z1
      FROM tp_x
    )
    SELECT
      z1 AS "y1"
    FROM tp_z2
    <BLANKLINE>
    """
    parts = exported(model)
    where = _table(table)
    names = _sql_columns(parts, columns)
    kept = as_list(keep)
    if kept is None or not all(isinstance(name, str) for name in kept):
        raise InputError(f"keep must be a list of names, got {describe(keep)}")
    dialect = check_choice(dialect, "dialect", DIALECTS)
    bare = parts.task is None
    made = (
        [f"y{k}" for k in range(1, parts.network.layers[-1] + 1)]
        if bare
        else prediction_names(parts)
    )
    for name in kept:
        if name.lower() in [other.lower() for other in made]:
            raise InputError(f"keep must not name a column of the prediction, got {describe(name)}")
    last = table if isinstance(table, str) else list(table)[-1]
    prefix = "twinprop_" if last.lower().startswith("tp_") else "tp_"
    query = _Query(prefix, dialect, len(kept))
    items = [f"t.{sql_name(name)} AS k{i}" for i, name in enumerate(kept, 1)]
    inputs = (
        [f"CAST(t.{name} AS DOUBLE PRECISION)" for name in names]
        if bare
        else _sql_terms(parts, names)
    )
    items += [f"{expression} AS a{j}" for j, expression in enumerate(inputs, 1)]
    query.add("x", items, f"{where} AS t")
    outputs = _sql_network(parts, query)
    results = (
        [f"{value} AS {sql_name(name)}" for value, name in zip(outputs, made)]
        if bare
        else _sql_prediction(parts, query, outputs, made)
    )
    final = [f"k{i} AS {sql_name(name)}" for i, name in enumerate(kept, 1)] + results
    return query.text(final)


class _Query:
    """A query of steps, each of which selects from the one before."""

    def __init__(self, prefix: str, dialect: str, kept: int) -> None:
        self.prefix = prefix
        self.largest = DIALECTS[dialect]
        # or the optimiser writes each step's expressions into the next, over and over
        self.kind = "AS" if dialect == "standard" else "AS MATERIALIZED"
        self.keys = [f"k{i}" for i in range(1, kept + 1)]
        self.steps: list[str] = []
        self.last = ""

    def add(self, name: str, items: Sequence[str], source: str = "") -> None:
        """Add a step; but for the first, it takes the kept columns over."""
        if self.last:
            items = [*self.keys, *items]
            source = self.last
        self.last = self.prefix + name
        self.steps.append(f"{self.last} {self.kind} (\n{_select(items, source, 2)}\n)")

    def text(self, items: Sequence[str]) -> str:
        return "WITH\n" + ",\n".join(self.steps) + "\n" + _select(items, self.last, 0) + "\n"


def _select(items: Sequence[str], source: str, by: int) -> str:
    space = " " * by
    listed = ",\n".join(f"{space}  {item}" for item in items)
    return f"{space}SELECT\n{listed}\n{space}FROM {source}"


def _table(table: Any) -> str:
    entries = [table] if isinstance(table, str) else as_list(table)
    if not entries or not all(isinstance(entry, str) and entry for entry in entries):
        raise InputError(f"table must be a name or a list of names, got {describe(table)}")
    return ".".join(sql_name(entry) for entry in entries)


def _sql_columns(parts: Exported, columns: Any) -> list[str]:
    if parts.task is not None:
        if columns is not None:
            raise InputError(
                f"columns must be null for a Model, which knows its own, got {describe(columns)}"
            )
        return [sql_name(column["name"]) for column in parts.columns]
    count = parts.network.layers[0]
    if columns is None:
        return [sql_name(f"x{j}") for j in range(1, count + 1)]
    entries = as_list(columns)
    if entries is None or not all(isinstance(entry, str) for entry in entries):
        raise InputError(f"columns must be a list of names, got {describe(columns)}")
    if len(entries) != count:
        raise InputError(f"columns must have {count} values, got {len(entries)}")
    return [sql_name(entry) for entry in entries]


def _sql_terms(parts: Exported, names: Sequence[str]) -> list[str]:
    terms = []
    for i, term in enumerate(parts.terms):
        pieces = [_sql_part(parts.columns[j], names[j], coding) for j, coding in term]
        product = " * ".join(pieces)
        if parts.center is not None and parts.scale is not None:
            center, scale = _sql_number(parts.center[i]), _sql_number(parts.scale[i])
            product = f"({product} - {center}) / {scale}"
        terms.append(product)
    return terms


def _sql_part(column: Any, name: str, coding: Sequence[float] | None) -> str:
    if column["kind"] == "numeric":
        return f"CAST(t.{name} AS DOUBLE PRECISION)"
    if coding is None:
        coding = range(2)
    if column["kind"] == "logical":
        cases = f"WHEN t.{name} THEN {_number(coding[1])} WHEN NOT t.{name} THEN "
        return f"CAST(CASE {cases}{_number(coding[0])} END AS DOUBLE PRECISION)"
    cases = " ".join(
        f"WHEN {_sql_level(level)} THEN {_number(value)}"
        for level, value in zip(column["levels"], coding)
    )
    return f"CAST(CASE t.{name} {cases} END AS DOUBLE PRECISION)"


def _sql_level(level: Any) -> str:
    if isinstance(level, str):
        return sql_string(level)
    return level_text(level) if level_text(level).isalpha() else _number(level)


def _sql_sum(terms: Sequence[str]) -> str:
    if len(terms) <= LONGEST_SUM:
        return " + ".join(terms)
    groups = [terms[i : i + LONGEST_SUM] for i in range(0, len(terms), LONGEST_SUM)]
    return _sql_sum([f"({' + '.join(group)})" for group in groups])


def _sql_activation(name: str, z: str) -> str:
    """Write f(z) so that nothing overflows where that would be an error."""
    small = f"CASE WHEN ABS({z}) > 700 THEN -700 ELSE -ABS({z}) END"
    if name == "sigmoid":
        e = f"EXP({small})"
        return f"CASE WHEN {z} >= 0 THEN 1 ELSE {e} END / (1 + {e})"
    if name == "tanh":
        e = f"EXP(2 * {small})".replace("700", "350")
        return f"CASE WHEN {z} >= 0 THEN 1 ELSE -1 END * (1 - {e}) / (1 + {e})"
    if name == "relu":
        return f"CASE WHEN {z} <= 0 THEN 0 ELSE {z} END"
    if name == "leaky_relu":
        return f"CASE WHEN {z} <= 0 THEN 0.01 * {z} ELSE {z} END"
    return f"CASE WHEN {z} <= 0 THEN 0 ELSE {z} END + LN(1 + EXP({small}))"


def _sql_network(parts: Exported, query: _Query) -> list[str]:
    """Add the layers' steps; return the names of the outputs."""
    network = parts.network
    before = [f"a{j}" for j in range(1, network.layers[0] + 1)]
    layers = zip(network.weights, network.biases, network.activations)
    for layer, (w, b, activation) in enumerate(layers, 2):
        units = range(1, len(b) + 1)
        z = [f"z{k}" for k in units]
        query.add(
            f"z{layer}", [f"{_sql_weighted(w[k - 1], b[k - 1], before)} AS z{k}" for k in units]
        )
        if activation == "identity":
            before = z
            continue
        if activation == "softmax":
            before = _sql_softmax(query, layer, z)
            continue
        before = [f"a{k}" for k in units]
        values = [f"{_sql_activation(activation, name)} AS a{k}" for k, name in enumerate(z, 1)]
        query.add(f"a{layer}", values)
    return before


def _sql_weighted(w: Array, b: float, before: Sequence[str]) -> str:
    terms = [_sql_number(b)]
    terms += [f"{_sql_number(value)} * {name}" for value, name in zip(w, before)]
    return _sql_sum(terms)


def _sql_softmax(query: _Query, layer: int, z: Sequence[str]) -> list[str]:
    listed = ", ".join(z)
    query.add(f"m{layer}", [*z, f"{query.largest}({listed}) AS m"])
    query.add(
        f"e{layer}",
        [
            f"EXP(CASE WHEN {name} - m < -700 THEN -700 ELSE {name} - m END) AS e{k}"
            for k, name in enumerate(z, 1)
        ],
    )
    query.add(
        f"s{layer}",
        [
            *(f"e{k}" for k in range(1, len(z) + 1)),
            f"{_sql_sum([f'e{k}' for k in range(1, len(z) + 1)])} AS s",
        ],
    )
    query.add(f"a{layer}", [f"e{k} / s AS a{k}" for k in range(1, len(z) + 1)])
    return [f"a{k}" for k in range(1, len(z) + 1)]


def _sql_prediction(
    parts: Exported, query: _Query, outputs: Sequence[str], made: Sequence[str]
) -> list[str]:
    names = [sql_name(name) for name in made]
    values = list(outputs)
    if parts.output_center is not None and parts.output_scale is not None:
        values = [
            f"{value} * {_sql_number(scale)} + {_sql_number(center)}"
            for value, scale, center in zip(values, parts.output_scale, parts.output_center)
        ]
    if parts.task != "classification" or parts.levels is None:
        return [f"{value} AS {name}" for value, name in zip(values, names)]
    levels = [_sql_level(level) for level in parts.levels]
    if len(outputs) == 1:
        a = outputs[0]
        return [
            f"CASE WHEN {a} > 0.5 THEN {levels[1]} WHEN {a} <= 0.5 THEN {levels[0]} END"
            f" AS {names[0]}",
            *(f"{p} AS {name}" for p, name in zip([f"1 - {a}", a], names[1:])),
        ]
    total = _sql_sum(list(outputs))
    query.add(
        "best", [*outputs, f"{query.largest}({', '.join(outputs)}) AS best", f"{total} AS total"]
    )
    cases = " ".join(f"WHEN {a} = best THEN {level}" for a, level in zip(outputs, levels))
    result = [f"CASE {cases} END AS {names[0]}"]
    if not has_probabilities(parts):
        return result
    if parts.network.activations[-1] == "softmax":
        values = list(outputs)
    else:
        even = f"1.0 / {len(outputs)}"
        values = [f"CASE WHEN total > 0 THEN {a} / total ELSE {even} + total END" for a in outputs]
    return result + [f"{value} AS {name}" for value, name in zip(values, names[1:])]
