"""The answer to a reader's question, in the fields that a finding, the index and summary.json show."""

from dataclasses import dataclass
from typing import Any

ANSWERS = ("Yes", "No", "Partly", "Not tested", "Undecided")
SEVERITIES = ("broken", "shortcut", "misleading", "unstable", "unknown", "fine")  # from the worst to the best


@dataclass(frozen=True)
class Answer:
    """One answer.

    Args:
        answer: the word that answers the title of the page, of `ANSWERS`.
        sentence: at most two sentences and 40 words.
        severity: what it means for using the model, of `SEVERITIES`.
        short: the same as one sentence, for the line under every title.
        figure: the main figure as text, as `84.6 %`; empty where there is none.
        so: what to do now, without the word "So".
        detail: interval and n of the figures in the sentence, and limits that change the conclusion.
    """

    answer: str
    sentence: str
    severity: str
    short: str = ""
    figure: str = ""
    so: str = ""
    detail: str = ""

    def finding_arguments(self) -> dict[str, str]:
        """The arguments of `show.finding`."""
        return {
            "answer": self.answer,
            "sentence": self.sentence,
            "so": self.so,
            "detail": self.detail,
            "severity": self.severity,
        }

    def summary_entry(self, page: str) -> dict[str, Any]:
        """What summary.json holds; `page` is the page that shows it."""
        return {
            "answer": self.answer,
            "severity": self.severity,
            "sentence": self.sentence,
            "figure": self.figure,
            "page": page,
        }
