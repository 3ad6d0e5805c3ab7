"""A sample of windows that neither order nor batch borders change."""

import dataclasses

import numpy as np

__all__ = ["WindowBank"]

# The hash of no window: it comes after all others.
_NOTHING = np.uint64(2**64 - 1)


@dataclasses.dataclass(frozen=True, eq=False)
class WindowBank:
    """Windows of each feature, all different, at most so many.

    Those with the smallest hashes of all that were seen are kept: a uniform
    sample of the different windows, in which equal ones count once. A value,
    never changed; any partition of the windows into batches, merged in any
    order and grouping, gives the same bank. Two different windows are taken
    for equal with a probability of 2**-64.

    Attributes:
        hashes: `[feature, size]` uint64, ascending, no hash twice but that of
            no window at the end.
        windows: `[feature, size, length]` float32, in the same order; 0 where
            there is none.
        count: windows that were seen, kept or not.

    Example:
        >>> values = np.array([[[1], [1], [1], [2]]], np.float32)
        >>> bank = WindowBank.empty(1, 5, 2)
        >>> bank = bank.merge(
        ...     WindowBank.from_batch(values, np.isfinite(values), 5, 2)
        ... )
        >>> bank.count, bank.num_windows
        (3, array([2]))

    References:
        Cohen, Kaplan (2007), Summarizing data using bottom-k sketches,
        section 3.
    """

    hashes: np.ndarray
    windows: np.ndarray
    count: int = 0

    @classmethod
    def empty(cls, num_features: int, size: int, length: int) -> "WindowBank":
        """A bank of no windows: the neutral element of `merge`.

        Args:
            num_features: number of features.
            size: windows of a feature that are kept at most.
            length: time steps a window.
        """
        return cls(
            np.full((num_features, size), _NOTHING),
            np.zeros((num_features, size, length), np.float32),
        )

    @classmethod
    def from_batch(
        cls, values: np.ndarray, observed: np.ndarray, size: int, length: int
    ) -> "WindowBank":
        """A bank of all windows of some stretches of time.

        Args:
            values: `[batch, time, feature]`, taken as float32.
            observed: `[batch, time, feature]` bool; a window with a cell that
                is not is left out.
            size: windows of a feature that are kept at most.
            length: time steps a window.
        """
        num_series, num_steps, num_features = values.shape
        num_windows = num_steps - length + 1
        if num_series == 0 or num_windows <= 0:
            return cls.empty(num_features, size, length)
        # Adding 0 makes -0.0 and 0.0 the same bytes.
        values = values.astype(np.float32) + np.float32(0)
        hashes = _hashes_of_windows(values, observed, length)
        hashes = hashes.reshape(-1, num_features).T
        count = hashes.shape[1]
        places = ((0, 0), (0, size))
        hashes = np.pad(hashes, places, constant_values=_NOTHING)
        hashes, positions = _smallest(hashes, size)
        series, start = np.divmod(positions % count, num_windows)
        view = np.lib.stride_tricks.sliding_window_view(values, length, axis=1)
        windows = view[series, start, np.arange(num_features)[:, np.newaxis]]
        windows[hashes == _NOTHING] = 0
        return cls(hashes, windows, count)

    @property
    def num_windows(self) -> np.ndarray:
        """`[feature]`: how many windows are kept."""
        return np.count_nonzero(self.hashes != _NOTHING, axis=1)

    def merge(self, other: "WindowBank") -> "WindowBank":
        """The bank of the windows of both.

        Raises:
            ValueError: the shapes differ.
        """
        if self.windows.shape != other.windows.shape:
            raise ValueError(
                "Banks to merge must have the same features, size and length. "
                f"Received: {self.windows.shape} and {other.windows.shape}. "
                "Fill both with the same settings."
            )
        hashes, positions = _smallest(
            np.concatenate([self.hashes, other.hashes], axis=1),
            self.hashes.shape[1],
        )
        windows = np.concatenate([self.windows, other.windows], axis=1)
        windows = np.take_along_axis(windows, positions[..., np.newaxis], 1)
        windows[hashes == _NOTHING] = 0
        return WindowBank(hashes, windows, self.count + other.count)


def _smallest(hashes: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """The smallest different hashes and where they are, `[feature, size]`."""
    order = np.argsort(hashes, axis=1, kind="stable")
    ranked = np.take_along_axis(hashes, order, axis=1)
    is_repeated = ranked[:, 1:] == ranked[:, :-1]
    ranked[:, 1:][is_repeated] = _NOTHING
    first = np.argsort(ranked, axis=1, kind="stable")[:, :size]
    return (
        np.take_along_axis(ranked, first, axis=1),
        np.take_along_axis(order, first, axis=1),
    )


def _hashes_of_windows(
    values: np.ndarray, observed: np.ndarray, length: int
) -> np.ndarray:
    """Hashes `[batch, window, feature]`; `_NOTHING` of incomplete windows.

    References:
        Lemire, Kaser (2014), Strongly universal string hashing is fast,
        section 2: the multilinear family.
    """
    bits = values.view(np.uint32)
    num_windows = values.shape[1] - length + 1
    first, *factors = _mixed(np.arange(1, length + 2, dtype=np.uint64))
    shape = (len(values), num_windows, values.shape[2])
    hashes, is_whole = np.full(shape, first), np.ones(shape, bool)
    for shift, factor in enumerate(factors):
        steps = slice(shift, shift + num_windows)
        hashes += bits[:, steps] * factor
        is_whole &= observed[:, steps]
    return np.where(is_whole, _mixed(hashes), _NOTHING)


def _mixed(numbers: np.ndarray) -> np.ndarray:
    """Spreads uint64 numbers evenly, one to one.

    References:
        Steele, Lea, Flood (2014), Fast splittable pseudorandom number
        generators, figure 17 (mix64variant13).
    """
    numbers = (numbers ^ (numbers >> 30)) * np.uint64(0xBF58476D1CE4E5B9)
    numbers = (numbers ^ (numbers >> 27)) * np.uint64(0x94D049BB133111EB)
    return numbers ^ (numbers >> 31)
