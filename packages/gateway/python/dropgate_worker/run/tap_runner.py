"""Runs that the module's own code starts pass through the tap of the current gateway run; others pass untouched."""

import asyncio
from concurrent.futures import Future
from dataclasses import replace

from .run_scope import RunScope, run_scope


def tap_runner(sdk: object) -> bool:
    """Puts a tapping runner in place of the SDK's, once. False where this version has none to replace."""
    try:
        from agents.run import AgentRunner, get_default_agent_runner, set_default_agent_runner
    except ImportError:
        return False
    if getattr(get_default_agent_runner(), "is_dropgate", False):
        return True
    set_default_agent_runner(_tapping(AgentRunner)())
    return True


def _tapping(base: type) -> type:
    class TappingRunner(base):
        """The SDK's runner; inside a gateway run its calls go through `RunScope.tap`."""

        is_dropgate = True

        async def run(self, starting_agent, input, **options):
            scope = run_scope.get()
            if scope is None or scope.tap is None:
                return await super().run(starting_agent, input, **options)
            return await scope.tap.run(super(), starting_agent, input, options)

        def run_streamed(self, starting_agent, input, **options):
            scope = run_scope.get()
            if scope is not None and scope.tap is not None:
                options = scope.tap.watched(options)
            return super().run_streamed(starting_agent, input, **options)

        def run_sync(self, starting_agent, input, **options):
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


def _wait_for(run, scope: RunScope) -> object:
    outcome: Future = Future()

    def start() -> None:
        token = run_scope.set(scope)
        try:
            task = asyncio.ensure_future(run)
        finally:
            run_scope.reset(token)
        task.add_done_callback(settle)

    def settle(task: asyncio.Task) -> None:
        if task.cancelled():
            outcome.cancel()
        elif task.exception() is not None:
            outcome.set_exception(task.exception())
        else:
            outcome.set_result(task.result())

    scope.loop.call_soon_threadsafe(start)
    return outcome.result()


class InnerTap:
    """
    The tap inside a run of the SDK. An agent used as a tool brings its parent's context and passes through; a run of
    the module's own (a guardrail that asks an agent, say) is counted.
    """

    def __init__(self, sdk: object, scope: RunScope) -> None:
        self._sdk = sdk
        self._scope = scope

    async def run(self, runner: object, agent: object, given: object, options: dict) -> object:
        """Runs it as it is."""
        return await runner.run(agent, given, **self.watched(options))

    def watched(self, options: dict) -> dict:
        """The options with a run context that is counted."""
        context = options.get("context")
        if isinstance(context, self._sdk.RunContextWrapper):
            return options
        wrapper = self._sdk.RunContextWrapper(context=context)
        self._scope.meter.watch(wrapper)
        return {**options, "context": wrapper}


def inside(scope: RunScope) -> RunScope:
    """The scope as it is inside a step, where runs are no steps of their own."""
    return replace(scope, tap=None)
