"""The pictures: what is drawn is what the numbers say. Twin: tests/testthat/test-plots.R."""

import itertools
import subprocess
import sys
from types import SimpleNamespace

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from twinprop import (
    RULES,
    EngineError,
    InputError,
    Network,
    RandomStream,
    load_dataset,
    plot_cost,
    plot_decision,
    plot_network,
    plot_rules,
    plots,
)
from twinprop.layout import (
    MANY_WEIGHTS,
    THICKEST,
    THICKEST_OF_MANY,
    THINNEST,
    drawn_neurons,
    network_layout,
    short,
    text_width,
    wrap,
)
from twinprop.plots import contour_levels, error_shares, mix, network_content

mpl.use("Agg")
from matplotlib import colors
from matplotlib import pyplot as plt
from matplotlib.lines import Line2D
from matplotlib.patches import Circle, FancyArrowPatch

SHAPES = [[2, 4, 1], [3, 3, 3], [4, 8, 3], [2, 12, 1], [5, 1, 5], [30, 20, 10], [4, 8, 8, 8, 3]]
XOR_X = [[0, 0], [0, 1], [1, 0], [1, 1]]
XOR_D = [[0], [1], [1], [0]]


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


def problem(layers, activations="tanh", rows=1):
    """A network with weights of both signs, and samples."""
    stream = RandomStream(sum(layers))
    network = Network(layers, activations, init="uniform", seed=sum(layers))
    x = 2.0 * stream.uniform(rows * layers[0]).reshape(rows, -1) - 1.0
    return network, x, stream.uniform(rows * layers[-1]).reshape(rows, -1)


def by_gid(ax, kind):
    """The artists of a kind by the numbers in their names."""
    found = {}
    for artist in [*ax.lines, *ax.patches, *ax.texts]:
        name, *numbers = (artist.get_gid() or "").split("-")
        if name == kind:
            found[tuple(map(int, numbers))] = artist
    return found


def weight_lines(ax):
    found = {}
    for line in ax.lines:
        name, *numbers = (line.get_gid() or "").split("-")
        if name == "weight":
            found[tuple(map(int, numbers))] = line
    return found


def texts_of(ax, role):
    """The texts of a role by layer, neuron and source."""
    return {
        tuple(map(int, text.get_gid().split("-")[1:])): text.get_text()
        for text in ax.texts
        if text.get_gid().startswith(f"{role}-")
    }


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_circles_and_lines_are_those_of_the_network(shape):
    network, x, d = problem(shape)
    ax = plot_network(network, x, d)
    drawn = [drawn_neurons(units)[0] for units in shape]
    circles = by_gid(ax, "neuron")
    assert set(circles) == {(i, k) for i, layer in enumerate(drawn, 1) for k in layer}
    assert all(isinstance(circle, Circle) for circle in circles.values())
    assert sum(isinstance(patch, Circle) for patch in ax.patches) == len(circles)

    lines = weight_lines(ax)
    assert set(lines) == {
        (i, k, j)
        for i in range(2, len(shape) + 1)
        for k, j in itertools.product(drawn[i - 1], drawn[i - 2])
    }
    largest = max(np.abs(w).max() for w in network.weights)
    for (layer, k, j), line in lines.items():
        weight = network.weights[layer - 2][k - 1, j - 1]
        many = len(drawn[layer - 1]) * len(drawn[layer - 2]) > MANY_WEIGHTS
        widest = THICKEST_OF_MANY if many else THICKEST
        width = THINNEST + (widest - THINNEST) * abs(weight) / largest
        assert line.get_linewidth() == pytest.approx(width, rel=1e-12)
        assert line.get_color() == ("#D55E00" if weight < 0 else "#0072B2")
        assert line.is_dashed() == (weight < 0)
        # from the border of the one circle to that of the other
        ends = line.get_xydata()
        for end, circle in zip(ends, (circles[layer - 1, j], circles[layer, k]), strict=True):
            assert np.hypot(*(end - circle.center)) == pytest.approx(circle.radius, rel=1e-9)
    columns = [{circles[i, k].center[0] for k in layer} for i, layer in enumerate(drawn, 1)]
    assert all(len(column) == 1 for column in columns)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_texts_are_the_numbers(shape):
    network, x, d = problem(shape)
    forward = network.forward(x)
    backward = network.backward(forward, d)
    ax = plot_network(network, x, d, values=True)
    for (layer, k, _), text in texts_of(ax, "number").items():
        assert text == short(forward.a[layer - 1][0, k - 1])
        assert float(text) == pytest.approx(forward.a[layer - 1][0, k - 1], abs=5e-3)
    for role, values, sign in (("bias", network.biases, "b"), ("error", backward.e, "e")):
        found = texts_of(ax, role)
        assert {layer for layer, _, _ in found} == set(range(2, len(shape) + 1))
        for (layer, k, _), text in found.items():
            value = np.atleast_2d(values[layer - 2])[0, k - 1]
            assert text == f"{sign} {short(value)}"
    for (layer, k, j), text in texts_of(ax, "weight").items():
        assert text == short(network.weights[layer - 2][k - 1, j - 1])
    for (_, k, _), text in texts_of(ax, "desired").items():
        assert text == f"d {short(d[0, k - 1])}"
    assert len(texts_of(ax, "number")) == len(by_gid(ax, "neuron"))
    assert ax.get_title().replace("\n", ", ") == (
        f"Network {'-'.join(map(str, shape))}, "
        f"cost half_mse {network.mean_cost(x, d):.3g}, rule gradient"
    )


