"""What a reader must know before the figures."""

from collections.abc import Iterator, Mapping

from evaluation.baselines import PCA_ERROR
from evaluation.findings import Findings
from evaluation.splits import first_of

__all__ = ["remarks_on"]


def remarks_on(found: Findings) -> list[str]:
    """Sentences above the tables, each a paragraph."""
    return [
        *_models(found),
        _samples(found),
        *_split(found),
        *_other_data(found),
        *_thresholds(found),
        *_labels(found),
        *_unscored(found),
        *_faults(found),
    ]


def _models(found: Findings) -> Iterator[str]:
    data = found.data
    only = f", series {first_of(data.series)}" if data.series else ""
    if len(found.models) == 1:
        detector = found.models[0].detector
        yield (
            f"Model {detector.model_id}, version {detector.version}; split "
            f"{data.split} of {data.folder}{only}."
        )
        return
    models = ", ".join(
        f"{model.name} ({model.detector.model_id})" for model in found.models
    )
    yield f"Models {models}; split {data.split} of {data.folder}{only}."


def _samples(found: Findings) -> str:
    labels = found.measured.labels
    sample = found.sample
    counted = (
        f"{len(labels):,} {sample}s, {found.num_labelled:,} labelled, "
        f"{int((labels == 1).sum()):,} anomalous."
    )
    if sample == "sequence":
        return f"{counted} Each sequence counts once, by its largest score."
    num_series = len(found.measured.subjects)
    name = found.groups[0].members[0]
    num_events = int(found.measured.overall[name].get("num_events", 0))
    if found.has_labels:
        events = "event" if num_events == 1 else "events"
        counted = f"{counted[:-1]}, in {num_events:,} {events}."
    if num_series == 1:
        return f"{counted} One series."
    return (
        f"{counted} Figures are means over those of {num_series:,} series in "
        "which they are defined; counts are sums."
    )


def _split(found: Findings) -> Iterator[str]:
    if found.data.split != "test":
        yield (
            f"The models have learned from the split {found.data.split}, or "
            "been tuned on it: these figures flatter. Those of the split test "
            "count."
        )


def _other_data(found: Findings) -> Iterator[str]:
    """Rows that a model learned from may lie in the test of other data."""
    data_hash = found.data.schema.hash()
    others = [
        model.name
        for model in found.models
        if model.detector.schema.get("hash", data_hash) != data_hash
    ]
    if others:
        yield (
            f"{', '.join(others)} was made from another data set, or from this "
            "one split otherwise: where it has learned from these rows, the "
            "figures flatter."
        )


def _thresholds(found: Findings) -> Iterator[str]:
    told: dict[str, list[str]] = {}
    for model in found.models:
        text = _calibration(model.detector.calibration)
        told.setdefault(text, []).append(model.name)
    for text, names in told.items():
        if text:
            yield text if len(told) == 1 else f"{', '.join(names)}: {text}"
    if PCA_ERROR not in found.measured.overall:
        yield "Train has too few measured rows here for the PCA error."
    split = found.measured.calibration_split
    quantile = found.parameters["baseline_threshold_quantile"]
    yield (
        "Trivial detectors stand below the models; their thresholds are the "
        f"{quantile} quantile of their scores on {split}, {found.sample}s labelled "
        "anomalous left out."
        if split
        else "Trivial detectors stand below the models; no other split has "
        "rows of these series to give them thresholds: figures that need one "
        "are not defined."
    )


def _calibration(told: Mapping[str, str]) -> str:
    statistics, tuning = told.get("statistics"), told.get("tuning")
    if not statistics or not tuning:
        return ""
    remark = (
        f"Error statistics come from the split {statistics}, thresholds from "
        f"{tuning} (rule {told.get('rule', 'not told')})."
    )
    if "train" in (statistics, tuning):
        remark += (
            " The network has learned from train: there, errors look smaller "
            "than they are."
        )
    return remark


def _labels(found: Findings) -> Iterator[str]:
    split = found.data.split
    if found.has_labels:
        if found.sample == "step":
            yield (
                "The oracle gap is what the best threshold of each series, "
                "chosen with its labels, would add to F1. A random score has a "
                "high point-adjusted and affiliation F1: never read them "
                "alone."
            )
    elif found.num_labelled:
        yield (
            f"No anomaly is labelled in the split {split}: figures that need "
            "one are not defined."
        )
    else:
        yield (
            f"No labels in the split {split}: precision, recall, F1 and all "
            "that ranks anomalies cannot be computed. Look at the events, the "
            "alarms and the drift."
        )


def _unscored(found: Findings) -> Iterator[str]:
    """What the ranking figures leave out."""
    overall = found.measured.overall
    counts = {name: int(overall[name]["num_unscored"]) for name in found.views}
    if not any(counts.values()) or not found.has_labels:
        return
    told = ", ".join(
        f"{count:,} by the {name}" for name, count in counts.items()
    )
    if len(set(counts.values())) == 1:
        count = next(iter(counts.values()))
        told = f"{count:,} {found.sample}s, by any view"
    yield (
        f"Not scored: {told}. An anomaly there counts as missed; AUC and VUS "
        "leave these out."
    )


def _faults(found: Findings) -> Iterator[str]:
    num_unused = found.measured.num_unused_faults
    if num_unused:
        yield (
            f"{num_unused:,} fault labels lie where no step is labelled "
            "anomalous and were not used: are they of this data set?"
        )
