# Checks of the oracle's explained steps: by hand, and against its own step. Twins: none.
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import explain_plans
import explanation
import make_cases

import oracle

PLANS = {name: plan for name, _, plan in explain_plans.PLANS}

# Written out by hand to 15 places.
HAND = 1e-14

# The data set three_by_three by hand -------------------------------------------------------------
#
# x = (0.9, 0.1, 0.8), d = (0.9, 0.1, 0.1), sigmoids, half_mse with K = 3 (s = 1/3), eta = 1/2.
# W[2] = (0.9 0.3 0.4; 0.2 0.8 0.2; 0.1 0.5 0.6), W[3] = (0.3 0.7 0.5; 0.6 0.5 0.2; 0.8 0.1 0.9),
# all biases 0.
#
# z[2]_1 = 0.9*0.9 + 0.3*0.1 + 0.4*0.8 = 0.81 + 0.03 + 0.32 = 1.16
# z[2]_2 = 0.2*0.9 + 0.8*0.1 + 0.2*0.8 = 0.18 + 0.08 + 0.16 = 0.42
# z[2]_3 = 0.1*0.9 + 0.5*0.1 + 0.6*0.8 = 0.09 + 0.05 + 0.48 = 0.62
# a[2] = 1 / (1 + exp(-z[2])) = (0.761332714842910, 0.603483249864726, 0.650218548573827)
# z[3]_1 = 0.3 a1 + 0.7 a2 + 0.5 a3 = 0.975947363645095
# z[3]_2 = 0.6 a1 + 0.5 a2 + 0.2 a3 = 0.888584963552875
# z[3]_3 = 0.8 a1 + 0.1 a2 + 0.9 a3 = 1.254611190577245
# a[3] = (0.726303345013979, 0.708598072424823, 0.778097059561142)
# e[3] = a[3] - d = (-0.173696654986021, 0.608598072424823, 0.678097059561142)
# C = (0.173696654986021^2 + 0.608598072424823^2 + 0.678097059561142^2) / 6 = 0.143396293983002
# f'(z[3]) = a (1 - a) = (0.198786796035484, 0.206486844180648, 0.172662025463447)
# delta[3] = e f' / 3 = (-0.011509533842251, 0.041889165116476, 0.039027203921545)
# dC/dW[3]_k,j = delta[3]_k a[2]_j, e.g. -0.011509533842251 * 0.761332714842910
#              = -0.008762584646697, 0.039027203921545 * 0.603483249864726 = 0.023552263855707
# blame[3]_1 = (0.3, 0.7, 0.5) / 1.5 = (1/5, 7/15, 1/3)
# blame[3]_2 = (0.6, 0.5, 0.2) / 1.3 = (6/13, 5/13, 2/13)
# blame[3]_3 = (0.8, 0.1, 0.9) / 1.8 = (4/9, 1/18, 1/2)
# share[3]_k,j = W_kj e_k f'_k, e.g. 0.3 * -0.173696654986021 * 0.198786796035484
#              = -0.010358580458026, 0.8 * 0.678097059561142 * 0.172662025463447
#              = 0.093665289411707
# shares[3] = (1.5 e1 f'1, 1.3 e2 f'2, 1.8 e3 f'3)
#           = (-0.051792902290128, 0.163367743954256, 0.210746901176342)
# e[2]_1 = -0.010358580458026 + 0.075400497209656 + 0.093665289411707 = 0.158707206163338
# e[2] = (0.158707206163338, 0.050371887782451, 0.113242648894680)
# f'(z[2]) = (0.181705212152834, 0.239291216997435, 0.227434387664373)
# delta[2] = e f' / 3 = (0.009612642188698, 0.004017850109974, 0.008585090836284)
# new W = W - dC/dW / 2, new b = -delta / 2
# Forward again: new a[3] = (0.728468577886169, 0.697776876036838, 0.769324247256951), and so
# new e[3] = (-0.171531422113831, 0.597776876036838, 0.669324247256951),
# new C = 0.139125861710473, change = 0.139125861710473 - 0.143396293983002 = -0.004270432272529

