# The exercises to replay, with answers marked by hand. Twins: none; the section Exercise of docs/contract.md.
"""``CASES``: a list of (name, feature, how the exercise is made, function that gives the marked answers).

An answer is [question, answer, earlier, right, mistakes, message]. Each wrong one is computed by its own wrong formula,
written out by hand, from the numbers of the oracle.
"""

import math

from exercise_oracle import Exercise, sigmoid

SAID = {
    "no_derivative": "you forgot the derivative f' of the activation function",
    "new_weights": "you sent the error back through the new weights instead of the old ones",
    "no_transpose": "you forgot the transpose when the error went back (you used W[j,k] for W[k,j])",
    "swapped_weights": "you swapped rows and columns of the weights on the way forward (you used W[j,k] for W[k,j])",
    "wrong_sign": "a sign is wrong (the output error is a - d, and the step is subtracted)",
    "no_learning_rate": "you forgot the learning rate eta",
    "no_scale": "you forgot the 1 / K of the cost (K outputs)",
    "no_half": "you forgot the 1 / 2 of the cost",
    "no_bias": "you forgot the bias",
    "no_activation": "you forgot the activation function (you used z for a)",
    "other_layer": "you used the activations of another layer",
    "rounded_early": "you rounded too early or gave too few digits",
}


def right(question, answer, earlier=None):
    message = "Right." if earlier is None else "Right, with your earlier answers."
    return [question, answer, earlier, True, [], message]


def wrong(question, answer, *mistakes, earlier=None):
    beginning = "Nearly right" if mistakes == ("rounded_early",) else "Not right"
    message = f"{beginning}: perhaps {', or '.join(SAID[name] for name in mistakes)}."
    return [question, answer, earlier, False, list(mistakes), message]


def unknown(question, answer, formula, earlier=None):
    return [question, answer, earlier, False, [], f"Not right. The formula is {formula}."]


def digits(o):
    z, a, new = o.v["z[2]_1"], o.v["a[2]_1"], o.v["new W[2]_1,2"]
    formula = "a[2]_1 = 1 / (1 + exp(-z[2]_1))"
    return [
        right(1, z),
        right("1", str(round(z, 2))),
        right("z[2]_1", f" +{z:.8e} "),
        right(2, a),
        right("a[2]_1", f"{a:.3f}"),
        right("a[2]_1", f"{a:.12f}"),
        right("a[2]_1", f"{a:.3f}".lstrip("0")),
        right("a[2]_1", f"{100 * a:.2f}e-2"),
        wrong("a[2]_1", f"{a + 0.0006:.3f}", "rounded_early"),
        right("a[2]_1", f"{a:.2f}"),  # 0.54 counts as 0.540, to which 0.5399 is rounded
        wrong("a[3]_1", f"{o.v['a[3]_1']:.2f}", "rounded_early"),  # 0.44 as 0.440: 0.4382 is not
        wrong("a[2]_1", a * 1.0199, "rounded_early"),
        wrong("a[2]_1", a * 0.9801, "rounded_early"),
        unknown("a[2]_1", a * 1.0201, formula),
        unknown("a[2]_1", 0, formula),
        unknown("a[2]_1", "-0.000", formula),
        right("new W[2]_1,2", f"{new:.6f}"),
        wrong("new W[2]_1,2", f"{new + 1.2e-6:.6f}", "rounded_early"),
        wrong("new b[2]_1", f"{o.v['new b[2]_1']:.5f}", "rounded_early"),  # -0.09820 for -0.0981994
        wrong("new W[2]_1,2", o.w(2, 1, 2) + 1.019 * (new - o.w(2, 1, 2)), "rounded_early"),
        unknown("new W[2]_1,2", o.w(2, 1, 2) + 1.021 * (new - o.w(2, 1, 2)), "new W[2]_1,2 = W[2]_1,2 - eta * dC/dW[2]_1,2"),
        wrong("new W[2]_1,2", o.w(2, 1, 2), "rounded_early"),  # the gradient is 0 to 2 decimals
        unknown("new W[3]_1,1", o.w(3, 1, 1), "new W[3]_1,1 = W[3]_1,1 - eta * dC/dW[3]_1,1"),
    ]


