# The oracle of section 13: the rules compared, in plain floats and lists. Twins: none, on purpose:
# it imports nothing from the package.
"""``compare(plan, rules, along, every)``: the tables of a comparison, from docs/contract.md alone.

A table is a list of objects; what is missing is None. The plan's own rule is not looked at.
"""

import math

import oracle

RULES = ["gradient", "transpose", "proportional", "proportional_abs"]


def compare(plan, rules=None, along="own", every=None, nudged=None):
    """The tables of section 13; ``nudged``, random numbers, move the start, as rounding would."""
    rules = rules or RULES
    network, training, x, d = oracle.complete(plan)
    every = every or max(1, math.ceil(training["epochs"] / 50))
    weights, biases = oracle.starting_weights(network)
    if nudged:

        def nudge(v):
            return v * (1 + (1e-15 if nudged.uniform() < 0.5 else -1e-15))

        weights = [[[nudge(v) for v in row] for row in w] for w in weights]
        biases = [[nudge(v) for v in b] for b in biases]
    trainings = {
        rule: trained(network, training, x, d, weights, biases, rule, every)
        for rule in {*rules, *([] if along == "own" else [along])}
    }
    table, steps, costs, summary = [], [], [], []
    for rule in rules:
        own = trainings[rule]
        mine = {"table": [], "steps": []}
        for epoch, w, b in trainings[rule if along == "own" else along]["points"]:
            layers, step = measured(network, training, x, d, w, b, rule)
            for layer, (cosine, ratio) in enumerate(layers, 2):
                mine["table"].append(
                    {
                        "rule": rule,
                        "epoch": epoch,
                        "layer": layer,
                        "cosine": cosine,
                        "length_ratio": ratio,
                    }
                )
            mine["steps"].append({"rule": rule, "epoch": epoch, **step})
        cost = [
            {"rule": rule, "epoch": epoch, "cost": exact_cost(network, training, x, d, w, b)}
            for epoch, w, b in own["points"]
        ]
        table += mine["table"]
        steps += mine["steps"]
        costs += cost
        first = [row for row in mine["table"] if row["layer"] == 2]
        cosines = present(row["cosine"] for row in first)
        ratios = sorted(present(row["length_ratio"] for row in first))
        lowers = present(row["lowers_cost"] for row in mine["steps"])
        denominators = present(row["smallest_denominator"] for row in mine["steps"])
        summary.append(
            {
                "rule": rule,
                "initial_cost": cost[0]["cost"],
                "final_cost": cost[-1]["cost"],
                "epochs": own["epochs"],
                "mean_cosine": oracle.total(cosines) / len(cosines) if cosines else None,
                "smallest_cosine": min(cosines, default=None),
                "length_ratio": median(ratios) if ratios else None,
                "lowers_cost": lowers.count(True) / len(lowers) if lowers else None,
                "smallest_denominator": min(denominators, default=None),
                "stopped": own["stopped"],
            }
        )
    return {"table": table, "steps": steps, "costs": costs, "summary": summary}


def present(values):
    return [value for value in values if value is not None]


def median(ordered):
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def exact_cost(network, training, x, d, weights, biases):
    decay = training["optimizer"]["weight_decay"]
    return oracle.mean_cost(weights, biases, network["activations"], training["cost"], decay, x, d)


def trained(network, training, x, d, weights, biases, rule, every):
    """The weights at the points of a rule's training, the epochs reached, and why it stopped."""
    n, epochs = len(x), training["epochs"]
    size = n if training["batch_size"] is None else int(training["batch_size"])
    optimizer, stream = oracle.Optimizer(training["optimizer"]), oracle.Random(training["seed"])
    how = {**training, "rule": rule}
    points, reached, stopped = [(0, weights, biases)], 0, None
    for epoch in range(1, epochs + 1):
        rows = stream.order(n) if training["shuffle"] else list(range(n))
        w, b, costs = weights, biases, []
        try:
            for first in range(0, n, size):
                batch = rows[first : first + size]
                record = oracle.step(
                    w,
                    b,
                    network["activations"],
                    how,
                    optimizer,
                    [x[r] for r in batch],
                    [d[r] for r in batch],
                )
                costs += record["costs"]
                w, b = record["new_weights"], record["new_biases"]
        except oracle.Denominator as found:
            stopped = denominator_message(rule, found.layer, found.neuron)
            break
        due = epoch % every == 0 or epoch == epochs
        exact = exact_cost(network, training, x, d, w, b) if due else 0.0
        if not oracle.finite(oracle.total(costs) + exact, w, b):
            stopped = divergence_message(epoch, training["optimizer"]["learning_rate"])
            break
        weights, biases, reached = w, b, epoch
        if due:
            points.append((epoch, weights, biases))
    if points[-1][0] < reached and math.isfinite(
        exact_cost(network, training, x, d, weights, biases)
    ):
        points.append((reached, weights, biases))
    return {"points": points, "epochs": reached, "stopped": stopped}