def test_weights_lie_on_their_lines():
    network, x, d = problem([4, 8, 3])
    layout = network_layout(network_content(network, x, d))
    assert layout.written == [True, True]
    lines = {(line.layer, line.target, line.source): line for line in layout.lines}
    weights = [text for text in layout.texts if text.role == "weight"]
    assert {(t.layer, t.neuron, t.source) for t in weights} == set(lines)
    for text in weights:
        line = lines[text.layer, text.neuron, text.source]
        part = (text.x - line.x0) / (line.x1 - line.x0)
        assert 0.0 < part < 1.0
        assert text.y == pytest.approx(line.y0 + part * (line.y1 - line.y0), abs=1e-12)


def boxes(ax):
    """The boxes of all texts on the paper, a little smaller: they may touch."""
    renderer = ax.figure.canvas.get_renderer()
    texts = [text for text in [*ax.texts, ax.title] if text.get_text()]
    found = []
    for text in texts:
        # without the white behind it
        patch = text.get_bbox_patch()
        text.set_bbox(None)
        box = text.get_window_extent(renderer)
        if patch is not None:
            text.set_bbox({})
        found.append((text, box.x0 + 0.25, box.y0 + 0.25, box.x1 - 0.25, box.y1 - 0.25))
    return found


def overlapping(ax):
    return [
        (a[0].get_text(), b[0].get_text())
        for a, b in itertools.combinations(boxes(ax), 2)
        if a[1] < b[3] and b[1] < a[3] and a[2] < b[4] and b[2] < a[4]
    ]


EXTREMES = {
    "as it is": {},
    "all at once": {
        "values": True,
        "rule": "proportional_abs",
        "input_names": lambda n: [f"Measurement number {i}" for i in range(n)],
        "output_names": lambda n: [f"WWWWWWWWWWWWWWWW {i}" for i in range(n)],
    },
}


@pytest.mark.parametrize("kind", EXTREMES)
@pytest.mark.parametrize("size", [None, (6.4, 4.8), (3, 3), (12, 9)], ids=str)
@pytest.mark.parametrize("shape", [*SHAPES, [1, 1], [2] * 8], ids=str)
def test_no_text_hides_another(shape, size, kind):
    network, x, d = problem(shape)
    settings = dict(EXTREMES[kind])
    for name, layer in (("input_names", 0), ("output_names", -1)):
        if name in settings:
            settings[name] = settings[name](shape[layer])
    ax = plt.subplots(figsize=size, layout="constrained")[1] if size else None
    ax = plot_network(network, x, d, ax=ax, **settings)
    ax.figure.canvas.draw()
    assert overlapping(ax) == []
    assert all(text.get_fontsize() >= 8 for text in ax.texts)
    if size is None and shape != [2] * 8:
        # what is in the circles stays in them
        radius = by_gid(ax, "neuron")[1, 1].get_window_extent().width / 2
        for text in ax.texts:
            if text.get_gid().startswith("number-"):
                assert text.get_window_extent().width / 2 < radius


