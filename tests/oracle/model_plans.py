# The cases of model files: models, rows to predict, and files and rows that must be refused.
# Twins: none; the messages are written out by hand from docs/contract.md, section 16.
"""``MODELS``: (name, feature, model, rows); ``ERRORS``: files and rows with their messages."""

import model_oracle

import oracle


def network(layers, activations, seed):
    """A network with weights of three decimals."""
    stream = oracle.Random(seed)

    def draw(n):
        return [round(2 * stream.uniform() - 1, 3) for _ in range(n)]

    weights = [[draw(m) for _ in range(n)] for m, n in zip(layers, layers[1:])]
    return {"layers": layers, "activations": activations, "weights": weights, "biases": [draw(n) for n in layers[1:]]}


def model(task, net, inputs, outputs, probes, na="error", training=None):
    """A model's file."""
    whole = {"format": "twinprop-model/1", "version": "0.1.0", "task": task, "network": net, "inputs": inputs, "outputs": outputs, "na": na, "training": training}
    return model_oracle.with_probes(whole, probes)


def numeric(name):
    return {"name": name, "kind": "numeric"}


def logical(name):
    return {"name": name, "kind": "logical"}


def factor(name, levels, ordered=False):
    return {"name": name, "kind": "factor", "levels": levels, "ordered": ordered}


def term(name, *parts):
    """A term; a part is a column's name, or (name, coding)."""
    return {"name": name, "parts": [{"column": p} if isinstance(p, str) else {"column": p[0], "coding": p[1]} for p in parts]}


def inputs(columns, terms, center=None, scale=None):
    return {"columns": columns, "terms": terms, "center": center, "scale": scale}


def outputs(names, levels=None, center=None, scale=None):
    return {"names": names, "levels": levels, "center": center, "scale": scale}


# contr.poly(3) of R
L, Q = [-0.7071067811865475, 0.0, 0.7071067811865475], [0.4082482904638631, -0.816496580927726, 0.4082482904638631]

MIXED = model(
    "regression",
    network([9, 3, 1], ["tanh", "identity"], 1),
    inputs(
        [factor("island", ["Biscoe", "Dream", "Torgersen"]), numeric("bill"), factor("size", ["small", "middle", "large"], True), logical("alive")],
        [
            term("islandDream", ("island", [0, 1, 0])),
            term("islandTorgersen", ("island", [0, 0, 1])),
            term("bill", "bill"),
            term("I(bill^2)", "bill", "bill"),
            term("size.L", ("size", L)),
            term("size.Q", ("size", Q)),
            term("aliveTRUE", ("alive", [0, 1])),
            term("islandDream:bill", ("island", [0, 1, 0]), "bill"),
            term("aliveFALSE:islandDream", ("alive", [1, 0]), ("island", [0, 1, 0])),
        ],
        [0, 0, 44.5, 2000.25, 0, 0, 0, 20.5, 0],
        [1, 1, 5.25, 480.5, 1, 1, 1, 23.75, 1],
    ),
    outputs(["body_mass_g"], None, [4201.75], [801.5]),
    [["Biscoe", 40.5, "small", True], ["Dream", 51.25, "middle", False], ["Torgersen", 38, "large", True]],
    training={"seed": 42, "loss_curve": [0.5, 0.25], "settings": {"solver": "adam", "dropout": None}},
)
MIXED_ROWS = [
    {"island": "Dream", "bill": 39.1, "size": "large", "alive": False, "year": 2007},
    {"island": "Biscoe", "bill": 47, "size": "small", "alive": True, "year": 2008},
    {"island": "Torgersen", "bill": 1e-3, "size": "middle", "alive": True, "year": 2009},
]
NO_AND_YES = ["näh \U0001f600", "ja"]
NAMES = ["__proto__", "größe", "constructor"]

