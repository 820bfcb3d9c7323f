"""Draws the pictures of the documentation: python docs/pictures.py, from the repository's root."""

from pathlib import Path

import matplotlib as mpl

from twinprop import Network, load_dataset, plot_cost, plot_decision, plot_network

mpl.use("Agg")
from matplotlib import pyplot as plt

HERE = Path(__file__).parent
DPI = 120


def save(name: str) -> None:
    """Write the current figure as docs/NAME.png, without the time it was made at."""
    plt.savefig(HERE / f"{name}.png", dpi=DPI, metadata={"Software": None})
    plt.close()


# The network of three_by_three, with the errors of its sample on their way back.
data = load_dataset("three_by_three")
network = Network(**data.network or {})
plot_network(network, data.frame[data.inputs], data.frame[data.outputs])
save("network")

# XOR: what the optimisers make of it, and what a trained network does between the corners.
xor = load_dataset("xor")
x, d = xor.frame[xor.inputs], xor.frame[xor.outputs]
runs = {}
for name in ("sgd", "adam", "rprop"):
    network = Network([2, 4, 1], "tanh", seed=1)
    runs[name] = network.train(x, d, optimizer=name, batch_size=None, epochs=300)
figure, (left, right) = plt.subplots(1, 2, figsize=(10.0, 4.2), layout="constrained")
plot_cost(runs, log=True, ax=left)
network = Network([2, 4, 1], seed=1)
network.train(x, d, epochs=3000)
plot_decision(network, x, d, ax=right)
save("xor")