def mistakes(o):
    """Two inputs, two hidden neurons, two outputs; the weights followed are W[2]_1,2 and W[3]_1,1."""
    v, W, b, x, d, eta = o.v, o.w, o.b, o.x, o.d, o.eta
    e1, e2 = v["e[3]_1"], v["e[3]_2"]
    f1, f2 = v["f'(z[3]_1)"], v["f'(z[3]_2)"]
    g1, g2 = e1 * f1, e2 * f2
    a1, a2 = v["a[2]_1"], v["a[2]_2"]
    return [
        # f' forgotten here, since the output, since the errors
        wrong("delta[3]_2", e2 / 2, "no_derivative"),
        wrong("share[3]_1,1", W(3, 1, 1) * e1, "no_derivative"),
        wrong("e[2]_1", W(3, 1, 1) * e1 + W(3, 2, 1) * e2, "no_derivative"),
        wrong("delta[2]_2", v["e[2]_2"] / 2, "no_derivative"),
        wrong("delta[2]_2", (W(3, 1, 2) * e1 + W(3, 2, 2) * e2) / 2, "no_derivative"),
        wrong("dC/dW[2]_1,2", v["e[2]_1"] / 2 * x(2), "no_derivative"),
        wrong("new b[3]_1", b(3, 1) - eta * e1 / 2, "no_derivative"),
        # back through the new weights
        wrong("e[2]_1", v["new W[3]_1,1"] * g1 + v["new W[3]_2,1"] * g2, "new_weights"),
        wrong("share[3]_1,1", v["new W[3]_1,1"] * g1, "new_weights"),
        wrong("delta[2]_1", (v["new W[3]_1,1"] * g1 + v["new W[3]_2,1"] * g2) / 2 * v["f'(z[2]_1)"], "new_weights"),
        # rows for columns, back and forward
        wrong("e[2]_1", W(3, 1, 1) * g1 + W(3, 1, 2) * g2, "no_transpose"),
        wrong("e[2]_2", W(3, 2, 1) * g1 + W(3, 2, 2) * g2, "no_transpose"),
        wrong("z[2]_1", W(2, 1, 1) * x(1) + W(2, 2, 1) * x(2) + b(2, 1), "swapped_weights"),
        # signs
        wrong("e[3]_1", d(1) - v["a[3]_1"], "wrong_sign"),
        wrong("delta[3]_2", -v["delta[3]_2"], "wrong_sign"),
        wrong("e[2]_2", -v["e[2]_2"], "wrong_sign"),
        wrong("new W[3]_1,1", W(3, 1, 1) + eta * v["dC/dW[3]_1,1"], "wrong_sign"),
        # the learning rate, the scale, the half
        wrong("new W[3]_1,1", W(3, 1, 1) - v["dC/dW[3]_1,1"], "no_learning_rate", "no_scale"),
        wrong("delta[2]_1", v["e[2]_1"] * v["f'(z[2]_1)"], "no_scale"),
        wrong("C", (e1**2 + e2**2) / 2, "no_scale", "no_half"),
        wrong("dC/db[3]_1", g1, "no_scale"),
        # the bias, here and from the start
        wrong("z[2]_1", W(2, 1, 1) * x(1) + W(2, 1, 2) * x(2), "no_bias"),
        wrong("z[3]_2", W(3, 2, 1) * a1 + W(3, 2, 2) * a2, "no_bias"),
        wrong("a[2]_2", sigmoid(W(2, 2, 1) * x(1) + W(2, 2, 2) * x(2)), "no_bias"),
        # the activation function
        wrong("a[2]_1", v["z[2]_1"], "no_activation"),
        wrong("z[3]_1", W(3, 1, 1) * v["z[2]_1"] + W(3, 1, 2) * v["z[2]_2"] + b(3, 1), "no_activation"),
        wrong("e[3]_1", v["z[3]_1"] - d(1), "no_activation"),
        wrong("dC/dW[3]_1,1", v["delta[3]_1"] * v["z[2]_1"], "no_activation"),
        # activations of another layer
        wrong("dC/dW[3]_1,1", v["delta[3]_1"] * x(1), "other_layer"),
        wrong("dC/dW[3]_1,1", v["delta[3]_1"] * v["a[3]_1"], "other_layer"),
        wrong("dC/dW[2]_1,2", v["delta[2]_1"] * a1, "other_layer"),
        wrong("new W[2]_1,2", W(2, 1, 2) - eta * v["delta[2]_1"] * a2, "other_layer"),
        wrong("z[3]_1", W(3, 1, 1) * x(1) + W(3, 1, 2) * x(2) + b(3, 1), "other_layer"),
        # all before rounded to two decimals
        wrong("delta[2]_1", round(v["e[2]_1"], 2) / 2 * round(a1, 2) * (1 - round(a1, 2)), "rounded_early"),
        # since the output: the hidden error rounded to two decimals
        wrong("delta[2]_1", round(v["e[2]_1"], 2) / 2 * v["f'(z[2]_1)"], "rounded_early"),
        # a formula for each stage
        unknown("z[2]_2", 7, "z[2]_2 = W[2]_2,1 * a[1]_1 + W[2]_2,2 * a[1]_2 + b[2]_2"),
        unknown("e[3]_2", 7, "e[3]_2 = a[3]_2 - d_2"),
        unknown("C", 7, "C = (e[3]_1^2 + e[3]_2^2) / (2 * K)"),
        unknown(
            "delta[2]_1", 7, "delta[2]_1 = s * e[2]_1 * f'(z[2]_1), where s = 1 / K, f'(z[2]_1) = a[2]_1 * (1 - a[2]_1)"
        ),
        unknown("share[3]_1,1", 7, "share[3]_1,1 = W[3]_1,1 * e[3]_1 * f'(z[3]_1), where f'(z[3]_1) = a[3]_1 * (1 - a[3]_1)"),
        unknown(
            "e[2]_2",
            7,
            "e[2]_2 = share[3]_1,2 + share[3]_2,2, where share[3]_1,2 = W[3]_1,2 * e[3]_1 * f'(z[3]_1), "
            "share[3]_2,2 = W[3]_2,2 * e[3]_2 * f'(z[3]_2), f'(z[3]_1) = a[3]_1 * (1 - a[3]_1), "
            "f'(z[3]_2) = a[3]_2 * (1 - a[3]_2)",
        ),
        unknown("dC/dW[3]_1,1", 7, "dC/dW[3]_1,1 = delta[3]_1 * a[2]_1"),
        unknown("dC/db[3]_1", 7, "dC/db[3]_1 = delta[3]_1"),
    ]


