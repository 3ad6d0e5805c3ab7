"""The HTML page: what to look at, tables, plots."""

from collections.abc import Mapping, Sequence

from evaluation.page import document
from preprocessing.description import column_tables, tables
from preprocessing.description.drawing import Drawn, moving_columns
from preprocessing.description.drift import movement
from preprocessing.description.figures import series_figure
from preprocessing.description.range_buttons import (
    add_range_buttons,
    train_range,
)
from preprocessing.description.sequences import Group, sequence_figure
from preprocessing.description.survey import Survey
from preprocessing.description.words import listed
from trainer.schema import Schema

__all__ = ["make_page", "sequence_parts", "series_parts"]

SERIES_LISTED = 200
PLOTS = "Plots"


def make_page(
    title: str,
    schema: Schema,
    survey: Survey,
    refused: Mapping[str, int],
    findings: Sequence[str],
    plots: Sequence[str],
) -> str:
    """Makes the page; every text is escaped.

    Args:
        title: of the page.
        schema: of the data set.
        survey: of the same.
        refused: reason to number of refused rows.
        findings: what to look at before training.
        plots: HTML of the series, from `series_parts` or a figure.
    """
    shown = [
        tables.split_table(schema, survey),
        column_tables.column_table(schema, survey),
        column_tables.drift_table(schema, survey),
    ]
    if survey.series:
        shown.append(tables.series_table(survey, SERIES_LISTED))
    if refused:
        shown.append(tables.refused_table(refused))
    entries = [(table.title, f"table-{n}") for n, table in enumerate(shown)]
    more = [(PLOTS, "plots")] if plots else []
    parts = [
        document.table((), tables.head_rows(schema, survey), has_words=True),
        document.contents([*entries, *more]),
        document.heading("Before training, look at"),
        document.bullets(findings or ["Nothing out of the ordinary."]),
    ]
    for table, (text, name) in zip(shown, entries, strict=True):
        parts.append(document.heading(text, name))
        parts.append(document.table(table.header, table.rows))
        parts += [document.paragraph(table.note)] if table.note else []
    parts += [document.heading(*entry) for entry in more]
    return document.document(title, [*parts, *plots])


def series_parts(
    drawn: Sequence[Drawn], schema: Schema, survey: Survey
) -> list[str]:
    """HTML of the plots of long series.

    Args:
        drawn: the series.
        schema: names their columns.
        survey: of all series, drawn or not.
    """
    parts = []
    num_series = len(survey.series)
    more = num_series - len(drawn)
    if more > 0:
        parts.append(
            document.paragraph(
                f"{len(drawn):,} of {num_series:,} series are drawn, those "
                f"with labelled anomalies first; {more:,} are not. "
                "--max_series draws more, --series chooses."
            )
        )
    for each in drawn:
        parts.append(document.heading(each.series_id, level=3))
        if each.left_out:
            parts.append(document.paragraph(_left_out_words(each, schema)))
        figure = series_figure(each, schema)
        shown = survey.series[each.series_id]
        train = train_range(survey, each.series_id)
        add_range_buttons(figure, each.columns, train, shown)
        parts.append(document.figure(figure))
    return parts


def _left_out_words(drawn: Drawn, schema: Schema) -> str:
    """Says which columns are drawn and which are not."""
    names = [schema.features[column].name for column in drawn.left_out]
    return (
        f"The {len(drawn.columns)} scored columns that move most, in standard "
        f"deviations of train; not drawn: {listed(names)}."
    )


def sequence_parts(
    groups: Sequence[Group], schema: Schema, survey: Survey
) -> list[str]:
    """HTML of the plot of short series.

    Args:
        groups: sequences to draw.
        schema: names their columns.
        survey: of all sequences.
    """
    train, whole = survey.splits["train"].statistics, survey.statistics
    columns, left_out = moving_columns(schema, movement(whole, train))
    num_left_out = len(left_out)
    figure = sequence_figure(groups, columns, schema)
    add_range_buttons(figure, columns, train_range(survey), whole)
    tail = (
        f" {num_left_out} scored columns that move less are not drawn."
        if num_left_out
        else ""
    )
    return [
        document.paragraph(
            "A few of each label, spread evenly over a split. A click on the "
            "legend hides a group." + tail
        ),
        document.figure(figure),
    ]
