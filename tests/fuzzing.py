"""Strategies of damaged files, for tests that feed them to readers."""

from hypothesis import strategies as st

__all__ = ["any_bytes", "damaged"]

_CHARACTERS = st.text('0123456789.,;"-+eExn: \t\r\naT\x00é_', max_size=80)
_INSERTED = (
    st.sampled_from([b",", b";", b"\n", b"\r", b'"', b"\0", b" "])
    | st.binary(max_size=4)
    | _CHARACTERS.map(str.encode)
)
# Mild kinds come oftener: a file that is refused as a whole tries little.
_KINDS = ["digit"] * 16 + ["swap"] * 3 + ["flip", "insert", "delete", "cut"]


def any_bytes():
    """Short files of nothing in particular, or of the letters of tables."""
    return st.binary(max_size=200) | _CHARACTERS.map(str.encode)


@st.composite
def damaged(draw, valid, num_kept=0):
    """A good file with bytes swapped, changed, lost, added, or its end lost.

    Args:
        draw: given by hypothesis.
        valid: bytes of the good file.
        num_kept: leading bytes that mostly stay as they are.
    """
    data = bytearray(valid)
    first = draw(st.sampled_from([num_kept] * 4 + [0]))
    for _ in range(draw(st.sampled_from([1, 1, 1, 1, 2, 4]))):
        first = min(first, max(len(data) - 1, 0))
        place = draw(st.integers(first, max(len(data) - 1, first)))
        kind = draw(st.sampled_from(_KINDS))
        if kind == "swap":
            data[place : place + 2] = data[place : place + 2][::-1]
        elif kind == "digit":
            # By another digit of the file, the next one that there is.
            digits = [at for at, byte in enumerate(data) if chr(byte).isdigit()]
            later = [at for at in digits if at >= place]
            if later:
                data[later[0]] = data[draw(st.sampled_from(digits))]
        elif kind == "flip" and data:
            data[place] ^= 1 << draw(st.integers(0, 7))
        elif kind == "insert":
            data[place:place] = draw(_INSERTED)
        elif kind == "delete":
            del data[place : place + draw(st.integers(1, 20))]
        elif kind == "cut":
            del data[place:]
    return bytes(data)