def test_large_numbers_do_not_hide_each_other():
    stream = RandomStream(1)
    for scale in (1e-7, 1e-3, 1.0, 1e3, 1e7):
        weights = [
            scale * (2 * stream.uniform(12).reshape(4, 3) - 1),
            stream.uniform(8).reshape(2, 4),
        ]
        network = Network([3, 4, 2], "identity", weights=weights)
        ax = plot_network(network, scale * np.ones((1, 3)), np.ones((1, 2)))
        ax.figure.canvas.draw()
        assert overlapping(ax) == []


def test_the_check_of_overlaps_can_fail():
    ax = plot_network(*problem([3, 3, 3]))
    ax.text(*ax.texts[0].get_position(), "here", fontsize=8)
    ax.figure.canvas.draw()
    assert overlapping(ax)


def test_the_whole_picture_is_inside():
    for shape in SHAPES:
        ax = plot_network(*problem(shape))
        ax.figure.canvas.draw()
        page = ax.figure.bbox
        for _, x0, y0, x1, y1 in boxes(ax):
            assert page.x0 <= x0 <= x1 <= page.x1
            assert page.y0 <= y0 <= y1 <= page.y1


def test_the_signs_are_told_apart_in_grey_and_by_all_eyes():
    # WCAG's relative luminance
    def luminance(colour):
        c = np.array(colors.to_rgb(colour))
        linear = np.where(c <= 0.03928, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    ax = plot_network(*problem([3, 3, 3]))
    styles = {(line.get_color(), line.is_dashed()) for line in weight_lines(ax).values()}
    assert {dashed for _, dashed in styles} == {True, False}
    blue, orange = (luminance(next(c for c, dash in styles if dash == d)) for d in (False, True))
    assert orange > 1.3 * blue
    # all are dark enough on white
    for colour in (plots.POSITIVE, plots.NEGATIVE, plots.ERROR):
        assert 1.05 / (luminance(colour) + 0.05) >= 3.0


def test_circles_are_shaded_by_their_activations():
    network, x, _ = problem([3, 4, 2])
    a = network.forward(x).a
    ax = plot_network(network, x)
    for (layer, k), circle in by_gid(ax, "neuron").items():
        value = a[layer - 1][0, k - 1]
        share = plots.TINT * abs(value) / max(1.0, np.abs(a[layer - 1]).max())
        wanted = mix(plots.NEGATIVE if value < 0 else plots.POSITIVE, share)
        np.testing.assert_allclose(circle.get_facecolor()[:3], wanted, atol=1e-12)
    plain = plot_network(network)
    assert {c.get_facecolor() for c in by_gid(plain, "neuron").values()} == {(1.0, 1.0, 1.0, 1.0)}
    assert set(texts_of(plain, "number").values()) == {"1", "2", "3", "4"}


@pytest.mark.parametrize("activations", ["tanh", ["tanh", "softplus", "sigmoid"]])
@pytest.mark.parametrize("cost", ["half_mse", "half_sse", "mse"])
@pytest.mark.parametrize("rule", RULES)
def test_shares_sum_to_the_errors(rule, cost, activations):
    network, x, d = problem([3, 5, 4, 2], activations)
    backward = network.backward(network.forward(x), d, cost=cost, rule=rule)
    content = network_content(network, x, d, cost=cost, rule=rule)
    for i, shares in enumerate(content.shares):
        assert shares.shape == network.weights[i + 1].shape
        np.testing.assert_allclose(shares.sum(axis=0), backward.e[i][0], rtol=1e-12, atol=1e-15)


def test_shares_of_a_cross_entropy_sum_to_the_errors():
    network, x, d = problem([3, 5, 2], ["tanh", "sigmoid"])
    backward = network.backward(network.forward(x), d, cost="cross_entropy")
    content = network_content(network, x, d, cost="cross_entropy")
    np.testing.assert_allclose(content.shares[0].sum(axis=0), backward.e[0][0], rtol=1e-12)


def test_shares_by_hand():
    # e = 2 to two neurons by the weights 1 and -3
    weights = np.array([[1.0, -3.0]])
    e, delta = np.array([2.0]), np.array([0.25])  # g = delta / s = 0.5

    def of(rule):
        return error_shares(weights, e, delta, 0.5, rule, 3).tolist()

    assert of("gradient") == [[0.5, -1.5]]
    assert of("transpose") == [[2.0, -6.0]]
    assert of("proportional") == [[-1.0, 3.0]]
    assert of("proportional_abs") == [[0.5, -1.5]]


def test_errors_go_back_by_arrows():
    network, x, d = problem([3, 4, 3, 2])
    content = network_content(network, x, d)
    ax = plot_network(network, x, d)
    arrows = {
        tuple(map(int, patch.get_gid().split("-")[1:])): patch
        for patch in ax.patches
        if isinstance(patch, FancyArrowPatch) and patch.get_gid().startswith("error-")
    }
    lines = weight_lines(ax)
    assert set(arrows) == {key for key in lines if key[0] > 2}
    for (layer, k, j), arrow in arrows.items():
        share = content.shares[layer - 3][k - 1, j - 1]
        assert (arrow.get_linestyle() == "-") == (share >= 0)
        start, _, end = arrow.get_path().vertices[:3]  # before its head
        (x0, y0), (x1, y1) = lines[layer, k, j].get_xydata()
        assert np.hypot(start[0] - x1, start[1] - y1) < 0.1
        assert np.hypot(end[0] - x0, end[1] - y0) < 0.25
    widths = {key: arrow.get_linewidth() for key, arrow in arrows.items() if key[0] == 4}
    largest = max(widths, key=widths.get)
    shares = np.abs(content.shares[1])
    assert shares[largest[1] - 1, largest[2] - 1] == shares.max()
    assert [text.get_text() for text in ax.texts if text.get_gid().startswith("flow-")] == [
        "e[3] from e[4]",
        "e[2] from e[3]",
    ]
    # the first layer has no error, and a network without hidden layers sends none back
    assert not any(key[0] == 2 for key in arrows)
    shallow = plot_network(*problem([2, 2]))
    assert not any(isinstance(patch, FancyArrowPatch) for patch in shallow.patches)


def test_the_worked_example():
    # Rashid's network: hidden outputs 0.761, 0.603, 0.650, outputs 0.726, 0.708, 0.778
    data = load_dataset("three_by_three")
    network = Network(**data.network)
    ax = plot_network(network, data.frame[data.inputs], data.frame[data.outputs])
    numbers = texts_of(ax, "number")
    assert [numbers[2, k, 0] for k in (1, 2, 3)] == ["0.76", "0.60", "0.65"]
    assert [numbers[3, k, 0] for k in (1, 2, 3)] == ["0.73", "0.71", "0.78"]
    assert list(texts_of(ax, "input").values()) == ["x1", "x2", "x3"]
    assert list(texts_of(ax, "output").values()) == ["y1", "y2", "y3"]
    assert len(texts_of(ax, "weight")) == 18


def test_a_sample_is_chosen():
    network, x, d = problem([2, 3, 1], rows=5)
    ax = plot_network(network, x, d[:, 0], sample=4)
    assert texts_of(ax, "number")[1, 2, 0] == short(x[3, 1])
    assert "sample 4 of 5" in ax.get_title()
    assert f"cost half_mse {network.mean_cost(x[3:4], d[3:4]):.3g}" in ax.get_title()
    with pytest.raises(InputError, match="sample must be an integer from 1 to 5, got 6"):
        plot_network(network, x, d, sample=6)


def test_values_are_written_or_not():
    network, x, d = problem([12, 12])
    assert texts_of(plot_network(network, x, d), "weight") == {}  # no room for all
    some = texts_of(plot_network(network, x, d, values=True), "weight")
    assert 0 < len(some) < 144
    small = problem([2, 2])
    assert len(texts_of(plot_network(*small), "weight")) == 4
    for role in ("weight", "bias"):
        assert texts_of(plot_network(*small, values=False), role) == {}


def test_of_a_large_layer_some_are_drawn():
    network, x, d = problem([30, 2, 13])
    ax = plot_network(network, x, d)
    assert [k for layer, k in by_gid(ax, "neuron") if layer == 1] == [*range(1, 11), 30]
    assert [k for layer, k in by_gid(ax, "neuron") if layer == 3] == [*range(1, 11), 13]
    assert set(by_gid(ax, "dots")) == {(1,), (3,)}
    captions = [text.get_text() for text in ax.texts if text.get_gid().startswith("caption-")]
    assert captions[:2] == ["layer 1: input", "30 neurons, 11 drawn"]
    assert captions[2:4] == ["layer 2: tanh", "2 neurons"]
    assert list(texts_of(ax, "input").values())[-1] == "x30"


def test_names():
    network, x, d = problem([2, 2, 2])
    frame = pd.DataFrame(x, columns=["length", "$\\x$ of a petal"])
    ax = plot_network(network, frame, d, output_names=["yes", "no"])
    assert list(texts_of(ax, "input").values()) == ["length", "$\\x$ of a p..."]
    assert list(texts_of(ax, "output").values()) == ["yes", "no"]
    ax.figure.canvas.draw()  # as mathematics it would be an error
    with pytest.raises(InputError, match="^input_names must have 2 values, got 1$"):
        plot_network(network, input_names=["a"])
    with pytest.raises(InputError, match='^output_names must be a list of strings, got "ab"$'):
        plot_network(network, output_names="ab")


def test_numbers_in_few_characters():
    wanted = {
        0.0: "0", 0.5: "0.50", -0.345678: "-0.35", 0.04567: "0.046", 0.0996: "0.100",
        0.9999: "1.00", 9.99: "9.99", 9.996: "10.0", 99.96: "100", -123.4: "-123",
        999.4: "999", 999.9: "1.0e3", 12345.6: "1.2e4", 3.46e-5: "3.5e-5", -3.46e-5: "-3e-5",
        float("nan"): "NaN", float("-inf"): "-Inf",
    }  # fmt: skip
    for value, text in wanted.items():
        assert short(value) == text
    assert short(-1e-17, 1e-16) == "0"


def test_lines_are_wrapped():
    assert wrap(["aaa", "bbb", "ccc"], 1.0, 8) == ["aaa, bbb, ccc"]
    assert wrap(["aaa", "bbb", "ccc"], text_width("aaa, bbb", 8), 8) == ["aaa, bbb", "ccc"]
    assert wrap(["a" * 30], text_width("a" * 10, 8), 8) == ["aaaaaaa..."]


def test_nothing_of_matplotlib_is_changed():
    before = dict(mpl.rcParams)
    figure, axes = plt.subplots(2, 2, layout="constrained")
    current = axes[1, 1]
    plt.sca(current)
    network, x, d = problem([2, 3, 1], rows=4)
    run = network.train(x, d, epochs=3)
    assert plot_network(network, x, d, ax=axes[0, 0]) is axes[0, 0]
    assert plot_cost(run, ax=axes[0, 1]) is axes[0, 1]
    assert plot_decision(network, x, d, resolution=5, ax=axes[1, 0]) is axes[1, 0]
    assert plot_rules(comparison(), ax=axes[1, 1]) is axes[1, 1]
    assert plt.gca() is current
    assert len(plt.get_fignums()) == 1
    assert figure.axes == list(axes.flat)
    assert dict(mpl.rcParams) == before
    # without an Axes: a figure that pyplot knows, so that a notebook shows it
    ax = plot_network(network)
    assert plt.get_fignums() == [1, 2]
    assert plt.gcf() is ax.figure
    assert dict(mpl.rcParams) == before


def test_the_network_is_left_as_it_is():
    network, x, d = problem([2, 3, 1], rows=4)
    before = network.parameters.copy()
    plot_network(network, x, d)
    plot_decision(network, x, d, resolution=5)
    np.testing.assert_array_equal(network.parameters, before)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"network": 1}, "network must be a Network, got 1"),
        ({"rule": "x"}, 'rule must be one of "gradient", "transpose", "proportional", '
                        '"proportional_abs", got "x"'),
        ({"cost": "x"}, 'cost must be one of "half_mse", "half_sse", "mse", "cross_entropy", '
                        'got "x"'),
        ({"x": None}, "d needs x: an error belongs to the inputs that it came from"),
        ({"x": [[1]]}, "x row 1 must have 2 values, got 1"),
        ({"d": [[1, 2]]}, "d row 1 must have 1 values, got 2"),
        ({"values": 1}, "values must be true or false, got 1"),
        ({"ax": 3}, "ax must be a matplotlib Axes, got 3"),
    ],
)  # fmt: skip
def test_refuses(settings, message):
    network, x, d = problem([2, 3, 1])
    given = {"network": network, "x": x, "d": d, **settings}
    with pytest.raises(InputError) as error:
        plot_network(**given)
    assert str(error.value) == message
    assert plt.get_fignums() == []


