# The diagnosis cases: networks, runs and data, and what is to be found in them. Twins: none; kinds and
# messages are written by hand from docs/contract.md, section 14, the numbers worked out beside them.
"""``GROUPS``: by kind, the list of cases that tests/cases/diagnose/ holds, hits and near misses."""

GROUPS = {}

# The mean of d is 0, so the best constant prediction costs 1/2 (1 + 1)/2 = 0.5; a network with the
# weight w costs (1 - w)^2 / 2.
LINE = {"x": [[-1], [1]], "d": [[-1], [1]]}
# The mean is 1/2: (1/2)^2 / 2 = 0.125.
STEP = {"x": [[-1], [1]], "d": [[0], [1]]}
XOR = {"x": [[0, 0], [0, 1], [1, 0], [1, 1]], "d": [[0], [1], [1], [0]]}
GRID = [[-1, -1], [-1, 0], [-1, 1], [0, -1], [0, 1], [1, -1], [1, 0], [1, 1]]


def add(group, name, kinds, verdict, /, network, data, **more):
    """Add a case. `more`: training, history, cost; messages, a list, one for each kind or None."""
    messages = more.pop("messages", None)
    case = {"name": f"{group}: {name}", "network": network, "data": data, **more}
    case["expected"] = {"kinds": kinds.split(), "verdict": verdict}
    if messages is not None:
        assert len(messages) == len(kinds.split()), name
        case["expected"]["messages"] = messages
    GROUPS.setdefault(group, []).append(case)


def linear(*weights, bias=0, output="identity"):
    """One unit, from the inputs to the output."""
    return {"layers": [len(weights), 1], "activations": output, "weights": [[list(weights)]], "biases": [[bias]]}


def hidden(into, out, biases, activation="tanh", bias=0, output="identity"):
    """One input, a hidden layer, one output."""
    return {"layers": [1, len(into), 1], "activations": [activation, output], "weights": [[[w] for w in into], [list(out)]],
            "biases": [list(biases), [bias]]}


def plane(a, b, c, rows=GRID):
    """Targets c + a x1 + b x2."""
    return [[c + a * x[0] + b * x[1]] for x in rows]


def history(costs, initial=0.5, final=0.5, updates=None):
    return {"updates": updates or len(costs), "initial_cost": initial, "cost": costs, "final_cost": final}


def sgd(rate, **more):
    return {"optimizer": {"name": "sgd", "learning_rate": rate}, "batch_size": None, **more}


FLAT = history([0.5] * 20)
SAME_MEAN = "that of predicting the mean of each column of d in every row."
MEAN = f"the cost 0.5 is not clearly below 0.5, {SAME_MEAN}"

# zero_weights -----------------------------------------------------------------------------------------

add("zero_weights", "all of them, tanh", "zero_weights no_better_than_mean", "NOT LEARNED: the cost 0.5 is not clearly below 0.5, that of the best constant prediction.",
    hidden([0, 0], [0, 0], [0, 0]), LINE, messages=["all 4 weights into and out of layer 2 are 0, so its units are alike and pass nothing on.", MEAN])
add("zero_weights", "all of them, sigmoid", "zero_weights no_better_than_mean", "NOT LEARNED",
    hidden([0, 0, 0], [0, 0, 0], [0.5, 0.5, 0.5], "sigmoid"), LINE, messages=["all 6 weights into and out of layer 2 are 0, so its units are alike and pass nothing on.", MEAN])
add("zero_weights", "miss: the weights out differ", "no_better_than_mean", "NOT LEARNED", hidden([0, 0], [0.3, 0.4], [0, 0]), LINE)
add("zero_weights", "miss: the biases differ", "no_better_than_mean", "NOT LEARNED", hidden([0, 0], [0, 0], [0.1, 0.2]), LINE)
add("zero_weights", "miss: no hidden layer", "no_better_than_mean", "NOT LEARNED", linear(0), LINE)

# symmetric_weights ------------------------------------------------------------------------------------

SAME_UNITS = "units of layer 2 have the same incoming and outgoing weights as another one, so they compute and learn the same."
# 2 * 0.3 tanh(0.5) = 0.277, a cost of 0.261
add("symmetric_weights", "two of two", "symmetric_weights", "LEARNED: the cost 0.261 is clearly below 0.5, that of the best constant prediction.",
    hidden([0.5, 0.5], [0.3, 0.3], [0, 0]), LINE, messages=[f"2 of 2 {SAME_UNITS}"])
