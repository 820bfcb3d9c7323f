"""Bad plans and models: Python, R and JavaScript give the same message, word for word.

The texts are made of a good plan and a good model: each of their values left out, or replaced by
each of many that are wrong. Where the text is no JSON the parser's own words follow; the start is
the same.
"""

import copy
import json
import subprocess

import pytest

from twinprop import Model, Network, TwinpropError
from twinprop.model_file import format_model, parse_model
from twinprop.plan import parse_plan
from twinprop.r_bridge import r_environment
from twinprop.resources import js_folder

PLAN = {
    "format": "twinprop-plan/1",
    "network": {
        "layers": [2, 2, 1],
        "activations": ["tanh", "sigmoid"],
        "init": "he",
        "seed": 1,
        "weights": [[[1, 2], [3, 4]], [[5, 6]]],
        "biases": [[1, 2], [3]],
    },
    "training": {
        "cost": "half_mse",
        "rule": "gradient",
        "update_order": "simultaneous",
        "optimizer": {"name": "adam", "learning_rate": 0.1, "betas": [0.9, 0.99], "eps": 1e-8},
        "batch_size": 1,
        "epochs": 1,
        "shuffle": False,
        "seed": 1,
        "snapshots": [1, 2],
        "record": 2,
        "dropout": [0.5],
        "clip_norm": 1,
        "schedule": {"name": "step", "gamma": 0.5, "every": 2},
    },
    "data": {"x": [[0, 1], [1, 1]], "d": [[0], [1]], "sample_weight": [1, 2]},
}
MODEL = json.loads(
    format_model(
        Model(
            Network([3, 1], "sigmoid"),
            "classification",
            {
                "columns": [
                    {"name": "a", "kind": "numeric"},
                    {"name": "b", "kind": "factor", "levels": ["x", "y"], "ordered": False},
                    {"name": "c", "kind": "logical"},
                ],
                "terms": [
                    {"name": "a", "parts": [{"column": "a"}]},
                    {"name": "by", "parts": [{"column": "b", "coding": [0, 1]}]},
                    {"name": "c", "parts": [{"column": "c", "coding": [0, 1]}]},
                ],
                "center": [0, 0, 0],
                "scale": [1, 1, 1],
            },
            {"names": ["y"], "levels": ["no", "yes"], "center": None, "scale": None},
            training={"seed": 1},
        )
    )
)
HOSTILE = "</script>\x1b[31m\u202e'\"; DROP TABLE a;--\\" + "x" * 200
BAD = [
    None, -1, 0.5, 1e300, True, "", "no such thing", HOSTILE, "__proto__", "constructor", [], [[]],
    [None], ["a"], [1e300, -1], [0.5, 0.5, 0.5, 0.5], {}, {"a": 1}, {"__proto__": {"name": "x"}},
]  # fmt: skip

#: Texts that no writer of JSON makes.
TEXTS = [
    "", "null", "1", '"a"', "[]", "[1]", "true",
    "[" * 100_000, '{"a":' * 100_000, "[" * 101 + "]" * 101, "[" * 100 + "]" * 100,
    '{"format": 1, "format": 2}', '{"a": {"b": 1, "\\u0062": 2}, "a": 2}', '{"": 1, "": 1}',
    '{"__proto__": 1, "__proto__": 1}', '{"__proto__": 1}', '{"toString": 1, "toString": 1}',
    '{"format": "a\\u0000b"}', '{"format": "\\ud800"}', '{"\\udc00": 1}', '{"format": "\\\\u0000"}',
    '{"format": "\\ud83d\\ude00"}', '{"format": "\\u001b[31m\\u202e\\u2028"}',
    '{"format": ' + "1" * 100_000 + "}", '{"format": -1' + "0" * 400 + "}", '{"format": 1e400}',
    '{"format": 1e-400}', '{"format": -0.0}', '{"format": "' + "x" * 1_000_000 + '"}',
    '{"format": "' + "\\\\" * 100_000 + '"}', '{"format": [NaN]}', '{"format": Infinity}',
    '{"format": 01}', '{"format": 0x1}', "{'format': 1}", '{"format": 1,}', "{} {}", "{}//",
    "\ufeff{}", '{"format": "a\nb"}', "\x00", '{"format"', "{", '"', "\\",
]  # fmt: skip