def test_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.axes", None)
    network, x, d = problem([2, 3, 1])
    run = network.train(x, d, epochs=1)
    for draw in (
        lambda: plot_network(network),
        lambda: plot_cost(run),
        lambda: plot_decision(network, x, d),
        lambda: plot_rules(comparison()),
    ):
        with pytest.raises(EngineError) as error:
            draw()
        assert str(error.value) == (
            'pictures need matplotlib; install it: pip install "twinprop[plot]"'
        )


def test_import_without_matplotlib():
    code = "import sys, twinprop.plots; print('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


class TestCost:
    def runs(self):
        runs = {}
        for name in ("sgd", "adam", "rprop"):
            network = Network([2, 3, 1], seed=1)
            runs[name] = network.train(XOR_X, XOR_D, optimizer=name, epochs=7)
        return runs

    def test_of_one_run(self):
        run = self.runs()["sgd"]
        ax = plot_cost(run)
        line, ring = ax.lines
        np.testing.assert_array_equal(line.get_xdata(), np.arange(8))
        np.testing.assert_array_equal(line.get_ydata(), [run.initial_cost, *run.cost])
        assert (list(ring.get_xdata()), list(ring.get_ydata())) == ([0], [run.initial_cost])
        assert (ring.get_marker(), ring.get_markerfacecolor()) == ("o", "#FFFFFF")
        assert ax.get_legend() is None
        assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_yscale()) == ("epoch", "cost", "linear")
        assert ax.get_ylim()[0] == 0.0

    def test_of_several(self):
        runs = self.runs()
        ax = plot_cost(runs, log=True)
        lines = ax.lines[::2]
        for line, run in zip(lines, runs.values(), strict=True):
            np.testing.assert_array_equal(line.get_ydata()[1:], run.cost)
        assert len({line.get_color() for line in lines}) == 3
        assert len({str(line._unscaled_dash_pattern) for line in lines}) == 3
        assert [text.get_text() for text in ax.get_legend().get_texts()] == list(runs)
        assert ax.get_yscale() == "log"
        listed = plot_cost(list(runs.values()))
        names = [text.get_text() for text in listed.get_legend().get_texts()]
        assert names == ["run 1", "run 2", "run 3"]

    def test_a_cost_of_0_has_no_logarithm(self):
        network = Network([1, 1], "identity", weights=[[[1.0]]])
        run = network.train([[1.0]], [[1.0]], epochs=2)
        ax = plot_cost(run, log=True)
        assert np.isnan(ax.lines[0].get_ydata()).all()
        ax.figure.canvas.draw()

    @pytest.mark.parametrize(
        ("given", "message"),
        [
            (3, "runs must be a Run, or a list or dict of them, got 3"),
            ([], "runs must be a Run, or a list or dict of them, got a list of 0"),
            ({}, "runs must be a Run, or a list or dict of them, got an object"),
            ([1], "runs entry 1 must be a Run, got 1"),
        ],
    )
    def test_refuses(self, given, message):
        with pytest.raises(InputError) as error:
            plot_cost(given)
        assert str(error.value) == message


