"""What must hold of every random plan; each property is a strategy and a check of what it draws."""

import functools
import itertools
import json
import math
import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import numpy as np
import pandas as pd
from hypothesis import strategies as st

from conformance import AFTER_A_THOUSAND, AFTER_ONE_UPDATE, numbers, shape
from engine_runs import run_on
from fuzz.plans import SEEDS, frames, plans, wrong_plans
from fuzz.workers import Failure, worker
from twinprop import RandomStream, TwinpropError
from twinprop.activations import ACTIVATIONS
from twinprop.encoding import (
    encode_inputs,
    encode_outputs,
    learn_inputs,
    learn_outputs,
    level_text,
    scale_inputs,
)
from twinprop.model import Model
from twinprop.model_file import format_model, parse_model
from twinprop.network import Network
from twinprop.plan import check_plan, run_to_dict, train_plan

#: Where what failed is written, by the name of the property.
FAILED = Path(__file__).parents[2] / "build" / "fuzz"

# So much of a group's tolerance may rounding take, as far as moved() shows it, for the plan to
# count as well-conditioned there.
SHARE_OF_ROUNDING = 0.01
# And a difference that rounding is to explain is at most so many times what moved() shows, which
# stands for a few roundings, while sums make up to a hundred, in each of up to 300 updates.
MOST_TIMES = 1e4
# Beyond this torch goes ways of its own once something overflows: its products are padded, and 0
# times Inf is NaN.
TORCH_LARGEST = 1e50

#: How many plans were compared, and of how many rounding explained a difference.
SEEN: Counter[str] = Counter()


# What stands behind an engine's name where it shall do without the compiled kernel.
WITHOUT = " without kernel"


def outcome(engine: str, plan: dict[str, Any]) -> dict[str, Any] | Failure:
    """What an engine makes of a plan: a run as its file has it, or the error."""
    name = engine.removesuffix(WITHOUT)
    if name in ("rscript", "js"):
        return worker(name, kernel=name == engine).ask("run", plan)
    if name != engine:
        with mock.patch.dict(os.environ, TWINPROP_KERNEL="off"):
            return outcome(name, plan)
    if engine == "torch":  # keeps none
        plan = {**plan, "training": {**plan["training"], "record": None}}
    try:
        checked = check_plan(plan)
        return run_to_dict(train_plan(checked) if engine == "python" else run_on(engine, checked))
    except TwinpropError as error:
        return Failure(type(error).__name__, str(error))


class Group(NamedTuple):
    """Numbers that are compared together, relative to the largest of the reference or to `size`."""

    values: Any
    tolerance: float = AFTER_A_THOUSAND
    size: float | None = None


def groups(run: dict[str, Any]) -> dict[str, Group]:
    """The groups of section 10 of docs/contract.md, those of snapshots and recorded steps too."""
    outputs = max(map(abs, numbers(run["outputs"])))
    found = {
        "updates": Group(run["updates"], 0.0),
        "weights": Group([run["weights"], run["biases"]]),
        "outputs": Group(run["outputs"]),
        "errors": Group(run["errors"], size=outputs),
        "costs": Group([run["initial_cost"], run["cost"], run["final_cost"]]),
    }
    for kept in run.get("snapshots", []):
        updates = kept["updates"]
        tolerance = AFTER_ONE_UPDATE if updates == 1 else AFTER_A_THOUSAND
        parameters = [kept["weights"], kept["biases"]]
        found[f"weights after {updates}"] = Group(parameters, tolerance)
        found[f"cost after {updates}"] = Group(kept["cost"], tolerance)
    recording = run.get("recording", {"interval": 0, "steps": []})
    found["interval"] = Group(recording["interval"], 0.0)
    for step in recording["steps"]:
        what = f"of update {step['update']}"
        tolerance = AFTER_ONE_UPDATE if step["update"] == 1 else AFTER_A_THOUSAND
        found[f"place {what}"] = Group([step["epoch"], step["rows"]], 0.0)
        found[f"cost {what}"] = Group(step["cost"], tolerance)
        found[f"weights {what}"] = Group([step["weights"], step["biases"]], tolerance)
        found[f"errors {what}"] = Group(step["e"], tolerance, outputs)
        found[f"gradients {what}"] = Group([step["grad_weights"], step["grad_biases"]], tolerance)
    return found


