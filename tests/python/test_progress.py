"""Progress: lines on standard error, a bar on a terminal, nothing unless asked. Twin:
tests/testthat/test-progress.R."""

import sys

import pytest

from twinprop import InputError, Network, progress

# Some end before the cost has left its plateau; that is not what these tests are about.
pytestmark = pytest.mark.filterwarnings("ignore:NOT LEARNED")

X, D = [[0, 0], [0, 1], [1, 0], [1, 1]], [[0], [1], [1], [0]]


def train(epochs, **settings):
    return Network([2, 2, 1]).train(X, D, epochs=epochs, **settings)


def test_silence_by_default(capfd):
    train(3)
    assert capfd.readouterr() == ("", "")


def test_a_line_an_epoch_on_standard_error(capfd):
    run = train(3, progress=True)
    out, err = capfd.readouterr()
    assert out == ""
    assert err.splitlines() == [
        f"epoch {epoch}/3 cost {cost:.6g}" for epoch, cost in enumerate(run.cost, 1)
    ]


@pytest.mark.parametrize(
    ("epochs", "shown"),
    [
        (0, []),
        (20, [*range(1, 21)]),
        (21, [*range(2, 21, 2), 21]),
        (40, [*range(2, 41, 2)]),
        (101, [*range(6, 101, 6), 101]),
    ],
)
def test_at_most_20_lines_and_the_last_epoch(capfd, epochs, shown):
    train(epochs, progress=True)
    lines = capfd.readouterr().err.splitlines()
    assert [int(line.split("/")[0].removeprefix("epoch ")) for line in lines] == shown
    assert len(lines) <= progress.MOST_LINES


class Bar:
    """What tqdm would be asked to show."""

    def __init__(self, **about):
        self.about, self.shown, self.n, self.total, self.closed = about, [], 0, None, False

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.closed = True

    def set_postfix_str(self, text, refresh=True):
        self.shown.append(text)

    def update(self, n=1):
        self.n += n


@pytest.fixture
def bars(monkeypatch):
    made = []

    def tqdm(**about):
        made.append(Bar(**about))
        return made[-1]

    monkeypatch.setattr(progress, "_tqdm", lambda: tqdm)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    return made


def test_a_bar_on_a_terminal(bars):
    run = train(3, progress=True)
    (bar,) = bars
    assert bar.about == {"total": 3, "unit": "epoch", "file": sys.stderr}
    assert bar.shown == [f"cost {cost:.6g}" for cost in run.cost]
    assert (bar.n, bar.closed) == (3, True)


def test_lines_on_a_terminal_without_tqdm(capsys, monkeypatch):
    monkeypatch.setattr(progress, "_tqdm", lambda: None)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    train(2, progress=True)
    assert len(capsys.readouterr().err.splitlines()) == 2


def test_tqdm_may_be_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm", None)
    assert progress._tqdm() is None


def test_the_counter_is_a_bar_on_a_terminal(bars):
    with progress.counter("plan") as show:
        show(0, 3, "first")
        show(2, 3, "third")
    (bar,) = bars
    assert (bar.n, bar.total, bar.shown, bar.closed) == (2, 3, ["first", "third"], True)


def test_the_counter_is_silent_elsewhere(capfd):
    with progress.counter("plan") as show:
        show(1, 3, "second")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(("given", "described"), [(1, "1"), (None, "null"), ("yes", '"yes"')])
def test_progress_is_a_switch(given, described):
    with pytest.raises(InputError) as caught:
        train(1, progress=given)
    assert str(caught.value) == f"progress must be true or false, got {described}"
