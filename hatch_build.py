"""Compiles kernel/kernel.c into the wheel, if there is a compiler. Twins: none; R has configure."""

from __future__ import annotations

import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).parent
sys.path.insert(0, str(ROOT / "kernel"))
from compile_kernel import NAME, compile_kernel  # noqa: E402


class KernelHook(BuildHookInterface):
    """Adds the library to a wheel, or puts it beside the modules of an editable install."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile; without a compiler go on with a line of warning, the wheel for any platform."""
        editable = version == "editable"
        self.scratch = tempfile.TemporaryDirectory()
        folder = ROOT / "python" / "twinprop" if editable else self.scratch.name
        library = compile_kernel(folder)
        if library is None:
            self.app.display_warning("no C compiler worked: twinprop goes on without its kernel")
        elif not editable:
            build_data["force_include"][str(library)] = f"twinprop/{NAME}"
            build_data["pure_python"] = False
            # It knows nothing of Python, so any Python 3 on this platform can load it.
            platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
            build_data["tag"] = f"py3-none-{platform}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove what the wheel has a copy of."""
        self.scratch.cleanup()
