"""The outside referee: a plan trained by torch, in float64. Twins: none, only Python reaches torch.

Rule "gradient" is torch's own: autograd of the cost, and torch.optim. The other rules are a
backward function of our own in autograd's place; f' is still autograd's. With update_order
"output_first" the layers are stepped one by one, since a weight then moves in the middle of the
backward pass. Gradients are clipped by torch.nn.utils, and the learning rate is that of
torch.optim.lr_scheduler. Only the random numbers (starting weights, shuffles, the masks of dropout)
and the checks of the plan are shared with the numpy engine.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torch.optim import lr_scheduler

from twinprop.backprop import VANISHING, vanishing_denominator
from twinprop.checks import Array
from twinprop.errors import EngineError, InputError
from twinprop.network import Network
from twinprop.plan import Plan
from twinprop.random import RandomStream
from twinprop.training import Run, Snapshot, diverged, not_finite_before_training

# torch's own softplus turns into the identity above a threshold of 20; up to 100 the difference
# is far below float64's last digit.
_ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "leaky_relu": lambda z: functional.leaky_relu(z, 0.01),
    "softplus": lambda z: functional.softplus(z, threshold=100.0),
    "identity": torch.clone,  # a tensor of its own, so that z and a stay two for autograd
    "softmax": lambda z: torch.softmax(z, dim=1),
}


def _cost(name: str, output_activation: str) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
    """Return the samples' costs, (n,), as a function of z, a and d, by torch's own losses."""
    if name == "cross_entropy" and output_activation == "softmax":
        return lambda z, a, d: functional.cross_entropy(z, d, reduction="none")

    def squares(a: Tensor, d: Tensor) -> Tensor:
        return functional.mse_loss(a, d, reduction="none")

    return {
        "half_mse": lambda z, a, d: 0.5 * squares(a, d).mean(dim=1),
        "half_sse": lambda z, a, d: 0.5 * squares(a, d).sum(dim=1),
        "mse": lambda z, a, d: squares(a, d).mean(dim=1),
        # torch's binary_cross_entropy_with_logits takes the small cost of a saturated output as the
        # difference of two large numbers.
        "cross_entropy": lambda z, a, d: (
            -(d * functional.logsigmoid(z) + (1.0 - d) * functional.logsigmoid(-z)).sum(dim=1)
        ),
    }[name]


def _scale(cost: str, outputs: int) -> float:
    """Return the factor that the cost puts on the output error."""
    return {"half_mse": 1.0 / outputs, "mse": 2.0 / outputs}.get(cost, 1.0)


def _send_back(rule: str, weights: Tensor, e: Tensor, g: Tensor, layer: int) -> Tensor:
    """Return e[l-1] from W[l], e[l] and g[l] = e[l] f'(z[l])."""
    if rule == "gradient":
        return g @ weights
    if rule == "transpose":
        return e @ weights
    sizes = weights.abs().sum(dim=1)
    sums = weights.sum(dim=1) if rule == "proportional" else sizes
    for neuron, (total, size) in enumerate(zip(sums.tolist(), sizes.tolist(), strict=True), 1):
        if abs(total) <= VANISHING * size:
            raise vanishing_denominator(rule, neuron, layer)
    return torch.einsum("nk,kj->nj", e, weights / sums.unsqueeze(1))


def _times_derivative(activation: str, z: Tensor, e: Tensor) -> Tensor:
    """Return e f'(z), f' by autograd."""
    with torch.enable_grad():
        z = z.detach().requires_grad_()
        (g,) = torch.autograd.grad(_ACTIVATIONS[activation](z), z, e)
    return g


