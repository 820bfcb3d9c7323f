"""Pictures of networks, trainings and rules, by matplotlib. Twin: r/plots.R.

Section 15 of docs/contract.md. Where the picture of a network puts what is computed by `layout`.
JavaScript has no twin: a page draws its own pictures. matplotlib is loaded by the functions here
alone, and nothing of its state is changed: no rcParams, no backend, no shown window.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from twinprop import raw_data
from twinprop.backprop import RULES, shares
from twinprop.checks import (
    Array,
    as_list,
    check_choice,
    check_integer,
    check_matrix,
    check_switch,
    describe,
    is_integer,
    visible,
)
from twinprop.errors import EngineError, InputError
from twinprop.layout import (
    CAPTION_SIZE,
    ROUNDING,
    TEXT_SIZE,
    TITLE_SIZE,
    Content,
    Layout,
    network_layout,
    rounding_floors,
)
from twinprop.network import Network
from twinprop.raw_data import UnscaledNetwork, find_model, unwrap_fit
from twinprop.training import Run

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

# Colours that the colour-blind tell apart (Okabe and Ito 2008), and what they stand for.
BLACK, GREY, WHITE = "#000000", "#767676", "#FFFFFF"
POSITIVE, NEGATIVE = "#0072B2", "#D55E00"
ERROR = "#8E2A6B"
COLOURS = [
    *("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#F0E442"),
    *("#7A5195", "#8C6D31"),
]
MARKERS = ["o", "^", "s", "D", "v", "P", "X", "*", "<", ">"]
#: Lines that are told apart without colour: matplotlib's on and off lengths in line widths.
DASHES: list[Any] = ["-", (0, (5, 2)), (0, (1, 1.5)), (0, (5, 1.5, 1, 1.5)), (0, (9, 2))]

#: Each rule's place among the colours and dashes.
RULE_COLOURS = dict(zip(RULES, ("#000000", "#0072B2", "#D55E00", "#009E73"), strict=True))

#: How much of its colour the largest activation gives a circle.
TINT = 0.45

#: Size of a figure that is made here, in inches.
FIGURE = (6.4, 4.4)
#: With a legend beside the axes.
WIDE_FIGURE = (7.6, 4.4)

#: Share of the samples' range that is drawn beyond them.
MARGIN = 0.08

#: What `plot_rules` draws, and the names of the axes.
RULE_PICTURES = {
    "cost": "cost",
    "cosine": "cosine with the gradient",
    "length_ratio": "length / length of the gradient",
}


def plot_network(
    network: Any,
    x: Any = None,
    d: Any = None,
    *,
    cost: str | None = None,
    rule: str = "gradient",
    sample: int = 1,
    values: bool | None = None,
    input_names: Sequence[str] | None = None,
    output_names: Sequence[str] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw a network: neurons as circles, weights as lines, with the errors on their way back.

    A line is solid and blue for a weight >= 0, dashed and orange for one < 0, the thicker the
    larger; weights and biases are written where there is room. With x the circles hold the
    activations of a sample; with d also, each neuron's error stands below it and arrows beside the
    lines carry the errors back, as thick as what each weight carries. Of a layer of more than 12
    neurons the first ten and the last are drawn.

    Parameters
    ----------
    network : Network, Model or fitted estimator
        The network; of a model or an estimator the one inside, with x and d as these take them.
    x : array-like, (n, n_1), optional
        Inputs, a row per sample.
    d : array-like, (n, n_L), optional
        Desired outputs, a row per sample; for one output a vector (n,) will do.
    cost : str, optional
        "half_mse", "half_sse", "mse" or "cross_entropy"; default "half_mse", of a model or an
        estimator that of its training.
    rule : str, default "gradient"
        "gradient", "transpose", "proportional" or "proportional_abs".
    sample : int, default 1
        Which row of x and d to draw, counted from 1.
    values : bool, optional
        Whether weights and biases are written. Without it, in each gap between layers all weights
        are written or none, as there is room; True: as many as there is room for; False: none.
    input_names, output_names : sequence of str, optional
        Names of inputs and outputs; those of the columns if x and d are data frames, else x1, x2,
        ... and y1, y2, ...; of a model or an estimator its own.
    ax : matplotlib.axes.Axes, optional
        Where to draw, with what fits at 8 points; a new figure, as large as the network needs, if
        not given.

    Returns
    -------
    matplotlib.axes.Axes
        Where it was drawn.

    Raises
    ------
    InputError
        If an argument is not as described.
    DenominatorError
        If a rule has to divide by a sum of weights of 0 or nearly 0.
    EngineError
        If matplotlib is not installed.

    References
    ----------
    Okabe, M. and Ito, K. (2008). Color universal design: the colours.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> network = Network([2, 3, 1], seed=1)
    >>> ax = plot_network(network, [[0, 1]], [[1]])
    >>> print(ax.get_title())
    Network 2-3-1, cost half_mse 0.0377, rule gradient
    """
    content = network_content(
        network,
        x,
        d,
        cost=cost,
        rule=rule,
        sample=sample,
        input_names=input_names,
        output_names=output_names,
    )
    if values is not None:
        values = check_switch(values, "values")
    check_axes(ax)
    if ax is None:
        layout = network_layout(content, values)
        ax = _network_axes(layout)
    else:
        ax.set_axis_off()
        ax.set_title("\n", fontsize=TITLE_SIZE)  # the room that the title will take
        layout = network_layout(content, values, _inches(ax))
    _draw_network(ax, layout)
    return ax


