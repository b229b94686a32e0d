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

# The name of the gateway's guardrail among those of a tool.
GUARD_NAME = "dropgate_policy"

_ORIGINAL = "_dropgate_original"


def original_of(tool: object) -> object:
    """The module's own tool, where this one stands for it."""
    return getattr(tool, _ORIGINAL, tool)


def stand_in_for(tool: Any) -> Any:
    """A copy of a tool, known to stand for it."""
    stand_in = copy.copy(tool)
    setattr(stand_in, _ORIGINAL, original_of(tool))
    return stand_in


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
class _Record:
    """What the record has of a tool's calls: asked once a call, however many want to know."""

    tool: str
    scope: RunScope
    asked: dict[str, asyncio.Task[Any]] = field(default_factory=dict[str, "asyncio.Task[Any]"])

    async def of(self, call_id: str, given: object) -> dict[str, Any] | None:
        """None where the call is to be made."""
        answer = self.asked.get(call_id)
        if answer is None:
            question = {
                "ask": "replay_tool",
                "tool": self.tool,
                "toolCallId": call_id,
                "arguments": given,
            }
            answer = asyncio.ensure_future(self.scope.request.ask(question))
            self.asked[call_id] = answer
        return cast("dict[str, Any] | None", await answer)

    def used(self, call_id: str) -> None:
        """The next call of this id is another: some models use an id again."""
        self.asked.pop(call_id, None)


def _stand_in(sdk: ModuleType, tool: Any, scope: RunScope) -> Any:
    record = _Record(str(tool.name), scope)
    stand_in = stand_in_for(tool)
    invoke = tool.on_invoke_tool
    # Nobody is asked again; what is not in the record is not called then.
    waits = getattr(tool, "needs_approval", False) is not False

    async def invoke_recorded(context: Any, arguments: str) -> Any:
        call_id = str(getattr(context, "tool_call_id", None) or tool.name)
        answer = await record.of(call_id, arguments)
        record.used(call_id)
        if answer is None and waits:
            scope.activity.ends_as(call_id, "denied")
            return f"The tool {tool.name} needs approval, and the record has no such call of it."
        if answer is None:
            return await invoke(context, arguments)
        if answer["outcome"] != "ok":
            scope.activity.ends_as(call_id, answer["outcome"])
        return answer["text"]

    stand_in.on_invoke_tool = invoke_recorded
    if waits:
        stand_in.needs_approval = False
    if hasattr(tool, "tool_input_guardrails") and hasattr(sdk, "ToolInputGuardrail"):
        stand_in.tool_input_guardrails = _guardrails_of(sdk, tool, record)
    return stand_in


def _guardrails_of(sdk: ModuleType, tool: Any, record: _Record) -> list[Any]:
    """
    The author's own run again, as those of agents do: of a call that one of them stopped the record has nothing. The
    gateway's comes behind them, and lets pass what was recorded.
    """
    guardrails = listed(tool, "tool_input_guardrails")
    own = [each for each in guardrails if getattr(each, "name", None) != GUARD_NAME]
    return [*own, *(_unless_recorded(sdk, each, record) for each in guardrails if each not in own)]


def _unless_recorded(sdk: ModuleType, guardrail: Any, record: _Record) -> Any:
    async def check(data: Any) -> Any:
        context = data.context
        if await record.of(str(context.tool_call_id), context.tool_arguments) is None:
            return await guardrail.run(data)
        return sdk.ToolGuardrailFunctionOutput.allow()

    return type(guardrail)(guardrail_function=check, name=guardrail.get_name())
