"""What is fuzzed with: plans of every kind, plans with something wrong in them, data frames."""

import json

import numpy as np
from hypothesis import strategies as st

HIDDEN = ["sigmoid", "tanh", "relu", "leaky_relu", "softplus", "identity", "logistic", "linear"]
SEEDS = st.integers(-(2**31) + 1, 2**31 - 1)
# R is the slowest: so many multiplications of a training take it about a second.
MOST_WORK = 10**7
# A run file of so many numbers is still read at once.
MOST_NUMBERS = 60_000


def _values(kind, shape, random):
    """An array of a kind; full mantissas, so that everything rounds."""
    normal = random.normal(size=shape)
    if kind == "binary":
        return random.integers(0, 2, shape).astype(float)
    if kind == "normal":
        return normal
    if kind == "integers":  # sums that are 0 exactly, in any order
        return random.integers(-3, 4, shape).astype(float)
    if kind == "sparse":  # zeros of both signs
        return np.where(random.random(shape) < 0.5, normal, np.copysign(0.0, normal))
    if kind == "duplicates":
        return np.broadcast_to(normal[:1], shape).copy()
    if kind == "positive":
        return random.uniform(0.1, 1.0, shape)
    if kind == "mixed":
        return normal * 10.0 ** random.uniform(-8, 8, shape)
    return normal * float(kind)


X_KINDS = ["binary", "normal", "normal", "integers", "sparse", "duplicates"]
X_EXTREMES = ["0", "1e-300", "1e-160", "mixed", "100", "1e8", "1e150"]
W_KINDS = ["positive", "normal", "integers", "sparse", "1e-12", "0", "5", "50"]


@st.composite
def _optimizers(draw):
    pick = st.sampled_from
    name = draw(pick(["sgd", "momentum", "nesterov", "rmsprop", "adam", "rprop"]))
    sgd = name in ("sgd", "momentum", "nesterov")
    rates = [0.5, 0.05, 0.01, 3.0, 0.0] if sgd else [0.01, 0.001, 0.3, 0.0]
    own = {"weight_decay": pick([0.0, 1e-4, 0.1, 1.0]), "learning_rate": pick(rates)}
    if sgd:
        own |= {"momentum": pick([0.9, 0.5, 0.99]), "nesterov": st.booleans()}
    if name == "rmsprop":
        own |= {"alpha": pick([0.9, 0.99, 0.0]), "momentum": pick([0.0, 0.5])}
    if name in ("rmsprop", "adam"):
        own |= {"eps": pick([1e-8, 1e-3, 1e-16, 0.0])}
    if name == "adam":
        own |= {"betas": pick([[0.9, 0.999], [0.5, 0.8], [0.0, 0.9], [0.9, 0.0]])}
    if name == "rprop":
        own |= {
            "etas": pick([[0.6, 1.1], [0.5, 2.0]]),
            "step_sizes": pick([[1e-5, 0.1], [1e-3, 1e-3], [0.0001, 30.0]]),
        }
    return {"name": name, **draw(st.fixed_dictionaries({}, optional=own))}


_SCHEDULES = st.one_of(
    st.sampled_from(["exponential", "step", "cosine", "inverse"]),
    st.fixed_dictionaries(
        {"name": st.just("exponential")}, optional={"gamma": st.sampled_from([0.9, 0.5, 1.0])}
    ),
    st.fixed_dictionaries(
        {"name": st.just("step")},
        optional={"gamma": st.sampled_from([0.5, 0.9]), "every": st.integers(1, 9)},
    ),
    st.fixed_dictionaries(
        {"name": st.just("inverse")}, optional={"power": st.sampled_from([0.0, 1.0, 0.3])}
    ),
)


def _targets(draw, output, cost, shape, random):
    if output == "softmax":
        if draw(st.booleans()):
            shares = random.random(shape) + 1e-3
            return shares / shares.sum(axis=1, keepdims=True)
        return np.eye(shape[1])[random.integers(0, shape[1], shape[0])]
    if cost == "cross_entropy":
        kind = draw(st.sampled_from(["binary", "uniform", "0", "1e-300"]))
        return random.random(shape) if kind == "uniform" else np.abs(_values(kind, shape, random))
    return _values(draw(st.sampled_from(["binary", "normal", "sparse", "mixed"])), shape, random)


