"""Batches of many rows: in chunks, on threads, in little room. No twins."""

import threading
import tracemalloc

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from twinprop import InputError, Network, Optimizer, threads, training
from twinprop.errors import DenominatorError
from twinprop.threads import CHUNK_ROWS, SingleThreadedBlas, chunks_of, in_order

# Sums of a few thousand terms in another order, after a few updates.
SUMS = 1e-12

#: A cost whose gradient has every term; both kinds of activation, with z and a in one array or two.
LAYERS, ACTIVATIONS = [3, 5, 4, 2], ["sigmoid", "softplus", "softmax"]


def data(rows, inputs=3, outputs=2):
    stream = np.random.default_rng(rows)
    return stream.random((rows, inputs)), np.eye(outputs)[stream.integers(0, outputs, rows)]


def trained(x, d, **settings):
    settings = {"cost": "cross_entropy", "batch_size": None, "epochs": 3, **settings}
    network = Network(LAYERS, ACTIVATIONS)
    run = network.train(x, d, **settings)
    return np.concatenate([network.parameters, run.cost, run.outputs.ravel(), [run.final_cost]])


def blas_threads():
    return {
        library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"
    }


@pytest.fixture
def workers(monkeypatch):
    """The threads that have worked on a gradient."""
    seen = set()
    real = training.gradient_sums

    def spy(*args, **kwargs):
        seen.add(threading.get_ident())
        assert blas_threads() == {1}
        return real(*args, **kwargs)

    monkeypatch.setattr(training, "gradient_sums", spy)
    return seen


@pytest.mark.parametrize("shuffle", [False, True])
def test_the_number_of_threads_changes_no_bit(workers, shuffle):
    x, d = data(5 * CHUNK_ROWS + 17)
    results = []
    for n in (1, 2, 3, 4):
        workers.clear()
        with threadpool_limits(n, user_api="blas"):
            results.append(trained(x, d, shuffle=shuffle))
            assert blas_threads() == {n}
        # Of so many chunks none of the threads gets through all before another starts.
        assert len(workers) == 1 if n == 1 else len(workers) > 1
    for result in results[1:]:
        np.testing.assert_array_equal(result, results[0])


SETTINGS = {
    "plain": {},
    "decay": {"optimizer": ("sgd", {"weight_decay": 0.01})},
    "adam": {"optimizer": ("adam", {})},
    "clipped": {"clip_norm": 0.01},
    "schedule": {"schedule": "exponential"},
    "weights": {"sample_weight": True},
    "shuffled weights": {"sample_weight": True, "shuffle": True},
    "dropout": {"dropout": (0.5, 0.0)},
    "dropout of both": {"dropout": 0.25, "shuffle": True},
    "transpose": {"rule": "transpose"},
    "proportional": {"rule": "proportional_abs"},
}


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
@pytest.mark.parametrize("rows", [4095, 4096, 4097, 8193])
def test_chunks_give_what_the_whole_gives(rows, settings):
    x, d = data(rows)
    settings = dict(settings)
    if settings.get("sample_weight"):
        settings["sample_weight"] = np.arange(1.0, rows + 1.0)
    name, parameters = settings.pop("optimizer", ("sgd", {}))

    def result(**more):
        return trained(x, d, optimizer=Optimizer(name, **parameters), **settings, **more)

    # A recorded training has a whole batch's arrays at once.
    np.testing.assert_allclose(result(), result(record="steps"), rtol=SUMS, atol=SUMS)


def test_batches_of_several_chunks_and_a_rest():
    x, d = data(11_000)
    for batch_size in (1500, 5000):
        some = {"batch_size": batch_size, "shuffle": True, "dropout": 0.25}
        np.testing.assert_allclose(
            trained(x, d, **some), trained(x, d, record="steps", **some), rtol=SUMS, atol=SUMS
        )


@pytest.mark.parametrize(
    "activation", ["sigmoid", "tanh", "relu", "leaky_relu", "softplus", "identity"]
)
def test_activations_in_chunks(activation):
    x, d = data(CHUNK_ROWS + 1)
    for layers in ([3, 4, 2], [3, 1, 2]):
        results = []
        for record in (None, "steps"):
            network = Network(layers, activation)
            network.train(x - 0.5, d, batch_size=None, epochs=3, record=record)
            results.append(network.parameters)
        np.testing.assert_allclose(*results, rtol=SUMS, atol=SUMS)


