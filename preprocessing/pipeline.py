"""The Beam pipeline: count, plan, write shards, summarize.

Elements are files, so one worker reads a file from its start to its end and
writes its shards alone. Beam's own text and TFRecord transforms are left
out: they take rows, which is several times slower, and the Dask runner
cannot run them.
"""

import os
from collections.abc import Iterator, Sequence

import apache_beam as beam
from apache_beam.io.filesystems import FileSystems
from apache_beam.options.pipeline_options import PipelineOptions

from preprocessing.counting import Job, SourceCount, count_source
from preprocessing.plan import Plan, make_plan
from preprocessing.readers.base import Source
from preprocessing.shards import SourceResult, write_source
from preprocessing.summary import Summary, summarize

__all__ = ["run"]

_SUMMARY = "summary.json"


class _CountRows(beam.DoFn):
    """First pass over a file."""

    def __init__(self, job: Job) -> None:
        self._job = job

    def process(self, element: tuple[int, Source]) -> Iterator[SourceCount]:
        yield count_source(self._job, *element)


class _WriteShards(beam.DoFn):
    """Second pass over a file."""

    def __init__(self, job: Job) -> None:
        self._job = job

    def process(
        self, element: tuple[int, Source], plan: Plan
    ) -> Iterator[SourceResult]:
        yield write_source(self._job, plan, *element)


class _WriteSummary(beam.DoFn):
    """The small file in which the driver reads how it went."""

    def __init__(self, job: Job) -> None:
        self._job = job

    def process(
        self, results: Sequence[SourceResult], plan: Plan
    ) -> Iterator[str]:
        path = os.path.join(self._job.folder, _SUMMARY)
        text = summarize(results, plan, self._job).to_json()
        with FileSystems.create(path, mime_type="application/json") as file:
            file.write(text.encode())
        yield path


def run(job: Job, sources: Sequence[Source], options: Sequence[str]) -> Summary:
    """Runs the pipeline to its end.

    Args:
        job: what the steps know.
        sources: files to read.
        options: Beam's own flags.
    """
    # Beam's "DirectRunner" first tries to download a program; this is the
    # direct runner that it falls back to.
    pipeline_options = PipelineOptions(["--runner=FnApiRunner", *options])
    with beam.Pipeline(options=pipeline_options) as pipeline:
        files = (
            pipeline
            | "Create sources" >> beam.Create(list(enumerate(sources)))
            | "Spread sources" >> beam.Reshuffle()
        )
        plan = (
            files
            | "Count rows" >> beam.ParDo(_CountRows(job))
            | "Collect counts" >> beam.combiners.ToList()
            | "Plan splits" >> beam.Map(make_plan, job)
        )
        one_plan = beam.pvalue.AsSingleton(plan)
        _ = (
            files
            | "Write shards" >> beam.ParDo(_WriteShards(job), one_plan)
            | "Collect results" >> beam.combiners.ToList()
            | "Write summary" >> beam.ParDo(_WriteSummary(job), one_plan)
        )
    path = os.path.join(job.folder, _SUMMARY)
    with FileSystems.open(path) as file:
        summary = Summary.from_json(file.read().decode())
    FileSystems.delete([path])
    return summary
