# Writes tests/cases/ from the oracle, or checks it. Twins: none.
"""python tests/oracle/make_cases.py [--check] [NAME ...]

Without ``--check`` each case is written only if it is well-conditioned; with it nothing is written
and the exit status says whether the committed files are, byte for byte, what would be written.
"""

import json
import math
import sys
from pathlib import Path

import diagnose_plans
import error_plans
import exercise_plans
import explain_plans
import explanation
import model_oracle
import model_plans
import portable
import rules_oracle
import rules_plans
from case_plans import PLANS

import oracle

CASES = Path(__file__).resolve().parent.parent / "cases"
# The largest change of a group of results (section 10's measure) that rounding may cause.
CONDITION = 1e-12


def text(value, indent=0):
    """JSON with one key a line and lists on one line; floats as repr writes them."""
    if isinstance(value, dict) and value:
        pad = "  " * (indent + 1)
        lines = [f"{pad}{json.dumps(key)}: {text(item, indent + 1)}" for key, item in value.items()]
        return "{\n" + ",\n".join(lines) + "\n" + "  " * indent + "}"
    if isinstance(value, list) and value and isinstance(value[0], dict):
        pad = "  " * (indent + 1)
        return (
            "[\n"
            + ",\n".join(pad + text(item, indent + 1) for item in value)
            + "\n"
            + "  " * indent
            + "]"
        )
    return json.dumps(value, allow_nan=False, ensure_ascii=False)


def table_text(value):
    """JSON as `text` has it, but with a line for each row of the table."""
    content = text({**value, "rows": []})
    rows = ",\n".join("    " + text(row) for row in value["rows"])
    return content.replace('"rows": []', f'"rows": [\n{rows}\n  ]')


def numbers(value):
    """All numbers in nested lists, in order."""
    if isinstance(value, list):
        return [number for item in value for number in numbers(item)]
    return [value]


def distance(p, q, size=None):
    """Section 10: the largest difference against the largest value of the reference q."""
    p, q = numbers(p), numbers(q)
    if len(p) != len(q):
        raise ValueError("shapes differ")
    largest = max((abs(v) for v in (numbers(size) if size is not None else q)), default=0.0)
    difference = max((abs(a - b) for a, b in zip(p, q)), default=0.0)
    return 0.0 if difference == 0 else difference / largest if largest else float("inf")


def recorded(result):
    """The recorded steps of a result."""
    return result.get("recording", {"steps": []})["steps"]


def distances(p, q):
    """The distance of every group of two results of ``oracle.train``, by the group's name."""
    found = {}
    if q["first_update"]:
        first, reference = p["first_update"], q["first_update"]
        for key in ("z", "a", "e", "delta"):
            # An output error is a small difference of outputs.
            size = [reference["e"], reference["a"][-1]] if key == "e" else None
            found[f"first_update.{key}"] = distance(first[key], reference[key], size)
        for key in ("grad", "new"):
            pair = [f"{key}_weights", f"{key}_biases"]
            found[f"first_update.{key}"] = distance(
                [first[k] for k in pair], [reference[k] for k in pair]
            )
    for s, t in zip(p["snapshots"], q["snapshots"], strict=True):
        at = f"snapshot {t['updates']}"
        found[f"{at}.cost"] = distance(s["cost"], t["cost"])
        found[f"{at}.weights"] = distance([s["weights"], s["biases"]], [t["weights"], t["biases"]])
    for s, t in zip(recorded(p), recorded(q), strict=True):
        at = f"step {t['update']}"
        found[f"{at}.cost"] = distance(s["cost"], t["cost"])
        found[f"{at}.weights"] = distance([s["weights"], s["biases"]], [t["weights"], t["biases"]])
        # An output error is a small difference of outputs, which are of the size of 1 here.
        found[f"{at}.e"] = distance(s["e"], t["e"], [t["e"], 1.0])
        pair = [[one["grad_weights"], one["grad_biases"]] for one in (s, t)]
        found[f"{at}.grad"] = distance(*pair)
    p, q = p["run"], q["run"]
    found["run.weights"] = distance([p["weights"], p["biases"]], [q["weights"], q["biases"]])
    found["run.outputs"] = distance(p["outputs"], q["outputs"])
    found["run.errors"] = distance(p["errors"], q["errors"], q["outputs"])
    costs = [[r["initial_cost"], r["cost"], r["final_cost"]] for r in (p, q)]
    found["run.cost"] = distance(*costs)
    return found


