"""Exercises: the oracle's numbers, sheets that say what is given, answers marked as by hand. Twins:
tests/testthat/test-exercise.R, tests/js/exercise.test.js."""

import numpy as np
import pytest

from conformance import AFTER_ONE_UPDATE, exercise_cases
from twinprop import (
    COSTS,
    RULES,
    Exercise,
    InputError,
    Optimizer,
    Verdict,
    check_answer,
    exercise,
    explain,
)
from twinprop.exercise import MISTAKES

CASES = exercise_cases()


def make(case):
    how = dict(case["exercise"])
    return exercise(how.pop("seed"), **how)


@pytest.mark.parametrize("name", CASES)
class TestTheCases:
    def test_what_the_seed_draws(self, name):
        case, task = CASES[name], make(CASES[name])
        assert [w.tolist() for w in task.network.weights] == case["weights"]
        assert [b.tolist() for b in task.network.biases] == case["biases"]
        assert (task.x.tolist(), task.d.tolist()) == ([case["x"]], [case["d"]])

    def test_questions_and_key(self, name):
        case, task = CASES[name], make(CASES[name])
        stages, symbols, values = zip(*case["questions"], strict=True)
        assert task.questions["stage"].tolist() == list(stages)
        assert task.questions["symbol"].tolist() == task.key["symbol"].tolist() == list(symbols)
        numbers = list(range(1, len(symbols) + 1))
        assert task.questions["number"].tolist() == task.key["number"].tolist() == numbers
        # the numbers are of the size of 1
        np.testing.assert_allclose(task.key["value"], values, rtol=0, atol=AFTER_ONE_UPDATE)

    def test_answers(self, name):
        task = make(CASES[name])
        for a in CASES[name]["answers"]:
            found = check_answer(task, a["question"], a["answer"], earlier=a["earlier"])
            wanted = Verdict(a["right"], tuple(a["mistakes"]), a["message"])
            assert found == wanted, (a["question"], a["answer"])


def test_every_mistake_is_among_the_cases():
    answers = [answer for case in CASES.values() for answer in case["answers"]]
    assert {name for answer in answers for name in answer["mistakes"]} == set(MISTAKES)
    assert len(answers) > 80


SETTINGS = [
    {},
    {"level": 2},
    {"level": 3},
    {"level": 2, "cost": "mse", "rule": "transpose", "learning_rate": 0.1},
    {"level": 3, "rule": "proportional", "cost": "half_sse"},
    {"layers": [2, 3, 2, 2], "rule": "proportional_abs", "activations": ["tanh", "relu", "tanh"]},
    {"level": 3, "activations": ["sigmoid", "softmax"], "cost": "cross_entropy"},
    {"layers": [1, 1], "activations": "leaky_relu"},
]  # fmt: skip


@pytest.mark.parametrize("how", SETTINGS, ids=str)
@pytest.mark.parametrize("seed", [1, 2, -9])
def test_the_key_is_right_however_it_is_written(seed, how):
    task = exercise(seed, **how)
    for number, value in zip(task.key["number"], task.key["value"], strict=True):
        digits = 6 if task.questions["stage"][number - 1] == "update" else 3
        for answer in [value, f"{value:.9f}", f"{value:.2e}" if digits == 3 else f"{value:.6f}"]:
            if abs(value) > 1e-4 or isinstance(answer, float):
                assert check_answer(task, int(number), answer) == (True, (), "Right."), answer


@pytest.mark.parametrize("how", SETTINGS, ids=str)
def test_the_key_is_that_of_the_explained_step(how):
    task = exercise(3, **how)
    step = explain(
        task.network, task.x, task.d, cost=task.cost, rule=task.rule,
        optimizer=Optimizer("sgd", learning_rate=task.learning_rate),
    )  # fmt: skip
    table = step.table.set_index("symbol")
    for name in ("formula", "substitution", "value"):
        assert task.key[name].tolist() == table.loc[task.key["symbol"], name].tolist()


def test_numbers_are_short_and_different():
    for seed in range(50):
        task = exercise(seed, level=1 + seed % 3)
        decimals = 2 if task.level == 3 else 1
        for drawn in [*task.network.weights, *task.network.biases, task.x]:
            values = drawn.ravel().tolist()
            assert len(set(values)) == len(values)
            assert all(round(v, decimals) == v and 0 < abs(v) < 1 for v in values)
        assert (task.x > 0).all()
        ends = {0.1, 0.9} if decimals == 1 else {0.01, 0.99}
        assert set(task.d.ravel().tolist()) <= ends


