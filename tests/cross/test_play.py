"""The page as a file: Python's and R's are the same to the byte, and the page reads them."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas
import pytest

from engine_runs import run_on
from twinprop import Network, RandomStream, read_model, to_html, write_model
from twinprop.plan import check_plan

ROOT = Path(__file__).parents[2]

X = [[0.1, -2.5], [1 / 3, 1e-300], [-0.0, 12345678901234.5], [1e22, 3.0]]
D = [[0.0], [1.0], [0.25], [1.0]]

IN_R = """
args <- commandArgs(TRUE)
library(twinprop)
given <- jsonlite::fromJSON(args[1])
x <- given$x
colnames(x) <- given$names
p5 <- if (args[3] != "") args[3]
network <- tp_read_model(args[4])$network
tp_to_html(network, x, given$d, file.path(args[2], "network.html"), p5 = p5)
run <- tp_train(
  network, x * 0 + 0.5, given$d, optimizer = "adam", epochs = 2, rule = "transpose",
  batch_size = 3, shuffle = TRUE, seed = 5
)
run$network <- network
tp_to_html(run, x, given$d, file.path(args[2], "run.html"), p5 = p5)
"""


@pytest.fixture
def without_p5(monkeypatch):
    """Neither has a copy of p5.js at hand; R finds none of a source tree."""
    monkeypatch.setattr(sys.modules["twinprop.play"], "local_p5", lambda: None)


@pytest.mark.parametrize("with_p5", [False, True])
def test_both_write_the_same_file(with_p5, tmp_path, without_p5):
    run_on("rscript", check_plan({"training": {"epochs": 0}}))  # skips or fails without R
    names = ['</script> & "quoted" \\ \n', "größe [m²] \x01"]
    copy = tmp_path / "p5.min.js"
    copy.write_text('"2.3.4"; "</script>"; "größe"', encoding="utf-8")
    p5 = copy if with_p5 else None
    network = Network([2, 3, 1], ["tanh", "sigmoid"], init="uniform", seed=3)
    network.biases[1][:] = -0.0
    write_model(network, tmp_path / "network.json")
    code, given = tmp_path / "page.R", tmp_path / "given.json"
    code.write_text(IN_R, encoding="utf-8")
    given.write_text(json.dumps({"x": X, "d": D, "names": names}), encoding="utf-8")
    arguments = [given, tmp_path, "" if p5 is None else p5, tmp_path / "network.json"]
    subprocess.run([shutil.which("Rscript"), code, *arguments], check=True)

    settings = {"rule": "transpose", "batch_size": 3, "shuffle": True, "seed": 5}
    run = network.train(np.full((4, 2), 0.5), D, optimizer="adam", epochs=2, **settings)
    # the weights of a training may differ in their last bits, those of a file may not
    object.__setattr__(run, "network", read_model(tmp_path / "network.json").network)
    for name, start in [("network", run.network), ("run", run)]:
        mine = tmp_path / "mine.html"
        to_html(start, pandas.DataFrame(X, columns=names), D, mine, p5=p5)
        assert mine.read_bytes() == (tmp_path / f"{name}.html").read_bytes(), name


def test_the_files_of_many_numbers_are_the_same(tmp_path, without_p5):
    run_on("rscript", check_plan({"training": {"epochs": 0}}))
    network = Network([3, 20, 2], init="torch", seed=11)
    stream = RandomStream(4)
    x = np.exp(60.0 * stream.uniform(600).reshape(200, 3) - 30.0)
    d = stream.uniform(400).reshape(200, 2)
    write_model(network, tmp_path / "network.json")
    (tmp_path / "given.json").write_text(json.dumps({"x": x.tolist(), "d": d.tolist()}))
    code = (
        "args <- commandArgs(TRUE); given <- jsonlite::fromJSON(args[1]); "
        "twinprop::tp_to_html(twinprop::tp_read_model(args[2])$network, given$x, given$d, args[3])"
    )
    paths = [tmp_path / name for name in ("given.json", "network.json", "r.html", "python.html")]
    subprocess.run([shutil.which("Rscript"), "-e", code, *paths[:3]], check=True)
    to_html(network, x, d, paths[3])
    assert paths[2].read_bytes() == paths[3].read_bytes()