A_2 = [0.761332714842910, 0.603483249864726, 0.650218548573827]
DELTA_3 = [-0.011509533842251, 0.041889165116476, 0.039027203921545]
DELTA_2 = [0.009612642188698, 0.004017850109974, 0.008585090836284]
BLAME_3 = [[1 / 5, 7 / 15, 1 / 3], [6 / 13, 5 / 13, 2 / 13], [4 / 9, 1 / 18, 1 / 2]]
NEW_W_3 = [
    [0.304381292323349, 0.703472905443775, 0.503741856194835],
    [0.584054204099685, 0.487360295250695, 0.186381443928498],
    [0.785143656442841, 0.088223868072146, 0.887311894055619],
]
NEW_W_2 = [
    [0.895674311015086, 0.299519367890565, 0.396154943124521],
    [0.198191967450512, 0.799799107494501, 0.198392859956011],
    [0.096136709123672, 0.499570745458186, 0.596565963665486],
]


def each(text, values):
    """The entries ("z[2]_1", 1.16) and so on of a vector or matrix."""
    for k, value in enumerate(values, 1):
        if isinstance(value, list):
            yield from ((f"{text}_{k},{j}", v) for j, v in enumerate(value, 1))
        else:
            yield f"{text}_{k}", value


def slopes(layer, values):
    return [(f"f'(z[{layer}]_{k})", value) for k, value in enumerate(values, 1)]


def outer(p, q):
    return [[a * b for b in q] for a in p]


THREE_BY_THREE = dict(
    [
        *each("a[1]", [0.9, 0.1, 0.8]),
        *each("d", [0.9, 0.1, 0.1]),
        *each("z[2]", [1.16, 0.42, 0.62]),
        *each("a[2]", A_2),
        *each("z[3]", [0.975947363645095, 0.888584963552875, 1.254611190577245]),
        *each("a[3]", [0.726303345013979, 0.708598072424823, 0.778097059561142]),
        *each("e[3]", [-0.173696654986021, 0.608598072424823, 0.678097059561142]),
        ("C", 0.143396293983002),
        ("s", 0.333333333333333),
        *slopes(3, [0.198786796035484, 0.206486844180648, 0.172662025463447]),
        *each("delta[3]", DELTA_3),
        *each("dC/dW[3]", outer(DELTA_3, A_2)),
        *each("dC/db[3]", DELTA_3),
        *each("blame[3]", BLAME_3),
        *each("share[3]", [
            [-0.010358580458026, -0.024170021068726, -0.017264300763376],
            [0.075400497209656, 0.062833747674714, 0.025133499069885],
            [0.093665289411707, 0.011708161176463, 0.105373450588171],
        ]),
        *each("shares[3]", [-0.051792902290128, 0.163367743954256, 0.210746901176342]),
        *each("e[2]", [0.158707206163338, 0.050371887782451, 0.113242648894680]),
        *slopes(2, [0.181705212152834, 0.239291216997435, 0.227434387664373]),
        *each("delta[2]", DELTA_2),
        *each("dC/dW[2]", outer(DELTA_2, [0.9, 0.1, 0.8])),
        *each("dC/db[2]", DELTA_2),
        ("eta", 0.5),
        *each("new W[2]", NEW_W_2),
        *each("new b[2]", [-v / 2 for v in DELTA_2]),
        *each("new W[3]", NEW_W_3),
        *each("new b[3]", [-v / 2 for v in DELTA_3]),
        *each("new e[3]", [-0.171531422113831, 0.597776876036838, 0.669324247256951]),
        ("new C", 0.139125861710473),
        ("change", -0.004270432272529),
    ]
)  # fmt: skip


def test_three_by_three_by_hand():
    rows = explanation.explain(PLANS["three-by-three"])
    found = {row[5]: row[6] for row in rows}
    assert len(found) == len(rows)
    assert found.keys() == THREE_BY_THREE.keys()
    for text, value in THREE_BY_THREE.items():
        assert abs(found[text] - value) <= HAND, text


