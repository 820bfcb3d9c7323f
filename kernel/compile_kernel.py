"""Compiles kernel.c, where a C compiler works. Twins: none; R compiles by its own means.

`python kernel/compile_kernel.py FOLDER` puts the library into FOLDER; hatch_build.py calls
`compile_kernel`. Needs nothing but Python, so that it runs before anything is installed.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path

SOURCE = Path(__file__).with_name("kernel.c")

#: As twinprop/kernel.py looks for it.
NAME = "_kernel.dll" if sys.platform == "win32" else "_kernel.so"

#: Contracted operations would round once where the contract rounds twice.
FLAGS = ["-std=c99", "-O3", "-ffp-contract=off", "-shared"]


def compilers() -> list[list[str]]:
    """Return the commands to try: CC alone if it is set, else Python's own and the usual."""
    given = os.environ.get("CC")
    if given:
        return [shlex.split(given)]
    own = shlex.split(sysconfig.get_config_var("CC") or "")
    return [command for command in (own, ["cc"], ["gcc"], ["clang"]) if command]


def compile_kernel(folder: str | Path, flags: Sequence[str] = ()) -> Path | None:
    """Put the library into a folder, or return None if no compiler makes it."""
    out = Path(folder) / NAME
    new = out.with_name(f"{out.name}.{os.getpid()}")  # never half a library under its own name
    flags = [*FLAGS, *flags]
    if sys.platform != "win32":
        flags.append("-fPIC")
    if sysconfig.get_platform().endswith("universal2"):
        flags += ["-arch", "arm64", "-arch", "x86_64"]
    for compiler in compilers():
        if shutil.which(compiler[0]) is None:
            continue
        command = [*compiler, *flags, "-o", str(new), str(SOURCE), "-lm"]
        done = subprocess.run(command, capture_output=True, check=False)
        if done.returncode == 0 and new.exists():
            new.replace(out)
            return out
        new.unlink(missing_ok=True)
    return None


if __name__ == "__main__":
    if compile_kernel(sys.argv[1]) is None:
        print("No C compiler worked: twinprop goes on without its kernel.", file=sys.stderr)