def network_content(
    network: Any,
    x: Any,
    d: Any,
    *,
    cost: str | None = None,
    rule: str = "gradient",
    sample: int = 1,
    input_names: Sequence[str] | None = None,
    output_names: Sequence[str] | None = None,
) -> Content:
    """Return what the picture of a network shows, from checked arguments."""
    found = unwrap_fit(network, x, d, cost)
    network, x, d, cost = found[:4]
    input_names = found.input_names if input_names is None else input_names
    output_names = found.output_names if output_names is None else output_names
    check_network(network)
    check_choice(rule, "rule", RULES)
    if d is not None and x is None:
        raise InputError("d needs x: an error belongs to the inputs that it came from")
    inputs = check_neuron_names(input_names, "input_names", network.layers[0], x, "x")
    outputs = check_neuron_names(output_names, "output_names", network.layers[-1], d, "y")
    title = [f"Network {'-'.join(map(str, network.layers))}"]
    content = Content(
        network.layers,
        list(network.activations),
        network.weights,
        network.biases,
        None,
        None,
        None,
        None,
        inputs,
        outputs,
        title,
    )
    if x is None:
        return content
    x = check_matrix(x, "x", network.layers[0])
    row = check_integer(sample, "sample", 1, len(x)) - 1
    if len(x) > 1:
        title.append(f"sample {row + 1} of {len(x)}")
    if d is not None:
        network.check_cost(cost)
        d = network.check_targets(d, x, cost)[row : row + 1]
    forward = network.forward(x[row : row + 1])
    content = content._replace(a=[a[0] for a in forward.a])
    if d is None:
        return content
    backward = network.backward(forward, d, cost=cost, rule=rule)
    content = content._replace(
        e=[e[0] for e in backward.e],
        d=d[0],
        shares=[
            error_shares(w, e[0], delta[0], cost_scale(network, cost), rule, layer)
            for layer, (w, e, delta) in enumerate(
                zip(network.weights, backward.e, backward.delta, strict=True), start=2
            )
        ][1:],
    )
    value = network.mean_cost(forward.a[0], d, cost=cost)
    _, floor = rounding_floors(content)
    shown = f"{value:.3g}" if value > floor * floor else "0"
    title += [f"cost {cost} {shown}", f"rule {rule}"]
    return content


def cost_scale(network: Network, cost: str) -> float:
    """Return the factor s that the cost puts on the output error."""
    from twinprop.costs import cost_function

    return cost_function(cost, network.activations[-1]).scale(network.layers[-1])


def error_shares(
    weights: Array, e: Array, delta: Array, scale: float, rule: str, layer: int
) -> Array:
    """Return what each weight carries back, (n_l, n_{l-1}); its columns sum to e[l-1]."""
    if rule == "gradient":
        return weights * (delta / scale)[:, np.newaxis]
    if rule == "transpose":
        return weights * e[:, np.newaxis]
    sizes = weights if rule == "proportional" else np.abs(weights)
    return shares(weights, sizes.sum(axis=1), layer, rule) * e[:, np.newaxis]


def check_network(network: Any) -> None:
    """Refuse what is no network."""
    if not isinstance(network, Network):
        raise InputError(f"network must be a Network, got {describe(network)}")


