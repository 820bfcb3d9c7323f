"""Progress of a training: a bar on a terminal, else lines. Twin: r/progress.R.

JavaScript has no twin: a page draws its own, from train's onEpoch.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

#: Where there is no bar, a training of more epochs than this prints a line every so often.
MOST_LINES = 20

Show = Callable[[int, float], None]


def show_nothing(epoch: int, cost: float) -> None:
    """Show nothing; whoever has this need not call it."""


@contextmanager
def show_progress(wanted: bool, epochs: int, label: str = "") -> Iterator[Show]:
    """Give a function ``show(epoch, cost)`` for the end of each epoch.

    A bar with the cost and the time left if standard error is a terminal and tqdm is installed,
    else a line an epoch (at most `MOST_LINES`, evenly spaced); nothing if it is not wanted. The
    label, if any, goes before it: which of several trainings this is.
    """
    if not wanted:
        yield show_nothing
        return
    tqdm = _tqdm() if sys.stderr.isatty() else None
    if tqdm is None:
        yield _lines(epochs, label)
        return
    about = {"desc": label} if label else {}
    with tqdm(total=epochs, unit="epoch", file=sys.stderr, **about) as bar:

        def show(epoch: int, cost: float) -> None:
            bar.set_postfix_str(f"cost {cost:.6g}", refresh=False)
            bar.update()

        yield show


@contextmanager
def counter(unit: str) -> Iterator[Callable[[int, int, str], None]]:
    """Give a function ``show(done, total, what)`` for work in steps: a bar on a terminal."""
    tqdm = _tqdm() if sys.stderr.isatty() else None
    if tqdm is None:
        yield lambda done, total, what: None
        return
    with tqdm(unit=unit, file=sys.stderr, leave=False) as bar:

        def show(done: int, total: int, what: str) -> None:
            bar.total = total
            bar.set_postfix_str(what, refresh=False)
            bar.update(done - bar.n)

        yield show


def _tqdm() -> Any:
    try:
        from tqdm import tqdm
    except ImportError:
        return None
    return tqdm


def _lines(epochs: int, label: str) -> Show:
    start = f"{label}: " if label else ""
    every = max(1, -(-epochs // MOST_LINES))

    def show(epoch: int, cost: float) -> None:
        if epoch % every == 0 or epoch == epochs:
            print(f"{start}epoch {epoch}/{epochs} cost {cost:.6g}", file=sys.stderr, flush=True)

    return show
