"""The sentences of a page, which stand in `report/text/<page>.j2`, one block each, apart from the code.

A sentence follows from plain values: figures with their intervals, names, counts. The filters are those of
`seewhy.formatting`: `{{ share | written("%") }}`, `{{ names | listed }}`, `{{ estimate | interval("%") }}`.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateNotFound, UndefinedError

from seewhy.errors import SeewhyError, unknown_name
from seewhy.formatting import capitalise_first, format_interval, format_p_value, format_value, join_names
from seewhy.stats import FEWEST, Estimate

FOLDER = Path(__file__).parent


class Sentences:
    """The sentences of one page: `text("sampled", shown=4, total=60)` fills the block `sampled`."""

    def __init__(self, page: str) -> None:
        """Reads report/text/<page>.j2; raises SeewhyError for a page that has none, naming the closest."""
        try:
            self._template = page_templates().get_template(f"{page}.j2")
        except TemplateNotFound:
            raise unknown_name(
                "page", page, sorted(path.stem for path in FOLDER.glob("*.j2")), "seewhy.sentences"
            ) from None
        self.page = page

    def __call__(self, block: str, **values: Any) -> str:
        """The block as one line; empty where it says nothing of these values.

        Raises SeewhyError for a block that the page does not have, naming the closest, and for a value not given.
        """
        blocks = self._template.blocks
        if block not in blocks:
            raise unknown_name("block", block, blocks, f"{self.page}.j2")
        try:
            return " ".join("".join(blocks[block](self._template.new_context(values))).split())
        except UndefinedError as error:
            raise SeewhyError(f"block '{block}' of {self.page}.j2: {error}") from None

    def finding(self, block: str, answer: str, severity: str = "", **values: Any) -> dict[str, str]:
        """The arguments of `show.finding`: sentence, so and detail from `<block>`, `<block>_so` and `<block>_detail`.

        answer and severity are values of these blocks too, so that a sentence can differ by them.
        """
        given = {"answer": answer, "severity": severity}
        parts = {"sentence": block, "so": f"{block}_so", "detail": f"{block}_detail"}
        blocks = self._template.blocks
        return given | {part: self(name, **given, **values) for part, name in parts.items() if name in blocks}


def sentences(page: str) -> Sentences:
    """The sentences of a page, by its name.

    page: as "02_grad_cam"; the file is report/text/<page>.j2. Raises SeewhyError for a page that has none.

    >>> sentences("02_grad_cam")("sampled", shown=4, total=60)
    'Shown are 4 of 60 images, drawn at random.'
    """
    return Sentences(page)


@cache
def page_templates() -> Environment:
    """Where templates come from, with the filters that write figures; a value that is not given is an error."""
    found = Environment(loader=FileSystemLoader(FOLDER), undefined=StrictUndefined, autoescape=False)
    found.filters.update(written=format_value, listed=join_names, capitalised=capitalise_first, chance=format_p_value)
    found.filters.update(interval=interval_text, value=value_text, listed_counts=listed_counts)
    found.globals.update(between=format_interval, fewest=FEWEST)
    return found


def interval_text(estimate: Estimate, unit: str = "") -> str:
    """An estimate with interval and n, as small type has it; see `Estimate.text`."""
    return estimate.text(unit)


def value_text(estimate: Estimate, unit: str = "") -> str:
    """The figure of an estimate alone, as a sentence has it."""
    return format_value(estimate.value, unit)


def listed_counts(counts: Mapping[str, int], most: int = 12) -> str:
    """Names with their numbers, at most `most` of them.

    >>> listed_counts({"jay": 3, "owl": 1})
    'jay 3, owl 1'
    """
    named = [f"{name} {count}" for name, count in counts.items()]
    return ", ".join(named[:most]) + (f" and {len(named) - most} more" if len(named) > most else "")