# Every kind of row of a 1-1-1 network, two samples, in the order that section 12 gives; from and to
# are 1 wherever there are any.
ALL_ROWS = """
input 1 1 - 1 a[1]_1^(1)          |target 1 3 - 1 d_1^(1)
input 2 1 - 1 a[1]_1^(2)          |target 2 3 - 1 d_1^(2)
weighted_sum 1 2 - 1 z[2]_1^(1)   |activation 1 2 - 1 a[2]_1^(1)
weighted_sum 2 2 - 1 z[2]_1^(2)   |activation 2 2 - 1 a[2]_1^(2)
weighted_sum 1 3 - 1 z[3]_1^(1)   |activation 1 3 - 1 a[3]_1^(1)
weighted_sum 2 3 - 1 z[3]_1^(2)   |activation 2 3 - 1 a[3]_1^(2)
output_error 1 3 - 1 e[3]_1^(1)   |output_error 2 3 - 1 e[3]_1^(2)
sample_cost 1 - - - C^(1)         |sample_cost 2 - - - C^(2)
penalty - - - - penalty           |cost - - - - C
scale - - - - s
derivative 1 3 - 1 f'(z[3]_1^(1)) |delta 1 3 - 1 delta[3]_1^(1)
derivative 2 3 - 1 f'(z[3]_1^(2)) |delta 2 3 - 1 delta[3]_1^(2)
gradient - 3 1 1 dC/dW[3]_1,1     |gradient - 3 - 1 dC/db[3]_1
setting - - - - eta               |setting - - - - eps
setting - - - - beta1             |setting - - - - beta2
setting - - - - t                 |setting - - - - lambda
optimizer - 3 1 1 G[3]_1,1        |optimizer - 3 1 1 new m[3]_1,1
optimizer - 3 1 1 new v[3]_1,1    |update - 3 1 1 new W[3]_1,1
optimizer - 3 - 1 new m[3]_1      |optimizer - 3 - 1 new v[3]_1
update - 3 - 1 new b[3]_1
denominator - 3 - 1 D[3]_1        |blame - 3 1 1 blame[3]_1,1
share 1 3 1 1 share[3]_1,1^(1)    |shares 1 3 - 1 shares[3]_1^(1)
error 1 2 - 1 e[2]_1^(1)
share 2 3 1 1 share[3]_1,1^(2)    |shares 2 3 - 1 shares[3]_1^(2)
error 2 2 - 1 e[2]_1^(2)
derivative 1 2 - 1 f'(z[2]_1^(1)) |delta 1 2 - 1 delta[2]_1^(1)
derivative 2 2 - 1 f'(z[2]_1^(2)) |delta 2 2 - 1 delta[2]_1^(2)
gradient - 2 1 1 dC/dW[2]_1,1     |gradient - 2 - 1 dC/db[2]_1
optimizer - 2 1 1 G[2]_1,1        |optimizer - 2 1 1 new m[2]_1,1
optimizer - 2 1 1 new v[2]_1,1    |update - 2 1 1 new W[2]_1,1
optimizer - 2 - 1 new m[2]_1      |optimizer - 2 - 1 new v[2]_1
update - 2 - 1 new b[2]_1
output_error_after 1 3 - 1 new e[3]_1^(1)|output_error_after 2 3 - 1 new e[3]_1^(2)
sample_cost_after 1 - - - new C^(1)|sample_cost_after 2 - - - new C^(2)
penalty_after - - - - new penalty |cost_after - - - - new C
change - - - - change
"""


def test_the_rows_are_in_the_contracts_order():
    plan = {
        "network": {"layers": [1, 1, 1], "weights": [[[0.5]], [[0.25]]]},
        "training": {
            "rule": "proportional",
            "update_order": "output_first",
            "batch_size": None,
            "optimizer": {"name": "adam", "weight_decay": 0.5},
        },
        "data": {"x": [[1], [2]], "d": [[1], [0]]},
    }
    rows = explanation.explain(plan)
    found = [" ".join("-" if v is None else str(v) for v in row[:6]) for row in rows]
    assert found == [row.strip() for row in ALL_ROWS.strip().replace("\n", "|").split("|")]
    # By hand: the penalty 0.5 / 2 (0.25 + 0.0625), G = gradient + lambda W, m = 0.1 G and
    # v = 0.001 G^2; the first step of adam is eta as long: 0.001 G / (abs(G) + eps).
    value = {row[5]: row[6] for row in rows}
    assert value["penalty"] == 0.078125
    G = value["dC/dW[3]_1,1"] + 0.125
    assert value["G[3]_1,1"] == G
    assert value["new m[3]_1,1"] == pytest.approx(0.1 * G, rel=1e-14)
    assert value["new v[3]_1,1"] == pytest.approx(0.001 * G * G, rel=1e-14)
    assert value["new W[3]_1,1"] == pytest.approx(0.25 - 0.001 * G / (abs(G) + 1e-8), rel=1e-12)
    squares = value["new W[2]_1,1"] ** 2 + value["new W[3]_1,1"] ** 2
    assert value["new penalty"] == pytest.approx(0.25 * squares, rel=1e-14)
    costs = value["new C^(1)"] + value["new C^(2)"]
    assert value["new C"] == pytest.approx(costs / 2 + value["new penalty"], rel=1e-14)
    assert value["change"] == value["new C"] - value["C"]
    # Output first: the only weight's share is the whole error, whatever the weight became.
    assert value["D[3]_1"] == value["new W[3]_1,1"]
    assert value["e[2]_1^(2)"] == pytest.approx(value["e[3]_1^(2)"], rel=1e-14)


