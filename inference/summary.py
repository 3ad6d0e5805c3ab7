"""What a prediction did, in one table."""

import dataclasses
from collections.abc import Sequence

from inference.scoring import LoadedDetector
from inference.series import ScoredBlock
from preprocessing.readers.base import BadRow

__all__ = ["Summary"]

SHOWN_SERIES = 20
SHOWN_BAD_ROWS = 5


@dataclasses.dataclass
class _Counts:
    num_rows: int = 0
    num_flagged: int = 0
    num_scored: int = 0
    num_missing: int = 0
    num_infinite: int = 0

    def add(self, block: ScoredBlock) -> None:
        self.num_rows += len(block.scores.score)
        self.num_flagged += int(block.scores.is_anomaly.sum())
        self.num_scored += int(block.scores.is_scored.sum())
        self.num_missing += block.counts.num_missing
        self.num_infinite += block.counts.num_infinite

    def cells(self) -> list[str]:
        numbers = (
            self.num_rows,
            self.num_flagged,
            self.num_rows - self.num_scored,
            self.num_missing,
            self.num_infinite,
        )
        return [f"{number:,}" for number in numbers]


class Summary:
    """Counts rows, flags and cells by series."""

    def __init__(self) -> None:
        self._total = _Counts()
        self._series: dict[tuple[str, str], _Counts] = {}

    @property
    def num_scored(self) -> int:
        """Rows that have a score."""
        return self._total.num_scored

    def add(self, origin: str, block: ScoredBlock) -> None:
        """Adds one block; the same id from another origin is another series."""
        key = origin, block.series_id
        self._series.setdefault(key, _Counts()).add(block)
        self._total.add(block)

    def why_nothing(
        self, detector: LoadedDetector, bad_rows: Sequence[BadRow]
    ) -> str:
        """The reason why no row has a score."""
        num_placed = sum(row.has_place for row in bad_rows)
        if bad_rows and num_placed >= self._total.num_rows:
            return f"no line could be read, the first: {bad_rows[0].reason}"
        reasons = {
            detector.why_not(counts.num_rows)
            for counts in self._series.values()
        }
        if not reasons:
            return "there is no row"
        reasons.discard("")
        if reasons:
            lengths = sorted(
                {counts.num_rows for counts in self._series.values()}
            )
            rows = f"{lengths[0]:,}"
            if len(lengths) > 1:
                rows += f" to {lengths[-1]:,}"
            return f"{reasons.pop()}, the series have {rows}"
        return "too many cells are not measured"

    def show(
        self,
        detector: LoadedDetector,
        bad_rows: Sequence[BadRow],
        seconds: float,
    ) -> None:
        """Prints the table.

        Args:
            detector: says which series it cannot score.
            bad_rows: lines that could not be read.
            seconds: how long scoring took.
        """
        from rich.console import Console
        from rich.markup import escape
        from rich.table import Table

        rate = self._total.num_rows / max(seconds, 1e-9)
        table = Table(
            title=f"{self._total.num_rows:,} rows in {seconds:.1f} s, "
            f"{rate:,.0f} rows/s"
        )
        table.add_column("series", overflow="fold")
        for name in ("rows", "flagged", "not scored", "missing", "infinite"):
            table.add_column(name, justify="right")
        shown = list(self._series.items())[:SHOWN_SERIES]
        for (_, series_id), counts in shown:
            table.add_row(escape(series_id), *counts.cells())
        hidden = len(self._series) - len(shown)
        if hidden:
            table.add_row(f"... {hidden:,} more", *[""] * 5)
        table.add_section()
        table.add_row("all", *self._total.cells())
        console = Console()
        console.print(table)
        for line in self._remarks(detector, bad_rows):
            console.print(line, markup=False, highlight=False)

    def _remarks(
        self, detector: LoadedDetector, bad_rows: Sequence[BadRow]
    ) -> list[str]:
        lines = []
        short = [
            series_id
            for (_, series_id), counts in self._series.items()
            if detector.why_not(counts.num_rows)
        ]
        if short:
            length = detector.window_length
            what = (
                "of another length than"
                if detector.takes_sequences
                else ("shorter than")
            )
            lines.append(
                f"{len(short):,} series {what} the window of {length} rows "
                f"are not scored: {', '.join(short[:5])}"
                + (", ..." if len(short) > 5 else "")
            )
        if bad_rows:
            lines.append(f"{len(bad_rows):,} lines could not be read:")
            lines += [
                f"  {row.path}:{row.line}: {row.reason}"
                for row in bad_rows[:SHOWN_BAD_ROWS]
            ]
        return lines
