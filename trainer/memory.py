"""How this process holds memory that it has freed."""

import ctypes

__all__ = ["keep_freed_memory"]

# Names of glibc's malloc.h, and what its `mallopt` takes for them.
_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_M_ARENA_MAX = -8
_LARGEST_MMAP_THRESHOLD = 32 * 2**20
_NEVER = 2**31 - 1


def keep_freed_memory() -> bool:
    """Keeps freed memory in this process, for the next step of training.

    A step on a CPU frees all its tensors. glibc gives a thread an arena of
    its own, made of pieces of 64 MiB, and a piece that is free goes back to
    the system, whatever the thresholds; the next step then waits for pages to
    be cleared. There is one arena that never does: it alone is used. To be
    called before threads are started.

    Returns:
        Whether this process has glibc's allocator and took it.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    settings = {
        _M_ARENA_MAX: 1,
        _M_TRIM_THRESHOLD: _NEVER,
        _M_MMAP_THRESHOLD: _LARGEST_MMAP_THRESHOLD,
    }
    return all([mallopt(name, value) for name, value in settings.items()])
