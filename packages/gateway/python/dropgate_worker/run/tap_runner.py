"""Runs that the module's own code starts pass through the tap of the current gateway run; others pass untouched."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..approvals.interruptions import waiting_calls
from .run_scope import RunScope, run_scope

if TYPE_CHECKING:
    from collections.abc import Coroutine, Generator

    from agents.run import AgentRunner


def tap_runner() -> bool:
    """Puts a tapping runner in place of the SDK's, once. False where this version has none to replace."""
    try:
        from agents.run import AgentRunner, get_default_agent_runner, set_default_agent_runner
    except ImportError:
        return False
    if getattr(get_default_agent_runner(), "is_dropgate", False):
        return True
    set_default_agent_runner(_tapping(AgentRunner)())
    return True


def _tapping(base: type[AgentRunner]) -> type[AgentRunner]:
    class TappingRunner(base):
        """The SDK's runner; inside a gateway run its calls go through `RunScope.tap`."""

        is_dropgate = True

        async def run(self, starting_agent: Any, input: Any, **options: Any) -> Any:  # noqa: A002
            scope = run_scope.get()
            if scope is None or scope.tap is None:
                return await super().run(starting_agent, input, **options)
            return await scope.tap.run(super(), starting_agent, input, options)

        def run_streamed(self, starting_agent: Any, input: Any, **options: Any) -> Any:  # noqa: A002
            scope = run_scope.get()
            if scope is None or scope.tap is None:
                return super().run_streamed(starting_agent, input, **options)
            watched = scope.tap.watched(input, options)
            # What it starts works for the place that is set meanwhile.
            with in_place(scope, options):
                result = super().run_streamed(starting_agent, input, **watched)
            scope.tap.note(result, options)
            return result

        def run_sync(self, starting_agent: Any, input: Any, **options: Any) -> Any:  # noqa: A002
            scope = run_scope.get()
            if scope is None or _is_on(scope.loop):
                return super().run_sync(starting_agent, input, **options)
            # On the worker's own loop, to which clients of the module are bound once they were used.
            return _wait_for(self.run(starting_agent, input, **options), scope)

    return TappingRunner


def _is_on(loop: asyncio.AbstractEventLoop) -> bool:
    try:
        return asyncio.get_running_loop() is loop
    except RuntimeError:
        return False


def _wait_for(run: Coroutine[Any, Any, object], scope: RunScope) -> object:
    outcome: Future[object] = Future()

    def start() -> None:
        token = run_scope.set(scope)
        try:
            task = asyncio.get_running_loop().create_task(run)
        finally:
            run_scope.reset(token)
        task.add_done_callback(settle)

    def settle(task: asyncio.Task[object]) -> None:
        if task.cancelled():
            outcome.cancel()
        elif (error := task.exception()) is not None:
            outcome.set_exception(error)
        else:
            outcome.set_result(task.result())

    scope.loop.call_soon_threadsafe(start)
    return outcome.result()


class InnerTap:
    """
    The tap inside a run of the SDK. An agent used as a tool brings its parent's context and passes through; a run of
    the module's own (a guardrail that asks an agent, say) is counted.
    """

    def __init__(self, scope: RunScope) -> None:
        self._scope = scope

    async def run(self, runner: Any, agent: Any, given: Any, options: dict[str, Any]) -> Any:
        """Runs it as it is."""
        with in_place(run_scope.get() or self._scope, options):
            result = await runner.run(agent, given, **self.watched(given, options))
        self.note(result, options)
        return result

    def watched(self, given: Any, options: dict[str, Any]) -> dict[str, Any]:
        """The options with a run context that is counted."""
        from agents import RunContextWrapper

        context = options.get("context")
        if isinstance(context, RunContextWrapper):
            return options
        kept = getattr(given, "_context", None)
        if isinstance(kept, RunContextWrapper):
            # A state that the module goes on with has its own, with what was approved.
            self._scope.meter.watch(kept)
            self._scope.waits.own_runs.clear()
            return options
        wrapper = RunContextWrapper(context=context)
        self._scope.meter.watch(wrapper)
        return {**options, "context": wrapper}

    def note(self, result: Any, options: dict[str, Any]) -> None:
        """Remembers what came of a run of the module's own."""
        # A stream tells what it waits for when it has been read, which is not here.
        may_wait = hasattr(result, "stream_events") or waiting_calls(result)
        if may_wait and not _has_context(options):
            self._scope.waits.own_runs.append(result)


@contextmanager
def in_place(scope: RunScope, options: dict[str, Any]) -> Generator[None]:
    """Code of a run with such options works for the place that it has in the run of the gateway."""
    place = scope.place
    if not _has_context(options):
        place = "own"
    elif place == "main" and scope.waits.has_begun:
        place = "agent_tool"
    else:
        scope.waits.has_begun = True
    token = run_scope.set(replace(scope, place=place)) if place != scope.place else None
    try:
        yield
    finally:
        if token is not None:
            run_scope.reset(token)


def _has_context(options: dict[str, Any]) -> bool:
    from agents import RunContextWrapper

    return isinstance(options.get("context"), RunContextWrapper)


def inside(scope: RunScope) -> RunScope:
    """The scope as it is inside a step, where runs are no steps of their own."""
    return replace(scope, tap=None)
