"""The ONNX graph predicts the same in onnxruntime. Twins: none, as of the writer."""

import subprocess
import sys

import numpy as np
import pytest

from twinprop import InputError, Network, RandomStream, to_onnx

onnxruntime = pytest.importorskip("onnxruntime")

# All of it is in double: another exp, sums in another order (section 10 of the contract), and
# log(1 + y) for log1p(y), which counts beside numbers of size 1 only.
EQUAL = 1e-12

SHAPES = [
    ([3, 1], "identity"),
    ([2, 4, 1], "sigmoid"),
    ([3, 5, 2], ["tanh", "identity"]),
    ([3, 4, 4, 2], ["relu", "leaky_relu", "tanh"]),
    ([2, 5, 3, 2], ["softplus", "identity", "sigmoid"]),
    ([4, 6, 3], ["sigmoid", "softmax"]),
    ([1, 3, 2], ["leaky_relu", "softplus"]),
]


def run(proto, inputs):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        proto if isinstance(proto, str) else proto.SerializeToString(),
        options,
        providers=["CPUExecutionProvider"],
    )
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, inputs)))


def gap(got, want):
    assert got.shape == want.shape
    assert got.dtype == np.float64
    return np.abs(got - want).max() / max(1.0, np.abs(want).max())


@pytest.mark.parametrize(("layers", "activations"), SHAPES)
def test_onnx_predicts_the_same(layers, activations, tmp_path):
    network = Network(layers, activations, init="uniform", seed=3)
    stream = RandomStream(11)
    x = 8.0 * stream.uniform(40 * layers[0]).reshape(-1, layers[0]) - 4.0
    x[0] = 900.0
    x[1] = -900.0
    x[2] = 0.0
    path = tmp_path / "network.onnx"
    to_onnx(network, path)
    assert gap(run(str(path), {"x": x})["y"], network.predict(x)) <= EQUAL
    assert gap(run(to_onnx(network), {"x": x[:1]})["y"], network.predict(x[:1])) <= EQUAL


def test_bad_model():
    with pytest.raises(InputError, match="model must be a Network or a Model, got null"):
        to_onnx(None)


@pytest.mark.parametrize("function", ["to_onnx", "to_torch", "to_sklearn"])
def test_what_is_missing_is_named(function):
    module, extra = {
        "to_onnx": ("onnx", "onnx"),
        "to_torch": ("torch", "torch"),
        "to_sklearn": ("sklearn", "sklearn"),
    }[function]
    code = (
        f"import sys; sys.modules['{module}'] = None\n"
        f"import twinprop\n"
        f"try: twinprop.{function}(twinprop.Network([2, 1]))\n"
        f"except twinprop.EngineError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith(f'install it: pip install "twinprop[{extra}]"')