class _RuleLayer(torch.autograd.Function):
    """A layer whose backward function sends the error back by a rule.

    What autograd calls the gradient of its output is here the error e[l].
    """

    @staticmethod
    def forward(  # type: ignore[override]
        ctx: Any,
        a: Tensor,
        weights: Tensor,
        biases: Tensor,
        activation: str,
        rule: str,
        scale: float,
        output_derivative: bool,
        layer: int,
        sample_weight: Tensor,
    ) -> tuple[Tensor, Tensor]:
        z = functional.linear(a, weights, biases)
        ctx.save_for_backward(a, z, weights, sample_weight)
        ctx.settings = activation, rule, scale, output_derivative, layer
        ctx.set_materialize_grads(False)
        return _ACTIVATIONS[activation](z), z

    @staticmethod
    def backward(ctx: Any, e: Tensor, _: Tensor | None) -> tuple[Any, ...]:  # type: ignore[override]
        a, z, weights, sample_weight = ctx.saved_tensors
        activation, rule, scale, output_derivative, layer = ctx.settings
        g = _times_derivative(activation, z, e) if output_derivative else e
        delta = scale * g
        back = _send_back(rule, weights, e, g, layer) if layer > 2 else None
        delta = delta * sample_weight.unsqueeze(1)
        grad_weights, grad_biases = delta.T @ a / len(a), delta.mean(dim=0)
        return back, grad_weights, grad_biases, None, None, None, None, None, None


class _Batch(NamedTuple):
    """What an update is made from: m rows, their weights, and the masks of the hidden layers."""

    x: Tensor
    d: Tensor
    sample_weight: Tensor
    #: None of them without dropout.
    masks: list[Tensor]


class _Model:
    """The plan's network as torch parameters."""

    def __init__(self, plan: Plan) -> None:
        network = Network(**plan.network)
        self.activations: Sequence[str] = network.activations
        self.weights = [_parameter(w) for w in network.weights]
        self.biases = [_parameter(b) for b in network.biases]
        self.cost_name: str = plan.training["cost"]
        self.sample_costs = _cost(self.cost_name, self.activations[-1])
        self.rule: str = plan.training["rule"]
        self.scale = _scale(self.cost_name, plan.d.shape[1])
        self.weight_decay: float = plan.training["optimizer"]["weight_decay"]
        self.clip_norm: float | None = plan.training["clip_norm"]
        hidden = len(self.weights) - 1
        dropout = plan.training["dropout"]
        self.rates = [dropout] * hidden if isinstance(dropout, float) else list(dropout)

    def masks(self, rows: int, stream: RandomStream) -> list[Tensor]:
        """Draw what the activations of the hidden layers are multiplied by in a batch."""
        drawn = []
        for rate, biases in zip(self.rates, self.biases, strict=False):
            mask = torch.ones(rows, len(biases), dtype=torch.float64)
            if rate > 0.0:
                u = torch.from_numpy(stream.uniform(mask.numel())).reshape(mask.shape)
                mask = (u >= rate) / torch.tensor(1.0 - rate, dtype=torch.float64)
            drawn.append(mask)
        return drawn

    def forward(self, x: Tensor, masks: Sequence[Tensor] = ()) -> tuple[list[Tensor], list[Tensor]]:
        """Return z and what each layer is fed with, the outputs at the end."""
        z, a = [], [x]
        for i, (w, b, activation) in enumerate(
            zip(self.weights, self.biases, self.activations, strict=True)
        ):
            z.append(functional.linear(a[-1], w, b))
            values = _ACTIVATIONS[activation](z[-1])
            a.append(values * masks[i] if i < len(masks) else values)
        return z, a

    def cost(self, z: Tensor, a: Tensor, d: Tensor, sample_weight: Tensor) -> Tensor:
        """Return the batch's mean cost."""
        return (self.sample_costs(z, a, d) * sample_weight).mean()

    def output_derivative(self, i: int) -> bool:
        """Whether delta has f' in it: not in the output layer with cross_entropy."""
        return i < len(self.weights) - 1 or self.cost_name != "cross_entropy"

    def penalty(self) -> float:
        with torch.no_grad():
            return 0.5 * self.weight_decay * sum(float((w * w).sum()) for w in self.weights)

    @torch.no_grad()
    def exact_cost(self, x: Tensor, d: Tensor, sample_weight: Tensor) -> tuple[float, Tensor]:
        z, a = self.forward(x)
        return float(self.cost(z[-1], a[-1], d, sample_weight)) + self.penalty(), a[-1]

    def clip(self) -> None:
        """Shorten the gradient of all parameters to clip_norm, if there is one."""
        if self.clip_norm is None:
            return
        norm = torch.nn.utils.clip_grad_norm_(self.parameters(), math.inf).item()
        if norm > self.clip_norm:
            # torch divides by the norm plus 1e-6
            longer = self.clip_norm * (1.0 + 1e-6 / norm)
            torch.nn.utils.clip_grad_norm_(self.parameters(), longer)

    # Each of the three makes one update of a batch and returns the cost of its forward pass.

    def step_by_autograd(self, batch: _Batch, optimizers: Sequence[torch.optim.Optimizer]) -> float:
        z, a = self.forward(batch.x, batch.masks)
        cost = self.cost(z[-1], a[-1], batch.d, batch.sample_weight)
        optimizers[0].zero_grad()
        cost.backward()  # type: ignore[no-untyped-call]
        self.clip()
        optimizers[0].step()
        return cost.item()

    def step_by_rule(self, batch: _Batch, optimizers: Sequence[torch.optim.Optimizer]) -> float:
        d, weight = batch.d, batch.sample_weight
        a, z = batch.x, batch.x
        for i, (w, b, activation) in enumerate(
            zip(self.weights, self.biases, self.activations, strict=True)
        ):
            how = self.rule, self.scale, self.output_derivative(i), i + 2
            a, z = _RuleLayer.apply(a, w, b, activation, *how, weight)  # type: ignore[no-untyped-call]
            if i < len(batch.masks):
                a = a * batch.masks[i]
        with torch.no_grad():
            cost = self.cost(z, a, d, weight)
        optimizers[0].zero_grad()
        a.backward(gradient=a.detach() - d)
        self.clip()
        optimizers[0].step()
        return cost.item()

    @torch.no_grad()
    def step_output_first(
        self, batch: _Batch, optimizers: Sequence[torch.optim.Optimizer]
    ) -> float:
        d, weight = batch.d, batch.sample_weight
        z, a = self.forward(batch.x, batch.masks)
        cost = self.cost(z[-1], a[-1], d, weight)
        e = a[-1] - d
        for i in reversed(range(len(self.weights))):
            g = _times_derivative(self.activations[i], z[i], e) if self.output_derivative(i) else e
            delta = self.scale * g * weight.unsqueeze(1)
            self.weights[i].grad = delta.T @ a[i] / len(d)
            self.biases[i].grad = delta.mean(dim=0)
            optimizers[i].step()
            if i > 0:
                e = _send_back(self.rule, self.weights[i], e, g, i + 2)
                e = e * batch.masks[i - 1] if batch.masks else e
        return cost.item()

    def parameters(self) -> list[Tensor]:
        return [*self.weights, *self.biases]

    def arrays(self) -> tuple[list[Array], list[Array]]:
        return (
            [w.detach().numpy().copy() for w in self.weights],
            [b.detach().numpy().copy() for b in self.biases],
        )