add("symmetric_weights", "two of three, but for rounding", "symmetric_weights", "LEARNED",
    hidden([0.5, 0.2, 0.500000000001], [0.3, 0.1, 0.3], [0, 0.1, 0]), LINE, messages=[f"2 of 3 {SAME_UNITS}"])
add("symmetric_weights", "zero weights in, the same out", "symmetric_weights no_better_than_mean", "NOT LEARNED",
    hidden([0, 0], [0.3, 0.3], [0, 0]), LINE, messages=[f"2 of 2 {SAME_UNITS}", MEAN])
add("symmetric_weights", "miss: the weights out differ", "", "LEARNED", hidden([0.5, 0.5], [0.3, 0.4], [0, 0]), LINE)
add("symmetric_weights", "miss: the biases differ", "", "LEARNED", hidden([0.5, 0.5], [0.3, 0.3], [0, 0.1]), LINE)
add("symmetric_weights", "miss: the weights in differ by 1e-5", "", "LEARNED", hidden([0.5, 0.50001], [0.3, 0.3], [0, 0]), LINE)
add("symmetric_weights", "miss: one unit", "", "LEARNED", hidden([0.5], [0.6], [0]), LINE)

# targets_out_of_range ---------------------------------------------------------------------------------

# the mean is 5, sum of squares (4 + 1) * 6/8: 3.75 / 2; the outputs are 1/2: (4.5^2 + 3.75) / 2 = 12
add("targets_out_of_range", "sigmoid", "targets_out_of_range no_better_than_mean", "NOT LEARNED: the cost 12 is not clearly below 1.88, that of the best constant prediction.",
    linear(0, 0, output="sigmoid"), {"x": GRID, "d": plane(2, 1, 5)},
    messages=["8 of 8 targets lie outside 0 to 1, the range of sigmoid outputs: column 1 of d goes from 2 to 8.", f"the cost 12 is not clearly below 1.88, {SAME_MEAN}"])
add("targets_out_of_range", "tanh, one of four", "targets_out_of_range", "LEARNED",
    {"layers": [1, 2], "activations": "tanh", "weights": [[[1], [2]]]}, {"x": [[-1], [1]], "d": [[-0.5, -1], [0.5, 1.25]]},
    messages=["1 of 4 targets lie outside -1 to 1, the range of tanh outputs: column 2 of d goes from -1 to 1.25."])
add("targets_out_of_range", "relu", "targets_out_of_range", "LEARNED", linear(1, output="relu"), {"x": [[-1], [1]], "d": [[-0.25], [1]]},
    messages=["1 of 2 targets lie outside 0 to Inf, the range of relu outputs: column 1 of d goes from -0.25 to 1."])
add("targets_out_of_range", "softplus, a training", "targets_out_of_range", "LEARNED", {"layers": [1, 1], "activations": "softplus"},
    {"x": [[-1], [1]], "d": [[-1], [1]]}, training=sgd(0.5, epochs=200), messages=["1 of 2 targets lie outside 0 to Inf, the range of softplus outputs: column 1 of d goes from -1 to 1."])
add("targets_out_of_range", "miss: sigmoid, 0 to 1", "", "LEARNED", linear(1, 1, output="sigmoid"), {"x": GRID, "d": plane(0.25, 0.25, 0.5)})
add("targets_out_of_range", "miss: tanh, -1 to 1", "", "LEARNED", linear(1, 1, output="tanh"), {"x": GRID, "d": plane(0.5, 0.5, 0)})
add("targets_out_of_range", "miss: relu, 0 and more", "", "LEARNED", linear(2, 1, bias=5, output="relu"), {"x": GRID, "d": plane(2, 1, 5)})
add("targets_out_of_range", "miss: identity", "", "LEARNED", linear(2, 1, bias=5), {"x": GRID, "d": plane(2, 1, 5)})

# inputs_not_scaled ------------------------------------------------------------------------------------

# the root mean square of 20, 0, -20 six of eight times: 20 sqrt(0.75) = 17.32; the constant costs
# (0.04 + 0.01) 0.75 / 2 = 0.01875, the float64 of which is a little smaller
add("inputs_not_scaled", "one large of two", "inputs_not_scaled", "LEARNED: the cost 0 is clearly below 0.0187, that of the best constant prediction.",
    linear(0.2, 0.005, bias=0.5), {"x": [[a, 20 * b] for a, b in GRID], "d": plane(0.2, 0.1, 0.5)},
    messages=["1 of 2 columns of x are not scaled: column 2 goes from -20 to 20, a root mean square of 17.3 where 0.01 to 10 will do."])
