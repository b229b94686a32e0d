"""What a tool server writes to its stderr says why it cannot be connected."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import threading
from collections.abc import Generator
from typing import Any

# Of what it wrote, this much is looked at.
KEPT_CHARS = 8192

# Lines that are told where none of them names an error.
TOLD_LINES = 3

# The variable by which the gateway knows a worker's processes again.
MARK = "DROPGATE_WORKER"


class LastErrors:
    """The last of what a program wrote to its stderr."""

    def __init__(self) -> None:
        self._text = ""
        self._ended = threading.Event()
        self._ended.set()

    def expect(self, descriptor: int) -> None:
        """Reads what comes until the last who could write is gone, and passes it on."""
        self._ended.clear()
        threading.Thread(target=self._take_from, args=(descriptor,), daemon=True).start()

    def _take_from(self, descriptor: int) -> None:
        with os.fdopen(descriptor, errors="replace") as lines:
            for line in lines:
                sys.stderr.write(line)
                sys.stderr.flush()
                self._text = (self._text + line)[-KEPT_CHARS:]
        self._ended.set()

    def after(self, said: str) -> str:
        """What was said, with the line that names the error the program ended with, or its last ones."""
        # The program may be gone before all it wrote is read.
        self._ended.wait(0.2)
        lines = [line for line in self._text.split("\n") if line.strip()]
        named = [line for line in lines if re.match(r"[\w.]*(Error|Exception)\b", line)]
        wrote = named[-1] if named else "\n".join(lines[-TOLD_LINES:])
        return f"{said}. It wrote: {wrote}" if wrote else said


@contextlib.contextmanager
def keep_errors_of(server: Any, errors: LastErrors) -> Generator[None]:
    """A program that a server over stdio starts inside writes its stderr to `errors` for good."""
    stdio = sys.modules.get("mcp.client.stdio")
    if stdio is None or type(server).__name__ != "MCPServerStdio" or not hasattr(server, "params"):
        yield
        return
    reading, writing = os.pipe()
    errors.expect(reading)
    log = os.fdopen(writing, "w")
    server.create_streams = lambda: stdio.stdio_client(server.params, errlog=log)
    try:
        yield
    finally:
        # The program has a copy of its own: once that is gone, so is the reader.
        log.close()
        del server.create_streams


def let_servers_be_found() -> None:
    """They get a few variables only; by the mark among them the gateway ends those that outlive their worker."""
    stdio: Any = sys.modules.get("mcp.client.stdio")
    names = getattr(stdio, "DEFAULT_INHERITED_ENV_VARS", None)
    if names is not None and MARK not in names:
        stdio.DEFAULT_INHERITED_ENV_VARS = (*names, MARK)
