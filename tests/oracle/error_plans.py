# The error cases: plans that must be refused and the words to refuse them with. Twins: none;
# the messages are written out by hand from docs/contract.md, section 9.
"""``GROUPS``: by file name, the list of error cases that tests/cases/errors/ holds."""

import json

X = [[0, 0], [0, 1], [1, 0], [1, 1]]
D = [[0], [1], [1], [0]]
D2 = [[0, 1], [1, 0], [1, 0], [0, 1]]
ONE_EPOCH = {"epochs": 1}

ACTIVATIONS = '"sigmoid", "tanh", "relu", "leaky_relu", "softplus", "identity", "softmax"'
COSTS = '"half_mse", "half_sse", "mse", "cross_entropy"'
RULES = '"gradient", "transpose", "proportional", "proportional_abs"'
OPTIMIZERS = '"sgd", "momentum", "nesterov", "rmsprop", "adam", "rprop"'
SEED = "must be an integer from -2147483647 to 2147483647, got"

GROUPS = {}


def add(group, name, message, kind="input", *, start=False, **given):
    """Add a case; ``given`` is one of plan, plan_text and plan_file."""
    cases = GROUPS.setdefault(group, [])
    label = f"{group}-{name}"
    assert all(case["name"] != label for case in cases), label
    cases.append({"name": label, **given, "kind": kind, "message_start" if start else "message": message})


def network(group, name, message, /, **settings):
    add(group, name, message, plan={"network": settings, "training": ONE_EPOCH, "data": {"x": X, "d": D}})


def training(group, name, message, /, **settings):
    add(group, name, message, plan={"training": {**ONE_EPOCH, **settings}, "data": {"x": X, "d": D}})


def optimizer(group, name, message, /, **settings):
    training(group, name, message, optimizer=settings)


def data(group, name, message, /, **settings):
    add(group, name, message, plan={"training": ONE_EPOCH, "data": settings})


# File, JSON, top level, sections, format ---------------------------------------------------------------

add("file", "missing", 'cannot read the plan: no file "no-such-plan.json"', plan_file="no-such-plan.json")

VALID = json.dumps({"training": ONE_EPOCH, "data": {"x": X, "d": D}})
for name, broken in {
    "empty": "",
    "words": "not JSON at all",
    "truncated": VALID[:-10],
    "trailing-comma-object": VALID[:-1] + ",}",
    "trailing-comma-list": VALID.replace("[0, 0]", "[0, 0,]"),
    "single-quotes": VALID.replace('"', "'"),
    "bare-key": VALID.replace('"training"', "training"),
    "no-colon": VALID.replace('"epochs":', '"epochs"'),
    "no-comma": VALID.replace("[0, 0]", "[0 0]"),
    "leading-zero": VALID.replace("[0, 0]", "[01, 0]"),
    "plus-sign": VALID.replace("[0, 0]", "[+1, 0]"),
    "bare-point": VALID.replace("[0, 0]", "[.5, 0]"),
    "hexadecimal": VALID.replace("[0, 0]", "[0x10, 0]"),
    "capital-true": VALID.replace('"epochs": 1', '"shuffle": True'),
    "nan": VALID.replace("[0, 0]", "[NaN, 0]"),
    "inf": VALID.replace("[0, 0]", "[Infinity, 0]"),
    "minus-inf": VALID.replace("[0, 0]", "[-Infinity, 0]"),
    "nan-target": VALID.replace("[0], [1]", "[NaN], [1]"),
    "two-documents": VALID + VALID,
    "comment": VALID.replace("[0, 0]", "[0, 0] /* the first row */"),
    "line-comment": VALID.replace("[0, 0]", "// the rows\n[0, 0]"),
    "unclosed-string": '{"format": "twinprop-plan/1',
}.items():
    assert broken != VALID
    add("json", name, "the plan is not valid JSON: ", start=True, plan_text=broken)

for name, value, given in (
    ("list", [1, 2], "a list of 2"),
    ("empty-list", [], "a list of 0"),
    ("string", "plan", '"plan"'),
    ("number", 3, "3"),
    ("true", True, "true"),
    ("null", None, "null"),
):
    add("top-level", name, f"the plan must be an object, got {given}", plan=value)

for section in ("network", "training", "data"):
    for name, value, given in (
        ("list", [1, 2], "a list of 2"),
        ("empty-list", [], "a list of 0"),
        ("string", "xor", '"xor"'),
        ("number", 0.5, "0.5"),
        ("false", False, "false"),
        ("null", None, "null"),
    ):
        plan = {"training": ONE_EPOCH, "data": {"x": X, "d": D}, section: value}
        add("section", f"{section}-{name}", f"{section} must be an object, got {given}", plan=plan)
for name, value, given in (
    ("string", "adam", '"adam"'),
    ("list", ["adam", 0.1], "a list of 2"),
    ("null", None, "null"),
):
    training("section", f"optimizer-{name}", f"training.optimizer must be an object, got {given}", optimizer=value)

for name, value, given in (
    ("next-version", "twinprop-plan/2", '"twinprop-plan/2"'),
    ("run", "twinprop-run/1", '"twinprop-run/1"'),
    ("capital", "Twinprop-plan/1", '"Twinprop-plan/1"'),
    ("number", 1, "1"),
    ("null", None, "null"),
    ("list", ["twinprop-plan/1"], "a list of 1"),
    ("quotes", 'a "plan" with a \\', '"a \\"plan\\" with a \\\\"'),
    ("sixty", "x" * 60, '"' + "x" * 60 + '"'),
    ("sixty-one", "x" * 61, '"' + "x" * 60 + '..."'),
):
    add(
        "format",
        name,
        f'format must be "twinprop-plan/1", got {given}',
        plan={"format": value, "training": ONE_EPOCH, "data": {"x": X, "d": D}},
    )