def check_neuron_names(value: Any, name: str, count: int, frame: Any, letter: str) -> list[str]:
    """Return the names of inputs or outputs: given, of a data frame's columns, or numbered."""
    if value is None:
        columns = getattr(frame, "columns", None)
        if columns is not None and len(columns) == count:
            return [visible(str(column)) for column in columns]
        return [f"{letter}{k}" for k in range(1, count + 1)]
    entries = as_list(value)
    if entries is None or not all(isinstance(entry, str) for entry in entries):
        raise InputError(f"{name} must be a list of strings, got {describe(value)}")
    if len(entries) != count:
        raise InputError(f"{name} must have {count} values, got {len(entries)}")
    return [visible(str(entry)) for entry in entries]


def check_axes(ax: Any) -> None:
    """Refuse what is no Axes, after a look whether there is matplotlib."""
    try:
        from matplotlib.axes import Axes
    except ImportError:
        raise EngineError(
            'pictures need matplotlib; install it: pip install "twinprop[plot]"'
        ) from None
    if ax is not None and not isinstance(ax, Axes):
        raise InputError(f"ax must be a matplotlib Axes, got {describe(ax)}")


def _new_axes(legend: bool = True) -> Axes:
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=WIDE_FIGURE if legend else FIGURE, layout="constrained")[1]


def _network_axes(layout: Layout) -> Axes:
    """Make a figure of the layout's own size, with room for the title above."""
    import matplotlib.pyplot as plt

    title = 0.12 + 0.21 * len(layout.title)
    height = layout.height + title
    figure = plt.figure(figsize=(layout.width, height))
    return figure.add_axes((0.0, 0.0, 1.0, layout.height / height))


def _inches(ax: Axes) -> tuple[float, float]:
    """Return the size of the axes as they will be drawn."""
    figure = ax.figure
    if figure.get_layout_engine() is not None:
        figure.canvas.figure.draw_without_rendering()
    box = ax.get_window_extent().transformed(figure.dpi_scale_trans.inverted())
    return box.width, box.height


def _text(ax: Axes, x: float, y: float, text: str, **settings: Any) -> None:
    # Names are what they are: no dollar starts mathematics in them.
    ax.text(x, y, text, parse_math=False, usetex=False, **settings)


def _title(ax: Axes, text: str) -> None:
    ax.set_title(text, fontsize=TITLE_SIZE, parse_math=False, usetex=False)


def mix(colour: str, share: float) -> tuple[float, float, float]:
    """Return the colour thinned with white: 0 is white, 1 the colour."""
    red, green, blue = (int(colour[i : i + 2], 16) / 255.0 for i in (1, 3, 5))
    return (
        1.0 - share * (1.0 - red),
        1.0 - share * (1.0 - green),
        1.0 - share * (1.0 - blue),
    )


#: Texts that lines may run through have some white behind them.
ON_LINES = ("bias", "error", "weight", "flow")
PAPER = {
    "boxstyle": "square,pad=0.04",
    "facecolor": WHITE,
    "edgecolor": "none",
    "alpha": 0.85,
}
TEXT_COLOURS = {"error": ERROR, "flow": ERROR, "weight": "#222222", "key": "#444444"}


