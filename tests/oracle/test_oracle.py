# Checks of the oracle itself: by hand, by differences, against R's random numbers and torch.
# Twins: none.
import copy
import json
import math
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import case_plans
import error_plans
import make_cases

import oracle

REQUIRED = os.environ.get("TWINPROP_REQUIRE", "").split(",")
PLANS = {name: plan for name, _, plan in case_plans.PLANS}

# Written out by hand to 15 places.
HAND = 1e-12
# Five-point differences with h = 1e-3: h^4 f'''''/30 and 1e-16/h.
DIFFERENCES = 1e-9
# Section 10, after up to 1,000 updates.
TORCH = 1e-10


def close(p, q, tolerance):
    distance = make_cases.distance(p, q)
    assert distance <= tolerance, distance


# A 2-2-2 net by hand -----------------------------------------------------------------------------
#
# x = (0.05, 0.1), d = (0.01, 0.99), sigmoids, half_mse with K = 2 (s = 1/2), eta = 1/2.
# W[2] = (0.15 0.20; 0.25 0.30), b[2] = (0.35, 0.35)
# W[3] = (0.40 0.45; 0.50 0.55), b[3] = (0.6, 0.6)
#
# z[2] = (0.15*0.05 + 0.20*0.1 + 0.35, 0.25*0.05 + 0.30*0.1 + 0.35) = (0.3775, 0.3925)
# a[2] = (1/(1+exp(-0.3775)), 1/(1+exp(-0.3925))) = (0.593269992107187, 0.596884378259767)
# z[3] = (0.40 a1 + 0.45 a2 + 0.6, 0.50 a1 + 0.55 a2 + 0.6) = (1.105905967059770, 1.224921404096466)
# a[3] = (0.751365069552316, 0.772928465321463)
# e[3] = a[3] - d = (0.741365069552316, -0.217071534678537)
# cost = (0.741365069552316^2 + 0.217071534678537^2) / 4 = 0.149185554380001
# g[3] = e a (1 - a) = (0.741365069552316 * 0.751365069552316 * 0.248634930447684,
#                       -0.217071534678537 * 0.772928465321463 * 0.227071534678537)
#                    = (0.138498561628557, -0.038098236516556)
# delta[3] = g / 2 = (0.069249280814278, -0.019049118258278)
# grad W[3] = delta[3] a[2]' = (0.041083520282115 0.041333813923767;
#                               -0.011301270238738 -0.011370121107989)
# new W[3] = W[3] - grad / 2 = (0.379458239858942 0.429333093038117;
#                               0.505650635119369 0.555685060553995)
# new b[3] = (0.6 - 0.034624640407139, 0.6 + 0.009524559129139)
#          = (0.565375359592861, 0.609524559129139)
#
# e[2], through the old W[3] (simultaneous); with output_first through the new one:
# gradient: W' g = (0.40 g1 + 0.50 g2, 0.45 g1 + 0.55 g2) = (0.036350306393145, 0.041370322648745)
# transpose: W' e = (0.40 e1 + 0.50 e2, 0.45 e1 + 0.55 e2) = (0.188010260481658, 0.214224937225346)
# proportional: (0.40/0.85 e1 + 0.50/1.05 e2, 0.45/0.85 e1 + 0.55/1.05 e2)
#               = (0.245510282323355, 0.278783252550423)
# delta[2] = e[2] a (1 - a) / 2, new b[2] = b[2] - delta[2] / 2, new W[2] = W[2] - delta[2] x' / 2

