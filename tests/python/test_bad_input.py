"""Bad input: every public call with every argument wrong, and files broken in every way.

docs/reliability.md says what is promised: an error of the package that names what is wrong, never
one of Python's own, nothing that hangs, nothing that is taken silently.
"""

import contextlib
import inspect
import io
import json
import re
import subprocess
import sys
import warnings
import webbrowser
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

import twinprop
from bad_values import BAD, X, calls
from twinprop import InputError, Network, TwinpropError
from twinprop.estimators import MLPClassifier, MLPRegressor
from twinprop.json_text import DEEPEST, parse_json
from twinprop.model_file import format_model, parse_model
from twinprop.plan import parse_plan, run_to_dict

#: Records of what the package found; nobody but the package makes them.
RECORDS = {
    "Backward", "Diagnosis", "Exercise", "Explanation", "Forward", "GradientCheck", "Recording",
    "RuleComparison", "Run", "Verdict",
}  # fmt: skip

#: What an argument of this name takes of BAD, in any call.
ALLOWED = {
    "activations": (),
    "answer": ("minus", "fraction", "large"),
    "ax": ("null",),
    "batch_size": ("null",),
    "biases": ("null",),
    "classes": ("null",),
    "clip_norm": ("null", "fraction", "large"),
    "columns": (),
    "cost": (),
    "dropout": ("fraction",),
    "earlier": ("null", "object"),
    "eps": ("fraction", "large"),
    "every": ("null",),
    "inputs": ("null",),
    "keep": ("list", "list of text", "empty array", "empty frame"),
    "key": ("true",),
    "learning_rate": ("fraction", "large"),
    "log": ("true",),
    "momentum": ("fraction",),
    "na": (),
    "neurons": ("null",),
    "optimizer": ("null",),
    "out_activation": ("null",),
    "outputs": (),
    "p5": ("null",),
    "progress": ("true",),
    "record": ("null", "large"),
    "rules": ("null",),
    "sample": (),
    "sample_weight": ("null",),
    "schedule": ("null",),
    "seed": ("minus",),
    "shuffle": ("true",),
    "snapshots": ("list", "empty array", "empty frame"),
    "task": ("null",),
    "training": ("null", "object", "object of text", "object of numbers"),
    "value": ("fraction", "large"),
    "values": ("null", "true"),
    "weight_decay": ("fraction", "large"),
}

#: And in this call; a list of values, in the place of those of ALLOWED.
ALLOWED_IN = {
    # a key of earlier is a question's number
    "check_answer earlier": ("null", "object", "object of numbers"),
    "check_gradient cost": ("null",),
    "crosscheck datasets": ("list", "empty array", "empty frame"),
    "crosscheck engines": ("list", "empty array", "empty frame"),
    "crosscheck on_progress": ("null", "function", "class"),
    "crosscheck require": ("list", "empty array", "empty frame"),
    "diagnose cost": ("null",),
    "exercise layers": ("null",),
    "explain cost": ("null",),
    "explain_plan sample": ("null",),
    "explain_plan source": ("object",),
    "fingerprint source": ("object",),
    "from_keras_weights weights": ("array of 3",),  # as of two layers of zeros
    "from_torch activations": ("null",),
    "Model outputs": ("null",),
    "Model.predict data": ("list", "empty array"),  # no rows
    "Model.predict na": ("null",),
    "Model.predict_proba na": ("null",),
    "Model.raw data": ("list", "empty array"),
    "Model.raw na": ("null",),
    "Network weights": ("null",),
    "play cost": ("null",),
    "plot_network cost": ("null",),
    "plot_network d": ("null",),
    "plot_network input_names": ("null",),
    "plot_network output_names": ("null", "list of text"),
    "read_plan source": ("object",),
    "run_plan plan": ("object",),
    "run_plan_on plan": ("object",),
    "to_html cost": ("null",),
    "to_html path": ("text",),
    "to_onnx path": ("null", "text"),
    "to_sql columns": ("null",),
    "to_sql table": ("text", "list of text"),
    "write_model path": ("text",),
    "write_run output": ("text",),
}

