"""`seewhy.judge` in JupyterLab: each candidate that waits, with its crops, and what a person says of it."""

from collections.abc import Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np

from seewhy.checks.candidates import CANDIDATES, OBJECT, SHORTCUT, JudgedCandidate, read_candidates
from seewhy.checks.candidates import judge_candidates as take_judgements
from seewhy.config.editing import add_judgements
from seewhy.config.params import FILE
from seewhy.errors import SeewhyError, unknown_name
from seewhy.measure.driver import measure_family
from seewhy.report import show
from seewhy.report.pages.candidate_views import candidate_figures
from seewhy.study import Study, open_study

if TYPE_CHECKING:
    import ipywidgets

WORDS = (OBJECT, SHORTCUT)
SKIP = "not judged"


class Judging:
    """The candidates of a study that wait for a person, and what was said of them so far.

    Nothing is written before `write`.

    Args:
        study: whose candidates. waiting: by CLASS/RANK. arrays: of each of these its crops and picture.
    """

    def __init__(
        self, study: Study, waiting: Mapping[str, JudgedCandidate], arrays: Mapping[str, Mapping[str, np.ndarray]]
    ) -> None:
        self.study, self.waiting, self.arrays = study, waiting, arrays
        self.said: dict[str, str] = {}

    def say(self, candidate: str, word: str) -> None:
        """Takes the judgement of one candidate.

        candidate: CLASS/RANK, as "tree/2". word: "object" or "shortcut"; empty takes a judgement back.

        Raises SeewhyError for a candidate that does not wait, and for another word.
        """
        if candidate not in self.waiting:
            raise unknown_name("candidate", candidate, self.waiting, f"what waits in study '{self.study.name}'")
        if word and word not in WORDS:
            raise SeewhyError(f"judgement of {candidate}: found '{word}'; allowed: {', '.join(WORDS)}, or empty")
        self.said.pop(candidate, None)
        if word:
            self.said[candidate] = word

    def write(self) -> None:
        """Writes what was said into params.yaml, comments kept; `dvc repro` then holds the study to it."""
        said = {name: self.waiting[name].judgement_entry(word) for name, word in self.said.items()}
        if not (self.study.root / FILE).is_file():
            raise SeewhyError(f"study '{self.study.name}' has no {FILE}: judge a study of a project")
        if said:
            add_judgements(self.study.root, self.study.name, said)
        show.text(f"{FILE}: wrote {', '.join(said) or 'nothing'} of `{self.study.name}`.")

    def show(self) -> None:
        """Shows each candidate with its crops, and buttons to judge it where ipywidgets is installed."""
        if not self.waiting:
            show.text(f"No candidate of `{self.study.name}` waits for your judgement.")
        for name, one in self.waiting.items():
            [(chart, told)] = candidate_figures([one], self.arrays[name]).values()
            show.figure(chart, told)
            self._ask(name)
        if self.waiting:
            self._offer_writing()

    def _ask(self, name: str) -> None:
        if not find_spec("ipywidgets"):
            show.text(f'`judging.say("{name}", "object")` or `judging.say("{name}", "shortcut")`')
            return
        _display_widget(judgement_buttons(self, name))

    def _offer_writing(self) -> None:
        if not find_spec("ipywidgets"):
            show.text(f"`judging.write()` writes what you said into {FILE}.")
            return
        import ipywidgets

        button = ipywidgets.Button(description=f"write {FILE}")
        button.on_click(lambda _button: self.write())
        _display_widget(button)


def judgement_buttons(judging: Judging, name: str) -> "ipywidgets.ToggleButtons":
    """Three buttons, one pressed: what is pressed is said."""
    import ipywidgets

    buttons = ipywidgets.ToggleButtons(options=[SKIP, *WORDS], value=SKIP, description=name)
    buttons.observe(lambda change: judging.say(name, "" if change["new"] == SKIP else change["new"]), "value")
    return buttons


def _display_widget(widget: "ipywidgets.Widget") -> None:
    from IPython.display import display

    display(widget)  # type: ignore[no-untyped-call]


def judge(study: Study | str) -> Judging:
    """Shows what moves the predictions of a study and has not been judged, each with eight crops, and asks whether it
    is the object or a shortcut.

    study: from `open_study`, or its name in params.yaml.

    Returns a Judging: `.say("tree/2", "shortcut")` takes a judgement, as the buttons do; `.write()` puts them into
    params.yaml, and nothing else does. Candidates are read where the stage `measure@<study>` stored them, else searched
    for now.

    >>> WORDS
    ('object', 'shortcut')
    >>> judging = judge("tiny")  # doctest: +SKIP
    >>> judging.say("cup/1", "shortcut")  # doctest: +SKIP
    >>> judging.write()  # doctest: +SKIP
    """
    study = open_study(study) if isinstance(study, str) else study
    result = measure_family(study, CANDIDATES)
    found = take_judgements(
        read_candidates(result.table), study.settings.judged, f"studies.{study.name}.judged of {FILE}"
    )
    waiting = {one.id: (number, one) for number, one in enumerate(found) if one.awaits_judgement}
    names = ("crops", "crop_images", "examples")
    arrays = {key: {name: result.arrays[name][[number]] for name in names} for key, (number, _) in waiting.items()}
    judging = Judging(study, {key: one for key, (_, one) in waiting.items()}, arrays)
    judging.show()
    return judging
