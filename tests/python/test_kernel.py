"""The kernel in C against the oracle of portable arithmetic, bit for bit. Twins:
tests/testthat/test-kernel.R."""

import itertools
import math
import os
import platform
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from random_plans import as_mapping, random_plan
from twinprop import Network, RandomStream, crosscheck, kernel, optimizers

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "oracle"), str(ROOT / "kernel")]

import compile_kernel  # noqa: E402
import portable  # noqa: E402

REQUIRED = "python" in os.environ.get("TWINPROP_REQUIRE", "").split(",")

# Without a compiler twinprop does without, and so do these; where all engines are required it may
# not be missing.
pytestmark = pytest.mark.skipif(
    not kernel.available() and not REQUIRED, reason="the kernel was not compiled"
)


class Training:
    """A plan's training by the kernel, as far as one likes."""

    def __init__(self, plan):
        # What an oracle leaves to be filled in, and the oracle's own rates: with its power and cos.
        network, training, x, d = portable.complete(plan)
        self.network = Network(
            network["layers"],
            network["activations"],
            init=network["init"],
            seed=network["seed"],
            weights=network["weights"],
            biases=network["biases"],
        )
        self.training = training
        self.x, self.d = np.array(x), np.array(d)
        self.rows = len(x)
        self.batch_size = int(training["batch_size"] or self.rows)
        given = plan.get("data", {}).get("sample_weight")
        self.weight = None if given is None else np.array(portable.mean_1(given))
        settings = training["optimizer"]
        rule = optimizers.OPTIMIZERS[settings["name"]]
        size = self.network.parameters.size
        self.state = {
            name: np.full(size, settings[start] if isinstance(start, str) else start)
            for name, start in rule.state.items()
        }
        self.before = np.full(size, math.nan)
        self.trainer = kernel.Trainer(
            layers=self.network.layers,
            activations=self.network.activations,
            cost=training["cost"],
            rule=training["rule"],
            update_order=training["update_order"],
            optimizer=settings,
            x=self.x,
            d=self.d,
            sample_weight=self.weight,
            batch_size=self.batch_size,
            dropout=training["dropout"],
            clip_norm=training["clip_norm"],
            parameters=self.network.parameters,
            state=self.state,
            before=self.before,
        )
        epochs = training["epochs"]
        self.updates = epochs * self.trainer.batches
        self.rates = np.array(
            [
                settings["learning_rate"]
                * portable.rate_factor(training["schedule"], epoch, epochs, self.rows)
                for epoch in range(1, epochs + 1)
            ]
        )
        stream = RandomStream(training["seed"])
        per_epoch = self.rows * self.trainer.uniforms_per_row
        orders, uniforms = [], []
        for _ in range(epochs):
            orders.append(stream.order(self.rows) if training["shuffle"] else [0])
            uniforms.append(stream.uniform(per_epoch))
        self.orders = np.array(orders) if training["shuffle"] else None
        self.uniforms = np.concatenate([*uniforms, np.empty(0)])
        self.made = 0
        self.costs = []

    def go(self, updates):
        """Make so many more; whatever a call needs is cut from what was drawn."""
        first, start = divmod(self.made, self.trainer.batches)
        last = -(-(self.made + updates) // self.trainer.batches)
        drawn = self.trainer.uniforms_per_row
        rows = [
            self.trainer.rows_before(batch) * drawn for batch in (self.made, self.made + updates)
        ]
        costs = np.full(last - first, math.nan)
        outcome = self.trainer(
            start,
            updates,
            self.made,
            self.rates[first:last],
            costs,
            np.zeros(6, dtype=np.intc),
            None if self.orders is None else self.orders[first:last],
            self.uniforms[slice(*rows)] if drawn else None,
        )
        self.made += outcome.updates
        self.costs += costs[: outcome.epochs].tolist()
        return outcome

    def forward(self):
        return kernel.forward(
            self.network.layers,
            self.network.activations,
            self.network.parameters,
            self.x,
            self.d,
            cost=self.training["cost"],
            weight_decay=self.training["optimizer"]["weight_decay"],
            sample_weight=self.weight,
        )


def bits(*values):
    """The bits of numbers, all NaN the same, -0 not 0."""
    flat = np.concatenate([np.ravel(np.array(v, dtype=float)) for v in values])
    return np.where(np.isnan(flat), math.nan, flat).view(np.int64).tolist()


def same_as_oracle(plan, pieces=None):
    """Train in pieces of so many updates, over and over, or at once."""
    run = Training(plan)
    expected = portable.train(plan)["run"]
    assert bits(run.forward()[2]) == bits(expected["initial_cost"])
    for piece in itertools.cycle(pieces or [run.updates]):
        if run.made == run.updates:
            break
        outcome = run.go(min(piece, run.updates - run.made))
        assert outcome.code == kernel.OK
    assert bits(run.costs) == bits(expected["cost"])
    flat = [
        v for part in ("weights", "biases") for layer in expected[part] for v in np.ravel(layer)
    ]
    assert bits(run.network.parameters) == bits(flat)
    _, a, cost = run.forward()
    assert bits(a) == bits(expected["outputs"])
    assert bits(cost) == bits(expected["final_cost"])
    return run


@pytest.mark.parametrize("seed", range(60))
def test_random_plans(seed):
    plan = as_mapping(random_plan(seed))
    same_as_oracle(plan)
    same_as_oracle(plan, [1, 3, 2, 40])


def plan_of(rows, layers, activations, epochs=2, seed=1, weighted=False, **training):
    pick = random.Random(seed)
    x = [[pick.gauss(0, 1) for _ in range(layers[0])] for _ in range(rows)]
    d = [[pick.random() for _ in range(layers[-1])] for _ in range(rows)]
    if activations[-1] == "softmax":
        hot = [pick.randrange(layers[-1]) for _ in range(rows)]
        d = [[float(k == h) for k in range(layers[-1])] for h in hot]
    data = {"x": x, "d": d}
    if weighted:
        data["sample_weight"] = [pick.choice([0.5, 1, 2]) for _ in range(rows)]
    return {
        "network": {"layers": layers, "activations": activations, "seed": seed},
        "training": {"epochs": epochs, "shuffle": True, "seed": seed, **training},
        "data": data,
    }


RULES = ["gradient", "transpose", "proportional", "proportional_abs"]


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("update_order", ["simultaneous", "output_first"])
@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "nesterov", "rmsprop", "adam", "rprop"])
@pytest.mark.parametrize("batch_size", [1, 3])
def test_rules_orders_and_optimizers(rule, update_order, optimizer, batch_size):
    settings = {"name": optimizer, "learning_rate": 0.02, "weight_decay": 0.01}
    if optimizer == "rmsprop":
        settings["momentum"] = 0.5 * (batch_size == 3)
    plan = plan_of(
        7,
        [3, 4, 2],
        ["tanh", "sigmoid"],
        rule=rule,
        update_order=update_order,
        optimizer=settings,
        batch_size=batch_size,
        dropout=0.3,
        weighted=True,
    )
    same_as_oracle(plan)


