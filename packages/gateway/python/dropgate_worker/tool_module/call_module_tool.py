"""Calls the tool of a module."""

from __future__ import annotations

import dataclasses
import inspect
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from ..explain.failure_detail import failure_detail

if TYPE_CHECKING:
    from ..loaded_module import LoadedModule
    from ..protocol.run import RunEnd
    from ..protocol.run_input import ToolCallItem
    from ..run.run_scope import RunScope

# More than any tool may give, which the gateway cuts; the rest need not cross to it.
_MAX_RESULT_CHARS = 8 * 1024 * 1024 + 1


async def call_module_tool(module: LoadedModule, scope: RunScope) -> RunEnd:
    """
    A run of its own: tells the call, what it gives, and how it ended. What the tool raises is told of the
    call; the run is finished all the same.
    """
    call = _call_of(scope)
    tool = cast("Any", module.value)
    call_id = call["callId"]
    scope.activity.started(call_id, tool.name, "", "native", call["arguments"])
    text = ""
    try:
        text = _text_of(await _invoke(tool, call, scope.request.run["context"]))
        await scope.request.push({"type": "text", "delta": text[:_MAX_RESULT_CHARS]})
    except Exception as error:
        scope.activity.threw(call_id, failure_detail(error, "tool"))
    scope.activity.ended(call_id, text)
    return {"reason": "stop"}


async def _invoke(tool: Any, call: ToolCallItem, context: Mapping[str, Any]) -> object:
    tool_context = _context_of(tool, call, context)
    is_enabled = getattr(tool, "is_enabled", True)
    if callable(is_enabled):
        is_enabled = is_enabled(tool_context, None)
        if inspect.isawaitable(is_enabled):
            is_enabled = await is_enabled
    if not is_enabled:
        raise RuntimeError("The tool is switched off.")
    try:
        from agents.tool import invoke_function_tool
    except ImportError:
        return await tool.on_invoke_tool(tool_context, call["arguments"])
    # Keeps the time limit that the tool has of its own.
    return await invoke_function_tool(
        function_tool=tool, context=tool_context, arguments=call["arguments"]
    )


def _context_of(tool: Any, call: ToolCallItem, context: Mapping[str, Any]) -> Any:
    """The context of the call, of what this version of the SDK knows of one."""
    from agents.tool_context import ToolContext

    known = inspect.signature(ToolContext).parameters
    given: dict[str, Any] = {
        "context": dict(context),
        "tool_name": tool.name,
        "tool_call_id": call["callId"],
        "tool_arguments": call["arguments"],
    }
    return ToolContext(**{name: value for name, value in given.items() if name in known})


def _call_of(scope: RunScope) -> ToolCallItem:
    for item in scope.request.input["items"]:
        if item["role"] == "tool_call":
            return item
    raise TypeError("The module gives a tool, and has no runs.")


def _text_of(result: Any) -> str:
    """What a tool gives, as models are told it: text as it is, anything else as JSON."""
    if isinstance(result, str):
        return result
    if result is None:
        return ""
    text = getattr(result, "text", None)
    if getattr(result, "type", None) == "text" and isinstance(text, str):
        return text
    return json.dumps(result, ensure_ascii=False, separators=(",", ":"), default=_plain)


def _plain(value: object) -> object:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    dump = getattr(value, "model_dump", None)
    if callable(dump) and not isinstance(value, type):
        return dump(mode="json")
    raise TypeError(f"The tool gave a {type(value).__name__}, which is no text.")
