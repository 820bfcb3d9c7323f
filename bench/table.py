"""The benchmark's numbers as Markdown. No twin."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any

BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"


def tables(results: dict[str, Any]) -> str:
    """Return all tables: verdicts first, then a table per workload, starts, memory, versions."""
    from run import CONTENDERS, is_ours, median

    machine = results["machine"]
    parts = [
        f"Size {results['size']}, {results['rounds']} rounds, {machine['date']}, "
        f"{machine['processor']}, {machine['threads']} threads for each contender "
        f"(load of the machine {machine['load']:.1f} before, "
        f"{machine['load afterwards']:.1f} after)."
        + ("" if results["size"] == "full" else " The targets are meant for the size full."),
        "### Targets",
        markdown(
            ["workload", "", "target", "reached", "verdict"],
            [
                [
                    target["workload"],
                    _pair(target),
                    _wanted(target),
                    "" if target["reached"] is None else f"{target['reached']:.3g}",
                    target["verdict"],
                ]
                for target in results["targets"]
            ],
        ),
    ]
    versions: dict[str, str] = {}
    for name, workload in results["workloads"].items():
        found = workload["contenders"]
        lines = []
        for contender, row in found.items():
            label = f"**{contender}**" if is_ours(contender) else contender
            if "absent" in row:
                lines.append([label, "", "", "", "", "", "", row["absent"]])
                continue
            against = median(found.get(CONTENDERS[contender].against))
            seconds = statistics.median(row["seconds"])
            versions[row["version"]] = row["blas"]
            lines.append(
                [
                    label,
                    time_of(seconds),
                    f"{time_of(min(row['seconds']))} to {time_of(max(row['seconds']))}",
                    time_of(seconds / row["updates"]),
                    time_of(seconds / row["passes"]),
                    "" if not against else f"{seconds / against:.2f}",
                    _difference(row),
                    _note(row, results["rounds"]),
                ]
            )
        parts += [
            f"### {name}: {workload['title']}",
            markdown(
                ["", "median", "from", "update", "pass", "times ours", "weights", ""],
                lines,
            ),
        ]
    if results["start"]:
        lines = [
            [f"**{name}**" if is_ours(name) else name, row["absent"], ""]
            if "absent" in row
            else [
                f"**{name}**" if is_ours(name) else name,
                time_of(statistics.median(row["seconds"])),
                f"{time_of(min(row['seconds']))} to {time_of(max(row['seconds']))}",
            ]
            for name, row in results["start"].items()
        ]
        parts += [
            "### Start: a process that imports, makes a first small fit and ends",
            markdown(["", "median", "from"], lines),
        ]
    for name, rows in results["memory"].items():
        lines = [
            [f"**{contender}**" if is_ours(contender) else contender, row["absent"], "", "", ""]
            if "absent" in row
            else [
                f"**{contender}**" if is_ours(contender) else contender,
                *(f"{row[key] / 1e6:.0f} MB" for key in ("packages", "data", "peak")),
                f"{row['ratio']:.2f}",
            ]
            for contender, row in rows.items()
        ]
        parts += [
            f"### Memory of {name}",
            markdown(
                ["", "packages alone", "data", "peak", "(peak - packages) / data"],
                lines,
            ),
        ]
    parts += [
        "### Versions",
        markdown(["", "BLAS and threads"], [[key, value] for key, value in versions.items()]),
    ]
    return "\n\n".join(parts) + "\n"


def _pair(target: dict[str, Any]) -> str:
    unit = "" if target["per"] == "epoch" else f", per {target['per']}"
    if target["kind"] == "memory":
        return f"{target['ours']}, memory over data"
    if target["kind"] == "start":
        return f"{target['ours']}, seconds" + (
            "" if target["peer"] is None else f" over {target['peer']}"
        )
    if target["kind"] == "peak":
        return f"{target['ours']}, share of the dgemm peak"
    if target["most"] is not None:
        return f"{target['ours']}, times of {target['peer']}"
    return f"{target['ours']}, as fast as {target['peer']}{unit}"


def _wanted(target: dict[str, Any]) -> str:
    if target["least"] is not None:
        return f"at least {target['least']:g}"
    return f"at most {target['most']:g}"


def _note(row: dict[str, Any], rounds: int) -> str:
    notes = [row["note"]]
    call = statistics.median(row["calls"])
    if call > 1.05 * statistics.median(row["seconds"]):
        notes.append(f"whole call {time_of(call)}")
    if len(row["seconds"]) < rounds:
        notes.append(f"{len(row['seconds'])} of {rounds} rounds")
    return "; ".join(note for note in notes if note)


def _difference(row: dict[str, Any]) -> str:
    if "difference" not in row:
        return ""
    size = "equal" if row["difference"] == 0 else f"{row['difference']:.0e}"
    return size if row["agree"] else f"{size} APART"


def time_of(seconds: float) -> str:
    """Return seconds in a unit that suits them, three digits."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if abs(seconds) >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def markdown(heads: list[str], lines: list[list[str]]) -> str:
    """Return a table; its columns are as wide as what is in them."""
    cells = [heads, *lines]
    widths = [max(3, *(len(line[i]) for line in cells)) for i in range(len(heads))]

    def row(line: list[str]) -> str:
        return "| " + " | ".join(c.ljust(w) for c, w in zip(line, widths)) + " |"

    return "\n".join([row(heads), row(["-" * w for w in widths]), *map(row, lines)])


def write_between_markers(file: Path, text: str) -> None:
    """Put the tables where the file's markers are."""
    before, rest = file.read_text().split(BEGIN)
    _, after = rest.split(END)
    file.write_text(f"{before}{BEGIN}\n\n{text}\n{END}{after}")