def difference(found: Group, reference: Group) -> float:
    """max abs(p - q) / size; Inf where shapes differ."""
    if shape(found.values) != shape(reference.values):
        return np.inf
    p, q = (np.array(list(numbers(group.values))) for group in (found, reference))
    if p.size == 0 or np.array_equal(p, q):
        return 0.0
    size = max(np.abs(q).max(), reference.size or 0.0)
    return np.abs(p - q).max() / size if size > 0.0 else np.inf


def moved(plan: dict[str, Any], seed: int) -> dict[str, Any] | Failure:
    """What Python makes of a plan with other roundings.

    Each starting weight and each input is changed by 1e-15 of itself, and each activation by its
    last bit, so that units which are saturated to that bit count as well.
    """
    random = np.random.default_rng(seed)

    def change(array):
        return (array * (1.0 + 1e-15 * random.choice([-1.0, 1.0], array.shape))).tolist()

    network = Network(**check_plan(plan).network)
    parts = {
        "weights": [change(w) for w in network.weights],
        "biases": [change(b) for b in network.biases],
    }
    data = {**plan["data"], "x": change(np.array(plan["data"]["x"], dtype=float))}

    def rounded(activation):
        def value(z, out, *others):
            result = activation.value(z, out, *others)
            result *= 1.0 - 2.0**-52 * random.integers(0, 2, result.shape)
            return result

        return activation._replace(value=value)

    noisy = {name: rounded(activation) for name, activation in ACTIVATIONS.items()}
    changed = {**plan, "network": {**plan["network"], **parts}, "data": data}
    return with_activations(noisy, changed)


def with_activations(changed: dict[str, Any], plan: dict[str, Any]) -> dict[str, Any] | Failure:
    """What Python makes of a plan with other activation functions under the same names."""
    with mock.patch.dict(ACTIVATIONS, changed):
        return outcome(f"python{WITHOUT}", plan)


def with_subnormal_sigmoids(plan: dict[str, Any]) -> dict[str, Any] | Failure:
    """What Python makes of a plan with sigmoids as torch has them: subnormal below -709.78.

    1 / (1 + exp(-z)) is 0 there. That is less than 1e-308 of a difference, but rprop goes by signs.
    """

    def sigmoid(z, out, *_):
        small = np.exp(-np.abs(z))
        return np.divide(np.where(z < 0.0, small, 1.0), 1.0 + small, out=out)

    def softplus_derivative(z, a, out, *_):
        return sigmoid(z, out)

    changed = {
        "sigmoid": ACTIVATIONS["sigmoid"]._replace(value=sigmoid),
        "softplus": ACTIVATIONS["softplus"]._replace(derivative=softplus_derivative),
    }
    return with_activations(changed, plan)


class Rounding:
    """How far rounding may move what Python makes of a plan, found when it is first asked for."""

    def __init__(
        self, plan: dict[str, Any], reference: dict[str, Any] | Failure, engine: str
    ) -> None:
        self.plan, self.reference, self.engine = plan, reference, engine

    @functools.cached_property
    def _outcomes(self) -> list[dict[str, Any] | Failure]:
        moves = [moved(self.plan, seed) for seed in range(5)]
        return [*moves, with_subnormal_sigmoids(self.plan)] if self.engine == "torch" else moves

    @functools.cached_property
    def _moves(self) -> dict[str, float]:
        wanted = groups(self.reference)
        return {
            name: max(difference(groups(run)[name], group) for run in self._outcomes)
            for name, group in wanted.items()
        }

    def explains_the_end(self) -> bool:
        """Whether with the change it ends otherwise: with another error, or none."""
        wanted = self.reference if isinstance(self.reference, Failure) else None
        found = [run if isinstance(run, Failure) else None for run in self._outcomes]
        return any(end != wanted for end in found)

    def explains(self, name: str, gap: float, tolerance: float) -> bool:
        """Whether the plan amplifies rounding to such a gap."""
        if self.explains_the_end():
            return True
        move = self._moves[name]
        return move > SHARE_OF_ROUNDING * tolerance and gap <= MOST_TIMES * move


