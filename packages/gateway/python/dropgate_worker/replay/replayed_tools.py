"""Tools of a run that follows the record of another: what that has of a call is its result."""

from __future__ import annotations

import asyncio
import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from ..agent_shape import listed, tool_type

if TYPE_CHECKING:
    from types import ModuleType

    from ..run.run_scope import RunScope

_ORIGINAL = "_dropgate_original"


def original_of(tool: object) -> object:
    """The module's own tool, where this one stands for it."""
    return getattr(tool, _ORIGINAL, tool)


def replayed_tools(sdk: ModuleType, tools: list[Any], scope: RunScope) -> list[Any]:
    """
    Stand-ins that run none of the tools' own code. What makes a tool of an agent goes on to its model, which follows
    the record too. Raises where a tool runs here and is no function, so that its calls cannot be answered.
    """
    return [_replayed(sdk, tool, scope) for tool in tools]


def _replayed(sdk: ModuleType, tool: Any, scope: RunScope) -> Any:
    if getattr(tool, "_is_agent_tool", False) or tool_type(tool) == "hosted_tool":
        return tool
    if hasattr(tool, "on_invoke_tool"):
        return _stand_in(sdk, tool, scope)
    kind = type(tool).__name__
    raise RuntimeError(f"The agent has a {kind}, whose calls cannot be taken from a record.")


@dataclass
class _Asked:
    answer: asyncio.Task[Any]
    is_used: bool = False


@dataclass
class _Record:
    """What the record has of a tool's calls: asked once a call, however many want to know."""

    tool: str
    scope: RunScope
    asked: dict[str, _Asked] = field(default_factory=dict[str, _Asked])

    async def of(self, call_id: str, given: object) -> dict[str, Any] | None:
        """None where the call is to be made."""
        known = self.asked.get(call_id)
        # What guards the result asks after it, without arguments of its own.
        if known is None or (known.is_used and given is not None):
            question = {
                "ask": "replay_tool",
                "tool": self.tool,
                "toolCallId": call_id,
                "arguments": given,
            }
            known = _Asked(asyncio.ensure_future(self.scope.request.ask(question)))
            self.asked[call_id] = known
        return cast("dict[str, Any] | None", await known.answer)

    def used(self, call_id: str) -> None:
        """The next call of this id is another: some models use an id again."""
        if known := self.asked.get(call_id):
            known.is_used = True


def _stand_in(sdk: ModuleType, tool: Any, scope: RunScope) -> Any:
    record = _Record(str(tool.name), scope)
    stand_in = copy.copy(tool)
    invoke = tool.on_invoke_tool

    async def invoke_recorded(context: Any, arguments: str) -> Any:
        call_id = str(getattr(context, "tool_call_id", None) or tool.name)
        answer = await record.of(call_id, arguments)
        record.used(call_id)
        if answer is None:
            return await invoke(context, arguments)
        if answer["outcome"] != "ok":
            scope.activity.ends_as(call_id, answer["outcome"])
        return answer["text"]

    stand_in.on_invoke_tool = invoke_recorded
    for name, kind in (
        ("tool_input_guardrails", "ToolInputGuardrail"),
        ("tool_output_guardrails", "ToolOutputGuardrail"),
    ):
        if hasattr(tool, name) and hasattr(sdk, kind):
            guardrails = [_guarding(sdk, each, record) for each in listed(tool, name)]
            setattr(stand_in, name, guardrails)
    setattr(stand_in, _ORIGINAL, tool)
    return stand_in


def _guarding(sdk: ModuleType, guardrail: Any, record: _Record) -> Any:
    """What was recorded has passed its guardrails, or was their answer."""

    async def check(data: Any) -> Any:
        # Only what comes before a call knows its arguments apart from a result.
        given = None if hasattr(data, "output") else data.context.tool_arguments
        if await record.of(str(data.context.tool_call_id), given) is None:
            return await guardrail.run(data)
        return sdk.ToolGuardrailFunctionOutput.allow()

    return type(guardrail)(guardrail_function=check, name=guardrail.get_name())
