"""One step by hand, and what each rule makes of an error. Twins: tests/testthat/test-backprop.R,
tests/js/backprop.test.js."""

import numpy as np
import pytest

from twinprop import RULES, DenominatorError, Network, Optimizer, load_dataset

# The hand calculations have 16 decimals.
HAND = 1e-12


def near(found, expected):
    np.testing.assert_allclose(found, expected, rtol=0, atol=HAND)


# A 2-2-2 network by hand ------------------------------------------------------------------------
#
# x = (1, 2), d = (1, 0), sigmoids, half_mse with K = 2 (s = 1/2), eta = 1/2
# W[2] = ( 0.1 -0.2)  b[2] = ( 0.1)   W[3] = ( 0.5 0.6)  b[3] = (0  )
#        ( 0.3  0.4)         (-0.1)          (-0.7 0.8)         (0.2)
#
# z[2] = (0.1*1 - 0.2*2 + 0.1, 0.3*1 + 0.4*2 - 0.1) = (-0.2, 1)
# a[2] = (1/(1 + exp(0.2)), 1/(1 + exp(-1))) = (0.4501660026875221, 0.7310585786300049)
# z[3] = (0.5 a1 + 0.6 a2, -0.7 a1 + 0.8 a2 + 0.2) = (0.6637181485217640, 0.4697306610227384)
# a[3] = (0.6600951236878534, 0.6153200054866104)
#
# e[3] = a[3] - d = (-0.3399048763121466, 0.6153200054866104)
# cost = (e1^2 + e2^2) / 4 = 0.1235385085232045
# g[3] = e a (1 - a) = (-0.0762643046070976, 0.1456470429592743)
# delta[3] = g[3] / 2 = (-0.0381321523035488, 0.0728235214796371)
# grad W[3] = delta[3] a[2]' = (-0.0171657985763604 -0.0278768370631353)
#                              ( 0.0327826735661172  0.0532382601037352)
# grad b[3] = delta[3]
#
# e[2] = W[3]' g[3] = (0.5 g1 - 0.7 g2, 0.6 g1 + 0.8 g2) = (-0.1400850823750408, 0.0707590516031608)
# delta[2] = e a (1 - a) / 2 = (-0.0173366897387643, 0.0069560369650156)
# grad W[2] = delta[2] x' = (-0.0173366897387643 -0.0346733794775287)
#                           ( 0.0069560369650156  0.0139120739300312)
# grad b[2] = delta[2]
#
# new W[3] = W[3] - grad / 2 = ( 0.5085828992881802 0.6139384185315676)
#                              (-0.7163913367830586 0.7733808699481324)
# new b[3] = (0.0190660761517744, 0.1635882392601814)
# new W[2] = W[2] - grad / 2 = (0.1086683448693822 -0.1826633102612357)
#                              (0.2965219815174922  0.3930439630349844)
# new b[2] = (0.1086683448693822, -0.1034780184825078)

X, D = [[1.0, 2.0]], [[1.0, 0.0]]
START = {
    "weights": [[[0.1, -0.2], [0.3, 0.4]], [[0.5, 0.6], [-0.7, 0.8]]],
    "biases": [[0.1, -0.1], [0.0, 0.2]],
}


def two_two_two():
    return Network([2, 2, 2], **START)


def test_two_two_two_by_hand():
    network = two_two_two()
    forward = network.forward(X)
    near(forward.z[0], [[-0.2, 1.0]])
    near(forward.z[1], [[0.6637181485217640, 0.4697306610227384]])
    near(forward.a[0], X)
    near(forward.a[1], [[0.4501660026875221, 0.7310585786300049]])
    near(forward.a[2], [[0.6600951236878534, 0.6153200054866104]])
    near(network.mean_cost(X, D), 0.1235385085232045)

    backward = network.backward(forward, D)
    near(backward.e[1], [[-0.3399048763121466, 0.6153200054866104]])
    near(backward.e[0], [[-0.1400850823750408, 0.0707590516031608]])
    near(backward.delta[1], [[-0.0381321523035488, 0.0728235214796371]])
    near(backward.delta[0], [[-0.0173366897387643, 0.0069560369650156]])
    near(
        backward.grad_weights[1],
        [[-0.0171657985763604, -0.0278768370631353], [0.0327826735661172, 0.0532382601037352]],
    )
    near(
        backward.grad_weights[0],
        [[-0.0173366897387643, -0.0346733794775287], [0.0069560369650156, 0.0139120739300312]],
    )
    near(backward.grad_biases[1], backward.delta[1][0])
    near(backward.grad_biases[0], backward.delta[0][0])

    network.update(backward)
    near(
        network.weights[1],
        [[0.5085828992881802, 0.6139384185315676], [-0.7163913367830586, 0.7733808699481324]],
    )
    near(
        network.weights[0],
        [[0.1086683448693822, -0.1826633102612357], [0.2965219815174922, 0.3930439630349844]],
    )
    near(network.biases[1], [0.0190660761517744, 0.1635882392601814])
    near(network.biases[0], [0.1086683448693822, -0.1034780184825078])


