# The plans of the conformance cases, one feature each. Twins: none; docs/contract.md says what they mean.
"""``PLANS``: a list of (name, feature, plan). Snapshots are filled in by ``case``, see there."""

XOR_X = [[0, 0], [0, 1], [1, 0], [1, 1]]
XOR_D = [[0], [1], [1], [0]]
# Five rows: batches of 2 leave a smaller last one. No symmetry and no zeros, so that nothing cancels.
X = [[0.1, 0.9], [0.8, 0.3], [0.5, -0.4], [-0.7, 0.6], [0.25, 0.2]]
D1 = [[0.2], [0.8], [0.6], [0.3], [0.5]]
D2 = [[0.2, 0.7], [0.8, 0.4], [0.6, 0.1], [0.3, 0.9], [0.5, 0.35]]
D3 = [[0.2, 0.7, 0.4], [0.8, 0.4, 0.1], [0.6, 0.1, 0.9], [0.3, 0.9, 0.55], [0.5, 0.35, 0.25]]
CLASSES2 = [[1, 0], [0, 1], [0, 1], [1, 0], [0.25, 0.75]]
CLASSES3 = [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 0, 0], [0.25, 0.25, 0.5]]
# Starting weights of a 2-3-2 and a 2-4-3-2 net with denominators far from 0.
POSITIVE_232 = [[[0.5, 0.3], [0.2, 0.6], [0.4, 0.1]], [[0.3, 0.6, 0.2], [0.7, 0.1, 0.4]]]
POSITIVE_2432 = [
    [[0.5, 0.3], [0.2, 0.6], [0.4, 0.1], [0.15, 0.35]],
    [[0.3, 0.6, 0.2, 0.45], [0.7, 0.1, 0.4, 0.25], [0.2, 0.5, 0.35, 0.55]],
    [[0.6, 0.4, 0.2], [0.3, 0.2, 0.7]],
]
MIXED_2432 = [
    [[0.5, -0.3], [-0.2, 0.6], [0.4, 0.1], [0.15, -0.35]],
    [[0.3, -0.6, 0.2, 0.45], [-0.7, 0.1, -0.4, 0.25], [0.2, 0.5, -0.35, 0.55]],
    [[0.6, -0.4, 0.2], [0.3, 0.2, -0.7]],
]
MIXED_232 = [[[0.5, -0.3], [-0.2, 0.6], [0.4, 0.1]], [[0.3, -0.6, 0.2], [0.7, 0.1, -0.4]]]

PLANS = []