MODELS = [
    ("mixed", "factors, ordered ones, a logical, products, scaling; a column more than needed", MIXED, MIXED_ROWS),
    (
        "binary", "two classes, names that are special in one language or outside ASCII, rows that lack a value",
        model(
            "classification", network([3, 2, 1], ["relu", "sigmoid"], 2),
            inputs([numeric(NAMES[0]), factor(NAMES[1], ["klein", "groß"]), numeric(NAMES[2])], [term("__proto__", NAMES[0]), term("größegroß", (NAMES[1], [0, 1])), term("constructor", NAMES[2])]),
            outputs(["y"], NO_AND_YES), [[1, "klein", 2], [0.5, "groß", -1]], na="pass",
        ),
        [dict(zip(NAMES, row)) for row in ([3, "klein", 0.25], [None, "klein", 1], [-2, None, 1], [-2, "groß", 1], [-2, "klein", -1])],
    ),
    (
        "classes", "three classes and a factor whose levels are numbers",
        model(
            "classification", network([2, 3, 3], ["leaky_relu", "softmax"], 3),
            inputs([factor("cyl", [4, 6.5, 8])], [term("cyl6.5", ("cyl", [0, 1, 0])), term("cyl8", ("cyl", [0, 0, 1]))]),
            outputs(["gear"], [3, 4, 5.5]), [[4], [8]],
        ),
        [{"cyl": 6.5}, {"cyl": 4}, {"cyl": 8}],
    ),
    (
        "sigmoids", "three classes by sigmoid outputs: divided by their sum",
        model(
            "classification", network([1, 3], ["sigmoid"], 4), inputs([numeric("x1")], [term("x1", "x1")], [1.5], [0.5]),
            outputs(["y"], ["a", "b", "c"]), [[1], [-1]],
        ),
        [{"x1": 2}, {"x1": -30}, {"x1": 0}],
    ),
    (
        "booleans", "true and false as classes",
        model(
            "classification", network([1, 1], ["sigmoid"], 5), inputs([logical("wet")], [term("wetTRUE", ("wet", [0, 1]))]),
            outputs(["slippery"], [False, True]), [[True], [False]],
        ),
        [{"wet": False}, {"wet": True}],
    ),
    (
        "labels", "several labels",
        model(
            "multilabel", network([2, 2, 2], ["softplus", "sigmoid"], 6), inputs([numeric("a"), numeric("b")], [term("a:b", "a", "b"), term("b", "b")]),
            outputs(["sun", "wind"]), [[1, 2], [0, -1]],
        ),
        [{"a": 1, "b": 2}, {"a": -3, "b": 0.5}, {"a": 0, "b": 9}],
    ),
    (
        "several", "a regression of two columns on their own scales",
        model(
            "regression", network([2, 2, 2], ["tanh", "identity"], 7), inputs([numeric("u"), numeric("v")], [term("u", "u"), term("v", "v")], [100, 0], [10, 1]),
            outputs(["mass", "length"], None, [1e6, -0.25], [12345.678, 1e-3]), [[90, 1], [110, -1]], na="pass",
        ),
        [{"u": 101, "v": 0.5}, {"u": None, "v": 1}, {"u": 80, "v": -2}],
    ),
    ("bare", "a network without a task, one unit in each layer", model(None, network([1, 1, 1], ["tanh", "identity"], 8), None, None, [[0.5], [-1]]), [[0.25], [-3]]),
]

ERRORS = []


def refused(name, message, path, value=None, *, remove=False, start=False):
    """A file that is that of the case "mixed" with one change; `path` leads to it, from 0."""
    change = {"path": path, "remove": True} if remove else {"path": path, "value": value}
    add(name, message, change=change, start=start)


def add(name, message, *, start=False, **given):
    assert all(case["name"] != name for case in ERRORS), name
    ERRORS.append({"name": name, **given, "message_start" if start else "message": message})


def refused_rows(name, message, rows, **options):
    """Rows that the model of case "mixed" refuses."""
    add(f"rows-{name}", message, rows=rows, **options)