# Unknown keys ------------------------------------------------------------------------------------------

add(
    "unknown-key",
    "plan",
    'unknown key "netwrok" in the plan; allowed: "format", "network", "training", "data"',
    plan={"netwrok": {}, "training": ONE_EPOCH, "data": {"x": X, "d": D}},
)
network(
    "unknown-key",
    "network",
    'unknown key "activation" in network; allowed: "layers", "activations", "init", "seed", "weights", "biases"',
    activation="tanh",
)
training(
    "unknown-key",
    "training",
    'unknown key "learning_rate" in training; allowed: "cost", "rule", "update_order", "optimizer", "batch_size", '
    '"epochs", "shuffle", "seed", "snapshots", "record", "dropout", "clip_norm", "schedule", "arithmetic"',
    learning_rate=0.1,
)
data("unknown-key", "data", 'unknown key "y" in data; allowed: "x", "d", "dataset", "sample_weight"', x=X, d=D, y=D)
OWN = {
    "sgd": '"momentum", "nesterov"',
    "momentum": '"momentum", "nesterov"',
    "nesterov": '"momentum", "nesterov"',
    "rmsprop": '"alpha", "eps", "momentum"',
    "adam": '"betas", "eps"',
    "rprop": '"etas", "step_sizes"',
}
for name, own in OWN.items():
    key = "betas" if name != "adam" else "momentum"
    optimizer(
        "unknown-key",
        f"optimizer-{name}",
        f'unknown key "{key}" in training.optimizer; allowed: "name", "learning_rate", "weight_decay", {own}',
        name=name,
        **{key: [0.9, 0.999] if key == "betas" else 0.9},
    )
optimizer(
    "unknown-key",
    "optimizer-unnamed",
    f'unknown key "lr" in training.optimizer; allowed: "name", "learning_rate", "weight_decay", {OWN["sgd"]}',
    lr=0.1,
)

# Network -----------------------------------------------------------------------------------------------

for name, value, given in (
    ("one", [2], "a list of 1"),
    ("none", [], "a list of 0"),
    ("number", 3, "3"),
    ("string", "2-4-1", '"2-4-1"'),
    ("null", None, "null"),
    ("object", {"hidden": 4}, "an object"),
):
    network("layers", name, f"network.layers must be a list of at least 2 integers >= 1, got {given}", layers=value)
for name, value, entry, given in (
    ("zero-input", [0, 4, 1], 1, "0"),
    ("zero-hidden", [2, 0, 1], 2, "0"),
    ("zero-output", [2, 4, 0], 3, "0"),
    ("negative", [2, -4, 1], 2, "-4"),
    ("fraction", [2, 2.5, 1], 2, "2.5"),
    ("true", [2, True, 1], 2, "true"),
    ("entry-string", [2, "4", 1], 2, '"4"'),
    ("entry-null", [2, None, 1], 2, "null"),
    ("entry-list", [2, [4], 1], 2, "a list of 1"),
    ("first-of-two", [2, 0, -1], 2, "0"),
):
    network("layers", name, f"network.layers entry {entry} must be an integer >= 1, got {given}", layers=value)
for name, value, given in (
    ("too-many-weights", [2, 2**31, 1], "8589934593"),
    ("far-too-many-weights", [2, 1e20, 1], "4e+20"),
    ("one-weight-too-many", [2**31 - 1, 1], "2147483648"),
):
    network("layers", name, f"network.layers must make at most 2147483647 weights and biases, got {given}", layers=value)

for name, value, given in (
    ("number", 3, "3"),
    ("null", None, "null"),
    ("object", {"hidden": "tanh"}, "an object"),
    ("true", True, "true"),
):
    network(
        "activations",
        name,
        f"network.activations must be a name or a list of names, got {given}",
        activations=value,
    )
for name, value in (("three", ["tanh"] * 3), ("one-of-two", ["tanh"]), ("none", [])):
    network(
        "activations",
        name,
        f"network.activations must have one name for each layer after the input (2), got {len(value)}",
        activations=value,
    )
for name, value, entry, given in (
    ("unknown", ["sigmod", "sigmoid"], 1, '"sigmod"'),
    ("unknown-second", ["sigmoid", "Tanh"], 2, '"Tanh"'),
    ("unknown-for-all", "swish", 1, '"swish"'),
    ("entry-number", [1, "sigmoid"], 1, "1"),
    ("entry-null", ["sigmoid", None], 2, "null"),
    ("empty-name", ["", "sigmoid"], 1, '""'),
):
    network(
        "activations",
        name,
        f"network.activations entry {entry} must be one of {ACTIVATIONS}, got {given}",
        activations=value,
    )

for name, value, given in (
    ("unknown", "glorot", '"glorot"'),
    ("capital", "Xavier", '"Xavier"'),
    ("null", None, "null"),
    ("number", 1, "1"),
    ("list", ["he", "he"], "a list of 2"),
):
    network("name", f"init-{name}", f'network.init must be one of "xavier", "he", "torch", "uniform", got {given}', init=value)

for section, make in (("network", network), ("training", training)):
    for name, value, given in (
        ("too-large", 2147483648, "2147483648"),
        ("too-small", -2147483648, "-2147483648"),
        ("ten-billion", 10000000000, "10000000000"),
        ("huge", 1e20, "1e+20"),
        ("digits", 123456789012345678, "1.23456789012346e+17"),
        ("fraction", 0.5, "0.5"),
        ("third", 1 / 3, "0.333333333333333"),
        ("true", True, "true"),
        ("string", "42", '"42"'),
        ("null", None, "null"),
        ("list", [42], "a list of 1"),
        ("object", {}, "an object"),
    ):
        make("seed", f"{section}-{name}", f"{section}.seed {SEED} {given}", seed=value)