class TestDecision:
    def test_one_output_of_two_inputs(self):
        # sigmoid(x1 + x2 - 1): 0.5 where x1 + x2 = 1
        network = Network([2, 1], weights=[[[1.0, 1.0]]], biases=[[-1.0]])
        ax = plot_decision(network, XOR_X, [0, 1, 1, 1], resolution=50)
        half = ax.collections[-1]
        assert half.get_linewidth()[0] == 2.0
        points = np.concatenate([path.vertices for path in half.get_paths()])
        np.testing.assert_allclose(points.sum(axis=1), 1.0, atol=1e-6)
        circles, triangles, _ = ax.lines
        assert (circles.get_marker(), triangles.get_marker()) == ("o", "^")
        np.testing.assert_array_equal(circles.get_xydata(), [[0, 0]])
        np.testing.assert_array_equal(triangles.get_xydata(), [[0, 1], [1, 0], [1, 1]])
        assert circles.get_markerfacecolor() != triangles.get_markerfacecolor()
        assert [text.get_text() for text in ax.get_legend().get_texts()] == [
            "d = 0",
            "d = 1",
            "output = 0.5",
        ]

    def test_no_line_of_a_half_for_a_regression(self):
        network, x, d = problem([2, 3, 1], rows=9)
        ax = plot_decision(network, x, d, resolution=9)
        assert all(c.get_linewidth()[0] < 2.0 for c in ax.collections if len(c.get_linewidth()))
        np.testing.assert_array_equal(ax.collections[-1].get_offsets(), x)

    def test_regions_of_the_largest_output(self):
        # the larger of the two inputs
        network = Network([2, 2], "identity", weights=[[[1.0, 0.0], [0.0, 1.0]]])
        x, d = [[0.0, 1.0], [1.0, 0.0], [0.2, 0.8]], [[0, 1], [1, 0], [0, 1]]
        frame = pd.DataFrame(d, columns=["first", "second"])
        ax = plot_decision(network, x, frame, resolution=40)
        mesh = ax.collections[0]
        drawn = np.asarray(mesh.get_array()).reshape(40, 40)
        np.testing.assert_array_equal(
            drawn[~np.eye(40, dtype=bool)], np.tril(np.ones((40, 40)), -1)[~np.eye(40, dtype=bool)]
        )
        first, second = ax.lines
        np.testing.assert_array_equal(first.get_xydata(), [[1, 0]])
        np.testing.assert_array_equal(second.get_xydata(), [[0, 1], [0.2, 0.8]])
        assert first.get_marker() != second.get_marker()
        assert [text.get_text() for text in ax.get_legend().get_texts()] == ["first", "second"]

    def test_ten_classes_differ(self):
        network, x, _ = problem([2, 10], rows=10)
        ax = plot_decision(network, x, np.eye(10), resolution=10)
        assert len({line.get_marker() for line in ax.lines}) == 10
        assert len({line.get_markerfacecolor() for line in ax.lines}) == 10

    def test_a_curve(self):
        network, x, d = problem([1, 4, 2], rows=6)
        ax = plot_decision(network, x, d, resolution=30)
        curves = ax.lines[::2]
        for k, curve in enumerate(curves):
            at = curve.get_xdata()
            np.testing.assert_array_equal(curve.get_ydata(), network.predict(at[:, None])[:, k])
            np.testing.assert_array_equal(ax.lines[2 * k + 1].get_xydata(), np.c_[x[:, 0], d[:, k]])
        margin = plots.MARGIN * np.ptp(x)
        np.testing.assert_allclose(
            curves[0].get_xdata()[[0, -1]], [x.min() - margin, x.max() + margin], rtol=1e-14
        )
        assert (ax.get_xlabel(), ax.get_ylabel()) == ("x1", "output")

    def test_other_inputs_keep_their_means(self):
        network, x, d = problem([4, 3, 1], rows=7)
        frame = pd.DataFrame(x, columns=["u", "v", "w", "z"])
        ax = plot_decision(network, frame, d, columns=(3, 1), resolution=6)
        assert (ax.get_xlabel(), ax.get_ylabel()) == ("w", "u")
        means = x.mean(axis=0)
        assert ax.get_title().split("\n")[1] == f"v = {means[1]:.3g}, z = {means[3]:.3g} (means)"
        ax = plot_decision(network, x, d, columns=2, resolution=6)
        at = np.tile(means, (6, 1))
        at[:, 1] = ax.lines[0].get_xdata()
        np.testing.assert_allclose(ax.lines[0].get_ydata(), network.predict(at)[:, 0], rtol=1e-14)
        many, x, d = problem([6, 1], rows=3)
        ax = plot_decision(many, x, d, resolution=4)
        assert ax.get_title().split("\n")[1] == "the other 4 inputs held at their means"

    def test_samples_that_are_alike(self):
        network = Network([2, 1], weights=[[[0.0, 0.0]]])
        ax = plot_decision(network, [[1.0, 1.0]], [[1.0]], resolution=5)
        ax.figure.canvas.draw()
        assert ax.get_xlim() == (0.5, 1.5)

    @pytest.mark.parametrize(
        ("columns", "given"),
        [((1, 1), "a list of 2"), (4, "4"), ((1, 2, 3), "a list of 3"), ("x", '"x"'),
         ((), "a list of 0"), ((1, 2.5), "a list of 2"), (0, "0"), (None, "null"),
         (("a", "b"), "a list of 2")],
    )  # fmt: skip
    def test_refuses(self, columns, given):
        network, x, d = problem([3, 1], rows=2)
        with pytest.raises(InputError) as error:
            plot_decision(network, x, d, columns=columns)
        assert str(error.value) == (
            f"columns must be 1 or 2 different integers from 1 to 3, got {given}"
        )
        with pytest.raises(InputError, match="resolution must be an integer >= 2, got 1"):
            plot_decision(network, x, d, resolution=1)

    def test_levels(self):
        np.testing.assert_allclose(contour_levels(0.2, 0.7), np.arange(11) / 10, atol=1e-15)
        np.testing.assert_allclose(contour_levels(-2.6, 2.4), np.arange(-6, 6) / 2, atol=1e-15)
        np.testing.assert_allclose(contour_levels(119, 121), 119 + np.arange(11) / 5, rtol=1e-15)
        for low, high in ((3, 3), (-1e9, 1e9), (0.9, 1.1)):
            at = contour_levels(low, high)
            assert at[0] <= low
            assert at[-1] >= high
            assert 2 <= len(at) <= 14