HAND_FORWARD = {
    "z": [[[0.3775, 0.3925]], [[1.105905967059770, 1.224921404096466]]],
    "a": [
        [[0.05, 0.1]],
        [[0.593269992107187, 0.596884378259767]],
        [[0.751365069552316, 0.772928465321463]],
    ],
}
HAND_GRAD_3 = [[0.041083520282115, 0.041333813923767], [-0.011301270238738, -0.011370121107989]]
HAND_W_3 = [[0.379458239858942, 0.429333093038117], [0.505650635119369, 0.555685060553995]]
# (rule, update order): e[2], delta[2], new W[2]
HAND_BACK = {
    ("gradient", "simultaneous"): (
        [0.036350306393145, 0.041370322648745],
        [0.004385677344743, 0.004977127352609],
        [[0.149890358066381, 0.199780716132763], [0.249875571816185, 0.299751143632370]],
    ),
    ("gradient", "output_first"): (
        [0.033290022927043, 0.038291394979616],
        [0.004016453060342, 0.004606711698642],
        [[0.149899588673491, 0.199799177346983], [0.249884832207534, 0.299769664415068]],
    ),
    ("transpose", "simultaneous"): (
        [0.188010260481658, 0.214224937225346],
        [0.022683504536546, 0.025772697102895],
        [[0.149432912386586, 0.198865824773173], [0.249355682572428, 0.298711365144855]],
    ),
    ("transpose", "output_first"): (
        [0.171554725008686, 0.197669149488923],
        [0.020698138351763, 0.023780924771638],
        [[0.149482546541206, 0.198965093082412], [0.249405476880709, 0.298810953761418]],
    ),
    ("proportional", "simultaneous"): (
        [0.245510282323355, 0.278783252550423],
        [0.029620902543209, 0.033539495534005],
        [[0.149259477436420, 0.198518954872840], [0.249161512611650, 0.298323025223300]],
    ),
    ("proportional", "output_first"): (
        [0.244404980849681, 0.279888554024097],
        [0.029487547528817, 0.033672470716340],
        [[0.149262811311780, 0.198525622623559], [0.249158188232091, 0.298316376464183]],
    ),
}


@pytest.mark.parametrize(("rule", "order"), HAND_BACK)
def test_first_update_of_a_2_2_2_net_by_hand(rule, order):
    plan = copy.deepcopy(PLANS["layers-2-2-2"])
    plan["training"].update(rule=rule, update_order=order, epochs=1)
    result = oracle.train(plan)
    first = result["first_update"]
    e_2, delta_2, w_2 = HAND_BACK[rule, order]
    close(first["z"], HAND_FORWARD["z"], HAND)
    close(first["a"], HAND_FORWARD["a"], HAND)
    close(first["e"], [[e_2], [[0.741365069552316, -0.217071534678537]]], HAND)
    close(first["delta"], [[delta_2], [[0.069249280814278, -0.019049118258278]]], HAND)
    grad_2 = [[v * x for x in (0.05, 0.1)] for v in delta_2]
    close(first["grad_weights"], [grad_2, HAND_GRAD_3], HAND)
    close(first["grad_biases"], [delta_2, [0.069249280814278, -0.019049118258278]], HAND)
    close(first["new_weights"], [w_2, HAND_W_3], HAND)
    b_2 = [0.35 - v / 2 for v in delta_2]
    close(first["new_biases"], [b_2, [0.565375359592861, 0.609524559129139]], HAND)
    close(result["run"]["initial_cost"], 0.149185554380001, HAND)
    close(result["run"]["cost"], [0.149185554380001], HAND)


def test_proportional_abs_by_hand():
    # S = (0.6/1 -0.4/1; 0.25/1 0.75/1), e = (1, -2): S'e = (0.6 - 0.5, -0.4 - 1.5)
    w = [[0.6, -0.4], [0.25, 0.75]]
    close(oracle.send_back("proportional_abs", w, [1, -2], None, 3), [0.1, -1.9], HAND)
    # D = (0.2, 1): (0.6/0.2 - 2*0.25, -0.4/0.2 - 2*0.75)
    close(oracle.send_back("proportional", w, [1, -2], None, 3), [2.5, -3.5], HAND)


def test_the_p5_network():
    """The case against the procedure as that network words it: d - a added, column by column."""
    plan = PLANS["rule-p5-network"]
    network, _, x, d = oracle.complete(plan)
    (w_ih, w_ho), (b_h, b_o) = oracle.starting_weights(network)
    w_ih, w_ho, b_h, b_o = (copy.deepcopy(v) for v in (w_ih, w_ho, b_h, b_o))
    rate, hidden = 0.1, range(4)

    def squash(v):
        return 1 / (1 + math.exp(-v))

    for _ in range(plan["training"]["epochs"]):
        for inputs, (target,) in zip(x, d):
            h = [squash(w_ih[i][0] * inputs[0] + w_ih[i][1] * inputs[1] + b_h[i]) for i in hidden]
            output = squash(sum(w_ho[0][i] * h[i] for i in hidden) + b_o[0])
            error = target - output
            step = output * (1 - output) * error * rate
            for i in hidden:
                w_ho[0][i] += step * h[i]
            b_o[0] += step
            for i in hidden:  # through the moved weights
                hidden_step = h[i] * (1 - h[i]) * (w_ho[0][i] * error) * rate
                w_ih[i][0] += hidden_step * inputs[0]
                w_ih[i][1] += hidden_step * inputs[1]
                b_h[i] += hidden_step
    run = oracle.train(plan)["run"]
    close([run["weights"], run["biases"]], [[w_ih, w_ho], [b_h, b_o]], 1e-12)


