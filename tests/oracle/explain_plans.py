# The plans of the explained steps, one feature each. Twins: none; section 12 of docs/contract.md says what they mean.
"""``PLANS``: a list of (name, feature, plan); the first update of each plan is explained."""

PLANS = []

# One sample, and three for batches. No symmetry and no zeros, so that nothing cancels by itself.
X1, D1, D2, D3 = [[0.8, -0.3]], [[0.7]], [[0.7, 0.2]], [[0.7, 0.2, 0.45]]
X, D = [[0.1, 0.9], [0.8, 0.3], [-0.7, 0.6]], [[0.2, 0.7], [0.8, 0.4], [0.3, 0.9]]
MIXED_22 = [[0.5, -0.3], [-0.2, 0.6]]
MIXED_23 = [[0.3, -0.6, 0.2], [0.7, 0.1, -0.4]]
MIXED_32 = [[0.6, -0.4], [0.3, 0.2], [-0.5, 0.9]]
MIXED = [MIXED_22, [[0.4, 0.7], [-0.8, 0.1]]]
POSITIVE = [[[0.5, 0.3], [0.2, 0.6]], [[0.4, 0.7], [0.8, 0.1]]]
BIASES = [[0.1, -0.2], [0.05, -0.1]]


def case(name, feature, network=None, training=None, x=X1, d=D2):
    """Add a case; by default a 2-2-2 network of sigmoids with weights of both signs, on one sample."""
    network = network or {}
    if "layers" not in network:
        network = {"layers": [2, 2, 2], "weights": MIXED, "biases": BIASES, **network}
    plan = {"format": "twinprop-plan/1", "network": network, "training": training or {}, "data": {"x": x, "d": d}}
    PLANS.append((name, feature, plan))


case(
    "three-by-three",
    "the worked sample of the data set three_by_three",
    {
        "layers": [3, 3, 3],
        "weights": [[[0.9, 0.3, 0.4], [0.2, 0.8, 0.2], [0.1, 0.5, 0.6]], [[0.3, 0.7, 0.5], [0.6, 0.5, 0.2], [0.8, 0.1, 0.9]]],
    },
    x=[[0.9, 0.1, 0.8]],
    d=[[0.9, 0.1, 0.1]],
)

# Activations -----------------------------------------------------------------------------------------

for name in ("tanh", "relu", "leaky_relu", "softplus", "linear"):
    case(f"activation-hidden-{name}", f"{name} in the hidden layer", {"activations": [name, "sigmoid"]})
for name in ("tanh", "leaky_relu", "softplus", "identity"):
    case(f"activation-output-{name}", f"{name} in the output layer", {"activations": ["sigmoid", name]})
for name in ("relu", "leaky_relu"):
    case(f"activation-kink-{name}", f"{name} at z = 0, where its derivative is that of the left side", {"activations": [name, "sigmoid"], "biases": [[0, 0], [0.1, 0.2]]}, x=[[0, 0]])

# Costs -----------------------------------------------------------------------------------------------

for cost in ("half_sse", "mse"):
    case(f"cost-{cost}", f"cost {cost}: its scale, with three outputs", {"layers": [2, 2, 3], "weights": [MIXED_22, MIXED_32]}, {"cost": cost}, d=D3)
case("cost-cross_entropy-sigmoid", "cost cross_entropy with sigmoid outputs: no f' in their delta", {}, {"cost": "cross_entropy"})
case("cost-cross_entropy-softmax", "cost cross_entropy with softmax outputs", {"activations": ["tanh", "softmax"]}, {"cost": "cross_entropy"}, d=[[0.25, 0.75]])
case("cost-cross_entropy-saturated", "a finite cost with z at +-800", {"layers": [1, 2], "weights": [[[800], [-800]]]}, {"cost": "cross_entropy"}, x=[[1]], d=[[0, 0.5]])

# Rules and update orders -----------------------------------------------------------------------------

