"""The tables of docs/minima.md: python docs/minima.py prints them, in about a minute on one core.

XOR on a 2-2-1 network, from many starts at once: an array of parameters has a column per start, and
a row for each of the 9 weights and biases, in the order of `Network.parameters`.
"""

import numpy as np

from twinprop import RandomStream, starting_weights

STARTS = 1000
EPOCHS = 20_000
LEARNING_RATE = 4.0

# A row per input, a column per sample: (0, 0), (0, 1), (1, 0), (1, 1).
X = np.array([[0.0, 0.0, 1.0, 1.0], [0.0, 1.0, 0.0, 1.0]])
XOR = np.array([0.0, 1.0, 1.0, 0.0])

#: What the cost falls towards, as a share of (high - low)^2: all right; two samples right and two
#: at the mean; one right and three at their mean; all at the mean.
LEVELS = {"0": 0.0, "1/16": 1 / 16, "1/12": 1 / 12, "1/8": 1 / 8}

#: How near its level a cost counts as there, as a share of (high - low)^2.
NEAR = 1e-3


def starts(count, width=1.0):
    """Starting weights by init "uniform", a column for each of the seeds 1, 2, ..."""
    columns = []
    for seed in range(1, count + 1):
        weights, biases = starting_weights([2, 2, 1], "uniform", seed)
        columns.append(np.concatenate([part.ravel() for part in [*weights, *biases]]))
    return width * np.array(columns).T


def desired(low, high):
    """The desired outputs of XOR, with these two values for 0 and 1."""
    return low + (high - low) * XOR


def sigmoid(z):
    """Without overflow: 1 / (1 + exp(-z)) = (1 + tanh(z / 2)) / 2."""
    return 0.5 + 0.5 * np.tanh(0.5 * z)


def forward(p, hidden):
    """Activations of the two hidden neurons and of the output: (samples, starts) each."""
    z = [p[2 * k] * X[0][:, None] + p[2 * k + 1] * X[1][:, None] + p[6 + k] for k in (0, 1)]
    a = [np.tanh(v) if hidden == "tanh" else sigmoid(v) for v in z]
    return a, sigmoid(p[4] * a[0] + p[5] * a[1] + p[8])


def cost(p, d, hidden):
    """half_mse of each start."""
    e = forward(p, hidden)[1] - d[:, None]
    return (e * e).mean(axis=0) / 2.0


def jacobian(p, hidden):
    """The derivatives of the outputs by the parameters, (9, samples, starts), and the outputs."""
    a, y = forward(p, hidden)
    slope = y * (1.0 - y)
    slopes = [1.0 - v * v if hidden == "tanh" else v * (1.0 - v) for v in a]
    back = [slope * p[4 + k] * slopes[k] for k in (0, 1)]
    into_hidden = [back[k] * X[j][:, None] for k in (0, 1) for j in (0, 1)]
    return np.array([*into_hidden, slope * a[0], slope * a[1], *back, slope]), y


def gradient(p, d, hidden):
    """The gradient of half_mse, (9, starts)."""
    a, y = forward(p, hidden)
    delta = y * (1.0 - y) * (y - d[:, None]) / 4.0
    found = np.empty_like(p)
    for k in (0, 1):
        slope = 1.0 - a[k] * a[k] if hidden == "tanh" else a[k] * (1.0 - a[k])
        back = delta * p[4 + k] * slope
        found[2 * k : 2 * k + 2] = X @ back
        found[6 + k] = back.sum(axis=0)
        found[4 + k] = (delta * a[k]).sum(axis=0)
    found[8] = delta.sum(axis=0)
    return found


def hessian(p, d, hidden, h=1e-5):
    """The Hessian by central differences of the gradient, (starts, 9, 9)."""
    columns = []
    for i in range(9):
        step = np.zeros((9, 1))
        step[i] = h
        columns.append((gradient(p + step, d, hidden) - gradient(p - step, d, hidden)) / (2.0 * h))
    found = np.array(columns).transpose(2, 0, 1)
    return (found + found.transpose(0, 2, 1)) / 2.0


def descend(p, d, hidden, epochs=EPOCHS):
    """Gradient descent over the full batch."""
    p = p.copy()
    for _ in range(epochs):
        p -= LEARNING_RATE * gradient(p, d, hidden)
    return p