add("inputs_not_scaled", "years and thousandths", "inputs_not_scaled", "LEARNED", linear(0.25, 500, bias=-500),
    {"x": [[2000, 0.001], [2002, 0.002], [2004, -0.001], [2006, 0.0005]], "d": [[0.5], [1.5], [0.5], [1.75]]},
    messages=["2 of 2 columns of x are not scaled: column 1 goes from 2000 to 2006, a root mean square of 2e+03 where 0.01 to 10 will do."])
add("inputs_not_scaled", "miss: a root mean square of 10", "", "LEARNED", linear(0.2, 0.01, bias=0.5),
    {"x": [[-1, -10], [-1, 10], [1, -10], [1, 10]], "d": [[0.2], [0.4], [0.6], [0.8]]})
add("inputs_not_scaled", "miss: a root mean square of 0.01", "", "LEARNED", linear(0.2, 10, bias=0.5),
    {"x": [[-1, -0.01], [-1, 0.01], [1, -0.01], [1, 0.01]], "d": [[0.2], [0.4], [0.6], [0.8]]})
add("inputs_not_scaled", "miss: a large constant", "constant_columns", "LEARNED", linear(1, 0), {"x": [[-1, 1000], [1, 1000]], "d": [[-1], [1]]},
    messages=["1 of 2 columns of x are constant: column 2 is 1000 in every row."])

# learning_rate_too_large ------------------------------------------------------------------------------

# w = -1: 2^2 / 2 = 2
add("learning_rate_too_large", "rises", "learning_rate_too_large no_better_than_mean", "NOT LEARNED", linear(-1), LINE,
    training=sgd(3), history=history([0.5, 0.6, 0.8, 1, 1.2, 1.4, 1.6, 1.8, 1.9, 2], final=2),
    messages=["the cost rises: it is 2 on average in the last 1 epochs and 0.5 at its lowest: learning_rate 3 is too large.",
              f"the cost 2 is not clearly below 0.5, {SAME_MEAN}"])
add("learning_rate_too_large", "rises, by another rule", "learning_rate_too_large no_better_than_mean", "NOT LEARNED", linear(-1), LINE,
    training=sgd(0.5, rule="transpose"), history=history([1] * 9 + [2] * 11, final=2),
    messages=['the cost rises: it is 2 on average in the last 2 epochs and 0.5 at its lowest: learning_rate 0.5 is too large, or rule "transpose", which is not the gradient, misleads.',
              f"the cost 2 is not clearly below 0.5, {SAME_MEAN}"])
# w = 0.5: 0.125; 0.2 five times up and four down in the last ten epochs
add("learning_rate_too_large", "swings", "learning_rate_too_large", "LEARNED", linear(0.5), LINE,
    training=sgd(1.9), history=history([0.1, 0.3] * 10, final=0.1),
    messages=["the cost swings: in the last 10 epochs it rises 5 times, and moves by 0.2 an epoch on average: learning_rate 1.9 is too large."])
add("learning_rate_too_large", "rises from its lowest", "learning_rate_too_large", "LEARNED", linear(0.5), LINE, training=sgd(1.5),
    history=history([0.8, 0.6, 0.4, 0.2, 0.1, 0.15, 0.2, 0.25, 0.3, 0.3], initial=0.9, final=0.3),
    messages=["the cost rises: it is 0.3 on average in the last 1 epochs and 0.1 at its lowest: learning_rate 1.5 is too large."])
# the last two epochs are lower than the two before, but that is a swing
add("learning_rate_too_large", "swings and ends low", "learning_rate_too_large", "LEARNED", linear(0.5), LINE, training=sgd(1.9),
    history=history([0.1, 0.4] * 9 + [0.1, 0.1], final=0.1),
    messages=["the cost swings: in the last 10 epochs it rises 4 times, and moves by 0.267 an epoch on average: learning_rate 1.9 is too large."])
add("learning_rate_too_large", "miss: only the final cost is high", "", "LEARNED", linear(0.5), LINE, training=sgd(1), history=history([0.13] * 20, final=0.3))
# rises by 0.04, less than a tenth of 0.5
add("learning_rate_too_large", "miss: rises a little", "no_better_than_mean", "NOT LEARNED", linear(0), LINE,
    training=sgd(1), history=history([0.47, 0.46, 0.48, 0.49, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5]))
