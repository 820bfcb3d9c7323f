"""The pictures of Python and R: the same places, the same texts, the same curves."""

import json
import shutil
import subprocess

import numpy as np
import pytest

from engine_runs import run_on
from twinprop import Network, RandomStream
from twinprop.layout import network_layout, short
from twinprop.plan import read_plan
from twinprop.plots import contour_levels, decision_grid, network_content

# Places are sums and products of few float64 numbers near 1, and shares come from a backward pass,
# which agrees to 1e-12.
PLACES = 1e-11

# Outputs of a network on a grid: R sums means with more digits than float64 has.
OUTPUTS = 1e-12

SHAPES = [
    *([2, 4, 1], [3, 3, 3], [4, 8, 3], [2, 12, 1], [5, 1, 5], [30, 20, 10], [4, 8, 8, 8, 3]),
    *([1, 1], [13, 2], [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]),
]
SIZES = [None, (7, 5), (3, 2.5), (1, 1), (14, 11)]


def problem(
    layers, activations="tanh", rule="gradient", cost="half_mse", rows=1, scale=1.0, **more
):
    """A network, its samples and how to draw them, as JSON has it."""
    seed = sum(layers)
    network = Network(layers, activations, init="uniform", seed=seed)
    stream = RandomStream(seed + 100)
    x = 2.0 * stream.uniform(rows * layers[0]).reshape(rows, -1) - 1.0
    d = 0.1 + 0.8 * stream.uniform(rows * layers[-1]).reshape(rows, -1)
    if network.activations[-1] == "softmax":
        d /= d.sum(axis=1, keepdims=True)
    return {
        "layers": layers,
        "activations": list(network.activations),
        "weights": [(scale * w).tolist() for w in network.weights],
        "biases": [(scale * b).tolist() for b in network.biases],
        "x": x.tolist(),
        "d": d.tolist(),
        "cost": cost,
        "rule": rule,
        "sample": rows,
        "values": None,
        "size": None,
        "input_names": None,
        "output_names": None,
        **more,
    }


LAYOUTS = {
    **{f"{shape}, {size}": problem(shape, size=size) for shape in SHAPES for size in SIZES},
    **{f"{shape}, no d": problem(shape, d=None) for shape in SHAPES},
    **{f"{shape}, no x": problem(shape, x=None, d=None) for shape in SHAPES},
    **{
        f"{shape}, written, {size}": problem(shape, values=True, size=size)
        for shape in SHAPES
        for size in (None, (9, 5), (5, 9))
    },
    **{f"{shape}, not written": problem(shape, values=False, size=(6, 4)) for shape in SHAPES},
    **{
        rule: problem([3, 4, 3, 2], rule=rule, rows=3)
        for rule in ("transpose", "proportional", "proportional_abs")
    },
    "cross entropy": problem([2, 3, 3], "sigmoid", cost="cross_entropy"),
    "softmax": problem([2, 3, 3], ["tanh", "softmax"], cost="cross_entropy"),
    "large weights": problem([3, 4, 2], "identity", scale=1234.567),
    "small weights": problem([3, 4, 2], "identity", scale=1e-5),
    "names": problem(
        [3, 2, 2],
        input_names=["Petal.Width", "WWWWWWWWWWWWWWWWWWWW", "größe [m²]"],
        output_names=["a name that is too long to be drawn whole", "$x_1$"],
    ),
    # a[2] and e cancel to rounding, which no two languages share
    "rounding": problem(
        [2, 2, 1],
        "identity",
        weights=[[[0.1, 0.2], [0.1, -0.2]], [[0.3, 0.7]]],
        biases=[[-0.3, 0.1], [0.1]],
        x=[[1.0, 1.0]],
        d=[[0.1]],
    ),
    "no weight": problem([2, 2], weights=[[[0, 0], [0, 0]]], biases=[[0, 0]], rule="transpose"),
}

NUMBERS = [
    *(0.0, 1e-300, 3.4e-5, -3.4e-5, 1e-12, -0.0005, 0.0009996, 0.001, 0.0999, 0.09996, 0.1, -0.345),
    *(
        0.99996,
        1.0,
        9.996,
        -12.34,
        99.96,
        123.4,
        -999.4,
        999.6,
        12345.6,
        -123456.0,
        1e100,
        -2.5e-100,
    ),
    *(float("nan"), float("inf"), float("-inf")),
]
RANGES = [(0.2, 0.7), (0, 1), (-0.1, 1), (-2.6, 2.4), (3, 3), (0, 0), (-1e-8, 4e5), (119, 121)]

