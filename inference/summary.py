"""What a prediction did, in one table."""

import dataclasses
from collections.abc import Sequence

from inference.scoring import LoadedDetector
from inference.series import ScoredBlock
from preprocessing.readers.base import BadRow

__all__ = ["Summary"]

SHOWN_SERIES = 10
# Longer ids are folded, so that the numbers beside them stay readable.
WIDEST_ID = 40
LOG_WIDTH = 120
SHOWN_BAD_ROWS = 5


@dataclasses.dataclass
class _Counts:
    num_rows: int = 0
    num_flagged: int = 0
    num_scored: int = 0
    num_missing: int = 0
    num_infinite: int = 0
    longest_stretch: int = 0

    def add(self, block: ScoredBlock) -> None:
        self.num_rows += len(block.scores.score)
        self.num_flagged += int(block.scores.is_anomaly.sum())
        self.num_scored += int(block.scores.is_scored.sum())
        self.num_missing += block.counts.num_missing
        self.num_infinite += block.counts.num_infinite
        self.longest_stretch = max(self.longest_stretch, block.longest_stretch)

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
        longest = self._total.longest_stretch
        if reason := detector.why_not(longest):
            return f"{reason}, gaps in time leave at most {longest:,} rows"
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
        shown = self._most_flagged()
        table.add_column("series", overflow="fold", max_width=WIDEST_ID)
        for name in ("rows", "flagged", "not\nscored", "missing", "infinite"):
            table.add_column(name, justify="right", no_wrap=True)
        for series_id, counts in shown:
            table.add_row(escape(series_id), *counts.cells())
        hidden = len(self._series) - len(shown)
        if hidden:
            table.caption = (
                f"the {len(shown)} series with most flags; {hidden:,} more in "
                "the output"
            )
        table.add_section()
        table.add_row("all", *self._total.cells())
        console = Console()
        if not console.is_terminal:
            # A log has no width: only a terminal need fold ids.
            console.width = max(console.width, LOG_WIDTH)
        console.print(table)
        for line in self._remarks(detector, bad_rows):
            console.print(line, markup=False, highlight=False)

    def _most_flagged(self) -> list[tuple[str, _Counts]]:
        """The series to show: all in order, or those with most flags."""
        series = [(key[1], counts) for key, counts in self._series.items()]
        if len(series) > SHOWN_SERIES:
            series.sort(key=lambda each: -each[1].num_flagged)
        return series[:SHOWN_SERIES]

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
            what, length = "shorter than", detector.num_steps_needed
            if detector.takes_sequences:
                what, length = "of another length than", detector.window_length
            lines.append(
                f"{len(short):,} series {what} the window of {length} rows "
                f"are not scored: {_listed(short)}"
            )
        broken = [
            series_id
            for (_, series_id), counts in self._series.items()
            if series_id not in short
            and detector.why_not(counts.longest_stretch)
        ]
        if broken:
            lines.append(
                f"{len(broken):,} series have no {detector.num_steps_needed} rows "
                f"without a gap in time and are not scored: {_listed(broken)}"
            )
        if bad_rows:
            lines.append(f"{len(bad_rows):,} lines could not be read:")
            lines += [
                f"  {row.path}:{row.line}: {row.reason}"
                for row in bad_rows[:SHOWN_BAD_ROWS]
            ]
        return lines


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
