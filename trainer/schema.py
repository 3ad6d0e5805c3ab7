"""What a data set is: columns, roles, splits. Knows no framework."""

import dataclasses
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

from trainer import storage

__all__ = [
    "FILE_NAME",
    "ROLES",
    "SPLITS",
    "Feature",
    "Schema",
    "Split",
    "assign_roles",
    "check_roles",
]

FILE_NAME = "schema.json"
ROLES = ("scored", "covariate", "ignored")
SPLITS = ("train", "validation", "statistics", "tuning", "test")
VERSION = 1


@dataclasses.dataclass(frozen=True)
class Feature:
    """One column; the numbers are those of the train split, raw units.

    Attributes:
        name: column name.
        role: "scored", "covariate" (read, never scored) or "ignored".
        count: measured cells.
        missing: cells not measured.
        mean: mean of the measured cells.
        variance: sample variance (ddof 1) of the measured cells.
        minimum: smallest measured cell.
        maximum: largest measured cell.
        is_constant: all measured cells are equal.
        is_binary: all measured cells are 0 or 1.
    """

    name: str
    role: str
    count: int
    missing: int
    mean: float
    variance: float
    minimum: float
    maximum: float
    is_constant: bool
    is_binary: bool


@dataclasses.dataclass(frozen=True)
class Split:
    """Rows, labels and files of one split.

    Attributes:
        rows: time steps, halo rows not counted.
        series: number of series.
        normal: labels 0; steps, or sequences where labels are per sequence.
        anomalous: labels 1.
        unknown: labels -1.
        shards: TFRecord file names beside the schema.
    """

    rows: int = 0
    series: int = 0
    normal: int = 0
    anomalous: int = 0
    unknown: int = 0
    shards: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Schema:
    """What preprocessing wrote; `schema.json` is its stored form.

    Attributes:
        features: columns in stored order.
        splits: name to split; all of `SPLITS` are there.
        dtype: "float32" or "float64", of the stored values.
        halo: rows of context stored with each later segment of a series;
            no window may be longer.
        label_kind: "step", "sequence" or "none".
        sequence_length: length of every series where labels are per
            sequence, else 0.
        sampling_period_seconds: median period, 0 where unknown.
        reader: format and options, so that prediction reads files alike.
        command: the command that made the data set.
        kind: "series".
        version: of this layout.
    """

    features: tuple[Feature, ...]
    splits: Mapping[str, Split]
    dtype: str = "float32"
    halo: int = 512
    label_kind: str = "none"
    sequence_length: int = 0
    sampling_period_seconds: float = 0.0
    reader: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    command: str = ""
    kind: str = "series"
    version: int = VERSION

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Names of all columns, in stored order."""
        return tuple(feature.name for feature in self.features)

    @property
    def scored_columns(self) -> tuple[int, ...]:
        """Positions of the columns that are scored."""
        return self._columns("scored")

    @property
    def input_columns(self) -> tuple[int, ...]:
        """Positions of the columns that networks read."""
        return self._columns("scored", "covariate")

    def _columns(self, *roles: str) -> tuple[int, ...]:
        return tuple(
            position
            for position, feature in enumerate(self.features)
            if feature.role in roles
        )

    def hash(self) -> str:
        """SHA-256 of the content, without the hash itself."""
        text = json.dumps(dataclasses.asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def to_json(self) -> str:
        """Text of `schema.json`, with the hash."""
        content = dataclasses.asdict(self) | {"hash": self.hash()}
        return json.dumps(content, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "Schema":
        """Reads what `to_json` wrote.

        Raises:
            ValueError: not a schema, of another version, or changed since.
        """
        try:
            content = json.loads(text)
            stored_hash = content.pop("hash")
            version = content["version"]
            if version == VERSION:
                content["features"] = tuple(
                    Feature(**feature) for feature in content["features"]
                )
                content["splits"] = {
                    name: Split(**(split | {"shards": tuple(split["shards"])}))
                    for name, split in content["splits"].items()
                }
                schema = cls(**content)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise ValueError(
                f"Not a {FILE_NAME} of this program ({error!r}): run "
                "`python -m preprocessing.task` again."
            ) from error
        if version != VERSION:
            raise ValueError(
                f"{FILE_NAME} has version {version}, this program reads "
                f"version {VERSION}: run `python -m preprocessing.task` again."
            )
        if stored_hash != schema.hash():
            raise ValueError(
                f"{FILE_NAME} was changed after it was written (its hash "
                "differs): run `python -m preprocessing.task` again."
            )
        return schema

    @classmethod
    def load(cls, data_dir: str) -> "Schema":
        """Reads the schema of the data set in `data_dir`.

        Raises:
            ValueError: there is none, or it cannot be used.
        """
        path = os.path.join(data_dir, FILE_NAME)
        if not storage.is_file(path):
            raise ValueError(
                f"`data_dir` must hold a {FILE_NAME}. Received: "
                f"data_dir={data_dir!r}. `python -m preprocessing.task` "
                "writes one."
            )
        with storage.open_binary(path) as file:
            return cls.from_json(file.read().decode())


def check_roles(names: Sequence[str], declared: Mapping[str, str]) -> None:
    """Refuses roles that cannot be, whatever the columns hold.

    Args:
        names: of all columns.
        declared: column name to role.

    Raises:
        ValueError: a declared name or role does not exist, or nothing is
            left to score.
    """
    for name, role in declared.items():
        if name not in names or role not in ROLES:
            raise ValueError(
                f"A role is one of {', '.join(ROLES)} for one of the columns "
                f"{', '.join(names)}. Received: {name}={role}. Correct "
                "--roles."
            )
    if all(declared.get(name, "scored") != "scored" for name in names):
        raise ValueError(
            "At least one column must have the role `scored`. Received: "
            f"{dict(declared)}. Leave one of them out of --roles."
        )


def assign_roles(
    features: Sequence[Feature], declared: Mapping[str, str]
) -> tuple[Feature, ...]:
    """Gives each column its role: the declared one, else by rule.

    A column whose train values are all 0 or 1 is a covariate, unless no
    other column is left to score; all others are scored.

    Args:
        features: columns, whatever role they have.
        declared: column name to role.

    Raises:
        ValueError: a declared name or role does not exist, or nothing is
            left to score.
    """
    names = [feature.name for feature in features]
    check_roles(names, declared)
    roles = [
        declared.get(
            feature.name, "covariate" if feature.is_binary else "scored"
        )
        for feature in features
    ]
    if "scored" not in roles:
        roles = [declared.get(name, "scored") for name in names]
    return tuple(
        dataclasses.replace(feature, role=role)
        for feature, role in zip(features, roles, strict=True)
    )
