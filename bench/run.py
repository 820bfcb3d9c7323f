"""Train the same plans on every path of ours and on every peer, alternated, and write a table.

Run by ``make bench``; ``--help`` lists the options, README.md says how to read the table. No twin.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import select
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from contenders import FIRST_FIT
from workloads import TARGETS, Target, Workload, workloads, write_workload

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent

#: The same sums in another order: what 20,000 updates make of the last digit, with room.
AGREE = 1e-9
#: Portable arithmetic gives the same bits, or it is not portable.
SAME = 0.0
#: brain.js keeps its numbers in float32, with 7 digits, which the updates wear down.
FLOAT32 = 1e-3

#: Seconds between two runs, so that threads that still wait for work do not take the next one's
#: cores.
PAUSES = {"full": 0.1, "quick": 0.03, "tiny": 0.0}


class Contender(NamedTuple):
    """A path of ours or a peer.

    Attributes
    ----------
    language : str
        "python", "R" or "js": whose contenders file knows it.
    against : str
        Of ours, the one whose time its own is divided by in the table.
    reference : str or None
        Whose weights it must arrive at, where its note does not say otherwise.
    tolerance : float
        The largest difference allowed, over the largest weight.
    environment : dict
        Set for its process.
    """

    language: str
    against: str
    reference: str | None = "python"
    tolerance: float = AGREE
    environment: Mapping[str, str] = MappingProxyType({})


OFF = {"TWINPROP_KERNEL": "off"}

CONTENDERS = {
    "python": Contender("python", "python"),
    "python, kernel off": Contender("python", "python", environment=OFF),
    "python, portable": Contender("python", "python"),
    "products": Contender("python", "python", None),
    "dgemm": Contender("python", "python", None),
    "jax": Contender("python", "python"),
    "torch": Contender("python", "python"),
    "scikit-learn": Contender("python", "python"),
    "R": Contender("R", "R"),
    "R, kernel off": Contender("R", "R", environment=OFF),
    "R, portable": Contender("R", "R", "python, portable", SAME),
    "R, output first": Contender("R", "R", None),
    "AMORE": Contender("R", "R", "R, output first"),
    "ANN2": Contender("R", "R", None),
    "deepnet": Contender("R", "R", None),
    "nnet": Contender("R", "R", None),
    "RSNNS": Contender("R", "R", None),
    "neuralnet": Contender("R", "R", None),
    "js": Contender("js", "js"),
    "js, portable": Contender("js", "js", "python, portable", SAME),
    "js, rule of Toy-NN": Contender("js", "js", None),
    "brain.js": Contender("js", "js", "python", FLOAT32),
    "Toy-NN": Contender("js", "js", "js, rule of Toy-NN"),
}

OURS = ("python", "R", "js")


def is_ours(name: str) -> bool:
    return name.split(",")[0] in OURS


class Options(NamedTuple):
    """What the command line says about where things are."""

    python: str
    threads: int
    limit: float
    pause: float = 0.0


class Absent(Exception):
    """A contender that takes no part, with the reason."""


def environment(options: Options, extra: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a contender: the same number of threads for all."""
    path = os.environ.get("PYTHONPATH")
    threads = str(options.threads)
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(ROOT / "python"), *([path] if path else [])]),
        **dict.fromkeys(
            ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS"),
            threads,
        ),
        **extra,
    }


def command(name: str, options: Options) -> list[str]:
    language = CONTENDERS[name].language
    program = {"python": options.python, "R": "Rscript", "js": "node"}[language]
    ending = {"python": "py", "R": "R", "js": "mjs"}[language]
    if shutil.which(program) is None:
        raise Absent(f"no {program} here")
    return [program, str(HERE / f"contenders.{ending}"), name]


class Worker:
    """The process of a contender; see contenders.py for what it is asked."""

    def __init__(self, name: str, options: Options, folder: Path) -> None:
        self.errors = folder / f"{name.replace(' ', '-')}.err"
        self.limit = options.limit
        with self.errors.open("w") as errors:
            self.process = subprocess.Popen(
                command(name, options),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=environment(options, CONTENDERS[name].environment),
            )
        self.rest = b""

    def ask(self, **request: Any) -> dict[str, Any]:
        """Return the answer to a request, or raise Absent."""
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(json.dumps(request).encode() + b"\n")
            self.process.stdin.flush()
        until = time.monotonic() + self.limit
        while True:
            line = self._line(until)
            if line.startswith(b"BENCH "):
                reply: dict[str, Any] = json.loads(line[6:])
                if "absent" in reply:
                    raise Absent(reply["absent"])
                return reply

    def _line(self, until: float) -> bytes:
        assert self.process.stdout is not None
        while b"\n" not in self.rest:
            left = until - time.monotonic()
            if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
                self.close()
                raise Absent(f"took more than {self.limit:g} s")
            read = os.read(self.process.stdout.fileno(), 65536)
            if not read:
                self.close()
                raise Absent(f"failed: {last_words(self.errors.read_text())}")
            self.rest += read
        line, self.rest = self.rest.split(b"\n", 1)
        return line

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            with contextlib.suppress(BrokenPipeError):
                if pipe is not None:
                    pipe.close()


