"""
Fuzzes parts of the worker that read what others wrote, with atheris: `fuzz.py <target> <runs> <seed> <corpus>`.

A crash, a hang and an exception that a target does not name end it with a code that is not 0; the input lies in the
working folder then.
"""

from __future__ import annotations

import importlib
import sys
import tempfile
from collections.abc import Callable
from typing import Any

# It has no types of its own.
atheris: Any = importlib.import_module("atheris")

with atheris.instrument_imports(include=["dropgate_worker"]):
    from targets import frames, settings, source, texts

TARGETS: dict[str, Callable[[Any], None]] = {
    "frames": frames,
    "settings": settings,
    "source": source,
    "texts": texts,
}

# Of one input; the worker reads while it serves.
HANG_SECONDS = 20


def main() -> None:
    """Runs one target."""
    _, name, runs, seed, corpus = sys.argv
    target = TARGETS[name]

    def once(data: bytes) -> None:
        target(atheris.FuzzedDataProvider(data))

    bounds = [f"-runs={runs}", f"-seed={seed}", f"-timeout={HANG_SECONDS}", "-max_len=2048"]
    quiet = ["-rss_limit_mb=2048", "-verbosity=0", "-print_final_stats=1", "-reduce_inputs=0"]
    # It writes what it finds worth keeping into the first folder, and reads both.
    atheris.Setup([sys.argv[0], *bounds, *quiet, tempfile.mkdtemp(), corpus], once)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
