"""Random plans of any kind, by seed."""

import random

from twinprop.plan import check_plan

_HIDDEN = ["sigmoid", "logistic", "tanh", "relu", "leaky_relu", "softplus", "identity", "linear"]
_RULES = ["gradient", "gradient", "transpose", "proportional", "proportional_abs"]


def _optimizer(pick):
    name = pick.choice(["sgd", "sgd", "momentum", "nesterov", "rmsprop", "adam", "rprop"])
    settings = {"name": name, "weight_decay": pick.choice([0.0, 0.0, 1e-3, 0.1])}
    if name in ("sgd", "momentum", "nesterov"):
        settings["learning_rate"] = pick.choice([0.3, 0.05, 0.01])
        settings["momentum"] = pick.choice([0.5, 0.9])
        settings["nesterov"] = pick.random() < 0.5
    else:
        settings["learning_rate"] = pick.choice([0.01, 0.001])
    if name == "rmsprop":
        settings |= {
            "alpha": pick.choice([0.9, 0.99]),
            "eps": 1e-6,
            "momentum": pick.choice([0, 0.5]),
        }
    if name == "adam":
        settings |= {"betas": pick.choice([[0.9, 0.999], [0.5, 0.8]]), "eps": 1e-7}
    if name == "rprop":
        settings |= {"etas": [0.6, 1.1], "step_sizes": [1e-5, 0.1]}
    return settings


def _extras(pick, hidden, rows, training):
    """What most trainings do without: keys of a plan's training, and weights of samples."""
    extras = {}
    if pick.random() < 0.4:
        rates = [pick.choice([0.0, 0.2, 0.5]) for _ in range(hidden)]
        extras["dropout"] = pick.choice([rates, 0.3])
    if training["update_order"] == "simultaneous" and pick.random() < 0.4:
        extras["clip_norm"] = pick.choice([0.01, 0.1, 1.0])
    if training["optimizer"]["name"] != "rprop" and pick.random() < 0.4:
        extras["schedule"] = pick.choice(
            [
                "cosine",
                "inverse",
                {"name": "exponential", "gamma": 0.9},
                {"name": "step", "gamma": 0.5, "every": 7},
            ]
        )
    weighted = pick.random() < 0.4
    weights = [pick.choice([0, 0.5, 1, 2]) for _ in range(rows)]
    return extras, {"sample_weight": [1, *weights[1:]]} if weighted else {}


def random_plan(seed):
    """A plan of 40 to 200 updates on up to 9 rows, made from the seed."""
    pick = random.Random(seed)
    layers = [pick.randint(1, 6) for _ in range(pick.randint(2, 5))]
    rows = pick.randint(1, 9)
    cost = pick.choice(["half_mse", "half_sse", "mse", "cross_entropy"])
    output = pick.choice(_HIDDEN)
    if cost == "cross_entropy":
        output = pick.choice(["sigmoid", "softmax"]) if layers[-1] > 1 else "sigmoid"
    rule = pick.choice(_RULES)
    network = {
        "layers": layers,
        "activations": [pick.choice(_HIDDEN) for _ in layers[2:]] + [output],
        "init": pick.choice(["xavier", "he", "torch", "uniform"]),
        "seed": pick.randint(-(2**31) + 1, 2**31 - 1),
    }
    if rule == "proportional":  # see make_checks() in crosscheck.py
        network["weights"] = [
            [[pick.uniform(0.1, 1.0) for _ in range(inputs)] for _ in range(units)]
            for inputs, units in zip(layers, layers[1:])
        ]
    batch_size = pick.choice([1, None, pick.randint(1, rows)])
    per_epoch = -(-rows // (batch_size or rows))
    d = [[pick.uniform(0.0, 1.0) for _ in range(layers[-1])] for _ in range(rows)]
    if output == "softmax":
        hot = [pick.randrange(layers[-1]) for _ in range(rows)]
        d = [[float(k == one) for k in range(layers[-1])] for one in hot]
    training = {
        "cost": cost,
        "rule": rule,
        "update_order": pick.choice(["simultaneous", "output_first"]),
        "optimizer": _optimizer(pick),
        "batch_size": batch_size,
        "epochs": pick.randint(40, 200) // per_epoch + 1,
        "shuffle": pick.random() < 0.5,
        "seed": pick.randint(-(2**31) + 1, 2**31 - 1),
        "snapshots": [1],
    }
    x = [[pick.gauss(0, 1) for _ in range(layers[0])] for _ in range(rows)]
    extras, weights = _extras(pick, len(layers) - 2, rows, training)
    return check_plan(
        {
            "network": network,
            "training": training | extras,
            "data": {"x": x, "d": d, **weights},
        }
    )


def as_mapping(plan):
    """A checked plan as its file would have it, for those who read no plans of the package."""
    data = {"x": plan.x.tolist(), "d": plan.d.tolist()}
    if plan.sample_weight is not None:
        data["sample_weight"] = plan.sample_weight.tolist()
    training = dict(plan.training)
    if not isinstance(training["dropout"], float):
        training["dropout"] = list(training["dropout"])
    return {"network": plan.network, "training": training, "data": data}