add("learning_rate_too_large", "miss: swings a little", "", "LEARNED", linear(0.5), LINE, training=sgd(1), history=history([0.1, 0.14] * 10, final=0.1))
# falls by 0.06 on average, and rises once in nine
add("learning_rate_too_large", "miss: one rise", "too_few_epochs", "LEARNED", linear(0.5), LINE, training=sgd(1),
    history=history([0.9] * 10 + [0.8, 0.74, 0.68, 0.62, 0.68, 0.6, 0.5, 0.42, 0.3, 0.25], initial=0.9, final=0.12),
    messages=["the cost still falls: it is 0.275 on average in the last 2 epochs and 0.46 in the 2 before."])
add("learning_rate_too_large", "a training, xor", "learning_rate_too_large saturated_units no_better_than_largest_class", "NOT LEARNED",
    {"layers": [2, 4, 1]}, XOR, training={"optimizer": {"name": "sgd", "learning_rate": 60}, "epochs": 300})

# learning_rate_too_small ------------------------------------------------------------------------------

# The gradient by w is -1 at w = 0. Steps of length r leave (1 - r)^2 of the cost each: ten of 0.1 leave
# 0.9^20 = 0.1216 of 0.5, ten of 0.01 leave 0.818; one of 1 lowers it to 0 and no further, one of 10 raises it.
add("learning_rate_too_small", "sgd", "learning_rate_too_small no_better_than_mean", "NOT LEARNED", linear(0), LINE, training=sgd(1e-4), history=FLAT,
    messages=["the last 10 epochs lowered the cost by 0; 10 steps down the gradient, each 1000 times as long as the moves of an epoch, lower it by 0.439: learning_rate 0.0001 is too small.", MEAN])
# two updates an epoch, each twice as long by the momentum: 1e-4 * 4 * 100 = 0.04: 0.96^20 = 0.442, half of what 0.4 does
add("learning_rate_too_small", "momentum, online", "learning_rate_too_small no_better_than_mean", "NOT LEARNED", linear(0), LINE,
    training={"optimizer": {"name": "momentum", "learning_rate": 1e-4, "momentum": 0.5}, "batch_size": 1}, history=FLAT,
    messages=["the last 10 epochs lowered the cost by 0; 10 steps down the gradient, each 100 times as long as the moves of an epoch, lower it by 0.279: learning_rate 0.0001 is too small.", MEAN])
# two parameters, each moved by the rate: a step of sqrt(2) 1e-5; 1e4 times: (1 - 0.1414)^20 = 0.0474; 1e5 times 0.5
add("learning_rate_too_small", "adam", "learning_rate_too_small no_better_than_mean", "NOT LEARNED", linear(0), LINE,
    training={"optimizer": {"name": "adam", "learning_rate": 1e-5}, "batch_size": None}, history=history([0.5, 0.499, 0.498, 0.497], initial=0.5, final=0.496),
    messages=["the last 2 epochs lowered the cost by 0.003; 10 steps down the gradient, each 10000 times as long as the moves of an epoch, lower it by 0.476: learning_rate 1e-05 is too small.", MEAN])
add("learning_rate_too_small", "0", "learning_rate_too_small no_better_than_mean", "NOT LEARNED", linear(0), LINE, training=sgd(0), history=FLAT,
    messages=["learning_rate is 0, so no weight moves.", MEAN])
add("learning_rate_too_small", "a training, xor", "learning_rate_too_small no_better_than_largest_class", "NOT LEARNED",
    {"layers": [2, 4, 1]}, XOR, training={"optimizer": {"name": "sgd", "learning_rate": 1e-4}, "epochs": 250})
add("learning_rate_too_small", "miss: no gradient", "no_better_than_mean", "NOT LEARNED", linear(0),
    {"x": [[-1], [-1], [1], [1]], "d": [[-1], [1], [-1], [1]]}, training=sgd(1e-4), history=FLAT)
# w = 0.5, which it started from: what is left is 0.125, of which ten steps of 0.1 leave 0.1216
add("learning_rate_too_small", "it started below the constant", "learning_rate_too_small", "LEARNED", linear(0.5), LINE, training=sgd(1e-4),
    history=history([0.125] * 20, initial=0.125, final=0.125),
    messages=["the last 10 epochs lowered the cost by 0; 10 steps down the gradient, each 1000 times as long as the moves of an epoch, lower it by 0.11: learning_rate 0.0001 is too small."])