def last_words(errors: str) -> str:
    """Return the line that says why a program failed; R and node say more after it."""
    lines = [line.strip() for line in errors.splitlines() if line.strip()]
    telling = [line for line in lines if "Error" in line] or lines
    return telling[-1] if telling else "without a word"


def say(*words: Any) -> None:
    print(*words, file=sys.stderr, flush=True)


def alternated(names: list[str], rounds: int) -> list[list[str]]:
    """Return the order of each round: every second one backwards, each begun elsewhere."""
    orders = []
    for i in range(rounds if names else 0):
        turned = names[i % len(names) :] + names[: i % len(names)]
        orders.append(turned[::-1] if i % 2 else turned)
    return orders


def train_all(
    workload: Workload,
    names: list[str],
    workers: dict[str, Worker],
    rounds: int,
    options: Options,
    folder: Path,
) -> dict[str, dict[str, Any]]:
    """Return what each contender came to on a workload; `seconds` is a list of the rounds."""
    data = folder / "data"
    size = write_workload(workload, data)
    rows: dict[str, dict[str, Any]] = {}
    there = []
    slow = set()

    def run(name: str, keep: bool) -> None:
        answer = workers[name].ask(run=True)
        row = rows[name]
        if keep:
            row["seconds"].append(answer.pop("seconds"))
            row["calls"].append(answer.pop("call"))
        row.update({key: value for key, value in answer.items() if key not in ("seconds", "call")})
        time.sleep(options.pause)

    for name in names:
        rows[name] = {"seconds": [], "calls": [], "data_bytes": size}
        try:
            if name not in workers:
                workers[name] = Worker(name, options, folder)
            rows[name].update(workers[name].ask(load=str(data)))
            # Not counted: caches fill, code is compiled. Unless one run is all there is time for.
            started = time.monotonic()
            run(name, keep=False)
            if time.monotonic() - started > options.limit / 10:
                slow.add(name)
            there.append(name)
        except Absent as reason:
            leave(name, rows, workers, reason)
    for i, order in enumerate(alternated(there, rounds)):
        for name in order:
            if name in workers and "absent" not in rows[name] and (i == 0 or name not in slow):
                try:
                    run(name, keep=True)
                except Absent as reason:
                    leave(name, rows, workers, reason)
        say(f"  round {i + 1} of {rounds}")
    compare_weights(rows, workers, folder)
    return rows


def leave(
    name: str, rows: dict[str, dict[str, Any]], workers: dict[str, Worker], reason: Absent
) -> None:
    rows[name]["absent"] = str(reason)
    worker = workers.get(name)
    if worker is not None and worker.process.poll() is not None:
        del workers[name]
    say(f"  {name}: {reason}")


def compare_weights(
    rows: dict[str, dict[str, Any]], workers: dict[str, Worker], folder: Path
) -> None:
    """Set `difference` (and `agree`) where a contender's weights can be compared."""
    weights = {}
    for name, row in rows.items():
        file = folder / "parameters.bin"
        if "absent" not in row and workers[name].ask(parameters=str(file))["written"]:
            weights[name] = np.fromfile(file, dtype="<f8")
    for name, found in weights.items():
        contender = CONTENDERS[name]
        reference = weights.get(contender.reference or "")
        if reference is not None and contender.reference != name:
            difference = float(np.abs(found - reference).max() / np.abs(reference).max())
            rows[name]["reference"] = contender.reference
            rows[name]["difference"] = difference
            rows[name]["agree"] = difference <= contender.tolerance  # and NaN does not agree


def measure_memory(
    workload: Workload, names: list[str], options: Options, folder: Path
) -> dict[str, dict[str, Any]]:
    """Return the peaks of a process that loads the data and trains, and of one that only imports.

    Both as the operating system has them (VmHWM).
    """
    size = write_workload(workload, folder / "data")
    rows: dict[str, dict[str, Any]] = {}
    for name in names:
        peaks = []
        try:
            for requests in ([{"import": True}], [{"load": str(folder / "data")}, {"run": True}]):
                worker = Worker(name, options, folder)
                try:
                    for request in requests:
                        worker.ask(**request)
                    peaks.append(worker.ask(peak=True)["bytes"])
                finally:
                    worker.close()
            if None in peaks:
                raise Absent("no /proc here")
            rows[name] = {
                "packages": peaks[0],
                "peak": peaks[1],
                "data": size,
                "ratio": (peaks[1] - peaks[0]) / size,
            }
        except Absent as reason:
            rows[name] = {"absent": str(reason)}
    return rows


