"""Segments as `tf.train.Example` in TFRecord files, without TensorFlow."""

import contextlib
import functools
from collections.abc import Callable, Iterator

import numpy as np

from preprocessing.segments import Segment
from trainer import storage

__all__ = ["encode", "record_writer"]

# Numbers of FieldDescriptorProto.Type and .Label.
_INT64, _MESSAGE, _BYTES, _FLOAT = 3, 11, 12, 2
_OPTIONAL, _REPEATED = 1, 3


def encode(segment: Segment, dtype: str) -> tuple[bytes, bool]:
    """Serializes `segment` as a `tf.train.Example`.

    Args:
        segment: what to store.
        dtype: "float32" or "float64", of the stored values.

    Returns:
        The features `series_id`, `start`, `halo`, `follows_gap`, `length`,
        `values` and, where the segment has them, `label`, `sequence_label`,
        `timestamp`; and True where a value is too large for `dtype`.
    """
    example = _example_class()()
    feature = example.features.feature
    little_endian = np.dtype(dtype).newbyteorder("<")
    # What is stored holds no infinity but one that is made here.
    with np.errstate(over="ignore"):
        values = segment.values.astype(little_endian, order="C")
    feature["series_id"].bytes_list.value.append(segment.series_id.encode())
    feature["start"].int64_list.value.append(segment.start)
    feature["halo"].int64_list.value.append(segment.halo)
    feature["follows_gap"].int64_list.value.append(int(segment.follows_gap))
    feature["length"].int64_list.value.append(len(segment.values))
    feature["values"].bytes_list.value.append(values.tobytes())
    if segment.labels is not None:
        feature["label"].bytes_list.value.append(
            segment.labels.astype(np.int8).tobytes()
        )
    if segment.sequence_label is not None:
        feature["sequence_label"].int64_list.value.append(
            segment.sequence_label
        )
    if segment.timestamps is not None:
        feature["timestamp"].bytes_list.value.append(
            segment.timestamps.astype("<i8").tobytes()
        )
    record = example.SerializeToString(deterministic=True)
    return record, bool(np.isinf(values).any())


@contextlib.contextmanager
def record_writer(path: str) -> Iterator[Callable[[bytes], None]]:
    """Yields a function that appends a record to the TFRecord file `path`.

    The file is there when all went well, so a step that Beam runs twice
    never leaves half a shard.
    """
    from apache_beam.io.tfrecordio import _TFRecordUtil

    with storage.binary_written_whole(path) as file:
        yield functools.partial(_TFRecordUtil.write_record, file)


@functools.cache
def _example_class():
    """The message class of TensorFlow's `example.proto`, built here."""
    from google.protobuf import (
        descriptor_pb2,
        descriptor_pool,
        message_factory,
    )

    package = "residua"
    file = descriptor_pb2.FileDescriptorProto(
        name="residua/example.proto", package=package, syntax="proto3"
    )

    def message(name, *fields, parent=None):
        added = (
            parent.nested_type if parent is not None else file.message_type
        ).add(name=name)
        for number, (field, label, kind, type_name) in enumerate(fields, 1):
            added.field.add(
                name=field,
                number=number,
                label=label,
                type=kind,
                type_name=f".{package}.{type_name}" if type_name else None,
            )
        return added

    message("BytesList", ("value", _REPEATED, _BYTES, ""))
    message("FloatList", ("value", _REPEATED, _FLOAT, ""))
    message("Int64List", ("value", _REPEATED, _INT64, ""))
    kinds = ("bytes_list", "float_list", "int64_list")
    classes = ("BytesList", "FloatList", "Int64List")
    feature = message(
        "Feature",
        *(
            (name, _OPTIONAL, _MESSAGE, type_name)
            for name, type_name in zip(kinds, classes, strict=True)
        ),
    )
    feature.oneof_decl.add(name="kind")
    for field in feature.field:
        field.oneof_index = 0
    entry_name = "Features.FeatureEntry"
    features = message("Features", ("feature", _REPEATED, _MESSAGE, entry_name))
    entry = message(
        "FeatureEntry",
        ("key", _OPTIONAL, 9, ""),
        ("value", _OPTIONAL, _MESSAGE, "Feature"),
        parent=features,
    )
    entry.options.map_entry = True
    message("Example", ("features", _OPTIONAL, _MESSAGE, "Features"))
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(
        pool.FindMessageTypeByName(f"{package}.Example")
    )