# Differences -------------------------------------------------------------------------------------

COST_OUTPUTS = [
    (cost, output, d)
    for cost in ("half_mse", "half_sse", "mse")
    for output in ("sigmoid", "tanh", "relu", "leaky_relu", "softplus", "identity")
    for d in (case_plans.D1, case_plans.D3)
]
COST_OUTPUTS += [("cross_entropy", "sigmoid", d) for d in (case_plans.D1, case_plans.D3)]
COST_OUTPUTS += [
    ("cross_entropy", "softmax", d) for d in (case_plans.CLASSES2, case_plans.CLASSES3)
]


def differences(cost_of, weights, biases, h=1e-3):
    """Five-point differences of ``cost_of(weights, biases)`` by every weight and bias."""

    def slope(values, i):
        kept, found = values[i], []
        for shift in (-2, -1, 1, 2):
            values[i] = kept + shift * h
            found.append(cost_of(weights, biases))
        values[i] = kept
        return (found[0] - 8 * found[1] + 8 * found[2] - found[3]) / (12 * h)

    by_w = [[[slope(row, j) for j in range(len(row))] for row in w] for w in weights]
    return by_w, [[slope(b, k) for k in range(len(b))] for b in biases]


@pytest.mark.parametrize(
    ("cost", "output", "d"), COST_OUTPUTS, ids=[f"{c}-{o}-{len(d[0])}" for c, o, d in COST_OUTPUTS]
)
@pytest.mark.parametrize("hidden", ["sigmoid", "tanh", "relu", "leaky_relu", "softplus"])
def test_gradient_is_the_slope_of_the_cost(cost, output, d, hidden):
    """All costs by all outputs: the gradients, and what the optimiser adds for the penalty."""
    activations = [hidden, "tanh", output]
    network = {"layers": [2, 3, 3, len(d[0])], "activations": activations, "init": "uniform"}
    decay = 0.1
    optimizer = {"learning_rate": 1, "weight_decay": decay}
    plan = {
        # Seed 459: no net input of a kinked neuron comes within 2 h of its kink.
        "network": {**network, "seed": 459},
        "training": {"cost": cost, "batch_size": None, "epochs": 1, "optimizer": optimizer},
        "data": {"x": case_plans.X, "d": d},
    }
    result = oracle.train(plan)
    first = result["first_update"]
    kinked = [z for z, a in zip(first["z"], activations) if a in ("relu", "leaky_relu")]
    assert min((abs(v) for v in make_cases.numbers(kinked)), default=1.0) > 0.1
    weights = copy.deepcopy(result["starting_weights"])
    biases = copy.deepcopy(result["starting_biases"])

    def cost_of(decay):
        return lambda w, b: oracle.mean_cost(w, b, activations, cost, decay, case_plans.X, d)

    expected = differences(cost_of(0), weights, biases)
    close([first["grad_weights"], first["grad_biases"]], list(expected), DIFFERENCES)
    by_w, by_b = differences(cost_of(decay), weights, biases)
    old = make_cases.numbers([weights, biases])
    new = make_cases.numbers([first["new_weights"], first["new_biases"]])
    close([p - q for p, q in zip(old, new)], make_cases.numbers([by_w, by_b]), DIFFERENCES)


def test_other_rules_are_not_the_gradient():
    plan = copy.deepcopy(PLANS["rule-transpose-simultaneous-deep"])
    found = {}
    for rule in ("gradient", "transpose", "proportional_abs"):
        plan["training"].update(rule=rule, epochs=1, snapshots=[])
        found[rule] = oracle.train(plan)["first_update"]["grad_weights"]
    for rule in ("transpose", "proportional_abs"):
        assert make_cases.distance(found[rule][-1], found["gradient"][-1]) == 0
        assert make_cases.distance(found[rule][0], found["gradient"][0]) > 0.1


