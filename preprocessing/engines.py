"""Beam's flags: which engine runs the pipeline, and what it understands."""

from collections.abc import Sequence

__all__ = ["named_in_full", "unknown_flags"]

# Grouping costs their square in tasks, each of about a millisecond.
_DASK_PARTITIONS = 8
_DASK = "apache_beam.runners.dask.dask_runner.DaskRunner"


def named_in_full(options: Sequence[str]) -> list[str]:
    """Flags with the engine's name as Beam finds it.

    Raises:
        ValueError: the engine is not installed.
    """
    named = [
        option.replace("DaskRunner", _DASK)
        if option in ("--runner=DaskRunner", "DaskRunner")
        else option
        for option in options
    ]
    if named != list(options):
        try:
            # Importing it adds its options to Beam's.
            import apache_beam.runners.dask.dask_runner  # noqa: F401
        except ImportError as error:
            raise ValueError(
                "`runner` must be an engine that is installed. Received: "
                "DaskRunner without dask. Run `pip install 'residua[dask]'`."
            ) from error
        if not any(
            name.startswith(("--dask_npartitions", "--dask_partition_size"))
            for name in named
        ):
            # Left alone, it puts 128 groups of files into one partition.
            named.append(f"--dask_npartitions={_DASK_PARTITIONS}")
    return named


def unknown_flags(options: Sequence[str]) -> list[str]:
    """What no class of Beam's options knows."""
    from apache_beam.options import pipeline_options

    parser = pipeline_options._BeamArgumentParser(
        add_help=False, allow_abbrev=False
    )
    for known in pipeline_options.PipelineOptions.__subclasses__():
        known._add_argparse_args(parser)
    return parser.parse_known_args(options)[1]
