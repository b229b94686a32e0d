"""Runs what a module exports: tells every event, exactly one final one, last."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from ..approvals.interruptions import refuse_unanswered
from ..explain.failure_detail import failure_detail
from ..loaded_module import LoadedModule
from ..protocol.messages import Message
from ..protocol.run import Failed, Finished, Interrupted, RunEnd, RunEvent, RunWait
from .classify_failure import RunCancelled, classify_failure, tool_error
from .guard_tools import guard_tools
from .run_scope import RunRequest, RunScope, process_runs, run_scope
from .tap_runner import InnerTap, tap_runner
from .tool_activity import ToolActivity
from .usage_meter import UsageMeter

Said = TypeVar("Said")


async def run_module(module: LoadedModule, request: RunRequest) -> None:
    """Never raises what the module raises: that becomes the final event."""
    loop = asyncio.get_running_loop()
    outlet = _on_loop(loop, request)
    meter = UsageMeter()
    tells_contents = request.run.get("tellsContents", False)
    activity = ToolActivity(outlet.tell, tells_contents=tells_contents)
    is_workflow = module.kind != "agent"
    scope = RunScope(outlet, activity, meter, loop, is_workflow, "own" if is_workflow else "main")
    process_runs.enter(scope)
    work = asyncio.create_task(_in_scope(module, scope))
    cancelled = asyncio.create_task(request.cancelled.wait())
    # A tool that ignores its cancellation must not keep the caller's waiting.
    await asyncio.wait([work, cancelled], return_when=asyncio.FIRST_COMPLETED)
    cause = None
    last: Finished | Failed | Interrupted
    if not work.done() or request.cancelled.is_set():
        work.cancel()
        work.add_done_callback(_forget)
        request.going_on.add(work)
        last = classify_failure(RunCancelled("The run was cancelled."), meter.total())
    else:
        cancelled.cancel()
        try:
            last = _last_event(work.result(), meter)
        except (Exception, asyncio.CancelledError) as error:
            last = classify_failure(error, meter.total())
            thrown = tool_error(error)
            cause = failure_detail(thrown, "tool") if thrown else None
    process_runs.leave(scope)
    activity.close(cause)
    await request.push(last)


def _last_event(end: RunEnd | RunWait, meter: UsageMeter) -> Finished | Interrupted:
    if "state" in end:
        return {**end, "type": "interrupted", "usage": meter.total()}
    return {**end, "type": "finished", "usage": meter.total()}


async def _in_scope(module: LoadedModule, scope: RunScope) -> RunEnd | RunWait:
    run_scope.set(scope)
    if module.sdk is not None:
        from .sdk_hooks import remember_finish_reasons, remember_tool_errors

        remember_tool_errors()
        remember_finish_reasons()
        tap_runner()
        guard_tools(module.sdk, module.value)
        scope.tap = InnerTap(scope)
    end = await _run_of(module, scope)
    refuse_unanswered(scope)
    return end


async def _run_of(module: LoadedModule, scope: RunScope) -> RunEnd | RunWait:
    if module.kind == "workflow":
        from .run_workflow import run_workflow

        return await run_workflow(module, scope)
    if module.kind == "agent":
        from .run_agent import run_agent

        return await run_agent(module, scope)
    if module.kind == "tool":
        from ..tool_module.call_module_tool import call_module_tool

        return await call_module_tool(module, scope)
    from .run_plain import run_plain

    return await run_plain(module, scope)


def _on_loop(loop: asyncio.AbstractEventLoop, request: RunRequest) -> RunRequest:
    """The request, usable from a loop of the module's own in another thread. Empty text says nothing."""

    async def on_own_loop(make: Callable[[], Coroutine[Any, Any, Said]]) -> Said:
        if asyncio.get_running_loop() is loop:
            return await make()
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(make(), loop))

    async def push(event: RunEvent) -> None:
        if event.get("delta") != "":
            await on_own_loop(lambda: request.push(event))

    def from_anywhere(take: Callable[[Said], None]) -> Callable[[Said], None]:
        def say(said: Said) -> None:
            try:
                here = asyncio.get_running_loop()
            except RuntimeError:
                here = None
            if here is loop:
                take(said)
            else:
                loop.call_soon_threadsafe(take, said)

        return say

    async def ask(question: Message) -> object:
        return await on_own_loop(lambda: request.ask(question))

    tell, decided = from_anywhere(request.tell), from_anywhere(request.decided)
    return RunRequest(request.run, request.cancelled, ask, push, tell, decided, request.going_on)


def _forget(task: asyncio.Task[RunEnd | RunWait]) -> None:
    # Asked for, so that nothing is said of an end nobody waits for.
    if not task.cancelled():
        task.exception()
