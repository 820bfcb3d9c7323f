"""What the benchmark trains: plans, their data, and who has to be how much faster than whom.

No twin: the contenders of every language read the files that `write_workload` leaves.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from twinprop import starting_weights
from twinprop.datasets import load_dataset


class Workload(NamedTuple):
    """A plan and its data.

    Attributes
    ----------
    name, title : str
    plan : dict
        layers, activations (one per layer after the input), cost, batch, epochs, rate.
    data : str
        "xor", "iris", or "random", made of `rows` rows.
    rows : int
    contenders : list of str
        By the names of `run.CONTENDERS`; the ones of ours first.
    """

    name: str
    title: str
    plan: dict[str, Any]
    data: str
    rows: int
    contenders: list[str]


class Target(NamedTuple):
    """`ours` shall be `least` times as fast as `peer`; or, with `most`, take no more than that.

    The times are those of an epoch, a "pass" over the data or an "update". `kind` is "time",
    "memory" (peak above the packages, over the size of the data), "start" (seconds over `peer`,
    None for the whole), "times_sooner", or "peak" (share of the dgemm peak). It stands if the BLAS
    of ours has `blas` in its name.
    """

    workload: str
    ours: str
    peer: str | None
    least: float | None = None
    most: float | None = None
    per: str = "epoch"
    kind: str = "time"
    blas: str = ""


OURS_PYTHON = ["python", "python, kernel off"]
OURS_R = ["R", "R, kernel off"]
SMALL = [*OURS_PYTHON, "python, portable", *OURS_R, "R, portable", "js", "js, portable"]


def _plan(
    layers: list[int], activations: list[str], cost: str, batch: int, epochs: int, rate: float
) -> dict[str, Any]:
    return {
        "layers": layers,
        "activations": activations,
        "cost": cost,
        "batch": batch,
        "epochs": epochs,
        "rate": rate,
    }


SIGMOIDS = ["sigmoid", "sigmoid"]
CLASSES = ["sigmoid", "softmax"]


def workloads(size: str = "full") -> list[Workload]:
    """Return the workloads: "full", "quick" (smaller) or "tiny" (for the harness's own test)."""
    full, tiny = size == "full", size == "tiny"

    def pick(*sizes: int) -> int:
        return sizes[0 if full else 2 if tiny else 1]

    return [
        Workload(
            "W1",
            "XOR, 2-4-1 sigmoid, online",
            _plan([2, 4, 1], SIGMOIDS, "half_sse", 1, pick(5000, 500, 20), 0.5),
            "xor",
            4,
            [
                *SMALL,
                *["jax", "torch", "scikit-learn"],
                *["R, output first", "AMORE", "ANN2", "deepnet", "nnet", "RSNNS", "neuralnet"],
                *["brain.js", "js, rule of Toy-NN", "Toy-NN"],
            ],
        ),
        Workload(
            "W2",
            "iris, 4-8-3, batches of 16",
            _plan([4, 8, 3], CLASSES, "cross_entropy", 16, pick(500, 50, 5), 0.1),
            "iris",
            150,
            [
                *SMALL,
                *["jax", "torch", "scikit-learn"],
                *["AMORE", "ANN2", "deepnet", "nnet", "RSNNS", "neuralnet"],
            ],
        ),
        Workload(
            "W2 online",
            "iris, 4-8-3 sigmoid, online",
            _plan([4, 8, 3], SIGMOIDS, "half_sse", 1, pick(100, 20, 2), 0.1),
            "iris",
            150,
            [*SMALL, "jax", "R, output first", "AMORE", "brain.js", "js, rule of Toy-NN", "Toy-NN"],
        ),
        *[
            Workload(
                f"W3 b{batch}",
                f"{pick(60_000, 3000, 300):,} x 784, 784-100-10, batches of {batch}",
                _plan([784, 100, 10], CLASSES, "cross_entropy", batch, 1, 0.1),
                "random",
                pick(60_000, 3000, 300),
                [*OURS_PYTHON, *OURS_R]
                + ["products", "jax", "torch", "scikit-learn", "deepnet", "ANN2"],
            )
            for batch in (32, 256)
        ],
        Workload(
            "W4",
            f"784-1024-1024-10, batches of 256, {pick(20, 5, 1)} updates",
            _plan([784, 1024, 1024, 10], [*SIGMOIDS, "softmax"], "cross_entropy", 256, 1, 0.1),
            "random",
            256 * pick(20, 5, 1),
            [*OURS_PYTHON, *OURS_R, "products", "dgemm", "jax", "torch", "scikit-learn", "deepnet"],
        ),
        Workload(
            "W5",
            f"{pick(1_000_000, 100_000, 500):,} x 20, 20-32-1, full batch",
            _plan(
                [20, 32, 1],
                ["sigmoid", "identity"],
                "half_sse",
                pick(1_000_000, 100_000, 500),
                5,
                0.1,
            ),
            "random",
            pick(1_000_000, 100_000, 500),
            [*OURS_PYTHON, "python, portable", *OURS_R, "jax", "torch", "scikit-learn", "nnet"],
        ),
    ]


#: Each is what the table's verdicts are about.
TARGETS = [
    Target("W1", "python", "jax", least=2.0),
    Target("W1", "python", "scikit-learn", least=100.0),
    Target("W1", "python", "torch", least=100.0),
    Target("W1", "R", "AMORE", least=1.2),
    Target("W1", "R", "ANN2", least=5.0),
    Target("W1", "js", "brain.js", least=1.3),
    Target("W2", "python", "jax", least=1.8),
    Target("W2", "python", "scikit-learn", least=25.0),
    Target("W2", "R", "AMORE", least=1.3),
    Target("W2", "R", "ANN2", least=2.0),
    Target("W2", "R", "nnet", least=1.0, per="pass"),
    Target("W2 online", "js", "brain.js", least=1.3, per="update"),
    *[
        target
        for name, products in (("W3 b32", 1.6), ("W3 b256", 1.25))
        for target in (
            Target(name, "python", "torch", least=1.4),
            Target(name, "python", "scikit-learn", least=1.6),
            Target(name, "python", "jax", least=1.0),
            Target(name, "python", "products", most=products),
            Target(name, "R", "deepnet", least=2.0, blas="openblas"),
            Target(name, "R", "ANN2", least=5.0, blas="openblas"),
        )
    ],
    Target("W4", "python", "torch", least=0.95),
    Target("W4", "python", "jax", least=0.95),
    Target("W4", "python", "dgemm", least=0.75, kind="peak"),
    Target("W4", "R", "deepnet", least=1.3, blas="openblas"),
    Target("W5", "python", "torch", least=4.0),
    Target("W5", "python", "scikit-learn", least=3.0),
    Target("W5", "python", "jax", least=1.0),
    Target("W5", "R", "nnet", least=4.0, per="pass"),
    Target("W5", "python", None, most=1.3, kind="memory"),
    Target("W5", "R", None, most=2.0, kind="memory"),
    Target("start", "python", None, most=0.35, kind="start"),
    Target("start", "python", "scikit-learn", least=7.0, kind="times_sooner"),
    Target("start", "R", "Rscript alone", most=0.2, kind="start"),
]


def make_data(workload: Workload) -> tuple[np.ndarray, np.ndarray]:
    """Return x (n, n_1) and d (n, n_L) of a workload, the same at every call."""
    stream = np.random.default_rng(0)
    layers = workload.plan["layers"]
    if workload.data == "xor":
        x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=np.float64)
        return x, np.array([[0], [1], [1], [0]], dtype=np.float64)
    if workload.data == "iris":
        x, d = iris()
        order = stream.permutation(len(x))  # nobody shuffles, and the file is sorted by class
        return (x / x.max(axis=0))[order], d[order]
    x = stream.random((workload.rows, layers[0]))
    scores = (x - 0.5) @ stream.standard_normal((layers[0], layers[-1]))
    if workload.plan["activations"][-1] == "identity":
        return x, np.tanh(scores)
    return x, np.eye(layers[-1])[scores.argmax(axis=1)]


