"""The command line: twinprop, or python -m twinprop.

Twins: none; R and JavaScript run plans by tp_run() and run.js.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
import warnings
from collections.abc import Sequence
from pathlib import Path

from twinprop import kernel
from twinprop.datasets import dataset_names
from twinprop.errors import InputError, TwinpropError
from twinprop.model_commands import add_model_commands
from twinprop.version import __version__

#: Not asked of twinprop.engines, which takes a while to load.
ENGINES = ["python", "r", "rscript", "js", "torch"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status."""
    options = _parser().parse_args(arguments)
    try:
        status: int = options.command(options)
        sys.stdout.flush()
        return status
    except TwinpropError as error:
        print(f"Error: {error}", file=sys.stderr)
        try:
            sys.stdout.flush()
        except OSError:  # a full disk, which the error was about
            _give_up_output()
        return 2
    except BrokenPipeError:  # whoever read us has gone
        _give_up_output()
        return 141
    except OSError as error:  # a full disk below what was printed
        print(f'Error: cannot write "-": {error.strerror}', file=sys.stderr)
        _give_up_output()
        return 2
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


def _give_up_output() -> None:
    """Keep Python from trying again at exit to write what nobody can take, and complaining."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class _Version(argparse.Action):
    """Looks for the kernel only when it is asked."""

    def __call__(self, *_: object) -> None:
        having = "with" if kernel.available() else "without"
        print(f"twinprop {__version__} {having} its kernel")
        sys.exit()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="twinprop",
        description="One multilayer perceptron in Python, R and JavaScript.",
    )
    parser.add_argument(
        "--version",
        action=_Version,
        nargs=0,
        help="show the version, and whether the kernel is there",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    run = commands.add_parser(
        "run",
        help="train a plan",
        description="Train what a plan file says and write the run file.",
    )
    run.add_argument("plan", metavar="PLAN", help='the plan file; "-" is standard input')
    run.add_argument(
        "--engine",
        default="python",
        choices=ENGINES,
        help="who trains it (default: python)",
    )
    run.add_argument(
        "-o", "--output", metavar="RUN", default="-", help='the run file; "-" is standard output'
    )
    run.add_argument(
        "--progress", action="store_true", help="show the cost and the time left (engine python)"
    )
    run.set_defaults(command=_run)

    mark = commands.add_parser(
        "fingerprint",
        help="32 digits that stand for all numbers of a training",
        description="Print the fingerprint of a run's or a model's file, or of the run of a plan: "
        "32 digits that stand for its costs, weights and biases to the last bit.",
    )
    mark.add_argument("source", metavar="PLAN|RUN|MODEL", help='the file; "-" is standard input')
    mark.add_argument(
        "--engine", default="python", choices=ENGINES, help="who trains a plan (default: python)"
    )
    mark.set_defaults(command=_fingerprint)

    explain = commands.add_parser(
        "explain",
        help="write out one training step, every number with its equation",
        description="Write out the first update of a plan, or that by one sample of a data set.",
    )
    explain.add_argument(
        "source",
        metavar="DATASET|PLAN",
        help='a data set, or a plan file ("-" is standard input); data sets: '
        + ", ".join(dataset_names()),
    )
    explain.add_argument(
        "--sample",
        type=int,
        metavar="I",
        help="the sample, from 1, that makes the update by itself (default: the plan's first "
        "batch; of a data set, sample 1)",
    )
    explain.add_argument(
        "--neuron",
        action="append",
        type=_neuron,
        metavar="LAYER:NEURON",
        dest="neurons",
        help="only the equations of this neuron, as in 2:1; may be given several times",
    )
    explain.add_argument(
        "--format",
        default="text",
        choices=["text", "md", "html", "latex", "json"],
        help="default: text",
    )
    explain.add_argument(
        "-o", "--output", metavar="FILE", default="-", help='"-" is standard output (default)'
    )
    explain.set_defaults(command=_explain)

    exercise = commands.add_parser(
        "exercise",
        help="write the sheet of an exercise: one training step by hand",
        description="Write the sheet of an exercise, the same for the same seed in every language.",
    )
    exercise.add_argument("--seed", type=int, default=1, metavar="N", help="default: 1")
    exercise.add_argument(
        "--level",
        type=int,
        default=1,
        metavar="N",
        help="1: layers 2-2-1 (default), 2: 2-2-2, 3: 3-3-2 and numbers of two decimals",
    )
    exercise.add_argument("--key", action="store_true", help="add the teacher's key")
    exercise.add_argument("--format", default="text", choices=["text", "md"], help="default: text")
    exercise.set_defaults(command=_exercise)

    check = commands.add_parser(
        "crosscheck",
        help="prove that every engine gives the same errors and weights",
        description="Train the same plans on every engine and compare the results with Python's.",
        epilog="Exit status: 0 all agree, 1 something differs or a required engine is missing.",
    )
    check.add_argument(
        "datasets",
        metavar="DATASET",
        nargs="*",
        help="which data sets, or plan files (*.json) of your own (default: all data sets): "
        + ", ".join(dataset_names()),
    )
    check.add_argument("--json", metavar="FILE", help="write the same as JSON")
    check.add_argument(
        "--require",
        metavar="ENGINES",
        default="",
        help="engines that must be there, with commas: python,r,rscript,js,torch",
    )
    check.add_argument("--each", action="store_true", help="a line for every plan")
    check.set_defaults(command=_crosscheck)

    play = commands.add_parser(
        "play",
        help="open the page: watch the errors flow back, step by step",
        description="Serve the page on this machine and open it in the browser; Ctrl-C ends it.",
    )
    play.add_argument(
        "--port", type=int, default=0, metavar="PORT", help="default: one that is free"
    )
    play.add_argument(
        "--no-browser", action="store_true", help="only say where the page is; open nothing"
    )
    play.set_defaults(command=_play)

    add_model_commands(commands)
    return parser


def _run(options: argparse.Namespace) -> int:
    from twinprop.plan import read_plan, run_plan, write_run

    plan = read_plan(options.plan)
    if plan.dropped:
        print(f"{plan.dropped} rows with missing values are left out", file=sys.stderr)
    if options.engine == "python":
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            run = run_plan(plan, progress=options.progress)
        if len(run.cost) < plan.training["epochs"]:  # part of a run is no run of this plan
            raise KeyboardInterrupt
        for warning in caught:
            print(f"Warning: {warning.message}", file=sys.stderr)
    else:
        from twinprop.engines import run_plan_on

        run = run_plan_on(plan, options.engine)
    write_run(run, options.output)
    return 0


def _fingerprint(options: argparse.Namespace) -> int:
    from twinprop.fingerprint import fingerprint

    print(fingerprint(options.source, engine=options.engine))
    return 0


def _neuron(text: str) -> tuple[int, int]:
    layer, _, neuron = text.partition(":")
    try:
        return int(layer), int(neuron)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be like 2:1, got {text!r}") from None


def _explain(options: argparse.Namespace) -> int:
    from twinprop.explain import explain_plan
    from twinprop.plan import write_text

    explanation = explain_plan(options.source, sample=options.sample, neurons=options.neurons)
    write_text(explanation.report(options.format), options.output)
    return 0


def _exercise(options: argparse.Namespace) -> int:
    from twinprop.exercise import exercise
    from twinprop.plan import write_text

    task = exercise(options.seed, level=options.level)
    write_text(task.sheet(options.format, key=options.key), "-")
    return 0


def _crosscheck(options: argparse.Namespace) -> int:
    from twinprop.crosscheck import crosscheck
    from twinprop.plan import write_whole
    from twinprop.progress import counter

    if options.json and not Path(options.json).parent.is_dir():
        raise InputError(f'cannot write "{options.json}": no such folder')
    with counter("plan") as show:
        result = crosscheck(
            options.datasets or None,
            require=[name for name in options.require.split(",") if name],
            on_progress=show,
        )
    print(result.to_text(each=options.each))
    if options.json:
        write_whole(Path(options.json), json.dumps(result.to_dict(), allow_nan=False) + "\n")
    return 0 if result.agrees else 1


def _play(options: argparse.Namespace) -> int:
    from twinprop.page_file import p5_version
    from twinprop.play import local_p5, open_browser, start_server

    server, url = start_server(options.port)
    try:
        print(f"The page is at {url} (Ctrl-C ends it).", flush=True)
        if local_p5() is None:
            print(f"p5.js {p5_version()} comes from cdn.jsdelivr.net; nothing else is asked for.")
        if not options.no_browser and not open_browser(url):
            print("There is no browser to open; go there yourself.")
        sys.stdout.flush()
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        return 0
    finally:
        server.shutdown()
        server.server_close()


if __name__ == "__main__":
    sys.exit(main())