@st.composite
def plans(draw, updates=300, widest=40):
    """A plan of at most so many updates, as its file has it; the arrays come from a drawn seed."""
    pick = st.sampled_from

    def seldom(strategy, default=None):
        return draw(strategy) if draw(st.integers(0, 3)) == 3 else default

    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    width = st.one_of(st.integers(1, 5), st.integers(1, widest))
    layers = [draw(width) for _ in range(2 + draw(st.integers(0, 5)))]
    sizes = list(zip(layers[1:], layers[:-1]))
    n_weights = sum(n * m for n, m in sizes)
    rows = draw(st.one_of(st.integers(1, 9), st.integers(1, 40)))

    cost = draw(pick(["half_mse", "half_sse", "mse", "cross_entropy"]))
    output = draw(pick(HIDDEN))
    if cost == "cross_entropy":
        output = draw(pick(["sigmoid", "softmax"])) if layers[-1] > 1 else "sigmoid"
    rule = draw(pick(["gradient", "transpose", "proportional", "proportional_abs"]))
    order = draw(pick(["simultaneous", "output_first"]))
    network = {
        "layers": layers,
        "activations": [draw(pick(HIDDEN)) for _ in layers[2:]] + [output],
        "init": draw(pick(["xavier", "he", "torch", "uniform"])),
        "seed": draw(SEEDS),
    }
    # Weights of one sign, for most of the rule's plans: where a sum of weights crosses 0, it
    # amplifies the last bit of anything to the first digit.
    positive = rule == "proportional" and draw(st.integers(0, 3)) < 3
    kind = "positive" if positive else seldom(pick(W_KINDS))
    if kind is not None:
        network["weights"] = [_values(kind, size, random).tolist() for size in sizes]
    kind = seldom(pick(W_KINDS))
    if kind is not None:
        network["biases"] = [_values(kind, (n,), random).tolist() for n in layers[1:]]

    batch = draw(st.one_of(st.just(1), st.none(), st.integers(1, rows)))
    per_epoch = -(-rows // (batch or rows))
    affordable = max(1, MOST_WORK // (rows * n_weights) * per_epoch)
    wanted = draw(st.integers(0, min(updates, affordable)))
    optimizer = draw(_optimizers())
    training = {
        "cost": cost,
        "rule": rule,
        "update_order": order,
        "optimizer": optimizer,
        "batch_size": batch,
        "epochs": -(-wanted // per_epoch),
        "shuffle": draw(st.booleans()),
        "seed": draw(SEEDS),
    }
    kept = min(4, MOST_NUMBERS // n_weights)
    training["snapshots"] = sorted(
        draw(st.sets(st.one_of(st.just(1), st.integers(1, updates)), max_size=kept))
    )
    most_steps = MOST_NUMBERS // (2 * n_weights + (batch or rows) * sum(layers[1:]))
    if most_steps > 0:
        training["record"] = seldom(st.integers(-(-updates // most_steps), updates))
    rates = pick([0.0, 0.2, 0.5])
    training["dropout"] = seldom(
        st.one_of(rates, st.lists(rates, min_size=len(layers) - 2, max_size=len(layers) - 2)), 0.0
    )
    if order == "simultaneous":
        training["clip_norm"] = seldom(pick([1.0, 0.1, 1e-3, 1e3]))
    if optimizer["name"] != "rprop":
        training["schedule"] = seldom(_SCHEDULES)

    x_kind = draw(pick(X_KINDS))
    extreme = seldom(pick(X_EXTREMES))
    data = {
        "x": _values(extreme or x_kind, (rows, layers[0]), random).tolist(),
        "d": _targets(draw, output, cost, (rows, layers[-1]), random).tolist(),
    }
    weights = seldom(pick(["binary", "positive", "mixed", "1e-300"]))
    if weights is not None:
        weights = np.abs(_values(weights, rows, random))
        weights[draw(st.integers(0, rows - 1))] = 1.0  # they must not all be 0
        data["sample_weight"] = weights.tolist()
    return {"network": network, "training": training, "data": data}


# What stands in a plan where something else is meant. A null character is not among them: R's
# strings cannot hold it.
_CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
_TEXT = st.text(_CHARACTERS, max_size=70)
_WRONG = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([0, -1, 1, 2, 3, 1.5, 2.0, -0.0, 1e-320, 1e308, 2**31, -(2**31), 2**53, 1e20]),
    st.sampled_from(["", "sgd", "relu", "softmax", "cross_entropy", "xor", "steps", "cosine", "1"]),
    _TEXT,
    st.lists(st.sampled_from([0, 1, 2, 0.5, -1, "relu", None, True, [1], [], {}]), max_size=4),
    st.dictionaries(st.sampled_from(["name", "gamma", "x", "d", "a"]), st.just(1), max_size=2),
)


def _places(value, path=()):
    """All places inside a plan, as the keys that lead there."""
    if path:
        yield path
    entries = value.items() if isinstance(value, dict) else []
    for key, entry in enumerate(value) if isinstance(value, list) else entries:
        yield from _places(entry, (*path, key))


@st.composite
def wrong_plans(draw):
    """A small plan with one to three places in it that hold something else, or a key too many."""
    plan = draw(plans(updates=2, widest=3))
    for _ in range(draw(st.integers(1, 3))):
        places = list(_places(plan))
        # A section is drawn first, else most places would be numbers of the data.
        section = draw(st.sampled_from(sorted({place[0] for place in places})))
        depth = draw(st.sampled_from([1, 2, 2, 2, 3, 3, 4, 5]))
        inside_it = [p for p in places if p[0] == section]
        chosen = [p for p in inside_it if len(p) == depth] or inside_it
        *path, last = draw(st.sampled_from(chosen))
        inside = plan
        for key in path:
            inside = inside[key]
        what = draw(st.sampled_from(["replace", "replace", "replace", "delete", "add"]))
        if what == "replace":
            inside[last] = draw(_WRONG)
        elif what == "delete":
            del inside[last]
        elif isinstance(inside, dict):
            inside[draw(st.one_of(_TEXT, st.just("momentum")))] = draw(_WRONG)
        if not plan:
            break
    return json.loads(json.dumps(plan))


_NAMES = st.one_of(
    st.sampled_from(["a", "b", "a b", "1", "TRUE", "NA"]),
    st.text(_CHARACTERS, min_size=1, max_size=5),
)
_NUMBERS = st.one_of(
    st.integers(-3, 3).map(float),
    st.floats(-1e6, 1e6),
    st.sampled_from([0.1, 1e-300, 1e15, 123456789012345678.0, -0.0]),
)


def _column(draw, name, rows, kinds):
    """A column: as many values as rows."""
    kind = draw(st.sampled_from(kinds))
    of = {"number": _NUMBERS, "logical": st.booleans()}.get(kind)
    column = {"name": name, "kind": kind}
    if of is None:
        levels = draw(st.lists(_NAMES, unique=True, min_size=1, max_size=5))
        of = st.sampled_from(levels)
        column["kind"] = "levels"
        if kind == "levels":
            column |= {"levels": levels, "ordered": draw(st.booleans())}
    column["values"] = draw(st.lists(of, min_size=rows, max_size=rows))
    return column


@st.composite
def frames(draw):
    """A data frame with a column to predict, and rows for which it is predicted."""
    rows = draw(st.integers(1, 8))
    names = draw(st.lists(_NAMES, unique=True, min_size=1, max_size=4))
    kinds = ["number", "logical", "strings", "levels"]
    task = draw(st.sampled_from(["classification", "regression"]))
    columns = [_column(draw, name, rows, kinds) for name in names]
    new = []
    for column in columns:
        among = column.get("levels", column["values"])
        also = [None, "other"] if column["kind"] == "levels" else [None]
        values = draw(st.lists(st.sampled_from([*among, *also]), min_size=3, max_size=3))
        new.append({"name": column["name"], "kind": column["kind"], "values": values})
    return {
        "columns": columns,
        "y": _column(draw, "y", rows, kinds if task == "classification" else ["number"]),
        "task": task,
        "seed": draw(SEEDS),
        "new": new,
    }