def iris() -> tuple[np.ndarray, np.ndarray]:
    """Return iris as numbers: measurements (150, 4), and a column of 0 and 1 per class (150, 3)."""
    data = load_dataset("iris")
    classes, number = np.unique(data.frame[data.outputs[0]], return_inverse=True)
    return data.frame[data.inputs].to_numpy(dtype=np.float64), np.eye(len(classes))[number]


def write_workload(workload: Workload, folder: Path) -> int:
    """Write plan.json and the data, little-endian float64; return the data's size in bytes.

    x.bin, d.bin row by row; x_columns.bin, d_columns.bin column by column, which is how R has its
    matrices; start.bin the starting weights, layer by layer and row by row, then the biases.
    """
    folder.mkdir(parents=True, exist_ok=True)
    x, d = make_data(workload)
    weights, biases = starting_weights(workload.plan["layers"], seed=42)
    rng = np.random.default_rng(1)
    biases = [rng.uniform(-0.1, 0.1, b.shape) for b in biases]  # 0 would hide a mistake
    for name, array in (("x", x), ("d", d)):
        array.astype("<f8").tofile(folder / f"{name}.bin")
        array.T.astype("<f8", order="C").tofile(folder / f"{name}_columns.bin")
    np.concatenate([w.ravel() for w in [*weights, *biases]]).astype("<f8").tofile(
        folder / "start.bin"
    )
    plan = {**workload.plan, "rows": len(x), "name": workload.name}
    (folder / "plan.json").write_text(json.dumps(plan))
    return x.nbytes + d.nbytes
