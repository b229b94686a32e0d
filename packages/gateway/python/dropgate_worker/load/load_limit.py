"""Ends a load that takes too long, at the author's line: an alarm raises inside of whatever the module does."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Generator
from types import FrameType
from typing import Any

from ..explain.failure_detail import is_local_path
from ..explain.load_failure import LoadHangs
from ..protocol.messages import Frame

# How often the alarm comes again, where the module swallowed it.
_AGAIN_S = 0.25
# A timer of 0 would never go off.
_OVER_S = 0.001
# The longest that a load gets on a busy machine, in times its limit; the gateway has the same number.
_MOST_STRETCH = 10


class LoadLimit:
    """The time that a load has, from when it is made."""

    def __init__(self, timeout_ms: float | None) -> None:
        self._timeout_ms = timeout_ms
        self._started_at = time.monotonic()
        self._held_up_before_s = _held_up_s()

    def remaining_s(self) -> float | None:
        """Seconds left, never 0; None without a limit. What this process waited for a CPU does not count."""
        if self._timeout_ms is None:
            return None
        limit_s = self._timeout_ms / 1000
        lost_s = min(_held_up_s() - self._held_up_before_s, limit_s * (_MOST_STRETCH - 1))
        return max(_OVER_S, self._started_at + limit_s + lost_s - time.monotonic())

    def is_over(self) -> bool:
        """Whether the load had its time."""
        return self.remaining_s() == _OVER_S

    @contextlib.contextmanager
    def armed(self) -> Generator[None]:
        """Raises `LoadHangs` in the author's code, wherever it is when the time is over."""
        remaining = self.remaining_s()
        if remaining is None:
            yield
            return
        before = signal.signal(signal.SIGALRM, self._on_alarm)
        signal.setitimer(signal.ITIMER_REAL, remaining, _AGAIN_S)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)

    def hangs(self, place: Frame | None) -> LoadHangs:
        """The error of a load whose time is over."""
        return LoadHangs(int(self._timeout_ms or 0), place)

    def _on_alarm(self, _signal: int, frame: FrameType | None) -> None:
        if not self.is_over():
            return
        on_stack = _own_place(frame)
        # Outside of the author's code there is nothing to stop.
        if on_stack is not None:
            raise self.hangs(_place_in_loop(frame) or on_stack)


def _held_up_s() -> float:
    """How long this process waited for a CPU so far; 0 where the system does not tell."""
    try:
        with open("/proc/self/schedstat", encoding="ascii") as times:
            return int(times.read().split()[1]) / 1e9
    except (OSError, ValueError, IndexError):
        return 0


def place_of_task(coroutine: Any) -> Frame | None:
    """The author's line that a coroutine waits in, the deepest; None where it waits in none of theirs."""
    found = None
    while coroutine is not None:
        frame = getattr(coroutine, "cr_frame", None) or getattr(coroutine, "gi_frame", None)
        if frame is not None and is_local_path(frame.f_code.co_filename):
            found = _place(frame)
        coroutine = getattr(coroutine, "cr_await", None) or getattr(coroutine, "gi_yieldfrom", None)
    return found


def _own_place(frame: FrameType | None) -> Frame | None:
    while frame is not None:
        if is_local_path(frame.f_code.co_filename):
            return _place(frame)
        frame = frame.f_back
    return None


def _place_in_loop(frame: FrameType | None) -> Frame | None:
    """Where a loop that the module runs waits for nothing but its tasks: the line that one of these waits in."""
    while frame is not None and not is_local_path(frame.f_code.co_filename):
        if frame.f_code.co_name == "run_forever":
            tasks = asyncio.all_tasks(frame.f_locals.get("self"))
            places = [place_of_task(task.get_coro()) for task in tasks]
            return next((place for place in places if place), None)
        frame = frame.f_back
    return None


def _place(frame: FrameType) -> Frame:
    return {"file": frame.f_code.co_filename, "line": frame.f_lineno, "column": 1}


class ModuleExit(SystemExit):
    """The module called `os._exit`."""


@contextlib.contextmanager
def exits_raise() -> Generator[None]:
    """`os._exit` raises `ModuleExit` in this process while the module is loaded: its author learns the line."""
    process, real = os.getpid(), os._exit

    def exit_told(status: int) -> None:
        if os.getpid() != process:
            real(status)
        raise ModuleExit(status)

    setattr(os, "_exit", exit_told)  # noqa: B010
    try:
        yield
    finally:
        if sys.modules["os"]._exit is exit_told:
            setattr(os, "_exit", real)  # noqa: B010