# w = 0.9: there is 0.005 left, a hundredth of 0.5
add("learning_rate_too_small", "miss: it started at the end", "", "LEARNED", linear(0.9), LINE, training=sgd(1e-4), history=history([0.005] * 20, initial=0.005, final=0.005))
add("learning_rate_too_small", "miss: it has learned", "", "LEARNED", linear(0.5), LINE, training=sgd(1e-4), history=history([0.13] * 20, final=0.125))
# ten steps of 10 and more raise the cost
add("learning_rate_too_small", "miss: longer steps are too long", "no_better_than_mean", "NOT LEARNED", linear(0), LINE, training=sgd(1), history=FLAT)
add("learning_rate_too_small", "miss: rprop", "no_better_than_mean", "NOT LEARNED", linear(0), LINE,
    training={"optimizer": {"name": "rprop", "learning_rate": 1e-6}, "batch_size": None}, history=FLAT)
add("learning_rate_too_small", "miss: another rule", "no_better_than_mean", "NOT LEARNED", linear(0), LINE, training=sgd(1e-4, rule="transpose"), history=FLAT)
# the last ten epochs lowered it by 0.9 * 10/19 = 0.474, more than the 0.439
add("learning_rate_too_small", "miss: the training does as well", "too_few_epochs no_better_than_mean", "NOT LEARNED", linear(0), LINE, training=sgd(1e-4),
    history=history([round(1.4 - 0.9 / 19 * i, 6) for i in range(20)], initial=1.5))

# dead_units -------------------------------------------------------------------------------------------

# relu(x + 1) - 1 is x at both samples; the other unit is below 0 at both
DEAD = "units of layer 2 (relu) are dead: their net input is above 0 on none of the 2 samples, so no gradient reaches their weights."
add("dead_units", "one of two", "dead_units", "LEARNED", hidden([1, 1], [1, 1], [1, -2], "relu", bias=-1), LINE, messages=[f"1 of 2 {DEAD}"])
add("dead_units", "all of them", "dead_units no_better_than_mean", "NOT LEARNED", hidden([1, -1], [1, 2], [-1, -3], "relu"), LINE, messages=[f"2 of 2 {DEAD}", MEAN])
add("dead_units", "the output", "dead_units no_better_than_largest_class", "NOT LEARNED", linear(1, bias=-2, output="relu"), STEP)
add("dead_units", "miss: active on one sample", "", "LEARNED", hidden([1, 1], [1, 0], [1, -0.5], "relu", bias=-1), LINE)
add("dead_units", "miss: leaky_relu", "", "LEARNED", hidden([1, 1], [1, 0], [1, -2], "leaky_relu", bias=-1), LINE)

# saturated_units --------------------------------------------------------------------------------------

SATURATED = "so their weights hardly move."
# tanh: f'(3.1) = 0.0081, f'(2.9) = 0.0120
add("saturated_units", "tanh", "saturated_units no_better_than_mean", "NOT LEARNED", hidden([-3.1, 0.5], [0, 0], [0, 0]), LINE,
    messages=[f"1 of 2 units of layer 2 (tanh) are saturated: on at least 95 % of the 2 samples f' is below 1 % of its largest value (abs(z) goes up to 3.1), {SATURATED}", MEAN])
# sigmoid: f'(6.1) = 0.00223, f'(5.9) = 0.00273, beside 0.25 / 100
add("saturated_units", "sigmoid, 19 of 20 samples", "saturated_units no_better_than_mean", "NOT LEARNED", hidden([6.1, 0.5], [0, 0], [0, 0], "sigmoid"),
    {"x": [[-1], [1]] * 9 + [[1], [0]], "d": [[-1], [1]] * 10},
    messages=[f"1 of 2 units of layer 2 (sigmoid) are saturated: on at least 95 % of the 20 samples f' is below 1 % of its largest value (abs(z) goes up to 6.1), {SATURATED}", MEAN])
# outputs 0 and 1 the wrong way round: 1/2
add("saturated_units", "the output", "saturated_units no_better_than_largest_class", "NOT LEARNED: the cost 0.5 is not clearly below 0.125, that of the best constant prediction.",
    linear(-12, output="sigmoid"), STEP,
    messages=[f"1 of 1 units of layer 2 (sigmoid) are saturated: on at least 95 % of the 2 samples f' is below 1 % of its largest value (abs(z) goes up to 12), {SATURATED}",
              "the cost 0.5 is not clearly below 0.125, that of predicting the shares of the classes in every row (the largest, d = 0, has 1 of 2 samples)."])