def earlier(o):
    """What follows from wrong answers that were given before."""
    v, W, b, d = o.v, o.w, o.b, o.d
    z = v["z[2]_1"] + 0.3
    a = sigmoid(z)
    z3 = W(3, 1, 1) * a + W(3, 1, 2) * v["a[2]_2"] + b(3, 1)
    e3 = sigmoid(z3) - d(1)
    delta = e3 * sigmoid(z3) * (1 - sigmoid(z3))
    given = {"z[2]_1": z}
    return [
        right("a[2]_1", a, given),
        right("a[2]_1", f"{a:.3f}", {"1": str(z)}),
        right("z[3]_1", z3, given),
        right("z[3]_1", z3, {"2": a}),
        right("delta[3]_1", delta, given),
        right("delta[3]_1", delta, {"e[3]_1": e3, "z[3]_1": z3}),
        ["a[2]_1", v["a[2]_1"], given, True, [], "Right."],
        wrong("e[3]_1", -e3, "wrong_sign", earlier=given),
        wrong("delta[3]_1", e3, "no_derivative", earlier=given),
        wrong("a[2]_1", a * 1.01, "rounded_early", earlier=given),
        unknown("a[2]_1", a + 7, "a[2]_1 = 1 / (1 + exp(-z[2]_1))", earlier=given),
        right("new W[3]_1,1", W(3, 1, 1) - o.eta * 0.25, {"dC/dW[3]_1,1": 0.25}),
        wrong("new W[3]_1,1", W(3, 1, 1) + o.eta * 0.25, "wrong_sign", earlier={"dC/dW[3]_1,1": 0.25}),
        wrong("new W[3]_1,1", W(3, 1, 1) - 0.25, "no_learning_rate", earlier={"dC/dW[3]_1,1": 0.25}),
        unknown("new W[3]_1,1", W(3, 1, 1) + 7, "new W[3]_1,1 = W[3]_1,1 - eta * dC/dW[3]_1,1", {"dC/dW[3]_1,1": 0.25}),
        # one output: nothing to transpose
        unknown("e[2]_2", 7, "e[2]_2 = share[3]_1,2, where share[3]_1,2 = W[3]_1,2 * e[3]_1 * f'(z[3]_1), f'(z[3]_1) = a[3]_1 * (1 - a[3]_1)"),
        # the answer itself is no earlier one
        unknown("z[2]_1", z, "z[2]_1 = W[2]_1,1 * a[1]_1 + W[2]_1,2 * a[1]_2 + b[2]_1", earlier=given),
    ]


def softmax(o):
    v, W = o.v, o.w
    e = {k: v[f"e[3]_{k}"] for k in (1, 2)}
    log_sum = math.log(math.exp(v["z[3]_1"]) + math.exp(v["z[3]_2"]))
    return [
        right("C", sum(o.d(k) * (log_sum - v[f"z[3]_{k}"]) for k in (1, 2))),
        wrong("a[3]_1", v["z[3]_1"], "no_activation"),
        wrong("e[2]_2", W(3, 2, 1) * e[1] + W(3, 2, 2) * e[2], "no_transpose"),
        wrong("delta[2]_1", v["e[2]_1"], "no_derivative"),
        unknown("delta[3]_1", 7, "delta[3]_1 = s * e[3]_1, where s = 1"),
        unknown("delta[2]_1", 7, "delta[2]_1 = s * e[2]_1 * f'(z[2]_1), where s = 1, f'(z[2]_1) = 1 - a[2]_1^2"),
    ]