#: Longer than any message about a value that is itself long.
LONGEST_MESSAGE = 1000


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    """Every public call, in a folder of its own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return calls(tmp_path_factory.mktemp("calls"))


@pytest.fixture(autouse=True)
def _alone(tmp_path, monkeypatch):
    """Write into a folder of the test's, open no browser, keep no picture."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(webbrowser, "open", lambda *_: True)
    yield
    plt.close("all")


def complaint(function, arguments):
    """Call; return what the package says against it, None if it takes it."""
    with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        try:
            function(**arguments)
        except TwinpropError as error:
            return str(error)
    return None


def test_every_public_name_is_called(given):
    called = {re.split(r"[. ]", name)[0] for name in given}
    public = {
        name
        for name in twinprop.__all__
        if callable(getattr(twinprop, name))
        and not (
            inspect.isclass(getattr(twinprop, name))
            and issubclass(getattr(twinprop, name), Warning | Exception)
        )
        and name != "dataset_names"  # which takes nothing
    }
    assert public - called == RECORDS - called


def test_every_argument_is_there(given):
    for name, (_, arguments) in given.items():
        target = twinprop
        for part in name.split(" ")[0].split("."):
            target = getattr(target, part)
        if name.startswith("Optimizer"):
            continue
        assert set(inspect.signature(target).parameters) - {"self"} == set(arguments), name


NAMES = [
    "Exercise.sheet", "Explanation.report", "Explanation.write_report", "Model", "Model.predict",
    "Model.predict_proba", "Model.raw", "Network", "Network.backward", "Network.forward",
    "Network.mean_cost", "Network.predict", "Network.step", "Network.train", "Network.update",
    "Optimizer", "Optimizer adam", "Optimizer rprop", "RandomStream", "RandomStream.order",
    "RandomStream.uniform", "check_answer", "check_gradient", "compare_rules", "convert_cost",
    "convert_penalty", "crosscheck", "diagnose", "exercise", "explain", "explain_plan",
    "fingerprint",
    "from_brain_js", "from_keras_weights", "from_sklearn", "from_torch", "from_toy_nn",
    "load_dataset", "play", "plot_cost", "plot_decision", "plot_network", "plot_rules",
    "read_model", "read_plan", "run_plan", "run_plan_on", "starting_weights", "to_html",
    "to_js_function", "to_keras_weights", "to_onnx", "to_r_function", "to_sklearn", "to_sql",
    "to_torch", "write_model", "write_run",
]  # fmt: skip


def test_all_calls_are_tested(given):
    assert sorted(given) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_argument_wrong(name, given):
    function, arguments = given[name]
    assert complaint(function, arguments) is None
    for argument in arguments:
        allowed = ALLOWED_IN.get(f"{name} {argument}", ALLOWED.get(argument, ()))
        for kind, value in BAD.items():
            if name == "crosscheck" and kind in (*allowed, "null"):
                continue  # tested elsewhere, and slow
            said = complaint(function, {**arguments, argument: value})
            Path("no such thing").unlink(missing_ok=True)  # where that was a path to write to
            if kind in allowed:
                assert said is None, (argument, kind, said)
            else:
                assert said is not None, f"{name} takes {kind} for {argument}"
                assert 5 < len(said) < LONGEST_MESSAGE, (argument, kind, said)
                assert not re.search(r"[\0-\x09\x0b-\x1f\ud800-\udfff]", said), (argument, kind)


