"""Which features were at fault in which event, as SMD and ASD publish it.

The folder `interpretation_label` holds a file `<series id>.txt` for each
series, with a line `start-end:d1,d2,...` for each event: rows of the test
part counted from 0, features counted from 1.

Ends are published in two ways: SMD's is the row after the event, ASD's its
last row. So rows up to and with the end are taken and then cut to those that
are labelled 1, which gives the event in either way.

References:
    Su et al. 2019, "Robust Anomaly Detection for Multivariate Time Series
    through Stochastic Recurrent Neural Network" (SMD). Li et al. 2021,
    "Multivariate Time Series Anomaly Detection and Interpretation using
    Hierarchical Inter-Metric and Temporal Embedding" (InterFusion; ASD).
"""

import os
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from evaluation.metrics.events import events
from trainer import storage

__all__ = [
    "FaultCases",
    "FaultLabel",
    "contributions_of_all",
    "faults_of_events",
    "read_fault_labels",
]

_LINE = re.compile(r"(\d+)-(\d+):(\d+(?:,\d+)*)", re.ASCII)


class FaultLabel(NamedTuple):
    """One line of a file.

    Attributes:
        start: first row of the event, from 0 at the start of the test part.
        end: its last row or the row after that, as the file has it.
        columns: positions of the features at fault, from 0.
    """

    start: int
    end: int
    columns: tuple[int, ...]


class FaultCases(NamedTuple):
    """Events with their features at fault, as attribution is measured on.

    Attributes:
        ranges: `[event, 2]` int64, first row and the row after the last.
        is_at_fault: `[event, feature]` bool, over all features.
        num_unused: fault labels without any row labelled 1.
    """

    ranges: np.ndarray
    is_at_fault: np.ndarray
    num_unused: int


def read_fault_labels(
    folder: str, series_ids: Iterable[str]
) -> dict[str, list[FaultLabel]]:
    """Reads the files of the series, local or in a bucket.

    Args:
        folder: `interpretation_label`.
        series_ids: of the series; those without a file are left out.

    Returns:
        Series id to its labels, in the order of the file.

    Raises:
        OSError: a file cannot be read.
        ValueError: no series has a file, or a line is something else.
    """
    series_ids = list(series_ids)
    paths = {
        series_id: os.path.join(folder, f"{series_id}.txt")
        for series_id in series_ids
        # An id that is a path would lead out of the folder.
        if os.path.basename(series_id) == series_id
    }
    found = {
        series_id: _read(path)
        for series_id, path in paths.items()
        if storage.is_file(path)
    }
    if not found:
        raise ValueError(
            "`fault_labels` must be a folder that holds a file <series id>.txt "
            f"for at least one series. Received: {folder} for {len(series_ids)} series, "
            f"{', '.join(series_ids[:3])}. Give the folder "
            "interpretation_label of the data set."
        )
    return found


def faults_of_events(
    fault_labels: Sequence[FaultLabel], labels: np.ndarray, num_features: int
) -> FaultCases:
    """Cuts fault labels to labelled events.

    A fault label gives as many events as it has stretches of rows labelled
    1; in SMD and ASD that is one. Its end goes to the fault label that starts
    there, where there is one. All features are kept, scored or not: what a
    detector does not score it cannot find, and that counts.

    Args:
        fault_labels: of one series.
        labels: `[row]` 0, 1 or -1 = unknown, of the whole test part from its
            first row.
        num_features: columns of the series, whatever their roles.

    Raises:
        ValueError: a label names a feature or a row that does not exist.
    """
    labels = np.asarray(labels)
    starts = {fault.start for fault in fault_labels}
    ranges, faults, num_unused = [], [], 0
    for fault in fault_labels:
        _check(fault, len(labels), num_features)
        is_next = fault.end > fault.start and fault.end in starts
        stop = fault.end + (not is_next)
        found = events(labels[fault.start : stop]) + fault.start
        is_at_fault = np.zeros(num_features, bool)
        is_at_fault[list(fault.columns)] = True
        ranges.append(found)
        faults += [is_at_fault] * len(found)
        num_unused += not len(found)
    return FaultCases(
        np.concatenate([np.zeros((0, 2), np.int64), *ranges]),
        np.array(faults, bool).reshape(-1, num_features),
        num_unused,
    )


def contributions_of_all(
    contributions: np.ndarray,
    scored_names: Sequence[str],
    feature_names: Sequence[str],
) -> np.ndarray:
    """Spreads contributions of scored features over all features.

    Args:
        contributions: `[row, scored]` float.
        scored_names: names of its columns.
        feature_names: names of all features.

    Returns:
        `[row, feature]` float64; NaN for a feature that is not scored, which
        `evaluation.metrics.attribution` ranks behind all that are.

    Raises:
        ValueError: a scored feature is none of the features.

    Example:
        >>> contributions_of_all([[3.0, 1.0]], ["c", "a"], ["a", "b", "c"])
        array([[ 1., nan,  3.]])
    """
    contributions = np.asarray(contributions, np.float64)
    positions = {name: place for place, name in enumerate(feature_names)}
    strangers = [name for name in scored_names if name not in positions]
    if strangers or contributions.shape[1:] != (len(scored_names),):
        raise ValueError(
            "`contributions` must be [row, scored], with a name of "
            f"`feature_names` for each column. Received: "
            f"{contributions.shape} for {len(scored_names)} names, "
            f"{len(strangers)} of them unknown {strangers[:3]}. Give the "
            "names of the model that made them."
        )
    result = np.full((len(contributions), len(feature_names)), np.nan)
    result[:, [positions[name] for name in scored_names]] = contributions
    return result


def _read(path: str) -> list[FaultLabel]:
    with storage.open_binary(path) as file:
        # What is no text becomes a sign that no line can have.
        lines = file.read().decode(errors="replace").splitlines()
    return [
        _parsed(line.strip(), f"{path}, line {number}")
        for number, line in enumerate(lines, 1)
        if line.strip()
    ]


def _parsed(line: str, place: str) -> FaultLabel:
    match = _LINE.fullmatch(line)
    if match:
        start, end = int(match[1]), int(match[2])
        columns = sorted({int(column) - 1 for column in match[3].split(",")})
        if start <= end and columns[0] >= 0:
            return FaultLabel(start, end, tuple(columns))
    raise ValueError(
        "A fault label must be `start-end:d1,d2,...`, with an end not before "
        "its start and features counted from 1. Received: "
        f"{line[:60]!r} in {place}. Correct the line."
    )


def _check(fault: FaultLabel, num_rows: int, num_features: int) -> None:
    if fault.columns[-1] >= num_features:
        raise ValueError(
            f"A fault label must name features from 1 to {num_features}. "
            f"Received: {fault.columns[-1] + 1} for the rows {fault.start}-"
            f"{fault.end}. Give the fault labels of this data set."
        )
    if fault.end > num_rows:
        raise ValueError(
            f"A fault label must lie within the {num_rows} rows of the test "
            f"part. Received: {fault.start}-{fault.end}. Give the labels of "
            "the whole test part, with -1 where rows are missing."
        )