add("empty", "the model is not valid JSON: ", text="", start=True)
add("half", "the model is not valid JSON: ", text='{"format": "twinprop-model/1", ', start=True)
add("list", "the model must be an object, got a list of 0", text="[]")
add("number", "the model must be an object, got 3", text="3")
refused("format", 'format must be "twinprop-model/1", got "twinprop-model/2"', ["format"], "twinprop-model/2")
refused("format-missing", 'format must be "twinprop-model/1", got null', ["format"], remove=True)
KEYS = '"format", "version", "task", "network", "inputs", "outputs", "na", "training", "probes"'
refused("unknown", f'unknown key "code" in the model; allowed: {KEYS}', ["code"], "rm")
refused("proto", f'unknown key "__proto__" in the model; allowed: {KEYS}', ["__proto__"], {"task": None})
NEEDED_KEYS = KEYS.replace('"version", ', "")
refused("missing", f'missing key "probes" in the model; needed: {NEEDED_KEYS}', ["probes"], remove=True)
TASKS = '"regression", "classification", "multilabel"'
refused("task", f'task must be one of {TASKS}, got "cluster"', ["task"], "cluster")
refused("task-null", "task and outputs must both be there or both be null", ["task"])
refused("outputs-null", "task and outputs must both be there or both be null", ["outputs"])
refused("na", 'na must be one of "error", "pass", got null', ["na"])
refused("training", "training must be an object, got a list of 0", ["training"], [])
refused("network", "network must be an object, got null", ["network"])
refused("network-key", 'unknown key "seed" in network; allowed: "layers", "activations", "weights", "biases"', ["network", "seed"], 1)
refused("network-lacks", 'missing key "biases" in network; needed: "layers", "activations", "weights", "biases"', ["network", "biases"], remove=True)
refused("weights-null", "network.weights must have one matrix for each layer after the input, got null", ["network", "weights"])
refused("weights-row", "network.weights layer 2 row 1 must have 9 values, got 1", ["network", "weights", 0, 0], [1])
refused("weight", 'network.weights layer 3 row 1, column 2 must be a finite number, got "1"', ["network", "weights", 1, 0, 1], "1")
refused("biases", "network.biases layer 2 must have 3 values, got 2", ["network", "biases", 0], [1, 2])
refused("layers", "network.layers must be a list of at least 2 integers >= 1, got 3", ["network", "layers"], 3)
refused("activation", 'network.activations entry 2 must be one of "sigmoid", "tanh", "relu", "leaky_relu", "softplus", "identity", "softmax", got "eval"', ["network", "activations", 1], "eval")
refused("inputs", "inputs must be an object, got a list of 0", ["inputs"], [])
refused("inputs-key", 'unknown key "names" in inputs; allowed: "columns", "terms", "center", "scale"', ["inputs", "names"], [])
refused("inputs-lack", 'missing key "scale" in inputs; needed: "columns", "terms", "center", "scale"', ["inputs", "scale"], remove=True)
refused("columns", "inputs.columns must be a list of at least 1 objects, got a list of 0", ["inputs", "columns"], [])
refused("column", "inputs.columns entry 2 must be an object, got 5", ["inputs", "columns", 1], 5)
refused("column-name", "inputs.columns entry 2 name must be a string, got 5", ["inputs", "columns", 1, "name"], 5)
refused("column-twice", 'inputs.columns must have distinct names, got "island" twice', ["inputs", "columns", 1, "name"], "island")
refused("kind", 'inputs.columns entry 2 kind must be one of "numeric", "logical", "factor", got "date"', ["inputs", "columns", 1, "kind"], "date")
refused("levels-of-a-number", 'unknown key "levels" in inputs.columns entry 2; allowed: "name", "kind"', ["inputs", "columns", 1, "levels"], ["a", "b"])
refused("levels", 'inputs.columns entry 1 levels must be a list of at least 2 strings or numbers, got "Biscoe"', ["inputs", "columns", 0, "levels"], "Biscoe")
refused("levels-mixed", "inputs.columns entry 1 levels must be a list of at least 2 strings or numbers, got a list of 3", ["inputs", "columns", 0, "levels"], ["a", 1, 2])
refused("levels-twice", 'inputs.columns entry 1 levels must have distinct entries, got "a" twice', ["inputs", "columns", 0, "levels"], ["a", "b", "a"])
refused("ordered", "inputs.columns entry 1 ordered must be true or false, got 1", ["inputs", "columns", 0, "ordered"], 1)
refused("terms", "inputs.terms must be a list of at least 1 objects, got null", ["inputs", "terms"])
refused("terms-few", "inputs.terms must have one entry for each input of the network (9), got 1", ["inputs"], inputs([numeric("bill")], [term("bill", "bill")]))
refused("parts", "inputs.terms entry 3 parts must be a list of at least 1 objects, got a list of 0", ["inputs", "terms", 2, "parts"], [])
refused("part-column", 'inputs.terms entry 3 part 1 column must be one of "island", "bill", "size", "alive", got "sex"', ["inputs", "terms", 2, "parts", 0, "column"], "sex")
refused("coding-of-a-number", "inputs.terms entry 3 part 1 coding must be null, got a list of 2", ["inputs", "terms", 2, "parts", 0, "coding"], [0, 1])
refused("coding-missing", "inputs.terms entry 1 part 1 coding must have 3 values, got null", ["inputs", "terms", 0, "parts", 0, "coding"], remove=True)
refused("coding-short", "inputs.terms entry 1 part 1 coding must have 3 values, got 2", ["inputs", "terms", 0, "parts", 0, "coding"], [0, 1])
refused("coding-entry", 'inputs.terms entry 1 part 1 coding value 2 must be a finite number, got "1"', ["inputs", "terms", 0, "parts", 0, "coding", 1], "1")
refused("center-alone", "inputs.center and inputs.scale must both be there or both be null", ["inputs", "scale"])
refused("center-short", "inputs.center must have 9 values, got 1", ["inputs", "center"], [1])
refused("scale-zero", "inputs.scale value 3 must be above 0, got 0", ["inputs", "scale", 2], 0)
refused("output-names", "outputs.names must be a list of at least 1 strings, got a list of 0", ["outputs", "names"], [])
refused("output-name", "outputs.names entry 1 must be a string, got null", ["outputs", "names", 0])
refused("output-levels", "outputs.levels must be there for a classification and for nothing else", ["outputs", "levels"], ["a", "b"])
refused("classes-missing", "outputs.levels must be there for a classification and for nothing else", ["task"], "classification")
refused("outputs-many", "outputs must be as many as those of the network (1), got 2", ["outputs"], outputs(["a", "b"]))
refused("outputs-scaled-labels", "outputs.center must be null but for a regression", ["task"], "multilabel")
refused("probes", "probes must be an object, got a list of 0", ["probes"], [])
refused("probes-none", "probes.rows must be a list of at least 1 rows, got a list of 0", ["probes"], {"rows": [], "outputs": []})
refused("probes-outputs", "probes.outputs must have 3 rows, got 0", ["probes", "outputs"], [])