# The 3-3-3 example of three_by_three by hand ----------------------------------------------------
#
# x = (0.9, 0.1, 0.8), d = (0.9, 0.1, 0.1), sigmoids, half_mse with K = 3 (s = 1/3), eta = 1/2
# W[2] = (0.9 0.3 0.4)  W[3] = (0.3 0.7 0.5)  all biases 0
#        (0.2 0.8 0.2)         (0.6 0.5 0.2)
#        (0.1 0.5 0.6)         (0.8 0.1 0.9)
#
# z[2] = (0.81 + 0.03 + 0.32, 0.18 + 0.08 + 0.16, 0.09 + 0.05 + 0.48) = (1.16, 0.42, 0.62)
# a[2] = (0.7613327148429104, 0.6034832498647263, 0.6502185485738271)
# z[3] = (0.9759473636450951, 0.8885849635528748, 1.2546111905772453)
# a[3] = (0.7263033450139793, 0.7085980724248232, 0.7780970595611419)
# e[3] = (-0.1736966549860207, 0.6085980724248232, 0.6780970595611419)
# cost = (e1^2 + e2^2 + e3^2) / 6 = 0.1433962939830016
# g[3] = e a (1 - a) = (-0.0345286015267519, 0.1256674953494273, 0.1170816117646342)
# delta[3] = g[3] / 3 = (-0.0115095338422506, 0.0418891651164758, 0.0390272039215447)
# e[2] = W[3]' g[3] = (0.3 g1 + 0.6 g2 + 0.8 g3, 0.7 g1 + 0.5 g2 + 0.1 g3, 0.5 g1 + 0.2 g2 + 0.9 g3)
#      = (0.1587072061633382, 0.0503718877824508, 0.1132426488946803)
# delta[2] = e a (1 - a) / 3 = (0.0096126421886976, 0.0040178501099736, 0.0085850908362844)
# new W = W - delta a' / 2, new b = -delta / 2


def test_three_by_three_by_hand():
    data = load_dataset("three_by_three")
    x, d = data.plan_data()[:2]
    network = Network(**data.network)
    step = network.step(x, d)
    near(step.forward.z[0], [[1.16, 0.42, 0.62]])
    near(step.forward.a[1], [[0.7613327148429104, 0.6034832498647263, 0.6502185485738271]])
    near(step.forward.z[1], [[0.9759473636450951, 0.8885849635528748, 1.2546111905772453]])
    near(step.forward.a[2], [[0.7263033450139793, 0.7085980724248232, 0.7780970595611419]])
    near(step.backward.e[1], [[-0.1736966549860207, 0.6085980724248232, 0.6780970595611419]])
    near(step.backward.e[0], [[0.1587072061633382, 0.0503718877824508, 0.1132426488946803]])
    near(step.backward.delta[1], [[-0.0115095338422506, 0.0418891651164758, 0.0390272039215447]])
    near(step.backward.delta[0], [[0.0096126421886976, 0.0040178501099736, 0.0085850908362844]])
    near(Network(**data.network).mean_cost(x, d), 0.1433962939830016)
    near(
        network.weights[1],
        [
            [0.3043812923233485, 0.7034729054437747, 0.5037418561948348],
            [0.5840542040996853, 0.4873602952506945, 0.1863814439284979],
            [0.7851436564428412, 0.0882238680721464, 0.8873118940556192],
        ],
    )
    near(
        network.weights[0],
        [
            [0.8956743110150861, 0.2995193678905651, 0.3961549431245209],
            [0.1981919674505119, 0.7997991074945013, 0.1983928599560106],
            [0.0961367091236720, 0.4995707454581858, 0.5965659636654862],
        ],
    )
    near(network.biases[1], [0.0057547669211253, -0.0209445825582379, -0.0195136019607724])
    near(network.biases[0], [-0.0048063210943488, -0.0020089250549868, -0.0042925454181422])