def _draw_network(ax: Axes, layout: Layout) -> None:
    """Draw what a layout says."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Circle, FancyArrowPatch

    ax.set_xlim(0.0, layout.width)
    ax.set_ylim(0.0, layout.height)
    ax.set_aspect("equal")
    ax.set_axis_off()
    _title(ax, "\n".join(layout.title))
    for line in layout.lines:
        negative = line.value < 0.0
        ax.add_line(
            Line2D(
                [line.x0, line.x1],
                [line.y0, line.y1],
                color=NEGATIVE if negative else POSITIVE,
                linestyle=(0, (4, 2)) if negative else "-",
                linewidth=line.width,
                dash_capstyle="butt",
                solid_capstyle="butt",
                zorder=1,
                gid=f"weight-{line.layer}-{line.target}-{line.source}",
            )
        )
    for kind, lines in (("error", layout.arrows), ("flow", layout.flows)):
        for line in lines:
            ax.add_patch(
                FancyArrowPatch(
                    (line.x0, line.y0),
                    (line.x1, line.y1),
                    arrowstyle="-|>",
                    mutation_scale=5.0 + 2.0 * line.width,
                    shrinkA=0.0,
                    shrinkB=0.0,
                    color=ERROR,
                    linewidth=line.width,
                    linestyle=(0, (4, 2)) if line.value < 0.0 else "-",
                    zorder=2,
                    gid=f"{kind}-{line.layer}-{line.target}-{line.source}",
                )
            )
    for circle in layout.circles:
        colour = NEGATIVE if circle.shade < 0.0 else POSITIVE
        ax.add_patch(
            Circle(
                (circle.x, circle.y),
                layout.radius,
                facecolor=mix(colour, TINT * abs(circle.shade)),
                edgecolor="#333333",
                linewidth=1.0,
                zorder=3,
                gid=f"neuron-{circle.layer}-{circle.neuron}",
            )
        )
    for dots in layout.dots:
        ax.add_line(
            Line2D(
                [dots.x] * 3,
                [dots.y - dots.apart, dots.y, dots.y + dots.apart],
                linestyle="none",
                marker="o",
                markersize=2.5,
                color=BLACK,
                zorder=3,
                gid=f"dots-{dots.layer}",
            )
        )
    for text in layout.texts:
        _text(
            ax,
            text.x,
            text.y,
            text.text,
            fontsize=text.size,
            ha=text.align,
            va="center",
            color=TEXT_COLOURS.get(text.role, BLACK),
            bbox=PAPER if text.role in ON_LINES else None,
            zorder=4,
            gid=f"{text.role}-{text.layer}-{text.neuron}-{text.source}",
        )


def plot_cost(runs: Any, *, log: bool = False, ax: Axes | None = None) -> Axes:
    """Draw the cost of every epoch of one run or of several.

    At epoch 0 stands the initial cost, marked by a ring. Several runs differ by colour and by dash.

    Parameters
    ----------
    runs : Run or fitted estimator, or a list or dict of them
        What `train` returned; a dict names the runs. An estimator has the curve of its validation
        rows as well, if it has such rows, and no ring: its loss before training is not known.
    log : bool, default False
        Whether the costs have a logarithmic scale; a cost of 0 is left out then.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if not given.

    Returns
    -------
    matplotlib.axes.Axes
        Where it was drawn.

    Raises
    ------
    InputError
        If an argument is not as described.
    EngineError
        If matplotlib is not installed.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> run = Network([2, 2, 1]).train([[0, 1], [1, 0]], [[1], [0]], epochs=5)
    >>> ax = plot_cost({"sgd": run})
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('epoch', 'cost')
    """
    named = check_runs(runs)
    log = check_switch(log, "log")
    check_axes(ax)
    curves = cost_curves(named)
    starts = [float(costs[0]) for _, costs in curves]
    own = ax is None
    ax = _new_axes(len(curves) > 1) if ax is None else ax
    for i, (name, costs) in enumerate(curves):
        colour = COLOURS[i % len(COLOURS)]
        if log:
            costs[costs <= 0.0] = np.nan
        ax.plot(
            np.arange(len(costs)),
            costs,
            color=colour,
            linestyle=DASHES[i % len(DASHES)],
            linewidth=1.8,
            label=name,
        )
        ax.plot(0, costs[0], "o", markerfacecolor=WHITE, markeredgecolor=colour, markersize=6)
    if log:
        ax.set_yscale("log")
    elif not any(start < 0.0 for start in starts):
        ax.set_ylim(bottom=0.0)
    _label(ax, "epoch", "cost")
    rings = "" if np.isnan(starts).all() else "; the ring: before training"
    _title(ax, f"Cost of every epoch{rings}")
    if len(curves) > 1:
        _legend(ax, beside=own)
    return ax


def cost_curves(named: Mapping[str, Any]) -> list[tuple[str, Array]]:
    """Return names and costs from epoch 0 on, which is NaN for estimators: theirs is not known."""
    curves = []
    for name, run in named.items():
        if isinstance(run, Run):
            curves.append((name, np.array([run.initial_cost, *run.cost])))
            continue
        curves.append((name, np.array([np.nan, *run.loss_curve_])))
        if run.validation_loss_curve_ is not None:
            watched = np.array([np.nan, *run.validation_loss_curve_])
            curves.append((f"{name}, validation", watched))
    return curves


def check_runs(runs: Any) -> dict[str, Any]:
    """Return the runs or fitted estimators by name."""
    message = f"runs must be a Run, or a list or dict of them, got {describe(runs)}"
    if _has_costs(runs):
        return {"run" if isinstance(runs, Run) else "training": runs}
    if isinstance(runs, Mapping):
        named = {str(name): run for name, run in runs.items()}
    elif isinstance(runs, Sequence) and not isinstance(runs, str):
        named = {f"run {i}": run for i, run in enumerate(runs, start=1)}
    else:
        raise InputError(message)
    if not named:
        raise InputError(message)
    for i, run in enumerate(named.values(), start=1):
        if not _has_costs(run):
            raise InputError(f"runs entry {i} must be a Run, got {describe(run)}")
    return named


def _has_costs(run: Any) -> bool:
    """Whether it is a run, or a fitted estimator."""
    return isinstance(run, Run) or (
        hasattr(run, "validation_loss_curve_") and find_model(run) is not None
    )


def _label(ax: Axes, x: str, y: str) -> None:
    """Name the axes, in the sizes that all pictures have."""
    ax.set_xlabel(x, fontsize=10.0, parse_math=False, usetex=False)
    ax.set_ylabel(y, fontsize=10.0, parse_math=False, usetex=False)
    ax.tick_params(labelsize=CAPTION_SIZE)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)


def _legend(ax: Axes, handles: list[Any] | None = None, *, beside: bool) -> None:
    """Say what lines and markers stand for: beside the axes where the figure is ours."""
    settings: dict[str, Any] = {} if handles is None else {"handles": handles}
    if beside:
        settings.update(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)
    legend = ax.legend(fontsize=CAPTION_SIZE, framealpha=0.85, handlelength=3.2, **settings)
    for text in legend.get_texts():
        text.set_parse_math(False)
        text.set_usetex(False)


class Decision(NamedTuple):
    """The outputs over a grid of one or two inputs, the others held at their means."""

    columns: list[int]
    #: The values of each chosen input; (resolution,) each.
    grid: list[Array]
    #: (resolution, K) of one input; (resolution, resolution, K) of two, the first input in rows.
    outputs: Array
    subtitle: str


def plot_decision(
    network: Any,
    x: Any,
    d: Any,
    *,
    columns: int | Sequence[int] = (1, 2),
    resolution: int = 200,
    ax: Axes | None = None,
) -> Axes:
    """Draw what a network makes of its inputs, with the samples it is to fit.

    Of two inputs: with one output, its height by shades and contours, and the line of 0.5 where
    every desired output is 0 or 1; with several, the regions of the largest output. Samples differ
    by shape and by colour. Of one input: the outputs as curves. Further inputs are held at their
    means over the samples. Of a model or an estimator the axes are on the scale of the data.

    Parameters
    ----------
    network : Network, Model or fitted estimator
        The network; of a model or an estimator the one inside, with x and d as these take them.
    x : array-like, (n, n_1)
        Inputs, a row per sample.
    d : array-like, (n, n_L)
        Desired outputs, a row per sample; for one output a vector (n,) will do.
    columns : int or pair of int, default (1, 2)
        The inputs that vary, counted from 1: two, or one for a curve. A network of one input has
        a curve.
    resolution : int, default 200
        In how many points each of them is computed.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if not given.

    Returns
    -------
    matplotlib.axes.Axes
        Where it was drawn.

    Raises
    ------
    InputError
        If an argument is not as described.
    EngineError
        If matplotlib is not installed.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> x, d = [[0, 0], [0, 1], [1, 0], [1, 1]], [[0], [1], [1], [0]]
    >>> ax = plot_decision(Network([2, 4, 1]), x, d, resolution=20)
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('x1', 'x2')
    """
    model = find_model(network)
    seen: Network | UnscaledNetwork = network
    input_names = output_names = None
    if model is not None:
        seen, network = UnscaledNetwork(model), model.network
        x, d = seen.data(x, d)
        input_names, output_names = raw_data.input_names(model), raw_data.output_names(model)
    check_network(network)
    names = check_neuron_names(input_names, "input_names", network.layers[0], x, "x")
    outputs = check_neuron_names(output_names, "output_names", network.layers[-1], d, "y")
    x = check_matrix(x, "x", network.layers[0])
    d = network.check_targets(d, x, "half_mse")
    which = check_columns(columns, network.layers[0])
    resolution = check_integer(resolution, "resolution", 2)
    check_axes(ax)
    decision = decision_grid(seen, x, which, resolution, names)
    own = ax is None
    ax = _new_axes() if ax is None else ax
    chosen = [names[column - 1] for column in which]
    if len(which) == 1:
        _draw_curve(ax, decision, x, d, outputs)
        _label(ax, chosen[0], "output")
        subject = "Outputs"
    elif d.shape[1] == 1:
        _draw_height(ax, decision, x, d)
        _label(ax, *chosen)
        subject = "Output"
    else:
        _draw_regions(ax, decision, x, d, outputs)
        _label(ax, *chosen)
        subject = "Largest output"
    if ax.get_legend_handles_labels()[1]:
        _legend(ax, beside=own)
    _title(
        ax, f"{subject} of the network" + (f"\n{decision.subtitle}" if decision.subtitle else "")
    )
    return ax


def check_columns(value: Any, inputs: int) -> list[int]:
    """Return the inputs that vary, one or two, counted from 1."""
    if inputs == 1 and as_list(value) == [1, 2]:  # the default
        return [1]
    entries = [value] if is_integer(value) else as_list(value)
    if (
        not entries
        or len(entries) > 2
        or not all(is_integer(entry) and 1 <= entry <= inputs for entry in entries)
        or len(set(entries)) < len(entries)
    ):
        raise InputError(
            f"columns must be 1 or 2 different integers from 1 to {inputs}, got {describe(value)}"
        )
    return [int(entry) for entry in entries]


def decision_grid(
    network: Network | UnscaledNetwork,
    x: Array,
    columns: list[int],
    resolution: int,
    names: Sequence[str],
) -> Decision:
    """Compute the outputs where the chosen inputs vary and the others keep their means."""
    means = x.mean(axis=0)
    grid = []
    for column in columns:
        low, high = float(x[:, column - 1].min()), float(x[:, column - 1].max())
        # samples that are all alike still need some width
        margin = MARGIN * (high - low) if high > low else 0.5
        low, high = low - margin, high + margin
        grid.append(low + (high - low) * (np.arange(resolution) / (resolution - 1.0)))
    rows = np.tile(means, (resolution ** len(columns), 1))
    for column, values in zip(columns, np.meshgrid(*grid, indexing="ij"), strict=True):
        rows[:, column - 1] = values.ravel()
    outputs = network.predict(rows).reshape(*[resolution] * len(columns), -1)
    held = [j for j in range(1, len(means) + 1) if j not in columns]
    return Decision(columns, grid, outputs, held_text(held, means, names))


def held_text(held: list[int], means: Array, names: Sequence[str]) -> str:
    """Say which inputs are held at which means; of many, only how many."""
    if not held:
        return ""
    if len(held) > 3:
        return f"the other {len(held)} inputs held at their means"
    floor = ROUNDING * float(np.abs(means).max())

    def shown(mean: float) -> str:
        return "0" if abs(mean) <= max(floor, ROUNDING) else f"{mean:.3g}"

    return ", ".join(f"{names[j - 1]} = {shown(float(means[j - 1]))}" for j in held) + " (means)"


def contour_levels(low: float, high: float) -> list[float]:
    """Return round numbers from low or below to high or above: steps of 1, 2 or 5 times 10^k."""
    if low >= 0.0 and high <= 1.0:
        low, high = 0.0, 1.0
    if not high - low > 1e-9 * max(abs(low), abs(high), 1e-300):
        high = low = (low + high) / 2.0
        spread = max(1.0, abs(low))
        low, high = low - spread, high + spread
    raw = (high - low) / 12.0
    power = 10.0 ** math.floor(math.log10(raw) + 1e-9)
    step = next(m * power for m in (1.0, 2.0, 5.0, 10.0) if m * power >= raw * (1.0 - 1e-9))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [k * step for k in range(first, last + 1)]


CONTOURS: dict[str, Any] = {"colors": "#555555", "linewidths": 0.6, "linestyles": "solid"}


def _draw_height(ax: Axes, decision: Decision, x: Array, d: Array) -> None:
    """Draw one output over two inputs."""
    height = decision.outputs[:, :, 0].T
    at = contour_levels(float(height.min()), float(height.max()))
    bands = [mix(POSITIVE, 0.05 + 0.75 * i / max(1, len(at) - 2)) for i in range(len(at) - 1)]
    # rounding may leave a value just beyond the last level
    ax.contourf(*decision.grid, np.clip(height, at[0], at[-1]), levels=at, colors=bands)
    classes = bool(np.isin(d, (0.0, 1.0)).all())
    half = classes and height.min() < 0.5 < height.max()
    inner = [
        v for v in at if height.min() < v < height.max() and not (half and abs(v - 0.5) < 1e-9)
    ]
    if inner:
        lines = ax.contour(*decision.grid, height, levels=inner, **CONTOURS)
        ax.clabel(lines, fontsize=TEXT_SIZE, colors=BLACK, fmt=lambda level: f"{level:.3g}")
    if half:
        ax.contour(*decision.grid, height, levels=[0.5], colors=BLACK, linewidths=2.0)
    points = [x[:, column - 1] for column in decision.columns]
    if classes:
        for value, colour, marker in ((0.0, "#FFFFFF", "o"), (1.0, "#E69F00", "^")):
            chosen = d[:, 0] == value
            _samples(ax, [p[chosen] for p in points], marker, colour, f"d = {value:.0f}")
        if half:
            ax.plot([], [], color=BLACK, linewidth=2.0, label="output = 0.5")
    else:
        share = (d[:, 0] - at[0]) / (at[-1] - at[0])
        colours = [mix(POSITIVE, 0.05 + 0.75 * min(1.0, max(0.0, float(s)))) for s in share]
        ax.scatter(
            points[0], points[1], s=36, c=colours, edgecolors=BLACK, linewidths=1.0, zorder=3
        )
    _fit(ax, decision)


def _draw_regions(ax: Axes, decision: Decision, x: Array, d: Array, names: list[str]) -> None:
    """Draw where each of several outputs is the largest."""
    from matplotlib.colors import ListedColormap

    largest = decision.outputs.argmax(axis=2).T
    wanted = d.argmax(axis=1)
    k = d.shape[1]
    tints = ListedColormap([mix(COLOURS[i % len(COLOURS)], 0.28) for i in range(k)])
    ax.pcolormesh(
        *decision.grid,
        largest,
        cmap=tints,
        vmin=-0.5,
        vmax=k - 0.5,
        shading="nearest",
        rasterized=True,
    )
    for i in range(k):
        inside = (largest == i).astype(float)
        if 0.0 < inside.mean() < 1.0:
            ax.contour(*decision.grid, inside, levels=[0.5], colors="#555555", linewidths=0.8)
    points = [x[:, column - 1] for column in decision.columns]
    for i in range(k):
        chosen = wanted == i
        place = (MARKERS[i % len(MARKERS)], COLOURS[i % len(COLOURS)])
        _samples(ax, [p[chosen] for p in points], *place, names[i])
    _fit(ax, decision)


def _draw_curve(ax: Axes, decision: Decision, x: Array, d: Array, names: list[str]) -> None:
    """Draw the outputs over one input."""
    for i, name in enumerate(names):
        colour = COLOURS[i % len(COLOURS)]
        dash = DASHES[i % len(DASHES)]
        ax.plot(
            decision.grid[0],
            decision.outputs[:, i],
            color=colour,
            linestyle=dash,
            linewidth=1.8,
            label=name,
        )
        points = [x[:, decision.columns[0] - 1], d[:, i]]
        _samples(ax, points, MARKERS[i % len(MARKERS)], mix(colour, 0.5), f"{name}, desired")
    ax.set_xlim(decision.grid[0][0], decision.grid[0][-1])


def _samples(ax: Axes, points: list[Array], marker: str, colour: Any, name: str) -> None:
    ax.plot(
        *points,
        linestyle="none",
        marker=marker,
        markersize=7.0,
        markerfacecolor=colour,
        markeredgecolor=BLACK,
        markeredgewidth=0.9,
        label=name,
        zorder=3,
    )


def _fit(ax: Axes, decision: Decision) -> None:
    ax.set_xlim(decision.grid[0][0], decision.grid[0][-1])
    ax.set_ylim(decision.grid[1][0], decision.grid[1][-1])


def plot_rules(comparison: Any, what: str = "cost", *, ax: Axes | None = None) -> Axes:
    """Draw how the backpropagation rules of a comparison do.

    Rules differ by colour and by dash, layers by marker. A rule that stops before the others ends
    in a cross.

    Parameters
    ----------
    comparison : object
        The comparison: its `costs` is a DataFrame of rule, epoch and cost, its `table` one of rule,
        epoch, layer, cosine and length_ratio.
    what : str, default "cost"
        "cost": the cost of every epoch; "cosine": the cosine of each layer's gradient with the
        exact one; "length_ratio": its length divided by that of the exact one, on a logarithmic
        scale.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if not given.

    Returns
    -------
    matplotlib.axes.Axes
        Where it was drawn.

    Raises
    ------
    InputError
        If an argument is not as described.
    EngineError
        If matplotlib is not installed.

    Examples
    --------
    >>> import matplotlib, pandas
    >>> matplotlib.use("Agg")
    >>> class Comparison:
    ...     costs = pandas.DataFrame({"rule": "gradient", "epoch": [1, 2], "cost": [0.2, 0.1]})
    ...     table = pandas.DataFrame(
    ...         {"rule": ["gradient"], "epoch": 1, "layer": 2, "cosine": 1.0, "length_ratio": 1.0}
    ...     )
    >>> plot_rules(Comparison()).get_ylabel()
    'cost'
    """
    check_comparison(comparison)
    what = check_choice(what, "what", RULE_PICTURES)
    check_axes(ax)
    from matplotlib.lines import Line2D

    own = ax is None
    ax = _new_axes() if ax is None else ax
    curves = rule_curves(comparison, what)
    layers = sorted({curve.layer for curve in curves})
    last: dict[str, float] = {}
    for curve in curves:
        last[curve.rule] = max(last.get(curve.rule, -math.inf), float(curve.epoch.max()))
    if what != "cost":
        ax.axhline(1.0, color="#BBBBBB", linewidth=0.8, zorder=0)
    for curve in curves:
        marker = None if what == "cost" else MARKERS[layers.index(curve.layer) % len(MARKERS)]
        every = max(1, len(curve.epoch) // 8)
        colour = rule_colour(curve.rule)
        ax.plot(
            curve.epoch,
            curve.value,
            color=colour,
            linestyle=DASHES[rule_place(curve.rule) % len(DASHES)],
            linewidth=1.6,
            marker=marker,
            markevery=every,
            markersize=5.5,
            label=curve.rule if what == "cost" else f"{curve.rule}, layer {curve.layer}",
        )
        if curve.epoch.max() < max(last.values()):
            seen = np.flatnonzero(np.isfinite(curve.value))
            if len(seen):
                end = seen[-1]
                ax.plot(curve.epoch[end], curve.value[end], "x", color=colour, markersize=9.0)
    if what == "length_ratio":
        ax.set_yscale("log")
    _label(ax, "epoch", RULE_PICTURES[what])
    _title(ax, "Backpropagation rules" + ("" if what == "cost" else " against the gradient"))
    handles: list[Any] = []
    for rule, end in last.items():
        stopped = f" (ends at {end:.0f})" if end < max(last.values()) else ""
        dash = DASHES[rule_place(rule) % len(DASHES)]
        line = Line2D([], [], color=rule_colour(rule), linestyle=dash, linewidth=1.6)
        line.set_label(rule + stopped)
        handles.append(line)
    if what != "cost":
        for i, layer in enumerate(layers):
            marker = MARKERS[i % len(MARKERS)]
            handles.append(
                Line2D(
                    [], [], color="#555555", linestyle="none", marker=marker, label=f"layer {layer}"
                )
            )
    _legend(ax, handles, beside=own)
    return ax


class Curve(NamedTuple):
    """A line of a comparison; `layer` is 0 for costs."""

    rule: str
    layer: int
    epoch: Array
    value: Array


def check_comparison(comparison: Any) -> None:
    """Refuse what has not the tables of a comparison of rules."""
    wanted = {
        "costs": ("rule", "epoch", "cost"),
        "table": ("rule", "epoch", "layer", "cosine", "length_ratio"),
    }
    for name, columns in wanted.items():
        table = getattr(comparison, name, None)
        if table is None or not set(columns) <= set(getattr(table, "columns", ())):
            raise InputError(
                f"comparison must have a data frame {name} with the columns "
                f"{', '.join(columns)}, got {describe(comparison)}"
            )


def rule_curves(comparison: Any, what: str) -> list[Curve]:
    """Return the lines to draw: rule by rule, in their usual order, and layer by layer."""
    table: pd.DataFrame = comparison.costs if what == "cost" else comparison.table
    rules = list(dict.fromkeys(table["rule"]))
    curves = []
    for rule in sorted(rules, key=rule_place):
        rows = table[table["rule"] == rule]
        layers = [0] if what == "cost" else sorted({int(layer) for layer in rows["layer"]})
        for layer in layers:
            part = rows if what == "cost" else rows[rows["layer"] == layer]
            value = part[what].to_numpy(dtype=float, na_value=np.nan)
            if what == "length_ratio":
                value = np.where(value > 0.0, value, np.nan)
            curves.append(Curve(str(rule), layer, part["epoch"].to_numpy(dtype=float), value))
    return curves


def rule_place(rule: str) -> int:
    """Return a rule's place in the usual order; what is no rule comes last."""
    names = list(RULES)
    return names.index(rule) if rule in names else len(names)


def rule_colour(rule: str) -> str:
    """Return a rule's colour."""
    return RULE_COLOURS.get(rule, COLOURS[3])