def check_agrees(
    plan: dict[str, Any], engines: tuple[str, ...] = ("rscript", "js", f"python{WITHOUT}")
) -> None:
    """The engines end as Python does: with the same numbers, or the same error."""
    reference = outcome("python", plan)
    SEEN["plans"] += 1
    excused = False
    for engine in engines:
        if engine == "torch" and max(map(abs, numbers(plan["data"]["x"]))) > TORCH_LARGEST:
            continue
        found = outcome(engine, plan)
        rounding = Rounding(plan, reference, engine)
        if isinstance(found, Failure) or isinstance(reference, Failure):
            if found != reference:
                ends = [end if isinstance(end, Failure) else "a run" for end in (found, reference)]
                assert rounding.explains_the_end(), f"{engine}: {ends[0]}, python: {ends[1]}"
                excused = True
            continue
        got, wanted = groups(found), groups(reference)
        if engine == "torch":
            wanted = {name: group for name, group in wanted.items() if name in got}
            got["interval"] = wanted["interval"]
        assert list(got) == list(wanted), f"{engine}: other snapshots or recorded steps"
        for name, group in wanted.items():
            gap = difference(got[name], group)
            if not gap <= group.tolerance:
                message = f"{engine}: {name} differs by {gap:.3g}"
                assert rounding.explains(name, gap, group.tolerance), message
                excused = True
    SEEN["excused"] += excused


