"""The functions and queries that are written predict the same when they are run.

Twin: tests/testthat/test-code_writers.R; tests/cross/test_converters.py holds the texts together.
"""

import json
import math
import os
import shutil
import sqlite3
import subprocess
from pathlib import Path

import numpy as np
import pytest

from twinprop import (
    InputError,
    Model,
    Network,
    RandomStream,
    read_model,
    to_js_function,
    to_r_function,
    to_sql,
)
from twinprop.code_writers import r_string
from twinprop.encoding import learn_inputs, level_text
from twinprop.exported import exported, prediction_names

# Another exp, and sums in another order (section 10 of the contract). SQL has neither tanh nor
# log1p in every dialect: there both come from exp, and lose digits near 0 that count only beside
# numbers of size 1.
EQUAL = 1e-12

SHAPES = [
    ([3, 1], "identity"),
    ([2, 4, 1], "sigmoid"),
    ([3, 5, 2], ["tanh", "identity"]),
    ([3, 4, 4, 2], ["relu", "leaky_relu", "tanh"]),
    ([2, 5, 3, 2], ["softplus", "identity", "sigmoid"]),
    ([4, 6, 3], ["sigmoid", "softmax"]),
    ([1, 3, 2], ["leaky_relu", "softplus"]),
]

HOSTILE = [
    "a b",
    'say "x"',
    "it's",
    "back\\slash\\",
    '"; DROP TABLE data; --',
    "'); process.exit(1); ('",
    "`${1}`",
    "</script>",
    "line\nbreak\ttab",
    "é ü 漢 \U0001f600 \u2028",
    "__proto__",
    "constructor",
    "select",
    "%s{}$1",
]


def required(name):
    return name in os.environ.get("TWINPROP_REQUIRE", "").split(",")


def need(program, name):
    if shutil.which(program) is None:
        (pytest.fail if required(name) else pytest.skip)(f"{program} is missing")


