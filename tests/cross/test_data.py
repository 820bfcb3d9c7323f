"""A data set becomes the same numbers, to the bit, in every language."""

import json
import shutil
import subprocess

import numpy as np
import pytest

from engine_runs import run_on
from twinprop import dataset_names, load_dataset
from twinprop.plan import read_plan
from twinprop.r_bridge import r_environment
from twinprop.resources import js_folder


def _from_r(name):
    code = (
        f'd <- twinprop:::dataset_plan_data("{name}"); '
        'cat(sprintf("%a", t(d$x)), "\\n"); cat(sprintf("%a", t(d$d)), "\\n"); cat(d$dropped)'
    )
    done = subprocess.run(
        ["Rscript", "-e", code], capture_output=True, text=True, check=True, env=r_environment()
    )
    x, d, dropped = done.stdout.split("\n")
    return [[float.fromhex(v) for v in values.split()] for values in (x, d)], int(dropped)


def _from_js(name):
    code = (
        f'import {{ loadDataset }} from "{(js_folder() / "datasets.js").as_uri()}"; '
        f'const d = await loadDataset("{name}"); '
        "console.log(JSON.stringify([[d.x.flat(), d.d.flat()], d.dropped]))"
    )
    done = subprocess.run(
        [shutil.which("node"), "--input-type=module", "-e", code],
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", dataset_names())
@pytest.mark.parametrize("language", ["rscript", "js"])
def test_same_bits(name, language):
    run_on(language, read_plan({"training": {"epochs": 0}}))  # skips or fails where it is missing
    wanted = load_dataset(name).plan_data()
    (x, d), dropped = (_from_r if language == "rscript" else _from_js)(name)
    np.testing.assert_array_equal(np.array(x), wanted.x.ravel())
    np.testing.assert_array_equal(np.array(d), wanted.d.ravel())
    assert dropped == wanted.dropped