W = [[[1, 2], [3, 4], [5, 6], [7, 8]], [[1, 2, 3, 4]]]
for name, value, given in (
    ("one-layer", W[:1], "1"),
    ("three-layers", W + W[1:], "3"),
    ("no-layers", [], "0"),
    ("string", "random", '"random"'),
    ("number", 0.5, "0.5"),
    ("object", {"hidden": W[0]}, "an object"),
    ("false", False, "false"),
):
    network(
        "weights",
        name,
        f"network.weights must have one matrix for each layer after the input (2), got {given}",
        weights=value,
    )
for name, value, message in (
    ("few-rows", [W[0][:3], W[1]], "layer 2 must have 4 rows, got 3"),
    ("many-rows", [W[0], W[1] * 2], "layer 3 must have 1 rows, got 2"),
    ("no-rows", [[], W[1]], "layer 2 must have 4 rows, got 0"),
    ("transposed", [[[1, 3, 5, 7], [2, 4, 6, 8]], W[1]], "layer 2 must have 4 rows, got 2"),
    ("long-row", [[[1, 2, 3]] + W[0][1:], W[1]], "layer 2 row 1 must have 2 values, got 3"),
    ("short-row", [W[0][:3] + [[7]], W[1]], "layer 2 row 4 must have 2 values, got 1"),
    ("bias-in-row", [W[0], [[1, 2, 3, 4, 5]]], "layer 3 row 1 must have 4 values, got 5"),
    ("null", [[[1, None]] + W[0][1:], W[1]], "layer 2 row 1, column 2 must be a finite number, got null"),
    ("entry-string", [W[0], [[1, 2, "3", 4]]], 'layer 3 row 1, column 3 must be a finite number, got "3"'),
    ("entry-true", [W[0], [[1, 2, 3, True]]], "layer 3 row 1, column 4 must be a finite number, got true"),
    ("entry-list", [W[0], [[[1], 2, 3, 4]]], "layer 3 row 1, column 1 must be a finite number, got a list of 1"),
    ("layer-number", [3, W[1]], "layer 2 must be a list of rows, each a list of numbers, got 3"),
    ("layer-null", [W[0], None], "layer 3 must be a list of rows, each a list of numbers, got null"),
    ("row-number", [W[0], [1]], "layer 3 row 1 must be a list of numbers, got 1"),
    ("row-null", [W[0][:2] + [None, [7, 8]], W[1]], "layer 2 row 3 must be a list of numbers, got null"),
):
    network("weights", name, f"network.weights {message}", weights=value)
for name, token, given in (("inf", "1e999", "Inf"), ("minus-inf", "-1e999", "-Inf")):
    add(
        "weights",
        name,
        f"network.weights layer 2 row 1, column 2 must be a finite number, got {given}",
        plan_text=json.dumps({"network": {"layers": [2, 1], "weights": [[[0.5, "TOKEN"]]]}, "data": {"x": X, "d": D}}).replace(
            '"TOKEN"', token
        ),
    )

B = [[0.1, 0.2, 0.3, 0.4], [0.5]]
for name, value, given in (
    ("one-layer", B[:1], "1"),
    ("three-layers", B + B, "4"),
    ("no-layers", [], "0"),
    ("number", 0, "0"),
    ("string", "none", '"none"'),
    ("object", {}, "an object"),
):
    network(
        "biases", name, f"network.biases must have one list for each layer after the input (2), got {given}", biases=value
    )
for name, value, message in (
    ("short", [B[0][:3], B[1]], "layer 2 must have 4 values, got 3"),
    ("long", [B[0], [0.5, 0.6]], "layer 3 must have 1 values, got 2"),
    ("empty", [B[0], []], "layer 3 must have 1 values, got 0"),
    ("not-a-list", [B[0], 0.5], "layer 3 must have 1 values, got 0.5"),
    ("null", [[0.1, 0.2, None, 0.4], B[1]], "layer 2 value 3 must be a finite number, got null"),
    ("entry-string", [B[0], ["0.5"]], 'layer 3 value 1 must be a finite number, got "0.5"'),
    ("entry-false", [B[0], [False]], "layer 3 value 1 must be a finite number, got false"),
):
    network("biases", name, f"network.biases {message}", biases=value)
add(
    "biases",
    "inf",
    "network.biases layer 2 value 1 must be a finite number, got Inf",
    plan_text=json.dumps({"network": {"layers": [2, 1], "biases": [["TOKEN"]]}, "data": {"x": X, "d": D}}).replace('"TOKEN"', "1e999"),
)

# Training ----------------------------------------------------------------------------------------------

for key, allowed, values in (
    ("cost", COSTS, (("unknown", "rmse", '"rmse"'), ("null", None, "null"), ("number", 2, "2"), ("accent", "coût", '"coût"'))),
    ("rule", RULES, (("unknown", "chain", '"chain"'), ("null", None, "null"), ("object", {}, "an object"))),
    (
        "update_order",
        '"simultaneous", "output_first"',
        (("unknown", "output-first", '"output-first"'), ("null", None, "null"), ("true", True, "true")),
    ),
):
    for name, value, given in values:
        training("name", f"{key}-{name}", f"training.{key} must be one of {allowed}, got {given}", **{key: value})
for name, value, given in (
    ("unknown", "adamw", '"adamw"'),
    ("capital", "SGD", '"SGD"'),
    ("null", None, "null"),
    ("list", ["sgd"], "a list of 1"),
):
    optimizer("name", f"optimizer-{name}", f"training.optimizer.name must be one of {OPTIMIZERS}, got {given}", name=value)
for name, value in (("unknown", "no-such-data"), ("number", 1), ("null", None)):
    # The contract leaves the list of data sets to the package.
    add(
        "name",
        f"dataset-{name}",
        'data.dataset must be one of "',
        start=True,
        plan={"training": ONE_EPOCH, "data": {"dataset": value}},
    )