@pytest.mark.parametrize("rows", [1, 1024, 1025, 4097, 8193])
def test_predictions_are_forward_passes(rows):
    x, d = data(rows)
    network = Network(LAYERS, ACTIVATIONS)
    forward = network.forward(x)
    np.testing.assert_allclose(network.predict(x), forward.a[-1], rtol=SUMS)
    cost = network.mean_cost(x, d, cost="cross_entropy")
    assert cost == pytest.approx(-np.log(forward.a[-1][d == 1.0]).mean(), rel=SUMS)
    portable = network.forward(x[:5], arithmetic="portable").a[-1]
    np.testing.assert_array_equal(network.predict(x, arithmetic="portable")[:5], portable)


def test_a_full_batch_needs_little_room():
    x, d = data(200_000, inputs=20, outputs=1)
    network = Network([20, 32, 1], ["sigmoid", "identity"])
    tracemalloc.start()
    try:
        network.train(x, d, batch_size=None, epochs=1)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # A layer's activations alone would be 1.5 times the data. There are outputs, errors, costs and
    # the room of two threads, and no more if there are more rows.
    assert most < 0.25 * (x.nbytes + d.nbytes)


def test_errors_come_out_of_threads():
    x, d = data(3 * CHUNK_ROWS)
    network = Network(LAYERS, ACTIVATIONS)
    network.weights[1][2] = [1.0, -1.0, 1.0, -1.0, 0.0]
    before = network.parameters.copy()
    with threadpool_limits(2, user_api="blas"):
        with pytest.raises(DenominatorError, match="neuron 3 of layer 3"):
            network.train(x, d, cost="cross_entropy", batch_size=None, rule="proportional")
        assert blas_threads() == {2}
    np.testing.assert_array_equal(network.parameters, before)


def test_two_trainings_at_once():
    x, d = data(3 * CHUNK_ROWS)
    alone = trained(x, d)
    results = []
    with threadpool_limits(2, user_api="blas"):
        at_once = [threading.Thread(target=lambda: results.append(trained(x, d))) for _ in range(3)]
        for thread in at_once:
            thread.start()
        for thread in at_once:
            thread.join()
        assert blas_threads() == {2}
    assert len(results) == 3
    for result in results:
        np.testing.assert_array_equal(result, alone)


def test_the_last_to_leave_puts_the_limit_back():
    guard = SingleThreadedBlas()
    with threadpool_limits(2, user_api="blas"):
        assert guard.__enter__() == 2
        assert guard.__enter__() == 2
        assert blas_threads() == {1}
        guard.__exit__()
        assert blas_threads() == {1}
        guard.__exit__()
        assert blas_threads() == {2}
        with pytest.raises(InputError), guard:
            raise InputError("")
        assert blas_threads() == {2}


def test_small_batches_have_one_thread_of_blas(workers):
    x, d = data(1000)
    with threadpool_limits(2, user_api="blas"):
        trained(x, d)
        assert blas_threads() == {2}
    assert workers == {threading.get_ident()}


def test_without_threadpoolctl_there_is_one_thread(monkeypatch):
    x, d = data(3 * CHUNK_ROWS)
    with threadpool_limits(1, user_api="blas"):
        expected = trained(x, d)
    monkeypatch.setattr(threads, "_libraries", lambda: None)
    monkeypatch.setattr("concurrent.futures.ThreadPoolExecutor", None)
    with threadpool_limits(1, user_api="blas"):
        np.testing.assert_array_equal(trained(x, d), expected)


def test_results_come_in_order_and_spaces_are_used_again():
    assert [(part.start, part.stop) for part in chunks_of(8193)] == [
        (0, 4096),
        (4096, 8192),
        (8192, 8193),
    ]
    spaces, busy, lock = [], set(), threading.Lock()

    def work(item, space):
        with lock:
            assert space not in busy
            busy.add(space)
        return item, space

    numbers = iter(range(100))
    with threadpool_limits(3, user_api="blas"):
        for n, (item, space) in enumerate(in_order(work, range(50), spaces, lambda: next(numbers))):
            assert item == n
            busy.remove(space)
    assert sorted(spaces) == list(range(6))