FIT = {
    "hidden_layer_sizes": ("list", "empty array", "empty frame"),
    "activation": (),
    "out_activation": (),
    "loss": (),
    "init": (),
    "starting_weights": ("null",),
    "rule": (),
    "update_order": (),
    "solver": (),
    "momentum": ("fraction",),
    "nesterovs_momentum": ("true",),
    "beta_1": ("fraction",),
    "beta_2": ("fraction",),
    "epsilon": ("fraction", "large"),
    "alpha": ("fraction", "large"),
    "batch_size": ("null", "large"),
    "learning_rate": ("null",),
    "learning_rate_init": ("fraction",),
    "power_t": ("fraction", "large"),
    "max_iter": (),
    "shuffle": ("true",),
    "tol": ("fraction", "large"),
    "n_iter_no_change": (),
    "early_stopping": ("true",),
    "validation_fraction": ("fraction",),
    "dropout": ("fraction",),
    "clip_norm": ("null", "fraction", "large"),
    "arithmetic": (),
    "scale": ("true",),
    "random_state": ("null", "minus"),
    "verbose": ("true", "large"),
    "warm_start": ("true",),
    "callbacks": ("null", "list", "function", "class", "empty array", "empty frame"),
    "class_weight": ("null", "object", "object of numbers"),
}


@pytest.mark.parametrize("make", [MLPRegressor, MLPClassifier])
def test_every_setting_of_an_estimator_wrong(make):
    y = [0, 1, 1, 0]
    for name in make().get_params():
        for kind, value in BAD.items():
            if kind in FIT[name]:
                continue
            # of what scikit-learn checks itself the class of its error
            allowed = (TwinpropError, ValueError) if name == "random_state" else TwinpropError
            try:
                with pytest.raises(allowed), warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    make(max_iter=1).set_params(**{name: value}).fit(X, y)
            except Exception as error:
                raise AssertionError(f"{name}, {kind}") from error


# Files --------------------------------------------------------------------------------------------

PLAN = {
    "format": "twinprop-plan/1",
    "network": {"layers": [2, 2, 1], "seed": 1},
    "training": {"epochs": 2, "cost": "half_mse"},
    "data": {"dataset": "xor"},
}
READERS = {
    "plan": (parse_plan, json.dumps(PLAN)),
    "model": (parse_model, format_model(twinprop.Model(Network([2, 2, 1])))),
}


@pytest.mark.parametrize("what", READERS)
def test_a_file_cut_at_every_byte(what):
    read, text = READERS[what]
    read(text)
    for end in range(len(text.rstrip())):
        with pytest.raises(InputError, match=f"^the {what} is not valid JSON: "):
            read(text[:end].encode())


@pytest.mark.parametrize("what", READERS)
def test_a_file_with_any_byte_changed(what):
    read, text = READERS[what]
    for place in range(0, len(text), 7):
        for byte in (b"\x00", b"\xff", b'"', b"[", b"9", b"\\", b"\xc3"):
            with contextlib.suppress(TwinpropError):  # it may still be a good one
                read(text[:place].encode() + byte + text[place + 1 :].encode())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[" * 100_000, "must not be nested more than 100 deep"),
        ('{"a":' * 100_000, "must not be nested more than 100 deep"),
        ("[" * 101 + "]" * 101, "must not be nested more than 100 deep"),
        ('{"a": 1, "a": 2}', 'must have distinct keys in each object, got "a" twice'),
        ('{"a": [{"b": 1, "\\u0062": 2}], "a": 2}', "in each object, got \"b\" twice"),
        ('{"": 1, "": 1}', 'must have distinct keys in each object, got "" twice'),
        ('["\\u0000"]', "must have strings without NUL and without halves of characters"),
        ('{"\\ud800": 1}', "must have strings without NUL and without halves of characters"),
        ("[NaN]", "is not valid JSON: "),
        ("[-Infinity]", "is not valid JSON: "),
        ('["\ud800"]', "is not valid JSON: invalid UTF-8"),
        (b"\xff", "is not valid JSON: invalid UTF-8"),
        (b"\xef\xbb\xbf[]", "is not valid JSON: "),
        (b"[1]\x00", "is not valid JSON: "),
        (bytes(range(256)), "is not valid JSON: invalid UTF-8"),
        ("", "is not valid JSON: "),
    ],
    ids=lambda text: repr(text)[:20],
)  # fmt: skip
def test_what_json_text_is_refused(text, said):
    with pytest.raises(InputError) as caught:
        parse_json(text, "plan")
    assert str(caught.value).startswith(f"the plan {said}" if said[0] != "i" else "the plan ")
    assert said in str(caught.value)


