# The plans of the cases of section 13, the rules compared. Twins: none; docs/contract.md says what they mean.
"""``CASES``: a list of (name, feature, plan, how); ``how`` holds rules, along and every where they are given."""

from case_plans import CLASSES3, D1, D2, MIXED_232, MIXED_2432, POSITIVE_232, XOR_D, XOR_X, X

CASES = []


def case(name, feature, network, training, x=X, d=D2, **how):
    plan = {"format": "twinprop-plan/1", "network": network, "training": training, "data": {"x": x, "d": d}}
    CASES.append((f"rules-{name}", feature, plan, how))


MIXED = {"layers": [2, 3, 2], "weights": MIXED_232, "biases": [[0.1, -0.2, 0.3], [0.05, -0.15]]}
DEEP = {"layers": [2, 4, 3, 2], "weights": MIXED_2432}
POSITIVE = {"layers": [2, 3, 2], "weights": POSITIVE_232}

case("own", "each rule along its own training", MIXED, {"epochs": 12}, every=4)
case("positive", "weights of one sign", POSITIVE, {"epochs": 12}, every=5)
case("along-gradient", "along the training by gradient", MIXED, {"epochs": 12}, along="gradient", every=4)
case("along-transpose", "along a rule that is not compared, in another order", MIXED, {"epochs": 6},
     rules=["proportional_abs", "gradient"], along="transpose", every=3)
case("one", "a single rule", MIXED, {"epochs": 3}, rules=["transpose"], every=1)
case("deep", "four layers", DEEP, {"epochs": 8, "optimizer": {"learning_rate": 0.2}}, every=4)
case("deep-along", "four layers, along the training by gradient", DEEP, {"epochs": 8}, along="gradient", every=8)
case("default-points", "the points where every is not given: 0, 3, ..., 99, 101", POSITIVE,
     {"epochs": 101, "optimizer": {"learning_rate": 0.05}}, rules=["gradient", "transpose"])
case("every-beyond", "every beyond the epochs: the start and the end", POSITIVE, {"epochs": 4}, every=100)
case("no-epochs", "the starting weights alone", DEEP, {"epochs": 0})
case("mini-batch", "batches of 2, shuffled", MIXED, {"epochs": 10, "batch_size": 2, "shuffle": True, "seed": 7}, every=5)
case("full-batch", "full batch, momentum", MIXED, {"epochs": 10, "batch_size": None, "optimizer": {"name": "momentum"}}, every=5)
case("output-first", "update order output_first", MIXED, {"epochs": 6, "update_order": "output_first", "cost": "half_sse"}, every=3)
case("weight-decay", "weight decay, cost mse, tanh",
     {**MIXED, "activations": ["tanh", "identity"]},
     {"epochs": 8, "cost": "mse", "optimizer": {"learning_rate": 0.1, "weight_decay": 0.05}}, every=4)
case("softmax", "cross entropy of softmax, adam, whose learning rate is that of the step",
     {"layers": [2, 3, 3], "activations": ["tanh", "softmax"], "init": "uniform", "seed": 5},
     {"epochs": 6, "cost": "cross_entropy", "optimizer": {"name": "adam", "learning_rate": 0.05}}, d=CLASSES3, every=2)
case("cross-entropy", "cross entropy of one sigmoid",
     {"layers": [2, 3, 1], "activations": ["softplus", "sigmoid"], "init": "uniform", "seed": 11},
     {"epochs": 6, "cost": "cross_entropy"}, d=D1, every=2)
case("no-hidden-layer", "no hidden layer: every rule is the gradient, and nothing is divided", {"layers": [2, 2], "seed": 3},
     {"epochs": 4}, every=2)
case("dead-layer", "a hidden layer without slope: no gradient, no cosine",
     {"layers": [2, 2, 1], "activations": ["relu", "sigmoid"], "weights": [[[-1, -0.5], [-0.3, -0.8]], [[0.6, 0.4]]], "biases": [[-1, -0.5], [0.2]]},
     {"epochs": 4}, x=XOR_X, d=XOR_D, every=2)
case("saturated", "gradients whose squares underflow",
     {"layers": [2, 2, 1], "weights": [[[600, 500], [-500, -550]], [[0.6, -0.3]]]},
     {"epochs": 0}, x=[[1, 0.2], [0.7, 0.5]], d=[[0.2], [0.9]])
case("vanishing-start", "a denominator of 0 from the start",
     {"layers": [2, 3, 1], "weights": [[[0.5, -0.3], [-0.2, 0.6], [0.4, 0.1]], [[0.5, 0.25, -0.75]]]},
     {"epochs": 4}, d=D1, every=2)
case("vanishing-along", "a denominator of 0 on the way of another rule",
     {"layers": [2, 3, 1], "weights": [[[0.5, -0.3], [-0.2, 0.6], [0.4, 0.1]], [[0.5, 0.25, -0.75]]]},
     {"epochs": 4}, d=D1, along="gradient", every=1)
# One step of the full batch moves the sum of the output weights of the proportional rule from -0.1 to 0.
case("vanishing-later", "a denominator of 0 after the first epoch",
     {"layers": [2, 3, 1], "activations": ["sigmoid", "identity"], "weights": [[[0.5, -0.3], [-0.2, 0.6], [0.4, 0.1]], [[0.45, 0.25, -0.8]]]},
     {"epochs": 5, "batch_size": None, "optimizer": {"learning_rate": 0.11658338637322}}, d=D1, every=2)
case("divergence", "rules that diverge",
     {"layers": [2, 3, 1], "activations": "identity", "weights": [[[0.5, 0.3], [0.2, 0.6], [0.4, 0.1]], [[0.6, 0.4, 0.2]]]},
     {"epochs": 30, "optimizer": {"learning_rate": 4.0}}, d=D1, every=10)