for key in ("learning_rate", "weight_decay"):
    for name, value, given in (
        ("negative", -0.1, "-0.1"),
        ("tiny-negative", -1e-7, "-1e-07"),
        ("string", "0.1", '"0.1"'),
        ("true", True, "true"),
        ("null", None, "null"),
        ("list", [0.1], "a list of 1"),
    ):
        optimizer(
            "number", f"{key}-{name}", f"training.optimizer.{key} must be a finite number >= 0, got {given}", **{key: value}
        )
for name in ("rmsprop", "adam"):
    optimizer(
        "number", f"eps-{name}", "training.optimizer.eps must be a finite number >= 0, got -1e-08", name=name, eps=-1e-8
    )
add(
    "number",
    "learning_rate-inf",
    "training.optimizer.learning_rate must be a finite number >= 0, got Inf",
    plan_text=json.dumps({"training": {"optimizer": {"learning_rate": "TOKEN"}}, "data": {"x": X, "d": D}}).replace('"TOKEN"', "1e999"),
)

for name, key, value, given in (
    ("sgd", "momentum", 1, "1"),
    ("sgd", "momentum", -0.5, "-0.5"),
    ("momentum", "momentum", 1.5, "1.5"),
    ("nesterov", "momentum", "0.9", '"0.9"'),
    ("rmsprop", "momentum", None, "null"),
    ("rmsprop", "alpha", 1, "1"),
    ("rmsprop", "alpha", -0.01, "-0.01"),
    ("rmsprop", "alpha", False, "false"),
):
    label = {"1": "one", "null": "null", "false": "false"}.get(given, "string" if given[0] == '"' else "negative" if given[0] == "-" else "large")
    optimizer(
        "fraction",
        f"{name}-{key}-{label}",
        f"training.optimizer.{key} must be a number from 0 to below 1, got {given}",
        name=name,
        **{key: value},
    )

for key, name, optimizer_name, words, values in (
    (
        "betas",
        "betas",
        "adam",
        "a list of 2 numbers from 0 to below 1",
        (("one", [0.9]), ("three", [0.9, 0.99, 0.999]), ("large", [0.9, 1]), ("negative", [-0.1, 0.9]), ("string", ["0.9", 0.9]), ("null", [None, 0.9])),
    ),
    (
        "etas",
        "etas",
        "rprop",
        "a list of 2 numbers, 0 < first < 1 < second",
        (("one", [0.5]), ("swapped", [1.2, 0.5]), ("zero", [0, 1.2]), ("first-one", [1, 1.2]), ("second-one", [0.5, 1]), ("true", [0.5, True])),
    ),
    (
        "step_sizes",
        "step-sizes",
        "rprop",
        "a list of 2 numbers, 0 < first <= second",
        (("three", [0.1, 1, 2]), ("swapped", [1, 0.1]), ("zero", [0, 1]), ("negative", [-1, 1]), ("string", [0.1, "1"])),
    ),
):
    for label, value in values:
        optimizer(
            "pair",
            f"{name}-{label}",
            f"training.optimizer.{key} must be {words}, got a list of {len(value)}",
            name=optimizer_name,
            **{key: value},
        )
    for label, value, given in (("number", 0.5, "0.5"), ("none", None, "null"), ("object", {}, "an object")):
        optimizer(
            "pair", f"{name}-{label}", f"training.optimizer.{key} must be {words}, got {given}", name=optimizer_name, **{key: value}
        )

for name, value, given in (("string", "yes", '"yes"'), ("number", 1, "1"), ("null", None, "null")):
    training("switch", f"shuffle-{name}", f"training.shuffle must be true or false, got {given}", shuffle=value)
    optimizer("switch", f"nesterov-{name}", f"training.optimizer.nesterov must be true or false, got {given}", nesterov=value, momentum=0.9)
for name, settings in (
    ("sgd-default", {"name": "sgd", "nesterov": True}),
    ("momentum-zero", {"name": "momentum", "momentum": 0, "nesterov": True}),
    ("nesterov-zero", {"name": "nesterov", "momentum": 0}),
):
    optimizer("nesterov", name, "training.optimizer.nesterov needs a momentum above 0, got momentum 0", **settings)

for name, value, given in (
    ("negative", -1, "-1"),
    ("fraction", 2.5, "2.5"),
    ("string", "10", '"10"'),
    ("true", True, "true"),
    ("null", None, "null"),
    ("list", [10], "a list of 1"),
):
    training("integer", f"epochs-{name}", f"training.epochs must be an integer >= 0, got {given}", epochs=value)

for name, value, given in (
    ("zero", [0], "a list of 1"),
    ("equal", [1, 1], "a list of 2"),
    ("falling", [10, 1], "a list of 2"),
    ("fraction", [1, 2.5, 3], "a list of 3"),
    ("entry-string", ["1"], "a list of 1"),
    ("entry-null", [None], "a list of 1"),
    ("entry-true", [True, 2], "a list of 2"),
    ("number", 10, "10"),
    ("string", "all", '"all"'),
    ("null", None, "null"),
    ("object", {}, "an object"),
):
    training(
        "snapshots",
        name,
        f"training.snapshots must be a list of integers >= 1, each larger than the one before, got {given}",
        snapshots=value,
    )

for name, value, given in (
    ("zero", 0, "0"),
    ("negative", -3, "-3"),
    ("fraction", 1.5, "1.5"),
    ("string", "epochs", '"epochs"'),
    ("empty-string", "", '""'),
    ("true", True, "true"),
    ("false", False, "false"),
    ("list", [1], "a list of 1"),
    ("empty-list", [], "a list of 0"),
    ("object", {}, "an object"),
):
    training(
        "record",
        name,
        f'training.record must be null, "steps" or an integer >= 1, got {given}',
        record=value,
    )

