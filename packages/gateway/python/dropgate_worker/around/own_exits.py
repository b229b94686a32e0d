"""Tells of a module that ends its process with `os._exit`, which leaves no word of its own."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Callable
from types import FrameType, TracebackType

from ..explain.failure_detail import is_local_path


def tell_exits(
    say: Callable[[SystemExit], None], loop: asyncio.AbstractEventLoop, patience_s: float
) -> None:
    """
    From now on `say` is called in the loop's thread, with the author's lines, before the author's `os._exit` ends this
    process; children are left alone, and a loop that is blocked is waited for so long.
    """
    process, home, real = os.getpid(), threading.get_ident(), os._exit

    def exit_told(status: int) -> None:
        caller = sys._getframe(1)  # pyright: ignore[reportPrivateUsage]
        if os.getpid() == process and is_local_path(caller.f_code.co_filename):
            error = SystemExit(status).with_traceback(_traceback_to(caller))
            if threading.get_ident() == home:
                say(error)
            else:
                _say_in(loop, say, error, patience_s)
        real(status)

    setattr(os, "_exit", exit_told)  # noqa: B010


def _say_in(
    loop: asyncio.AbstractEventLoop,
    say: Callable[[SystemExit], None],
    error: SystemExit,
    patience_s: float,
) -> None:
    is_said = threading.Event()

    def say_it() -> None:
        say(error)
        is_said.set()

    loop.call_soon_threadsafe(say_it)
    is_said.wait(patience_s)


def _traceback_to(frame: FrameType | None) -> TracebackType | None:
    found: TracebackType | None = None
    while frame is not None:
        found = TracebackType(found, frame, frame.f_lasti, frame.f_lineno)
        frame = frame.f_back
    return found
