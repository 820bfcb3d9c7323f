"""Who is fuzzed: every engine, R and node as processes that stay, so that a plan takes no start."""

import atexit
import contextlib
import functools
import json
import os
import queue
import subprocess
import tempfile
import threading
from pathlib import Path
from typing import Any, NamedTuple

from engine_runs import run_on
from twinprop.plan import check_plan
from twinprop.r_bridge import r_environment
from twinprop.resources import js_folder

HERE = Path(__file__).parent
# Far beyond what a plan takes on a busy machine; whoever needs longer hangs.
PATIENCE = 600.0
_CLASSES = {
    "twinprop_input_error": "InputError",
    "twinprop_divergence_error": "DivergenceError",
    "twinprop_denominator_error": "DenominatorError",
}


class Failure(NamedTuple):
    """The error that an engine ended with."""

    error: str
    message: str


class Worker:
    """A program of another language that answers requests."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._lines: queue.Queue[bytes] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()
        folder = tempfile.TemporaryDirectory(prefix="twinprop-fuzz-")
        atexit.register(folder.cleanup)
        atexit.register(self.close)
        self._input, self._output = Path(folder.name, "input"), Path(folder.name, "output")

    def _listen(self) -> None:
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put(b"")  # it has ended

    def ask(self, task: str, given: Any) -> Any:
        """Return what the task gives for this input, or its Failure; AssertionError if it hangs."""
        self._input.write_text(json.dumps(given, allow_nan=False), encoding="utf-8")
        self._output.unlink(missing_ok=True)
        request = f"{task}\t{self._input}\t{self._output}\n"
        with contextlib.suppress(BrokenPipeError):  # its end says so below
            self._process.stdin.write(request.encode())
            self._process.stdin.flush()
        try:
            line = self._lines.get(timeout=PATIENCE)
        except queue.Empty:
            line = None
        if not line:
            self.close()
            raise AssertionError(f"{task}: {'no answer' if line is None else 'it has crashed'}")
        answer = json.loads(line)
        if answer:
            return Failure(_CLASSES.get(answer["error"], answer["error"]), answer["message"])
        text = self._output.read_text(encoding="utf-8") if self._output.exists() else ""
        return json.loads(text) if text else None

    def close(self) -> None:
        """End the program."""
        worker.cache_clear()  # the next request starts anew
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                pipe.close()


@functools.cache
def worker(name: str, kernel: bool = True) -> Worker:
    """Return the running "js" or "rscript"."""
    run_on(name, check_plan({"training": {"epochs": 0}}))  # skips or fails where it is missing
    environment = dict(os.environ) if name == "js" else r_environment()
    if not kernel:
        environment["TWINPROP_KERNEL"] = "off"
    if name == "js":
        return Worker(
            ["node", str(HERE / "worker.js"), (js_folder() / "index.js").as_uri()], environment
        )
    return Worker(["Rscript", "--vanilla", str(HERE / "worker.R")], environment)