def groups(rows):
    """The values of an explained step's rows, group by group, and the size of each group.

    A group is a quantity of a layer: "activation 2 a". An error is a small difference of
    activations, and the change one of costs: they have the size of these.
    """
    found, largest = {}, {}
    for stage, _, layer, _, _, symbol, value in rows:
        letter = symbol.split("[")[0].split("_")[0].split("^")[0]
        found.setdefault(f"{stage} {layer} {letter}", []).append(value)
        largest[stage] = max(largest.get(stage, 0.0), abs(value))
    sizes = {}
    for group, values in found.items():
        stage = group.split()[0]
        of = {"change": "cost"}.get(stage, "activation" if "error" in stage else None)
        sizes[group] = max([abs(v) for v in values] + [largest[of] if of else 0.0])
    return found, sizes


def perturbations(plan, compute=oracle.train):
    """Two reruns whose differences show the conditioning: moved weights, and moved activations."""
    network, _, _, _ = oracle.complete(plan)
    weights, biases = oracle.starting_weights(network)
    stream = oracle.Random(1)

    def flip(size):
        return 1 + (size if stream.uniform() < 0.5 else -size)

    moved = [[[v * flip(1e-15) for v in row] for row in w] for w in weights]
    yield compute(plan, start=(moved, [[v * flip(1e-15) for v in b] for b in biases]))
    yield compute(plan, nudge=lambda v: v * flip(2.2e-16))


def condition(plan, expected):
    """The group that rounding moves most, and how far."""
    worst = {}
    for result in perturbations(plan):
        for group, value in distances(result, expected).items():
            worst[group] = max(value, worst.get(group, 0.0))
    return max(worst.items(), key=lambda item: item[1])


def rules_distance(p, q):
    """How far two results of ``rules_oracle.compare`` are apart, each number as suites judge it.

    A cosine and a denominator are held against 1, a length ratio and a cost against themselves, a
    change against the largest of its rule. What is no number has to be the same.
    """
    worst = 0.0
    for name in ("table", "steps", "costs", "summary"):
        for found, wanted in zip(p[name], q[name], strict=True):
            for key, value in wanted.items():
                if value is None or isinstance(value, str | bool) or math.isinf(value):
                    if found[key] != value:
                        return math.inf
                    continue
                if "cosine" in key or key in ("lowers_cost", "smallest_denominator"):
                    size = 1.0
                elif key == "change":
                    mine = (row["change"] for row in q[name] if row["rule"] == wanted["rule"])
                    size = max(abs(v) for v in mine if v is not None and not math.isinf(v))
                else:
                    size = abs(value)
                gap = abs(found[key] - value)
                worst = max(worst, 0.0 if gap == 0 else gap / size)
    return worst


def rules_files(names, conditioned):
    """Yield (path, text) of the cases of section 13."""
    for name, feature, plan, how in rules_plans.CASES:
        if names and name not in names:
            continue
        expected = rules_oracle.compare(plan, **how)
        if conditioned:
            apart = rules_distance(
                rules_oracle.compare(plan, **how, nudged=oracle.Random(1)), expected
            )
            if not apart <= CONDITION:
                raise SystemExit(f"{name} is badly conditioned: rounding moves it by {apart:.1e}")
        for row in expected["steps"]:
            if row["change"] == math.inf:
                row["change"] = "Inf"  # which JSON has no number for
        columns = {
            table: {key: [row[key] for row in rows] for key in rows[0]}
            for table, rows in expected.items()
        }
        case = {"name": name, "feature": feature, "plan": plan, **how, "expected": columns}
        yield CASES / "rules" / f"{name}.json", text(case) + "\n"


