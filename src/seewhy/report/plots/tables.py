"""A table as HTML: escaped, numbers right-aligned, statuses marked as checks are, figures not broken over lines."""

import base64
import re
from collections.abc import Collection
from html import escape
from typing import TYPE_CHECKING

from seewhy.report.html.inline import UNBROKEN
from seewhy.report.plots.check_strips import status_html

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

STATUS = re.compile(r"(pass|fail|unsure|not run)( (?=\S)|$)")  # a cell that begins so is marked as a check is
PLAIN = str.maketrans({"\N{MINUS SIGN}": "-", "\N{NO-BREAK SPACE}": " "})  # a spreadsheet reads these
MANY = 6  # columns, beyond which a table is set smaller, and what a status or a figure brings along stands below it
BRACKET = re.compile(r"\([^()]{1,24}\)")  # is not broken over lines in a table ...
SHORT = 20  # ... and neither is a cell of that many letters, as "Grad-CAM++"


def table_html(rows: "pd.DataFrame", label: str, caption: str, percent: Collection[str], folded: bool = False) -> str:
    """The rows without their index, NaN as a dash; scrolls where it is too wide; below it a link that saves it.

    label: what it is, as plain text; caption: the same as HTML; percent: columns that hold shares; folded: whether
    only the caption stands open.
    """
    import pandas as pd

    numeric = [pd.api.types.is_numeric_dtype(kind) and not pd.api.types.is_bool_dtype(kind) for kind in rows.dtypes]
    head = "".join(_cell_html("th", str(name), number) for name, number in zip(rows.columns, numeric, strict=True))
    plain = rows.select_dtypes("float").drop(columns=list(percent))
    form = f"z,.{_shown_decimals(plain.to_numpy(dtype=float))}f"  # one for all: columns are read against each other
    columns = [_column_texts(rows.iloc[:, k], name in percent, form) for k, name in enumerate(rows.columns)]
    many = len(rows.columns) > MANY
    body = "\n".join(
        "<tr>"
        + "".join(_cell_html("td", text, number, many) for text, number in zip(row, numeric, strict=True))
        + "</tr>"
        for row in zip(*columns, strict=True)
    )
    captioned = "" if folded else f"<caption>{caption}</caption>"
    html = (
        f'<div class="table{" many" * many}" role="region" tabindex="0" aria-label="{escape(label)}"><table>'
        f"{captioned}<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table></div>\n{_save_link(rows, label)}"
    )
    return f'<details class="folded"><summary>Table: {caption}</summary>{html}</details>' if folded else html


def _save_link(rows: "pd.DataFrame", label: str) -> str:
    """A link that saves the table as CSV: unrounded numbers, ASCII minus; it needs no script."""
    text = rows.to_csv(index=False, float_format="%.6g").translate(PLAIN)
    content = base64.b64encode(text.encode()).decode()
    name = re.sub(r"[^a-z0-9]+", "-", label.lower())[:48].strip("-") or "table"
    return f'<p class="save"><a download="{name}.csv" href="data:text/csv;base64,{content}">Save as CSV</a></p>'


def _cell_html(tag: str, text: str, number: bool, many: bool = False) -> str:
    """One cell of a table, and whether that is one of many columns."""
    tag = tag if text else "td"  # a heading that says nothing is none
    scope = ' scope="col"' if tag == "th" else ""
    status = STATUS.match(text) if tag == "td" else None
    kinds = [status[1].replace(" ", "-")] if status else ["number"] if number else []
    kinds += ["whole"] if tag == "td" and not number and len(text) <= SHORT else []
    plain = UNBROKEN.sub("\N{NO-BREAK SPACE}", escape(text[status.end() if status else 0 :]))
    told = BRACKET.sub(_bracket_below if many and tag == "td" else r'<span class="whole">\g<0></span>', plain)
    if status and many:
        inner = f"{status_html(status[1])} <small>{told}</small>" if told else status_html(status[1])
    else:
        inner = status_html(status[1]) + "\N{NO-BREAK SPACE}" * len(status[2]) + told if status else told
    classed = f' class="{" ".join(kinds)}"' if kinds else ""
    return f"<{tag}{scope}{classed}>{inner}</{tag}>"


def _bracket_below(found: re.Match[str]) -> str:
    """A bracket on a line of its own, where there is little room: it breaks behind a comma only."""
    parts = (f'<span class="whole">{part}</span>' for part in found[0].split(", "))
    return f"<small>{', '.join(parts)}</small>"


def _column_texts(values: "pd.Series", percent: bool, form: str) -> list[str]:
    """The cells of a column as text; `form` is the format of its floats."""
    import pandas as pd

    if pd.api.types.is_bool_dtype(values.dtype):
        return ["yes" if value else "no" for value in values]
    if pd.api.types.is_integer_dtype(values.dtype):
        return ["–" if pd.isna(value) else f"{value:,}" for value in values]
    if pd.api.types.is_float_dtype(values.dtype):
        form, factor = ("z.1f", 100) if percent else (form, 1)
        told = [f"{factor * value:{form}}".replace("-", "\N{MINUS SIGN}") + " %" * percent for value in values]
        return ["–" if pd.isna(value) else cell for value, cell in zip(values, told, strict=True)]
    return ["–" if pd.api.types.is_scalar(value) and pd.isna(value) else str(value) for value in values]


def _shown_decimals(values: "np.ndarray") -> int:
    """Decimals that show about three digits of the largest number of a table, two of one below 1.

    Two are enough where the numbers were rounded to that: more would be zeros in all of them.
    """
    import numpy as np

    there = np.abs(values[np.isfinite(values)])
    largest = there.max(initial=0)
    limits = ((0.001, 5), (0.01, 4), (0.1, 3), (100, 2), (1000, 1))
    most = next((decimals for limit, decimals in limits if largest < limit), 0)
    return next((k for k in range(2, most) if np.allclose(there, there.round(k), rtol=0, atol=1e-7)), most)