@pytest.mark.parametrize("z", [-800.0, 800.0])
def test_saturated_cross_entropy_is_finite(z):
    a = oracle.activate("sigmoid", [z])
    right = 1 if z > 0 else 0
    assert oracle.sample_cost("cross_entropy", "sigmoid", [z], a, [right]) == 0
    assert oracle.sample_cost("cross_entropy", "sigmoid", [z], a, [1 - right]) == 800
    assert oracle.sample_cost("cross_entropy", "softmax", [z, 0.0], None, [1 - right, right]) == 800


# Random numbers ----------------------------------------------------------------------------------

# R 4.2.2: set.seed(seed, "Mersenne-Twister", "Inversion", "Rejection"), then the numbers
# 1, 2, 624, 625 and 1300 of runif(1300).
R_UNIFORMS = {
    0: [
        0.8966972001362592,
        0.2655086631421,
        0.7682484304532409,
        0.13648758619092405,
        0.3992657368071377,
    ],
    1: [
        0.2655086631421,
        0.37212389963679016,
        0.13648758619092405,
        0.3248651404865086,
        0.02094694459810853,
    ],
    42: [
        0.9148060434963554,
        0.9370754132978618,
        0.7340297200717032,
        0.15048409905284643,
        0.36593007086776197,
    ],
    -5: [
        0.7345947679132223,
        0.33969277143478394,
        0.3192642710637301,
        0.20666268677450716,
        0.9258503236342221,
    ],
    2026: [
        0.698673470877111,
        0.5565305058844388,
        0.677230577217415,
        0.8765217694453895,
        0.36136184306815267,
    ],
    2147483647: [
        0.6896674267482013,
        0.9878751782234758,
        0.46012574597261846,
        0.10062019852921367,
        0.6161030924413353,
    ],
    -2147483647: [
        0.5620166787412018,
        0.5756177932489663,
        0.8083020858466625,
        0.7469239023048431,
        0.6105786073021591,
    ],
}


@pytest.mark.parametrize("seed", R_UNIFORMS)
def test_random_numbers_are_the_stored_ones_of_r(seed):
    stream = oracle.Random(seed)
    u = [stream.uniform() for _ in range(1300)]
    assert [u[i - 1] for i in (1, 2, 624, 625, 1300)] == R_UNIFORMS[seed]


@pytest.mark.skipif(
    shutil.which("Rscript") is None and "rscript" not in REQUIRED, reason="Rscript is not on PATH"
)
def test_random_numbers_and_orders_are_those_of_r():
    seeds = [0, 1, 42, -5, 2026, 2147483647, -2147483647, 7, 99]
    code = (
        f"for (s in c({','.join(map(str, seeds))})) {{"
        'set.seed(s, "Mersenne-Twister", "Inversion", "Rejection");'
        'cat(sprintf("%.17g", runif(1500)), "\\n"); cat(order(runif(20)), "\\n") }'
    )
    done = subprocess.run(
        ["Rscript", "--vanilla", "-e", code], capture_output=True, text=True, check=True
    )
    lines = done.stdout.splitlines()
    assert len(lines) == 2 * len(seeds)
    for seed, uniforms, order in zip(seeds, lines[::2], lines[1::2]):
        stream = oracle.Random(seed)
        assert [stream.uniform() for _ in range(1500)] == [float(v) for v in uniforms.split()]
        assert [i + 1 for i in stream.order(20)] == [int(v) for v in order.split()]


def test_a_uniform_number_is_never_0():
    stream = oracle.Random(1)
    stream.state, stream.position = [0] * 624, 0
    assert stream.uniform() == 0.5 * 2.328306437080797e-10