def shown(value):
    return f"{value:.10g}"


PROBED = MIXED["probes"]["outputs"][1][0]
refused(
    "probe-changed",
    f"the model does not compute the outputs of its probes (row 2, output 1: {shown(PROBED)}, in the file {shown(PROBED + 1e-3)}): the file was changed or damaged",
    ["probes", "outputs", 1, 0], PROBED + 1e-3,
)
refused("weight-changed", "the model does not compute the outputs of its probes (row 1, output 1: ", ["network", "weights", 0, 1, 2], MIXED["network"]["weights"][0][1][2] + 1e-6, start=True)
refused("center-changed", "the model does not compute the outputs of its probes (row 1, output 1: ", ["outputs", "center", 0], 4201.76, start=True)
refused("coding-changed", "the model does not compute the outputs of its probes (row 2, output 1: ", ["inputs", "terms", 0, "parts", 0, "coding", 1], 1.5, start=True)

NEEDED = 'needed: "island", "bill", "size", "alive"'
ROW = MIXED_ROWS[0]


def without(*names):
    return [{key: value for key, value in row.items() if key not in names} for row in MIXED_ROWS]


def with_second(**values):
    """The rows, of which the second has these values."""
    return [ROW, {**MIXED_ROWS[1], **values}, MIXED_ROWS[2]]


refused_rows("column-missing", f'missing column "bill"; {NEEDED}', without("bill"))
refused_rows("columns-missing", f'missing columns "island", "alive"; {NEEDED}', without("alive", "island"))
refused_rows("column-extra", f'unknown column "year"; {NEEDED}', MIXED_ROWS, extra="error")
refused_rows("level-unseen", 'column "island" row 2 must be one of "Biscoe", "Dream", "Torgersen", got "Anvers"', with_second(island="Anvers"))
refused_rows("level-case", 'column "size" row 2 must be one of "small", "middle", "large", got "Small"', with_second(size="Small"))
refused_rows("number-for-a-level", 'column "island" row 1 must be one of "Biscoe", "Dream", "Torgersen", got 5', [{**ROW, "island": 5}])
refused_rows("logical-for-a-level", 'column "island" row 1 must be one of "Biscoe", "Dream", "Torgersen", got true', [{**ROW, "island": True}])
refused_rows("string-for-a-number", 'column "bill" row 1 must be a finite number, got "39.1"', [{**ROW, "bill": "39.1"}])
refused_rows("logical-for-a-number", 'column "bill" row 1 must be a finite number, got true', [{**ROW, "bill": True}])
refused_rows("number-for-a-logical", 'column "alive" row 1 must be true or false, got 1', [{**ROW, "alive": 1}])
refused_rows("string-for-a-logical", 'column "alive" row 1 must be true or false, got "TRUE"', [{**ROW, "alive": "TRUE"}])
refused_rows("na", 'column "bill" row 2 is missing', with_second(bill=None))
refused_rows("na-first", 'column "island" row 2 is missing', with_second(bill=None, island=None))
refused_rows("na-and-wrong", 'column "bill" row 1 must be a finite number, got "a"', [{**ROW, "bill": "a", "island": None}], na="pass")
refused_rows("na-unknown", 'na must be one of "error", "pass", got "omit"', MIXED_ROWS, na="omit")
refused_rows("extra-unknown", 'extra must be one of "ignore", "error", got true', MIXED_ROWS, extra=True)
refused_rows("too-few-columns", f"the data must have 4 columns, got 3; {NEEDED}", [[1, 2, 3], [4, 5, 6]])
