"""Any bytes to any reader: a message, or exactly the rows of the file."""

import json
from unittest import mock

import numpy as np
import pytest
from fuzz_cases import CASES
from fuzzing import any_bytes, damaged
from hypothesis import given, settings

from preprocessing.readers import READERS, open_reader
from preprocessing.readers.base import BadRow
from preprocessing.readers.detection.guess import guess
from trainer.config import load

every_case = pytest.mark.parametrize(
    "case", CASES, ids=lambda case: f"{case.format}-{case.damaged}"
)


def files_with(case, folder, data):
    """Bytes of all files, one of them replaced, as they lie in the folder."""
    files = case.files | {case.damaged: data}
    for path, content in files.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_bytes(content)
    return files.values()


def read(case, folder):
    """Labels by series, refused rows, and counted rows by series."""
    settings_class = load(READERS, case.format, "format").settings_class
    reader = open_reader(case.format, settings_class(**case.options))
    (source,) = reader.sources(str(folder))
    names = reader.feature_names(source)
    found, bad_rows = {}, []
    for item in reader.read(source, names):
        if isinstance(item, BadRow):
            assert item.reason
            assert json.loads(item.letter())["text"] == item.text
            bad_rows.append(item)
            continue
        assert not np.isinf(item.values).any()
        num_rows = len(item.values)
        labels = [None] * num_rows if item.labels is None else item.labels
        if reader.has_whole_series:
            labels = [item.sequence_label]
        assert reader.has_whole_series or len(labels) == num_rows
        found.setdefault(item.series_id, []).extend(labels)
    extents = reader.extents(source, names)
    return (
        found,
        bad_rows,
        {name: one.num_rows for name, one in extents.items()},
    )


def expected_labels(rows, bad_rows):
    """Labels by series of the rows that were not refused."""
    has_place = {row.line: row.has_place for row in bad_rows}
    labels = {}
    for line, series, label in rows:
        if line not in has_place:
            labels.setdefault(series, []).append(label)
        elif has_place[line]:
            labels.setdefault(series, []).append(mock.ANY)
    return labels


def is_read(case, folder, data):
    """Whether the file is read, and then rightly; else the reason is ours."""
    files = files_with(case, folder, data)
    try:
        found, bad_rows, num_counted = read(case, folder)
    except ValueError as error:
        check_words(error)
        return False
    rows = case.rows(*files)
    assert found == expected_labels(rows, bad_rows)
    if case.is_shared:
        assert num_counted == {name: len(one) for name, one in found.items()}
    else:
        assert sum(num_counted.values()) == len(rows)
    return True


def check_words(error):
    """Our own words, not those of a library or of Python."""
    assert "Received: " in str(error) or "`" in str(error)


def test_every_format_has_a_case():
    """Catches a new format that nobody tries."""
    assert {case.format for case in CASES} == set(READERS)


@every_case
def test_a_good_file_is_read(case, tmp_path):
    """Catches a fuzz test whose good file is refused, wholly or in part."""
    good = case.files[case.damaged]
    assert is_read(case, tmp_path, good)
    found, bad_rows, _ = read(case, tmp_path)
    assert not bad_rows and sum(map(len, found.values())) >= 40


@every_case
def test_any_bytes(case, tmp_path):
    """Catches a traceback, or a number of rows that is made up."""

    @given(data=any_bytes())
    @settings(max_examples=60, deadline=None, derandomize=True)
    def try_one(data):
        is_read(case, tmp_path, data)

    try_one()


@every_case
def test_a_good_file_that_was_damaged(case, tmp_path):
    """Catches rows or labels lost, moved or invented beside a damaged byte."""
    were_read = []

    @given(data=damaged(case.files[case.damaged], case.num_kept))
    @settings(max_examples=150, deadline=None, derandomize=True)
    def try_one(data):
        were_read.append(is_read(case, tmp_path, data))

    try_one()
    # Where nearly all were refused, next to nothing would have been tried.
    assert np.mean(were_read) >= case.least_read


@every_case
def test_a_guess_or_a_reason(case, tmp_path):
    """Catches tracebacks, and settings that no reader takes."""

    @given(data=damaged(case.files[case.damaged]) | any_bytes())
    @settings(max_examples=60, deadline=None, derandomize=True)
    def try_one(data):
        files_with(case, tmp_path, data)
        try:
            guessed = guess(str(tmp_path))
        except ValueError as error:
            check_words(error)
            return
        assert guessed.format in READERS and guessed.reason
        reader_class = load(READERS, guessed.format, "format")
        reader_class.settings_class(**guessed.options)

    try_one()
