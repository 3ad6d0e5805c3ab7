"""Short labelled sequences, one a line: `v;v;...,v;v;...[,label]`."""

import dataclasses
import fnmatch
import logging
import os
from collections.abc import Iterator, Sequence

from preprocessing.readers.base import BadRow, Block, Extent, Reader, Source
from preprocessing.readers.layouts.source_ids import source_ids
from preprocessing.readers.tables.sequence_lines import (
    Shape,
    parse_cells,
    parse_lines,
    split_cells,
)
from preprocessing.readers.text.compression import refuse_packed_copies
from preprocessing.readers.text.pieces import (
    count_lines,
    first_lines,
    line_chunks,
    pieces_of,
)
from trainer import storage
from trainer.config import Settings, setting

__all__ = ["SequencesReader", "SequencesSettings"]

_LOG = logging.getLogger(__name__)

# The talk's file names; of two files of a set the labelled one is taken.
_SPLIT_OF_NAME = {
    "train_norm*": "train",
    "val_norm_1*": "statistics",
    "labeled_val_mixed*": "tuning",
    "unlabeled_val_mixed*": "tuning",
    "labeled_test_mixed*": "test",
    "unlabeled_test_mixed*": "test",
}


@dataclasses.dataclass(frozen=True)
class SequencesSettings(Settings):
    """The format sequences: one short series a line, features as fields."""

    feat_names: tuple[str, ...] = setting(
        (), "feature names; none = feature_0, feature_1, ..."
    )
    num_feat: int = setting(
        0, "number of features, checked; 0 = as in the file", minimum=0
    )
    labeled: str = setting(
        "auto",
        "the last field is the label of the sequence; auto = it holds no ;",
        choices=("auto", "true", "false"),
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        names = self.feat_names
        if names and self.num_feat and len(names) != self.num_feat:
            raise ValueError(
                "`feat_names` must give `num_feat` names. Received: "
                f"{len(names)} names, num_feat={self.num_feat}. Leave out the "
                "one that is wrong."
            )
        if len(set(names)) != len(names):
            raise ValueError(
                "`feat_names` must differ. Received: "
                f"feat_names={','.join(names)}. Rename those that repeat."
            )


class SequencesReader(Reader):
    """Reads short sequences; each line is a series of its own."""

    settings_class = SequencesSettings
    settings: SequencesSettings
    has_whole_series = True

    def sources(self, pattern: str) -> list[Source]:
        """Lists the files; the talk's file names say their split."""
        paths = storage.matching_files(pattern)
        refuse_packed_copies(paths)
        splits = {path: _split_of(path) for path in paths}
        if any(splits.values()):
            splits = {path: split for path, split in splits.items() if split}
        kept = [path for path in splits if not _has_labelled_twin(path, paths)]
        taken = [
            Source(path, splits[path], series_id=series_id)
            for path, series_id in zip(kept, source_ids(kept), strict=True)
        ]
        left_out = sorted(set(paths) - {source.path for source in taken})
        if left_out:
            _LOG.warning("Left out: %s", ", ".join(left_out))
        return taken

    def feature_names(self, source: Source) -> tuple[str, ...]:
        """The declared names, else feature_0, feature_1, ..."""
        num_features = self._shape(source).num_features
        return self.settings.feat_names or tuple(
            f"feature_{number}" for number in range(num_features)
        )

    def extents(
        self, source: Source, names: Sequence[str]
    ) -> dict[str, Extent]:
        """Counts lines."""
        self._shape(source)
        return {source.name: Extent(count_lines(source.path))}

    def read(
        self, source: Source, names: Sequence[str]
    ) -> Iterator[Block | BadRow]:
        """Yields one block a line, `<file name>-<line number>`."""
        shape = self._shape(source)
        if shape.num_features != len(names):
            raise ValueError(
                "All files must have the same number of features. Received: "
                f"{shape.num_features} in `{source.path}`, expected "
                f"{len(names)}. Leave the file out of --input, or make a "
                "data set of its own."
            )
        for chunk_line, chunk in line_chunks(source.path, has_header=False):
            for line, data in pieces_of(chunk_line, chunk):
                values = parse_cells(data, shape)
                if values is None:
                    yield from parse_lines(source, line, data, shape)
                    continue
                sequences, labels = split_cells(values, shape)
                for number, values in enumerate(sequences):
                    label = None if labels is None else int(labels[number])
                    yield Block(
                        f"{source.name}-{line + number:06d}",
                        values,
                        sequence_label=label,
                    )

    def _shape(self, source: Source) -> Shape:
        fields = first_lines(source.path, 1)[0].split(",")
        num_features = self.settings.num_feat or len(self.settings.feat_names)
        if self.settings.labeled != "auto":
            has_label = self.settings.labeled == "true"
        elif num_features:
            has_label = (
                len(fields) == num_features + 1 and ";" not in fields[-1]
            )
        else:
            has_label = len(fields) > 1 and (
                ";" in fields[0] and ";" not in fields[-1]
            )
        found = len(fields) - has_label
        if found < 1 or (num_features and found != num_features):
            raise ValueError(
                "A line must have one field for each feature, and one more "
                f"where it is labelled. Received: {len(fields)} fields in "
                f"the first line of `{source.path}`, num_feat="
                f"{num_features or 'any'}, labeled={self.settings.labeled}. "
                "Correct the flag that is wrong, or leave it out."
            )
        return Shape(found, len(fields[0].split(";")), has_label)


def _split_of(path: str) -> str:
    name = os.path.basename(path)
    for pattern, split in _SPLIT_OF_NAME.items():
        if fnmatch.fnmatch(name, pattern):
            return split
    return ""


def _has_labelled_twin(path: str, paths: Sequence[str]) -> bool:
    name = os.path.basename(path)
    twin = os.path.join(os.path.dirname(path), name.removeprefix("un"))
    return name.startswith("unlabeled_") and twin in paths
