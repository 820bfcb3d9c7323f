"""The contenders in Python: ours, torch, jax, scikit-learn, and numpy's bare products.

Twins: contenders.R, contenders.mjs. A process per contender reads a line of JSON per request from
standard input and answers each with a line that starts with "BENCH ", since packages may print too:

    {"load": folder}     read plan and data, make ready (compile)      -> {"note": ...}
    {"run": true}        train once from the starting weights          -> {"seconds", "call", ...}
    {"parameters": file} write what the last run came to (float64)     -> {"written": true or false}
    {"peak": true}       the most memory the process ever had, bytes   -> {"bytes": ...}

"seconds" is the training loop alone, "call" the whole call as a user makes it, "updates" and
"passes" the work it did.
"""

from __future__ import annotations

import json
import os
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np


class NotHereError(Exception):
    """A contender that cannot take part, with the reason."""


class Task:
    """A workload as read from its folder."""

    def __init__(self, folder: str) -> None:
        self.folder = Path(folder)
        self.plan = json.loads((self.folder / "plan.json").read_text())
        self.layers = self.plan["layers"]
        self.rows = self.plan["rows"]
        self.x = self.read("x").reshape(self.rows, self.layers[0])
        self.d = self.read("d").reshape(self.rows, self.layers[-1])

    def read(self, name: str) -> np.ndarray:
        return np.fromfile(self.folder / f"{name}.bin", dtype="<f8")

    def start(self) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Return fresh copies of the starting weights, (n_l, n_{l-1}), and biases."""
        flat, weights, biases, at = self.read("start"), [], [], 0
        for inputs, units in zip(self.layers, self.layers[1:]):
            weights.append(flat[at : at + inputs * units].reshape(units, inputs).copy())
            at += inputs * units
        for units in self.layers[1:]:
            biases.append(flat[at : at + units].copy())
            at += units
        return weights, biases

    @property
    def updates(self) -> int:
        return self.plan["epochs"] * -(-self.rows // self.plan["batch"])

    def batches(self) -> list[tuple[int, int]]:
        size = self.plan["batch"]
        return [(i, min(i + size, self.rows)) for i in range(0, self.rows, size)]

    def result(self, seconds: float, call: float | None = None) -> dict[str, float]:
        """Return what a run answers; `call` where it is more than the loop."""
        return {
            "seconds": seconds,
            "call": seconds if call is None else call,
            "updates": self.updates,
            "passes": self.plan["epochs"],
        }


def flat(weights: Any, biases: Any) -> np.ndarray:
    """Return parameters as start.bin has them."""
    return np.concatenate(
        [np.asarray(part, dtype=np.float64).ravel() for part in (*weights, *biases)]
    )


#: What a contender gives back: how to run once, how to read the parameters (or None), and a note.
Ready = tuple[Callable[[], dict[str, float]], Callable[[], np.ndarray] | None, str]


def clock(call: Callable[[], Any]) -> tuple[float, Any]:
    started = time.perf_counter()
    result = call()
    return time.perf_counter() - started, result


def ours(task: Task, arithmetic: str | None = None) -> Ready:
    """Network.train. Its seconds, less those of a call with 0 epochs (the exact costs)."""
    import inspect

    from twinprop import Network, Optimizer, TwinpropWarning

    plan, options = task.plan, {}
    if arithmetic is not None:
        if "arithmetic" not in inspect.signature(Network.train).parameters:
            raise NotHereError("not in this version")
        if task.rows * sum(task.layers) > 1e6 and not kernel_available():
            raise NotHereError("takes too long without the kernel")
        options["arithmetic"] = arithmetic
    last: list[Any] = []

    def train(epochs: int) -> Any:
        weights, biases = task.start()
        network = Network(task.layers, plan["activations"], weights=weights, biases=biases)
        run = network.train(
            task.x,
            task.d,
            cost=plan["cost"],
            optimizer=Optimizer("sgd", learning_rate=plan["rate"]),
            batch_size=plan["batch"],
            epochs=epochs,
            **options,
        )
        last[:] = [network]
        return run

    def once() -> dict[str, float]:
        warnings.simplefilter("ignore", TwinpropWarning)
        empty = min(train(0).seconds for _ in range(3 if task.rows < 1000 else 1))
        call, run = clock(lambda: train(plan["epochs"]))
        return task.result(run.seconds - empty, call)

    return once, lambda: flat(last[0].weights, last[0].biases), kernel_note()


def kernel_available() -> bool:
    try:
        from twinprop import kernel
    except ImportError:
        return False
    return bool(kernel.available())


def kernel_note() -> str:
    return "with the kernel" if kernel_available() else "without the kernel"


def products(task: Task) -> Ready:
    """The matrix products that the plan cannot do without, by numpy, and nothing else."""
    m = task.plan["batch"]
    layers = task.layers
    weights, _ = task.start()
    random = np.random.default_rng(0).random
    a = [random((m, units)) for units in layers]
    z = [np.empty((m, units)) for units in layers[1:]]
    e = [np.empty((m, units)) for units in layers[:-1]]
    gradients = [np.empty_like(w) for w in weights]
    x = task.x

    def batch(start: int, stop: int) -> None:
        rows = stop - start
        for i, w in enumerate(weights):
            np.dot(x[start:stop] if i == 0 else a[i][:rows], w.T, out=z[i][:rows])
        for i in range(len(weights) - 1, -1, -1):
            before = x[start:stop] if i == 0 else a[i][:rows]
            np.dot(z[i][:rows].T, before, out=gradients[i])
            if i > 0:
                np.dot(z[i][:rows], weights[i], out=e[i][:rows])

    def once() -> dict[str, float]:
        def loop() -> None:
            for _ in range(task.plan["epochs"]):
                for start, stop in task.batches():
                    batch(start, stop)

        seconds, _ = clock(loop)
        return {**task.result(seconds), "flops": flops(task)}

    return once, None, "the matrix products alone, by numpy"


def flops(task: Task) -> float:
    """Additions and multiplications in the plan's matrix products."""
    pairs = list(zip(task.layers, task.layers[1:]))
    both = 4 * sum(p * q for p, q in pairs)  # forward, and the gradients of the weights
    back = 2 * sum(p * q for p, q in pairs[1:])
    return float(task.plan["epochs"] * task.rows * (both + back))