def run(command, text):
    done = subprocess.run(command, input=text, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def in_node(source, name, rows):
    need("node", "js")
    rows = json.dumps(np.asarray(rows).tolist() if not isinstance(rows, list) else rows)
    rows = f"JSON.parse({json.dumps(rows)})"  # in which "__proto__" is a key as any other
    return run(
        ["node", "--input-type=module"],
        f'"use strict";\n{source}\nconsole.log(JSON.stringify({rows}.map((x) => {name}(x))));',
    )


def in_r(source, call):
    """The matrix that a call gives, by base R alone."""
    need("Rscript", "rscript")
    code = (
        f"{source}\nresult <- {call}\n"
        'rows <- apply(result, 1, function(v) paste(sprintf("%.17g", v), collapse = ","))\n'
        'cat("[", paste0("[", rows, "]", collapse = ","), "]")'
    )
    return run(["Rscript", "--vanilla", "-"], code)


def matrix_in_r(x):
    return f"matrix(c({', '.join(f'{v:.17g}' for v in x.ravel())}), {len(x)}, byrow = TRUE)"


def strict_exp(v):
    """As PostgreSQL has it: a result of Inf or 0 is an error."""
    if v is None:
        return None
    result = math.exp(v)
    if result == 0.0:
        raise OverflowError("underflow")
    return result


def in_sqlite(query, columns, rows, table="data"):
    connection = sqlite3.connect(":memory:")
    # not every build has them, and other databases refuse what is too large or too small
    connection.create_function("exp", 1, strict_exp)
    connection.create_function("ln", 1, lambda v: None if v is None else math.log(v))
    quote = '"' + table.replace('"', '""') + '"'
    names = ", ".join('"' + name.replace('"', '""') + '"' for name in columns)
    connection.execute(f"CREATE TABLE {quote} ({names})")
    holes = ", ".join("?" * len(columns))
    connection.executemany(f"INSERT INTO {quote} VALUES ({holes})", rows)
    cursor = connection.execute(query)
    names = [entry[0] for entry in cursor.description]
    result = cursor.fetchall()
    connection.close()
    return names, result


def make_network(layers, activations, seed=3):
    return Network(layers, activations, init="uniform", seed=seed)


def make_rows(columns, rows=40, seed=11):
    return 8.0 * RandomStream(seed).uniform(rows * columns).reshape(rows, columns) - 4.0


def gap(got, want):
    got, want = np.asarray(got, dtype=float), np.asarray(want)
    assert got.shape == want.shape
    return np.abs(got - want).max() / max(1.0, np.abs(want).max())


@pytest.mark.parametrize(("layers", "activations"), SHAPES)
def test_js_function_predicts_the_same(layers, activations):
    network = make_network(layers, activations)
    x = make_rows(layers[0])
    assert gap(in_node(to_js_function(network), "predict", x), network.predict(x)) <= EQUAL


@pytest.mark.parametrize(("layers", "activations"), SHAPES)
def test_r_function_predicts_the_same(layers, activations):
    network = make_network(layers, activations)
    x = make_rows(layers[0])
    for given in (matrix_in_r(x), f"as.data.frame({matrix_in_r(x)})"):
        got = in_r(to_r_function(network), f"predict_network({given})")
        assert gap(got, network.predict(x)) <= EQUAL


@pytest.mark.parametrize("dialect", ["sqlite", "standard"])
@pytest.mark.parametrize(("layers", "activations"), SHAPES)
def test_query_predicts_the_same(layers, activations, dialect):
    network = make_network(layers, activations)
    x = make_rows(layers[0])
    columns = [f"x{j}" for j in range(1, layers[0] + 1)]
    query = to_sql(network, "data", dialect=dialect).replace("GREATEST(", "MAX(")
    names, rows = in_sqlite(query, columns, x.tolist())
    assert names == [f"y{k}" for k in range(1, layers[-1] + 1)]
    assert gap(rows, network.predict(x)) <= EQUAL


def test_saturated_values():
    """Nothing overflows where that would be an error, or NaN."""
    for activation in ("sigmoid", "tanh", "softplus", "softmax"):
        count = 2 if activation == "softmax" else 1
        weights = [np.array([[1.0], [-1.0]][:count])]
        network = Network([1, count], activation, weights=weights)
        x = np.array([[-2000.0], [-800.0], [-1e-9], [0.0], [800.0], [2000.0]])
        want = network.predict(x)
        assert gap(in_node(to_js_function(network), "predict", x), want) <= EQUAL
        assert (
            gap(in_r(to_r_function(network), f"predict_network({matrix_in_r(x)})"), want) <= EQUAL
        )
        assert gap(in_sqlite(to_sql(network, "data"), ["x1"], x.tolist())[1], want) <= EQUAL


def test_numbers_keep_all_digits():
    weights = [np.array([[0.1, 1 / 3, 1e-300, -1.7976931348623157e308, 5e-324]])]
    network = Network([5, 1], "identity", weights=weights, biases=[[-2.5e-5]])
    x = np.eye(5)
    want = network.predict(x)
    assert in_node(to_js_function(network), "predict", x) == want.tolist()


def test_wide_and_deep_queries():
    network = make_network([700, 3, 3, 3, 3, 3, 1], "tanh")
    x = make_rows(700, 2)
    names = [f"x{j}" for j in range(1, 701)]
    assert (
        gap(in_sqlite(to_sql(network, "data"), names, x.tolist())[1], network.predict(x)) <= EQUAL
    )


def test_names_never_become_code():
    network = make_network([len(HOSTILE), 1], "sigmoid")
    x = make_rows(len(HOSTILE), 3)
    for table in (HOSTILE[4], HOSTILE[2], "tp_x", "TP_z2"):
        query = to_sql(network, table, columns=HOSTILE, keep=[HOSTILE[1], HOSTILE[2]])
        names, rows = in_sqlite(query, HOSTILE, x.tolist(), table)
        assert names == [HOSTILE[1], HOSTILE[2], "y1"]
        assert gap([row[2:] for row in rows], network.predict(x)) <= EQUAL
        assert [row[:2] for row in rows] == [tuple(row[1:3]) for row in x]


def test_a_column_that_is_missing_is_no_string():
    network = make_network([1, 1], "sigmoid")
    with pytest.raises(sqlite3.OperationalError, match="no such column"):
        in_sqlite(to_sql(network, "data", columns=["y"]), ["x"], [[1.0]])


def test_null_is_predicted_as_null_and_text_is_a_schema():
    network = make_network([2, 3, 2], ["relu", "softmax"])
    rows = [[1.0, None], [1.0, 2.0]]
    names, got = in_sqlite(to_sql(network, ("main", "data"), keep=["x2"]), ["x1", "x2"], rows)
    assert names == ["x2", "y1", "y2"]
    assert got[0] == (None, None, None)
    assert gap([got[1][1:]], network.predict([[1.0, 2.0]])) <= EQUAL


def test_integers_are_divided_as_numbers():
    inputs = learn_inputs({"age": [1.0, 2.0]})
    inputs.update(center=[3.0], scale=[2.0])
    outputs = {"names": ["y"], "levels": None, "center": None, "scale": None}
    model = Model(Network([1, 1], "identity", weights=[[[1.0]]]), "regression", inputs, outputs)
    _, got = in_sqlite(to_sql(model, "data"), ["age"], [[4], [0]])
    assert got == [(0.5,), (-1.5,)]


def test_sources_can_stand_in_a_page():
    names = HOSTILE[:10]
    outputs = {"names": names, "levels": None, "center": None, "scale": None}
    source = to_js_function(Model(make_network([1, 10], "identity"), "regression", None, outputs))
    assert source.isascii()
    assert "</" not in source
    (row,) = in_node(source, "predict", [{"x1": 0.5}])
    assert list(row) == [f"prediction_{name}" for name in names]


def test_bad_rows_are_refused_in_js():
    source = to_js_function(make_network([2, 1], "identity"), "forward")
    message = "x must be an array of 2 finite numbers"
    check = (
        "(x) => { try { forward(x); return 'no error'; } catch (error) { return error.message; } }"
    )
    got = in_node(source, f"({check})", [[1], [1, None], [1, "2"], [1, 2, 3], "ab"])
    assert got == [message] * 5
    assert in_node(source, f"({check})", [[1, 2]]) == ["no error"]


def test_names_of_functions():
    network = make_network([1, 1], "identity")
    assert "function $a_1(x) {" in to_js_function(network, "$a_1")
    assert ".b.1 <- function(newdata) {" in to_r_function(network, ".b.1")
    for name in ("1a", "a b", "class", "a()", "", 3, "a\n"):
        with pytest.raises(InputError, match="name must be a name of a function in JavaScript"):
            to_js_function(network, name)
    for name in ("1a", "a b", "if", ".1", "_a", "NA_real_", "", None, "a;b"):
        with pytest.raises(InputError, match="name must be a name of a function in R"):
            to_r_function(network, name)


def test_bad_arguments():
    network = make_network([2, 2], "identity")
    for table, settings, message in [
        ("", {}, 'table must be a name or a list of names, got ""'),
        (3, {}, "table must be a name or a list of names, got 3"),
        ([], {}, "table must be a name or a list of names, got a list of 0"),
        ("t", {"columns": ["a"]}, "columns must have 2 values, got 1"),
        ("t", {"columns": "ab"}, 'columns must be a list of names, got "ab"'),
        ("t", {"columns": ["a", 1]}, "columns must be a list of names, got a list of 2"),
        ("t", {"keep": "id"}, 'keep must be a list of names, got "id"'),
        ("t", {"keep": ["Y2"]}, 'keep must not name a column of the prediction, got "Y2"'),
        ("t", {"columns": ["a\0", "b"]}, "a name must not hold a zero byte or half"),
        ("t", {"dialect": "oracle"}, 'dialect must be one of "sqlite", .* got "oracle"'),
    ]:
        with pytest.raises(InputError, match=message):
            to_sql(network, table, **settings)
    for write in (to_js_function, to_r_function):
        with pytest.raises(InputError, match="model must be a Model, a Network or .* got 3"):
            write(3)


# Models: raw columns in, the predictions of tests/cases/model out.

MODELS = Path(__file__).parents[1] / "cases" / "model"
CASES = sorted(path.stem for path in MODELS.glob("*.json") if path.stem not in ("bare", "errors"))


def read_case(name):
    """A model, its rows without those that lack a value, and what is predicted of them."""
    case = json.loads((MODELS / f"{name}.json").read_text(encoding="utf-8"))
    model = read_model(case["model"])
    rows = [row for row in case["rows"] if None not in row.values()]
    names = prediction_names(exported(model))
    table = dict.fromkeys(names)
    if model.task == "regression":
        values = model.predict(rows).reshape(len(rows), -1)
        table.update(zip(names, values.T.tolist()))
    else:
        first = 0
        if model.task == "classification":
            table["class"] = model.predict(rows).tolist()
            first = 1
        if len(names) > first:
            table.update(zip(names[first:], model.predict_proba(rows).T.tolist()))
    return model, rows, table


def assert_table(got, want):
    assert list(got) == list(want)
    for name, values in want.items():
        if name == "class":
            assert got[name] == values
        else:
            assert gap(got[name], values) <= EQUAL


def as_table(names, rows):
    return {name: [row[i] for row in rows] for i, name in enumerate(names)}


@pytest.mark.parametrize("name", CASES)
def test_js_function_of_a_model(name):
    model, rows, want = read_case(name)
    got = in_node(to_js_function(model), "predict", rows)
    assert_table(as_table(list(want), [list(row.values()) for row in got]), want)
    assert [list(row) for row in got] == [list(want)] * len(rows)


def r_value(value):
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    return "NA" if value is None else r_string(value) if isinstance(value, str) else repr(value)


def r_frame(rows):
    columns = [f"c({', '.join(r_value(row[name]) for row in rows)})" for name in rows[0]]
    names = ", ".join(r_string(name) for name in rows[0])
    return f"stats::setNames(data.frame({', '.join(columns)}), c({names}))"


@pytest.mark.parametrize("name", CASES)
def test_r_function_of_a_model(name):
    model, rows, want = read_case(name)
    texts = ", ".join(r_string(level_text(level)) for level in model.classes or [])
    names = ", ".join(r_string(name) for name in want)
    call = (
        "local({\n"
        f"result <- predict_network({r_frame(rows)})\n"
        f"stopifnot(identical(names(result), c({names})))\n"
        f'if ("class" %in% names(result)) result$class <- match(result$class, c({texts})) - 1\n'
        "as.matrix(result)\n})"
    )
    got = as_table(list(want), in_r(to_r_function(model), call))
    if "class" in got:
        got["class"] = [model.classes[int(place)] for place in got["class"]]
    assert_table(got, want)


@pytest.mark.parametrize("dialect", ["sqlite", "standard"])
@pytest.mark.parametrize("name", CASES)
def test_query_of_a_model(name, dialect):
    model, rows, want = read_case(name)
    columns = list(rows[0])
    query = to_sql(model, "tp_d", keep=columns[:1], dialect=dialect).replace("GREATEST(", "MAX(")
    lacking = [None] * len(columns)
    values = [[row[column] for column in columns] for row in rows]
    names, got = in_sqlite(query, columns, [*values, lacking], "tp_d")
    assert names == [columns[0], *want]
    assert [row[0] for row in got] == [row[0] for row in [*values, lacking]]
    assert set(got[-1]) == {None}
    assert_table(as_table(list(want), [row[1:] for row in got[:-1]]), want)


def test_values_that_a_model_refuses():
    model, rows, _ = read_case("mixed")
    row = rows[0]
    changes = [
        ({"island": "Elba"}, 'column "island" must be one of "Biscoe", "Dream", "Torgersen", got '),
        ({"bill": "39"}, 'column "bill" must be a finite number, got 39'),
        ({"alive": 1}, 'column "alive" must be true or false, got 1'),
        ({"size": None}, 'column "size" must be one of "small", "middle", "large", got null'),
    ]
    check = "((x) => { try { predict(x); return 'no error'; } catch (e) { return e.message; } })"
    got = in_node(to_js_function(model), check, [{**row, **change} for change, _ in changes])
    for message, (_, start) in zip(got, changes):
        assert message.startswith(start)
    for change, message in [
        ({"island": "Elba"}, 'column "island" row 1 must be one of "Biscoe", "Dream", "Torgersen"'),
        ({"bill": "39"}, 'column "bill" must be numeric'),
        ({"alive": 1}, 'column "alive" must be logical'),
        ({"size": None}, "NA"),
    ]:
        given = r_frame([{**row, **change}])
        call = (
            f"matrix(tryCatch(is.na(predict_network({given})$prediction) + 0,"
            " error = function(e) { message(conditionMessage(e)); quit(status = 3) }))"
        )
        if message == "NA":
            assert in_r(to_r_function(model), call) == [[1]]
        else:
            with pytest.raises(AssertionError) as caught:
                in_r(to_r_function(model), call)
            assert message in str(caught.value)
    lacking = {key: value for key, value in row.items() if key != "bill"}
    with pytest.raises(AssertionError, match='missing column \\\\?"bill'):
        in_r(to_r_function(model), f"as.matrix(predict_network({r_frame([lacking])}))")
    with pytest.raises(sqlite3.OperationalError, match="no such column: t.bill"):
        in_sqlite(to_sql(model, "data"), list(lacking), [list(lacking.values())])


@pytest.mark.parametrize("output", ["identity", "sigmoid", "softmax"])
def test_several_classes(output):
    """Outputs that are no probabilities, that are divided by their sum, of a bare matrix."""
    network = make_network([2, 3, 3], ["tanh", output])
    levels = ['say "x"', "it's; --", "`${1}`</script>\\"]
    outputs = {"names": ["y"], "levels": levels, "center": None, "scale": None}
    model = Model(network, "classification", None, outputs)
    x = make_rows(2)
    x[0] = [-900.0, -900.0]
    want = {"class": model.predict(x).tolist()}
    if output != "identity":
        p = model.predict_proba(x)
        want.update({f"probability_{level}": p[:, k] for k, level in enumerate(levels)})
    rows = [{"x1": row[0], "x2": row[1]} for row in x.tolist()]
    got = in_node(to_js_function(model), "predict", rows)
    assert_table(as_table(list(want), [list(row.values()) for row in got]), want)
    names, got = in_sqlite(to_sql(model, "data"), ["x1", "x2"], x.tolist())
    assert_table(as_table(names, got), want)
    texts = ", ".join(r_string(level) for level in levels)
    call = (
        f"local({{ result <- predict_network({r_frame(rows)})\n"
        f"result$class <- match(result$class, c({texts})) - 1\nas.matrix(result) }})"
    )
    got = as_table(list(want), in_r(to_r_function(model), call))
    got["class"] = [levels[int(place)] for place in got["class"]]
    assert_table(got, want)
    with pytest.raises(InputError, match="columns must be null for a Model, which knows its own"):
        to_sql(model, "data", columns=["a", "b"])
