"""The page with a network and its data, as one file. Twin: r/page_file.R.

A browser loads no modules from files, so each stands in the file as a data: address, by which an
import map finds it. What is the user's is JSON, which the page shows as text.
JavaScript has no twin: the page is its own.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from twinprop.checks import Array, check_matrix, check_path, describe, is_number
from twinprop.errors import InputError
from twinprop.network import Network
from twinprop.raw_data import unwrap_fit
from twinprop.resources import js_folder
from twinprop.training import Run

#: The most that the page takes: it checks and draws all of it again and again.
MOST_PARAMETERS, MOST_ROWS, MOST_NUMBERS = 100_000, 2000, 200_000

#: The learning rate to start with, by the activation of the output; else the last.
_RATES = {"sigmoid": 0.5, "softmax": 0.1, "": 0.01}

_CDN = "https://cdn.jsdelivr.net/npm/p5@{}/lib/p5.min.js"


# What is the user's --------------------------------------------------------------------------


def page_data(network: Any, x: Any, d: Any, cost: str | None) -> str:
    """Return what the page is given, a plan and the names of the columns, as JSON."""
    settings: Mapping[str, Any] | None = None
    names = [_column_names(x), _column_names(d)]
    if isinstance(network, Run):
        network, settings, cost = _of_run(network, cost)
    else:
        found = unwrap_fit(network, x, d, cost)
        if found.network is not network:
            names = [found.input_names or names[0], found.output_names or names[1]]
            cost = found.cost
        network, x, d = found.network, found.x, found.d
    if not isinstance(network, Network):
        raise InputError(
            "network must be a Network, a Model, a fitted estimator or a Run, "
            f"got {describe(network)}"
        )
    if cost is None:
        cost = "cross_entropy" if network.activations[-1] == "softmax" else "half_mse"
    network.check_cost(cost)
    x = check_matrix(x, "x", network.layers[0])
    d = network.check_targets(d, x, cost)
    _check_sizes(network, x, d)
    if settings is None:
        rate = _RATES.get(network.activations[-1], _RATES[""])
        settings = {
            "rule": "gradient",
            "update_order": "simultaneous",
            "optimizer": {"name": "sgd", "learning_rate": rate},
            "batch_size": 1,
            "epochs": 1000,
            "shuffle": False,
            "seed": 42,
        }
    keys = ("rule", "update_order", "optimizer", "batch_size", "epochs", "shuffle", "seed")
    training = {"cost": cost, **{key: settings[key] for key in keys}}
    size = training["batch_size"]
    if size is not None and size > 1 and size >= len(x):
        training["batch_size"] = None
    plan = {
        "format": "twinprop-plan/1",
        "network": {
            "layers": network.layers,
            "activations": network.activations,
            "weights": network.weights,
            "biases": network.biases,
        },
        "training": training,
        "data": {"x": x, "d": d},
    }
    return _json({"plan": plan, "inputs": names[0], "outputs": names[1]})


def _of_run(run: Run, cost: str | None) -> tuple[Network, Mapping[str, Any], str]:
    """Return a run's network, its settings and its cost."""
    if run.network is None or run.settings is None:
        raise InputError(
            "network must be a run that knows its network and its settings; one that is read "
            "from a file does not"
        )
    settings = run.settings
    if cost is not None and cost != settings["cost"]:
        raise InputError(
            f'cost must be null or the run\'s own, "{settings["cost"]}", got {describe(cost)}'
        )
    unknown = {
        "dropout": bool(np.any(np.asarray(settings["dropout"], dtype=float) > 0.0)),
        "clip_norm": settings["clip_norm"] is not None,
        "schedule": settings["schedule"] is not None,
        "sample_weight": settings["sample_weight"] is not None,
    }
    for name, is_set in unknown.items():
        if is_set:
            raise InputError(f"the page cannot train with {name} yet")
    return run.network, settings, settings["cost"]


def _column_names(data: Any) -> list[str] | None:
    """Return the names of the columns of a data frame."""
    columns = getattr(data, "columns", None)
    return None if columns is None else [str(name) for name in columns]


def _check_sizes(network: Network, x: Array, d: Array) -> None:
    sizes = zip(network.layers, network.layers[1:])
    for name, what, most, count in [
        ("network", "parameters", MOST_PARAMETERS, sum((m + 1) * n for m, n in sizes)),
        ("x", "rows", MOST_ROWS, len(x)),
        ("x and d", "numbers", MOST_NUMBERS, x.size + d.size),
    ]:
        if count > most:
            raise InputError(f"{name} must have at most {most} {what} for the page, got {count}")


