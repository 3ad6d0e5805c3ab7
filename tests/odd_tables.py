"""Tables with odd cells, for tests that must hold for any table."""

from hypothesis import strategies as st

__all__ = ["FORMAT", "TIMES", "tables"]

VALUES = [
    *("1", "-2.5", " 3 ", "+4", ".5", "6.", "7e3", "1e-400", '"8"', "\t9"),
    *("", "nan", "NaN", "nAn", "NULL", "N/A", "<NA>", "-nan(ind)", "nan()"),
    *("1e400", "-inf", "0x1F", "1_0", "1,5", '"1"2', '"1', "one", "1\x00"),
    *("１", "1\xa0", "--1", "nan(", "+nan", "1d5"),
]
LABELS = [
    *("0", "1", "", "1.0", "nan", "2", "-1", "yes", "1e0", " TRUE", "false"),
    *("0,0", "１", "1\x00", '"1"'),
]
IDS = ["a", "b", "", "NA", '"a"', "a ", "ä", '"b', "a\x00"]
TIMES = {
    "unix": ["0", "1.5", "2", "3e0", "-4", "0x10", "", "nan", "1e30", "x"],
    "millis": ["1700000000000", "1700000000000.5", "1700000000001", "1e12"],
    "nanos": [
        *("1700000000000000000", "1700000000000001500", "0x17979CFE362A1000"),
        *("1.7e18", "17000000000000000001", "1700000000000000499", "-5"),
    ],
    "naive": [
        *("2020-01-01", "2020-01-01T01", "2020-01-01 02:00:00.5"),
        *("2020-03-29 02:30:00", "2020-10-25 02:30:00", "2020-10-25T02:30"),
        *("2020-10-25T03:30", "2020-01-01T00:00Z", "0000-01-01", "20200101"),
        *("2020-01-01 24:00:00", "9999-12-31T23:59:59.999999", "1900-01-01"),
        *("2020-06-01T00:00:00.123456", "2020-06-01T00:00:00.1234567", ""),
    ],
    "zoned": [
        *("2020-01-01T00:00Z", "2020-01-01T02:00:00+01:00", "2020-01-01"),
        *("2020-01-01T03:00:00.25-0330", "2020-01-01 05:00+23:59"),
        *("0001-01-01T00:00+05:00", "2020-01-02T00:00:00 Z"),
    ],
    "fine": [
        *("2020-01-01T00:00:00.123456789", "2020-01-01T00:00:01"),
        *("1969-12-31T23:59:59.999999999", "1600-01-01T00:00:00.1234567"),
    ],
    "format": [
        *("01/02/2017 00:00:00", "1/2/2017 0:00:01", "31/12/2019 23:59:59"),
        *("31/02/2017 00:00:00", "29/03/2020 02:30:00", "25/10/2020 02:30:00"),
        *("01-02-2017 00:00:00", "01/02/2017 00:00:60", "２1/02/2017 00:00:00"),
    ],
}
FORMAT = "%d/%m/%Y %H:%M:%S"
GOOD = {
    "": lambda row: "",
    "unix": lambda row: str(row * 7),
    "millis": lambda row: str(1700000000000 + row),
    "nanos": lambda row: str(1700000000000000000 + 700 * row),
    "naive": lambda row: f"2020-10-25 02:{row:02d}:00",
    "zoned": lambda row: f"2020-01-01T00:{row:02d}:00.5+01:00",
    "fine": lambda row: f"2020-01-01T00:{row:02d}:00.123456789",
    "format": lambda row: f"01/02/2017 00:{row:02d}:00",
}
COLUMNS = {"x": VALUES, "y": VALUES, "id": IDS, "bad": LABELS}


@st.composite
def tables(draw):
    """Lines, and the options they are read with; the first row is good.

    Most rows have one odd cell at most, or nearly all would be refused.
    """
    kind = draw(st.sampled_from(sorted(GOOD)))
    has_id, has_label = draw(st.booleans()), draw(st.booleans())
    names = ["x", "y"] + ["t"] * bool(kind) + ["id"] * has_id
    names += ["bad"] * has_label
    columns = COLUMNS | {"t": TIMES.get(kind, [])}
    lines = [",".join(names)]
    for row in range(draw(st.integers(1, 12))):
        cells = {"x": "1", "y": str(row), "t": GOOD[kind](row), "id": "a"}
        cells["bad"] = "0"
        if row:
            cells["id"] = draw(st.sampled_from("ab"))
            for odd in draw(st.lists(st.sampled_from(names), max_size=2)):
                cells[odd] = draw(st.sampled_from(columns[odd]))
        line = ",".join(cells[name] for name in names)
        lines.append(
            line + draw(st.sampled_from([""] * 5 + [",9"] * bool(row)))
        )
        lines += draw(st.sampled_from([[], [], [], [""], [" "]]))
    options = {"series_column": "id"} if has_id else {}
    options |= {"label_column": "bad"} if has_label else {}
    if kind:
        zone = draw(st.sampled_from(["UTC", "Europe/Berlin"]))
        options |= {"timestamp_column": "t", "time_zone": zone}
    if kind == "format":
        options["timestamp_format"] = FORMAT
    return lines, options
