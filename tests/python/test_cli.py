"""The command line. Twins: tests/js/run.test.js; R has tp_run()."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from twinprop import (
    DivergenceError,
    EngineError,
    InputError,
    __version__,
    exercise,
    explain_plan,
    run_plan,
)
from twinprop.__main__ import main
from twinprop.engines import ENGINES, Engine, _engine_failed
from twinprop.plan import run_to_dict

PLAN = {"training": {"epochs": 2, "snapshots": [3]}}


@pytest.fixture
def plan(tmp_path):
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(PLAN))
    return str(path)


def command(*arguments, **options):
    return subprocess.run(
        [sys.executable, "-m", "twinprop", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        **options,
    )


def without_time(run):
    return {key: value for key, value in run.items() if key != "seconds"}


EXPECTED = without_time(run_to_dict(run_plan(PLAN)))


def test_run_from_file_to_file(plan, tmp_path):
    output = tmp_path / "run.json"
    done = command("run", plan, "-o", str(output))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert without_time(json.loads(output.read_text())) == EXPECTED


def test_run_from_standard_input_to_standard_output():
    done = command("run", "-", input=json.dumps(PLAN))
    assert (done.returncode, done.stderr) == (0, "")
    assert without_time(json.loads(done.stdout)) == EXPECTED


def test_run_with_progress(plan, capsys):
    assert main(["run", plan, "--progress"]) == 0
    out, err = capsys.readouterr()
    assert [line.split(" cost ")[0] for line in err.splitlines()] == ["epoch 1/2", "epoch 2/2"]
    assert without_time(json.loads(out)) == EXPECTED


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "the plan is not valid JSON: "),
        ("[]", "the plan must be an object, got a list of 0"),
        ('{"training": {"epochs": -1}}', "training.epochs must be an integer >= 0, got -1"),
        (
            '{"training": {"optimizer": {"learning_rate": 1e300}, "epochs": 9}, "network": '
            '{"layers": [1, 1], "activations": "identity"}, "data": {"x": [[1]], "d": [[2]]}}',
            "the cost or a weight became NaN or Inf in epoch ",
        ),
    ],
)
def test_an_error_is_one_line_without_a_traceback(text, message):
    done = command("run", "-", input=text)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"Error: {message}")
    assert done.stderr.count("\n") == 1


def test_files_that_cannot_be_used(plan, tmp_path, capsys):
    assert main(["run", str(tmp_path / "no.json")]) == 2
    assert main(["run", plan, "-o", str(tmp_path / "missing" / "run.json")]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        f'Error: cannot read the plan: no file "{tmp_path / "no.json"}"',
        f'Error: cannot write "{tmp_path / "missing" / "run.json"}": No such file or directory',
    ]


def test_version(way):
    done = command("--version")
    having = {"kernel": "with", "numpy": "without"}[way]
    assert (done.returncode, done.stdout) == (0, f"twinprop {__version__} {having} its kernel\n")


@pytest.mark.parametrize(
    "arguments",
    [[], ["fly"], ["run"], ["run", "plan.json", "--engine", "perl"], ["run", "-", "--fast"]],
)
def test_wrong_use(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert capsys.readouterr().err.startswith("usage: twinprop")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["run", "--help"],
        ["explain", "--help"],
        ["exercise", "--help"],
        ["crosscheck", "--help"],
    ],
)
def test_help(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 0
    assert capsys.readouterr().out.startswith("usage: twinprop")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such pipes")
def test_a_broken_pipe_is_silent(plan):
    # The run is larger than a pipe holds, and nobody reads it.
    big = {"training": {"epochs": 20_000}, "data": {"x": [[0, 1]], "d": [[1]]}}
    process = subprocess.Popen(
        [sys.executable, "-m", "twinprop", "run", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    process.stdout.close()
    process.stdin.write(json.dumps(big).encode())
    process.stdin.close()
    with process.stderr as stderr:
        assert stderr.read() == b""
    assert process.wait(timeout=60) == 141


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no such device")
@pytest.mark.parametrize("epochs", [1, 5000])
def test_a_full_disk_is_one_line(epochs):
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "twinprop", "run", "-"],
            input=json.dumps({"training": {"epochs": epochs}}),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=60,
        )
    assert done.returncode == 2
    assert done.stderr == 'Error: cannot write "-": No space left on device\n'


def test_an_interruption_has_its_own_status(plan, monkeypatch, capsys):
    def interrupt(*arguments, **settings):
        raise KeyboardInterrupt

    monkeypatch.setattr("twinprop.plan.run_plan", interrupt)
    assert main(["run", plan]) == 130
    assert capsys.readouterr().err == "interrupted\n"


def test_an_interrupted_run_is_not_written(tmp_path, monkeypatch, capsys):
    whole = run_plan(PLAN)
    monkeypatch.setattr(
        "twinprop.plan.run_plan", lambda *a, **k: replace(whole, cost=whole.cost[:1])
    )
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(PLAN))
    output = tmp_path / "run.json"
    assert main(["run", str(path), "-o", str(output)]) == 130
    assert capsys.readouterr().err == "interrupted\n"
    assert not output.exists()


# Explain ----------------------------------------------------------------------------------------


def test_explain_a_data_set(capsys):
    assert main(["explain", "three_by_three"]) == 0
    assert capsys.readouterr() == (explain_plan("three_by_three").report(), "")


def test_explain_a_plan_file_and_standard_input(plan, capsys):
    done = command("explain", "-", input=json.dumps(PLAN))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == explain_plan(PLAN).report()
    assert main(["explain", plan]) == 0
    assert capsys.readouterr().out == done.stdout


@pytest.mark.parametrize("format", ["text", "md", "html", "latex", "json"])
def test_explain_in_every_format(format, tmp_path, capsys):
    expected = explain_plan("xor", sample=3, neurons=[(2, 1), (3, 1)]).report(format)
    arguments = ["explain", "xor", "--sample", "3", "--neuron", "2:1", "--neuron", "3:1"]
    arguments += ["--format", format]
    assert main(arguments) == 0
    assert capsys.readouterr() == (expected, "")
    # the name of the file does not say the format here
    path = tmp_path / "step.out"
    assert main([*arguments, "-o", str(path)]) == 0
    assert capsys.readouterr() == ("", "")
    assert path.read_bytes().decode() == expected


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["exor"], 'cannot read the plan: no file "exor"'),
        (["xor", "--sample", "5"], "sample must be an integer from 1 to 4, got 5"),
        (["xor", "--sample", "0"], "sample must be an integer from 1 to 4, got 0"),
        (
            ["xor", "--neuron", "2:1", "--neuron", "4:1"],
            "neurons entry 2, layer must be an integer from 1 to 3, got 4",
        ),
        (
            ["xor", "--neuron", "1:3"],
            "neurons entry 1, neuron must be an integer from 1 to 2, got 3",
        ),
        (["xor", "-o", "/no/such/file"], 'cannot write "/no/such/file": No such file or directory'),
    ],
)
def test_explain_what_is_not_there(arguments, message, capsys):
    assert main(["explain", *arguments]) == 2
    assert capsys.readouterr() == ("", f"Error: {message}\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "the following arguments are required: DATASET|PLAN"),
        (["xor", "--format", "pdf"], "argument --format: invalid choice: 'pdf'"),
        (["xor", "--sample", "x"], "argument --sample: invalid int value: 'x'"),
        (["xor", "--neuron", "2"], "argument --neuron: must be like 2:1, got '2'"),
        (["xor", "--neuron", "2:1:1"], "argument --neuron: must be like 2:1, got '2:1:1'"),
        (["xor", "--neuron", "a:b"], "argument --neuron: must be like 2:1, got 'a:b'"),
    ],
)
def test_explain_used_wrongly(arguments, message, capsys):
    with pytest.raises(SystemExit) as caught:
        main(["explain", *arguments])
    assert caught.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("usage: twinprop explain")
    assert message in err


@pytest.mark.parametrize("format", ["text", "md"])
def test_exercise(format, capsys):
    assert main(["exercise", "--format", format]) == 0
    assert capsys.readouterr() == (exercise(1).sheet(format), "")
    assert main(["exercise", "--seed", "-7", "--level", "3", "--key", "--format", format]) == 0
    assert capsys.readouterr() == (exercise(-7, level=3).sheet(format, key=True), "")


def test_exercise_that_is_not_there(capsys):
    assert main(["exercise", "--level", "4"]) == 2
    assert capsys.readouterr() == ("", "Error: level must be an integer from 1 to 3, got 4\n")


# Engines ----------------------------------------------------------------------------------------


def engines(monkeypatch, **others):
    """Leave Python and the engines given, so that nothing else is started."""
    for name in ENGINES:
        if name != "python":
            missing = Engine(name, lambda: "install it", None)
            monkeypatch.setitem(ENGINES, name, others.get(name, missing))


def test_run_on_another_engine(plan, monkeypatch, capsys):
    engines(monkeypatch, js=Engine("like Python", lambda: None, ENGINES["python"].run))
    assert main(["run", plan, "--engine", "js"]) == 0
    assert without_time(json.loads(capsys.readouterr().out)) == EXPECTED
    assert main(["run", plan, "--engine", "torch"]) == 2
    assert capsys.readouterr().err == 'Error: engine "torch" is missing: install it\n'


def test_a_torch_that_does_not_load_is_missing(plan, tmp_path, monkeypatch, capsys):
    package = tmp_path / "torch"
    package.mkdir()
    (package / "__init__.py").write_text("raise OSError('libtorch_cpu.so: cannot open')")
    for name in [name for name in sys.modules if name.split(".")[0] == "torch"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(str(tmp_path))
    assert main(["run", plan, "--engine", "torch"]) == 2
    error = capsys.readouterr().err
    assert error.startswith('Error: engine "torch" is missing: install torch: pip install')
    assert "libtorch_cpu.so" in error


@pytest.mark.parametrize(
    ("stderr", "kind", "message"),
    [
        ("Error: the cost is NaN\nExecution halted\n", DivergenceError, "the cost is NaN"),
        ("hi\nError: the cost is NaN\nExecution halted\n", DivergenceError, "the cost is NaN"),
        ("the cost is NaN\n", DivergenceError, "the cost is NaN"),
        ("node: no", EngineError, 'engine "js" failed: node: no'),
    ],
)
def test_what_another_program_says(stderr, kind, message):
    error = _engine_failed("js", stderr)
    assert (type(error), str(error)) == (kind, message)


def test_crosscheck_agrees(monkeypatch, tmp_path, capsys):
    engines(monkeypatch, torch=Engine("like Python", lambda: None, ENGINES["python"].run))
    file = tmp_path / "check.json"
    arguments = ["crosscheck", "xor", "--require", "torch,python", "--json", str(file)]
    assert main(arguments) == 0
    out, err = capsys.readouterr()
    assert err == ""
    last = out.splitlines()[-1]
    assert last.startswith("All agree: python, torch give the same errors")
    assert last.endswith(" Missing: r, rscript, js.")
    assert "r is missing: install it" in out.splitlines()

    found = json.loads(file.read_text())
    assert found["format"] == "twinprop-crosscheck/1"
    assert found["agrees"] is True
    assert found["engines"] == ["python", "torch"]
    assert found["required"] == ["torch", "python"]
    assert set(found["missing"]) == {"r", "rscript", "js"}
    assert found["verdict"] == last
    for row in found["rows"]:
        assert (row["dataset"], row["engine"], row["agrees"]) == ("xor", "torch", True)
        assert set(row["differences"].values()) == {0.0}
    # 4 rules with 4 costs, and the p5.js network
    assert len(found["rows"]) == 17


def test_crosscheck_differs(monkeypatch, capsys):
    def wrong(plan):
        run = ENGINES["python"].run(plan)
        run.outputs[:] *= 1 + 1e-9
        return run

    engines(monkeypatch, torch=Engine("nearly", lambda: None, wrong))
    assert main(["crosscheck", "xor"]) == 1
    assert capsys.readouterr().out.splitlines()[-1].startswith("DIFFERS: 17 of 17 comparisons")


def test_crosscheck_with_an_engine_that_fails(monkeypatch, capsys):
    def fail(plan):
        raise EngineError('engine "torch" failed: fire')

    engines(monkeypatch, torch=Engine("broken", lambda: None, fail))
    assert main(["crosscheck", "xor", "--each"]) == 1
    out = capsys.readouterr().out
    assert out.count('(engine "torch" failed: fire)') == 17


def test_crosscheck_without_a_required_engine(monkeypatch, capsys):
    engines(monkeypatch)
    assert main(["crosscheck", "xor"]) == 0
    assert "r is missing: install it" in capsys.readouterr().out
    assert main(["crosscheck", "xor", "--require", "js"]) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "INCOMPLETE: required, but missing: js."


@pytest.mark.parametrize(
    ("arguments", "start", "end"),
    [
        (["xor", "mnist"], 'datasets entry 2 must be one of "xor", ', ', got "mnist"'),
        (["xor", "--require", "r,perl"], 'require entry 2 must be one of "python", ', '"perl"'),
    ],
)
def test_crosscheck_of_unknown_names(monkeypatch, capsys, arguments, start, end):
    engines(monkeypatch)
    assert main(["crosscheck", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"Error: {start}")
    assert err.endswith(f"{end}\n")


def test_unknown_engines_are_refused_by_name():
    from twinprop.engines import run_plan_on

    with pytest.raises(InputError) as caught:
        run_plan_on(PLAN, "perl")
    assert str(caught.value) == (
        'engine must be one of "python", "r", "rscript", "js", "torch", got "perl"'
    )


def test_crosscheck_says_at_once_that_it_cannot_write(monkeypatch, capsys, tmp_path):
    module = sys.modules["twinprop.crosscheck"]
    monkeypatch.setattr(module, "crosscheck", None)  # it must not come so far
    path = tmp_path / "nowhere" / "check.json"
    assert main(["crosscheck", "xor", "--json", str(path)]) == 2
    assert capsys.readouterr().err == f'Error: cannot write "{path}": no such folder\n'