def test_starting_weights_by_hand():
    network = {"layers": [2, 3, 1], "seed": 5, "weights": None, "biases": None, "init": "uniform"}
    weights, biases = oracle.starting_weights(network)
    stream = oracle.Random(5)
    drawn = [-1 + 2 * stream.uniform() for _ in range(13)]
    # Layer 2: weights row by row, then its biases; then layer 3.
    assert make_cases.numbers([weights[0], biases[0], weights[1], biases[1]]) == drawn
    weights, biases = oracle.starting_weights({**network, "init": "he"})
    stream = oracle.Random(5)
    drawn = [math.sqrt(limit) * (2 * stream.uniform() - 1) for limit in [3] * 6 + [2] * 3]
    close(make_cases.numbers(weights), drawn, 1e-15)
    assert biases == [[0, 0, 0], [0]]


# torch -------------------------------------------------------------------------------------------


def torch_run(torch, plan):
    """Weights and biases after the plan's training in torch, with its own costs and optimisers."""
    network, training, x, d = oracle.complete(plan)
    weights, biases = oracle.starting_weights(network)

    def tensor(v):
        return torch.tensor(v, dtype=torch.float64)

    weights = [tensor(w).requires_grad_() for w in weights]
    biases = [tensor(b).requires_grad_() for b in biases]
    x, d = tensor(x), tensor(d)
    n, outputs = d.shape
    functional = torch.nn.functional
    functions = {
        "sigmoid": torch.sigmoid,
        "tanh": torch.tanh,
        "relu": torch.relu,
        "leaky_relu": functional.leaky_relu,
        "softplus": functional.softplus,
        "identity": lambda z: z,
        "softmax": lambda z: z,
    }
    s = dict(training["optimizer"])
    name, rate, decay = s.pop("name"), s.pop("learning_rate"), s.pop("weight_decay")
    classes = {"rmsprop": "RMSprop", "adam": "Adam", "rprop": "Rprop"}
    optimizer_class = getattr(torch.optim, classes.get(name, "SGD"))
    groups = [{"params": biases}, {"params": weights}]
    if name == "rprop":  # torch's has no weight decay: it goes into the cost below
        groups = weights + biases
    else:
        groups[1]["weight_decay"] = decay
    optimizer = optimizer_class(groups, lr=rate, **s)
    scheduler = torch_scheduler(torch, optimizer, training, n)
    shares = tensor(training["sample_weight"] or [1.0] * n)
    limit = training["clip_norm"]
    size = n if training["batch_size"] is None else int(training["batch_size"])
    stream = oracle.Random(training["seed"])
    for _ in range(training["epochs"]):
        order = stream.order(n) if training["shuffle"] else list(range(n))
        for first in range(0, n, size):
            rows = order[first : first + size]
            masks = oracle.draw_masks(training["dropout"], network["layers"], len(rows), stream)
            a = x[rows]
            for i, (w, b, f) in enumerate(zip(weights, biases, network["activations"])):
                z = functional.linear(a, w, b)
                a = functions[f](z)
                if masks is not None and i < len(weights) - 1 and masks[0][i] is not None:
                    a = a * tensor([of_sample[i] for of_sample in masks])
            if training["cost"] != "cross_entropy":
                scale = {"half_mse": 0.5, "half_sse": 0.5 * outputs, "mse": 1.0}[training["cost"]]
                costs = scale * functional.mse_loss(a, d[rows], reduction="none").mean(dim=1)
            elif network["activations"][-1] == "softmax":
                costs = functional.cross_entropy(z, d[rows], reduction="none")
            else:
                costs = functional.binary_cross_entropy_with_logits(z, d[rows], reduction="none")
                costs = costs.sum(dim=1)
            cost = (shares[rows] * costs).mean()
            if name == "rprop":
                cost = cost + decay / 2 * sum((w * w).sum() for w in weights)
            optimizer.zero_grad()
            cost.backward()
            if limit is not None:
                norm = torch.nn.utils.clip_grad_norm_(weights + biases, math.inf).item()
                # torch divides by the norm plus 1e-6
                longer = limit * (1 + 1e-6 / norm) if norm > limit else math.inf
                torch.nn.utils.clip_grad_norm_(weights + biases, longer)
            optimizer.step()
        if scheduler is not None:
            scheduler.step()
    return [[v.tolist() for v in weights], [v.tolist() for v in biases]]