def places(value, before=()):
    """The way to each value in a tree; of lists only to the first two."""
    yield before
    entries = value.items() if isinstance(value, dict) else ()
    if isinstance(value, list):
        entries = enumerate(value[:2])
    for key, entry in entries:
        yield from places(entry, (*before, key))


def changed(tree):
    """Each value of a tree left out, each replaced by each of BAD, each object with more in it."""
    for place in places(tree):
        if not place:
            continue
        *way, last = place
        for bad in [*BAD, ...]:
            result = copy.deepcopy(tree)
            inside = result
            for key in way:
                inside = inside[key]
            if bad is ...:
                del inside[last]
            else:
                inside[last] = bad
            yield json.dumps(result)


def texts(what):
    return [*TEXTS, *changed({"plan": PLAN, "model": MODEL}[what])]


def by_python(what):
    read = {"plan": parse_plan, "model": parse_model}[what]

    def said(text):
        try:
            read(text)
        except TwinpropError as error:
            return str(error)
        return None

    return [said(text) for text in texts(what)]


JS = """
import { readFileSync, writeFileSync } from "node:fs";
const { MLP, readPlan, TwinpropError } = await import(process.argv[2]);
const read = { plan: readPlan, model: (text) => MLP.fromJSON(text) }[process.argv[3]];
const said = JSON.parse(readFileSync(process.argv[4], "utf8")).map((text) => {
  try {
    read(text);
    return null;
  } catch (error) {
    return error instanceof TwinpropError ? error.message : error.stack;
  }
});
writeFileSync(process.argv[5], JSON.stringify(said));
"""

R = """
a <- commandArgs(TRUE)
read <- list(plan = twinprop::tp_read_plan, model = twinprop::tp_read_model)[[a[1]]]
paths <- file.path(a[2], seq_len(as.integer(a[3])))
said <- vapply(paths, function(path) {
  tryCatch({
    read(path)
    ""
  }, twinprop_error = conditionMessage, error = function(e) paste("R:", conditionMessage(e)))
}, "")
writeLines(jsonlite::toJSON(enc2utf8(unname(said))), a[4], useBytes = TRUE)
"""


def by_js(what, folder):
    (folder / "said.mjs").write_text(JS, encoding="utf-8")
    (folder / "texts.json").write_text(json.dumps(texts(what)), encoding="utf-8")
    subprocess.run(
        [
            "node", folder / "said.mjs", js_folder() / "index.js", what, folder / "texts.json",
            folder / "js.json",
        ],
        check=True,
    )  # fmt: skip
    return json.loads((folder / "js.json").read_text(encoding="utf-8"))


def by_r(what, folder):
    given = texts(what)
    for i, text in enumerate(given, 1):
        (folder / str(i)).write_bytes(text.encode())
    (folder / "said.R").write_text(R, encoding="utf-8")
    subprocess.run(
        ["Rscript", folder / "said.R", what, folder, str(len(given)), folder / "r.json"],
        check=True,
        env=r_environment(),
    )
    found = json.loads((folder / "r.json").read_text(encoding="utf-8"))
    return [said or None for said in found]


#: The parser's own words follow.
OWN_WORDS = "is not valid JSON: "


@pytest.mark.parametrize("what", ["plan", "model"])
def test_all_say_the_same(what, tmp_path):
    python, r, js = by_python(what), by_r(what, tmp_path), by_js(what, tmp_path)
    refused = [said for said in python if said is not None]
    assert len(refused) > 0.9 * len(python), "hardly anything is wrong"
    assert len(set(refused)) > 200, "there are hardly any messages"
    for text, *said in zip(texts(what), python, r, js, strict=True):
        if said[0] is not None and OWN_WORDS in said[0]:
            said = [message and message.split(OWN_WORDS)[0] for message in said]
        assert said[0] == said[1] == said[2], text[:300]