def transpose(o):
    v, W = o.v, o.w
    e1, e2 = v["e[3]_1"], v["e[3]_2"]
    return [
        right("e[2]_1", W(3, 1, 1) * e1 + W(3, 2, 1) * e2),
        wrong("e[2]_1", W(3, 1, 1) * e1 + W(3, 1, 2) * e2, "no_transpose"),
        wrong("delta[2]_1", v["e[2]_1"], "no_derivative"),
        wrong("C", 2 * v["C"], "no_half"),
    ]


def proportional(o):
    v, W = o.v, o.w
    D = {k: abs(W(3, k, 1)) + abs(W(3, k, 2)) for k in (1, 2)}
    e1, e2 = v["e[3]_1"], v["e[3]_2"]
    k, j = o.at[3]
    new = {n: [v[f"new W[3]_{n},1"], v[f"new W[3]_{n},2"]] for n in (1, 2)}
    through_new = sum(new[n][0] / (abs(new[n][0]) + abs(new[n][1])) * v[f"e[3]_{n}"] for n in (1, 2))
    sizes = "W[3]_{0},1 + W[3]_{0},2" if min(W(3, n, m) for n in (1, 2) for m in (1, 2)) > 0 else "abs(W[3]_{0},1) + abs(W[3]_{0},2)"
    return [
        right("e[2]_2", W(3, 1, 2) / D[1] * e1 + W(3, 2, 2) / D[2] * e2),
        wrong("e[2]_2", W(3, 2, 1) / D[2] * e1 + W(3, 2, 2) / D[2] * e2, "no_transpose"),
        wrong("e[2]_1", through_new, "new_weights"),
        wrong("C", 2 * v["C"], "no_scale"),
        wrong("delta[3]_1", e1 * v["f'(z[3]_1)"] * 2, "no_scale"),
        unknown(f"share[3]_{k},{j}", 7, f"share[3]_{k},{j} = W[3]_{k},{j} / D[3]_{k} * e[3]_{k}, where D[3]_{k} = {sizes.format(k)}"),
    ]


def the_key(o):
    return [right(symbol, value) for _, symbol, value in o.questions()]


CASES = [
    ("digits", "how many digits an answer has", {"seed": 11, "level": 2}, digits),
    ("mistakes", "the known mistakes, each by hand", {"seed": 11, "level": 2}, mistakes),
    ("earlier", "answers that follow from earlier ones", {"seed": 5}, earlier),
    ("level-3", "level 3: three inputs, numbers of two decimals", {"seed": -7, "level": 3, "learning_rate": 0.25}, the_key),
    ("softmax", "cost cross_entropy with softmax outputs", {"seed": 2, "level": 2, "activations": ["tanh", "softmax"], "cost": "cross_entropy"}, softmax),
    ("transpose", "rule transpose, cost half_sse", {"seed": 3, "level": 2, "rule": "transpose", "cost": "half_sse"}, transpose),
    ("proportional", "rule proportional, cost mse", {"seed": 4, "level": 2, "rule": "proportional", "cost": "mse"}, proportional),
    ("proportional_abs", "rule proportional_abs, cost mse", {"seed": 6, "level": 2, "rule": "proportional_abs", "cost": "mse"}, proportional),
    ("deep", "four layers, relu, identity", {"seed": 8, "layers": [2, 3, 3, 1], "activations": ["relu", "leaky_relu", "identity"]}, the_key),
    ("no-hidden-layer", "no hidden layer", {"seed": 9, "layers": [3, 2], "activations": "softplus"}, the_key),
    ("kink", "a weighted sum of 0 in a layer of relu, drawn again", {"seed": 10, "layers": [3, 3], "activations": "relu", "cost": "mse"}, the_key),
]  # fmt: skip


def case(name, feature, how, marked):
    """What an exercise's file holds."""
    exercise = Exercise(**how)
    keys = ["question", "answer", "earlier", "right", "mistakes", "message"]
    return {
        "name": name,
        "feature": feature,
        "exercise": how,
        "weights": exercise.weights,
        "biases": exercise.biases,
        "x": exercise.inputs,
        "d": exercise.desired,
        "questions": exercise.questions(),
        "answers": [dict(zip(keys, answer)) for answer in marked(exercise)],
    }