def _json(value: Any) -> str:
    """Return JSON that cannot end the element that it stands in; the same text as R's."""
    if value is None:
        return "null"
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, str):
        return _json_string(value)
    if is_number(value):
        text = f"{float(value):.17g}"
        return "-0.0" if text == "-0" else text
    if isinstance(value, Mapping):
        return "{" + ", ".join(f'"{key}": {_json(entry)}' for key, entry in value.items()) + "}"
    if isinstance(value, np.ndarray):
        value = value.tolist()
    assert isinstance(value, Sequence)
    return "[" + ", ".join(_json(entry) for entry in value) + "]"


def _json_string(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    escaped = re.sub(r"[\x00-\x1f<>&]", lambda found: f"\\u{ord(found[0]):04x}", escaped)
    return f'"{escaped}"'.encode("utf-8", "replace").decode("utf-8")


# The file ------------------------------------------------------------------------------------


def page_html(given: str, p5: str | None) -> str:
    """Return the page as one file.

    Parameters
    ----------
    given : str
        What `page_data` returned.
    p5 : str or None
        The text of p5.js; None if the page is to load it.
    """
    page, style = (_read(f"sketch/{name}") for name in ("index.html", "style.css"))
    modules = import_map()
    # Scripts run by this word alone. It depends on what is given, which so cannot have it.
    parts = [page, style, modules, given, p5 or ""]
    nonce = hashlib.md5("\n".join(parts).encode(), usedforsecurity=False).hexdigest()
    from_cdn = "" if p5 else " " + _CDN.format(p5_version())
    policy = (
        f"default-src 'none'; script-src 'nonce-{nonce}'{from_cdn}; style-src 'unsafe-inline'; "
        "img-src data: blob:; form-action 'none'; base-uri 'none'"
    )
    scripts = [
        f'<script type="application/json" id="given">{given}</script>',
        *([f'<script nonce="{nonce}">{_inside_script(p5)}</script>'] if p5 else []),
        f'<script type="importmap" nonce="{nonce}">{modules}</script>',
        f'<script type="module" nonce="{nonce}">import "twinprop/sketch/page.js";</script>',
    ]
    for old, new in [
        (_quoted_policy(page), policy),
        ('<link rel="stylesheet" href="style.css">', f"<style>\n{style}</style>"),
        ('<script type="module" src="page.js"></script>', "\n".join(scripts)),
    ]:
        before, found, after = page.partition(old)
        assert found, old
        page = before + new + after
    return page


def _quoted_policy(page: str) -> str:
    found = re.search(r"default-src [^\"]*", page)
    assert found is not None
    return found[0]


def _inside_script(code: str) -> str:
    """Return code without what would end its element, or change how its end is found."""
    return re.sub(r"<(/script|!--)", r"<\\\1", code, flags=re.IGNORECASE)


def import_map() -> str:
    """Return the map by which a browser finds the modules of the page, each as a data: address."""
    found: dict[str, str] = {}
    _add_module("sketch/page.js", found)
    coded = {name: base64.b64encode(code.encode()).decode() for name, code in found.items()}
    lines = (
        f'"twinprop/{name}": "data:text/javascript;base64,{code}"' for name, code in coded.items()
    )
    return '{"imports": {\n' + ",\n".join(lines) + "\n}}"


def _add_module(name: str, found: dict[str, str]) -> None:
    """Add a module and those that it imports, which it then finds by the map."""
    folder = "sketch/" if name.startswith("sketch/") else ""
    code = _read(name).replace(' from "./', f' from "twinprop/{folder}')
    found[name] = code = code.replace(' from "../', ' from "twinprop/')
    for imported in re.findall(r' from "twinprop/([^"]*)";', code):
        if imported not in found:
            _add_module(imported, found)


def _read(name: str) -> str:
    return (js_folder() / name).read_text(encoding="utf-8")


# p5.js ---------------------------------------------------------------------------------------


def p5_version() -> str:
    """Return the version of p5.js that the page asks for."""
    found = re.search(r'P5_VERSION = "([^"]+)"', _read("sketch/load_p5.js"))
    assert found is not None
    return found[1]


def read_p5(path: str | os.PathLike[str]) -> str:
    """Return the text of a copy of p5.js."""
    check_path(path, "p5")
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, ValueError):
        raise InputError(f"cannot read p5.js: no file {describe(str(path))}") from None
    if f'"{p5_version()}"' not in text:
        raise InputError(
            f"p5 must be p5.min.js of version {p5_version()}, got {describe(str(path))}"
        )
    return text