for rule in ("gradient", "transpose", "proportional", "proportional_abs"):
    for order in ("simultaneous", "output_first"):
        weights = POSITIVE if rule == "proportional" else MIXED
        case(f"rule-{rule}-{order}", f"rule {rule}, {order.replace('_', ' ')}", {"weights": weights}, {"rule": rule, "update_order": order})
case("rule-proportional-signs", "rule proportional with weights of both signs: shares larger than the error", {"weights": [MIXED_22, [[0.9, -0.4], [-0.3, 0.8]]]}, {"rule": "proportional"})
case("rule-transpose-cross_entropy", "rule transpose where the output delta has no f'", {}, {"rule": "transpose", "cost": "cross_entropy"})
case("rule-gradient-no-blame", "weights of 0 into a neuron: nothing is to blame", {"weights": [MIXED_22, [[0, 0], [0.3, -0.5]]]})

# Optimisers ------------------------------------------------------------------------------------------

for name, feature, optimizer in (
    ("momentum", "defaults", {"name": "momentum"}),
    ("nesterov", "own settings and weight decay", {"name": "nesterov", "learning_rate": 0.2, "momentum": 0.5, "weight_decay": 0.01}),
    ("rmsprop", "defaults", {"name": "rmsprop"}),
    ("rmsprop-momentum", "own settings, momentum and weight decay", {"name": "rmsprop", "learning_rate": 0.002, "alpha": 0.9, "eps": 0.001, "momentum": 0.6, "weight_decay": 0.01}),
    ("adam", "own settings and weight decay", {"name": "adam", "learning_rate": 0.01, "betas": [0.8, 0.95], "eps": 0.0001, "weight_decay": 0.01}),
    ("rprop", "defaults", {"name": "rprop"}),
    ("rprop-bounds", "a first step beyond the largest, and weight decay", {"name": "rprop", "learning_rate": 0.5, "step_sizes": [0.001, 0.2], "weight_decay": 0.01}),
):  # fmt: skip
    case(f"optimizer-{name}", f"optimizer {optimizer['name']}: {feature}", {}, {"optimizer": optimizer})
case("optimizer-adam-output_first", "optimizer adam, output first: the settings come with the output layer", {}, {"optimizer": {"name": "adam"}, "update_order": "output_first"})
case("optimizer-sgd-decay", "weight decay: a penalty, G, and a name for the only sample's cost", {}, {"optimizer": {"learning_rate": 0.3, "weight_decay": 0.01}})

# Batches ---------------------------------------------------------------------------------------------

case("batch-full", "three samples make the update", {}, {"batch_size": None, "optimizer": {"weight_decay": 0.01}}, x=X, d=D)
case("batch-mini", "the first two of three samples, transpose rule, output first", {}, {"batch_size": 2, "rule": "transpose", "update_order": "output_first"}, x=X, d=D)
case("batch-shuffled", "shuffled: the batch has the samples that the training's seed puts first", {}, {"batch_size": 2, "shuffle": True, "seed": 5}, x=X, d=D)
case("batch-proportional", "the denominators and blames once, the shares for each sample", {"weights": POSITIVE}, {"batch_size": 2, "rule": "proportional", "cost": "cross_entropy"}, x=X, d=D)

# Shapes ----------------------------------------------------------------------------------------------

case("layers-depth-1", "no hidden layer: no errors go back", {"layers": [2, 2], "weights": [MIXED_22]})
case("layers-depth-3", "two hidden layers of three and two neurons", {"layers": [2, 3, 2, 1], "activations": ["tanh", "leaky_relu", "sigmoid"], "weights": [MIXED_32, MIXED_23, [[0.8, -0.3]]]}, {"update_order": "output_first"}, d=D1)
case("layers-depth-4", "three hidden layers of one neuron", {"layers": [1, 1, 1, 1, 1], "activations": "tanh", "init": "uniform", "seed": 6}, x=[[0.5]], d=[[0.25]])
