import subprocess
import sys

import pytest

from trainer.memory import keep_freed_memory

# Rounds of a thread that takes 80 MB and frees them; prints the pages that
# had to be brought in again.
ROUNDS = """
import resource, threading
import numpy as np
from trainer.memory import keep_freed_memory

def rounds():
    for number in range(12):
        if number == 2:
            before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        tensors = [np.ones(20 * 2**20, np.int8) for _ in range(4)]
        del tensors
    print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)

{call}
thread = threading.Thread(target=rounds)
thread.start()
thread.join()
"""


def page_faults(call):
    run = subprocess.run(
        [sys.executable, "-c", ROUNDS.format(call=call)],
        capture_output=True,
        text=True,
        check=True,
    )
    return int(run.stdout)


def test_freed_memory_stays():
    """Catches a name or value that glibc ignores."""
    asked = [sys.executable, "-c", "from trainer.memory import *;"
             "print(keep_freed_memory())"]  # fmt: skip
    told = subprocess.run(asked, capture_output=True, text=True, check=True)
    if told.stdout.strip() != "True":
        pytest.skip("no glibc on this machine")
    assert page_faults("keep_freed_memory()") * 4 < page_faults("")


def test_other_allocators_are_left_alone(monkeypatch):
    """Catches a failure on systems without glibc."""

    class Library:
        def __init__(self, name):
            pass

    monkeypatch.setattr("ctypes.CDLL", Library)
    assert not keep_freed_memory()
