"""Page 01: whether the model works, what it sees, and which model it is."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from seewhy import calibration, stats
from seewhy.checks.majority_baseline import MajorityBaseline
from seewhy.measure.families.predictions import labelled_confidences
from seewhy.measure.families.tables import select_rows
from seewhy.measure.family import GROUP
from seewhy.metrics import captions, segments
from seewhy.report import figures, show
from seewhy.report.pages import facts, views
from seewhy.report.text.sentences import sentences
from seewhy.report.text.verdict_sentences import works_answer
from seewhy.stats import Estimate
from seewhy.study import Study

if TYPE_CHECKING:
    from seewhy.measure.measurement import Measurement

PAGE = "01_model"


def compare_baseline(study: Study) -> dict[str, Any]:
    """The model beside the majority baseline, as the blocks `works` of 01_model.j2 take it.

    Of a segmentation pixels are counted: the baseline gives all of them the most common class.
    """
    segmented = study.dataset.task == "segmentation"
    model = compare_pixels(study.measure("segments")) if segmented else facts.majority_baseline(study)
    answer = works_answer(model)
    return {
        "task": study.dataset.task,
        "answer": answer.answer,
        "severity": facts.study_severity(study) or "fine" if answer.severity == "fine" else answer.severity,
        "worst": worst_class(study) if study.dataset.task == "classification" else None,
        "accuracy": model.accuracy,
        "best": model.best,
        "always": model.baseline_phrase,
        "most_common": model.most_common,
        "predicted": model.predicted,
        "given": model.given if model.is_constant and not segmented else 0,
        "images": model.images,
        "claim": study.checkpoint.claimed_accuracy,
    }


def compare_pixels(measured: "Measurement") -> MajorityBaseline:
    """Pixels of the images with a mask, beside giving every pixel the most common class.

    measured: the family `segments`. The share of correct pixels is over all images together; its interval is over
    images.
    """
    counts, classes = measured.arrays["confusions"].astype(int), measured.arrays["classes"]
    true, predicted = counts.sum((0, 2)), counts.sum((0, 1))
    if not len(counts):
        return MajorityBaseline(stats.NOTHING, 0.0, "", "", 0, 0)
    right, total = np.trace(counts, axis1=1, axis2=2), counts.sum((1, 2))
    accuracy = stats.ratio(right, total, measured.study.base.seed)
    most, given = str(classes[true.argmax()]), str(classes[predicted.argmax()])
    best = float(true.max() / true.sum())
    return MajorityBaseline(accuracy, best, most, given, int(predicted.max()), int(predicted.sum()))


def worst_class(study: Study) -> tuple[str, Estimate] | None:
    """The true class that is classified correctly least often, and how often; None with fewer than two to compare."""
    classes = class_accuracy(study.measure("predictions"))
    known = classes[classes["correct"].notna()]
    if len(known) < 2:
        return None
    row = known.loc[known["correct"].idxmin()]
    return str(row["class"]), Estimate(row["correct"], row["low"], row["high"], int(row["n"]))


def class_accuracy(measured: "Measurement", most: int = 30) -> pd.DataFrame:
    """Share of each true class that is classified correctly, with interval and n; the most frequent classes, by name.

    measured: the family `predictions`.
    """
    rows = measured.study.predictions[["image", "label"]].merge(select_rows(measured.table, "correct"), on="image")
    labelled = rows[rows["label"].notna()]
    found = []
    for name in sorted(labelled["label"].value_counts().head(most).index):
        own = labelled[labelled["label"] == name]
        one = stats.proportion(own["value"].to_numpy(float), own.get(GROUP))
        found.append((name, one.value, one.low, one.high, one.n))
    return pd.DataFrame(found, columns=["class", "correct", "low", "high", "n"])


def predicted_classes(measured: "Measurement", most: int = 30) -> pd.DataFrame:
    """The classes that are predicted most often: images, their share with interval, mean confidence."""
    rows = measured.study.predictions
    found = []
    for name in rows["predicted"].value_counts().head(most).index:
        own = (rows["predicted"] == name).to_numpy()
        share, sure = stats.proportion(own), float(rows["confidence"][own].mean())
        found.append((name, int(own.sum()), share.value, share.low, share.high, sure))
    return pd.DataFrame(found, columns=["predicted class", "images", "share", "low", "high", "mean confidence"])


def reliability_curve(measured: "Measurement", bins: int) -> tuple[Estimate, Estimate, pd.DataFrame]:
    """Expected calibration error, that of a calibrated model as confident, and the bins that hold labelled images:
    confidence, accuracy, low, high, n.

    measured: the family `predictions`.
    """
    sure, hits, groups = labelled_confidences(measured.table)
    seed = measured.study.base.seed
    error = calibration.calibration_error(sure, hits, bins, seed, groups)
    return error, calibration.calibration_chance(sure, bins, seed), calibration.calibration_bins(sure, hits, bins)


def segment_ious(measured: "Measurement") -> dict[str, Estimate]:
    """IoU of each class over the pixels of all images with a mask; measured: the family `segments`."""
    counts = measured.arrays["confusions"].astype(int)
    names = map(str, measured.arrays["classes"])
    return dict(zip(names, segments.class_ious(counts, measured.study.base.seed), strict=True))


def confused_pixels(measured: "Measurement") -> pd.DataFrame:
    """Pixels by true (rows) and predicted class, as shares of the row; measured: the family `segments`."""
    total, names = measured.arrays["confusions"].astype(int).sum(0), list(map(str, measured.arrays["classes"]))
    return pd.DataFrame(total / np.maximum(total.sum(1, keepdims=True), 1), index=names, columns=names)


def marked_images(study: Study) -> pd.DataFrame:
    """In how many images each class but the first is predicted somewhere."""
    rows = study.predictions
    there = rows.loc[rows["predicted_share"] > 0, "predicted"]
    names = study.dataset.classes[1:]
    return pd.DataFrame({"class": names, "images": [int((there == name).sum()) for name in names]})


def named_sides(measured: "Measurement") -> pd.DataFrame:
    """Words for a side that captions and references name; measured: the family `captions`."""
    pairs = zip(measured.arrays["written"], measured.arrays["references"], strict=True)
    known = [(str(own), str(true)) for own, true in pairs if true]
    table = captions.side_counts([own for own, _ in known], [true for _, true in known])
    return table.rename(columns={"right": "correct", "fixed": "majority baseline"})


def word_kinds(measured: "Measurement") -> pd.DataFrame:
    """For each kind of word: how many are written, which most often, and the share that the references have.

    measured: the family `captions`.
    """
    rows = []
    for kind, part in measured.table.query("metric == 'word_in_reference'").groupby("word_kind", sort=True):
        hits, common = stats.proportion(part["value"].dropna().to_numpy(float)), part["word"].value_counts().head(4)
        rows.append((kind, len(part), ", ".join(common.index), hits.value, hits.low, hits.high, hits.n))
    return pd.DataFrame(rows, columns=["kind", "written", "most often", "in the reference", "low", "high", "n"])


def caption_overlap(measured: "Measurement") -> Estimate:
    """BLEU-2 of all captions together; measured: the family `captions`."""
    return captions.bleu_of_counts(measured.arrays["bleu_counts"], measured.study.base.seed)


def sample_captions(measured: "Measurement", most: int) -> pd.DataFrame:
    """Captions of at most `most` samples: greedy, by beam search, reference; measured: the family `captions`."""
    arrays = measured.arrays
    place = {str(image): k for k, image in enumerate(arrays["images"])}
    shown = [str(image) for image in arrays["shown"][:most]]
    rows = [(arrays["written"][place[image]], arrays["references"][place[image]] or None) for image in shown]
    return pd.DataFrame(
        {
            "image": shown,
            "greedy": [str(own) or "(nothing)" for own, _ in rows],
            "beam search": arrays["beams"][: len(shown)].astype(str),
            "reference": [None if true is None else " / ".join(str(true).split("\n")) for _, true in rows],
        }
    )


def word_reliability(study: Study, bins: int) -> pd.DataFrame:
    """Bins of words of similar probability: confidence, share that the reference has, low, high, n."""
    rows = study.predictions[study.predictions["correct"].notna()]
    return calibration.calibration_bins(rows["confidence"].to_numpy(), rows["correct"].to_numpy(bool), bins)


def show_inputs(study: Study, rows: pd.DataFrame, titles: Sequence[str]) -> None:
    """The images as the network gets them, and, folded, the values that reach it; the same for every task.

    rows: one an image; titles: one an image, as what is predicted.
    """
    told = sentences(PAGE)("sampled", shown=len(rows), total=len(study.dataset.frame), seed=study.base.seed)
    show.text(told)
    right = views.correct_marks(rows) if "correct" in rows else None
    sheet = figures.input_sheet(list(study.photos(rows)), titles, right)
    show.figure(sheet, f"Inputs of the network: {'; '.join(title.replace(chr(10), ', ') for title in titles)}")
    show.table(facts.input_values(study, rows), "Values that reach the network, over these images", folded=True)


def show_model(study: Study) -> None:
    """Which model this is, and what differs from what its checkpoint says of itself; the same for every task."""
    show.table(facts.model_card(study), "The model, its checkpoint and its preprocessing")
    for warning in facts.checkpoint_warnings(study):
        show.note(warning)
