"""What a data set is: columns, roles, splits. Knows no framework."""

import dataclasses
import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from trainer import storage

__all__ = [
    "FILE_NAME",
    "ROLES",
    "ROLE_FIELDS",
    "SPLITS",
    "Feature",
    "Schema",
    "Split",
    "assign_roles",
    "check_roles",
    "declared_roles",
]

FILE_NAME = "schema.json"
ROLES = ("scored", "covariate", "ignored")
# Settings, and so flags, that list the columns of a role.
ROLE_FIELDS = tuple(f"{role}_columns" for role in ROLES)
SPLITS = ("train", "validation", "statistics", "tuning", "test")
VERSION = 2


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
        identity: the hash before splits were added; "" = none were.
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
    identity: str = ""
    kind: str = "series"
    version: int = VERSION

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Names of all columns, in stored order."""
        return tuple(feature.name for feature in self.features)

    @property
    def steps_per_day(self) -> float:
        """Time steps a day; NaN where not known, or sequences are labelled."""
        period = self.sampling_period_seconds
        if self.label_kind == "sequence":
            return float("nan")
        return 86_400 / period if period else float("nan")

    @property
    def scored_columns(self) -> tuple[int, ...]:
        """Positions of the columns that are scored."""
        return self._columns("scored")

    @property
    def input_columns(self) -> tuple[int, ...]:
        """Positions of the columns that networks read."""
        return self._columns("scored", "covariate")

    def with_roles(self, declared: Mapping[str, str]) -> "Schema":
        """The schema with other roles; columns not named keep theirs.

        Args:
            declared: column name to role; empty = the schema as it is.

        Raises:
            ValueError: as `assign_roles`.
        """
        if not declared:
            return self
        check_roles(self.feature_names, declared)
        roles = {feature.name: feature.role for feature in self.features}
        features = assign_roles(self.features, {**roles, **declared})
        return dataclasses.replace(self, features=features)

    def _columns(self, *roles: str) -> tuple[int, ...]:
        return tuple(
            position
            for position, feature in enumerate(self.features)
            if feature.role in roles
        )

    def hash(self) -> str:
        """Says which data set it is.

        Roles do not count, nor splits that came after what was learned from.
        """
        if self.identity:
            return self.identity
        content = dataclasses.asdict(self)
        for feature in content["features"]:
            del feature["role"]
        del content["identity"]
        return _digest(content)

    def to_json(self) -> str:
        """Text of `schema.json`, with the hash and a checksum."""
        content = dataclasses.asdict(self)
        sums = {"hash": self.hash(), "checksum": _digest(content)}
        return json.dumps(content | sums, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "Schema":
        """Reads what `to_json` wrote.

        Raises:
            ValueError: not a schema, of another version, or changed since.
        """
        try:
            content = json.loads(text)
            version = content["version"]
            if version == VERSION:
                del content["hash"]
                checksum = content.pop("checksum")
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
        if checksum != _digest(dataclasses.asdict(schema)):
            raise ValueError(
                f"{FILE_NAME} was changed after it was written (its checksum "
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


def _digest(content: Mapping[str, Any]) -> str:
    """SHA-256 of JSON values."""
    text = json.dumps(content, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def declared_roles(
    settings: object, pairs: Iterable[tuple[str, str]] = ()
) -> dict[str, str]:
    """Column name to declared role.

    Args:
        settings: has the fields `ROLE_FIELDS`, each a tuple of names.
        pairs: name and role of further columns.

    Raises:
        ValueError: a column is named twice.
    """
    declared: dict[str, str] = {}
    lists = zip(ROLE_FIELDS, ROLES, strict=True)
    for name, role in (
        *pairs,
        *(
            (name, role)
            for field, role in lists
            for name in getattr(settings, field)
        ),
    ):
        if name in declared:
            raise ValueError(
                "A column must be named once, with one role. Received: "
                f"`{name}` as {declared[name]} and again as {role}. Leave one "
                "of the two out."
            )
        declared[name] = role
    return declared


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
                f"{', '.join(names)}. Received: {name}={role}. Correct the "
                "flag that says so."
            )
    if all(declared.get(name, "scored") != "scored" for name in names):
        raise ValueError(
            "At least one column must have the role `scored`. Received: "
            f"{dict(declared)}. Give it to one with --scored_columns."
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
        ValueError: a declared name or role does not exist, nothing is left
            to score, or nothing can be learned from train.
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
    assigned = tuple(
        dataclasses.replace(feature, role=role)
        for feature, role in zip(features, roles, strict=True)
    )
    _check_measured(assigned)
    return assigned


def _check_measured(features: Sequence[Feature]) -> None:
    """Refuses columns of which nothing is known."""
    empty = [
        feature.name
        for feature in features
        if not feature.count and feature.role != "ignored"
    ]
    if empty:
        raise ValueError(
            "A column must have measured cells in train. Received none in: "
            f"{', '.join(empty)}. To go on without, declare "
            f"--ignored_columns={','.join(empty)}"
        )
