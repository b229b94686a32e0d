"""What belongs to the run that the current task (and whatever it starts) works for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from ..protocol import Message
from ..run_protocol import Answer, Run, RunEvent, RunInput, ToolDecided, ToolVerdicts

if TYPE_CHECKING:
    from .tool_activity import ToolActivity
    from .usage_meter import UsageMeter


class Refused(Exception):
    """The gateway refused to answer a question; its message may be shown to the model."""


@dataclass
class RunRequest:
    """One run as the worker was asked for it."""

    run: Run
    # Set when the gateway cancels the run.
    cancelled: asyncio.Event
    # Asks the gateway; raises `Refused`.
    ask: Callable[[Message], Coroutine[Any, Any, object]]
    # Takes one event; returns when more may be sent.
    push: Callable[[RunEvent], Coroutine[Any, Any, None]]
    # Takes one event where nothing can wait.
    tell: Callable[[RunEvent], None]
    # Tells what was made of the verdicts.
    decided: Callable[[ToolDecided], None]

    @property
    def input(self) -> RunInput:
        """What the run is asked to do."""
        return self.run["input"]

    @property
    def verdicts(self) -> ToolVerdicts:
        """What holds now of its tools: the gateway may change them while the run goes on."""
        return self.run["verdicts"]


class Tap(Protocol):
    """Takes over runs of the SDK that are started inside a run."""

    async def run(self, runner: Any, agent: Any, given: Any, options: dict[str, Any]) -> Any:
        """Runs it, with the SDK's own runner."""
        ...

    def watched(self, options: dict[str, Any]) -> dict[str, Any]:
        """The options with a run context that is counted."""
        ...


@dataclass
class RunScope:
    """The current run, and what watches it."""

    request: RunRequest
    activity: ToolActivity
    meter: UsageMeter
    loop: asyncio.AbstractEventLoop
    # Why the model says its turn ended, where only its own chunks tell.
    finish_reason: str | None = None
    # Takes over the runs that a workflow starts itself; None inside such a step.
    tap: Tap | None = None
    # Tools that run elsewhere: what was last told of their offer to the model, by name.
    offers: dict[str, Answer] = field(default_factory=dict[str, Answer])


run_scope: ContextVar[RunScope | None] = ContextVar("dropgate_run", default=None)