@pytest.mark.parametrize("name", PLANS)
def test_the_rows_are_those_of_the_first_update(name):
    """What the training's oracle computed is in the table, and what adds up does."""
    plan = PLANS[name]
    first = oracle.train({**plan, "training": {**plan["training"], "epochs": 1}})["first_update"]
    rows = explanation.explain(plan)
    found = {row[5]: row[6] for row in rows}
    n, layers = len(first["rows"]), plan["network"]["layers"]
    behind = [f"^({i + 1})" if n > 1 else "" for i in range(n)]
    for i, sample in enumerate(behind):
        for layer, (e, delta) in enumerate(zip(first["e"], first["delta"]), 2):
            for k in range(layers[layer - 1]):
                assert found[f"e[{layer}]_{k + 1}{sample}"] == e[i][k]
                assert found[f"delta[{layer}]_{k + 1}{sample}"] == delta[i][k]
        for layer in range(3, len(layers) + 1):
            arrived = first["e"][layer - 3][i]
            sent = [found[f"shares[{layer}]_{k + 1}{sample}"] for k in range(layers[layer - 1])]
            # sums of the same shares in another order
            size = sum(abs(v) for v in [*sent, *arrived])
            assert abs(oracle.total(arrived) - oracle.total(sent)) <= 1e-15 * size
    for layer, (w, b) in enumerate(zip(first["new_weights"], first["new_biases"]), 2):
        for k, row in enumerate(w, 1):
            assert found[f"new b[{layer}]_{k}"] == b[k - 1]
            for j, value in enumerate(row, 1):
                assert found[f"new W[{layer}]_{k},{j}"] == value


def test_a_name_is_given_once():
    assert len(PLANS) == len(explain_plans.PLANS)


def test_groups_have_the_sizes_of_what_they_are_differences_of():
    rows = [
        ["activation", None, 2, None, 1, "a[2]_1", 0.5],
        ["output_error", None, 2, None, 1, "e[2]_1", 0.125],
        ["cost", None, None, None, None, "C", 0.25],
        ["optimizer", None, 2, 1, 1, "new m[2]_1,1", -4.0],
        ["optimizer", None, 2, 1, 1, "new v[2]_1,1", 0.75],
        ["optimizer", None, 2, 1, 2, "new m[2]_2,1", 3.0],
        ["change", None, None, None, None, "change", -0.0625],
    ]
    values, sizes = make_cases.groups(rows)
    assert values["optimizer 2 new m"] == [-4.0, 3.0]
    assert sizes == {
        "activation 2 a": 0.5,
        "output_error 2 e": 0.5,
        "cost None C": 0.25,
        "optimizer 2 new m": 4.0,
        "optimizer 2 new v": 0.75,
        "change None change": 0.25,
    }


def test_a_badly_conditioned_step_is_refused(tmp_path, monkeypatch):
    # rprop takes a sign, of a gradient that is 0 but for rounding.
    plan = {
        "network": {"layers": [1, 1, 1], "activations": "identity", "weights": [[[0.1]], [[3]]]},
        "training": {"optimizer": {"name": "rprop"}},
        "data": {"x": [[1]], "d": [[0.3]]},
    }
    monkeypatch.setattr(make_cases, "CASES", tmp_path)
    monkeypatch.setattr(make_cases, "PLANS", [])
    monkeypatch.setattr(explain_plans, "PLANS", [("bad", "", plan)])
    with pytest.raises(SystemExit, match="explain/bad is badly conditioned"):
        make_cases.main([])
    assert not (tmp_path / "explain").exists()