def polish(p, d, hidden, steps=300):
    """Levenberg and Marquardt: damped Gauss-Newton steps, each taken only if it lowers the cost."""
    p, damping = p.copy(), np.full(p.shape[1], 1e-2)
    reached = cost(p, d, hidden)
    for _ in range(steps):
        derivatives, y = jacobian(p, hidden)
        by_start = derivatives.transpose(2, 0, 1)
        curvature = by_start @ by_start.transpose(0, 2, 1) + damping[:, None, None] * np.eye(9)
        slope = (derivatives * (y - d[:, None])).sum(axis=1).T[:, :, None]
        tried = p - np.linalg.solve(curvature, slope)[:, :, 0].T
        new = cost(tried, d, hidden)
        lower = new < reached
        p[:, lower], reached[lower] = tried[:, lower], new[lower]
        damping = np.clip(np.where(lower, damping / 3.0, damping * 4.0), 1e-12, 1e8)
    return p


def stationary(p, d, hidden, steps=200):
    """Newton's method for gradient = 0, damped so that the gradient's length falls: any such point.

    Returns the points found, (9, found).
    """
    p, damping = p.copy(), np.full(p.shape[1], 1e-2)
    slope = gradient(p, d, hidden)
    for _ in range(steps):
        curvature = hessian(p, d, hidden)
        normal = curvature @ curvature + damping[:, None, None] * np.eye(9)
        step = np.linalg.solve(normal, curvature @ slope.T[:, :, None])[:, :, 0].T
        tried = p - step
        new = gradient(tried, d, hidden)
        lower = np.linalg.norm(new, axis=0) < np.linalg.norm(slope, axis=0)
        p[:, lower], slope[:, lower] = tried[:, lower], new[:, lower]
        damping = np.clip(np.where(lower, damping / 3.0, damping * 4.0), 1e-13, 1e8)
    return p


def level(costs, low, high):
    """The name of the level that each cost is at, "-" for none."""
    shares = costs / (high - low) ** 2
    names = np.full(len(costs), "-", dtype=object)
    for name, value in LEVELS.items():
        names[np.abs(shares - value) < NEAR] = name
    return names


SETTINGS = [
    (hidden, *targets) for hidden in ("sigmoid", "tanh") for targets in ((0, 1), (0.1, 0.9))
]


def reached(count=STARTS, widths=(1, 5), settings=SETTINGS):
    """Where gradient descent arrives, and where Levenberg and Marquardt go from there."""
    names = ("0", "1/16", "1/12", "1/8", "-")
    print("hidden   targets   start     " + "".join(f"{name:>6}" for name in names) * 2)
    for width in widths:
        for hidden, low, high in settings:
            d = desired(low, high)
            descended = descend(starts(count, width), d, hidden)
            cells = []
            for p in (descended, polish(descended, d, hidden)):
                levels = level(cost(p, d, hidden), low, high)
                cells += [f"{(levels == name).sum():6d}" for name in names]
            print(f"{hidden:<9}{low:>3}, {high:<5}[-{width}, {width}]   " + "".join(cells))


def first():
    """The first hundred of the starts, for whoever cannot wait."""
    reached(100, widths=(1,), settings=SETTINGS[:2])


def finite():
    """The stationary points of finite weights, and the signs of the Hessian's eigenvalues."""
    print("targets   cost        found   negative   zero   positive   outputs of one")
    for low, high in ((0, 1), (0.1, 0.9)):
        d = desired(low, high)
        p = stationary(starts(STARTS, 3.0), d, "sigmoid")
        slope = np.linalg.norm(gradient(p, d, "sigmoid"), axis=0)
        p = p[:, (slope < 1e-12) & (np.abs(p).max(axis=0) < 20)]
        shares = (cost(p, d, "sigmoid") / (high - low) ** 2).round(4)
        values = np.linalg.eigvalsh(hessian(p, d, "sigmoid"))
        for share in np.unique(shares):
            mine = values[shares == share]
            counts = [
                between((kind(mine)).sum(axis=1))
                for kind in (lambda v: v < -1e-8, lambda v: abs(v) <= 1e-8, lambda v: v > 1e-8)
            ]
            one = forward(p[:, shares == share], "sigmoid")[1][:, 0]
            shown = " ".join(f"{v:.2f}" for v in sorted(one))
            print(
                f"{low:>3}, {high:<5}{share:<12.4f}{len(mine):5d}{counts[0]:>11}{counts[1]:>7}"
                f"{counts[2]:>11}   {shown}"
            )


