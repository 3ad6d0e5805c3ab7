"""Beam's flags: which engine runs the pipeline, and what it understands."""

import argparse
import os
from collections.abc import Sequence

__all__ = ["DASK_CONFIGURATION", "named_in_full", "unknown_flags"]

_DASK = "apache_beam.runners.dask.dask_runner.DaskRunner"
# Dask starts its processes such that freed memory goes back to the system at
# once, which doubles the time of work on arrays: they are to keep it.
_ENVIRONMENT = "distributed.nanny.pre-spawn-environ"
DASK_CONFIGURATION = {
    f"{_ENVIRONMENT}.MALLOC_TRIM_THRESHOLD_": 1 << 28,
    f"{_ENVIRONMENT}.MALLOC_MMAP_THRESHOLD_": 1 << 25,
    # Else it tells of each process that starts and ends.
    "logging.distributed": "error",
}
# A scheduler that is there answers at once.
_ANSWER_SECONDS = 10


def named_in_full(options: Sequence[str]) -> list[str]:
    """Flags with the engine's name as Beam finds it.

    Raises:
        ValueError: the engine is not installed.
        OSError: no cluster answers.
    """
    named = [
        option.replace("DaskRunner", _DASK)
        if option in ("--runner=DaskRunner", "DaskRunner")
        else option
        for option in options
    ]
    if named == list(options):
        return named
    try:
        import dask

        # Before the next import, which sets up its logs. Beam starts a
        # cluster where no address is given.
        dask.config.set(DASK_CONFIGURATION)
        # Importing it adds its options to Beam's.
        import apache_beam.runners.dask.dask_runner  # noqa: F401
        import distributed  # noqa: F401
    except ImportError as error:
        raise ValueError(
            "`runner` must be an engine that is installed. Received: "
            "DaskRunner without dask. Run `pip install 'residua[dask]'`."
        ) from error
    return [*named, *_partitions(named)]


def _partitions(options: Sequence[str]) -> list[str]:
    """How many there are to be; Beam would put 128 groups into each."""
    import distributed

    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    for name in ("client_address", "npartitions", "partition_size"):
        parser.add_argument(f"--dask_{name}")
    given = parser.parse_known_args(options)[0]
    if given.dask_npartitions or given.dask_partition_size:
        return []
    num_threads = os.cpu_count() or 1
    if given.dask_client_address:
        try:
            with distributed.Client(
                given.dask_client_address,
                timeout=_ANSWER_SECONDS,
                set_as_default=False,
            ) as client:
                num_threads = sum(client.nthreads().values())
        except OSError as error:
            raise ValueError(
                "`dask_client_address` must be that of a running scheduler. "
                f"Received: {given.dask_client_address}, where none answered "
                f"for {_ANSWER_SECONDS} s. Start one with `dask scheduler`, or "
                "leave the flag out for a cluster of this machine."
            ) from error
    # One for each thread: the tasks of a grouping are the square of all
    # partitions, and take a millisecond each.
    return [f"--dask_npartitions={max(num_threads, 1)}"]


def unknown_flags(options: Sequence[str]) -> list[str]:
    """What no class of Beam's options knows."""
    from apache_beam.options import pipeline_options

    parser = pipeline_options._BeamArgumentParser(
        add_help=False, allow_abbrev=False
    )
    for known in pipeline_options.PipelineOptions.__subclasses__():
        known._add_argparse_args(parser)
    return parser.parse_known_args(options)[1]
