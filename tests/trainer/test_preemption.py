import os
import signal
import threading

import pytest

from trainer.preemption import Preemption


def send(number):
    os.kill(os.getpid(), number)
    # Python runs the handler between two instructions.
    for _ in range(1000):
        pass


@pytest.mark.parametrize(
    "number,code", [(signal.SIGTERM, 143), (signal.SIGINT, 130)]
)
def test_ends_at_once_where_nothing_is_lost(number, code):
    """An exit code of 0, which tells the cloud that the job is done."""
    preemption = Preemption()
    with preemption.installed(), pytest.raises(SystemExit) as stopped:
        send(number)
    assert stopped.value.code == code


def test_waits_where_work_would_be_lost():
    """A signal in the middle of a step."""
    preemption = Preemption()
    with preemption.installed():
        reached = []
        with pytest.raises(SystemExit) as stopped:
            with preemption.deferred():
                with preemption.deferred():
                    send(signal.SIGTERM)
                    assert preemption.is_requested
                reached.append("saved")
            reached.append("went on")
    assert stopped.value.code == 143
    assert reached == ["saved"]


def test_a_second_signal_does_not_wait():
    """A process that cannot be stopped by hand."""
    preemption = Preemption()
    reached = []
    with pytest.raises(SystemExit), preemption.installed():
        with preemption.deferred():
            send(signal.SIGINT)
            reached.append("first")
            send(signal.SIGINT)
            reached.append("second")
    assert reached == ["first"]


def test_told_by_another_worker():
    """A worker that ends with 0 because the signal came elsewhere."""
    with pytest.raises(SystemExit) as stopped:
        Preemption().end()
    assert stopped.value.code == 143


def test_released():
    """A process that cannot be stopped while it waits outside of Python."""
    before = signal.getsignal(signal.SIGTERM)
    with Preemption().installed(), Preemption().released():
        assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    assert signal.getsignal(signal.SIGTERM) == before


def test_handlers_are_given_back():
    """A program that uses the trainer and cannot be stopped afterwards."""
    before = signal.getsignal(signal.SIGTERM)
    with Preemption().installed():
        assert signal.getsignal(signal.SIGTERM) != before
    assert signal.getsignal(signal.SIGTERM) == before


def test_in_a_thread():
    """Python refuses handlers there."""
    reached = []

    def work():
        with Preemption().installed():
            reached.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert reached