@pytest.mark.parametrize(
    "hidden", ["sigmoid", "tanh", "relu", "leaky_relu", "softplus", "identity"]
)
@pytest.mark.parametrize(
    ("cost", "output"),
    [
        ("half_mse", "identity"),
        ("half_sse", "tanh"),
        ("mse", "softplus"),
        ("cross_entropy", "sigmoid"),
        ("cross_entropy", "softmax"),
    ],
)
def test_activations_and_costs(hidden, cost, output):
    plan = plan_of(
        5,
        [2, 4, 3],
        [hidden, output],
        cost=cost,
        batch_size=2,
        optimizer={"learning_rate": 0.1},
    )
    same_as_oracle(plan)


# Blocks have 64 samples: batches of one less, as many, more, several, with a rest or without.
@pytest.mark.parametrize("rule", ["gradient", "transpose"])
@pytest.mark.parametrize("update_order", ["simultaneous", "output_first"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    ("cost", "hidden", "output"),
    [
        ("half_mse", "sigmoid", "identity"),
        ("half_sse", "tanh", "tanh"),
        ("mse", "softplus", "leaky_relu"),
        ("half_mse", "relu", "softplus"),
        ("mse", "leaky_relu", "relu"),
        ("half_sse", "identity", "sigmoid"),
        ("cross_entropy", "sigmoid", "sigmoid"),
    ],
)
def test_one_sample_at_a_time(rule, update_order, weighted, cost, hidden, output):
    """What kernel.c has a loop of its own for: batches of one and nothing beside W - eta G."""
    plan = plan_of(
        5,
        [2, 4, 3, 2],
        [hidden, hidden, output],
        epochs=3,
        cost=cost,
        rule=rule,
        update_order=update_order,
        batch_size=1,
        optimizer={"learning_rate": 0.1},
        weighted=weighted,
    )
    same_as_oracle(plan)
    same_as_oracle(plan, [1, 3, 2, 40])


@pytest.mark.parametrize("rows", [63, 64, 65, 128, 150])
@pytest.mark.parametrize("batch_size", [None, 63])
@pytest.mark.parametrize("update_order", ["simultaneous", "output_first"])
def test_blocks_of_large_batches(rows, batch_size, update_order):
    training = {"update_order": update_order, "batch_size": batch_size, "dropout": [0.2, 0.0]}
    if update_order == "simultaneous":
        training["clip_norm"] = 0.01
    plan = plan_of(
        rows,
        [3, 5, 4, 3],
        ["relu", "tanh", "softmax"],
        cost="cross_entropy",
        weighted=True,
        **training,
    )
    same_as_oracle(plan)


@pytest.mark.parametrize("layers", [[1, 1], [4, 1], [1, 5], [3, 7, 6, 5, 4, 3, 2], [9, 17, 1]])
def test_shapes(layers):
    activations = ["tanh"] * (len(layers) - 2) + ["sigmoid"]
    for rows, batch_size in [(1, 1), (2, 1), (5, 4), (6, None)]:
        same_as_oracle(plan_of(rows, layers, activations, batch_size=batch_size))


# Where exp, log and tanh change what they do: at their ends, at 0, beside halves of log 2.
ENDS = [0.0, 5e-324, 2.2e-308, 1e-300, 1e-17, 1e-8, 0.3465, 0.3466, 0.6931, 0.88, 1.0, 17.3, 36.7]
ENDS += [37.5, 709.0, 709.79, 710.0, 710.5, 744.4, 745.2, 746.0, 747.0, 1e10, 1e308, math.inf]


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu", "leaky_relu", "softplus"])
def test_activations_everywhere(activation):
    pick = random.Random(activation)
    values = [*ENDS, *(-v for v in ENDS), math.nan, *(pick.gauss(0, 5) for _ in range(2000))]
    values += [pick.uniform(-750, 750) for _ in range(1000)]
    z, a, _ = kernel.forward([1, 1], [activation], np.array([1.0, 0.0]), np.array([values]).T)
    assert bits(z) == bits([0.0 + v for v in values])
    assert bits(a) == bits([portable.activate(activation, [0.0 + v])[0] for v in values])


@pytest.mark.parametrize("outputs", [2, 3, 40])
def test_softmax_everywhere(outputs):
    pick = random.Random(outputs)
    x = [[pick.gauss(0, scale) for _ in range(outputs)] for scale in [0, 1, 50, 1e3] for _ in "50 "]
    weights = np.eye(outputs).ravel()
    d = np.full((len(x), outputs), 1 / outputs)
    parameters = np.concatenate([weights, np.zeros(outputs)])
    for rows in (slice(None), slice(0, 1)):
        z, a, cost = kernel.forward(
            [outputs] * 2, ["softmax"], parameters, np.array(x)[rows], d[rows], cost="cross_entropy"
        )
        expected = [portable.activate("softmax", list(row)) for row in z]
        assert bits(a) == bits(expected)
        costs = [
            portable.sample_cost("cross_entropy", "softmax", list(row), p, [1 / outputs] * outputs)
            for row, p in zip(z, expected)
        ]
        assert bits(cost) == bits(portable.total(costs) / len(costs))


def test_many_rows_forward():
    plan = plan_of(200, [3, 4, 2], ["softplus", "sigmoid"], cost="cross_entropy", epochs=0)
    run = Training(plan)
    expected = portable.train(plan)["run"]
    _, a, cost = run.forward()
    assert bits(a, cost) == bits(expected["outputs"], expected["final_cost"])


def test_what_is_not_finite():
    plan = plan_of(6, [2, 1], ["identity"], epochs=2000, optimizer={"learning_rate": 2.0})
    with pytest.raises(portable.Divergence) as caught:
        portable.train(plan)
    run, other = Training(plan), Training(plan)
    outcome = run.go(run.updates)
    epoch = caught.value.args[0]
    assert epoch > 3
    assert outcome[:2] == (kernel.NOT_FINITE, epoch - 1)
    assert (outcome.epochs, outcome.updates) == (epoch - 1, 6 * epoch)
    # Before that epoch the parameters were those of the epochs that went well.
    other.go(6 * (epoch - 1))
    assert bits(run.before) == bits(other.network.parameters)
    assert bits(run.costs) == bits(other.costs)


@pytest.mark.parametrize("rule", ["proportional", "proportional_abs"])
@pytest.mark.parametrize("update_order", ["simultaneous", "output_first"])
def test_vanishing_denominators(rule, update_order):
    plan = plan_of(70, [2, 2, 2, 1], ["tanh"] * 3, rule=rule, update_order=update_order)
    plan["training"]["batch_size"] = None
    into = [0.0, 0.0] if rule == "proportional_abs" else [0.5, -0.5]
    plan["network"]["weights"] = [[[1.0, 0.5], [0.2, 0.1]], [[1.0, 2.0], into], [[1.0, 2.0]]]
    plan["training"]["optimizer"] = {"learning_rate": 0.0}
    with pytest.raises(portable.Denominator) as caught:
        portable.train(plan)
    run = Training(plan)
    start = run.network.parameters.copy()
    outcome = run.go(run.updates)
    assert outcome == (kernel.VANISHED, 0, caught.value.layer, caught.value.neuron, 0, 0)
    assert (caught.value.layer, caught.value.neuron) == (3, 2)
    assert bits(run.before) == bits(start)


def test_errno_is_left_alone():
    import ctypes

    library = ctypes.CDLL(str(kernel.LIBRARY), use_errno=True)
    ctypes.set_errno(0)
    arrays = [np.array([4, 1, 2, -1, 0, 0, 0, 0, 0, 0, 0], dtype=np.intc)]
    arrays += [np.array([1, 1], dtype=np.intc), np.array([0], dtype=np.intc), np.zeros(13)]
    x = np.array([-1e308, -1.0, 1.0, 1e308])
    arrays += [x, x, x, np.array([1e308, 1.0]), np.zeros(4), np.zeros(4), np.zeros(1)]
    arrays += [np.zeros(6, dtype=np.intc)]
    library.twinprop_kernel_forward(*(ctypes.c_void_p(a.ctypes.data) for a in arrays))
    assert ctypes.get_errno() == 0
    np.testing.assert_array_equal(arrays[9], [0.0, 0.0, 1.0, 1.0])


# What Python refuses before C sees it ------------------------------------------------------------


def trainer(**changed):
    arguments = {
        "layers": [2, 3, 1],
        "activations": ["tanh", "sigmoid"],
        "cost": "half_mse",
        "rule": "gradient",
        "update_order": "simultaneous",
        "optimizer": optimizers.check_optimizer({}),
        "x": np.zeros((5, 2)),
        "d": np.zeros((5, 1)),
        "sample_weight": None,
        "batch_size": 2,
        "dropout": [0.5],
        "clip_norm": None,
        "parameters": np.zeros(13),
        "state": {"velocity": np.zeros(13)},
        "before": np.zeros(13),
    }
    return kernel.Trainer(**{**arguments, **changed})


def read_only(values):
    values.flags.writeable = False
    return values


@pytest.mark.parametrize(
    "changed",
    [
        {"layers": [2]},
        {"layers": [2, 0, 1]},
        {"layers": [2, 3, 2**31]},
        {"layers": [2, 4, 1]},
        {"layers": [2, 3, 2]},
        {"activations": ["tanh"]},
        {"activations": ["softmax", "sigmoid"]},
        {"activations": ["tanh", "sine"]},
        {"cost": "zero_one"},
        {"rule": "hebb"},
        {"x": np.zeros((5, 2), dtype=np.float32)},
        {"x": np.zeros((5, 2), order="F")},
        {"x": np.zeros((5, 4))[:, ::2]},
        {"x": np.zeros((5, 3))},
        {"x": np.zeros((0, 2))},
        {"x": np.zeros((5, 2)).astype(">f8")},
        {"x": [[0.0, 0.0]] * 5},
        {"d": np.zeros((4, 1))},
        {"d": np.zeros(5)},
        {"sample_weight": np.ones(4)},
        {"batch_size": 0},
        {"batch_size": 6},
        {"dropout": [0.5, 0.5]},
        {"dropout": [1.0]},
        {"dropout": [math.nan]},
        {"dropout": [-0.1]},
        {"parameters": np.zeros(12)},
        {"parameters": read_only(np.zeros(13))},
        {"state": {"velocity": np.zeros(12)}},
        {"before": np.zeros(12)},
    ],
)
def test_a_trainer_refuses(changed):
    with pytest.raises(ValueError):
        trainer(**changed)


@pytest.mark.parametrize(
    "changed",
    [
        {"start": -1},
        {"start": 3},
        {"updates": 0},
        {"updates": 2**31},
        {"rates": np.ones(1)},
        {"rates": np.ones(2, dtype=np.float32)},
        {"costs": np.ones(1)},
        {"costs": read_only(np.ones(2))},
        {"status": np.zeros(6)},
        {"status": np.zeros(5, dtype=np.intc)},
        {"order": np.zeros((1, 5), dtype=int)},
        {"order": np.full((2, 5), 5)},
        {"order": np.full((2, 5), -1)},
        {"uniforms": None},
        {"uniforms": np.ones(20)},
        {"uniforms": np.ones(22)},
    ],
)
def test_a_call_refuses(changed):
    arguments = {
        "start": 1,
        "updates": 4,
        "made": 0,
        "rates": np.ones(2),
        "costs": np.ones(2),
        "status": np.zeros(6, dtype=np.intc),
        "order": None,
        "uniforms": np.ones(21),  # rows 3, 4 and 5, then 1 to 4, three units each
    }
    assert trainer()(**arguments).updates == 4
    with pytest.raises((ValueError, RuntimeError)):
        trainer()(**{**arguments, **changed})


@pytest.mark.parametrize(
    "changed",
    [
        {"parameters": np.zeros(12)},
        {"x": np.zeros((5, 3))},
        {"d": np.zeros((4, 1))},
        {"sample_weight": np.zeros(4)},
        {"cost": "zero_one"},
    ],
)
def test_forward_refuses(changed):
    arguments = {"parameters": np.zeros(13), "x": np.zeros((5, 2)), "d": np.zeros((5, 1))}
    kernel.forward([2, 3, 1], ["tanh", "tanh"], **arguments)
    with pytest.raises(ValueError):
        kernel.forward([2, 3, 1], ["tanh", "tanh"], **{**arguments, **changed})


# Whether it is there ------------------------------------------------------------------------------


def test_it_is_turned_off(monkeypatch):
    assert kernel.available()
    monkeypatch.setenv("TWINPROP_KERNEL", "off")
    assert not kernel.available()


def test_the_cross_check_does_without_it(monkeypatch):
    def refuse(*_):
        raise AssertionError("languages that share their code prove nothing")

    monkeypatch.setenv("TWINPROP_KERNEL", "on")
    monkeypatch.setattr(kernel.Trainer, "__call__", refuse)
    assert crosscheck(["xor"], engines=["python"]).agrees
    assert os.environ["TWINPROP_KERNEL"] == "on"


@pytest.mark.parametrize("content", [None, b"", b"no library"])
def test_without_a_library(monkeypatch, tmp_path, content):
    path = tmp_path / "_kernel.so"
    if content is not None:
        path.write_bytes(content)
    monkeypatch.setattr(kernel, "LIBRARY", path)
    assert not kernel.available()
    with pytest.raises(RuntimeError):
        kernel.forward([1, 1], ["tanh"], np.zeros(2), np.zeros((1, 1)))


def test_a_library_from_another_source(monkeypatch, tmp_path):
    source = tmp_path / "other.c"
    source.write_text("void twinprop_kernel_interface(int *number) { *number = 0; }\n")
    monkeypatch.setattr(compile_kernel, "SOURCE", source)
    monkeypatch.setattr(kernel, "LIBRARY", compile_kernel.compile_kernel(tmp_path))
    assert not kernel.available()


def test_import_does_not_load_it():
    code = (
        "import twinprop; from twinprop import kernel; print(kernel._library.cache_info().currsize)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "0"


# Compiled -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("given", ["false", "no-such-compiler"])
def test_without_a_compiler(monkeypatch, tmp_path, given):
    monkeypatch.setenv("CC", given)
    assert compile_kernel.compile_kernel(tmp_path) is None
    assert list(tmp_path.iterdir()) == []


# As R compiles it too, with GNU's names and without our flags.
@pytest.mark.parametrize("standard", ["c99", "gnu99", "gnu17"])
def test_it_compiles_without_a_warning(tmp_path, standard):
    flags = ["-Wall", "-Wextra", "-pedantic", "-Werror", "-O1", f"-std={standard}"]
    assert compile_kernel.compile_kernel(tmp_path, flags)


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the flag is of x86-64")
def test_no_multiply_is_fused_with_an_add(tmp_path):
    flags = ["-std=gnu17", "-ffp-contract=fast", "-march=haswell", "-S"]
    command = [*compile_kernel.compilers()[0], *flags, "-o", str(tmp_path / "kernel.s")]
    subprocess.run([*command, str(compile_kernel.SOURCE)], check=True)
    assembly = (tmp_path / "kernel.s").read_text()
    assert "vmulpd" in assembly
    assert "vfm" not in assembly
    assert "vfnm" not in assembly


def test_its_headers_are_those_of_c():
    lines = (ROOT / "kernel" / "kernel.c").read_text().splitlines()
    headers = {line.split()[1] for line in lines if line.startswith("#include")}
    assert headers <= {"<math.h>", "<stdlib.h>", "<string.h>", "<stddef.h>"}


SANITIZED = """
import sys
from pathlib import Path
import pytest
from twinprop import kernel
kernel.LIBRARY = Path(sys.argv[1])
assert kernel.available()
sys.exit(pytest.main(["-q", "-p", "no:cacheprovider", "-k", sys.argv[2], sys.argv[3]]))
"""


def test_under_the_sanitizers(tmp_path):
    flags = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g", "-O1"]
    library = compile_kernel.compile_kernel(tmp_path, flags)
    if library is None:
        pytest.skip("the compiler has no sanitizers")
    command = [*compile_kernel.compilers()[0], "-print-file-name=libasan.so"]
    runtime = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    if not Path(runtime).is_absolute():
        pytest.skip("no shared library of the address sanitizer")
    # Python leaks on purpose, and its own memory would hide overruns of numpy's small arrays.
    environment = {
        **os.environ,
        "LD_PRELOAD": runtime,
        "ASAN_OPTIONS": "detect_leaks=0",
        "PYTHONMALLOC": "malloc",
    }
    chosen = "plans and 1 or blocks and 65 or shapes or everywhere or finite or vanishing or rows"
    done = subprocess.run(
        [sys.executable, "-c", SANITIZED, str(library), chosen, __file__],
        capture_output=True,
        text=True,
        env=environment,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