# Rules ------------------------------------------------------------------------------------------
#
# x = a[2] = (1, 1) through an identity, z[3] = W[3] a[2] + b[3] = 0, so a[3] = 1/2 and f' = 1/4;
# d = (-7.5, -5.5), so e[3] = (8, 6) and g[3] = (2, 1.5).
# W[3] = ( 1 3)  sums 4, 2; sums of sizes 4, 6
#        (-2 4)
#
# gradient          (1*2 - 2*1.5, 3*2 + 4*1.5)             = (-1, 12)
# transpose         (1*8 - 2*6, 3*8 + 4*6)                 = (-4, 48)
# proportional      (1/4*8 - 2/2*6, 3/4*8 + 4/2*6)         = (-4, 18), which add up to 14 = 8 + 6
# proportional_abs  (1/4*8 - 2/6*6, 3/4*8 + 4/6*6)         = (0, 10)
BY_RULE = {
    "gradient": [-1.0, 12.0],
    "transpose": [-4.0, 48.0],
    "proportional": [-4.0, 18.0],
    "proportional_abs": [0.0, 10.0],
}


def shared_out(rule, output_weights, d=(-7.5, -5.5)):
    """The errors of the two output and of the hidden neurons, of the network above."""
    w = np.asarray(output_weights)
    hidden = w.shape[1]
    network = Network(
        [hidden, hidden, len(w)],
        ["identity", "sigmoid"],
        weights=[np.eye(hidden), w],
        biases=[np.zeros(hidden), -w.sum(axis=1)],
    )
    backward = network.backward(network.forward(np.ones((1, hidden))), [d], rule=rule)
    return backward.e


def test_all_rules_are_tested():
    assert [*BY_RULE] == [*RULES]


@pytest.mark.parametrize("rule", RULES)
def test_rule_by_hand(rule):
    hidden, output = shared_out(rule, [[1.0, 3.0], [-2.0, 4.0]])
    near(output, [[8.0, 6.0]])
    near(hidden, [BY_RULE[rule]])


@pytest.mark.parametrize("rule", RULES)
def test_only_the_gradient_is_the_gradient(rule):
    network = two_two_two()
    backward = network.backward(network.forward(X), D, rule=rule)
    same = np.allclose(backward.e[0], [[-0.1400850823750408, 0.0707590516031608]], atol=HAND)
    assert same == (rule == "gradient")
    # The output layer is the same for all.
    near(backward.delta[1], [[-0.0381321523035488, 0.0728235214796371]])


# e[2] of the 2-2-2 network above with the sums 1.1 and 0.1, sizes 1.1 and 1.5:
# transpose         (0.5 e1 - 0.7 e2, 0.6 e1 + 0.8 e2)
# proportional      (0.5/1.1 e1 - 0.7/0.1 e2, 0.6/1.1 e1 + 0.8/0.1 e2)
# proportional_abs  (0.5/1.1 e1 - 0.7/1.5 e2, 0.6/1.1 e1 + 0.8/1.5 e2)
# and delta[2] = e[2] a[2] (1 - a[2]) / 2.
@pytest.mark.parametrize(
    ("rule", "e", "delta"),
    [
        (
            "transpose",
            [-0.6006764419967006, 0.2883130786020004],
            [-0.0743386871158888, 0.0283428958813713],
        ),
        (
            "proportional",
            [-4.4617422549117940, 4.7371573840862579],
            [-0.5521775756297265, 0.4656908356771801],
        ),
        (
            "proportional_abs",
            [-0.4416515523992727, 0.1427680097862335],
            [-0.0546580392913702, 0.0140349472045551],
        ),
    ],
)
def test_rule_in_the_two_two_two_network(rule, e, delta):
    network = two_two_two()
    backward = network.backward(network.forward(X), D, rule=rule)
    near(backward.e[0], [e])
    near(backward.delta[0], [delta])


def test_proportional_shares_add_up_to_the_error_in_every_layer():
    rng = np.random.default_rng(1)
    layers = [3, 5, 4, 2]
    weights = [rng.uniform(0.1, 1, (n, m)) for m, n in zip(layers, layers[1:])]
    network = Network(layers, "tanh", weights=weights)
    for rule in ("proportional", "proportional_abs"):  # the same for positive weights
        backward = network.backward(
            network.forward(rng.normal(size=(6, 3))), rng.normal(size=(6, 2)), rule=rule
        )
        totals = [e.sum(axis=1) for e in backward.e]
        near(totals[0], totals[2])
        near(totals[1], totals[2])


