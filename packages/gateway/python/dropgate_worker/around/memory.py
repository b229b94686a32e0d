"""How much memory this process holds, and how often it is looked through."""

import gc
import os
import resource
import sys

MEGABYTE = 1024 * 1024

_AT_START = gc.get_threshold()
_NEW_OBJECTS = 10_000


def rss_mb() -> int:
    """In whole MiB."""
    try:
        with open("/proc/self/statm", "rb") as file:
            pages = int(file.read().split()[1])
        return round(pages * os.sysconf("SC_PAGE_SIZE") / MEGABYTE)
    except (OSError, ValueError, IndexError):
        # The peak, where the system tells no current value: bytes on macOS, kilobytes elsewhere.
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return round(peak / (MEGABYTE if sys.platform == "darwin" else 1024))


def collect_less_often() -> None:
    """
    Has cycles of objects looked for after 10,000 new ones, not 700, unless the module set that itself: a run leaves
    some thousand for a moment, and each look takes a part of its time.
    """
    if gc.isenabled() and gc.get_threshold() == _AT_START and 0 < _AT_START[0] < _NEW_OBJECTS:
        gc.set_threshold(_NEW_OBJECTS, *_AT_START[1:])