for name, value, given in (
    ("zero", 0, "0"),
    ("negative", -1, "-1"),
    ("large", 5, "5"),
    ("fraction", 2.5, "2.5"),
    ("below-one", 0.5, "0.5"),
    ("string", "all", '"all"'),
    ("true", True, "true"),
    ("list", [2], "a list of 1"),
):
    training(
        "batch",
        name,
        f"training.batch_size must be null or an integer from 1 to 4 (the number of rows), got {given}",
        batch_size=value,
    )

# Dropout, clipping, schedules ----------------------------------------------------------------------------

# The network of a plan without a section has one hidden layer.
for name, value, message in (
    ("one", 1, "must be a number from 0 to below 1, got 1"),
    ("negative", -0.25, "must be a number from 0 to below 1, got -0.25"),
    ("string", "half", 'must be a number from 0 to below 1, got "half"'),
    ("null", None, "must be a number from 0 to below 1, got null"),
    ("true", True, "must be a number from 0 to below 1, got true"),
    ("object", {}, "must be a number from 0 to below 1, got an object"),
    ("empty-list", [], "must have one number for each hidden layer (1), got 0"),
    ("long-list", [0.1, 0.2], "must have one number for each hidden layer (1), got 2"),
    ("entry", [1.5], "entry 1 must be a number from 0 to below 1, got 1.5"),
    ("entry-null", [None], "entry 1 must be a number from 0 to below 1, got null"),
):
    training("dropout", name, f"training.dropout {message}", dropout=value)
add(
    "dropout",
    "second-entry",
    "training.dropout entry 2 must be a number from 0 to below 1, got -1",
    plan={"network": {"layers": [2, 3, 3, 1]}, "training": {**ONE_EPOCH, "dropout": [0.5, -1]}, "data": {"x": X, "d": D}},
)
add(
    "dropout",
    "no-hidden-layer",
    "training.dropout must have one number for each hidden layer (0), got 1",
    plan={"network": {"layers": [2, 1]}, "training": {**ONE_EPOCH, "dropout": [0.5]}, "data": {"x": X, "d": D}},
)

for name, value, given in (
    ("zero", 0, "0"),
    ("negative", -1.5, "-1.5"),
    ("string", "1", '"1"'),
    ("false", False, "false"),
    ("list", [1], "a list of 1"),
    ("object", {}, "an object"),
):
    training("clip_norm", name, f"training.clip_norm must be null or a finite number above 0, got {given}", clip_norm=value)
training(
    "clip_norm",
    "output_first",
    'training.clip_norm must be null with update order "output_first", got 0.5',
    clip_norm=0.5,
    update_order="output_first",
)

SCHEDULES = '"exponential", "step", "cosine", "inverse"'
for name, value, message in (
    ("number", 3, " must be null, a name or an object, got 3"),
    ("true", True, " must be null, a name or an object, got true"),
    ("list", ["step"], " must be null, a name or an object, got a list of 1"),
    ("empty-list", [], " must be null, a name or an object, got a list of 0"),
    ("name", "linear", f' must be one of {SCHEDULES}, got "linear"'),
    ("empty-name", "", f' must be one of {SCHEDULES}, got ""'),
    ("no-name", {}, f".name must be one of {SCHEDULES}, got null"),
    ("null-name", {"name": None}, f".name must be one of {SCHEDULES}, got null"),
    ("own-name", {"name": "Step"}, f'.name must be one of {SCHEDULES}, got "Step"'),
    ("gamma-zero", {"name": "exponential", "gamma": 0}, ".gamma must be a number above 0 and at most 1, got 0"),
    ("gamma-large", {"name": "step", "gamma": 1.5}, ".gamma must be a number above 0 and at most 1, got 1.5"),
    ("gamma-null", {"name": "step", "gamma": None}, ".gamma must be a number above 0 and at most 1, got null"),
    ("every-zero", {"name": "step", "every": 0}, ".every must be an integer >= 1, got 0"),
    ("every-fraction", {"name": "step", "every": 2.5}, ".every must be an integer >= 1, got 2.5"),
    ("power", {"name": "inverse", "power": -1}, ".power must be a finite number >= 0, got -1"),
):
    training("schedule", name, f"training.schedule{message}", schedule=value)
for name, schedule, key, allowed in (
    ("key", {"name": "step", "rate": 1}, "rate", '"name", "gamma", "every"'),
    ("key-of-another", {"name": "exponential", "every": 2}, "every", '"name", "gamma"'),
    ("key-without-parameters", {"name": "cosine", "gamma": 0.5}, "gamma", '"name"'),
    ("key-of-inverse", {"name": "inverse", "gamma": 0.5}, "gamma", '"name", "power"'),
):
    training("schedule", name, f'unknown key "{key}" in training.schedule; allowed: {allowed}', schedule=schedule)
training(
    "schedule",
    "rprop",
    'training.schedule must be null with optimizer "rprop", whose steps do not follow the learning rate, got "cosine"',
    schedule="cosine",
    optimizer={"name": "rprop"},
)

# Softmax and cross entropy -----------------------------------------------------------------------------


def both(group, name, message, layers, activations, cost="cross_entropy", d=D):
    plan = {
        "network": {"layers": layers, "activations": activations},
        "training": {**ONE_EPOCH, "cost": cost},
        "data": {"x": X, "d": d},
    }
    add(group, name, message, plan=plan)


