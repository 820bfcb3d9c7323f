"""docs/rules.md, docs/minima.md and docs/accuracy.md show what their scripts print.

The blocks that take long are run as well for the pages in TWINPROP_PAGES, as in "rules,minima"; for
every page if it is "all".
"""

import contextlib
import importlib.util
import io
import os
import re
from pathlib import Path

import numpy as np
import pytest

from twinprop import Network

DOCS = Path(__file__).parents[2] / "docs"
FAST = {
    "rules": ["shares", "mixed", "trained"],
    "minima": ["first", "finite"],
    "accuracy": ["ours", "small"],
}


def load(name):
    spec = importlib.util.spec_from_file_location(f"page_{name}", DOCS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


SCRIPTS = {name: load(name) for name in FAST}
WHOLE = os.environ.get("TWINPROP_PAGES", "").split(",")
for page, script in SCRIPTS.items():
    if page in WHOLE or "all" in WHOLE:
        FAST[page] = list(script.BLOCKS)


def shown(page):
    """The blocks of numbers of a page."""
    text = (DOCS / f"{page}.md").read_text(encoding="utf-8")
    return [block.rstrip("\n") for block in re.findall(r"^```text\n(.*?)^```$", text, re.S | re.M)]


@pytest.mark.parametrize(("page", "name"), [(page, name) for page in FAST for name in FAST[page]])
def test_a_block_is_what_the_script_prints(page, name):
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        SCRIPTS[page].BLOCKS[name]()
    assert printed.getvalue().rstrip("\n") in shown(page)


@pytest.mark.parametrize("page", FAST)
def test_a_page_has_a_block_for_each_of_the_script(page):
    assert len(shown(page)) == len(SCRIPTS[page].BLOCKS)


@pytest.mark.parametrize("hidden", ["sigmoid", "tanh"])
def test_the_gradient_of_the_minima_is_the_packages(hidden):
    minima = SCRIPTS["minima"]
    d = minima.desired(0.1, 0.9)
    p = minima.starts(20, 2.0)
    found = minima.gradient(p, d, hidden)
    derivatives, y = minima.jacobian(p, hidden)
    from_jacobian = (derivatives * (y - d[:, None])).mean(axis=1)
    costs = minima.cost(p, d, hidden)
    for seed in range(1, 21):
        network = Network([2, 2, 1], [hidden, "sigmoid"], init="uniform", seed=seed)
        network.parameters *= 2.0
        np.testing.assert_array_equal(p[:, seed - 1], network.parameters)
        assert costs[seed - 1] == pytest.approx(network.mean_cost(minima.X.T, d), rel=1e-13)
        backward = network.backward(network.forward(minima.X.T), d)
        parts = [*backward.grad_weights, *backward.grad_biases]
        exact = np.concatenate([part.ravel() for part in parts])
        # the same sums in another order
        np.testing.assert_allclose(found[:, seed - 1], exact, rtol=0, atol=1e-15)
        np.testing.assert_allclose(from_jacobian[:, seed - 1], exact, rtol=0, atol=1e-15)


def test_the_hessian_is_that_of_the_cost():
    minima = SCRIPTS["minima"]
    d, p, h = minima.desired(0.0, 1.0), minima.starts(3, 2.0), 1e-4
    found = minima.hessian(p, d, "sigmoid")
    for i in range(9):
        for j in range(9):
            total = 0.0
            for s in (1, -1):
                for t in (1, -1):
                    moved = p.copy()
                    moved[i] += s * h
                    moved[j] += t * h
                    total = total + s * t * minima.cost(moved, d, "sigmoid")
            # rounding of 1e-17 beside h^2 = 1e-8, and h^2 of cutting off
            np.testing.assert_allclose(found[:, i, j], total / (4 * h * h), atol=1e-7)