add("saturated_units", "miss: tanh at 2.9", "no_better_than_mean", "NOT LEARNED", hidden([2.9, 0.5], [0, 0], [0, 0]), LINE)
add("saturated_units", "miss: sigmoid at 5.9", "no_better_than_mean", "NOT LEARNED", hidden([5.9, 0.5], [0, 0], [0, 0], "sigmoid"), LINE)
add("saturated_units", "miss: 18 of 20 samples", "no_better_than_mean", "NOT LEARNED", hidden([6.1, 0.5], [0, 0], [0, 0], "sigmoid"),
    {"x": [[-1], [1]] * 9 + [[0], [0]], "d": [[-1], [1]] * 10})
add("saturated_units", "miss: it has learned", "", "LEARNED", hidden([10], [1], [0]), LINE)
add("saturated_units", "miss: the output of a cross entropy", "no_better_than_largest_class", "NOT LEARNED: the cost 12 is not clearly below 0.693, that of the best constant prediction.",
    linear(-12, output="sigmoid"), STEP, cost="cross_entropy")
add("saturated_units", "miss: softplus", "no_better_than_mean", "NOT LEARNED", hidden([1, 2], [0, 0], [-30, -40], "softplus"), LINE)

# too_few_epochs ---------------------------------------------------------------------------------------

add("too_few_epochs", "falls", "too_few_epochs", "LEARNED", linear(0.5), LINE, training=sgd(0.1), history=history([round(0.5 - 0.02 * i, 2) for i in range(20)], final=0.12),
    messages=["the cost still falls: it is 0.13 on average in the last 2 epochs and 0.17 in the 2 before."])
add("too_few_epochs", "two epochs", "too_few_epochs", "LEARNED", linear(0.5), LINE, training=sgd(1), history=history([0.5, 0.25], final=0.125),
    messages=["the cost still falls: it is 0.25 on average in the last 1 epochs and 0.5 in the 1 before."])
add("too_few_epochs", "a training, xor", "too_few_epochs", "LEARNED", {"layers": [2, 4, 1]}, XOR, training={"epochs": 500})
add("too_few_epochs", "miss: falls by less than 0.005 in two epochs", "", "LEARNED", linear(0.5), LINE, training=sgd(0.1),
    history=history([round(0.2 - 0.002 * i, 3) for i in range(20)], final=0.16))
add("too_few_epochs", "miss: one epoch", "", "LEARNED", linear(0.5), LINE, training=sgd(0.1), history=history([0.5], final=0.125))
add("too_few_epochs", "miss: it has ended", "", "LEARNED: the cost 0.00109 is clearly below 0.125, that of the best constant prediction.",
    {"layers": [2, 4, 1]}, XOR, training={"epochs": 2000})

# no_better_than_mean ----------------------------------------------------------------------------------

# (1 - 0.005)^2 = 0.990025 and (1 - 0.006)^2 = 0.988036 of 0.5
add("no_better_than_mean", "99.0025 %", "no_better_than_mean", "NOT LEARNED: the cost 0.495 is not clearly below 0.5, that of the best constant prediction.", linear(0.005), LINE,
    messages=[f"the cost 0.495 is not clearly below 0.5, {SAME_MEAN}"])
# two outputs: mse 1/K sum e^2: (1 + 1)/2 and (9 + 9)/2, over two: 5
add("no_better_than_mean", "two outputs, mse", "no_better_than_mean", "NOT LEARNED: the cost 5 is not clearly below 5, that of the best constant prediction.",
    {"layers": [1, 2], "activations": "identity", "weights": [[[0], [0]]]}, {"x": [[-1], [1]], "d": [[-1, 3], [1, -3]]}, cost="mse",
    messages=[f"the cost 5 is not clearly below 5, {SAME_MEAN}"])
# half_sse: twice half_mse for two outputs: 1/2 (1 + 9) = 5
add("no_better_than_mean", "two outputs, half_sse", "no_better_than_mean", "NOT LEARNED: the cost 5 is not clearly below 5, that of the best constant prediction.",
    {"layers": [1, 2], "activations": "identity", "weights": [[[0], [0]]]}, {"x": [[-1], [1]], "d": [[-1, 3], [1, -3]]}, cost="half_sse")
add("no_better_than_mean", "miss: 98.8036 %", "", "LEARNED: the cost 0.494 is clearly below 0.5, that of the best constant prediction.", linear(0.006), LINE)
# The entropy of 0.45 is 0.688139, that of 0.5 0.693147: the best possible costs 99.3 % of the constant.
add("no_better_than_mean", "miss: soft targets of a cross entropy", "", "LEARNED: the cost 0.688 is clearly below 0.693, that of the best constant prediction.",
    linear(0.2006706954621511, output="sigmoid"), {"x": [[-1], [1]], "d": [[0.45], [0.55]]}, cost="cross_entropy")
