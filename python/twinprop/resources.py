"""Where the files live that all three languages share. Twins: none, since R has system.file().

An installed package carries them inside itself, as twinprop/js and twinprop/data; in the source
tree they are inst/js and data, from where the R package ships them.
"""

from __future__ import annotations

from pathlib import Path

from twinprop.errors import TwinpropError

_PACKAGE = Path(__file__).resolve().parent


def js_folder() -> Path:
    """Return the folder of the JavaScript engine, where datasets.json lies too.

    Raises
    ------
    TwinpropError
        If this installation lacks it.
    """
    return _folder("js", "inst/js")


def data_folder() -> Path:
    """Return the folder of the data sets' CSV files.

    Raises
    ------
    TwinpropError
        If this installation lacks it.
    """
    return _folder("data", "data")


def _folder(installed: str, in_source_tree: str) -> Path:
    # The package's folder in the source tree is python/twinprop, two below the root.
    for folder in (_PACKAGE / installed, _PACKAGE.parents[1] / in_source_tree):
        if folder.is_dir():
            return folder
    raise TwinpropError(
        f'this installation of twinprop lacks its folder "{installed}"; install it again'
    )
