"""Tables in files for the command line: CSV and Parquet, by pandas. No twins: R reads its own."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twinprop.checks import describe
from twinprop.errors import EngineError, InputError

if TYPE_CHECKING:
    import pandas as pd

PARQUET = (".parquet", ".pq")


def read_table(source: str) -> pd.DataFrame:
    """Read a table from a CSV, TSV or Parquet file; "-" is CSV from standard input.

    Only an empty field and NA are missing. Columns of numbers become numbers, those of true and
    false booleans, all others text, as it stands.

    Raises
    ------
    InputError
        If there is no such file, or it is no table.
    EngineError
        If the file is Parquet and pyarrow is not installed.
    """
    import pandas as pd

    name = "standard input" if source == "-" else source
    suffix = Path(source).suffix.lower()
    try:
        if suffix in PARQUET:
            frame = pd.read_parquet(source)
        else:
            frame = pd.read_csv(
                sys.stdin.buffer if source == "-" else source,
                sep="\t" if suffix == ".tsv" else ",",
                keep_default_na=False,
                na_values=["", "NA"],
                # a name that is there twice would get a number behind it
                header=None,
                dtype=str,
                skip_blank_lines=True,
                encoding="utf-8-sig",
            )
            frame = _with_header(frame, name)
    except FileNotFoundError:
        raise InputError(f"cannot read the table: no file {describe(source)}") from None
    except ImportError:
        raise EngineError("Parquet files need pyarrow; install it: pip install pyarrow") from None
    except InputError:  # a ValueError, and clear already
        raise
    except UnicodeDecodeError:
        raise InputError(f"{name}: the table must be UTF-8") from None
    except pd.errors.EmptyDataError:
        raise InputError(f"{name}: the table is empty") from None
    except (pd.errors.ParserError, OSError, ValueError) as error:
        raise InputError(f"{name}: {_first_line(error)}") from None
    if len(frame) == 0:
        raise InputError(f"{name}: the table has no rows")
    return frame


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0].removeprefix("Error tokenizing data. C error: ")


def _with_header(lines: pd.DataFrame, name: str) -> pd.DataFrame:
    """Take the first line as names, and each column as what it holds."""
    import pandas as pd

    names = lines.iloc[0]
    for j, given in enumerate(names):
        if pd.isna(given):
            raise InputError(f"{name}: column {j + 1} has no name")
    twice = names[names.duplicated()]
    if len(twice):
        raise InputError(f"{name}: column {describe(str(twice.iloc[0]))} is there twice")
    rows = lines.iloc[1:].reset_index(drop=True)
    return pd.DataFrame({str(given): _typed(rows.iloc[:, j]) for j, given in enumerate(names)})


def _typed(column: pd.Series[Any]) -> pd.Series[Any]:
    """Return a column of text as numbers or booleans, if each of its values is one."""
    import pandas as pd

    present = column.dropna()
    if len(present) == 0:
        return column.astype(float)
    words = set(present.unique())
    for true, false in (("true", "false"), ("True", "False"), ("TRUE", "FALSE")):
        if words <= {true, false}:
            return column.map({true: True, false: False}).astype(
                object if column.isna().any() else bool
            )
    try:
        return pd.to_numeric(column)
    except (ValueError, TypeError):
        return column


def write_table(frame: pd.DataFrame, output: str) -> None:
    """Write a table: Parquet or TSV by the file's ending, else CSV; "-" is standard output."""
    from twinprop.plan import write_text

    suffix = Path(output).suffix.lower()
    if suffix in PARQUET:
        try:
            frame.to_parquet(output, index=False)
        except ImportError:
            raise EngineError(
                "Parquet files need pyarrow; install it: pip install pyarrow"
            ) from None
        except OSError as error:
            raise InputError(f"cannot write {describe(output)}: {error.strerror}") from None
        return
    # floats are written so that they read back as the same
    text = frame.to_csv(index=False, sep="\t" if suffix == ".tsv" else ",", na_rep="NA")
    write_text(text, output)
