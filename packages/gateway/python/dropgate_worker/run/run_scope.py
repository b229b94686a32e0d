"""What belongs to the run that the current task (and whatever it starts) works for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from ..approvals.run_waits import RunWaits
from ..protocol.messages import Message
from ..protocol.run import (
    TOOL_NAME_LIMIT,
    Answer,
    Run,
    RunEvent,
    ToolDecided,
    ToolVerdict,
    ToolVerdicts,
)
from ..protocol.run_input import RunInput
from .usage_meter import ToolCount

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
    # What may go on when its last event is out: a task that does not heed its end, calls in threads.
    going_on: set[asyncio.Future[Any] | Future[Any]] = field(
        default_factory=set["asyncio.Future[Any] | Future[Any]"]
    )
    tool_count: ToolCount = field(init=False)

    def __post_init__(self) -> None:
        """Counts by the limits that came with the run."""
        self.tool_count = ToolCount(self.run.get("toolLimits"))

    @property
    def input(self) -> RunInput:
        """What the run is asked to do."""
        return self.run["input"]

    @property
    def verdicts(self) -> ToolVerdicts:
        """What holds now of its tools: the gateway may change them while the run goes on."""
        return self.run["verdicts"]

    def verdict_on(self, tool: str) -> ToolVerdict:
        """What holds now of calls of a tool."""
        if len(tool) > TOOL_NAME_LIMIT:
            return "deny"
        return self.verdicts["tools"].get(tool, self.verdicts["otherwise"])


class Tap(Protocol):
    """Takes over runs of the SDK that are started inside a run."""

    async def run(self, runner: Any, agent: Any, given: Any, options: dict[str, Any]) -> Any:
        """Runs it, with the SDK's own runner."""
        ...

    def watched(self, given: Any, options: dict[str, Any]) -> dict[str, Any]:
        """The options with a run context that is counted."""
        ...

    def note(self, result: Any, options: dict[str, Any]) -> None:
        """Remembers what came of a run with such options, which may stop at calls that need approval."""
        ...


# Which run of the SDK code works for: the one that the gateway goes on with where it is interrupted, one of an agent
# that is a tool in it, or one that the module begins itself, with which only the module can go on.
RunPlace = Literal["main", "agent_tool", "own"]


@dataclass
class RunScope:
    """The current run, and what watches it."""

    request: RunRequest
    activity: ToolActivity
    meter: UsageMeter
    loop: asyncio.AbstractEventLoop
    # Whether the module is no agent, so that nobody can go on with its runs.
    is_workflow: bool = False
    place: RunPlace = "main"
    # Why the model says its turn ended, where only its own chunks tell.
    finish_reason: str | None = None
    # Takes over the runs that a workflow starts itself; None inside such a step.
    tap: Tap | None = None
    # Tools that run elsewhere: what was last told of their offer to the model, by name.
    offers: dict[str, Answer] = field(default_factory=dict[str, Answer])
    # What it knows of calls that it waits for.
    waits: RunWaits = field(default_factory=RunWaits)


run_scope: ContextVar[RunScope | None] = ContextVar("dropgate_run", default=None)


class GatewayLink(Protocol):
    """The way to the gateway where it cannot be told for which run something is done; usable from any thread."""

    async def ask(self, question: Message) -> object:
        """Gives the reply; raises `Refused`, also where nobody can answer now."""
        ...

    def decided(self, decided: ToolDecided) -> None:
        """Tells of a call that was denied here."""
        ...


class ProcessRuns:
    """Which runs are live, and which one it is that code works for."""

    def __init__(self) -> None:
        # By the identity of their requests: a step of a workflow has a scope of its own.
        self._live: dict[int, RunScope] = {}
        self._keys: set[str] = set()
        self.link: GatewayLink | None = None

    def enter(self, scope: RunScope) -> None:
        """Counts a run as live."""
        self._live[id(scope.request)] = scope
        self._keys.add(scope.request.run["context"]["key"]["id"])

    def leave(self, scope: RunScope) -> None:
        """The run is over."""
        self._live.pop(id(scope.request), None)

    def current(self) -> RunScope | None:
        """The run that the code works for; None where it works for none, or for one that is over."""
        scope = run_scope.get()
        live = scope and self._live.get(id(scope.request))
        return scope if scope and live and live.request is scope.request else None

    def sole(self) -> RunScope | None:
        """The only run that code without a run can work for: the sole live one, where no other key had runs here."""
        live = list(self._live.values())
        # What a run that is over knew of its own must not act by the verdicts of another.
        if len(live) != 1 or len(self._keys) != 1 or run_scope.get() is not None:
            return None
        return live[0]


# For code that a queue, timer, pool or thread of the module's carries out of its run's context: guards that are
# put into the SDK know nothing else.
process_runs = ProcessRuns()


class RunThreads(ThreadPoolExecutor):
    """The threads of a loop, for `asyncio.to_thread` and `run_in_executor`: nobody can end one, so its run is known."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Calls it in a thread; the run that the current task works for is not over before that."""
        call = super().submit(fn, *args, **kwargs)
        scope = run_scope.get()
        if scope is not None:
            going_on = scope.request.going_on
            going_on.add(call)
            call.add_done_callback(going_on.discard)
        return call