def test_what_json_text_is_read():
    deepest = "[" * DEEPEST + "]" * DEEPEST
    assert json.dumps(parse_json(deepest, "plan")) == deepest
    assert parse_json('["\\\\u0000", "\\ud83d\\ude00", "[[[{{"]', "plan") == [
        "\\u0000", "\U0001f600", "[[[{{",
    ]  # fmt: skip
    assert parse_json('{"a": {"a": 1}, "b": {"a": 2}}', "plan") == {"a": {"a": 1}, "b": {"a": 2}}
    assert parse_json(f"[{'1' * 10**7}, -{'1' * 10**7}]", "plan") == [float("inf"), -float("inf")]
    assert parse_json('["' + "\\\\" * 10**6 + '"]', "plan") == ["\\" * 10**6]


def test_stated_sizes_are_checked_before_anything_is_made():
    value = json.loads(READERS["model"][1])
    for layers in ([1e9, 1e9], [2147483647, 1e300], [1e308, 1e308, 1e308]):
        value["network"]["layers"] = layers
        with pytest.raises(
            InputError, match="^network.layers must make at most 2147483647 weights"
        ):
            parse_model(json.dumps(value))
    value["network"]["layers"] = [40_000, 40_000, 1]  # 12 GB of weights that are not there
    with pytest.raises(InputError, match="^network.weights layer 2 must have 40000 rows, got 2$"):
        parse_model(json.dumps(value))
    value["network"]["layers"] = [2_000_000_000, 1, 1]
    with pytest.raises(InputError, match="^network.weights layer 2 must have 1 rows, got 2$"):
        parse_model(json.dumps(value))


def test_a_count_has_an_end():
    said = "^training.epochs must be an integer from 0 to 2147483647, got "
    for epochs in ("1e300", "1e10", "2147483648"):
        with pytest.raises(InputError, match=said):
            parse_plan(f'{{"training": {{"epochs": {epochs}}}}}')


# The command line ---------------------------------------------------------------------------------


def command(*arguments, **options):
    return subprocess.run(
        [sys.executable, "-m", "twinprop", *arguments],
        capture_output="stdout" not in options,
        text=True,
        check=False,
        **options,
    )


def test_a_full_disk_behind_standard_output():
    for arguments in (["exercise"], ["describe", "-"]):
        with Path("/dev/full").open("w") as full:
            done = command(*arguments, stdout=full, stderr=subprocess.PIPE, input="a,b\n1,2\n")
        assert done.returncode == 2
        assert done.stderr == 'Error: cannot write "-": No space left on device\n'


def test_messages_hold_nothing_that_a_terminal_obeys(tmp_path):
    name = "\x1b[31m\u202e\n.json"
    done = command("run", name)
    assert done.returncode == 2
    assert done.stderr == (
        'Error: cannot read the plan: no file "\\u001b[31m\\u202e\\u000a.json"\n'
    )
    done = command("run", str(tmp_path))
    assert done.stderr.startswith('Error: cannot read the plan "/')
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("key", ["cost", "weights", "biases"])
def test_a_run_file_that_is_not_whole(key):
    run = run_to_dict(twinprop.run_plan({"training": {"epochs": 1}}))
    for bad in ("x", None, [[{}]], {"a": 1}):
        with pytest.raises(InputError, match="run must have numbers|fingerprint is"):
            twinprop.fingerprint({**run, key: bad})
    del run[key]
    with pytest.raises(InputError, match=f'run must have "{key}", got no such key'):
        twinprop.fingerprint(run)