add("no_better_than_mean", "soft targets, missed", "no_better_than_mean", "NOT LEARNED", linear(0, output="sigmoid"),
    {"x": [[-1], [1]], "d": [[0.45], [0.55]]}, cost="cross_entropy")
add("no_better_than_mean", "miss: all targets the same", "", "NOT JUDGED: all rows of d are the same, so that there is nothing to tell apart.", linear(0), {"x": [[-1], [1]], "d": [[0.25], [0.25]]})
# three times 0.1 by three is not quite 0.1
add("no_better_than_mean", "miss: all targets 0.1", "", "NOT JUDGED", linear(0), {"x": [[-1], [0], [1]], "d": [[0.1], [0.1], [0.1]]})
# (1e-4)^2 / 2, below 1e-7
add("no_better_than_mean", "miss: a cost that is next to nothing", "", "LEARNED: the cost 0 is clearly below 0.5, that of the best constant prediction.", linear(0.9999), LINE)
# the penalty of 0.1 / 2 * 0.98^2 is no part of what is compared
add("no_better_than_mean", "miss: a penalty", "", "LEARNED: the cost 0.0002 is clearly below 0.5, that of the best constant prediction.", linear(0.98), LINE,
    training={"optimizer": {"name": "sgd", "learning_rate": 0.5, "weight_decay": 1}, "batch_size": None}, history=history([0.4804] * 20, final=0.4804))

# no_better_than_largest_class -------------------------------------------------------------------------

SHARES = "that of predicting the shares of the classes in every row"
add("no_better_than_largest_class", "no hidden layer, xor", "no_better_than_largest_class", "NOT LEARNED", {"layers": [2, 1]}, XOR, training={"epochs": 500},
    messages=[f"the cost 0.125 is not clearly below 0.125, {SHARES} (the largest, d = 0, has 2 of 4 samples)."])
# the shares 3/4 and 1/4: 3/16 / 2 = 0.09375; half of it with two outputs of which each has it is the same
add("no_better_than_largest_class", "d = 1", "no_better_than_largest_class", "NOT LEARNED: the cost 0.0938 is not clearly below 0.0938, that of the best constant prediction.",
    linear(0, bias=0.75), {"x": [[-2], [-1], [1], [2]], "d": [[0], [1], [1], [1]]},
    messages=[f"the cost 0.0938 is not clearly below 0.0938, {SHARES} (the largest, d = 1, has 3 of 4 samples)."])
# log 3 = 1.0986; shares 1/4, 1/2, 1/4: 1.0397
add("no_better_than_largest_class", "softmax", "no_better_than_largest_class", "NOT LEARNED: the cost 1.1 is not clearly below 1.04, that of the best constant prediction.",
    {"layers": [1, 3], "activations": "softmax", "weights": [[[0], [0], [0]]]}, {"x": [[-2], [-1], [1], [2]], "d": [[1, 0, 0], [0, 1, 0], [0, 1, 0], [0, 0, 1]]},
    messages=[f"the cost 1.1 is not clearly below 1.04, {SHARES} (the largest, column 2 of d, has 2 of 4 samples)."])
add("no_better_than_largest_class", "miss: two labels to a row are no classes", "no_better_than_mean", "NOT LEARNED",
    {"layers": [1, 2], "activations": "identity", "weights": [[[0], [0]]], "biases": [[0.5, 0.5]]}, {"x": [[-1], [1], [2]], "d": [[1, 1], [0, 1], [1, 0]]})
add("no_better_than_largest_class", "miss: xor with a hidden layer", "", "LEARNED", {"layers": [2, 3, 1], "activations": ["relu", "identity"],
    "weights": [[[1, 1], [1, 1], [1, 1]], [[1, -2, 0]]], "biases": [[0, -1, -1.5], [0]]}, XOR)

# unbalanced_classes -----------------------------------------------------------------------------------

add("unbalanced_classes", "10 to 1", "unbalanced_classes", "LEARNED", linear(0.5, bias=0.5), {"x": [[-1]] * 10 + [[1]], "d": [[0]] * 10 + [[1]]},
    messages=["the smallest class, d = 1, has 1 of 11 samples, the largest, d = 0, 10."])
