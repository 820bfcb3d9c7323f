"""The benchmark's harness on a tiny size, our own contenders only. No time is asserted. No twin."""

import json
import math
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import run as bench
import table
from workloads import TARGETS, Target, make_data, workloads, write_workload


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """What the command writes."""
    folder = tmp_path_factory.mktemp("bench")
    readme = folder / "README.md"
    readme.write_text(f"before\n{table.BEGIN}\nold\n{table.END}\nafter\n")
    done = subprocess.run(
        [
            *(sys.executable, bench.__file__, "--size", "tiny", "--ours", "--rounds", "2"),
            *("--contenders", "python;python, portable;R;js;js, portable;torch"),
            *("--only", "W1,W2,W5,memory", "--python", sys.executable, "--threads", "1"),
            *("--json", str(folder / "results.json"), "--markdown", str(readme)),
        ],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads((folder / "results.json").read_text()), readme.read_text()


def test_every_contender_of_ours_trains_and_arrives_at_the_same_weights(results):
    numbers, _ = results
    engines = {"python": "python", "R": "rscript", "js": "js"}
    required = os.environ.get("TWINPROP_REQUIRE", "").split(",")
    for name, workload in numbers["workloads"].items():
        rows = workload["contenders"]
        for contender, engine in engines.items():
            if contender not in rows:
                assert (name, contender) == ("W5", "js")
                continue
            row = rows[contender]
            if "absent" in row and engine not in required and contender != "python":
                continue
            assert "absent" not in row, (name, contender, row)
            assert len(row["seconds"]) == 2
            assert all(math.isfinite(seconds) for seconds in row["seconds"])
            epochs, rows_of_data = workload["plan"]["epochs"], {"W1": 4, "W2": 150, "W5": 500}[name]
            assert row["passes"] == epochs
            assert row["updates"] == epochs * math.ceil(rows_of_data / workload["plan"]["batch"])
            if contender != "python":
                assert row["agree"] is True
                assert row["difference"] <= bench.AGREE


def test_peers_are_left_out_if_asked(results):
    numbers, _ = results
    for workload in numbers["workloads"].values():
        assert all(bench.is_ours(name) for name in workload["contenders"])


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads /proc")
def test_memory_is_what_the_process_had(results):
    memory = results[0]["memory"]["W5"]["python"]
    assert memory["data"] == 500 * 21 * 8
    assert memory["peak"] > 10e6  # an interpreter and numpy
    assert memory["packages"] > 10e6


def test_the_table_goes_between_the_markers(results):
    _, readme = results
    assert readme.startswith(f"before\n{table.BEGIN}\n")
    assert readme.endswith(f"{table.END}\nafter\n")
    assert "old" not in readme
    assert "### W2: iris, 4-8-3, batches of 16" in readme
    assert readme.count("**python**") == 4


def test_other_weights_are_told(tmp_path):
    found = {"python": [1.0, 2.0], "R": [1.0, 2.0 + 4e-9], "js": [1.0, math.nan], "jax": [1.0, 2.0]}

    class Fake:
        def __init__(self, name):
            self.name = name

        def ask(self, parameters):
            np.array(found[self.name]).tofile(parameters)
            return {"written": True}

    rows = {name: {} for name in found}
    bench.compare_weights(rows, {name: Fake(name) for name in found}, tmp_path)
    assert "agree" not in rows["python"]
    assert rows["R"]["difference"] == pytest.approx(2e-9)
    assert [rows[name]["agree"] for name in ("R", "js", "jax")] == [False, False, True]


def test_a_contender_that_fails_says_why(tmp_path, monkeypatch):
    monkeypatch.setitem(bench.CONTENDERS, "nobody", bench.Contender("python", "python"))
    options = bench.Options(sys.executable, 1, 60.0)
    worker = bench.Worker("nobody", options, tmp_path)
    write_workload(workloads("tiny")[0], tmp_path / "data")
    with pytest.raises(bench.Absent, match="KeyError: 'nobody'"):
        worker.ask(load=str(tmp_path / "data"))


def test_a_program_that_is_not_there_is_absent(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(bench.Absent, match="no node here"):
        bench.command("js", bench.Options(sys.executable, 1, 60.0))


def test_unknown_names_are_refused(capsys):
    with pytest.raises(SystemExit):
        bench.main(["--only", "W9"])
    assert "--only: no 'W9', only W1, W2, W2 online" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        bench.main(["--contenders", "python;nobody"])
    assert "--contenders: no 'nobody', only python" in capsys.readouterr().err


def test_the_line_that_tells_is_told():
    assert (
        bench.last_words("Error in f(): no\nCalls: main\nExecution halted\n") == "Error in f(): no"
    )
    assert bench.last_words("TypeError: x\n    at y\n\nNode.js v20\n") == "TypeError: x"
    assert bench.last_words("killed\n") == "killed"
    assert bench.last_words("") == "without a word"


def test_rounds_alternate():
    assert bench.alternated([], 2) == []
    orders = bench.alternated(["a", "b", "c"], 4)
    assert orders == [["a", "b", "c"], ["a", "c", "b"], ["c", "a", "b"], ["c", "b", "a"]]


def row(*seconds, updates=1, passes=1):
    return {"seconds": list(seconds), "updates": updates, "passes": passes}


def test_ratios_are_those_of_the_rounds():
    # a machine that got slower: the rounds' ratios are 3, 5 and 3, that of the medians is 5
    assert bench.ratio(row(1, 2, 10), row(3, 10, 30), "epoch") == pytest.approx(3)
    assert bench.ratio(row(1, 1), row(4), "epoch") == pytest.approx(4)
    # twice the time for four times the updates
    assert bench.ratio(row(1, updates=10), row(2, updates=40), "update") == pytest.approx(0.5)
    assert bench.ratio(row(1, passes=10), row(2, passes=5), "pass") == pytest.approx(4)


def test_verdicts():
    results = {
        "workloads": {
            "W1": {"contenders": {"python": row(1.0), "jax": row(2.0), "torch": row(99.0)}},
            "W3 b32": {"contenders": {"python": row(3.0), "products": row(2.0)}},
            "W4": {"contenders": {"python": row(1.0), "dgemm": row(0.7)}},
        },
        "memory": {"W5": {"python": {"ratio": 1.31}, "R": {"ratio": 2.0}}},
        "start": {
            "python": row(0.3),
            "scikit-learn": row(2.2),
            "R": row(0.5),
            "Rscript alone": row(0.2),
        },
    }
    found = {
        (v["workload"], v["ours"], v["peer"]): (v["reached"], v["verdict"])
        for v in bench.verdicts(results)
    }
    assert found["W1", "python", "jax"] == (2.0, "met")
    assert found["W1", "python", "torch"] == (99.0, "not met")
    assert found["W1", "R", "AMORE"] == (None, "not measured")
    assert found["W3 b32", "python", "products"] == (1.5, "met")
    assert found["W4", "python", "dgemm"] == (0.7, "not met")
    assert found["W5", "python", None] == (1.31, "not met")
    assert found["W5", "R", None] == (2.0, "met")
    assert found["start", "python", None] == (0.3, "met")
    assert found["start", "python", "scikit-learn"][1] == "met"
    assert found["start", "R", "Rscript alone"] == (pytest.approx(0.3), "not met")


def test_every_target_is_about_somebody_who_takes_part():
    parts = {w.name: w.contenders for w in workloads()}
    for target in TARGETS:
        assert isinstance(target, Target)
        if target.workload == "start":
            continue
        assert target.ours in parts[target.workload]
        assert target.peer is None or target.peer in parts[target.workload]
        assert (target.least is None) != (target.most is None)


@pytest.mark.parametrize("workload", workloads("tiny"), ids=lambda w: w.name)
def test_workloads_are_written_as_they_are(workload, tmp_path):
    size = write_workload(workload, tmp_path)
    x, d = make_data(workload)
    layers = workload.plan["layers"]
    assert (x.shape, d.shape) == ((len(x), layers[0]), (len(x), layers[-1]))
    assert len(x) == json.loads((tmp_path / "plan.json").read_text())["rows"]
    assert size == (tmp_path / "x.bin").stat().st_size + (tmp_path / "d.bin").stat().st_size
    np.testing.assert_array_equal(np.fromfile(tmp_path / "x.bin").reshape(x.shape), x)
    columns = np.fromfile(tmp_path / "x_columns.bin").reshape(x.shape, order="F")
    np.testing.assert_array_equal(columns, x)
    parameters = sum((p + 1) * q for p, q in zip(layers, layers[1:]))
    assert len(np.fromfile(tmp_path / "start.bin")) == parameters
    if workload.plan["cost"] == "cross_entropy":
        np.testing.assert_array_equal(d.sum(axis=1), 1.0)


def test_times_have_units():
    times = (12.0, 0.0123, 4.56e-5, 7.8e-9)
    assert [table.time_of(seconds) for seconds in times] == ["12 s", "12.3 ms", "45.6 µs", "7.8 ns"]
