"""Text files as they come: packed, marked, transcoded, cut anywhere."""

import bz2
import gzip
import lzma
import tracemalloc

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from preprocessing.readers.text import pieces as text
from preprocessing.readers.text.compression import SUFFIXES
from preprocessing.readers.text.encoding import check_encoding


def zstd(data):
    codec = pa.Codec("zstd")
    return codec.compress(data, asbytes=True)


PACK = {
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": zstd,
}


def chunks(path, has_header=False, **options):
    return list(text.line_chunks(str(path), has_header, **options))


def lines(path, **options):
    return [
        pair
        for first, data in chunks(path, **options)
        for pair in text.lines_of(first, data)
    ]


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("parts", [1, 2])
def test_packed_files_are_unpacked(tmp_path, suffix, parts):
    """Catches a suffix left out, and all but the first of joined files."""
    path = tmp_path / f"pump.csv{suffix}"
    path.write_bytes(PACK[suffix](b"x,y\n1,2\n") * parts)
    found = lines(path)
    assert [line for line, _ in found] == list(range(1, 2 * parts + 1))
    assert text.first_lines(str(path), 1) == ["x,y"]
    assert text.count_lines(str(path)) == 2 * parts
    assert text.series_name(str(path)) == "pump"


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("damage", ["cut", "no such", "flip"])
def test_damaged_packed_files_are_named(tmp_path, suffix, damage):
    """Catches half a file taken for a whole one, and a bare EOFError."""
    packed = bytearray(PACK[suffix](b"1,2\n3,4\n" * 5000))
    if damage == "cut":
        del packed[-5:]
    elif damage == "no such":
        packed = b"x,y\n1,2\n"
    else:
        packed[0] ^= 255
    path = tmp_path / f"pump.csv{suffix}"
    path.write_bytes(packed)
    with pytest.raises(ValueError, match=r"must be whole.*pump\.csv\..*again"):
        lines(path)


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_line_ends_of_all_systems(tmp_path, ends, mark, monkeypatch):
    """Catches one long line of an old Mac, and CR LF cut between chunks."""
    for size in (1, 2, 3, 5, 1000):
        monkeypatch.setattr(text, "_FIRST_CHUNK_BYTES", size)
        monkeypatch.setattr(text, "_CHUNK_BYTES", size)
        monkeypatch.setattr(text, "_LOOK_BYTES", size)
        path = tmp_path / "a.csv"
        path.write_bytes(mark + ends.join(["x", "", "1", "22", "3"]).encode())
        if mark and size < 3:
            continue
        assert lines(path) == [(1, "x"), (3, "1"), (4, "22"), (5, "3")]
        assert text.first_lines(str(path)) == ["x", "1", "22", "3"]
        assert text.count_lines(str(path), has_header=True) == 3


@given(
    content=st.text("ab,\t \n\r", max_size=60),
    size=st.integers(1, 9),
    has_header=st.booleans(),
)
@settings(max_examples=300, deadline=None, derandomize=True)
def test_chunks_count_like_one_text(
    tmp_path_factory, content, size, has_header
):
    """Catches a line cut in two, counted twice, or with a wrong number."""
    path = tmp_path_factory.mktemp("text") / "a.csv"
    path.write_bytes(content.encode())
    plain = content.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    expected = [
        (number, line)
        for number, line in enumerate(plain, 1)
        if line.strip(" \t")
    ][has_header:]
    with pytest.MonkeyPatch.context() as patch:
        for name in ("_FIRST_CHUNK_BYTES", "_CHUNK_BYTES", "_PIECE_BYTES"):
            patch.setattr(text, name, size)
        assert lines(path, has_header=has_header) == expected
        assert text.count_lines(str(path), has_header) == len(expected)
        pieces = [
            pair
            for first, data in chunks(path, has_header)
            for number, piece in text.pieces_of(first, data)
            for pair in text.lines_of(number, piece)
        ]
    assert pieces == expected


def test_a_row_of_empty_cells_is_a_row(tmp_path):
    """Catches rows of a tab-separated file lost as blank lines."""
    path = tmp_path / "a.tsv"
    path.write_bytes(b"1\t2\n\t\n \n3\t4\n")
    assert text.count_lines(str(path), delimiter="\t") == 3
    assert text.count_lines(str(path)) == 2


@pytest.mark.parametrize(
    "encoding", ["latin-1", "utf-16", "utf-16-le", "cp1252"]
)
def test_other_encodings_become_utf_8(tmp_path, encoding):
    """Catches letters of one encoding read as those of another."""
    path = tmp_path / "a.csv"
    path.write_bytes("Öl,°C\n1,2\n".encode(encoding))
    assert text.first_lines(str(path), encoding=encoding) == ["Öl,°C", "1,2"]
    assert text.count_lines(str(path), encoding=encoding) == 2


def test_text_that_is_not_what_was_named(tmp_path):
    """Catches a traceback of the decoder."""
    path = tmp_path / "a.csv"
    path.write_bytes("x\n1\n".encode("utf-16") + b"\x00")
    with pytest.raises(ValueError, match="--encoding.*a.csv.*encoding=utf-16"):
        lines(path, encoding="utf-16")


@pytest.mark.parametrize("name", ["utf-99", "", "base64", "latin\x00"])
def test_unknown_encodings(name):
    """Catches a codec that turns no bytes into text, or a LookupError."""
    with pytest.raises(ValueError, match="`encoding`.*Write for example utf-8"):
        check_encoding(name)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32"])
def test_utf_16_is_told(tmp_path, encoding):
    """Catches letters with NUL bytes between them taken for names."""
    path = tmp_path / "a.csv"
    path.write_bytes("x,y\n1,2\n".encode(encoding))
    with pytest.raises(ValueError, match="a.csv.*--encoding=utf-16"):
        lines(path)


@pytest.mark.parametrize(
    ("head", "message"),
    [
        (b"\x89PNG\r\n\x1a\n\x00\x00", "which is a picture. .*--help"),
        (b"\x80\x04\x95\x0a\x00\x00", "a pickle, which is never loaded"),
        (b"PK\x03\x04\x14\x00", "a zip file or a spreadsheet"),
        (b"\x1f\x8b\x08\x00", "the suffix .gz"),
        (b"PAR1\x15\x04", "--format=parquet"),
        (b"\x93NUMPY\x01\x00", "--format=npy"),
        (b"abc\x00\x01", "no text.*encoding=utf-16.*--help"),
    ],
)
def test_binary_files_are_told(tmp_path, head, message):
    """Catches dead letters for each line of a picture."""
    path = tmp_path / "a.csv"
    path.write_bytes(head * 10)
    with pytest.raises(ValueError, match=message):
        lines(path)


def test_an_endless_line_does_not_fill_the_memory(tmp_path, monkeypatch):
    """Catches a file without line ends that is read whole."""
    monkeypatch.setattr(text, "_LONGEST_LINE_BYTES", 1 << 20)
    monkeypatch.setattr(text, "_CHUNK_BYTES", 1 << 18)
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b"1," * (1 << 24)))
    tracemalloc.start()
    with pytest.raises(ValueError, match="shorter than.*a.csv.gz"):
        lines(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 << 20