def between(numbers):
    """A number, or the smallest and the largest of several."""
    low, high = min(numbers), max(numbers)
    return str(low) if low == high else f"{low}-{high}"


def runaway():
    """Two descents to a level that no finite weights have: cost above it, and largest weight."""
    d = desired(0, 1)
    ends = level(cost(descend(starts(100), d, "sigmoid"), d, "sigmoid"), 0, 1)
    chosen = [int(np.flatnonzero(ends == name)[0]) for name in ("0", "1/16")]
    p = starts(100)[:, chosen]
    print(f"         seed {chosen[0] + 1}, to 0           seed {chosen[1] + 1}, to 1/16")
    print("  epochs     cost    weight       cost - 1/16    weight")
    done = 0
    for epochs in (100, 1_000, 10_000, 100_000):
        p = descend(p, d, "sigmoid", epochs - done)
        done = epochs
        above = cost(p, d, "sigmoid") - [0.0, 1 / 16]
        largest = np.abs(p).max(axis=0)
        print(f"{epochs:8d}{above[0]:9.1e}{largest[0]:10.1f}{above[1]:18.1e}{largest[1]:10.1f}")


def ends():
    """Where everything ends, after the polish: curvature and size."""
    print("targets   level   ends   curved   flat   largest |gradient|   largest weight, median")
    for low, high in ((0, 1), (0.1, 0.9)):
        d = desired(low, high)
        p = polish(descend(starts(STARTS), d, "sigmoid"), d, "sigmoid")
        levels = level(cost(p, d, "sigmoid"), low, high)
        for name in np.unique(levels):
            mine = p[:, levels == name]
            values = np.linalg.eigvalsh(hessian(mine, d, "sigmoid"))
            curved = (values > 1e-6).sum(axis=1)
            slope = np.linalg.norm(gradient(mine, d, "sigmoid"), axis=0).max()
            largest = np.median(np.abs(mine).max(axis=0))
            power = f"< 1e{np.ceil(np.log10(slope)):.0f}"
            print(
                f"{low:>3}, {high:<5}{name:<7}{mine.shape[1]:5d}{between(curved):>9}"
                f"{between(9 - curved):>7}{power:>21}{largest:25.0f}"
            )


def escapes():
    """From the ends at 1/16, moved by random amounts: how many then get to 0."""
    d = desired(0, 1)
    descended = descend(starts(STARTS), d, "sigmoid")
    stuck = descended[:, level(cost(descended, d, "sigmoid"), 0, 1) == "1/16"]
    stream = RandomStream(1)
    print(f"each of the {stuck.shape[1]} moved 5 times by up to     to 0")
    for radius in (0.1, 1, 3, 10):
        p = stuck.repeat(5, axis=1)
        move = radius * (2.0 * stream.uniform(p.size).reshape(p.shape) - 1.0)
        moved = polish(p + move, d, "sigmoid")
        to_zero = (level(cost(moved, d, "sigmoid"), 0, 1) == "0").mean()
        print(f"{radius:>38}{to_zero:9.0%}")


def kinds():
    """What the hidden neurons compute where the cost is 0, up to their order and signs."""
    d = desired(0.1, 0.9)
    p = polish(descend(starts(STARTS), d, "sigmoid"), d, "sigmoid")
    p = p[:, level(cost(p, d, "sigmoid"), 0.1, 0.9) == "0"]
    active = [(a > 0.5).astype(int).T for a in forward(p, "sigmoid")[0]]
    found = {}
    for start in range(p.shape[1]):
        # sigmoid(-z) = 1 - sigmoid(z): a neuron with the other sign is its complement
        pair = tuple(
            sorted(
                "".join(map(str, active[k][start] if p[4 + k, start] > 0 else 1 - active[k][start]))
                for k in (0, 1)
            )
        )
        found[pair] = found.get(pair, 0) + 1
    print("active for 00 01 10 11, with a plus to the output     starts")
    for pair, count in sorted(found.items(), key=lambda item: (-item[1], item[0])):
        print(f"{pair[0]} and {pair[1]}{count:46d}")


BLOCKS = {
    "first": first,
    "reached": reached,
    "finite": finite,
    "runaway": runaway,
    "ends": ends,
    "escapes": escapes,
    "kinds": kinds,
}

if __name__ == "__main__":
    for name, block in BLOCKS.items():
        print(f"--- {name}")
        block()