ONE_HOT = [[1, 0, 0]] * 20 + [[0, 1, 0]] * 10 + [[0, 0, 1]] * 2
SAME = {"layers": [3, 3], "activations": "identity", "weights": [[[1, 0, 0], [0, 1, 0], [0, 0, 1]]]}
add("unbalanced_classes", "20, 10 and 2", "unbalanced_classes", "LEARNED", SAME, {"x": ONE_HOT, "d": ONE_HOT},
    messages=["the smallest class, column 3 of d, has 2 of 32 samples, the largest, column 1 of d, 20."])
add("unbalanced_classes", "miss: 9 to 1", "", "LEARNED", linear(0.5, bias=0.5), {"x": [[-1]] * 9 + [[1]], "d": [[0]] * 9 + [[1]]})
add("unbalanced_classes", "miss: a class without samples", "", "LEARNED", {**SAME, "layers": [2, 3], "weights": [[[1, 0], [0, 1], [0, 0]]]},
    {"x": [[1, 0]] * 5 + [[0, 1]] * 4, "d": [[1, 0, 0]] * 5 + [[0, 1, 0]] * 4})
add("unbalanced_classes", "miss: no classes", "", "LEARNED", linear(0.25, bias=0.5), {"x": [[-1]] * 10 + [[1]], "d": [[0.25]] * 10 + [[0.75]]})

# constant_columns -------------------------------------------------------------------------------------

add("constant_columns", "two of three", "constant_columns", "LEARNED", linear(0, 1, 0), {"x": [[3, -1, 0], [3, 1, 0]], "d": [[-1], [1]]},
    messages=["2 of 3 columns of x are constant: column 1 is 3 in every row."])
add("constant_columns", "all of them", "no_better_than_mean constant_columns", "NOT LEARNED", linear(0), {"x": [[0.125], [0.125]], "d": [[-1], [1]]},
    messages=[MEAN, "1 of 1 columns of x are constant: column 1 is 0.125 in every row."])
add("constant_columns", "miss: one row differs", "", "LEARNED", linear(1, 0), {"x": [[-1, 3], [1, 3.0000001]], "d": [[-1], [1]]})
add("constant_columns", "miss: one sample", "", "NOT JUDGED", linear(1, 1), {"x": [[2, 3]], "d": [[1]]})

# duplicate_columns ------------------------------------------------------------------------------------

WIDE = [[a, b, a] for a, b in GRID]
add("duplicate_columns", "the first and the third", "duplicate_columns", "LEARNED", linear(0.1, 0.1, 0.1), {"x": WIDE, "d": plane(0.2, 0.1, 0)},
    messages=["1 of 3 columns of x repeat an earlier one: column 3 equals column 1."])
add("duplicate_columns", "two pairs", "duplicate_columns", "LEARNED", linear(0.2, 0.1, 0, 0), {"x": [[a, b, b, a] for a, b in GRID], "d": plane(0.2, 0.1, 0)},
    messages=["2 of 4 columns of x repeat an earlier one: column 3 equals column 2."])
add("duplicate_columns", "miss: the sign differs", "", "LEARNED", linear(0.2, 0.1, 0), {"x": [[a, b, -a] for a, b in GRID], "d": plane(0.2, 0.1, 0)})
add("duplicate_columns", "miss: one value differs in its last digits", "", "LEARNED", linear(0.2, 0.1, 0),
    {"x": [*WIDE[:-1], [1, 1, 1.0000000000000002]], "d": plane(0.2, 0.1, 0)})
add("duplicate_columns", "miss: constants", "constant_columns", "LEARNED", linear(1, 0, 0), {"x": [[-1, 2, 2], [1, 2, 2]], "d": [[-1], [1]]})

# several at once --------------------------------------------------------------------------------------

ROOMS = [[50, 2], [80, 3], [120, 4], [65, 2], [200, 7], [95, 3], [150, 5], [40, 1]]
add("several", "a data set as it comes", "targets_out_of_range inputs_not_scaled saturated_units saturated_units no_better_than_mean", "NOT LEARNED",
    {"layers": [2, 4, 1]}, {"x": ROOMS, "d": [[2.5 * a + 10 * b] for a, b in ROOMS]}, training={"epochs": 50})
add("several", "too small a rate, too few epochs, classes", "learning_rate_too_small too_few_epochs no_better_than_largest_class", "NOT LEARNED",
    {"layers": [2, 4, 2], "activations": ["tanh", "identity"], "weights": [[[1, 0], [0, 1], [1, 1], [1, -1]], [[2, 0, 1, 0], [0, 2, 0, 1]]]},
    {"x": GRID, "d": [[1, 0] if a + b > 0.5 else [0, 1] for a, b in GRID]}, training=sgd(1e-3, epochs=100))