def comparison():
    """The tables of a comparison, made by hand: one rule stops, a cosine is missing."""
    costs, table = [], []
    for i, rule in enumerate(["transpose", "gradient", "proportional", "proportional_abs"]):
        epochs = 4 if rule == "proportional" else 9
        for epoch in range(1, epochs + 1):
            costs.append((rule, epoch, 0.5 / (epoch + i)))
            for layer in (2, 3):
                cosine = np.nan if (i, epoch) == (3, 5) else 1.0 - 0.1 * i / layer
                table.append((rule, epoch, layer, cosine, 1.0 + i * layer))
    return SimpleNamespace(
        costs=pd.DataFrame(costs, columns=["rule", "epoch", "cost"]),
        table=pd.DataFrame(table, columns=["rule", "epoch", "layer", "cosine", "length_ratio"]),
        steps=pd.DataFrame(),
        summary=pd.DataFrame(),
    )


class TestRules:
    def curves(self, ax):
        return {line.get_label(): line for line in ax.lines if not line.get_label().startswith("_")}

    def test_costs(self):
        found = comparison()
        ax = plot_rules(found)
        curves = self.curves(ax)
        assert list(curves) == list(RULES)
        for rule, line in curves.items():
            rows = found.costs[found.costs["rule"] == rule]
            np.testing.assert_array_equal(line.get_xydata(), rows[["epoch", "cost"]].to_numpy())
        assert len({line.get_color() for line in curves.values()}) == 4
        assert len({str(line._unscaled_dash_pattern) for line in curves.values()}) == 4
        assert [text.get_text() for text in ax.get_legend().get_texts()] == [
            *("gradient", "transpose", "proportional (ends at 4)", "proportional_abs")
        ]
        crosses = [line for line in ax.lines if line.get_marker() == "x"]
        assert [tuple(line.get_xydata()[0]) for line in crosses] == [(4.0, 0.5 / 6)]

    @pytest.mark.parametrize("what", ["cosine", "length_ratio"])
    def test_a_line_for_each_rule_and_layer(self, what):
        found = comparison()
        ax = plot_rules(found, what)
        curves = {name: line for name, line in self.curves(ax).items() if "layer" in name}
        assert set(curves) == {f"{rule}, layer {layer}" for rule in RULES for layer in (2, 3)}
        for name, line in curves.items():
            rule, layer = name.split(", layer ")
            table = found.table
            rows = table[(table["rule"] == rule) & (table["layer"] == int(layer))]
            np.testing.assert_array_equal(line.get_ydata(), rows[what])
            assert line.get_marker() == {"2": "o", "3": "^"}[layer]
        assert ax.get_yscale() == ("log" if what == "length_ratio" else "linear")
        labels = [text.get_text() for text in ax.get_legend().get_texts()]
        assert labels[-2:] == ["layer 2", "layer 3"]
        ax.figure.canvas.draw()

    def test_refuses(self):
        for wanted in (None, 3, SimpleNamespace(costs=pd.DataFrame())):
            with pytest.raises(InputError) as error:
                plot_rules(wanted)
            assert str(error.value).startswith(
                "comparison must have a data frame costs with the columns rule, epoch, cost, got "
            )
        message = '^what must be one of "cost", "cosine", "length_ratio", got "x"$'
        with pytest.raises(InputError, match=message):
            plot_rules(comparison(), "x")


def test_lines_of_figures_are_line2d():
    # is_dashed() is what tells the signs apart above
    assert Line2D([0], [0], linestyle=(0, (4, 2))).is_dashed()
    assert not Line2D([0], [0]).is_dashed()
