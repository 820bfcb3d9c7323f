"""Where the picture of a network puts what. Twin: r/layout.R.

Section 15 of docs/contract.md. Pure functions: from the network's numbers to positions in inches
and texts, which `plots` draws as they are. JavaScript has no twin: a page draws its own picture.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from twinprop.checks import Array

#: Sizes of texts in points: none is smaller than the first.
TEXT_SIZE = 8.0
CAPTION_SIZE = 9.0
TITLE_SIZE = 11.0

#: Height of a line of text and widths of a character, in parts of the text's size. Digits are 0.64
#: wide in matplotlib's own font and 0.56 in R's, most other letters less; wide are capitals, m, w,
#: @, % and whatever is not ASCII. Numbers have a point and a sign, which are narrow.
LINE = 1.3
NARROW = 0.65
WIDE = 0.95
DIGIT = 0.6

#: Columns of circles are this far apart, in inches, when the picture may choose its size; further
#: where a gap holds more than a few weights.
GAP = 2.5
WIDER_GAP = 3.0
FEW_WEIGHTS = 16
#: The largest distances of columns and of neurons when the size is given, and the largest picture.
LARGEST_GAP = 3.6
LARGEST_PITCH = 1.3
LARGEST_WIDTH = 20.0

#: Radius of a circle: the usual one, that of large layers, and the smallest that holds a number.
RADIUS = 0.25
SMALL_RADIUS = 0.215
SMALLEST_RADIUS = 0.205
#: More neurons than this make a large layer.
LARGE_LAYER = 6

#: A layer takes at most this many places: the first ten neurons, an ellipsis, the last neuron.
MOST_PLACES = 12

#: Names of inputs and outputs are cut to this many characters.
LONGEST_NAME = 14

#: Widths of lines in points, from a weight of 0 to the largest.
THINNEST = 0.6
THICKEST = 3.4
#: The largest in a gap of many weights, and the ellipsis' dots as parts of the neurons' distance.
THICKEST_OF_MANY = 2.0
DOTS = 0.2
THINNEST_ARROW = 0.6
THICKEST_ARROW = 2.2

#: More weights than this in a gap are many: errors are not drawn on their way back there.
MANY_WEIGHTS = 36
#: How far beside the line of its weight an error goes back.
BESIDE = 0.055

#: A number of at most this many characters; longer ones lose a digit.
LONGEST_NUMBER = 6

#: What is smaller than this beside the numbers that it comes from is rounding, and written as 0.
ROUNDING = 1e-12

#: Room for rounding in comparisons of lengths, so that both languages decide alike.
_ROOM = 1e-9


class Content(NamedTuple):
    """What a picture of a network shows; lists over the layers, from 2 on where it says so."""

    layers: tuple[int, ...]
    activations: list[str]
    #: Weights and biases into the layers 2..L; (n_l, n_{l-1}) and (n_l,) each.
    weights: list[Array]
    biases: list[Array]
    #: Activations of one sample, layers 1..L; (n_l,) each.
    a: list[Array] | None
    #: Its errors, layers 2..L; (n_l,) each, and its desired outputs (n_L,).
    e: list[Array] | None
    d: Array | None
    #: What each weight of the layers 3..L carries back of the errors; (n_l, n_{l-1}) each.
    shares: list[Array] | None
    input_names: list[str]
    output_names: list[str]
    #: The parts of the title.
    title: list[str]


class Circle(NamedTuple):
    """A neuron; `shade` is its activation, beside 1 or the layer's largest size."""

    layer: int
    neuron: int
    x: float
    y: float
    shade: float


class Dots(NamedTuple):
    """The ellipsis for the neurons of a layer that are not drawn: three dots, `apart`."""

    layer: int
    x: float
    y: float
    apart: float


class Line(NamedTuple):
    """A weight, from neuron `source` of the layer before to neuron `target` of `layer`.

    Of an error on its way back, `value` is its share and the line goes from target to source.
    """

    layer: int
    source: int
    target: int
    x0: float
    y0: float
    x1: float
    y1: float
    value: float
    width: float


class Text(NamedTuple):
    """A text at the height of its middle, `align` saying what part of it is at x.

    `role` is caption, number (in a circle), bias, error, desired, input, output, weight, flow or
    key; `layer` and `neuron` are 0 where it belongs to none, and so is `source`, from which a
    weight leads. `width` is what it may take.
    """

    role: str
    layer: int
    neuron: int
    source: int
    x: float
    y: float
    text: str
    size: float
    align: str
    width: float