def torch_scheduler(torch, optimizer, training, rows):
    """torch's own scheduler for the plan's schedule; None for a rate that stays."""
    schedule = training["schedule"]
    if schedule is None:
        return None
    schedulers = torch.optim.lr_scheduler
    return {
        "exponential": lambda: schedulers.ExponentialLR(optimizer, schedule["gamma"]),
        "step": lambda: schedulers.StepLR(optimizer, int(schedule["every"]), schedule["gamma"]),
        "cosine": lambda: schedulers.CosineAnnealingLR(optimizer, training["epochs"]),
        "inverse": lambda: schedulers.LambdaLR(
            optimizer, lambda done: 1 / (1 + rows * done) ** schedule["power"]
        ),
    }[schedule["name"]]()


TORCH_PLANS = [
    name
    for name, plan in PLANS.items()
    if plan.get("training", {}).get("rule", "gradient") == "gradient"
    and plan.get("training", {}).get("update_order", "simultaneous") == "simultaneous"
    and not name.startswith(("plan-", "init-", "portable-"))
]


def import_torch():
    if "torch" not in REQUIRED:
        return pytest.importorskip("torch")
    import torch

    return torch


@pytest.mark.parametrize("name", TORCH_PLANS)
def test_torch_agrees(name):
    torch = import_torch()
    torch.set_num_threads(1)
    plan = copy.deepcopy(PLANS[name])
    if not name.startswith("optimizer-"):  # those run to their end, the others for 20 epochs
        plan["training"]["epochs"] = min(plan["training"]["epochs"], 20)
    run = oracle.train(plan)["run"]
    close([run["weights"], run["biases"]], torch_run(torch, plan), TORCH)


def test_torch_sees_every_optimizer():
    optimizers = [PLANS[name]["training"].get("optimizer", {}) for name in TORCH_PLANS]
    seen = {optimizer.get("name") for optimizer in optimizers}
    assert set(oracle.DEFAULT_OPTIMIZERS) <= seen


# Training -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("shuffle", [False, True])
def test_cost_of_an_epoch_is_that_of_the_forward_passes_of_its_updates(shuffle):
    """Two epochs in batches of 2, 2 and 1 rows, put together again from every update's snapshot."""
    plan = copy.deepcopy(PLANS["shuffle-mini"])
    plan["training"].update(epochs=2, shuffle=shuffle, snapshots=[1, 2, 3, 4, 5, 6])
    result = oracle.train(plan)
    network, training, x, d = oracle.complete(plan)
    states = [(result["starting_weights"], result["starting_biases"])]
    states += [(s["weights"], s["biases"]) for s in result["snapshots"]]
    stream = oracle.Random(5)  # the case's own seed
    activations, decay = network["activations"], training["optimizer"]["weight_decay"]

    def cost(state, rows):
        chosen = [x[r] for r in rows], [d[r] for r in rows]
        return oracle.mean_cost(*state, activations, "half_mse", decay, *chosen)

    expected, first_rows = [], None
    for first in (0, 3):
        u = [stream.uniform() for _ in range(5)] if shuffle else [0.1, 0.2, 0.3, 0.4, 0.5]
        order = [u.index(v) for v in sorted(u)]
        first_rows = first_rows or [r + 1 for r in order[:2]]
        batches = [order[:2], order[2:4], order[4:]]
        costs = [cost(states[first + i], rows) * len(rows) for i, rows in enumerate(batches)]
        expected.append(sum(costs) / 5)
    assert decay > 0
    assert result["first_update"]["rows"] == first_rows
    close(result["run"]["cost"], expected, 1e-14)
    close([s["cost"] for s in result["snapshots"]], [cost(s, range(5)) for s in states[1:]], 1e-14)
    close([result["run"]["initial_cost"]], [cost(states[0], range(5))], 1e-14)
    close([result["run"]["final_cost"]], [cost(states[-1], range(5))], 1e-14)
    assert result["run"]["weights"] == states[-1][0]


# The files ---------------------------------------------------------------------------------------


@pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc",
    reason="other C libraries' exp and tanh differ in the last bit",
)
def test_the_committed_files_are_the_oracles():
    assert make_cases.main(["--check"]) == 0


