import re

from described_data import schema_of, small_runs, small_schema, survey_of

from preprocessing.description import column_tables, tables, terminal

REFUSED = {"time [red]goes back[/red]": 7}


def printed(schema, found, findings, capsys):
    terminal.print_description(schema, found, REFUSED, findings)
    out = capsys.readouterr().out
    return [line.strip() for line in out.splitlines() if line.strip()]


def test_every_row_of_every_table_is_printed(capsys):
    """Catches a table that is missing, or printed in another order."""
    schema = small_schema()
    found = survey_of(schema, small_runs())
    lines = [
        tuple(re.split(r"\s{2,}", line))
        for line in printed(schema, found, ["first", "second"], capsys)
    ]
    for table in (
        tables.split_table(schema, found),
        column_tables.column_table(schema, found),
        tables.series_table(found, 20),
        tables.refused_table(REFUSED),
    ):
        start = lines.index((table.title,))
        assert lines[start + 1] == table.header
        end = start + 3 + len(table.rows)
        assert lines[start + 3 : end] == list(table.rows)
    assert ("columns: 5: 3 scored, 1 covariate, 1 ignored",) in lines
    assert lines[-2:] == [("- first",), ("- second",)]


def test_long_tables_are_cut(capsys):
    """Catches thousands of columns that push the findings out of sight."""
    schema = schema_of(70)
    lines = printed(schema, survey_of(schema, {}), [], capsys)
    assert "10 more rows are on the page." in lines
    names = [line.split()[0] for line in lines if re.match(r"c\d", line)]
    assert names == [f"c{number}" for number in range(60)]