def denominator_message(rule, layer, neuron):
    other = 'rule "proportional_abs" or ' if rule == "proportional" else ""
    return (
        f'rule "{rule}": the weights into neuron {neuron} of layer {layer} sum to 0 or nearly 0, '
        f"so its error cannot be shared out; try {other}other starting weights"
    )


def divergence_message(epoch, learning_rate):
    return (
        f"the cost or a weight became NaN or Inf in epoch {epoch}; the network keeps its weights "
        f"from before that epoch. Try a smaller learning_rate (now {learning_rate:.15g}), "
        "standardised inputs or smaller starting weights"
    )


def measured(network, training, x, d, weights, biases, rule):
    """What is measured of a rule: [(cosine, length ratio)] over l = 2..L, and the step."""
    eta = training["optimizer"]["learning_rate"]
    smallest = smallest_denominator(weights, rule)
    exact = gradients(network, training, x, d, weights, biases, "gradient")
    try:
        found = gradients(network, training, x, d, weights, biases, rule)
    except oracle.Denominator:
        step = {"lowers_cost": None, "change": None, "smallest_denominator": smallest}
        return [(None, None)] * len(weights), step
    layers = [alike(flat(*f), flat(*e)) for f, e in zip(found, exact)]
    moved_w = [
        [[v - eta * g for v, g in zip(row, by)] for row, by in zip(w, grad)]
        for w, (grad, _) in zip(weights, found)
    ]
    moved_b = [[v - eta * g for v, g in zip(b, grad)] for b, (_, grad) in zip(biases, found)]
    before = exact_cost(network, training, x, d, weights, biases)
    after = exact_cost(network, training, x, d, moved_w, moved_b)
    change = after - before if math.isfinite(after) else math.inf
    passes = [oracle.forward(weights, biases, network["activations"], row) for row in x]
    entropy = training["cost"] == "cross_entropy"
    sizes = [
        abs(z_k) if entropy else abs(a_k - d_k) * max(abs(z_k), abs(a_k))
        for (z, a), target in zip(passes, d)
        for z_k, a_k, d_k in zip(z[-1], a[-1], target)
    ]
    outputs = oracle.error_scale(training["cost"], len(d[0])) * oracle.total(sizes) / len(x)
    return layers, {
        "lowers_cost": change < -20 * 2.0**-52 * (before + outputs),
        "change": change,
        "smallest_denominator": smallest,
    }


def gradients(network, training, x, d, weights, biases, rule):
    """[(grad W + weight_decay W, grad b)] over l = 2..L, of all samples."""
    how = {"cost": training["cost"], "rule": rule, "update_order": "simultaneous"}
    still = oracle.Optimizer(
        {"name": "sgd", "learning_rate": 0.0, "momentum": 0.0, "weight_decay": 0.0}
    )
    record = oracle.step(weights, biases, network["activations"], how, still, x, d)
    decay = training["optimizer"]["weight_decay"]
    return [
        ([[g + decay * v for g, v in zip(by, row)] for by, row in zip(grad, w)], list(grad_b))
        for grad, grad_b, w in zip(record["grad_weights"], record["grad_biases"], weights)
    ]


def flat(rows, values):
    return [v for row in rows for v in row] + list(values)


def alike(p, q):
    """Cosine and length ratio; hypot neither overflows nor underflows."""
    length_p, length_q = math.hypot(*p), math.hypot(*q)
    if not (0 < length_p < math.inf and 0 < length_q < math.inf):
        return None, None
    cosine = oracle.total(u / length_p * (v / length_q) for u, v in zip(p, q))
    return min(1.0, max(-1.0, cosine)), length_p / length_q


def smallest_denominator(weights, rule):
    if rule not in ("proportional", "proportional_abs") or len(weights) < 2:
        return None
    found = []
    for w in weights[1:]:
        for row in w:
            size = oracle.total(abs(v) for v in row)
            denominator = size if rule == "proportional_abs" else abs(oracle.total(row))
            found.append(denominator / size if size else 0.0)
    return min(found)