def dgemm(task: Task) -> Ready:
    """The machine's peak: a product of two square matrices; the time it would take for the plan."""
    n = 2048
    left, right = np.random.default_rng(0).random((2, n, n))
    out = np.empty((n, n))

    def once() -> dict[str, float]:
        best = min(clock(lambda: np.dot(left, right, out=out))[0] for _ in range(3))
        rate = 2 * n**3 / best
        return {**task.result(flops(task) / rate), "flops": flops(task)}

    return once, None, f"the plan's products at the speed of one of {n} x {n}"


def torch_(task: Task) -> Ready:
    import torch
    from torch import nn

    plan = task.plan
    names = {"sigmoid": nn.Sigmoid, "softmax": nn.Identity, "identity": nn.Identity}
    x, d = torch.from_numpy(task.x), torch.from_numpy(task.d)
    classes = d.argmax(dim=1)
    entropy = plan["cost"] == "cross_entropy"
    batches = [
        (x[start:stop], (classes if entropy else d)[start:stop]) for start, stop in task.batches()
    ]

    def cost(z: Any, wanted: Any) -> Any:
        if entropy:
            return nn.functional.cross_entropy(z, wanted)
        return ((z - wanted) ** 2).sum() / (2 * len(z))

    linear: list[Any] = []

    def train(threads: int, fused: bool, epochs: int, most: int | None = None) -> float:
        torch.set_num_threads(threads)
        parts: list[Any] = []
        for w, b, name in zip(*task.start(), plan["activations"]):
            layer = nn.Linear(w.shape[1], w.shape[0], dtype=torch.float64)
            with torch.no_grad():
                layer.weight.copy_(torch.from_numpy(w))
                layer.bias.copy_(torch.from_numpy(b))
            parts += [layer] if names[name] is nn.Identity else [layer, names[name]()]
        linear[:] = [part for part in parts if isinstance(part, nn.Linear)]
        model = nn.Sequential(*parts)
        optimizer = torch.optim.SGD(model.parameters(), lr=plan["rate"], fused=fused)

        def loop() -> None:
            for _ in range(epochs):
                for rows, wanted in batches[:most]:
                    optimizer.zero_grad(set_to_none=True)
                    cost(model(rows), wanted).backward()
                    optimizer.step()

        return clock(loop)[0]

    # Threads cost more than they bring where arrays are small: it gets what is fastest for it.
    given = int(os.environ["OMP_NUM_THREADS"])
    epochs = max(1, min(plan["epochs"], 100 // len(batches)))
    tried = {
        (threads, fused): min(train(threads, fused, epochs, 20) for _ in range(2))
        for threads in sorted({1, given})
        for fused in (True, False)
    }
    threads, fused = min(tried, key=lambda way: tried[way])

    def once() -> dict[str, float]:
        return task.result(train(threads, fused, plan["epochs"]))

    def parameters() -> np.ndarray:
        return flat(
            [layer.weight.detach().numpy() for layer in linear],
            [layer.bias.detach().numpy() for layer in linear],
        )

    return once, parameters, f"{'fused ' if fused else ''}SGD, {threads} thread(s), the fastest"


def jax_(task: Task) -> Ready:
    """The whole training as one compiled loop; compiled before, and waited for."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    jax.config.update("jax_platforms", "cpu")
    plan, rate = task.plan, task.plan["rate"]
    entropy = plan["cost"] == "cross_entropy"
    size, rows = plan["batch"], task.rows
    whole = rows - rows % size

    def cost(parameters: Any, x: Any, d: Any) -> Any:
        a = x
        for (w, b), name in zip(parameters, plan["activations"]):
            z = a @ w.T + b
            a = jax.nn.sigmoid(z) if name == "sigmoid" else z
        if entropy:
            return -(d * jax.nn.log_softmax(a)).sum() / len(x)
        return ((a - d) ** 2).sum() / (2 * len(x))

    def update(parameters: Any, batch: Any) -> Any:
        value, gradients = jax.value_and_grad(cost)(parameters, *batch)
        return jax.tree.map(lambda p, g: p - rate * g, parameters, gradients), value

    def compile_with(unroll: int) -> Any:
        def train(parameters: Any, batches: Any, rest: Any) -> Any:
            def epoch(parameters: Any, _: Any) -> Any:
                parameters, values = jax.lax.scan(update, parameters, batches, unroll=unroll)
                if rest is not None:
                    parameters, _ = update(parameters, rest)
                return parameters, values.mean()

            return jax.lax.scan(epoch, parameters, None, length=plan["epochs"])

        return jax.jit(train, donate_argnums=0).lower(start(), batches, rest).compile()

    def cut(array: np.ndarray) -> Any:
        return jnp.asarray(array[:whole].reshape(whole // size, size, -1))

    def start() -> Any:
        return [(jnp.asarray(w), jnp.asarray(b)) for w, b in zip(*task.start())]

    def train(compiled: Any) -> tuple[float, Any]:
        parameters = jax.block_until_ready(start())
        return clock(lambda: jax.block_until_ready(compiled(parameters, batches, rest)))

    batches = (cut(task.x), cut(task.d))
    rest = None if whole == rows else (jnp.asarray(task.x[whole:]), jnp.asarray(task.d[whole:]))
    # Where updates are small, several in a turn of the loop may be faster: it gets what is fastest.
    ways = {unroll: compile_with(unroll) for unroll in ((1, 2, 4) if rows < 1000 else (1,))}
    unroll = min(ways, key=lambda way: min(train(ways[way])[0] for _ in range(3)))
    last: list[Any] = []

    def once() -> dict[str, float]:
        seconds, (trained, _) = train(ways[unroll])
        last[:] = [trained]
        return task.result(seconds)

    note = f"one compiled loop, unroll {unroll}, the fastest; compiling not counted"
    return once, lambda: flat(*zip(*last[0])), note


def sklearn_(task: Task) -> Ready:
    import sklearn
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    sklearn.set_config(assume_finite=True, skip_parameter_validation=True)
    plan = task.plan
    regression = plan["activations"][-1] == "identity"
    wanted = task.d.ravel() if task.layers[-1] == 1 else task.d.argmax(axis=1)
    last: list[Any] = []

    def once() -> dict[str, float]:
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.filterwarnings("ignore", "Got `batch_size`")  # of the first call, with few rows
        model = (MLPRegressor if regression else MLPClassifier)(
            hidden_layer_sizes=tuple(task.layers[1:-1]),
            activation="logistic",
            solver="sgd",
            alpha=0.0,
            batch_size=plan["batch"],
            learning_rate_init=plan["rate"],
            max_iter=1,
            shuffle=False,
            momentum=0.0,
            nesterovs_momentum=False,
            n_iter_no_change=np.inf,
            warm_start=True,
        )
        model.fit(task.x[:64], wanted[:64] if regression else every_class(wanted))
        weights, biases = task.start()
        for at, w, b in zip(range(len(weights)), weights, biases):
            model.coefs_[at][:] = w.T
            model.intercepts_[at][:] = b
        model.set_params(max_iter=plan["epochs"])
        seconds, _ = clock(lambda: model.fit(task.x, wanted))
        last[:] = [model]
        return task.result(seconds)

    def every_class(wanted: np.ndarray) -> np.ndarray:
        """Return labels for as many rows, all classes among them: the weights need their shapes."""
        classes = np.unique(wanted)
        return np.resize(classes, len(task.x[:64]))

    def parameters() -> np.ndarray:
        return flat([w.T for w in last[0].coefs_], last[0].intercepts_)

    note = "whole call of fit"
    if plan["cost"] == "half_sse" and not regression:
        return once, None, f"{note}; log loss instead of squares"
    return once, parameters, note


CONTENDERS: dict[str, Callable[[Task], Ready]] = {
    "python": ours,
    "python, kernel off": ours,
    "python, portable": lambda task: ours(task, "portable"),
    "products": products,
    "dgemm": dgemm,
    "torch": torch_,
    "jax": jax_,
    "scikit-learn": sklearn_,
}

#: The first small fit, as a program of its own.
FIRST_FIT = {
    "python": """
from twinprop import Network
Network([2, 4, 1]).train([[0, 0], [0, 1], [1, 0], [1, 1]], [[0], [1], [1], [0]], epochs=10)
""",
    "scikit-learn": """
import warnings
from sklearn.neural_network import MLPClassifier
warnings.simplefilter("ignore")
model = MLPClassifier((4,), activation="logistic", solver="sgd", batch_size=1, max_iter=10)
model.fit([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0])
""",
    "torch": """
import torch
model = torch.nn.Sequential(torch.nn.Linear(2, 4), torch.nn.Sigmoid(), torch.nn.Linear(4, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
x = torch.tensor([[0.0, 0], [0, 1], [1, 0], [1, 1]])
d = torch.tensor([[0.0], [1], [1], [0]])
for _ in range(10):
    for i in range(4):
        optimizer.zero_grad()
        ((model(x[i : i + 1]) - d[i : i + 1]) ** 2).sum().backward()
        optimizer.step()
""",
    "jax": """
import jax, jax.numpy as jnp
x, d = jnp.array([[0.0, 0], [0, 1], [1, 0], [1, 1]]), jnp.array([[0.0], [1], [1], [0]])
def cost(p, x, d):
    return ((jax.nn.sigmoid(x @ p[0] + p[1]) @ p[2] + p[3] - d) ** 2).sum()
@jax.jit
def update(p, x, d):
    return jax.tree.map(lambda p, g: p - 0.5 * g, p, jax.grad(cost)(p, x, d))
p = [jnp.ones((2, 4)), jnp.zeros(4), jnp.ones((4, 1)), jnp.zeros(1)]
for _ in range(10):
    for i in range(4):
        p = update(p, x[i : i + 1], d[i : i + 1])
jax.block_until_ready(p)
""",
}


def version(name: str) -> dict[str, str]:
    """Return the contender's version and the BLAS that it uses."""
    from importlib import metadata

    package = name if name in ("torch", "jax", "scikit-learn") else "numpy"
    words = f"{package} {metadata.version(package)}"
    if name.startswith("python"):
        import twinprop

        words = f"twinprop {twinprop.__version__}, {words}, {kernel_note()}"
    return {"version": words, "blas": blas(name)}


def blas(name: str) -> str:
    """Return the library behind the contender's matrix products, with its threads."""
    if name == "jax":
        return "XLA's own"
    if name == "torch":
        import torch

        # linked into it, where threadpoolctl does not see it
        library = "MKL" if torch.backends.mkl.is_available() else "not MKL"
        return f"{library} ({os.environ['OMP_NUM_THREADS']} threads at most)"
    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        return "not known: threadpoolctl is not installed"
    found = sorted(
        f"{info['internal_api']} {info['version']} ({info['num_threads']} threads)"
        for info in threadpool_info()
        if info["user_api"] == "blas"
    )
    return ", ".join(found)


def peak_bytes() -> int | None:
    """Return the system's own figure of the most memory this process ever had; None elsewhere."""
    status = Path("/proc/self/status")
    if not status.exists():
        return None
    lines = [line for line in status.read_text().splitlines() if line.startswith("VmHWM:")]
    return int(lines[0].split()[1]) * 1024


def answer(values: dict[str, Any]) -> None:
    print("BENCH " + json.dumps(values), flush=True)


def main() -> None:
    name = sys.argv[1]
    ready: Ready | None = None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if "load" in request:
                ready = None
                ready = CONTENDERS[name](Task(request["load"]))
                answer({"note": ready[2], **version(name)})
            elif "run" in request and ready is not None:
                answer(ready[0]())
            elif "parameters" in request and ready is not None:
                if ready[1] is not None:
                    ready[1]().astype("<f8").tofile(request["parameters"])
                answer({"written": ready[1] is not None})
            elif "import" in request:
                version(name)
                if name in MODULES:
                    __import__(MODULES[name])
                answer({})
            elif "peak" in request:
                answer({"bytes": peak_bytes()})
            else:
                return
        except ImportError as error:
            answer({"absent": f"not installed ({error.name})"})
        except NotHereError as error:
            answer({"absent": str(error)})


MODULES = {"torch": "torch", "jax": "jax", "scikit-learn": "sklearn.neural_network"}


if __name__ == "__main__":
    main()
