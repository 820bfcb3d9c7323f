"""An explained step as text, Markdown, HTML, LaTeX or JSON. Twin: r/report.R.

Section 12 of docs/contract.md. JavaScript has none: a page lays out the equations itself.
"""

from __future__ import annotations

import html
import json
import math
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twinprop.checks import check_choice, check_path, describe, quoted
from twinprop.equations import (
    LATEX,
    MATHML,
    TEXT,
    Notation,
    shown,
    write,
    write_value,
)
from twinprop.errors import InputError
from twinprop.plan import write_whole
from twinprop.version import __version__

if TYPE_CHECKING:
    from twinprop.explain import Equation, Explanation

EXPLANATION_FORMAT = "twinprop-explanation/1"

#: Lines of the text have so many characters; an equation that fits into one has one.
LINE = 100

FORMATS = ("text", "md", "html", "latex", "json")
_ENDINGS = {".txt": "text", ".md": "md", ".html": "html", ".tex": "latex", ".json": "json"}

_ROUNDED = "Numbers are shown to 6 digits; all digits are computed with."


def report(explanation: Explanation, format: str) -> str:
    """Return the report in a format."""
    check_choice(format, "format", FORMATS)
    if format == "json":
        return _json(explanation)
    return {"text": _text, "md": _markdown, "html": _html, "latex": _latex}[format](explanation)


def write_report(explanation: Explanation, path: Any) -> None:
    """Write the report to a file; its name says the format."""
    ending = Path(check_path(path, "path")).suffix
    if ending not in _ENDINGS:
        raise InputError(f"path must end in one of {quoted(_ENDINGS)}, got {describe(str(path))}")
    write_whole(Path(path), report(explanation, _ENDINGS[ending]))


def _parts(equation: Equation, notation: Notation) -> list[str]:
    """Return symbol, formula, substitution and value, without what would be said twice."""
    texts = [write(equation.quantity, TEXT)]
    parts = [write(equation.quantity, notation)]
    for numbers in (False, True):
        text = write(equation.expression, TEXT, numbers=numbers)
        if text != texts[-1]:
            texts.append(text)
            parts.append(write(equation.expression, notation, numbers=numbers))
    if shown(equation.quantity.value, equation.quantity.size) != texts[-1]:
        parts.append(write_value(equation.quantity, notation))
    return parts


def _introduction(explanation: Explanation) -> list[str]:
    """Return the sentences below the title."""
    lines = [explanation.title + ".", _ROUNDED]
    if explanation.summarised:
        lines.append(
            "There are too many equations to write them all out: here is a summary of each layer. "
            "Ask for single neurons by their layer and number, as in (2, 1)."
        )
    return lines


_SUMMARY_HEAD = ("quantity", "count", "smallest", "mean", "largest")


def _summary_rows(explanation: Explanation) -> list[tuple[str, ...]]:
    """Return the rows of the summary, as text."""
    return [
        (
            row.symbol,
            str(row.values),
            *(shown(q.value, q.size) for q in (row.smallest, row.mean, row.largest)),
        )
        for row in explanation.layers
    ]


def _text(explanation: Explanation) -> str:
    lines = [line for text in _introduction(explanation) for line in _wrapped(text)]
    if explanation.summarised:
        lines.append("")
        for row in [_SUMMARY_HEAD, *_summary_rows(explanation)]:
            lines.append("  {:<14}{:>9}{:>14}{:>14}{:>14}".format(*row))
    for number, section in enumerate(explanation.sections, 1):
        title = f"{number}. {section.title}"
        lines += ["", title, "-" * len(title)]
        lines += [line for note in section.notes for line in _wrapped(note)] + [""]
        for equation in section.equations:
            lines += _text_equation(equation)
    return "\n".join(lines) + "\n"


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, LINE, break_long_words=False, break_on_hyphens=False)


def _lines_of(equation: Equation, notation: Notation) -> list[list[str]]:
    """Return what stands on each line: all in one where the text fits into one, else in three."""
    texts = _parts(equation, TEXT)
    parts = texts if notation is TEXT else _parts(equation, notation)
    if len("  " + " = ".join(texts)) <= LINE:
        return [parts]
    return [parts[:2], *([part] for part in parts[2:])]


def _text_equation(equation: Equation) -> list[str]:
    first, *others = _lines_of(equation, TEXT)
    indent = " " * (2 + len(first[0]))
    return ["  " + " = ".join(first), *(f"{indent} = {part}" for (part,) in others)]


def _aligned(equation: Equation) -> str:
    first, *others = _lines_of(equation, LATEX)
    rows = [f"{first[0]} &= {' = '.join(first[1:])}" if len(first) > 1 else f"&{first[0]}"]
    rows += [f"&= {part}" for (part,) in others]
    return "\\begin{aligned}\n" + " \\\\\n".join(rows) + "\n\\end{aligned}"


def _markdown(explanation: Explanation) -> str:
    title, *others = _introduction(explanation)
    lines = ["# One training step", "", _escaped_markdown(title), ""]
    for other in others:
        lines += [_escaped_markdown(other), ""]
    if explanation.summarised:
        lines += ["| " + " | ".join(_SUMMARY_HEAD) + " |", "| --- | ---: | ---: | ---: | ---: |"]
        for symbol, *numbers in _summary_rows(explanation):
            lines.append("| " + " | ".join([f"`{symbol}`", *numbers]) + " |")
        lines.append("")
    for number, section in enumerate(explanation.sections, 1):
        lines += [f"## {number}. {section.title}", ""]
        for note in section.notes:
            lines += [_escaped_markdown(note), ""]
        for equation in section.equations:
            lines += ["$$", _aligned(equation), "$$", ""]
    return "\n".join(lines)


