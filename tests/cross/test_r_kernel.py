"""R's configure brings the kernel into src/ where a compiler works, and installs without one."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(shutil.which("R") is None, reason="R is not there")
@pytest.mark.parametrize("works", [True, False])
def test_configure(tmp_path, works):
    package = tmp_path / "a package"
    package.mkdir()
    shutil.copytree(ROOT / "kernel", package / "kernel")
    (package / "r").mkdir()
    for name in ("configure", "cleanup"):
        shutil.copy(ROOT / name, package / name)
    (package / "src").mkdir()  # of an install before
    flags = tmp_path / "Makevars"
    flags.write_text("" if works else "CC=false\n")
    home = subprocess.run(["R", "RHOME"], capture_output=True, text=True, check=True).stdout.strip()
    done = subprocess.run(
        ["./configure"],
        cwd=package,
        env={**os.environ, "R_HOME": home, "R_MAKEVARS_USER": str(flags)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert (package / "src" / "kernel.o").exists() == works
    assert (package / "src").exists() == works
    assert ("goes on without its kernel" in done.stdout) == (not works)
    subprocess.run(["./cleanup"], cwd=package, check=True)
    assert not (package / "src").exists()