R_FIT = """
library(twinprop)
run <- tp_train(
  tp_network(c(2, 4, 1)), rbind(c(0, 0), c(0, 1), c(1, 0), c(1, 1)), c(0, 1, 1, 0), epochs = 10
)
"""
R_NNET = """
library(nnet)
model <- nnet(
  rbind(c(0, 0), c(0, 1), c(1, 0), c(1, 1)), c(0, 1, 1, 0), size = 4, maxit = 10, trace = FALSE
)
"""
JS_FIT = f"""
import {{ Network }} from "{(ROOT / "inst" / "js" / "index.js").as_uri()}";
const x = [[0, 0], [0, 1], [1, 0], [1, 1]];
new Network([2, 4, 1]).train(x, [[0], [1], [1], [0]], {{ epochs: 10 }});
"""


def measure_starts(rounds: int, options: Options) -> dict[str, dict[str, Any]]:
    """Return the seconds of whole processes: start, import, a first small fit, end."""
    programs = {
        "Python alone": [options.python, "-c", "pass"],
        **{name: [options.python, "-c", code] for name, code in FIRST_FIT.items()},
        "Rscript alone": ["Rscript", "-e", "invisible()"],
        "R": ["Rscript", "-e", R_FIT],
        "nnet": ["Rscript", "-e", R_NNET],
        "node alone": ["node", "-e", ""],
        "js": ["node", "--input-type=module", "-e", JS_FIT],
    }
    rows: dict[str, dict[str, Any]] = {name: {"seconds": []} for name in programs}
    for i, order in enumerate([list(programs), *alternated(list(programs), rounds)]):
        for name in order:
            if "absent" in rows[name]:
                continue
            started = time.perf_counter()
            try:
                done = subprocess.run(
                    programs[name], env=environment(options, {}), capture_output=True, text=True
                )
            except FileNotFoundError:
                rows[name]["absent"] = f"no {programs[name][0]} here"
                continue
            seconds = time.perf_counter() - started
            if done.returncode != 0:
                missing = "No module named" in done.stderr or "no package called" in done.stderr
                why = f"failed: {last_words(done.stderr)}"
                rows[name]["absent"] = "not installed" if missing else why
            elif i > 0:  # the first round fills the system's caches
                rows[name]["seconds"].append(seconds)
    return rows


def median(row: dict[str, Any] | None, per: str = "epoch") -> float | None:
    """Return the median seconds of a row, of the whole plan or for a "pass" or an "update"."""
    if row is None or not row.get("seconds"):
        return None
    work = {"epoch": 1, "pass": row.get("passes", 1), "update": row.get("updates", 1)}[per]
    return statistics.median(row["seconds"]) / work


def ratio(ours: dict[str, Any], peer: dict[str, Any], per: str) -> float | None:
    """Return how many times as long the peer takes: the median of the rounds, each with its own.

    Where one of them ran in fewer rounds, the medians' ratio.
    """
    mine, theirs = median(ours, per), median(peer, per)
    if mine is None or theirs is None:
        return None
    if len(ours["seconds"]) != len(peer["seconds"]):
        return theirs / mine
    pairs = statistics.median(q / p for p, q in zip(ours["seconds"], peer["seconds"]))
    whole_mine, whole_theirs = median(ours), median(peer)
    assert whole_mine is not None
    assert whole_theirs is not None
    return pairs * (theirs / mine) / (whole_theirs / whole_mine)


def reached(target: Target, results: dict[str, Any]) -> float | None:
    """Return the number that a target is about, or None where it was not measured."""
    if target.kind == "memory":
        found = results["memory"].get(target.workload, {}).get(target.ours, {}).get("ratio")
        return None if found is None else float(found)
    rows = results["start"] if target.workload == "start" else None
    if rows is None:
        rows = results["workloads"].get(target.workload, {}).get("contenders", {})
    ours = rows.get(target.ours)
    peer = None if target.peer is None else rows.get(target.peer)
    mine, theirs = median(ours), median(peer)
    if ours is None or mine is None or target.blas not in ours.get("blas", "").lower():
        return None
    if target.kind == "start":
        if target.peer is None:
            return mine
        return None if theirs is None else mine - theirs
    if peer is None or theirs is None:
        return None
    found = ratio(ours, peer, target.per)
    # the others count how many times our time fits into theirs; this, theirs into ours
    return 1 / found if found is not None and target.most is not None else found


