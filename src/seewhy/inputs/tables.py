"""Tables and lists of names in the formats that people have them in -> text, read without running anything."""

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from seewhy.errors import SeewhyError, list_names, unknown_name
from seewhy.inputs import pickles
from seewhy.inputs.arrays import RefusedError

PICKLES = (".pkl", ".pickle", ".p")
KINDS = {".parquet": "Parquet", ".tsv": "TSV"} | dict.fromkeys(PICKLES, "pickled")  # anything else is CSV


def read_text_table(path: Path, table: str | None, where: str, separator: str | None = None) -> pd.DataFrame:
    """A CSV, TSV, Parquet or pickled table, every cell as text: "" where there is none, "3" for 3.0, JSON for a list.

    `separator` is another than that of the file's kind; `table` is the key of the table in a pickled dict.
    Raises SeewhyError for a file that is not such a table.
    """
    found = read_tables(path, where, separator)
    if "" in found and table is not None:
        raise SeewhyError(f"{where} is one table; allowed: no `table:` '{table}'")
    if "" not in found and table is None:
        raise SeewhyError(f"{where} holds several things; name the table with `table:`; allowed: {list_names(found)}")
    if (table or "") not in found:
        raise unknown_name("table", table, found, where)
    return as_text(found[table or ""])


def read_tables(path: Path, where: str, separator: str | None = None) -> dict[str, pd.DataFrame]:
    """The tables of a file by their keys; one table has the key ""."""
    kind = KINDS.get(path.suffix.lower(), "CSV")
    try:
        content = _read_content(path, kind, separator or ("\t" if kind == "TSV" else ","))
    except RefusedError as error:
        raise SeewhyError(
            f"{where} needs code to load ({error}); allowed in a pickle: tables of numbers, text, categories and dates"
        ) from None
    except Exception as error:  # a damaged file fails in every way there is
        raise SeewhyError(f"{where} is not a {kind} table: {' '.join(str(error).split())}") from None
    held = content if isinstance(content, dict) else {"": content}
    found = {str(key): one for key, one in held.items() if isinstance(one, pd.DataFrame)}
    if not found:
        raise SeewhyError(f"{where} holds a {type(content).__name__}; allowed: a DataFrame, or a dict with DataFrames")
    return found


def as_text(frame: pd.DataFrame) -> pd.DataFrame:
    """The table with text in every cell and as every name."""
    return pd.DataFrame({str(name): frame[name].astype(object).map(_cell_text) for name in frame})


def _read_content(path: Path, kind: str, separator: str) -> Any:
    if kind == "Parquet":
        return pd.read_parquet(path)
    if kind == "pickled":
        with path.open("rb") as file:
            return pickles.read_pickle(file)
    with warnings.catch_warnings():
        # with a field too many in every row pandas shifts all columns by one, or drops the field and warns
        warnings.simplefilter("error", pd.errors.ParserWarning)
        return pd.read_csv(path, sep=separator, dtype=str, keep_default_na=False, index_col=False)


def _cell_text(value: Any) -> str:
    if isinstance(value, list | tuple | np.ndarray):
        return json.dumps([one.tolist() if isinstance(one, np.ndarray) else one for one in value], default=str)
    if pd.isna(value):
        return ""
    whole = isinstance(value, float | np.floating) and float(value).is_integer()
    return str(int(value)) if whole else str(value)