# 1 + (-1 + d) = d is left of weights of size 2: at most 2e-6 counts as nothing left.
@pytest.mark.parametrize("left", [0.0, 1.99e-6, -1.99e-6])
def test_a_vanishing_denominator_names_layer_and_neuron(left):
    with pytest.raises(DenominatorError) as caught:
        shared_out("proportional", [[1.0, 1.0], [1.0, -1.0 + left]])
    assert str(caught.value) == (
        'rule "proportional": the weights into neuron 2 of layer 3 sum to 0 or nearly 0, so its '
        'error cannot be shared out; try rule "proportional_abs" or other starting weights'
    )
    for rule in ("gradient", "transpose", "proportional_abs"):
        shared_out(rule, [[1.0, 1.0], [1.0, -1.0 + left]])


@pytest.mark.parametrize("left", [2.01e-6, -2.01e-6])
def test_a_small_denominator_is_allowed(left):
    hidden, _ = shared_out("proportional", [[1.0, 1.0], [1.0, -1.0 + left]])
    assert np.isfinite(hidden).all()


def test_sizes_vanish_only_together():
    with pytest.raises(DenominatorError) as caught:
        shared_out("proportional_abs", [[0.0, 0.0], [1e-200, -1e-200]])
    assert str(caught.value) == (
        'rule "proportional_abs": the weights into neuron 1 of layer 3 sum to 0 or nearly 0, so '
        "its error cannot be shared out; try other starting weights"
    )
    hidden, _ = shared_out("proportional_abs", [[1e-200, -1e-200], [1.0, 1.0]])
    near(hidden, [[4.0 + 3.0, -4.0 + 3.0]])


def test_the_first_vanishing_denominator_is_that_nearest_to_the_output():
    cancelling, fine = [[1.0, -1.0], [2.0, -2.0]], [[1.0, 1.0], [1.0, 1.0]]
    x, d = [[1.0, 2.0]], [[0.0, 0.0]]

    def vanishing(weights):
        network = Network([2] * (len(weights) + 1), weights=weights)
        network.backward(network.forward(x), d, rule="proportional")

    with pytest.raises(DenominatorError, match=r"neuron 1 of layer 4 "):
        vanishing([fine, cancelling, cancelling])
    with pytest.raises(DenominatorError, match=r"neuron 1 of layer 3 "):
        vanishing([fine, cancelling, fine])
    vanishing([cancelling, fine, fine])  # nothing goes back to the input


# Update order -----------------------------------------------------------------------------------
#
# The 2-2-2 network with rule transpose, half_sse (s = 1) and eta = 0.1, as the best-known p5.js
# network does it. e[3], g[3] as above, delta[3] = g[3].
# new W[3] = W[3] - 0.1 delta[3] a[2]' = ( 0.5034331597152721 0.6055753674126271)
#                                        (-0.7065565347132234 0.7893523479792530)
# new b[3] = (0.0076264304607098, 0.1854352957040726)
# simultaneous: e[2] = W[3]' e[3]     = (-0.6006764419967006, 0.2883130786020004)
# output_first: e[2] = new W[3]' e[3] = (-0.6058777567007938, 0.2798662707313910)
# delta[2] = e[2] a[2] (1 - a[2]), new W[2] = W[2] - 0.1 delta[2] x', new b[2] = b[2] - 0.1 delta[2]
@pytest.mark.parametrize(
    ("update_order", "e", "weights", "biases"),
    [
        (
            "simultaneous",
            [-0.6006764419967006, 0.2883130786020004],
            [[0.1148677374231778, -0.1702645251536445], [0.2943314208237257, 0.3886628416474515]],
            [0.1148677374231778, -0.1056685791762743],
        ),
        (
            "output_first",
            [-0.6058777567007938, 0.2798662707313910],
            [[0.1149964785820931, -0.1700070428358139], [0.2944974951462417, 0.3889949902924835]],
            [0.1149964785820931, -0.1055025048537583],
        ),
    ],
)
def test_update_order_by_hand(update_order, e, weights, biases):
    network = two_two_two()
    step = network.step(
        X,
        D,
        cost="half_sse",
        rule="transpose",
        update_order=update_order,
        optimizer=Optimizer(learning_rate=0.1),
    )
    near(step.backward.e[0], [e])
    near(network.weights[0], weights)
    near(network.biases[0], biases)
    near(
        network.weights[1],
        [[0.5034331597152721, 0.6055753674126271], [-0.7065565347132234, 0.7893523479792530]],
    )
    near(network.biases[1], [0.0076264304607098, 0.1854352957040726])


