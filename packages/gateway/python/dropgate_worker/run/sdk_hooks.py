"""Listens to the SDK while it runs. Where a hook is no public name, it is tested for and done without."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

from ..approvals.client_tools import CLIENT_TOOL
from ..explain.failure_detail import failure_detail
from .guard_tools import provenance_of
from .run_scope import RunScope, run_scope

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from agents import RunHooks

_PATCHED = "_dropgate_patched"


def activity_hooks(scope: RunScope, also: RunHooks[Any] | None = None) -> RunHooks[Any]:
    """Hooks of a run that tell the activity of tools; `also` are the module's own, which hear everything too."""

    from agents import RunHooks

    base: type[RunHooks[Any]] = type(also) if also is not None else RunHooks

    class ActivityHooks(base):
        def __init__(self) -> None:
            # The module's own object holds what its class set up.
            if also is not None:
                self.__dict__.update(vars(also))

        async def on_tool_start(self, context: Any, agent: Any, tool: Any) -> None:
            call_id = str(getattr(context, "tool_call_id", None) or tool.name)
            arguments = getattr(context, "tool_arguments", None)
            source = provenance_of(tool, agent)
            # What the caller calls itself is its own to tell of.
            if not hasattr(tool, CLIENT_TOOL):
                scope.activity.started(call_id, tool.name, agent.name, source, arguments)
            await super().on_tool_start(context, agent, tool)

        async def on_tool_end(self, context: Any, agent: Any, tool: Any, result: object) -> None:
            scope.activity.ended(str(getattr(context, "tool_call_id", None) or tool.name), result)
            await super().on_tool_end(context, agent, tool, result)

        async def on_llm_end(self, context: Any, agent: Any, response: Any) -> None:
            if scope.waits.first_turn is not None:
                # What the caller says of the choice of tools holds for one turn.
                scope.waits.first_turn.tool_choice = None
                scope.waits.first_turn = None
            await super().on_llm_end(context, agent, response)

        async def on_handoff(self, context: Any, from_agent: Any, to_agent: Any) -> None:
            scope.activity.handed_off(from_agent.name, to_agent.name)
            await super().on_handoff(context, from_agent, to_agent)

    return ActivityHooks()


def remember_tool_errors() -> None:
    """Learns what a tool raised before the SDK makes a sentence for the model of it."""
    import agents.tool as tools

    original: Any = getattr(tools, "default_tool_error_function", None)
    if original is None or hasattr(original, _PATCHED):
        return

    @wraps(original)
    def remember(context: Any, error: Exception) -> str:
        scope = run_scope.get()
        call_id = getattr(context, "tool_call_id", None)
        if scope is not None and call_id:
            scope.activity.threw(call_id, failure_detail(error, "tool"))
        return original(context, error)

    setattr(remember, _PATCHED, True)
    tools.default_tool_error_function = remember


def remember_finish_reasons() -> None:
    """Learns why a turn of chat completions ended, which the SDK's events do not say."""
    try:
        from agents.models.chatcmpl_stream_handler import ChatCmplStreamHandler
    except ImportError:
        return
    original: Any = getattr(ChatCmplStreamHandler, "handle_stream", None)
    if original is None or hasattr(original, _PATCHED):
        return

    @wraps(original)
    def handle_stream(response: Any, stream: Any, *args: Any, **kwargs: Any) -> Any:
        return original(response, _WatchedStream(stream), *args, **kwargs)

    setattr(handle_stream, _PATCHED, True)
    ChatCmplStreamHandler.handle_stream = handle_stream


class _WatchedStream:
    """A stream of chunks that tells the run why its turn ended."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    async def __aiter__(self) -> AsyncIterator[Any]:
        async for chunk in self._stream:
            scope = run_scope.get()
            choices = getattr(chunk, "choices", None)
            if scope is not None and choices and choices[0].finish_reason:
                scope.finish_reason = choices[0].finish_reason
            yield chunk