def _escaped_markdown(text: str) -> str:
    return text.replace("_", "\\_").replace("*", "\\*")


def _latex(explanation: Explanation) -> str:
    title, *others = _introduction(explanation)
    lines = [
        "\\documentclass{article}",
        "\\usepackage{amsmath}",
        "\\usepackage[margin=2cm]{geometry}",
        "\\allowdisplaybreaks",
        "\\begin{document}",
        "\\title{One training step}",
        "\\date{}",
        "\\maketitle",
        "",
        _escaped_latex(title),
    ]
    for other in others:
        lines += ["", _escaped_latex(other)]
    if explanation.summarised:
        lines += ["", "\\begin{tabular}{lrrrr}", " & ".join(_SUMMARY_HEAD) + " \\\\", "\\hline"]
        for row in _summary_rows(explanation):
            lines.append(" & ".join(map(_escaped_latex, row)) + " \\\\")
        lines.append("\\end{tabular}")
    for section in explanation.sections:
        lines += ["", f"\\section{{{section.title}}}", ""]
        lines += [_escaped_latex(note) for note in section.notes]
        for equation in section.equations:
            lines += ["\\[", _aligned(equation), "\\]"]
    return "\n".join([*lines, "\\end{document}"]) + "\n"


def _escaped_latex(text: str) -> str:
    return text.replace("_", "\\_").replace("^", "\\^{}")


_STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 66rem; padding: 1rem; }
.twinprop h2 { border-bottom: 1px solid #8888; font-size: 1.15rem; margin: 2rem 0 0.5rem; }
.twinprop p { margin: 0.3rem 0; max-width: 48rem; }
.twinprop .equations { overflow-x: auto; }
.twinprop .equation { margin: 0.3rem 0; padding: 0.1rem 0 0.1rem 1rem; }
.twinprop .blame { background: linear-gradient(90deg, #0072b233 var(--part), transparent 0); }
.twinprop math { font-family: "STIX Two Math", "Cambria Math", math, serif; }
.twinprop mtd { padding: 0.1rem; text-align: left; }
.twinprop table { border-collapse: collapse; margin: 0.5rem 0; }
.twinprop th, .twinprop td { padding: 0.1rem 0.8rem; text-align: right; }
.twinprop th:first-child, .twinprop td:first-child { text-align: left; }
"""


def _html(explanation: Explanation) -> str:
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        "<title>One training step</title>\n"
        f"<style>{_STYLE}</style>\n</head>\n<body>\n<h1>One training step</h1>\n"
        f"{html_body(explanation)}</body>\n</html>\n"
    )


def html_body(explanation: Explanation) -> str:
    """Return the report as a part of a page; notebooks show it."""
    lines = ['<div class="twinprop">']
    lines += [f"<p>{html.escape(text, quote=False)}</p>" for text in _introduction(explanation)]
    if explanation.summarised:
        lines.append("<table>")
        lines.append("<tr>" + "".join(f"<th>{name}</th>" for name in _SUMMARY_HEAD) + "</tr>")
        for row in _summary_rows(explanation):
            cells = "".join(f"<td>{html.escape(cell, quote=False)}</td>" for cell in row)
            lines.append(f"<tr>{cells}</tr>")
        lines.append("</table>")
    for number, section in enumerate(explanation.sections, 1):
        lines.append(f"<h2>{number}. {section.title}</h2>")
        lines += [f"<p>{html.escape(note, quote=False)}</p>" for note in section.notes]
        lines.append('<div class="equations">')
        lines += [_html_equation(equation) for equation in section.equations]
        lines.append("</div>")
    return "\n".join([*lines, "</div>"]) + "\n"


def _html_equation(equation: Equation) -> str:
    first, *others = _lines_of(equation, MATHML)
    rows = f"<mtr><mtd>{first[0]}</mtd>{_html_equals(first[1:])}</mtr>"
    for parts in others:
        rows += f"<mtr><mtd></mtd>{_html_equals(parts)}</mtr>"
    attributes = 'class="equation"'
    if equation.stage == "blame":
        percent = shown(100.0 * equation.quantity.value, 100.0)
        attributes = f'class="equation blame" style="--part: {percent}%"'
    table = f'<mtable displaystyle="true">{rows}</mtable>'
    return f"<div {attributes}><math>{table}</math></div>"


def _html_equals(parts: list[str]) -> str:
    return "<mtd>" + "".join(f"<mo>=</mo>{part}" for part in parts) + "</mtd>"


def _json(explanation: Explanation) -> str:
    def plain(value: Any) -> Any:
        return None if isinstance(value, float) and not math.isfinite(value) else value

    table = [
        {
            "stage": row.stage,
            "sample": row.sample,
            "layer": row.layer,
            "from": row.source,
            "to": row.to,
            "symbol": write(row.quantity, TEXT),
            "formula": write(row.expression, TEXT),
            "substitution": write(row.expression, TEXT, numbers=True),
            "value": plain(float(row.quantity.value)),
        }
        for row in explanation.equations
    ]
    summary = [
        {
            "stage": row.stage,
            "layer": row.layer,
            "symbol": row.symbol,
            "count": row.values,
            "smallest": plain(float(row.smallest.value)),
            "mean": plain(float(row.mean.value)),
            "largest": plain(float(row.largest.value)),
        }
        for row in explanation.layers
    ]
    content = {
        "format": EXPLANATION_FORMAT,
        "version": __version__,
        "title": explanation.title,
        "cost_before": plain(float(explanation.cost_before)),
        "cost_after": plain(float(explanation.cost_after)),
        "table": table,
        "summary": summary,
    }
    return json.dumps(content, allow_nan=False) + "\n"