def test_output_first_divides_by_the_moved_weights():
    start = {"weights": [[[1.0], [1.0]], [[1.0, -1.0]]], "biases": [[0.0, 1.0], [0.0]]}
    with pytest.raises(DenominatorError):
        Network([1, 2, 1], **start).step([[1.0]], [[0.0]], rule="proportional")
    network = Network([1, 2, 1], **start)
    step = network.step([[1.0]], [[0.0]], rule="proportional", update_order="output_first")
    near(step.backward.e[0], step.backward.e[1] * network.weights[1] / network.weights[1].sum())


def test_a_step_that_fails_moves_nothing():
    network = Network([1, 2, 1], weights=[[[1.0], [1.0]], [[1.0, -1.0]]])
    before = network.parameters.copy()
    with pytest.raises(DenominatorError):
        network.step([[1.0]], [[0.0]], rule="proportional")
    np.testing.assert_array_equal(network.parameters, before)


# The three verbs --------------------------------------------------------------------------------


def test_means_over_the_samples():
    rng = np.random.default_rng(2)
    x, d = rng.normal(size=(5, 2)), rng.normal(size=(5, 2))
    network = two_two_two()
    forward = network.forward(x)
    batch = network.backward(forward, d)
    each = [network.backward(network.forward(x[i : i + 1]), d[i : i + 1]) for i in range(5)]
    for layer in range(2):
        near(batch.grad_weights[layer], np.mean([one.grad_weights[layer] for one in each], axis=0))
        near(batch.grad_biases[layer], np.mean([one.grad_biases[layer] for one in each], axis=0))
        near(batch.delta[layer], np.concatenate([one.delta[layer] for one in each]))
        outer = np.einsum("nk,nj->kj", batch.delta[layer], forward.a[layer])
        near(batch.grad_weights[layer], outer / 5)


def test_shapes_are_those_stated():
    layers = [4, 3, 5, 2]
    network = Network(layers, ["relu", "tanh", "sigmoid"])
    x, d = np.zeros((7, 4)), np.zeros((7, 2))
    forward = network.forward(x)
    backward = network.backward(forward, d)
    rows = [(7, n) for n in layers]
    assert [v.shape for v in forward.z] == rows[1:]
    assert [v.shape for v in forward.a] == rows
    assert [v.shape for v in backward.e] == [v.shape for v in backward.delta] == rows[1:]
    assert [v.shape for v in backward.grad_weights] == [(3, 4), (5, 3), (2, 5)]
    assert [v.shape for v in backward.grad_biases] == [(3,), (5,), (2,)]
    for values in (*forward.z, *forward.a, *(v for part in backward for v in part)):
        assert values.dtype == np.float64


@pytest.mark.parametrize("rule", RULES)
def test_backward_leaves_everything_as_it_is(rule):
    network = two_two_two()
    x, d = np.array(X), np.array(D)
    forward = network.forward(x)
    before = [v.copy() for v in (network.parameters, *forward.z, *forward.a, x, d)]
    network.backward(forward, d, rule=rule)
    after = [network.parameters, *forward.z, *forward.a, x, d]
    for one, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(one, other)


def test_forward_leaves_everything_as_it_is():
    network = two_two_two()
    x = np.array(X)
    before = network.parameters.copy()
    first = network.forward(x)
    second = network.forward(x * 2)
    np.testing.assert_array_equal(network.parameters, before)
    np.testing.assert_array_equal(x, X)
    assert not np.shares_memory(first.z[0], second.z[0])


def test_update_moves_the_weights_in_place():
    network = two_two_two()
    weights, biases, parameters = network.weights, network.biases, network.parameters
    backward = network.backward(network.forward(X), D)
    expected = [w - 0.5 * g for w, g in zip(weights, backward.grad_weights)]
    expected += [b - 0.5 * g for b, g in zip(biases, backward.grad_biases)]
    assert network.update(backward) is None
    assert network.weights is weights
    assert network.biases is biases
    assert network.parameters is parameters
    for found, wanted in zip([*weights, *biases], expected, strict=True):
        np.testing.assert_array_equal(found, wanted)


def test_a_step_is_the_three_verbs():
    one, other = two_two_two(), two_two_two()
    optimizers = [Optimizer("adam"), Optimizer("adam")]
    for _ in range(3):
        step = one.step(X, D, cost="mse", optimizer=optimizers[0])
        forward = other.forward(X)
        backward = other.backward(forward, D, cost="mse")
        other.update(backward, optimizers[1])
        for found, wanted in zip((*step.forward, *step.backward), (*forward, *backward)):
            for p, q in zip(found, wanted, strict=True):
                np.testing.assert_array_equal(p, q)
        np.testing.assert_array_equal(one.parameters, other.parameters)