def case(name, feature, network=None, training=None, x=X, d=D1, updates=1000, sample_weight=None):
    """Add a case of about ``updates`` updates with the snapshots 1, 10 and 1000 that fit."""
    training = dict(training or {})
    size = training.get("batch_size", 1)
    per_epoch = -(-len(x) // (len(x) if size is None else int(size)))
    training.setdefault("epochs", -(-updates // per_epoch))
    made = int(training["epochs"]) * per_epoch
    training.setdefault("snapshots", [s for s in (1, 10, 1000) if s <= made])
    plan = {"format": "twinprop-plan/1", "network": network or {}, "training": training, "data": {"x": x, "d": d}}
    if sample_weight is not None:
        plan["data"]["sample_weight"] = sample_weight
    PLANS.append((name, feature, plan))


# Activations -----------------------------------------------------------------------------------------

for name in ("sigmoid", "logistic", "tanh", "relu", "leaky_relu", "softplus", "identity", "linear"):
    kinked = name in ("relu", "leaky_relu")
    network = {"layers": [2, 3, 1], "activations": [name, "sigmoid"], "seed": 7}
    case(
        f"activation-hidden-{name}",
        f"{name} in the hidden layer",
        network,
        {"optimizer": {"name": "sgd", "learning_rate": 0.1 if kinked else 0.5}},
    )
    network = {"layers": [2, 3, 2], "activations": ["tanh", name], "seed": 10}
    case(
        f"activation-output-{name}",
        f"{name} in the output layer",
        network,
        {"optimizer": {"name": "sgd", "learning_rate": 0.1}},
        d=D2,
    )
for name in ("relu", "leaky_relu"):
    case(
        f"activation-kink-{name}",
        f"{name}'s derivative at z = 0, where the first row finds the hidden layer",
        {"layers": [2, 3, 2], "activations": [name, "sigmoid"], "seed": 7},
        {"epochs": 20},
        x=[[0, 0], *X[1:]],
        d=D2,
    )
case("activation-one-name", "one activation name stands for every layer", {"layers": [2, 3, 2, 1], "activations": "tanh"}, {})
case(
    "activation-mixed",
    "another activation in each of four layers",
    {"layers": [2, 3, 3, 2, 2], "activations": ["softplus", "tanh", "leaky_relu", "identity"], "seed": 3},
    {"optimizer": {"learning_rate": 0.05}},
    d=D2,
)
case(
    "activation-saturated",
    "saturated sigmoids and tanhs: large weights, slopes near or at 0",
    {
        "layers": [2, 2, 2, 1],
        "activations": ["sigmoid", "tanh", "sigmoid"],
        "weights": [[[30, -40], [-800, 900]], [[25, -20], [3, 1]], [[2, -1]]],
        "biases": [[5, -3], [1, 0.5], [0.25]],
    },
    {},
)
case(
    "activation-saturated-softplus",
    "softplus at z = +-800, where exp(z) overflows",
    {
        "layers": [1, 2, 1],
        "activations": ["softplus", "sigmoid"],
        "weights": [[[800], [-800]], [[0.002, -0.001]]],
    },
    {"epochs": 10, "optimizer": {"learning_rate": 1e-7}},
    x=[[1], [-1], [0.5]],
    d=[[0.2], [0.8], [0.6]],
)

# Costs -----------------------------------------------------------------------------------------------

for cost in ("half_mse", "half_sse", "mse"):
    for d in (D1, D3):
        k = len(d[0])
        case(
            f"cost-{cost}-{k}",
            f"cost {cost} with {k} output{'s' if k > 1 else ''}",
            {"layers": [2, 3, k], "activations": ["tanh", "sigmoid"], "seed": 11},
            {"cost": cost},
            d=d,
        )
for d in (D1, D3):
    k = len(d[0])
    case(
        f"cost-cross_entropy-sigmoid-{k}",
        f"cost cross_entropy with {k} sigmoid output{'s' if k > 1 else ''}",
        {"layers": [2, 3, k], "activations": ["tanh", "sigmoid"], "seed": 11},
        {"cost": "cross_entropy", "optimizer": {"learning_rate": 0.2}},
        d=d,
    )
for d in (CLASSES2, CLASSES3):
    k = len(d[0])
    case(
        f"cost-cross_entropy-softmax-{k}",
        f"cost cross_entropy with {k} softmax outputs, hard and soft targets",
        {"layers": [2, 3, k], "activations": ["tanh", "softmax"], "seed": 11},
        {"cost": "cross_entropy", "optimizer": {"learning_rate": 0.1}},
        d=d,
    )
case(
    "cost-cross_entropy-sigmoid-saturated",
    "finite costs of cross_entropy with z at +-800, right and wrong, sigmoid outputs",
    {"layers": [1, 2], "activations": ["sigmoid"], "weights": [[[800], [-800]]]},
    {"cost": "cross_entropy", "epochs": 10},
    x=[[1], [-1], [0.5]],
    d=[[1, 1], [1, 0], [0.25, 0.5]],
)
case(
    "cost-cross_entropy-softmax-saturated",
    "finite costs of cross_entropy with z at +-800, right and wrong, softmax outputs",
    {"layers": [1, 3], "activations": ["softmax"], "weights": [[[800], [-800], [3]]]},
    {"cost": "cross_entropy", "epochs": 10},
    x=[[1], [-1], [0.5]],
    d=[[0, 1, 0], [0, 1, 0], [0.25, 0.5, 0.25]],
)
case(
    "cost-cross_entropy-softmax-sums",
    "softmax targets whose rows sum to 1 only within 1e-12",
    {"layers": [2, 3, 3], "activations": ["tanh", "softmax"], "seed": 11},
    {"cost": "cross_entropy", "epochs": 20},
    d=[[0.1, 0.2, 0.7], [0.3, 0.3, 0.4000000000005], [0.3, 0.3, 0.3999999999995], [1, 0, 0], [0, 0.5, 0.5]],
)
case(
    "cost-cross_entropy-batch",
    "cross_entropy in batches of 2 with a penalty",
    {"layers": [2, 3, 3], "activations": ["tanh", "softmax"], "seed": 12},
    {"cost": "cross_entropy", "batch_size": 2, "optimizer": {"learning_rate": 0.1, "weight_decay": 0.01}},
    d=CLASSES3,
)
case(
    "cost-error-not-scaled",
    "e is a - d in every cost; with rule transpose the scale s reaches delta but not e, K = 3",
    {"layers": [2, 3, 3], "seed": 13},
    {"cost": "mse", "rule": "transpose"},
    d=D3,
)

# Rules and update orders -----------------------------------------------------------------------------

for rule in ("gradient", "transpose", "proportional", "proportional_abs"):
    for order in ("simultaneous", "output_first"):
        words = order.replace("_", " ")
        short = POSITIVE_232 if rule == "proportional" else MIXED_232
        deep = POSITIVE_2432 if rule == "proportional" else MIXED_2432
        case(
            f"rule-{rule}-{order}",
            f"rule {rule}, {words}",
            {"layers": [2, 3, 2], "weights": short, "biases": [[0.1, -0.2, 0.05], [0.1, -0.1]]},
            {"rule": rule, "update_order": order, "optimizer": {"learning_rate": 0.05}},
            d=D2,
        )
        case(
            f"rule-{rule}-{order}-deep",
            f"rule {rule}, {words}, two hidden layers, tanh and sigmoid",
            {"layers": [2, 4, 3, 2], "activations": ["tanh", "tanh", "sigmoid"], "weights": deep},
            {"rule": rule, "update_order": order, "batch_size": 2, "optimizer": {"learning_rate": 0.02}},
            d=D2,
        )
case(
    "rule-proportional-first-layer",
    "rule proportional divides by the sums of layers L..3 only: layer 2's rows may sum to 0",
    {"layers": [2, 2, 1], "weights": [[[0.5, -0.5], [0, 0]], [[0.4, 0.6]]]},
    {"rule": "proportional", "optimizer": {"learning_rate": 0.02}},
)
case(
    "rule-proportional-small-denominator",
    "a denominator of 1/100 of the weights' size still divides",
    {"layers": [2, 2, 1], "weights": [[[0.5, 0.25], [0.75, 0.5]], [[1, -0.98]]]},
    {"rule": "proportional", "epochs": 2, "optimizer": {"learning_rate": 0.001}},
)
case(
    "rule-proportional-above-the-limit",
    "a small denominator, of 1.5e-6 of the weights' sizes, does not count as vanishing; the error it shares out is 0",
    {"layers": [2, 2, 1], "activations": "identity", "weights": [[[0.5, 0.25], [0.75, 0.5]], [[1, -0.999997]]]},
    {"rule": "proportional", "epochs": 2},
    x=[[0, 0]],
    d=[[0]],
)
case(
    "rule-proportional-cross_entropy",
    "rule proportional with softmax outputs",
    {"layers": [2, 3, 2], "activations": ["sigmoid", "softmax"], "weights": POSITIVE_232},
    {"rule": "proportional", "cost": "cross_entropy", "optimizer": {"learning_rate": 0.01}},
    d=CLASSES2,
)
case(
    "rule-transpose-cross_entropy",
    "rule transpose with cross_entropy: delta without f' in the output layer only",
    {"layers": [2, 3, 2, 2], "activations": ["tanh", "tanh", "sigmoid"], "seed": 5},
    {"rule": "transpose", "cost": "cross_entropy", "optimizer": {"learning_rate": 0.02}},
    d=D2,
)
case(
    "rule-p5-network",
    "what the best-known p5.js network does: transpose, half_sse, output first, one row at a time",
    {"layers": [2, 4, 1], "activations": "sigmoid", "init": "uniform", "seed": 1},
    {
        "cost": "half_sse",
        "rule": "transpose",
        "update_order": "output_first",
        "optimizer": {"name": "sgd", "learning_rate": 0.1},
        "batch_size": 1,
    },
    x=XOR_X,
    d=XOR_D,
)

# Optimisers ------------------------------------------------------------------------------------------

OPTIMIZERS = [
    ("sgd", "defaults", {"name": "sgd"}),
    ("sgd-decay", "weight decay", {"name": "sgd", "learning_rate": 0.3, "weight_decay": 0.01}),
    ("sgd-momentum", "momentum", {"name": "sgd", "learning_rate": 0.1, "momentum": 0.8}),
    ("sgd-nesterov", "momentum, nesterov and weight decay", {"name": "sgd", "learning_rate": 0.1, "momentum": 0.7, "nesterov": True, "weight_decay": 0.002}),
    ("momentum", "defaults", {"name": "momentum"}),
    ("momentum-own", "own momentum and weight decay", {"name": "momentum", "learning_rate": 0.2, "momentum": 0.5, "weight_decay": 0.005}),
    ("momentum-nesterov", "nesterov switched on", {"name": "momentum", "learning_rate": 0.1, "nesterov": True}),
    ("momentum-zero", "momentum 0 is plain sgd", {"name": "momentum", "learning_rate": 0.2, "momentum": 0}),
    ("nesterov", "defaults", {"name": "nesterov"}),
    ("nesterov-own", "own momentum and weight decay", {"name": "nesterov", "learning_rate": 0.2, "momentum": 0.5, "weight_decay": 0.005}),
    ("nesterov-off", "nesterov switched off", {"name": "nesterov", "learning_rate": 0.1, "nesterov": False}),
    ("rmsprop", "defaults", {"name": "rmsprop"}),
    ("rmsprop-own", "own alpha, eps, momentum and weight decay", {"name": "rmsprop", "learning_rate": 0.002, "alpha": 0.9, "eps": 0.001, "momentum": 0.6, "weight_decay": 0.003}),
    ("adam", "defaults", {"name": "adam"}),
    ("adam-own", "own betas, eps and weight decay", {"name": "adam", "learning_rate": 0.01, "betas": [0.8, 0.95], "eps": 0.0001, "weight_decay": 0.003}),
    ("rprop", "defaults", {"name": "rprop"}),
    ("rprop-own", "own etas, step sizes and weight decay", {"name": "rprop", "learning_rate": 0.05, "etas": [0.4, 1.3], "step_sizes": [0.001, 0.2], "weight_decay": 0.01}),
]  # fmt: skip
for name, feature, optimizer in OPTIMIZERS:
    # Full batches: with rprop the sign of a gradient must not hang on its last bits.
    batch = None if optimizer["name"] in ("rprop", "momentum", "nesterov") else 2
    case(
        f"optimizer-{name}",
        f"optimizer {optimizer['name']}: {feature}",
        {"layers": [2, 3, 2], "activations": ["tanh", "sigmoid"], "seed": 21},
        {"optimizer": optimizer, "batch_size": batch},
        d=D2,
        # rmsprop's steps don't shrink: near the minimum it swings, and the last bits swing with it.
        updates={"rprop": 40, "rprop-own": 40, "rmsprop": 240}.get(name, 1000),
    )
case(
    "optimizer-rprop-largest-step",
    "optimizer rprop: steps grow to the default's largest",
    {"layers": [1, 1], "activations": "identity", "weights": [[[0.5]]]},
    {"optimizer": {"name": "rprop", "learning_rate": 40}, "epochs": 8},
    x=[[1]],
    d=[[1000]],
)
# The first output is about its minimum, where the sign changes again and again; the second, far off, keeps the cost large.
case(
    "optimizer-rprop-smallest-step",
    "optimizer rprop: steps shrink to the default's smallest",
    {"layers": [1, 2], "activations": "identity", "weights": [[[1.0000005], [0.5]]]},
    {"optimizer": {"name": "rprop", "learning_rate": 1.5e-6}, "epochs": 10},
    x=[[1]],
    d=[[1, 2]],
)
for name in ("momentum", "rmsprop", "adam"):
    case(
        f"optimizer-{name}-output_first",
        f"optimizer {name} with output_first: one t for all layers of an update",
        {"layers": [2, 3, 2, 2], "activations": "tanh", "seed": 22},
        {"optimizer": {"name": name, "learning_rate": 0.01, "weight_decay": 0.001}, "update_order": "output_first"},
        d=D2,
    )

# Batches and shuffles --------------------------------------------------------------------------------

for label, size, words in (
    ("online", 1, "one row at a time"),
    ("mini", 2, "batches of 2 of 5 rows, the last is smaller"),
    ("mini-3", 3, "batches of 3 of 5 rows, the last is smaller"),
    ("full", None, "all rows at once (null)"),
    ("full-number", 5, "all rows at once (their number)"),
):
    network = {"layers": [2, 3, 2], "seed": 31}
    settings = {"batch_size": size, "optimizer": {"weight_decay": 0.004}}
    case(f"batch-{label}", words, network, settings, d=D2)
    if label in ("online", "mini", "full"):
        case(f"shuffle-{label}", f"shuffled, {words}", network, {**settings, "shuffle": True, "seed": 5}, d=D2)
case("shuffle-negative-seed", "a negative seed of the training", {"layers": [2, 2, 1]}, {"shuffle": True, "seed": -5, "batch_size": 2})
case("batch-one-row", "one row of data", {"layers": [2, 3, 1], "seed": 2}, {"epochs": 50}, x=[[0.3, -0.8]], d=[[0.7]])
case("batch-one-row-null", "one row of data, batch size null, shuffled", {"layers": [2, 3, 1], "seed": 2}, {"epochs": 50, "batch_size": None, "shuffle": True}, x=[[0.3, -0.8]], d=[[0.7]])

# Starting weights ------------------------------------------------------------------------------------

for init, seed in (
    ("xavier", 42),
    ("xavier", -5),
    ("he", 0),
    ("he", 2147483647),
    ("torch", 1),
    ("torch", -2147483647),
    ("uniform", 2026),
    ("uniform", -5),
):
    case(
        f"init-{init}-{'minus-' if seed < 0 else ''}{abs(seed)}",
        f"init {init} with seed {seed}",
        {"layers": [2, 4, 3, 1], "init": init, "seed": seed},
        {"epochs": 20},
    )
case("init-long-stream", "more than 624 numbers drawn: the generator's second round", {"layers": [2, 24, 24, 1], "init": "uniform", "seed": 99}, {"epochs": 2, "optimizer": {"learning_rate": 0.05}})
case("init-weights-given", "weights given without biases: biases are 0", {"layers": [2, 3, 2], "init": "uniform", "weights": MIXED_232}, {}, d=D2)
case("init-weights-and-biases-given", "weights and biases given", {"layers": [2, 3, 2], "weights": MIXED_232, "biases": [[0.1, -0.2, 0.05], [0.1, -0.1]]}, {}, d=D2)
case("init-biases-given", "biases given without weights: the weights drawn stay what they are without", {"layers": [2, 3, 2], "init": "uniform", "seed": 8, "biases": [[0.1, -0.2, 0.05], [0.1, -0.1]]}, {}, d=D2)
case("init-same-seed", "network and training have streams of their own, even with the same seed", {"layers": [2, 3, 1], "init": "torch", "seed": 17}, {"shuffle": True, "seed": 17})

# Shapes ----------------------------------------------------------------------------------------------

for layers in ([2, 2], [2, 3, 2], [2, 3, 3, 2], [2, 3, 2, 3, 2]):
    depth = len(layers) - 1
    case(f"layers-depth-{depth}", f"{depth} layer{'s' if depth > 1 else ''} of weights", {"layers": layers, "activations": "tanh", "seed": 4}, {"optimizer": {"learning_rate": 0.1}}, d=D2)
case("layers-2-2-2", "the 2-2-2 net of the textbooks", {"layers": [2, 2, 2], "weights": [[[0.15, 0.2], [0.25, 0.3]], [[0.4, 0.45], [0.5, 0.55]]], "biases": [[0.35, 0.35], [0.6, 0.6]]}, {}, x=[[0.05, 0.1]], d=[[0.01, 0.99]])
case("layers-1-1-1", "one-unit layers stay lists", {"layers": [1, 1, 1], "seed": 6}, {}, x=[[0.5], [-1.5], [0.75]], d=[[0.25], [0.5], [0.9]])
case("layers-3-1-2", "a hidden layer of one unit", {"layers": [3, 1, 2], "seed": 6}, {"batch_size": 2}, x=[[0.5, -0.2, 0.3], [-1.5, 0.4, 0.8], [0.75, 0.1, -0.6]], d=[[0.25, 0.3], [0.5, 0.8], [0.9, 0.4]])
case("layers-1-5-1", "one input, one output", {"layers": [1, 5, 1], "activations": ["tanh", "identity"], "seed": 6}, {"optimizer": {"learning_rate": 0.05}}, x=[[-1], [-0.5], [0.25], [0.5], [1]], d=[[0.8], [0.1], [-0.3], [0.2], [0.9]])
case("layers-wide-output", "more outputs than inputs", {"layers": [2, 2, 4], "seed": 6}, {"batch_size": 3}, d=[row + [0.45] for row in D3])

case("optimizer-rprop-underflow", "the product of two tiny gradients underflows to 0: the step stays as it is", {"layers": [2, 1], "activations": ["identity"], "seed": 6}, {"batch_size": None, "optimizer": {"name": "rprop"}}, x=[[1e-170, 2e-170], [3e-170, -1e-170]], d=[[3], [5]], updates=8)

# Recorded steps --------------------------------------------------------------------------------------

# MIXED_232 with weight decay, so that a cost without its penalty, or with that of other weights, shows.
RECORDED = {"layers": [2, 3, 2], "activations": ["tanh", "sigmoid"], "weights": MIXED_232, "biases": [[0.1, -0.2, 0.05], [0.1, -0.1]]}
for label, words, settings in (
    ("steps", "every step is recorded (\"steps\")", {"epochs": 2, "record": "steps"}),
    ("every-3", "every third step is recorded, from the first on, and not anew in each epoch", {"epochs": 3, "record": 3}),
    ("mini", "recorded steps of batches of 2 of 5 rows, the last is smaller", {"epochs": 3, "record": 2, "batch_size": 2}),
    ("shuffle", "the rows of recorded steps in shuffled order, from 1", {"epochs": 3, "record": 1, "batch_size": 2, "shuffle": True, "seed": 5}),
    ("full", "recorded steps of all rows, with a momentum", {"epochs": 4, "record": 2, "batch_size": None, "optimizer": {"name": "momentum", "learning_rate": 0.2}}),
    ("output_first", "recorded errors are those that were used: through the moved weights", {"epochs": 2, "record": "steps", "rule": "transpose", "update_order": "output_first", "cost": "half_sse"}),
    ("decay", "recorded costs have the penalty of the weights before the update, recorded gradients do not", {"epochs": 3, "record": 2, "batch_size": 2, "optimizer": {"learning_rate": 0.3, "weight_decay": 0.5}}),
    ("beyond", "an interval beyond the last update: only the first step", {"epochs": 2, "record": 1000}),
    ("nothing", "no update, nothing recorded", {"epochs": 0, "record": "steps"}),
    ("null", "no recording (null)", {"epochs": 1, "record": None}),
    ("integer-as-float", "an interval of 4.0 is 4", {"epochs": 2, "record": 4.0}),
):
    case(f"record-{label}", words, RECORDED, settings, d=D2)
case("record-cross_entropy", "recorded steps of a softmax", {"layers": [2, 3, 3], "activations": ["tanh", "softmax"], "seed": 12}, {"cost": "cross_entropy", "epochs": 2, "record": 2, "batch_size": 3}, d=CLASSES3)
case("record-one-layer", "recorded steps of one layer of weights with one output: lists stay lists", {"layers": [1, 1], "seed": 6}, {"epochs": 2, "record": "steps"}, x=[[0.5], [-1.5]], d=[[0.25], [0.5]])

# Weights of samples ----------------------------------------------------------------------------------

# Small and large ones, and a row that is left out; RECORDED's errors and gradients show where they count.
SHARES = [2, 0, 0.5, 1, 3.25]
for label, words, settings in (
    ("full", "weights of samples in the full batch", {"epochs": 60, "record": 20, "batch_size": None}),
    ("online", "weights of samples, one row at a time", {"epochs": 12, "record": 7}),
    ("mini", "weights of samples in batches of 2 of 5 rows, shuffled, with a penalty", {"epochs": 20, "record": 11, "batch_size": 2, "shuffle": True, "seed": 5, "optimizer": {"learning_rate": 0.3, "weight_decay": 0.02}}),
    ("output_first", "weights of samples with output_first and rule transpose", {"epochs": 12, "record": 7, "batch_size": 2, "rule": "transpose", "update_order": "output_first", "cost": "half_sse"}),
):
    case(f"sample_weight-{label}", words, RECORDED, settings, d=D2, sample_weight=SHARES)
case("sample_weight-equal", "equal weights of samples are none", RECORDED, {"epochs": 10, "record": 5, "batch_size": 2}, d=D2, sample_weight=[7, 7, 7, 7, 7])
case("sample_weight-one-row", "one row: its weight is 1 whatever it is", {"layers": [2, 3, 1], "seed": 2}, {"epochs": 10}, x=[[0.3, -0.8]], d=[[0.7]], sample_weight=[0.25])
for cost, network, d in (
    ("cross_entropy", {"layers": [2, 3, 3], "activations": ["tanh", "softmax"], "seed": 12}, CLASSES3),
    ("cross_entropy", {"layers": [2, 3, 2], "activations": ["tanh", "sigmoid"], "seed": 12}, CLASSES2),
    ("mse", {"layers": [2, 3, 2], "activations": "tanh", "seed": 12}, D2),
):
    label = f"{cost}-{network['activations'][-1]}" if cost == "cross_entropy" else cost
    case(f"sample_weight-{label}", f"weights of samples in the costs of {label}", network, {"cost": cost, "epochs": 20, "batch_size": 3, "record": 10, "optimizer": {"learning_rate": 0.2}}, d=d, sample_weight=SHARES)

# Dropout ---------------------------------------------------------------------------------------------

# Two hidden layers of different sizes, all weights well away from 0.
DEEP = {"layers": [2, 4, 3, 2], "activations": ["tanh", "sigmoid", "sigmoid"], "weights": MIXED_2432, "seed": 3}
for label, words, settings in (
    ("online", "dropout in every hidden layer, one row at a time", {"epochs": 12, "record": 7, "dropout": 0.25}),
    ("mini", "dropout in batches of 2 of 5 rows, the last is smaller", {"epochs": 20, "record": 8, "batch_size": 2, "dropout": 0.4}),
    ("shuffle", "one stream for shuffles and dropout", {"epochs": 20, "record": 8, "batch_size": 2, "shuffle": True, "seed": 5, "dropout": 0.4}),
    ("full", "dropout in the full batch", {"epochs": 60, "record": 20, "batch_size": None, "dropout": 0.5}),
    ("by-layer", "dropout of each hidden layer, with a penalty", {"epochs": 20, "record": 8, "batch_size": 3, "dropout": [0.2, 0.5], "optimizer": {"learning_rate": 0.3, "weight_decay": 0.01}}),
    ("first-layer", "dropout in the first hidden layer alone draws nothing for the second", {"epochs": 20, "record": 8, "batch_size": 3, "dropout": [0.5, 0]}),
    ("second-layer", "dropout in the second hidden layer alone draws nothing for the first", {"epochs": 20, "record": 8, "batch_size": 3, "dropout": [0, 0.5]}),
    ("none", "no dropout draws nothing", {"epochs": 5, "record": 4, "batch_size": 3, "shuffle": True, "dropout": [0, 0.0]}),
    ("output_first", "dropout with output_first and rule transpose", {"epochs": 12, "record": 7, "batch_size": 2, "rule": "transpose", "update_order": "output_first", "cost": "half_sse", "dropout": 0.25, "optimizer": {"learning_rate": 0.1}}),
    ("transpose", "dropout with rule transpose: the error of a unit that is left out is 0", {"epochs": 12, "record": 5, "batch_size": 2, "rule": "transpose", "dropout": 0.4, "optimizer": {"learning_rate": 0.1}}),
    ("weighted", "dropout and weights of samples", {"epochs": 20, "record": 8, "batch_size": 2, "dropout": 0.4}),
):
    case(f"dropout-{label}", words, DEEP, settings, d=D2, sample_weight=SHARES if label == "weighted" else None)
case("dropout-proportional", "dropout with rule proportional", {"layers": [2, 4, 3, 2], "weights": POSITIVE_2432}, {"epochs": 12, "record": 5, "batch_size": 2, "rule": "proportional", "dropout": 0.4, "optimizer": {"learning_rate": 0.05}}, d=D2)
case("dropout-softplus", "dropout takes f' where no unit is left out", {"layers": [2, 4, 2], "activations": ["softplus", "identity"], "seed": 7}, {"epochs": 20, "record": 8, "batch_size": 3, "dropout": 0.3, "optimizer": {"learning_rate": 0.05}}, d=D2)
case("dropout-no-hidden-layer", "dropout without a hidden layer is none", {"layers": [2, 2], "seed": 7}, {"epochs": 5, "record": 3, "dropout": 0.3, "shuffle": True}, d=D2)

# Clipping --------------------------------------------------------------------------------------------

for label, words, settings in (
    ("all", "every gradient is longer than the limit", {"epochs": 12, "record": 7, "clip_norm": 0.01}),
    ("some", "some gradients are longer than the limit", {"epochs": 20, "record": 1, "batch_size": 2, "clip_norm": 0.06}),
    ("none", "no gradient is as long as the limit", {"epochs": 5, "record": 3, "clip_norm": 1000}),
    ("decay", "the limit is for the gradient without weight decay", {"epochs": 12, "record": 7, "clip_norm": 0.01, "optimizer": {"learning_rate": 0.3, "weight_decay": 0.2}}),
    ("momentum", "the limit is for the gradient, not for the momentum", {"epochs": 12, "record": 7, "clip_norm": 0.02, "optimizer": {"name": "momentum", "learning_rate": 0.3}}),
    ("adam", "a limit for the gradient with adam", {"epochs": 30, "record": 7, "batch_size": 2, "clip_norm": 0.05, "optimizer": {"name": "adam", "learning_rate": 0.01}}),
    ("transpose", "a limit for what rule transpose has in the gradient's place", {"epochs": 12, "record": 7, "rule": "transpose", "clip_norm": 0.02}),
    ("weighted", "a limit for the gradient of weighted samples, with dropout", {"epochs": 12, "record": 7, "clip_norm": 0.05, "dropout": 0.2}),
):
    case(f"clip_norm-{label}", words, RECORDED, settings, d=D2, sample_weight=SHARES if label == "weighted" else None)

# Schedules -------------------------------------------------------------------------------------------

for label, words, schedule, settings in (
    ("null", "a learning rate that stays (null)", None, {}),
    ("exponential", "an exponential schedule by its name", "exponential", {}),
    ("exponential-own", "an exponential schedule with its parameter", {"name": "exponential", "gamma": 0.7}, {"batch_size": 2}),
    ("exponential-one", "gamma 1: a learning rate that stays", {"name": "exponential", "gamma": 1}, {}),
    ("step", "a schedule in steps by its name", {"name": "step"}, {"epochs": 65}),
    ("step-own", "a schedule in steps with its parameters", {"name": "step", "gamma": 0.5, "every": 4.0}, {}),
    ("step-every-epoch", "a step in every epoch", {"name": "step", "gamma": 0.9, "every": 1}, {}),
    ("cosine", "a cosine schedule", "cosine", {}),
    ("inverse", "an inverse schedule by its name", "inverse", {}),
    ("inverse-own", "an inverse schedule with its parameter, in batches", {"name": "inverse", "power": 0.25}, {"batch_size": 2}),
    ("inverse-zero", "power 0: a learning rate that stays", {"name": "inverse", "power": 0}, {}),
    ("momentum", "a schedule with momentum", {"name": "step", "gamma": 0.5, "every": 3}, {"optimizer": {"name": "momentum", "learning_rate": 0.2}}),
    ("adam", "a schedule with adam and weight decay", {"name": "exponential", "gamma": 0.8}, {"batch_size": 2, "optimizer": {"name": "adam", "learning_rate": 0.05, "weight_decay": 0.01}}),
    ("rmsprop", "a schedule with rmsprop", "cosine", {"optimizer": {"name": "rmsprop"}}),
    ("output_first", "a schedule with output_first", {"name": "step", "gamma": 0.5, "every": 2}, {"rule": "transpose", "update_order": "output_first", "cost": "half_sse", "optimizer": {"learning_rate": 0.2}}),
):
    case(f"schedule-{label}", words, {"layers": [2, 3, 2], "activations": ["tanh", "sigmoid"], "seed": 31}, {"epochs": 12, "schedule": schedule, **settings}, d=D2)

# Plans -----------------------------------------------------------------------------------------------

case("plan-zero-epochs", "zero epochs: no update, an empty cost", {"layers": [2, 3, 2]}, {"epochs": 0}, d=D2)
case("plan-xor", "the example of section 7", {"layers": [2, 4, 1], "activations": ["sigmoid", "sigmoid"], "init": "xavier", "seed": 42, "weights": None, "biases": None}, {"cost": "half_mse", "rule": "gradient", "update_order": "simultaneous", "optimizer": {"name": "sgd", "learning_rate": 0.5, "weight_decay": 0.0}, "batch_size": 1, "epochs": 1000, "shuffle": False, "seed": 42, "snapshots": []}, x=XOR_X, d=XOR_D)
PLANS.append(("plan-defaults", "every key but data absent", {"data": {"x": XOR_X, "d": XOR_D}}))
PLANS.append(("plan-empty", "every key absent: the data is the exclusive or", {}))
PLANS.append(("plan-empty-sections", "empty sections take the defaults", {"network": {}, "training": {"optimizer": {}, "epochs": 5}, "data": {"x": XOR_X, "d": XOR_D}}))
PLANS.append(("plan-partial-optimizer", "an optimiser without a name is sgd, one without a rate takes its own", {"network": {"layers": [2, 3, 1]}, "training": {"optimizer": {"weight_decay": 0.01}, "epochs": 20}, "data": {"x": XOR_X, "d": XOR_D}}))
case("plan-integers-as-floats", "where an integer is asked, 3.0 is 3; where a number is asked, 1 is 1.0", {"layers": [2.0, 3.0, 2.0], "seed": 42.0}, {"epochs": 20.0, "batch_size": 2.0, "seed": -5.0, "shuffle": True, "snapshots": [1.0, 10.0], "optimizer": {"learning_rate": 1}}, d=D2)
case("plan-snapshots", "a snapshot between the ends of epochs and one at the very end", {"layers": [2, 2, 1]}, {"epochs": 3, "snapshots": [2, 7, 15]})
case("plan-no-snapshots-beyond", "a snapshot beyond the last update is not made", {"layers": [2, 2, 1]}, {"epochs": 2, "snapshots": [3, 10, 11]})
case("plan-rate-zero", "a learning rate of 0 leaves the weights as they are", {"layers": [2, 2, 1]}, {"epochs": 3, "optimizer": {"learning_rate": 0}})

# Portable arithmetic ---------------------------------------------------------------------------------
# Every number of these is compared to the last bit, so none needs be well-conditioned.

# More rows and units than any library sums in a row before it starts to sum in parts.
WIDE_X = [[((37 * i + 11 * j) % 101) / 100 - 0.5 for j in range(19)] for i in range(140)]
WIDE_D = [[((29 * i + 3) % 23) / 22, ((13 * i + 7) % 19) / 18] for i in range(140)]
MIXED = {"layers": [2, 4, 3, 2], "activations": ["tanh", "sigmoid", "sigmoid"], "weights": MIXED_2432}
POSITIVE = {**MIXED, "weights": POSITIVE_2432}
TANH_232 = {"layers": [2, 3, 2], "activations": ["tanh", "sigmoid"], "seed": 21}
SOFTMAX_233 = {"layers": [2, 3, 3], "activations": ["tanh", "softmax"], "seed": 12}
# All rules, update orders and batches; batches of 2 of 5 rows leave a smaller last one.
for label, words, network, settings in (
    ("rule-gradient", "rule gradient, one row at a time", MIXED, {}),
    ("rule-gradient-output_first", "rule gradient with output_first, in batches", MIXED, {"update_order": "output_first", "batch_size": 2}),
    ("rule-transpose", "rule transpose in the full batch", MIXED, {"rule": "transpose", "batch_size": None, "optimizer": {"learning_rate": 0.1}}),
    ("rule-transpose-output_first", "rule transpose with output_first and half_sse, one row at a time", MIXED, {"rule": "transpose", "cost": "half_sse", "update_order": "output_first", "optimizer": {"learning_rate": 0.1}}),
    ("rule-proportional", "rule proportional in batches", POSITIVE, {"rule": "proportional", "batch_size": 2, "optimizer": {"learning_rate": 0.05}}),
    ("rule-proportional-output_first", "rule proportional with output_first, one row at a time", POSITIVE, {"rule": "proportional", "update_order": "output_first", "optimizer": {"learning_rate": 0.05}}),
    ("rule-proportional_abs", "rule proportional_abs, one row at a time", MIXED, {"rule": "proportional_abs", "optimizer": {"learning_rate": 0.1}}),
    ("rule-proportional_abs-output_first", "rule proportional_abs with output_first in the full batch", MIXED, {"rule": "proportional_abs", "update_order": "output_first", "batch_size": None}),
    ("activations", "leaky_relu, softplus, relu and identity", {"layers": [2, 4, 4, 4, 2], "activations": ["leaky_relu", "softplus", "relu", "identity"], "seed": 3}, {"optimizer": {"learning_rate": 0.05}}),
    ("cost-mse", "cost mse, in batches of 3", TANH_232, {"cost": "mse", "batch_size": 3}),
    ("cost-cross_entropy-sigmoid", "cross_entropy of sigmoids, in batches with a penalty", {"layers": [2, 3, 2], "activations": ["softplus", "sigmoid"], "seed": 12}, {"cost": "cross_entropy", "batch_size": 2, "optimizer": {"learning_rate": 0.2, "weight_decay": 0.01}}),
    ("optimizer-momentum", "optimizer momentum with weight decay", TANH_232, {"batch_size": 2, "optimizer": {"name": "momentum", "learning_rate": 0.2, "weight_decay": 0.005}}),
    ("optimizer-nesterov", "optimizer nesterov", TANH_232, {"batch_size": 2, "optimizer": {"name": "nesterov", "learning_rate": 0.1}}),
    ("optimizer-rmsprop", "optimizer rmsprop, near a minimum as well", TANH_232, {"batch_size": 2, "optimizer": {"name": "rmsprop"}}),
    ("optimizer-rmsprop-momentum", "optimizer rmsprop with momentum, output first", TANH_232, {"update_order": "output_first", "optimizer": {"name": "rmsprop", "learning_rate": 0.002, "alpha": 0.9, "eps": 0.001, "momentum": 0.6, "weight_decay": 0.003}}),
    ("optimizer-adam", "optimizer adam, in batches", TANH_232, {"batch_size": 2, "optimizer": {"name": "adam", "learning_rate": 0.01}}),
    ("optimizer-rprop", "optimizer rprop, long after its signs hang on the last bit", TANH_232, {"batch_size": None, "optimizer": {"name": "rprop"}}),
    ("clip_norm", "some gradients are longer than the limit; recorded steps", TANH_232, {"batch_size": 2, "clip_norm": 0.06, "epochs": 30, "record": 16}),
    ("dropout", "dropout, shuffled batches and a penalty; recorded steps", MIXED, {"batch_size": 2, "shuffle": True, "seed": 5, "dropout": [0.2, 0.4], "epochs": 60, "record": 60, "optimizer": {"learning_rate": 0.3, "weight_decay": 0.01}}),
    ("sample_weight", "weights of samples, in shuffled batches with a penalty; recorded steps", TANH_232, {"batch_size": 2, "shuffle": True, "epochs": 60, "record": 60, "optimizer": {"weight_decay": 0.02}}),
    ("schedule-exponential", "an exponential schedule", TANH_232, {"batch_size": 2, "epochs": 60, "schedule": {"name": "exponential", "gamma": 0.97}}),
    ("schedule-step", "a schedule in steps, with adam", TANH_232, {"batch_size": 2, "epochs": 60, "schedule": {"name": "step", "gamma": 0.7, "every": 7}, "optimizer": {"name": "adam"}}),
    ("schedule-cosine", "a cosine schedule", TANH_232, {"batch_size": 2, "epochs": 60, "schedule": "cosine"}),
    ("schedule-inverse", "an inverse schedule", TANH_232, {"batch_size": 2, "epochs": 60, "schedule": {"name": "inverse", "power": 0.3}}),
):
    d = CLASSES2 if settings.get("cost") == "cross_entropy" else D2
    case(f"portable-{label}", f"portable arithmetic: {words}", network, {"arithmetic": "portable", **settings}, d=d, sample_weight=SHARES if label == "sample_weight" else None)
case("portable-xor", "portable arithmetic: the defaults", {}, {"arithmetic": "portable"}, x=XOR_X, d=XOR_D)
case("portable-cost-cross_entropy-softmax", "portable arithmetic: cross_entropy of a softmax, hard and soft targets", SOFTMAX_233, {"arithmetic": "portable", "cost": "cross_entropy", "batch_size": 2, "optimizer": {"learning_rate": 0.1}}, d=CLASSES3)
case("portable-wide", "portable arithmetic: sums of 140 rows, 19 inputs and 12 units keep their order", {"layers": [19, 12, 2], "activations": ["tanh", "sigmoid"], "seed": 5}, {"arithmetic": "portable", "batch_size": None, "epochs": 10, "clip_norm": 0.2, "optimizer": {"weight_decay": 0.001}}, x=WIDE_X, d=WIDE_D)
case("portable-saturated", "portable arithmetic: net inputs of all sizes, up to 800, and exponentials that underflow", {"layers": [1, 4, 2], "activations": ["softplus", "sigmoid"], "weights": [[[800], [-740], [36], [1e-9]], [[1, 0.01, 20, 300], [-0.001, 0.02, -1, 700]]]}, {"arithmetic": "portable", "cost": "cross_entropy", "epochs": 20, "optimizer": {"learning_rate": 1e-4}}, x=[[1], [-1], [0.5], [0], [1e-300]], d=[[0, 1], [1, 0], [0.25, 0.5], [1, 1], [0, 0]])
case("portable-subnormal", "portable arithmetic: numbers below the smallest normal one are kept", {"layers": [2, 2, 1], "activations": ["tanh", "identity"], "weights": [[[3e-308, -1e-310], [2e-309, 5e-324]], [[1e-5, 3e-3]]]}, {"arithmetic": "portable", "epochs": 20, "optimizer": {"name": "momentum", "learning_rate": 0.3}}, x=[[0.3, 0.7], [-0.9, 0.1]], d=[[1e-310], [2e-308]])
case("portable-zeros", "portable arithmetic: the signs of zeros", {"layers": [2, 3, 2], "activations": ["relu", "identity"], "weights": [[[-0.0, 0.0], [-1, -2], [0.5, -0.0]], [[-0.0, 0.3, -0.0], [0.0, -0.0, 0.2]]], "biases": [[-0.0, -3, 0.0], [-0.0, 0.0]]}, {"arithmetic": "portable", "batch_size": 2, "epochs": 4, "record": 1}, x=[[0.5, -0.0], [-0.0, 1], [1, 1], [-0.0, 0.0]], d=[[-0.0, 0.5], [0.0, -0.5], [0, 0], [-0.0, 0.0]])
case("portable-clip_norm-tiny", "portable arithmetic: gradients whose squares underflow are longer than a limit", {"layers": [2, 1], "activations": "identity", "weights": [[[1e-180, -2e-180]]]}, {"arithmetic": "portable", "epochs": 3, "record": "steps", "clip_norm": 1e-200}, d=[[1e-180], [2e-180], [0.0], [-3e-180], [1e-180]])
case("portable-chaos", "portable arithmetic: a training that doubles every rounding, bit for bit", {"layers": [2, 4, 1], "activations": ["tanh", "identity"], "init": "uniform", "seed": 4}, {"arithmetic": "portable", "optimizer": {"name": "momentum", "learning_rate": 0.9, "momentum": 0.9}, "clip_norm": 0.5}, d=D1)