def _parameter(values: Array) -> Tensor:
    return torch.tensor(values, dtype=torch.float64, requires_grad=True)


class _Rprop(torch.optim.Rprop):
    """torch's Rprop, which has no weight decay of its own, with that of the other optimisers."""

    def step(self, closure: Any = None) -> Any:
        for group in self.param_groups:
            for p in group["params"]:
                p.grad = p.grad + group["weight_decay"] * p.detach()
        return super().step(closure)


def _optimizer(
    settings: dict[str, Any], weights: list[Tensor], biases: list[Tensor]
) -> torch.optim.Optimizer:
    """Return torch's optimiser of the plan's name for these parameters."""
    own = {key: value for key, value in settings.items() if key not in ("name", "weight_decay")}
    own["lr"] = own.pop("learning_rate")
    groups = [
        {"params": weights, "weight_decay": settings["weight_decay"]},
        {"params": biases, "weight_decay": 0.0},
    ]
    kinds: dict[str, Any] = {
        "rmsprop": torch.optim.RMSprop,
        "adam": torch.optim.Adam,
        "rprop": _Rprop,
    }
    result: torch.optim.Optimizer = kinds.get(settings["name"], torch.optim.SGD)(groups, **own)
    return result


def _scheduler(
    schedule: dict[str, Any], optimizer: torch.optim.Optimizer, epochs: int, rows: int
) -> Any:
    """Return torch's scheduler of the plan's name for an optimiser."""
    name = schedule["name"]
    if name == "exponential":
        return lr_scheduler.ExponentialLR(optimizer, schedule["gamma"])
    if name == "step":
        return lr_scheduler.StepLR(optimizer, schedule["every"], schedule["gamma"])
    if name == "cosine":
        return lr_scheduler.CosineAnnealingLR(optimizer, epochs)
    power = schedule["power"]
    return lr_scheduler.LambdaLR(optimizer, lambda done: 1.0 / (1.0 + rows * done) ** power)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Hold torch to one thread: faster for small networks, and sums in one order."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def run_plan_in_torch(plan: Plan) -> Run:
    """Train what a plan says, by torch.

    Parameters
    ----------
    plan : Plan

    Returns
    -------
    Run

    Raises
    ------
    EngineError
        If the plan asks for a recording.
    InputError
        If the plan asks for portable arithmetic.
    DivergenceError, DenominatorError
        As for `Network.train`, with the same messages.
    """
    if plan.training["record"] is not None:
        raise EngineError('engine "torch" keeps no recording')
    if plan.training["arithmetic"] != "fast":
        raise InputError('engine "torch" has no arithmetic "portable"')
    with _one_thread():
        return _train(plan)