both("softmax", "hidden", 'activation "softmax" is for the output layer only, got it in layer 2', [2, 3, 2], ["softmax", "sigmoid"], d=D2)
both("softmax", "second-hidden", 'activation "softmax" is for the output layer only, got it in layer 3', [2, 3, 3, 2], ["tanh", "softmax", "softmax"], d=D2)
both("softmax", "everywhere", 'activation "softmax" is for the output layer only, got it in layer 2', [2, 3, 2], "softmax", d=D2)
both("softmax", "one-output", 'activation "softmax" needs at least 2 outputs, got 1; use "sigmoid" for one output', [2, 3, 1], ["tanh", "softmax"])
for cost in ("half_mse", "half_sse", "mse"):
    both("softmax", cost, f'activation "softmax" in the output layer needs cost "cross_entropy", got "{cost}"', [2, 3, 2], ["tanh", "softmax"], cost, D2)
for name in ("tanh", "relu", "leaky_relu", "softplus", "identity"):
    both("cross-entropy", name, f'cost "cross_entropy" needs "sigmoid" or "softmax" in the output layer, got "{name}"', [2, 3, 2], ["sigmoid", name], d=D2)
both("cross-entropy", "alias", 'cost "cross_entropy" needs "sigmoid" or "softmax" in the output layer, got "identity"', [2, 3, 2], ["logistic", "linear"], d=D2)
for name, layers, activations, rows, message in (
    ("sigmoid-large", [2, 3, 2], "sigmoid", [[0, 2], [1, 0], [1, 0], [0, 1]], 'row 1, column 2 must be from 0 to 1 for cost "cross_entropy", got 2'),
    ("sigmoid-negative", [2, 3, 1], "sigmoid", [[0], [1], [-0.25], [0]], 'row 3, column 1 must be from 0 to 1 for cost "cross_entropy", got -0.25'),
    ("softmax-negative", [2, 3, 3], ["tanh", "softmax"], [[1, 0, 0], [-0.5, 1, 0.5], [1, 0, 0], [0, 1, 0]], 'row 2, column 1 must be from 0 to 1 for cost "cross_entropy", got -0.5'),
    ("softmax-sum-large", [2, 3, 2], ["tanh", "softmax"], [[0.5, 1], [1, 0], [1, 0], [0, 1]], 'row 1 must sum to 1 for "softmax" outputs, got 1.5'),
    ("softmax-sum-small", [2, 3, 2], ["tanh", "softmax"], [[0, 1], [1, 0], [1, 0], [0.25, 0.5]], 'row 4 must sum to 1 for "softmax" outputs, got 0.75'),
    ("softmax-sum-zero", [2, 3, 2], ["tanh", "softmax"], [[0, 1], [0, 0], [1, 0], [0, 1]], 'row 2 must sum to 1 for "softmax" outputs, got 0'),
    ("softmax-sum-nearly", [2, 3, 2], ["tanh", "softmax"], [[0, 1], [0.5, 0.50000000001], [1, 0], [0, 1]], 'row 2 must sum to 1 for "softmax" outputs, got 1.00000000001'),
):  # fmt: skip
    both("targets", name, f"data.d {message}", layers, activations, d=rows)

# Data --------------------------------------------------------------------------------------------------

EITHER = 'data must have either "dataset" or both "x" and "d"'
data("data", "empty", EITHER)
data("data", "x-only", EITHER, x=X)
data("data", "d-only", EITHER, d=D)
data("data", "dataset-and-x-and-d", EITHER, dataset="xor", x=X, d=D)
data("data", "dataset-and-d", EITHER, dataset="xor", d=D)
data("data", "sample_weight-only", EITHER, sample_weight=[1, 1, 1, 1])

for name, value, message in (
    ("short", [1, 2, 3], "must have 4 values, got 3"),
    ("empty", [], "must have 4 values, got 0"),
    ("number", 1, "must have 4 values, got 1"),
    ("object", {}, "must have 4 values, got an object"),
    ("negative", [1, -0.5, -1, 1], "value 2 must be a finite number >= 0, got -0.5"),
    ("string", [1, 1, 1, "1"], 'value 4 must be a finite number >= 0, got "1"'),
    ("null", [None, 1, 1, 1], "value 1 must be a finite number >= 0, got null"),
    ("true", [1, True, 1, 1], "value 2 must be a finite number >= 0, got true"),
    ("list", [[1], [1], [1], [1]], "value 1 must be a finite number >= 0, got a list of 1"),
    ("zeros", [0, 0, 0, 0], "must have a value above 0, got none"),
):
    data("sample_weight", name, f"data.sample_weight {message}", x=X, d=D, sample_weight=value)

for key, good, width in (("x", X, 2), ("d", D, 1)):
    other = {"x": {"d": D}, "d": {"x": X}}[key]
    filler = good[0]
    for name, value, message in (
        ("string", "rows", 'must be a list of rows, each a list of numbers, got "rows"'),
        ("number", 3, "must be a list of rows, each a list of numbers, got 3"),
        ("object", {}, "must be a list of rows, each a list of numbers, got an object"),
        ("no-rows", [], "must have at least 1 row, got 0"),
        ("flat", [0, 1, 1, 0], "row 1 must be a list of numbers, got 0"),
        ("row-string", [filler, "0 1", filler, filler], 'row 2 must be a list of numbers, got "0 1"'),
        ("row-null", [filler, filler, filler, None], "row 4 must be a list of numbers, got null"),
        ("row-object", [{}, filler, filler, filler], "row 1 must be a list of numbers, got an object"),
        ("empty-row", [filler, [], filler, filler], f"row 2 must have {width} values, got 0"),
        ("long-row", [filler, filler, filler + [0], filler], f"row 3 must have {width} values, got {width + 1}"),
        ("wide", [row + [0] for row in good], f"row 1 must have {width} values, got {width + 1}"),
        ("null", [filler, filler[:-1] + [None], filler, filler], f"row 2, column {width} must be a finite number, got null"),
        ("entry-string", [filler[:-1] + ["1"], filler, filler, filler], f'row 1, column {width} must be a finite number, got "1"'),
        ("entry-true", [filler, filler, filler, [True] + filler[1:]], "row 4, column 1 must be a finite number, got true"),
        ("entry-list", [[[0]] + filler[1:], filler, filler, filler], "row 1, column 1 must be a finite number, got a list of 1"),
        ("entry-object", [[{}] + filler[1:], filler, filler, filler], "row 1, column 1 must be a finite number, got an object"),
    ):  # fmt: skip
        data("matrix", f"{key}-{name}", f"data.{key} {message}", **{key: value}, **other)
    for name, token, given in (("inf", "1e999", "Inf"), ("minus-inf", "-1e999", "-Inf")):
        rows = [filler, filler[:-1] + ["TOKEN"], filler, filler]
        add(
            "matrix",
            f"{key}-{name}",
            f"data.{key} row 2, column {width} must be a finite number, got {given}",
            plan_text=json.dumps({"training": ONE_EPOCH, "data": {key: rows, **other}}).replace('"TOKEN"', token),
        )
