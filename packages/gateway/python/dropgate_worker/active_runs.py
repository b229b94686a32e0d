"""The runs of this process, by id."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import Future

from .event_lane import EventLane
from .explain.failure_detail import failure_detail
from .protocol.messages import Message
from .protocol.run import FINAL_EVENTS, Failed, Run, RunEvent, ToolVerdicts, no_usage
from .questions import Questions
from .run.run_scope import RunRequest

# Runs what was loaded and tells its events; raises nothing that the module raises.
RunModule = Callable[[RunRequest], Awaitable[None]]


class ActiveRuns:
    """Runs what is asked and sends what it says. Each run ends in exactly one final event."""

    def __init__(
        self, run_module: RunModule, send: Callable[[Message], None], questions: Questions
    ) -> None:
        self._run_module = run_module
        self._send = send
        self._runs: dict[str, _ActiveRun] = {}
        self._questions = questions

    def start(self, run: Run, credit: int) -> None:
        """Starts a run; returns at once."""
        run_id = run["runId"]
        lane = EventLane(
            lambda event: self._send({"type": "event", "runId": run_id, "event": event}), credit
        )
        active = _ActiveRun(lane, run)
        request = RunRequest(
            run=run,
            cancelled=active.cancelled,
            ask=lambda question: self._questions.ask(run_id, question, active.cancelled),
            push=active.push,
            tell=active.tell,
            decided=lambda decided: self._send(
                {"type": "tool_decided", "runId": run_id, **decided}
            ),
        )
        self._runs[run_id] = active
        active.task = asyncio.create_task(self._run_to_end(request, active))

    async def _run_to_end(self, request: RunRequest, active: _ActiveRun) -> None:
        try:
            await self._run_module(request)
        except Exception as error:
            await active.push(_unexpected_end(error))
        if not active.has_ended:
            await active.push(_unexpected_end(RuntimeError("The run ended without a result.")))
        await active.lane.drained()
        await _settled(request)
        self._runs.pop(request.run["runId"], None)
        if active.cancelled.is_set():
            self._say_over(request.run["runId"])

    def grant(self, run_id: str, events: int) -> None:
        """Gives a run further credit."""
        if active := self._runs.get(run_id):
            active.lane.grant(events)

    def cancel(self, run_id: str) -> None:
        """Stops a run."""
        if active := self._runs.get(run_id):
            active.cancelled.set()
            active.lane.release()
        else:
            self._say_over(run_id)

    def _say_over(self, run_id: str) -> None:
        self._send({"type": "run_over", "runId": run_id})

    def decide(self, run_id: str, verdicts: ToolVerdicts) -> None:
        """Puts other verdicts in place of a run's; they hold from its next call of a tool."""
        if active := self._runs.get(run_id):
            active.run["verdicts"] = verdicts


class _ActiveRun:
    """A run that says more after its end is a fault here; its caller sees one end."""

    def __init__(self, lane: EventLane, run: Run) -> None:
        self.lane = lane
        self.run = run
        self.cancelled = asyncio.Event()
        self.task: asyncio.Task[None] | None = None
        self.has_ended = False

    async def push(self, event: RunEvent) -> None:
        if self._takes(event):
            await self.lane.push(event)

    def tell(self, event: RunEvent) -> None:
        if self._takes(event):
            self.lane.tell(event)

    def _takes(self, event: RunEvent) -> bool:
        if self.has_ended:
            return False
        self.has_ended = event["type"] in FINAL_EVENTS
        return True


async def _settled(request: RunRequest) -> None:
    """Returns when nothing of the run goes on any more."""
    while going_on := [work for work in list(request.going_on) if not work.done()]:
        # Waited for, never cancelled from here: its end is what counts.
        await asyncio.wait(
            [asyncio.wrap_future(work) if isinstance(work, Future) else work for work in going_on]
        )


def _unexpected_end(error: BaseException) -> Failed:
    return {
        "type": "failed",
        "code": "run_failed",
        "message": "The agent failed unexpectedly.",
        "detail": failure_detail(error, "worker"),
        "usage": no_usage(),
    }