IN_R = """
args <- commandArgs(TRUE)
all <- jsonlite::read_json(args[1])
rows <- function(value) if (!is.null(value)) do.call(rbind, lapply(value, unlist))
network <- function(p) {
  twinprop::tp_network(unlist(p$layers), unlist(p$activations), weights = p$weights,
                       biases = p$biases)
}
layouts <- lapply(all$layouts, function(p) {
  content <- twinprop:::network_content(
    network(p), rows(p$x), rows(p$d), p$cost, p$rule, p$sample, unlist(p$input_names),
    unlist(p$output_names)
  )
  layout <- twinprop:::network_layout(content, p$values, unlist(p$size))
  layout$title <- I(layout$title)
  layout$written <- I(layout$written)
  layout
})
numbers <- vapply(all$numbers, function(n) twinprop:::short_number(as.double(n)), "")
levels <- lapply(all$ranges, function(r) twinprop:::contour_levels(r[[1]], r[[2]]))
p <- all$grid
grids <- lapply(list(1:2, c(3, 1), 2), function(columns) {
  found <- twinprop:::decision_grid(network(p), rows(p$x), columns, 7, c("u", "v", "w"))
  list(values = found$values, outputs = found$outputs, subtitle = found$subtitle)
})
json <- jsonlite::toJSON(
  list(layouts = layouts, numbers = numbers, levels = levels, grids = grids),
  dataframe = "rows", digits = I(17), auto_unbox = TRUE, na = "null"
)
writeLines(json, args[2], useBytes = TRUE)
"""


def python_layout(p):
    network = Network(p["layers"], p["activations"], weights=p["weights"], biases=p["biases"])
    names = ("cost", "rule", "sample", "input_names", "output_names")
    content = network_content(network, p["x"], p["d"], **{name: p[name] for name in names})
    return network_layout(content, p["values"], p["size"])


@pytest.fixture(scope="module")
def from_r(tmp_path_factory):
    run_on("rscript", read_plan({"training": {"epochs": 1}}))  # skips or fails where it is missing
    folder = tmp_path_factory.mktemp("r")
    problems, code, answer = (folder / name for name in ("in.json", "plots.R", "out.json"))
    # JSON has neither NaN nor Inf
    numbers = [n if np.isfinite(n) else {"nan": "NaN", "inf": "Inf"}.get(str(n), "-Inf")
               for n in NUMBERS]  # fmt: skip
    asked = {"layouts": LAYOUTS, "numbers": numbers, "ranges": RANGES, "grid": GRID}
    problems.write_text(json.dumps(asked), encoding="utf-8")
    code.write_text(IN_R, encoding="utf-8")
    subprocess.run([shutil.which("Rscript"), code, problems, answer], check=True)
    return json.loads(answer.read_text(encoding="utf-8"))


GRID = problem([3, 4, 2], rows=5, rule="gradient")


def assert_tables(found, wanted, what):
    """Compare a data frame of R with a list of named tuples: texts exactly, numbers closely."""
    assert len(found) == len(wanted), what
    for row, mine in zip(found, wanted):
        mine = mine._asdict()
        assert row.keys() == mine.keys(), what
        for name, value in mine.items():
            if isinstance(value, str | int):
                assert row[name] == value, (what, name, row, mine)
            else:
                gap = abs(row[name] - value)
                assert gap <= PLACES * max(1.0, abs(value)), (what, name, row, mine)


@pytest.mark.parametrize("name", LAYOUTS)
def test_networks_have_the_same_places(name, from_r):
    mine, found = python_layout(LAYOUTS[name]), from_r["layouts"][name]
    for size in ("width", "height", "radius"):
        assert abs(found[size] - getattr(mine, size)) <= PLACES * getattr(mine, size), size
    assert found["title"] == mine.title
    assert found["written"] == mine.written
    for table in ("circles", "dots", "lines", "arrows", "flows", "texts"):
        assert_tables(found[table], getattr(mine, table), table)


def test_the_networks_are_of_every_kind():
    layouts = {name: python_layout(p) for name, p in LAYOUTS.items()}
    assert {flag for layout in layouts.values() for flag in layout.written} == {True, False}
    assert any(0 < len(set(layout.written)) == 2 for layout in layouts.values())
    roles = {text.role for layout in layouts.values() for text in layout.texts}
    assert roles == {
        *("caption", "number", "bias", "error", "input", "output", "desired", "weight", "flow"),
        "key",
    }
    assert sum(bool(layout.dots) for layout in layouts.values()) > 5
    rounding = [text.text for text in layouts["rounding"].texts if text.role in ("number", "error")]
    assert rounding == ["1.00", "1.00", "0", "e 0", "0", "e 0", "0.10", "e 0"]


def test_numbers_are_written_alike(from_r):
    assert from_r["numbers"] == [short(value) for value in NUMBERS]


def test_levels_are_alike(from_r):
    for found, (low, high) in zip(from_r["levels"], RANGES, strict=True):
        wanted = contour_levels(low, high)
        assert len(found) == len(wanted)
        assert np.abs(np.subtract(found, wanted)).max() <= PLACES * max(map(abs, wanted))


def test_grids_are_alike(from_r):
    network = Network(
        GRID["layers"], GRID["activations"], weights=GRID["weights"], biases=GRID["biases"]
    )
    for found, columns in zip(from_r["grids"], ([1, 2], [3, 1], [2]), strict=True):
        mine = decision_grid(network, np.array(GRID["x"]), columns, 7, ["u", "v", "w"])
        assert found["subtitle"] == mine.subtitle
        np.testing.assert_allclose(found["values"], mine.grid, rtol=0, atol=PLACES)
        # R's first input varies fastest
        order = mine.outputs.swapaxes(0, 1) if len(columns) == 2 else mine.outputs
        np.testing.assert_allclose(found["outputs"], order.reshape(-1, 2), rtol=0, atol=OUTPUTS)