def test_check_sees_a_changed_a_missing_and_a_strange_file(tmp_path, monkeypatch, capsys):
    names = ["plan-zero-epochs", "batch-one-row"]
    monkeypatch.setattr(make_cases, "CASES", tmp_path)
    monkeypatch.setattr(make_cases, "PLANS", [p for p in case_plans.PLANS if p[0] in names])
    assert make_cases.main([]) == 0
    assert make_cases.main(["--check"]) == 0
    path = tmp_path / "batch-one-row.json"
    path.write_text(path.read_text().replace('"updates": 50', '"updates": 51'))
    (tmp_path / "plan-zero-epochs.json").unlink()
    (tmp_path / "errors" / "strange.json").write_text("[]")
    capsys.readouterr()
    assert make_cases.main(["--check"]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "batch-one-row.json is not what the oracle writes",
        "plan-zero-epochs.json is not what the oracle writes",
        "strange.json is not written by the oracle",
    ]


def test_a_badly_conditioned_case_is_refused(tmp_path, monkeypatch):
    # rmsprop's steps don't shrink: after 1,000 updates the last bits have grown to whole percents.
    plan = copy.deepcopy(PLANS["optimizer-rmsprop"])
    plan["training"]["epochs"] = 334
    monkeypatch.setattr(make_cases, "CASES", tmp_path)
    monkeypatch.setattr(make_cases, "PLANS", [("bad", "", plan)])
    with pytest.raises(SystemExit, match="bad is badly conditioned"):
        make_cases.main([])
    assert list(tmp_path.iterdir()) == []


def test_distance_is_section_10s():
    assert make_cases.distance([[1.0, 2.0], [3.5]], [[1.0, 2.0], [4.0]]) == 0.125
    assert make_cases.distance([0.0], [0.0]) == 0
    assert make_cases.distance([1e-300], [0.0]) == math.inf
    assert make_cases.distance([0.5], [0.25], size=[2.0]) == 0.125
    with pytest.raises(ValueError, match="shapes"):
        make_cases.distance([1.0], [1.0, 2.0])


def test_every_case_has_its_data_and_snapshots():
    assert len(PLANS) == len(case_plans.PLANS)
    for name, plan in PLANS.items():
        assert set(plan.get("data", {"x", "d"})) - {"sample_weight"} == {"x", "d"}, name


# The error cases ---------------------------------------------------------------------------------

ERRORS = {case["name"]: case for cases in error_plans.GROUPS.values() for case in cases}


def test_error_cases_are_whole():
    assert len(ERRORS) == sum(len(cases) for cases in error_plans.GROUPS.values())
    for name, case in ERRORS.items():
        assert sum(key in case for key in ("plan", "plan_text", "plan_file")) == 1, name
        assert sum(key in case for key in ("message", "message_start")) == 1, name
        assert case["kind"] in ("input", "divergence", "denominator"), name


@pytest.mark.parametrize("name", [n for n, c in ERRORS.items() if c["kind"] == "denominator"])
def test_denominators_vanish_where_the_case_says(name):
    case = ERRORS[name]
    with pytest.raises(oracle.Denominator) as caught:
        oracle.train(case["plan"])
    place = f"into neuron {caught.value.neuron} of layer {caught.value.layer} sum"
    assert place in case["message"]


@pytest.mark.parametrize("name", [n for n, c in ERRORS.items() if c["kind"] == "divergence"])
@pytest.mark.parametrize("factor", [1, 1 - 1e-15, 1 + 1e-15, 0.99, 1.01])
def test_divergence_comes_in_its_epoch_whatever_the_rounding(name, factor):
    case = ERRORS[name]
    network, _, _, _ = oracle.complete(case["plan"])
    weights, biases = oracle.starting_weights(network)
    weights = [[[v * factor for v in row] for row in w] for w in weights]
    with pytest.raises(oracle.Divergence) as caught:
        oracle.train(case["plan"], start=(weights, biases))
    epoch = caught.value.epoch
    assert ("before training" if epoch is None else f"in epoch {epoch};") in case["message"]


def test_broken_json_is_broken_in_strict_json():
    def refuse(token):
        raise ValueError(token)

    for name, case in ERRORS.items():
        if "plan_text" not in case:
            continue
        if name.startswith("json-"):
            with pytest.raises(ValueError):
                json.loads(case["plan_text"], parse_constant=refuse)
        else:
            json.loads(case["plan_text"], parse_constant=refuse)