def _bits(value: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """All numbers of a run with their places, so written that unequal bits are unequal texts."""
    entries = value.items() if isinstance(value, dict) else []
    for key, entry in enumerate(value, 1) if isinstance(value, list) else entries:
        if key not in ("engine", "version", "seconds"):
            yield from _bits(entry, f"{place} {key}")
    if not isinstance(value, dict | list):
        yield place, value if isinstance(value, str) else float(value).hex()
    elif not value:
        yield place, "empty"


def check_bits(plan: dict[str, Any]) -> None:
    """In portable arithmetic every language gives the same bits, with its kernel and without."""
    plan = {**plan, "training": {**plan["training"], "arithmetic": "portable"}}
    reference = outcome(f"python{WITHOUT}", plan)
    SEEN["runs to the bit" if isinstance(reference, dict) else "errors to the letter"] += 1
    for engine in ("python", "rscript", f"rscript{WITHOUT}", "js"):
        found = outcome(engine, plan)
        if isinstance(found, Failure) or isinstance(reference, Failure):
            ends = [end if isinstance(end, Failure) else "a run" for end in (found, reference)]
            assert found == reference, f"{engine}: {ends[0]}, python: {ends[1]}"
            continue
        for got, wanted in itertools.zip_longest(_bits(found), _bits(reference)):
            assert got == wanted, f"{engine}: {got}, python: {wanted}"


def check_messages(plan: dict[str, Any]) -> None:
    """A plan with something wrong in it is refused in the same words, or taken, everywhere."""
    try:
        check_plan(plan)
        reference = None
    except TwinpropError as error:
        reference = Failure(type(error).__name__, str(error))
    for engine in ("rscript", "js"):
        found = worker(engine).ask("read", plan)
        assert found == reference, f"{engine}: {found}\npython: {reference}"


def check_random(given: dict[str, Any]) -> None:
    """Every language draws the same numbers and orders, to the last bit."""
    stream = RandomStream(given["seed"])
    reference = [getattr(stream, what)(n).tolist() for what, n in given["draws"]]
    for engine in ("rscript", "js"):
        found = worker(engine).ask("random", given)
        assert found == reference, f"{engine} draws other numbers"


def _frame(columns: list[dict[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame({about["name"]: _series(about) for about in columns})


def _series(about: dict[str, Any]) -> pd.Series:
    if "levels" in about:
        levels = pd.CategoricalDtype(about["levels"], about["ordered"])
        return pd.Series(about["values"], dtype=levels)
    return pd.Series(about["values"], dtype=object if about["kind"] != "number" else float)


def _model_file(given: dict[str, Any]) -> str:
    """The text of a model's file; all but the model's weights, drawn, comes of the data."""
    frame, y = _frame(given["columns"]), _series(given["y"])
    inputs = learn_inputs(frame)
    inputs = scale_inputs(inputs, encode_inputs(inputs, frame))
    outputs = learn_outputs(y, given["task"])
    d = encode_outputs(outputs, y, given["task"])
    last = "identity" if given["task"] == "regression" else "sigmoid"
    layers = [len(inputs["terms"]), 3, d.shape[1]]
    network = Network(layers, ["tanh", last], init="uniform", seed=given["seed"])
    training = {"d": d.tolist()}
    return format_model(
        Model(network, given["task"], inputs, outputs, na="pass", training=training)
    )


def _predictions(text: str, columns: list[dict[str, Any]]) -> dict[str, Any]:
    model = parse_model(text)
    frame = _frame(columns)
    return {"raw": model.raw(frame).tolist(), "response": model.predict(frame).tolist()}


def _tried(compute: Callable[..., Any], *args: Any) -> Any:
    try:
        return compute(*args)
    except TwinpropError as error:
        return Failure(type(error).__name__, str(error))


def _is_missing(value: Any) -> bool:
    """Whether a value is null or NaN, or a row of such."""
    if isinstance(value, list):
        return bool(value) and all(map(_is_missing, value))
    return value is None or (isinstance(value, float) and math.isnan(value))


def _alike(found: Any, wanted: Any) -> bool:
    """Whether two values are equal, numbers to the last bits, or both are missing."""
    if _is_missing(wanted):
        return _is_missing(found)
    if isinstance(wanted, dict) and isinstance(found, dict):
        return list(found) == list(wanted) and all(_alike(found[k], wanted[k]) for k in wanted)
    if isinstance(wanted, list) and isinstance(found, list):
        return len(found) == len(wanted) and all(map(_alike, found, wanted))
    numeric = [isinstance(value, int | float) for value in (found, wanted)]
    if all(numeric) and not isinstance(wanted, bool) and not isinstance(found, bool):
        return math.isclose(found, wanted, rel_tol=AFTER_ONE_UPDATE, abs_tol=AFTER_ONE_UPDATE)
    return found == wanted


def check_encoding(given: dict[str, Any]) -> None:
    """R's model file of a frame says what Python's does, and every language predicts by it."""
    text = _tried(_model_file, given)
    found = worker("rscript").ask("model", given)
    if isinstance(text, Failure):
        assert found == text, f"rscript: {found}\npython: {text}"
        return
    wanted = json.loads(text)
    assert not isinstance(found, Failure), f"rscript: {found}"
    for key in wanted:
        assert _alike(found[key], wanted[key]), f"{key}: {found[key]}\npython: {wanted[key]}"
    for file in (text, json.dumps(found)):
        reference = _tried(_predictions, file, given["new"])
        for engine in ("rscript", "js"):
            said = worker(engine).ask("predict", {"text": file, "columns": given["new"]})
            if given["task"] == "classification" and not isinstance(said, Failure):
                # R's factors have strings as levels.
                for one in (said, reference):
                    one["response"] = [c if c is None else level_text(c) for c in one["response"]]
            assert _alike(said, reference), f"{engine}: {said}\npython: {reference}"


# Two of the numbers are equal; how the order breaks the tie must not differ.
TIED = {"seed": 62, "draws": [("order", 4708)]}

_DRAWS = st.fixed_dictionaries(
    {
        "seed": SEEDS,
        "draws": st.lists(
            st.tuples(st.sampled_from(["uniform", "order"]), st.integers(0, 1300)), max_size=5
        ),
    }
)


class Property(NamedTuple):
    """A check, what it is of, and how many examples of it `make test` looks at."""

    examples: st.SearchStrategy[Any]
    check: Callable[[Any], None]
    count: int


PROPERTIES = {
    "agrees": Property(plans(), check_agrees, 120),
    "others": Property(plans(), functools.partial(check_agrees, engines=("r", "torch")), 15),
    "bits": Property(plans(updates=1000), check_bits, 20),
    "messages": Property(wrong_plans(), check_messages, 300),
    "encoding": Property(frames(), check_encoding, 150),
    "random": Property(_DRAWS, check_random, 50),
}


def checked(name: str) -> Callable[[Any], None]:
    """The check of a property; what fails, crashes or hangs stays in a file that reproduces it."""
    path = FAILED / f"{name}.json"

    def check(given: Any) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(given, indent=1), encoding="utf-8")
        PROPERTIES[name].check(given)
        path.unlink()

    return check