data("matrix", "x-ragged", "data.x row 2 must have 2 values, got 1", x=[[0, 0], [0], [1, 0], [1, 1]], d=D)
data("matrix", "fewer-d", "data.d must have as many rows as data.x (4), got 3", x=X, d=D[:3])
data("matrix", "more-d", "data.d must have as many rows as data.x (4), got 5", x=X, d=D + [[1]])

# The order of checks: with two faults the first is told ----------------------------------------------

add("order", "format-before-unknown-key", 'format must be "twinprop-plan/1", got 2', plan={"extra": 1, "format": 2, "data": {}})
add(
    "order",
    "unknown-key-before-network",
    'unknown key "extra" in the plan; allowed: "format", "network", "training", "data"',
    plan={"network": {"layers": []}, "extra": 1, "data": {}},
)
add(
    "order",
    "layers-before-init",
    "network.layers must be a list of at least 2 integers >= 1, got a list of 0",
    plan={"network": {"init": "none", "layers": []}, "data": {}},
)
add(
    "order",
    "network-before-training",
    "network.biases must have one list for each layer after the input (2), got 0",
    plan={"training": {"cost": "none"}, "network": {"biases": []}, "data": {}},
)
add(
    "order",
    "weights-before-biases",
    "network.weights must have one matrix for each layer after the input (2), got 0",
    plan={"network": {"biases": [], "weights": []}, "data": {"x": X, "d": D}},
)
add(
    "order",
    "unknown-key-before-cost",
    'unknown key "lr" in training; allowed: "cost", "rule", "update_order", "optimizer", "batch_size", "epochs", '
    '"shuffle", "seed", "snapshots", "record", "dropout", "clip_norm", "schedule", "arithmetic"',
    plan={"training": {"cost": "none", "lr": 1}, "data": {"x": X, "d": D}},
)
add(
    "order",
    "snapshots-before-cost-and-activation",
    "training.snapshots must be a list of integers >= 1, each larger than the one before, got 1",
    plan={"network": {"activations": "tanh"}, "training": {"cost": "cross_entropy", "snapshots": 1}, "data": {"x": X, "d": D}},
)
add(
    "order",
    "snapshots-before-record",
    "training.snapshots must be a list of integers >= 1, each larger than the one before, got 1",
    plan={"training": {"record": 0, "snapshots": 1}},
)
add(
    "order",
    "record-before-cost-and-activation",
    'training.record must be null, "steps" or an integer >= 1, got 0',
    plan={"network": {"activations": "tanh"}, "training": {"cost": "cross_entropy", "record": 0}, "data": {"x": X, "d": D}},
)
for first, second, message in (
    ("record", "dropout", 'record must be null, "steps" or an integer >= 1, got 0'),
    ("dropout", "clip_norm", "dropout must be a number from 0 to below 1, got 2"),
    ("clip_norm", "schedule", "clip_norm must be null or a finite number above 0, got 0"),
):
    wrong = {"record": 0, "dropout": 2, "clip_norm": 0, "schedule": 0}
    add("order", f"{first}-before-{second}", f"training.{message}", plan={"training": {key: wrong[key] for key in (second, first)}})
add(
    "order",
    "schedule-before-cost-and-activation",
    "training.schedule must be null, a name or an object, got 0",
    plan={"network": {"activations": "tanh"}, "training": {"cost": "cross_entropy", "schedule": 0}, "data": {"x": X, "d": D}},
)
add(
    "order",
    "targets-before-sample_weight",
    'data.d row 1, column 1 must be from 0 to 1 for cost "cross_entropy", got 2',
    plan={"training": {"cost": "cross_entropy"}, "data": {"x": X[:1], "d": [[2]], "sample_weight": []}},
)
add(
    "order",
    "sample_weight-before-batch",
    "data.sample_weight must have 1 values, got 0",
    plan={"training": {"batch_size": 9}, "data": {"x": X[:1], "d": D[:1], "sample_weight": []}},
)
add(
    "order",
    "activation-before-data",
    'cost "cross_entropy" needs "sigmoid" or "softmax" in the output layer, got "tanh"',
    plan={"network": {"activations": "tanh"}, "training": {"cost": "cross_entropy"}, "data": {}},
)
add(
    "order",
    "rows-before-targets",
    "data.d must have as many rows as data.x (4), got 1",
    plan={"training": {"cost": "cross_entropy"}, "data": {"x": X, "d": [[2]]}},
)
add(
    "order",
    "targets-before-batch",
    'data.d row 1, column 1 must be from 0 to 1 for cost "cross_entropy", got 2',
    plan={"training": {"cost": "cross_entropy", "batch_size": 9}, "data": {"x": X[:1], "d": [[2]]}},
)

# Vanishing denominators --------------------------------------------------------------------------------