def explained_condition(plan, rows):
    """The group of an explained step that rounding moves most, and how far."""
    values, sizes = groups(rows)
    worst = {}
    for moved in perturbations(plan, explanation.explain):
        for group, found in groups(moved)[0].items():
            value = distance(found, values[group], sizes[group])
            worst[group] = max(value, worst.get(group, 0.0))
    return max(worst.items(), key=lambda item: item[1])


def refuse_if_moved(name, group, moved):
    if not moved <= CONDITION:
        raise SystemExit(f"{name} is badly conditioned: rounding moves {group} by {moved:.1e}")


def files(names=(), conditioned=False):
    """Yield (path, text) of every file, the cases first."""
    seen = set()
    for name, feature, plan in PLANS:
        if name in seen:
            raise SystemExit(f"two cases are named {name}")
        seen.add(name)
        if names and name not in names:
            continue
        if plan.get("training", {}).get("arithmetic") == "portable":
            expected = portable.train(plan)  # the same bits everywhere, however it is conditioned
        else:
            expected = oracle.train(plan)
            if conditioned:
                refuse_if_moved(name, *condition(plan, expected))
        case = {"name": name, "feature": feature, "plan": plan, "expected": expected}
        yield CASES / f"{name}.json", text(case) + "\n"
    yield from rules_files(names, conditioned)
    yield from explained_files(names, conditioned)
    yield from model_files(names)
    yield from exercise_files(names, conditioned)
    if not names:
        for group, cases in error_plans.GROUPS.items():
            yield CASES / "errors" / f"{group}.json", text(cases) + "\n"
        for group, cases in diagnose_plans.GROUPS.items():
            yield CASES / "diagnose" / f"{group}.json", text(cases) + "\n"


def model_files(names):
    """Yield (path, text) of the cases of section 16; they are named model/NAME."""
    for name, feature, model, rows in model_plans.MODELS:
        if names and f"model/{name}" not in names:
            continue
        expected = model_oracle.predict(model, rows)
        case = {
            "name": name,
            "feature": feature,
            "model": model,
            "rows": rows,
            "expected": expected,
        }
        yield CASES / "model" / f"{name}.json", text(case) + "\n"
    if not names or "model/errors" in names:
        lines = ",\n".join("  " + json.dumps(case) for case in model_plans.ERRORS)
        yield CASES / "model" / "errors.json", f"[\n{lines}\n]\n"


def explained_files(names, conditioned):
    """Yield (path, text) of the explained steps' files; they are named explain/NAME."""
    for short, feature, plan in explain_plans.PLANS:
        name = f"explain/{short}"
        if names and name not in names:
            continue
        rows = explanation.explain(plan)
        if conditioned:
            refuse_if_moved(name, *explained_condition(plan, rows))
        case = {"name": short, "feature": feature, "plan": plan, "rows": rows}
        yield CASES / f"{name}.json", table_text(case) + "\n"


def exercise_files(names, conditioned):
    """Yield (path, text) of the exercises' files; they are named exercise/NAME."""
    for short, feature, how, marked in exercise_plans.CASES:
        name = f"exercise/{short}"
        if names and name not in names:
            continue
        if conditioned:
            drawn = exercise_plans.Exercise(**how)
            refuse_if_moved(name, *explained_condition(drawn.plan, drawn.rows))
        content = text(exercise_plans.case(short, feature, how, marked))
        yield CASES / f"{name}.json", content + "\n"


def main(arguments):
    check = "--check" in arguments
    names = [a for a in arguments if not a.startswith("-")]
    wrong, written = [], set()
    for path, content in files(names, conditioned=not check):
        written.add(path)
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != content:
            wrong.append(f"{path.name} is not what the oracle writes")
    if not names:
        for path in sorted(set(CASES.rglob("*.json")) - written):
            wrong.append(f"{path.name} is not written by the oracle")
    done = "are as they should be" if check else "written"
    print("\n".join(wrong) if wrong else f"{len(written)} files {done}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
