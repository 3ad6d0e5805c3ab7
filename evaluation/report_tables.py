"""The tables of a report."""

import datetime
import math
from collections.abc import Iterator

from evaluation import columns, tables
from evaluation.drift import SplitDrift, score_drift
from evaluation.findings import Findings
from evaluation.notable_events import NotableEvent
from evaluation.tables import Table

__all__ = [
    "drift_table",
    "events_table",
    "figures_table",
    "parameters_table",
    "pooled_table",
    "series_table",
    "summary_table",
]


def summary_table(found: Findings) -> Table:
    """What people look at first; a row for each detector."""
    chosen = columns.summary_columns(
        found.sample, found.has_labels, found.has_times
    )
    return tables.table_of_groups(
        "Summary", "", chosen, found.figures_of_groups()
    )


def figures_table(found: Findings) -> Table:
    """All figures; a row for each of them."""
    return tables.table_of_figures(
        "All figures",
        "n/a = not defined. docs/metrics.md says what each of them means.",
        found.figures_of_groups(),
    )


def pooled_table(found: Findings) -> Table:
    """Figures of all steps as one heap."""
    return tables.table_of_groups(
        "All steps as one heap",
        "Each step counts once, whatever series it is of: long series weigh "
        "more, and one threshold has to fit all.",
        columns.summary_columns("sequence", found.has_labels, False),
        found.figures_of_groups(pooled=True),
    )


def series_table(found: Findings) -> Table:
    """A row for each series, of the first view, the worst first."""
    chosen = columns.series_columns(found.has_labels, found.has_times)
    name = found.first_view
    figure = "vus_pr" if found.has_labels else "flagged_share"
    order = found.series_by_figure(name, figure)
    if not found.has_labels:
        order.reverse()
    rest = set(range(len(found.measured.rated))) - set(order)
    rows = [
        (
            found.measured.subjects[position].name,
            *(
                columns.text_of(
                    column, found.measured.rated[position].figures[name]
                )
                for column in chosen
            ),
        )
        for position in [*order, *sorted(rest)]
    ]
    first = "worst" if found.has_labels else "most flagged"
    return Table(
        "Series",
        f"Figures of one detector ({name}), the {first} first; metrics.json "
        "has all.",
        ("series", *(column.title for column in chosen)),
        rows,
    )


def events_table(found: Findings) -> Table:
    """The stretches that a person should look at."""
    all_events = [event for each in found.events.values() for event in each]
    has_times = any(event.start_time is not None for event in all_events)
    many = len(found.events) > 1
    rows = [
        (*_first(many, view), *_cells_of_event(event, has_times))
        for view, events in found.events.items()
        for event in events
    ]
    header = ("series", "rows", *_first(has_times, "time"), "peak", "flagged",
              "labelled", "features")  # fmt: skip
    return Table(
        "Most anomalous events",
        "Flagged stretches first, then the steps that come nearest to the "
        "threshold. The peak is score / threshold; features are shares of "
        "the score there.",
        (*_first(many, "detector"), *header),
        rows,
        has_words=True,
    )


def drift_table(found: Findings) -> Table:
    """How the scores of the splits differ."""
    many = len(found.splits) > 1
    rows = [
        (*_first(many, view), *_cells_of_drift(each))
        for view, splits in found.splits.items()
        for each in score_drift(splits)
    ]
    header = (
        "split",
        "scored",
        "median",
        "90 %",
        "99 %",
        "flagged",
        "distance",
    )
    return Table(
        "Drift of the scores",
        "Scores divided by their thresholds, of up to 20,000 rows of each "
        "other split. The distance is that of Kolmogorov and Smirnov to the "
        "split marked *, 0 = alike, 1 = apart.",
        (*_first(many, "detector"), *header),
        rows,
    )


def parameters_table(found: Findings) -> Table:
    """What the figures depend on."""
    rows = [
        (name.replace("_", " "), str(value))
        for name, value in found.parameters.items()
    ]
    for model in found.models:
        detector = model.detector
        rows += [
            (f"model {model.name}", f"{detector.model_id}, {detector.version}"),
            ("  folder", model.folder),
            ("  seed", str(detector.config.get("seed", "not told"))),
            ("  data it was made from", detector.schema.get("hash", "")),
        ]
    rows.append(("data, hash", found.data.schema.hash()))
    return Table("Parameters", "", ("", ""), rows, has_words=True)


def _first(is_there: bool, cell: str) -> tuple[str, ...]:
    """A column that only some tables have."""
    return (cell,) if is_there else ()


def _cells_of_event(event: NotableEvent, has_times: bool) -> Iterator[str]:
    yield event.series_id
    yield f"{event.start_row:,} to {event.stop_row - 1:,}"
    if has_times:
        yield _time_text(event.start_time)
    yield f"{event.peak_ratio:,.3g}"
    yield "yes" if event.is_flagged else "no"
    yield {True: "yes", False: "no", None: "unknown"}[event.is_labelled]
    yield ", ".join(f"{name} {share:.0%}" for name, share in event.top_features)


def _time_text(microseconds: int | None) -> str:
    if microseconds is None:
        return ""
    epoch = datetime.datetime(1970, 1, 1)
    try:
        moment = epoch + datetime.timedelta(microseconds=microseconds)
    except OverflowError:
        return f"{microseconds} µs"
    return moment.isoformat(sep=" ", timespec="seconds")


def _cells_of_drift(each: SplitDrift) -> Iterator[str]:
    yield f"{each.split} *" if each.is_reference else each.split
    yield f"{each.num_scored:,}"
    for value in (each.median, each.quantile_90, each.quantile_99):
        yield columns.NOT_DEFINED if math.isnan(value) else f"{value:.3g}"
    for value, form in ((each.flagged_share, ".1%"), (each.distance, ".3f")):
        yield columns.NOT_DEFINED if math.isnan(value) else f"{value:{form}}"
