"""How much memory this process holds."""

import os
import resource
import sys

MEGABYTE = 1024 * 1024


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
