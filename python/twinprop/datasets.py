"""The data sets, and what a plan makes of them. Twins: r/datasets.R, inst/js/datasets.js.

The rows are in data/NAME.csv, described in inst/js/datasets.json; all languages share both.
docs/data.md states the format, the sources and the licences.
"""

from __future__ import annotations

import csv
import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from twinprop.checks import check_choice
from twinprop.resources import data_folder, js_folder

if TYPE_CHECKING:
    import pandas as pd

Array = npt.NDArray[np.float64]

#: How the CSV files write a missing value.
MISSING = "NA"


class PlanData(NamedTuple):
    """What a plan trains on.

    Attributes
    ----------
    x : ndarray, shape (n, k)
        The inputs: numbers standardised, factors as 0 and 1.
    d : ndarray, shape (n, K)
        The desired outputs: numbers as they are, factors as 0 and 1.
    dropped : int
        How many rows were dropped for a missing value in an input or output column.
    input_names, output_names : list of str
        The columns' names: that of a number, or that of a factor, `_` and the level.
    """

    x: Array
    d: Array
    dropped: int
    input_names: list[str]
    output_names: list[str]


@dataclass(frozen=True, eq=False)
class Dataset:
    """A data set as it was shipped.

    Attributes
    ----------
    name, title : str
        The name and a one-line description.
    frame : pandas.DataFrame
        The rows: numbers as float64, factors as Categorical with their levels in stated order,
        missing values NaN.
    inputs, outputs : list of str
        The columns that a plan learns from, and those that it learns.
    network : dict or None
        The network that belongs to the data, with its given weights, as in a plan.
    source, licence : str
        Where the data come from, and under which terms.
    """

    name: str
    title: str
    frame: pd.DataFrame
    inputs: list[str]
    outputs: list[str]
    network: dict[str, Any] | None
    source: str
    licence: str

    def plan_data(self) -> PlanData:
        """Return what a plan makes of the data set as it was shipped.

        Rows with a missing value in an input or output column are dropped; numeric inputs are
        standardised with n, not n - 1 (those of xor and three_by_three stay as they are); factors
        become one column of 0 and 1 for each level; numeric outputs stay as they are.

        Returns
        -------
        PlanData
            The inputs, the desired outputs and the number of dropped rows.

        Examples
        --------
        >>> data = load_dataset("penguins").plan_data()
        >>> data.x.shape, data.d.shape, data.dropped
        ((333, 9), (333, 3), 11)
        """
        return dataset_plan_data(self.name)


def dataset_names() -> list[str]:
    """Return the names of the data sets.

    Returns
    -------
    list of str
        The names that `load_dataset()` and a plan's `data.dataset` take.

    Examples
    --------
    >>> dataset_names()[:3]
    ['xor', 'three_by_three', 'iris']
    """
    return list(_descriptions())


def load_dataset(name: str) -> Dataset:
    """Return a data set by its name.

    Parameters
    ----------
    name : str
        One of `dataset_names()`.

    Returns
    -------
    Dataset
        The rows as a data frame, with the inputs, the outputs, the source and the licence.

    Raises
    ------
    InputError
        If there is no data set of that name.

    Examples
    --------
    >>> iris = load_dataset("iris")
    >>> iris.frame.shape, iris.outputs
    ((150, 5), ['Species'])
    """
    description = _description(name, "dataset")
    return Dataset(
        name=name,
        title=description["title"],
        frame=_frame(_read_rows(name), description["columns"]),
        inputs=description["inputs"],
        outputs=description["outputs"],
        network=description.get("network"),
        source=description["source"],
        licence=description["licence"],
    )


def dataset_plan_data(name: str, argument: str = "dataset") -> PlanData:
    """Return what a plan makes of a data set; `argument` is what messages call the name."""
    description = _description(name, argument)
    columns, inputs, outputs = (description[key] for key in ("columns", "inputs", "outputs"))
    rows = _read_rows(name)
    complete = [row for row in rows if all(row[column] != MISSING for column in inputs + outputs)]

    def matrix(names: list[str], standardise: bool) -> tuple[Array, list[str]]:
        blocks, labels = [], []
        for column in names:
            values = [row[column] for row in complete]
            if columns[column]["type"] == "factor":
                levels = columns[column]["levels"]
                blocks.append(_one_hot(values, levels))
                labels += [f"{column}_{level}" for level in levels]
            else:
                numbers = np.array(values, dtype=np.float64)
                blocks.append(_standardise(numbers) if standardise else numbers)
                labels.append(column)
        return np.column_stack(blocks), labels

    x, input_names = matrix(inputs, description["standardise"])
    d, output_names = matrix(outputs, False)
    return PlanData(x, d, len(rows) - len(complete), input_names, output_names)


def _standardise(x: Array) -> Array:
    # Every language adds from the first value to the last, so that all get the same bits:
    # cumsum does, whereas numpy's own sum adds in pairs.
    if x.min() == x.max():
        return np.zeros_like(x)
    centred: Array = x - np.cumsum(x)[-1] / len(x)
    sd = math.sqrt(np.cumsum(centred * centred)[-1] / len(x))
    return centred / sd


def _one_hot(values: list[str], levels: list[str]) -> Array:
    return np.array([[float(value == level) for level in levels] for value in values])


def _descriptions() -> dict[str, dict[str, Any]]:
    text = (js_folder() / "datasets.json").read_text(encoding="utf-8")
    descriptions: dict[str, dict[str, Any]] = json.loads(text)["datasets"]
    return descriptions


def _description(name: str, argument: str) -> dict[str, Any]:
    # Only a listed name becomes a part of a path.
    descriptions = _descriptions()
    return descriptions[check_choice(name, argument, descriptions)]


def _read_rows(name: str) -> list[dict[str, str]]:
    with (data_folder() / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _frame(rows: list[dict[str, str]], columns: dict[str, dict[str, Any]]) -> pd.DataFrame:
    # Imported here, so that importing twinprop and running a plan do without pandas.
    import pandas as pd

    series: dict[str, Any] = {}
    for column, about in columns.items():
        values = [row[column] for row in rows]
        if about["type"] == "factor":
            codes = [-1 if value == MISSING else about["levels"].index(value) for value in values]
            series[column] = pd.Categorical.from_codes(codes, categories=about["levels"])
        else:
            series[column] = [math.nan if value == MISSING else float(value) for value in values]
    return pd.DataFrame(series)