def denominator(name, layer, neuron, layers, weights, rule="proportional"):
    hint = "try other starting weights"
    if rule == "proportional":
        hint = 'try rule "proportional_abs" or other starting weights'
    add(
        "denominator",
        name,
        f'rule "{rule}": the weights into neuron {neuron} of layer {layer} sum to 0 or nearly 0, '
        f"so its error cannot be shared out; {hint}",
        "denominator",
        plan={
            "network": {"layers": layers, "weights": weights},
            "training": {**ONE_EPOCH, "rule": rule, "optimizer": {"learning_rate": 0.001}},
            "data": {"x": X, "d": D2},
        },
    )


FIRST = [[0.5, 0.25], [0.75, 0.5]]
denominator("zero", 3, 2, [2, 2, 2], [FIRST, [[0.5, 0.25], [0.5, -0.5]]])
denominator("nearly-zero", 3, 1, [2, 2, 2], [FIRST, [[1, -1.000000001], [0.5, 0.25]]])
denominator("half-the-limit", 3, 1, [2, 2, 2], [FIRST, [[1, -0.999999], [0.5, 0.25]]])
denominator("all-zero", 3, 1, [2, 2, 2], [FIRST, [[0, 0], [0.5, 0.25]]])
denominator("first-neuron", 3, 1, [2, 2, 2], [FIRST, [[0.5, -0.5], [0.25, -0.25]]])
denominator("last-layer-first", 4, 2, [2, 2, 2, 2], [FIRST, [[0.5, -0.5], [1, 2]], [[1, 2], [0.25, -0.25]]])
denominator("inner-layer", 3, 1, [2, 2, 2, 2], [FIRST, [[0.5, -0.5], [1, 2]], [[1, 2], [0.25, 0.5]]])
denominator("abs-all-zero", 3, 2, [2, 2, 2], [FIRST, [[0.5, -0.5], [0, 0]]], "proportional_abs")
denominator("abs-inner-layer", 3, 1, [2, 2, 2, 2], [FIRST, [[0, 0], [1, -1]], [[1, -1], [0.25, 0.5]]], "proportional_abs")
# e = 1.5 and a[2] = (1, 1), so that W[3] = (1, 0.5) - 0.5 (1.5, 1.5) = (0.25, -0.25), without rounding.
for name, epochs, order in (("after-an-update", 2, "simultaneous"), ("output_first", 1, "output_first")):
    add(
        "denominator",
        name,
        'rule "proportional": the weights into neuron 1 of layer 3 sum to 0 or nearly 0, so its error cannot be '
        'shared out; try rule "proportional_abs" or other starting weights',
        "denominator",
        plan={
            "network": {"layers": [1, 2, 1], "activations": "identity", "weights": [[[1], [1]], [[1, 0.5]]]},
            "training": {"epochs": epochs, "rule": "proportional", "update_order": order},
            "data": {"x": [[1]], "d": [[0]]},
        },
    )

# Divergence --------------------------------------------------------------------------------------------


def divergence(name, epoch, rate, plan):
    if epoch is None:
        message = "the cost is NaN or Inf before training: standardise the inputs or use smaller starting weights"
    else:
        message = (
            f"the cost or a weight became NaN or Inf in epoch {epoch}; the network keeps its weights from before "
            f"that epoch. Try a smaller learning_rate (now {rate}), standardised inputs or smaller starting weights"
        )
    add("divergence", name, message, "divergence", plan=plan)


def linear(optimizer=None, epochs=1000, batch_size=1, layers=(2, 1), weights=None, d=None, x=None, **more):
    return {
        "network": {"layers": list(layers), "activations": "identity", "weights": weights or [[[0.5, -0.25]]]},
        "training": {"optimizer": optimizer or {}, "epochs": epochs, "batch_size": batch_size, **more},
        "data": {"x": x or [[1, 2], [3, -1], [-2, 1]], "d": d or [[1], [-1], [2]]},
    }


TWO = [[[0.5, -0.25], [0.25, 0.75]], [[0.5, 1], [-0.25, 0.5]]]
divergence("online", 16, "1234.5", linear({"learning_rate": 1234.5}))
divergence("full", 43, "1000", linear({"learning_rate": 1000}, batch_size=None))
divergence("two-layers", 6, "10", linear({"learning_rate": 10}, batch_size=None, layers=(2, 2, 2), weights=TWO, d=[[1, 2], [-1, 1], [2, 0]]))
divergence("momentum", 16, "1000", linear({"name": "momentum", "learning_rate": 1000}))
divergence("adam", 2, "1e+200", linear({"name": "adam", "learning_rate": 1e200}, batch_size=None))
divergence("first-epoch", 1, "1e+200", linear({"learning_rate": 1e200}))
divergence("final-cost", 1, "1e+200", linear({"learning_rate": 1e200}, batch_size=None, epochs=1))
divergence("penalty", 1, "0.5", linear({"learning_rate": 0.5, "weight_decay": 1e110}, batch_size=None, epochs=1))
# The sigmoid of -Inf is 0, so that the costs stay finite: only the weight shows it.
divergence(
    "weight-alone", 1, "1e+308",
    {
        "network": {"layers": [1, 1], "weights": [[[0.01]]]},
        "training": {"optimizer": {"learning_rate": 1e308}, "epochs": 1, "batch_size": 1},
        "data": {"x": [[100]], "d": [[0]]},
    },
)
divergence("weights-before-training", None, "", linear(weights=[[[1e200, 1e200]]]))
divergence("inputs-before-training", None, "", linear(x=[[1e300, 1e300], [1, 1], [2, 1]], weights=[[[10, 5]]]))
divergence("penalty-before-training", None, "", linear({"weight_decay": 0.1}, weights=[[[1e200, 0]]], x=[[0, 1], [0, 2], [0, 3]]))
divergence("zero-epochs", None, "", linear(weights=[[[1e200, 1e200]]], epochs=0))