class Layout(NamedTuple):
    """A picture: sizes and positions in inches from the lower left corner."""

    width: float
    height: float
    radius: float
    title: list[str]
    circles: list[Circle]
    dots: list[Dots]
    lines: list[Line]
    #: Errors on their way back, beside the weights.
    arrows: list[Line]
    #: The arrows below the network that say that errors go back, one for each gap after layer 2.
    flows: list[Line]
    texts: list[Text]
    #: For each gap between layers, whether its weights are written on the lines.
    written: list[bool]


class Box(NamedTuple):
    """A rectangle by its middle and its size."""

    x: float
    y: float
    width: float
    height: float


def short(value: float, floor: float = 0.0) -> str:
    """Write a number in at most six characters or so; 0 if it is no larger than `floor`."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("Inf" if value > 0 else "-Inf")
    # as rounded: 0.9999 and 1 must choose alike
    size = float(f"{abs(value):.2e}")
    if abs(value) <= floor or size == 0.0:
        return "0"
    if 0.001 <= size < 1000.0:
        decimals = 0 if size >= 100.0 else 1 if size >= 10.0 else 2 if size >= 0.1 else 3
        return f"{value:.{decimals}f}"
    text = _exponent(f"{value:.1e}")
    return text if len(text) <= LONGEST_NUMBER else _exponent(f"{value:.0e}")


def _exponent(text: str) -> str:
    """Write 1.2e+04 as 1.2e4."""
    mantissa, exponent = text.split("e")
    return f"{mantissa}e{int(exponent)}"


def cut(text: str, longest: int = LONGEST_NAME) -> str:
    """Cut a text that is too long and end it with dots."""
    return text if len(text) <= longest else text[: max(0, longest - 3)] + "..."


def line_height(size: float = TEXT_SIZE) -> float:
    """Return the height of a line of text in inches."""
    return LINE * size / 72.0


def text_width(text: str, size: float = TEXT_SIZE) -> float:
    """Return about how wide a text is in inches, rather too much than too little."""
    wide = sum("A" <= c <= "Z" or c in "mw@%" or ord(c) > 127 for c in text)
    return (wide * WIDE + (len(text) - wide) * NARROW) * size / 72.0


def number_width(text: str) -> float:
    """Return about how wide a number is in inches."""
    return (len(text) * DIGIT + 0.1) * TEXT_SIZE / 72.0


def wrap(pieces: Sequence[str], width: float, size: float, between: str = ", ") -> list[str]:
    """Join pieces to lines of at most this width; a piece that is too long is cut."""
    longest = max(1, math.floor(width * 72.0 / size / NARROW + _ROOM))
    lines: list[str] = []
    for piece in pieces:
        joined = f"{lines[-1]}{between}{piece}" if lines else piece
        if lines and text_width(joined, size) <= width + _ROOM:
            lines[-1] = joined
        else:
            lines.append(cut(piece, longest))
    return lines


def drawn_neurons(units: int) -> tuple[list[int], list[int], int]:
    """Return the neurons of a layer that are drawn, the place of each, and how many places."""
    if units <= MOST_PLACES:
        return list(range(1, units + 1)), list(range(units)), units
    first = MOST_PLACES - 2
    return [*range(1, first + 1), units], [*range(first), MOST_PLACES - 1], MOST_PLACES


def overlap(a: Box, b: Box) -> bool:
    """Whether two boxes share some area."""
    return (
        abs(a.x - b.x) < (a.width + b.width) / 2.0 - _ROOM
        and abs(a.y - b.y) < (a.height + b.height) / 2.0 - _ROOM
    )


class Frame(NamedTuple):
    """The measures of a picture, before anything is in it."""

    width: float
    height: float
    #: The columns' places, and how far they are apart.
    x: list[float]
    gap: float
    #: The middle of the columns, and how far neurons are apart.
    middle: float
    pitch: float
    radius: float
    #: Whether circles hold their numbers, and whether biases and errors stand beside them.
    numbers: bool
    beside: bool
    captions: list[list[str]]
    #: How many lines stand beside an input and an output: 0, 1 (the name), 2 (and d).
    input_lines: int
    output_lines: int
    key: list[str]


def network_layout(
    content: Content, values: bool | None = None, size: tuple[float, float] | None = None
) -> Layout:
    """Return the picture of a network.

    Parameters
    ----------
    content : Content
        What it shows.
    values : bool, optional
        Whether weights and biases are written: None, in each gap between layers all weights or
        none, as there is room; True, as many as there is room for; False, none.
    size : (float, float), optional
        Width and height in inches; as large as it needs if None.
    """
    frame = _measure(content, values, size)
    circles, dots = _circles(content, frame)
    lines = _lines(content, frame, circles)
    texts = [
        *_captions(frame),
        *_beside_circles(content, frame, circles, values),
        *_names(content, frame, circles),
    ]
    weights, written = _weight_texts(frame, content, lines, circles, texts, values)
    flows, flow_texts = _flows(content, frame)
    return Layout(
        frame.width,
        frame.height,
        frame.radius,
        wrap(content.title, frame.width - 0.1, TITLE_SIZE),
        circles,
        dots,
        lines,
        _arrows(content, lines),
        flows,
        [*texts, *weights, *flow_texts, *_key(frame)],
        written,
    )


def _long_captions(content: Content) -> list[list[str]]:
    kinds = ["input", *content.activations]
    result = []
    for layer, (units, kind) in enumerate(zip(content.layers, kinds, strict=True), start=1):
        shown = len(drawn_neurons(units)[0])
        count = f"{units} neurons, {shown} drawn" if shown < units else _neurons(units)
        result.append([f"layer {layer}: {kind}", count])
    return result


def _neurons(units: int) -> str:
    return "1 neuron" if units == 1 else f"{units} neurons"


def _short_captions(content: Content) -> list[list[str]]:
    kinds = ["input", *content.activations]
    return [[kind, str(units)] for units, kind in zip(content.layers, kinds, strict=True)]


def _key_pieces(content: Content, values: bool | None, beside: bool, desired: bool) -> list[str]:
    pieces = ["solid blue: weight >= 0", "dashed orange: weight < 0"]
    if beside and values is not False:
        pieces.append("b: bias")
    if desired and content.e is not None:
        pieces.append("d: desired output")
    if beside and content.e is not None:
        pieces.append("e: error")
    if content.e is not None and len(content.layers) > 2:
        pieces.append("purple arrow: error going back")
    return pieces


def _measure(content: Content, values: bool | None, size: tuple[float, float] | None) -> Frame:
    """Choose sizes, and what there is room for."""
    gaps = len(content.layers) - 1
    places = max(drawn_neurons(units)[2] for units in content.layers)
    above = 0 if values is False else 1
    below = 0 if content.e is None else 1
    has_numbers = content.a is not None
    left_names = max(text_width(cut(name)) for name in content.input_names)
    right_names = max(text_width(cut(name)) for name in content.output_names)
    if content.d is not None:
        right_names = max(right_names, max(text_width(f"d {short(v)}") for v in content.d))

    # Columns: names and long captions, else short captions, else none, where the width is given.
    chosen: tuple[float, float, float, list[list[str]], bool] | None = None
    tries = [
        (_long_captions(content), True),
        (_short_captions(content), True),
        (_short_captions(content), False),
        ([], False),
    ]
    for captions, with_names in tries:
        widths = [max(text_width(line, CAPTION_SIZE) for line in lines) for lines in captions]
        left = max([widths[0] / 2.0 if widths else 0.0, RADIUS]) + 0.06
        right = max([widths[-1] / 2.0 if widths else 0.0, RADIUS]) + 0.06
        if with_names:
            left = max(left, left_names + RADIUS + 0.16)
            right = max(right, right_names + RADIUS + 0.16)
        needed = max([0.8, *((p + q) / 2.0 + 0.1 for p, q in zip(widths, widths[1:]))])
        if size is None:
            gap = max(
                needed, min(_natural_gap(content, values), (LARGEST_WIDTH - left - right) / gaps)
            )
        else:
            gap = min((size[0] - left - right) / gaps, LARGEST_GAP)
        chosen = (left, right, gap, captions, with_names)
        if gap >= needed - _ROOM:
            break
    assert chosen is not None
    left, right, gap, captions, with_names = chosen
    gap = max(gap, 0.02)
    width = left + right + gaps * gap if size is None else size[0]

    # Rows.
    key = wrap(_key_pieces(content, values, True, True), width - 0.1, TEXT_SIZE, "   ")
    if len(key) > 3:
        key = []
    flow = content.e is not None and gaps > 1
    top = (2.0 if captions else 0.0) * line_height(CAPTION_SIZE) + 0.1
    bottom = len(key) * line_height() + (0.3 if flow else 0.0) + 0.1
    side = (above + below) * line_height()
    if size is None:
        usual = RADIUS if places <= LARGE_LAYER else SMALL_RADIUS
        pitch = 2.0 * usual + side + (0.16 if places <= LARGE_LAYER else 0.06)
        height = top + bottom + places * pitch
    else:
        height = size[1]
        pitch = max(0.04, min((height - top - bottom) / places, LARGEST_PITCH))
    radius = min(RADIUS, (pitch - side - 0.05) / 2.0)
    beside = radius >= SMALLEST_RADIUS - _ROOM and gap >= 0.7
    if not beside:
        radius = min(RADIUS, (pitch - 0.06) / 2.0)
    radius = max(0.015, min(radius, 0.3 * gap))
    output_lines = 1 if content.d is None else 2
    output_lines = min(output_lines, math.floor(pitch / line_height() + _ROOM)) if with_names else 0
    if key:  # without what there was no room for
        pieces = _key_pieces(content, values, beside, output_lines == 2)
        key = wrap(pieces, width - 0.1, TEXT_SIZE, "   ")
    start = left + (width - left - right - gaps * gap) / 2.0
    return Frame(
        width,
        height,
        [start + gap * i for i in range(gaps + 1)],
        gap,
        bottom + (height - top - bottom) / 2.0,
        pitch,
        radius,
        radius >= (SMALLEST_RADIUS if has_numbers else 0.12) - _ROOM,
        beside,
        captions,
        1 if with_names and pitch >= line_height() else 0,
        output_lines,
        key,
    )


def _natural_gap(content: Content, values: bool | None) -> float:
    """Return how far columns are apart when the picture may choose."""
    places = [len(drawn_neurons(units)[0]) for units in content.layers]
    most = max(p * q for p, q in zip(places, places[1:]))
    return WIDER_GAP if values is not False and most > FEW_WEIGHTS else GAP


def _circles(content: Content, frame: Frame) -> tuple[list[Circle], list[Dots]]:
    circles, dots = [], []
    for layer, (units, x) in enumerate(zip(content.layers, frame.x, strict=True), start=1):
        neurons, at, places = drawn_neurons(units)

        def y(place: float, places: int = places) -> float:
            return frame.middle + ((places - 1) / 2.0 - place) * frame.pitch

        a = None if content.a is None else content.a[layer - 1]
        largest = 1.0 if a is None else max(1.0, float(np.abs(a).max()))
        for neuron, place in zip(neurons, at, strict=True):
            shade = 0.0 if a is None else float(a[neuron - 1]) / largest
            circles.append(Circle(layer, neuron, x, y(place), shade))
        if len(neurons) < units:
            dots.append(Dots(layer, x, y(MOST_PLACES - 2), min(0.1, DOTS * frame.pitch)))
    return circles, dots


def _lines(content: Content, frame: Frame, circles: list[Circle]) -> list[Line]:
    """Return a line for each weight between neurons that are drawn, from border to border."""
    largest = max(float(np.abs(w).max()) for w in content.weights)
    shown = [len(drawn_neurons(units)[0]) for units in content.layers]
    lines = []
    for target in circles:
        count = shown[target.layer - 1] * shown[target.layer - 2]
        thickest = THICKEST_OF_MANY if count > MANY_WEIGHTS else THICKEST
        for source in circles:
            if source.layer != target.layer - 1:
                continue
            weight = float(content.weights[target.layer - 2][target.neuron - 1, source.neuron - 1])
            width = THINNEST
            if largest > 0.0:
                width += (thickest - THINNEST) * abs(weight) / largest
            dx, dy = target.x - source.x, target.y - source.y
            part = frame.radius / math.sqrt(dx * dx + dy * dy)
            lines.append(
                Line(
                    target.layer,
                    source.neuron,
                    target.neuron,
                    source.x + part * dx,
                    source.y + part * dy,
                    target.x - part * dx,
                    target.y - part * dy,
                    weight,
                    width,
                )
            )
    return lines


def _arrows(content: Content, lines: list[Line]) -> list[Line]:
    """Return the errors on their way back, each a little below the line of its weight."""
    if content.shares is None:
        return []
    arrows = []
    for shares, layer in zip(content.shares, range(3, len(content.layers) + 1), strict=True):
        of_layer = [line for line in lines if line.layer == layer]
        if len(of_layer) > MANY_WEIGHTS:
            continue
        largest = float(np.abs(shares).max())
        for line in of_layer:
            share = float(shares[line.target - 1, line.source - 1])
            width = THINNEST_ARROW
            if largest > 0.0:
                width += (THICKEST_ARROW - THINNEST_ARROW) * abs(share) / largest
            dx, dy = line.x1 - line.x0, line.y1 - line.y0
            length = math.sqrt(dx * dx + dy * dy)
            right, down = BESIDE * dy / length, -BESIDE * dx / length
            arrows.append(
                line._replace(
                    x0=line.x1 + right,
                    y0=line.y1 + down,
                    x1=line.x0 + right,
                    y1=line.y0 + down,
                    value=share,
                    width=width,
                )
            )
    return arrows


def _captions(frame: Frame) -> list[Text]:
    height = line_height(CAPTION_SIZE)
    top = frame.height - 0.04
    return [
        Text(
            "caption",
            layer,
            0,
            0,
            x,
            top - (i + 0.5) * height,
            line,
            CAPTION_SIZE,
            "center",
            text_width(line, CAPTION_SIZE),
        )
        for layer, (lines, x) in enumerate(zip(frame.captions, frame.x), start=1)
        for i, line in enumerate(lines)
    ]


def _beside_circles(
    content: Content, frame: Frame, circles: list[Circle], values: bool | None
) -> list[Text]:
    """Return the texts in the circles, the biases above and the errors below."""
    away = frame.radius + line_height() / 2.0 + 0.01
    floor_a, floor_e = rounding_floors(content)
    texts = []

    def add(role: str, circle: Circle, y: float, text: str, width: float) -> None:
        place = (circle.layer, circle.neuron, 0, circle.x, y)
        texts.append(Text(role, *place, text, TEXT_SIZE, "center", width))

    for circle in circles:
        i, k = circle.layer, circle.neuron - 1
        if frame.numbers:
            number = str(circle.neuron)
            if content.a is not None:
                number = short(float(content.a[i - 1][k]), floor_a)
            add("number", circle, circle.y, number, number_width(number))
        if not frame.beside or i == 1:
            continue
        if values is not False:
            bias = f"b {short(float(content.biases[i - 2][k]))}"
            add("bias", circle, circle.y + away, bias, text_width(bias))
        if content.e is not None:
            error = f"e {short(float(content.e[i - 2][k]), floor_e)}"
            add("error", circle, circle.y - away, error, text_width(error))
    return texts


def rounding_floors(content: Content) -> tuple[float, float]:
    """Return the sizes below which activations and errors are rounding."""
    largest = 0.0 if content.a is None else max(float(np.abs(a).max()) for a in content.a)
    if content.a is None or content.e is None or content.d is None:
        return min(1e-6, ROUNDING * largest), 0.0
    errors = max(float(np.abs(v).max()) for v in [*content.e, content.a[-1], content.d])
    return min(1e-6, ROUNDING * largest), ROUNDING * errors


def _names(content: Content, frame: Frame, circles: list[Circle]) -> list[Text]:
    """Return the names left of the inputs and right of the outputs, there with what is desired."""
    last = len(content.layers)
    away = frame.radius + 0.08
    texts = []

    def add(role: str, circle: Circle, lines: float, text: str) -> None:
        align = "right" if role == "input" else "left"
        x = circle.x + (-away if role == "input" else away)
        y = circle.y + lines * line_height()
        place = (circle.layer, circle.neuron, 0, x, y)
        texts.append(Text(role, *place, text, TEXT_SIZE, align, text_width(text)))

    for circle in circles:
        k = circle.neuron - 1
        if circle.layer == 1 and frame.input_lines > 0:
            add("input", circle, 0.0, cut(content.input_names[k]))
        if circle.layer == last and frame.output_lines > 0:
            two = frame.output_lines == 2
            add("output", circle, 0.5 if two else 0.0, cut(content.output_names[k]))
            if two and content.d is not None:
                add("desired", circle, -0.5, f"d {short(float(content.d[k]))}")
    return texts


def _weight_texts(
    frame: Frame,
    content: Content,
    lines: list[Line],
    circles: list[Circle],
    texts: list[Text],
    values: bool | None,
) -> tuple[list[Text], list[bool]]:
    """Write the weights on their lines, gap by gap, where none hides another."""
    taken = [
        *(Box(c.x, c.y, 2.0 * frame.radius, 2.0 * frame.radius) for c in circles),
        *(Box(t.x, t.y, t.width, line_height()) for t in texts if t.role in ("bias", "error")),
    ]
    result: list[Text] = []
    written = []
    for layer in range(2, len(content.layers) + 1):
        of_layer = [line for line in lines if line.layer == layer]
        found: list[Text] | None = None
        if values is not False:
            near = [
                box for box in taken if frame.x[layer - 2] - 1.0 < box.x < frame.x[layer - 1] + 1.0
            ]
            found = _place(frame, of_layer, near, all_or_none=values is None)
        result += found or []
        written.append(bool(found))
    return result, written


def _place(
    frame: Frame, lines: list[Line], taken: list[Box], all_or_none: bool
) -> list[Text] | None:
    """Give each weight the first of its candidate places that is free; None if there is none.

    The first candidate is where the lines from one neuron are as far apart as those of the next
    begin (with one source half of the way); the others go on from there, in steps of a text's
    width.
    """
    texts = [short(line.value) for line in lines]
    width = max(number_width(text) for text in texts) + 0.03
    height = line_height() + 0.01
    targets = len({line.target for line in lines})
    sources = len({line.source for line in lines})
    first = 0.5 if sources == 1 else 1.0 / (targets + 1.0)
    nearest = (frame.radius + 0.05 + width / 2.0) / frame.gap
    tries = candidates(nearest, first, (width + 0.03) / frame.gap)
    taken = list(taken)
    result = []
    for line, text in sorted(zip(lines, texts), key=lambda pair: (pair[0].source, pair[0].target)):
        # from middle to middle of the circles
        x0, x1 = frame.x[line.layer - 2], frame.x[line.layer - 1]
        slope = (line.y1 - line.y0) / (line.x1 - line.x0)
        for t in tries:
            x = x0 + t * (x1 - x0)
            box = Box(x, line.y0 + slope * (x - line.x0), width, height)
            if not any(overlap(box, other) for other in taken):
                taken.append(box)
                result.append(
                    Text(
                        "weight",
                        line.layer,
                        line.target,
                        line.source,
                        box.x,
                        box.y,
                        text,
                        TEXT_SIZE,
                        "center",
                        number_width(text),
                    )
                )
                break
        else:
            if all_or_none:
                return None
    return result


def candidates(nearest: float, first: float, step: float) -> list[float]:
    """Return the parts of the way at which a weight may be written, the best first."""
    first = max(nearest, first)
    result = []
    for offset in (0.0, 0.5, 0.25, 0.75):
        t = first + offset * step
        while t <= 1.0 - nearest + _ROOM:
            result.append(t)
            t += step
    t = first - step
    while t >= nearest - _ROOM:
        result.append(t)
        t -= step
    return result


def _flows(content: Content, frame: Frame) -> tuple[list[Line], list[Text]]:
    """Return the arrows below the network, from each layer's errors to those before."""
    if content.e is None or len(content.layers) < 3:
        return [], []
    y = len(frame.key) * line_height() + 0.06 + 0.12
    flows, texts = [], []
    for layer in range(len(content.layers), 2, -1):
        x0, x1 = frame.x[layer - 1] - 0.15, frame.x[layer - 2] + 0.15
        if x0 - x1 < 0.2:
            continue
        flows.append(Line(layer, 0, 0, x0, y, x1, y, 0.0, THICKEST_ARROW))
        text = f"e[{layer - 1}] from e[{layer}]"
        if text_width(text) < x0 - x1 - 0.3:
            middle = (x0 + x1) / 2.0
            texts.append(
                Text("flow", layer, 0, 0, middle, y, text, TEXT_SIZE, "center", text_width(text))
            )
    return flows, texts


def _key(frame: Frame) -> list[Text]:
    """Return what the colours and letters mean, at the bottom."""
    height = line_height()
    return [
        Text(
            "key",
            0,
            0,
            0,
            frame.width / 2.0,
            0.05 + (len(frame.key) - i - 0.5) * height,
            line,
            TEXT_SIZE,
            "center",
            text_width(line),
        )
        for i, line in enumerate(frame.key)
    ]