def test_weights_for_proportional_are_above_0():
    for seed in range(20):
        task = exercise(seed, level=3, rule="proportional")
        assert all((w > 0).all() for w in task.network.weights)
    assert any((b < 0).any() for b in task.network.biases)


def test_softmax_wants_one_class():
    found = set()
    for seed in range(20):
        task = exercise(seed, level=2, activations=["tanh", "softmax"], cost="cross_entropy")
        found.add(tuple(task.d[0]))
    assert found == {(1.0, 0.0), (0.0, 1.0)}


def test_every_weight_may_be_followed():
    symbols = {s for seed in range(60) for s in exercise(seed, level=2).questions["symbol"]}
    assert {s for s in symbols if s.startswith("dC/dW")} == {
        f"dC/dW[{layer}]_{k},{j}" for layer in (2, 3) for k in (1, 2) for j in (1, 2)
    }


def test_no_weighted_sum_is_at_a_kink():
    for seed in range(100):
        task = exercise(seed, layers=[3, 3], activations="relu")
        assert np.abs(task.network.forward(task.x).z[0]).min() > 1e-9


SHEET = """\
Exercise 1, level 1: one training step of a 2-2-1 network

Given:

  activation functions  sigmoid in layer 2, sigmoid in layer 3
  cost                  half_mse, K = 1
  rule                  gradient
  learning rate         eta = 0.5
"""


class TestTheSheet:
    task = exercise(1)

    def test_what_is_given(self):
        sheet = self.task.sheet()
        assert sheet.startswith(SHEET)
        w, b, x = self.task.network.weights, self.task.network.biases, self.task.x[0]
        for text in [
            f"inputs                a[1]_1 = {x[0]:g}, a[1]_2 = {x[1]:g}\n",
            f"desired outputs       d_1 = {self.task.d[0, 0]:g}\n",
            f"layer 2, neuron 2     W[2]_2,1 = {w[0][1, 0]:g}, W[2]_2,2 = {w[0][1, 1]:g}, "
            f"b[2]_2 = {b[0][1]:g}\n",
        ]:
            assert text in sheet

    def test_has_no_answers(self):
        assert repr(self.task) + "\n" == self.task.sheet()
        assert "Key" not in self.task.sheet()
        formulas = [formula for formula in self.task.key["formula"] if " " in formula]
        assert not any(formula in self.task.sheet("md") for formula in formulas)

    def test_has_a_line_for_each_question(self):
        for row in self.task.questions.itertuples():
            assert f"\n{row.number:>4}. {row.symbol:<14}{row.text}\n" in self.task.sheet()
            assert f"\n| {row.number} | `{row.symbol}` | {row.text} | |\n" in self.task.sheet("md")

    def test_with_the_key(self):
        sheet, markdown = self.task.sheet(key=True), self.task.sheet("md", key=True)
        assert sheet.startswith(self.task.sheet())
        assert markdown.startswith(self.task.sheet("md"))
        assert max(map(len, sheet.splitlines())) <= 100
        for row in self.task.key.itertuples():
            last = f"{row.value:.6g}"
            assert f"\n{row.number:>4}. {row.symbol} = {row.formula}" in sheet
            assert any(line.endswith(f" = {last}") for line in sheet.splitlines())
            assert f"`{row.symbol} = {row.formula}" in markdown

    def test_words_of_each_question(self):
        task = exercise(1, layers=[2, 2, 1])
        texts = task.questions.drop_duplicates("stage").set_index("stage")["text"]
        assert texts["weighted_sum"] == (
            "the weighted sum z of neuron 1 of layer 2, its bias included"
        )
        assert texts["activation"] == "the activation a of neuron 1 of layer 2"
        assert texts["output_error"] == "the error e of output 1: by how much it is too large"
        assert texts["cost"] == "the cost C of the sample"
        assert texts["delta"] == "the delta of neuron 1 of layer 3"
        assert texts["error"] == "the error e that comes back to neuron 1 of layer 2"
        share = task.questions.set_index("stage").loc["share"]
        assert share["text"] == (
            "the share of its error that neuron 1 of layer 3 sends to neuron "
            f"{share['symbol'][-1]} of layer 2"
        )
        update = task.questions.set_index("symbol")["text"]
        assert update["new b[3]_1"] == "the new value of the bias of neuron 1 of layer 3"
        assert update["dC/db[3]_1"] == "the gradient of the bias of neuron 1 of layer 3"
        (weight,) = [s for s in update.index if s.startswith("new W[3]")]
        assert update[weight] == (
            f"the new value of the weight from neuron {weight[-1]} of layer 2 "
            "to neuron 1 of layer 3"
        )