def _train(plan: Plan) -> Run:
    started = time.perf_counter()
    training = plan.training
    model = _Model(plan)
    x, d = torch.from_numpy(plan.x), torch.from_numpy(plan.d)
    rows, batch_size = len(x), training["batch_size"]
    settings = training["optimizer"]
    if training["update_order"] == "output_first":
        step = model.step_output_first
        optimizers = [
            _optimizer(settings, [w], [b]) for w, b in zip(model.weights, model.biases, strict=True)
        ]
    else:
        step = model.step_by_autograd if model.rule == "gradient" else model.step_by_rule
        optimizers = [_optimizer(settings, model.weights, model.biases)]
    schedulers = []
    if training["schedule"] is not None:
        schedulers = [
            _scheduler(training["schedule"], optimizer, training["epochs"], rows)
            for optimizer in optimizers
        ]
    weight = torch.ones(rows, dtype=torch.float64)
    if plan.sample_weight is not None:
        weight = torch.from_numpy(plan.sample_weight)
        weight = weight / weight.mean()

    initial_cost, _ = model.exact_cost(x, d, weight)
    if not math.isfinite(initial_cost):
        raise not_finite_before_training()
    stream = RandomStream(training["seed"])
    costs: list[float] = []
    snapshots: list[Snapshot] = []
    updates = 0
    for epoch in range(1, training["epochs"] + 1):
        order = torch.arange(rows)
        if training["shuffle"]:
            order = torch.from_numpy(stream.order(rows))
        total = 0.0
        for chosen in order.split(batch_size):
            penalty = model.penalty() if model.weight_decay else 0.0
            masks = model.masks(len(chosen), stream) if any(model.rates) else []
            batch = _Batch(x[chosen], d[chosen], weight[chosen], masks)
            total += len(chosen) * (step(batch, optimizers) + penalty)
            updates += 1
            if updates in training["snapshots"]:
                exact, _ = model.exact_cost(x, d, weight)
                snapshots.append(Snapshot(updates, exact, *model.arrays()))
        finite = all(bool(p.isfinite().all()) for p in model.parameters())
        if not (math.isfinite(total) and finite):
            raise diverged(epoch, settings["learning_rate"])
        costs.append(total / rows)
        for scheduler in schedulers:
            scheduler.step()
    final_cost, outputs = model.exact_cost(x, d, weight)
    if not math.isfinite(final_cost):
        raise diverged(training["epochs"], settings["learning_rate"])
    weights, biases = model.arrays()
    return Run(
        engine="torch",
        updates=updates,
        seconds=time.perf_counter() - started,
        initial_cost=initial_cost,
        cost=np.array(costs),
        final_cost=final_cost,
        outputs=outputs.numpy().copy(),
        errors=(outputs - d).numpy(),
        weights=weights,
        biases=biases,
        snapshots=snapshots,
    )
