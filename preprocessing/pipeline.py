"""The Beam pipeline: count, plan, write shards, summarize.

Elements are groups of files, so one worker reads a file from its start to
its end and writes the group's shards alone. The number of a group is its key:
grouping by it spreads the groups evenly over the workers of any engine.
Beam's own text and TFRecord transforms are left out: they take rows, which is
several times slower, and the Dask runner cannot run them.
"""

import dataclasses
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions, TestOptions

from preprocessing.counting import Job, SourceCount, count_source
from preprocessing.plan import Files, Group, Plan, make_plan
from preprocessing.readers.base import Source
from preprocessing.shards import GroupResult, write_group
from preprocessing.summary import Summary, summarize
from trainer import storage

__all__ = ["is_dry_run", "run"]

_SUMMARY = "summary.json"
# Thousands of small files must not become thousands of smaller shards.
_MAX_GROUPS = 512


class _CountRows(beam.DoFn):
    """First pass over a group of files."""

    def __init__(self, job: Job) -> None:
        self._job = job

    def process(
        self, element: tuple[int, Iterable[Files]]
    ) -> Iterator[SourceCount]:
        for files in element[1]:
            for index, source in files:
                yield count_source(self._job, index, source)


class _PlanGroups(beam.DoFn):
    """Decides how to write, for all files; hands each group its part.

    The plan is no side input: on Dask each reader of one computes it anew.
    """

    def __init__(self, job: Job, groups: Sequence[Group]) -> None:
        self._job = job
        self._groups = groups

    def process(
        self, element: tuple[None, Iterable[SourceCount]]
    ) -> Iterator[tuple[int, tuple[Files, Plan]]]:
        plan = make_plan(list(element[1]), self._job)
        for (number, files), part in plan.for_groups(self._groups):
            yield number, (files, part)


class _WriteShards(beam.DoFn):
    """Second pass over a group of files."""

    def __init__(self, job: Job) -> None:
        self._job = job

    def process(
        self, element: tuple[int, Iterable[tuple[Files, Plan]]]
    ) -> Iterator[GroupResult]:
        number, parts = element
        for files, plan in parts:
            yield write_group(self._job, (number, files), plan)


class _WriteSummary(beam.DoFn):
    """The small file in which the driver reads how it went."""

    def __init__(self, job: Job) -> None:
        self._job = job

    def process(
        self, element: tuple[None, Iterable[GroupResult]]
    ) -> Iterator[str]:
        path = os.path.join(self._job.folder, _SUMMARY)
        summary = summarize(list(element[1]), self._job)
        storage.write_text(path, summary.to_json())
        yield path


def is_dry_run(options: Sequence[str]) -> bool:
    """True where Beam's flags ask for the job graph alone."""
    return bool(PipelineOptions(list(options)).view_as(TestOptions).dry_run)


def run(
    job: Job, sources: Sequence[Source], options: Sequence[str]
) -> Summary | None:
    """Runs the pipeline to its end; None after a dry run.

    Args:
        job: what the steps know.
        sources: files to read.
        options: Beam's own flags.
    """
    groups = _grouped(sources)
    job = dataclasses.replace(job, num_groups=len(groups))
    try:
        _run_to_the_end(job, groups, options)
    except RuntimeError as error:
        raise _explained(error, job) from error
    if is_dry_run(options):
        return None
    path = os.path.join(job.folder, _SUMMARY)
    with storage.open_binary(path) as file:
        summary = Summary.from_json(file.read().decode())
    storage.delete_files([path])
    return summary


def _run_to_the_end(
    job: Job, groups: Sequence[Group], options: Sequence[str]
) -> None:
    # Beam's "DirectRunner" first tries to download a program; this is the
    # direct runner that it falls back to.
    pipeline_options = PipelineOptions(["--runner=FnApiRunner", *options])
    with beam.Pipeline(options=pipeline_options) as pipeline:
        _ = (
            pipeline
            | "Create groups" >> beam.Create(groups)
            | "Spread files" >> beam.GroupByKey()
            | "Count rows" >> beam.ParDo(_CountRows(job))
            | "Give counts one key" >> beam.Map(_with_one_key)
            | "Collect counts" >> beam.GroupByKey()
            | "Plan groups" >> beam.ParDo(_PlanGroups(job, groups))
            | "Spread groups" >> beam.GroupByKey()
            | "Write shards" >> beam.ParDo(_WriteShards(job))
            | "Give results one key" >> beam.Map(_with_one_key)
            | "Collect results" >> beam.GroupByKey()
            | "Write summary" >> beam.ParDo(_WriteSummary(job))
        )


def _with_one_key(element: Any) -> tuple[None, Any]:
    # Beam's ToList has a default for no elements, which is a side input.
    return None, element


def _explained(error: RuntimeError, job: Job) -> Exception:
    """What the system refused, without the worker's traceback around it."""
    # Beam hands on an error of a worker as text; its first line says it.
    found = re.match(r"\w+: (\[Errno .*?)( \[while running|$)", str(error))
    if not found:
        return error
    return OSError(
        f"The pipeline cannot write to `{os.path.dirname(job.folder)}`: "
        f"{found[1]}. Free space there, or name another --output."
    )


def _grouped(sources: Sequence[Source]) -> list[Group]:
    """Numbered groups of neighbouring files, each with its position."""
    numbered = list(enumerate(sources))
    length = -(-len(numbered) // _MAX_GROUPS)
    starts = range(0, len(numbered), length)
    return [
        (number, tuple(numbered[start : start + length]))
        for number, start in enumerate(starts)
    ]
