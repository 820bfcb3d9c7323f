"""The tables of docs/rules.md: python docs/rules.py prints them, in half a minute at most."""

import numpy as np

from twinprop import Network, Optimizer, RandomStream, compare_rules, load_dataset

#: How many random networks a line of the tables is of: of the first two, and of the others.
NETWORKS = 500
FEWER = 200

SHAPES = ([2, 3, 2], [4, 8, 3], [4, 8, 8, 8, 3])
OTHERS = ("transpose", "proportional", "proportional_abs")


def example():
    """The shares of one error: a 1-2-1 network, in which e[3] = 0.8 and f'(z[3]) = 0.16."""
    print("weights       D   rule                e of neuron 1   e of neuron 2")
    for weights in ([3.0, 1.0], [3.0, -1.0], [1.0, -3.0], [1.0, -0.99]):
        a = np.tanh(0.5)
        bias = np.log(0.8 / 0.2) - a * sum(weights)  # a[3] = 0.8 whatever the weights
        network = Network(
            [1, 2, 1],
            ["tanh", "sigmoid"],
            weights=[[[0.5], [0.5]], [weights]],
            biases=[[0.0, 0.0], [bias]],
        )
        forward = network.forward([[1.0]])
        for rule in ("gradient", *OTHERS):
            e = network.backward(forward, [[0.0]], rule=rule).e[0][0]
            which = f"{weights[0]:g}, {weights[1]:<6g}{sum(weights):6.2f}"
            print(f"{which if rule == 'gradient' else '':<18}{rule:<18}{e[0]:15.3f}{e[1]:16.3f}")


def measure(layers, change=lambda network, stream: None, networks=NETWORKS, samples=1):
    """Cosine and length ratio of the gradient into layer 2, by rule, a network for each seed.

    Weights and biases are drawn from [-1, 1]; of each sample the inputs from [-1, 1] and the
    desired outputs from [0, 1].
    """
    found = {rule: [] for rule in OTHERS}
    for seed in range(1, networks + 1):
        network = Network(layers, init="uniform", seed=seed)
        stream = RandomStream(10_000 + seed)
        x = 2.0 * stream.uniform(samples * layers[0]).reshape(samples, -1) - 1.0
        d = stream.uniform(samples * layers[-1]).reshape(samples, -1)
        change(network, stream)
        table = compare_rules(network, x, d, rules=OTHERS, epochs=0).columns["table"]
        for rule, _, layer, cosine, ratio in zip(*table.values(), strict=True):
            if layer == 2:
                found[rule].append((cosine, ratio))
    return {rule: np.array(rows).T for rule, rows in found.items()}


def head(what):
    """The head of the lines below: mean cosine, its standard error and quantiles, and so on."""
    print(
        f"{what:<26}rule              cosine     +-      5%     95%  uphill"
        "    length       5%      95%"
    )


def lines(what, found):
    """A line for each rule: how its cosines and length ratios lie."""
    for rule, (cosine, ratio) in found.items():
        low, high = np.quantile(cosine, [0.05, 0.95])
        short, median, long = np.quantile(ratio, [0.05, 0.5, 0.95])
        mean, error = round(cosine.mean(), 3) + 0.0, cosine.std() / np.sqrt(len(cosine))
        uphill = (cosine < 0).mean()
        print(
            f"{what:<26}{rule:<18}{mean:6.3f}{error:7.3f}{low:8.3f}{high:8.3f}{uphill:8.0%}"
            f"{median:10.3g}{short:9.2g}{long:9.2g}"
        )


def mixed():
    """Weights of both signs, as every initialisation draws them."""
    head("weights in [-1, 1]")
    for layers in SHAPES:
        lines("-".join(map(str, layers)), measure(layers))
    for layers in SHAPES:
        found = measure(layers, networks=FEWER, samples=4)
        lines(f"{'-'.join(map(str, layers))}, 4 samples", found)


def positive():
    """The absolute values of the same weights, as in drawings."""

    def make_positive(network, stream):
        network.parameters[:] = np.abs(network.parameters)

    head("weights in [0, 1]")
    for layers in SHAPES:
        lines("-".join(map(str, layers)), measure(layers, make_positive))
    for layers in SHAPES:
        found = measure(layers, make_positive, FEWER, samples=4)
        lines(f"{'-'.join(map(str, layers))}, 4 samples", found)


def signs():
    """4-8-3, with other signs of the weights into the outputs."""

    def all_of(sign):
        def change(network, stream):
            network.weights[1][:] = sign * np.abs(network.weights[1])

        return change

    def one_per_neuron(network, stream):
        sign = np.where(stream.uniform(3) < 0.5, -1.0, 1.0)
        network.weights[1][:] = np.abs(network.weights[1]) * sign[:, np.newaxis]

    def share_of_minus(share):
        def change(network, stream):
            sign = np.where(stream.uniform(24) < share, -1.0, 1.0).reshape(3, 8)
            network.weights[1][:] = np.abs(network.weights[1]) * sign

        return change

    head("weights into the outputs")
    lines("all plus", measure([4, 8, 3], all_of(1.0), FEWER))
    lines("all minus", measure([4, 8, 3], all_of(-1.0), FEWER))
    lines("a sign for each neuron", measure([4, 8, 3], one_per_neuron, FEWER))
    for share in (0.1, 0.2, 0.3, 0.4, 0.5):
        lines(f"{share:.0%} minus", measure([4, 8, 3], share_of_minus(share), FEWER))


def depth():
    """One to five hidden layers of 8."""
    head("hidden layers of 8")
    for hidden in range(1, 6):
        lines(str(hidden), measure([4, *[8] * hidden, 3], networks=FEWER))


def trained():
    """What becomes of it while two networks learn the irises.

    Without "proportional": beside denominators of nearly 0 its training multiplies rounding, so
    that it ends elsewhere on every machine.
    """
    rules = ("gradient", "transpose", "proportional_abs")
    data = load_dataset("iris").plan_data()
    optimizer = Optimizer("sgd", learning_rate=0.1)
    for layers in ([4, 8, 3], [4, 8, 8, 8, 3]):
        network = Network(layers, init="uniform", seed=1)
        how = {"rules": rules, "optimizer": optimizer, "epochs": 50, "every": 5}
        print(compare_rules(network, data.x, data.d, **how))


BLOCKS = {
    "shares": example,
    "mixed": mixed,
    "positive": positive,
    "signs": signs,
    "depth": depth,
    "trained": trained,
}

if __name__ == "__main__":
    for name, block in BLOCKS.items():
        print(f"--- {name}")
        block()