def verdicts(results: dict[str, Any]) -> list[dict[str, Any]]:
    rows = []
    for target in TARGETS:
        found = reached(target, results)
        if found is None:
            verdict = "not measured"
        elif target.least is not None:
            verdict = "met" if found >= target.least else "not met"
        else:
            assert target.most is not None
            verdict = "met" if found <= target.most else "not met"
        rows.append({**target._asdict(), "reached": found, "verdict": verdict})
    return rows


def machine(options: Options) -> dict[str, Any]:
    processor = platform.processor() or platform.machine()
    with contextlib.suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        processor = next(s.split(":")[1].strip() for s in lines if s.startswith("model name"))
    return {
        "date": date.today().isoformat(),
        "system": f"{platform.system()} {platform.machine()}",
        "processor": processor,
        "cores": os.cpu_count(),
        "threads": options.threads,
        "load": os.getloadavg()[0],
    }


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=("full", "quick", "tiny"), default="full")
    parser.add_argument("--rounds", type=int, help="default: 7, quick 3, tiny 2")
    parser.add_argument(
        "--only", help='workloads by name, "start" and "memory", with commas between'
    )
    parser.add_argument("--ours", action="store_true", help="leave the peers out")
    parser.add_argument("--contenders", help="only these, with semicolons between")
    parser.add_argument("--threads", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument(
        "--python",
        default=os.environ.get("BENCH_PYTHON", sys.executable),
        help="the Python that has the peers (default: BENCH_PYTHON, or this one)",
    )
    parser.add_argument("--limit", type=float, default=600.0, help="seconds for one run")
    parser.add_argument("--json", type=Path, help="where the numbers go")
    parser.add_argument("--markdown", type=Path, help="where the tables go, between its markers")
    given = parser.parse_args(arguments)
    if os.environ.get("BENCH_R_LIBS"):
        libraries = [os.environ["R_LIBS"]] if os.environ.get("R_LIBS") else []
        os.environ["R_LIBS"] = os.pathsep.join([*libraries, os.environ["BENCH_R_LIBS"]])
    options = Options(given.python, given.threads, given.limit, PAUSES[given.size])
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))[: given.threads]
        os.sched_setaffinity(0, cores)
    rounds = given.rounds or {"full": 7, "quick": 3, "tiny": 2}[given.size]
    wanted = None if given.only is None else given.only.split(",")
    chosen = None if given.contenders is None else given.contenders.split(";")
    parts = [*(workload.name for workload in workloads()), "memory", "start"]
    for option, names, known in (("only", wanted, parts), ("contenders", chosen, CONTENDERS)):
        for name in names or ():
            if name not in known:
                parser.error(f"--{option}: no {name!r}, only {', '.join(known)}")

    def taking_part(workload: Workload) -> list[str]:
        return [
            name
            for name in workload.contenders
            if (chosen is None or name in chosen) and (is_ours(name) or not given.ours)
        ]

    results: dict[str, Any] = {
        "size": given.size,
        "rounds": rounds,
        "machine": machine(options),
        "workloads": {},
        "memory": {},
        "start": {},
    }
    workers: dict[str, Worker] = {}
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        try:
            for workload in workloads(given.size):
                if wanted is not None and workload.name not in wanted:
                    continue
                say(f"{workload.name}: {workload.title}")
                rows = train_all(workload, taking_part(workload), workers, rounds, options, folder)
                results["workloads"][workload.name] = {
                    "title": workload.title,
                    "plan": workload.plan,
                    "contenders": rows,
                }
        finally:
            for worker in workers.values():
                worker.close()
        if wanted is None or "memory" in wanted:
            say("memory")
            last = workloads(given.size)[-1]
            results["memory"][last.name] = measure_memory(last, taking_part(last), options, folder)
    if wanted is None or "start" in wanted:
        say("start")
        results["start"] = measure_starts(rounds, options)
    results["machine"]["load afterwards"] = os.getloadavg()[0]
    results["targets"] = verdicts(results)

    from table import tables, write_between_markers

    text = tables(results)
    print(text)
    if given.json is not None:
        given.json.write_text(json.dumps(results, indent=1) + "\n")
    if given.markdown is not None:
        write_between_markers(given.markdown, text)
    apart = [
        f"{workload}: {name}"
        for workload, found in results["workloads"].items()
        for name, row in found["contenders"].items()
        if row.get("agree") is False
    ]
    if apart:
        say("These arrived at other weights: " + "; ".join(apart))
    return 1 if apart else 0


if __name__ == "__main__":
    sys.exit(main())