class TestRefusals:
    @pytest.mark.parametrize(
        ("how", "message"),
        [
            ({"seed": 0.5}, "seed must be an integer from -2147483647 to 2147483647, got 0.5"),
            ({"level": 0}, "level must be an integer from 1 to 3, got 0"),
            ({"level": "1"}, 'level must be an integer from 1 to 3, got "1"'),
            (
                {"layers": [2]},
                "layers must be a list of 2 to 4 integers from 1 to 3, got a list of 1",
            ),
            (
                {"layers": [1] * 5},
                "layers must be a list of 2 to 4 integers from 1 to 3, got a list of 5",
            ),
            ({"layers": 3}, "layers must be a list of 2 to 4 integers from 1 to 3, got 3"),
            ({"layers": [2, 4]}, "layers entry 2 must be an integer from 1 to 3, got 4"),
            (
                {"activations": ["tanh"]},
                "activations must have one name for each layer after the input (2), got 1",
            ),
            ({"cost": "mae"}, None),
            ({"cost": "cross_entropy", "activations": "tanh"}, None),
            ({"rule": "hebb"}, None),
            ({"learning_rate": -1}, "learning_rate must be a finite number >= 0, got -1"),
        ],
    )
    def test_of_an_exercise(self, how, message):
        how = {"seed": 1, **how}
        with pytest.raises(InputError) as caught:
            exercise(how.pop("seed"), **how)
        if message is not None:
            assert str(caught.value) == message

    task = exercise(1)

    @pytest.mark.parametrize("question", [0, 23, 1.5, True, None, "0", "23", "e[9]_1", [1], "01"])
    def test_of_a_question(self, question):
        with pytest.raises(InputError, match="^question must be an integer from 1 to 22 or the "):
            check_answer(self.task, question, 1)

    @pytest.mark.parametrize(
        "answer",
        [None, True, [1], "", ".", "1,5", "1.2.3", "e5", "1e", "0x1", "nan", "inf", "1e999",
         float("nan"), float("inf"), "1\n", "\N{ARABIC-INDIC DIGIT ONE}", " "],
    )  # fmt: skip
    def test_of_an_answer(self, answer):
        with pytest.raises(InputError, match="^answer must be a number or a string that holds "):
            check_answer(self.task, 1, answer)

    @pytest.mark.parametrize(
        ("earlier", "message"),
        [
            (3, "earlier must be an object, got 3"),
            (
                {"w": 1},
                "a name in earlier must be an integer from 1 to 22 or the symbol of a question, "
                'got "w"',
            ),
            (
                {"3": "x"},
                'earlier "3" must be a number or a string that holds one, got "x"',
            ),
        ],
    )
    def test_of_earlier_answers(self, earlier, message):
        for answer in (7, self.task.key["value"][0]):
            with pytest.raises(InputError) as caught:
                check_answer(self.task, 1, answer, earlier=earlier)
            assert str(caught.value) == message

    def test_of_the_rest(self):
        with pytest.raises(InputError, match="^exercise must be an Exercise, got 3$"):
            check_answer(3, 1, 1)
        with pytest.raises(InputError, match='^format must be one of "text", "md", got "html"$'):
            self.task.sheet("html")
        with pytest.raises(InputError, match='^key must be true or false, got "yes"$'):
            self.task.sheet(key="yes")


def test_numbers_of_numpy_and_pandas_are_answers():
    task = exercise(1)
    assert check_answer(task, np.int64(1), np.float64(task.key["value"][0])).right
    assert check_answer(task, 1.0, task.key["value"][0]).right
    assert check_answer(task, 2, 0, earlier={1: np.float64(0.5)}).right is False


def test_there_are_as_many_settings_as_the_contract_has():
    assert [exercise(1, cost=cost).cost for cost in COSTS] == list(COSTS)
    assert [exercise(1, rule=rule).rule for rule in RULES] == list(RULES)
    assert isinstance(exercise(1), Exercise)
