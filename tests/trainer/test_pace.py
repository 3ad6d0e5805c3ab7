import pytest

from trainer.pace import Pace


@pytest.fixture
def clock():
    """Seconds that pass when told, as `clock.seconds`."""

    def read():
        return read.seconds

    read.seconds = 50.0
    return read


def work(pace, clock, *pieces):
    for seconds, count in pieces:
        clock.seconds += seconds
        pace.add(count)


def test_the_piece_that_compiles_is_left_out(clock):
    """A pace of hours a step, from a process that has just begun."""
    pace = Pace(clock)
    pace.begin()
    assert pace.per_second() is None
    work(pace, clock, (30.0, 10))
    assert pace.per_second() is None
    work(pace, clock, (2.0, 10))
    assert pace.per_second() is None
    work(pace, clock, (3.0, 40))
    assert pace.per_second() == 10.0
    work(pace, clock, (5.0, 100))
    assert pace.per_second() == 15.0


def test_a_whole_stretch_has_a_pace(clock):
    """No pace at all for data of one block an epoch."""
    pace = Pace(clock)
    work(pace, clock, (4.0, 10))
    assert pace.per_second(is_whole=True) == 2.5
    assert pace.seconds_for(20, is_whole=True) == 8.0
    assert pace.per_second() is None
    assert pace.seconds_for(20) is None


def test_only_the_first_stretch_compiles(clock):
    """Each epoch without its first block, or none ever known."""
    pace = Pace(clock)
    work(pace, clock, (30.0, 10))
    pace.begin()
    assert pace.per_second() is None
    work(pace, clock, (2.0, 10))
    assert pace.per_second() == 5.0
    work(pace, clock, (2.0, 10), (1.0, 5), (1.0, 5))
    assert pace.per_second() == 5.0
    pace.begin()
    work(pace, clock, (1.0, 10), (1.0, 10), (1.0, 10), (1.0, 10))
    assert pace.per_second() == 10.0


def test_a_stretch_without_work_compiles_nothing(clock):
    """The first piece counted, since a stretch before it was empty."""
    pace = Pace(clock)
    pace.begin()
    pace.begin()
    work(pace, clock, (30.0, 10))
    assert pace.per_second() is None


def test_time_after_the_last_piece(clock):
    """Validation that makes training look slow, or is forgotten."""
    pace = Pace(clock)
    work(pace, clock, (30.0, 10), (1.0, 10), (1.0, 10))
    clock.seconds += 2.0
    assert pace.per_second() == 10.0
    assert pace.seconds_for(40) == 8.0


def test_no_time_passed(clock):
    """A division by zero on a coarse clock."""
    pace = Pace(clock)
    work(pace, clock, (0.0, 10))
    assert pace.per_second(is_whole=True) is None
    assert pace.seconds_for(10, is_whole=True) is None
