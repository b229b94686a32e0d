"""What belongs to the run that the current task (and whatever it starts) works for."""

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass, field


class Refused(Exception):
    """The gateway refused to answer a question; its message may be shown to the model."""


@dataclass
class RunRequest:
    """One run as the worker was asked for it."""

    run: dict
    # Set when the gateway cancels the run.
    cancelled: asyncio.Event
    # Asks the gateway; raises `Refused`.
    ask: Callable[[dict], Awaitable[object]]
    # Takes one event; returns when more may be sent.
    push: Callable[[dict], Awaitable[None]]
    # Takes one event where nothing can wait.
    tell: Callable[[dict], None]
    # Tells what was made of the verdicts: `{tool, provenance, answer}`.
    decided: Callable[[dict], None]

    @property
    def input(self) -> dict:
        """What the run is asked to do."""
        return self.run["input"]

    @property
    def verdicts(self) -> dict:
        """What holds now of its tools: the gateway may change them while the run goes on."""
        return self.run["verdicts"]


@dataclass
class RunScope:
    """The current run, and what watches it."""

    request: RunRequest
    activity: object
    meter: object
    loop: asyncio.AbstractEventLoop
    # Why the model says its turn ended, where only its own chunks tell.
    finish_reason: str | None = None
    # Takes over the runs that a workflow starts itself; None inside such a step.
    tap: object = None
    # Tools that run elsewhere: what was last told of their offer to the model, by name.
    offers: dict[str, str] = field(default_factory=dict)


run_scope: ContextVar[RunScope | None] = ContextVar("dropgate_run", default=None)
