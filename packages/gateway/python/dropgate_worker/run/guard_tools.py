"""
Makes the gateway's policy hold for the tools of every agent.

Those reached by handoff or used as tools, and tools of MCP servers, are included. Tools are guarded in place when a
turn asks for them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any

from ..agent_shape import listed, tool_type
from ..approvals.client_tools import with_client_tools
from ..approvals.interruptions import cannot_go_on
from ..approvals.ruled_tools import FIRST_VERSION, can_wait, gateway_wants_approval, ruled_tool
from ..process_tools import GATEWAY_TOOL
from ..protocol.messages import Message
from ..protocol.run import TOOL_NAME_LIMIT, Answer, Provenance, ToolDecided
from ..replay.replayed_tools import GUARD_NAME, original_of, replayed_tools
from .gateway_tool import with_given_tools
from .result_text import parsed_arguments
from .run_scope import RunScope, process_runs

_GUARDED = "_dropgate_guarded"

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from types import ModuleType

    from agents import (
        FunctionTool,
        ToolGuardrailFunctionOutput,
        ToolInputGuardrail,
        ToolInputGuardrailData,
    )

    ToolList = Callable[..., Awaitable[list[Any]]]
    Invoke = Callable[[Any, str], Awaitable[Any]]


def guard_tools(sdk: ModuleType, agent: object) -> None:
    """Guards all agents of the SDK, and `agent` where its class lists its tools itself. May be called again."""
    for cls in (sdk.Agent, type(agent)):
        owner: Any = next((base for base in cls.__mro__ if "get_all_tools" in vars(base)), None)
        if owner is not None and not hasattr(owner.get_all_tools, _GUARDED):
            owner.get_all_tools = _guarding(sdk, owner.get_all_tools)


def provenance_of(tool: object, agent: object) -> Provenance:
    """Who executes a tool."""
    if getattr(tool, GATEWAY_TOOL, False):
        return "gateway"
    if not hasattr(tool, "on_invoke_tool"):
        return "hosted" if tool_type(tool) == "hosted_tool" else "native"
    is_own = any(own is original_of(tool) for own in listed(agent, "tools"))
    return "mcp" if listed(agent, "mcp_servers") and not is_own else "native"


def _guarding(sdk: ModuleType, original: ToolList) -> ToolList:
    @wraps(original)
    async def get_all_tools(self: object, *args: Any, **kwargs: Any) -> list[Any]:
        tools = with_given_tools(await original(self, *args, **kwargs), self)
        for tool in tools:
            _guard(sdk, tool)
        offered = [tool for tool in tools if await _is_offered(tool, self)]
        scope = process_runs.current()
        if scope is None:
            return offered
        ruled = [ruled_tool(tool, self, provenance_of(tool, self), scope) for tool in offered]
        if scope.request.run.get("replays"):
            ruled = replayed_tools(sdk, ruled, scope)
        return with_client_tools(ruled, self, scope)

    setattr(get_all_tools, _GUARDED, True)
    return get_all_tools


async def _is_offered(tool: object, agent: object) -> bool:
    # What is not called here cannot be stopped at the call: unless allowed outright, the model is not told of it.
    if hasattr(tool, "on_invoke_tool"):
        return True
    name = str(getattr(tool, "name", ""))
    scope = process_runs.current() or process_runs.sole()
    if scope is None:
        return await _is_allowed_outside(name, provenance_of(tool, agent), None)
    answer: Answer = "allow" if scope.request.verdict_on(name) == "allow" else "deny"
    if scope.offers.get(name) != answer:
        scope.offers[name] = answer
        scope.request.decided(
            {"tool": _told(name), "provenance": provenance_of(tool, agent), "answer": answer}
        )
    return answer == "allow"


def _guard(sdk: ModuleType, tool: Any) -> None:
    if not hasattr(tool, "on_invoke_tool") or getattr(tool, _GUARDED, False):
        return
    if hasattr(tool, "tool_input_guardrails") and hasattr(sdk, "ToolInputGuardrail"):
        own = listed(tool, "tool_input_guardrails")
        if not any(getattr(guardrail, "name", None) == GUARD_NAME for guardrail in own):
            tool.tool_input_guardrails = [_policy_guardrail(sdk, tool), *own]
            _watch_results(sdk, tool)
        return
    # Versions that know no guardrails of tools.
    tool.on_invoke_tool = _guarded_invoke(tool, tool.on_invoke_tool)
    setattr(tool, _GUARDED, True)


def _policy_guardrail(sdk: ModuleType, tool: FunctionTool) -> ToolInputGuardrail[Any]:
    output = sdk.ToolGuardrailFunctionOutput

    async def check(data: ToolInputGuardrailData) -> ToolGuardrailFunctionOutput:
        message = await _refusal(
            tool, data.context.tool_call_id, data.context.tool_arguments, data.agent
        )
        return output.allow() if message is None else output.reject_content(message)

    return sdk.ToolInputGuardrail(guardrail_function=check, name=GUARD_NAME)


def _watch_results(sdk: ModuleType, tool: FunctionTool) -> None:
    """Learns what a tool gave where a guardrail of its author ends the run over it: then no hook tells of its end."""
    own = listed(tool, "tool_output_guardrails")
    if not own:
        return

    async def remember(data: Any) -> ToolGuardrailFunctionOutput:
        scope = process_runs.current()
        if scope is not None:
            scope.activity.gave(data.context.tool_call_id, data.output)
        return sdk.ToolGuardrailFunctionOutput.allow()

    watching = sdk.ToolOutputGuardrail(guardrail_function=remember, name=GUARD_NAME)
    tool.tool_output_guardrails = [watching, *own]


def _guarded_invoke(tool: FunctionTool, original: Invoke) -> Invoke:
    async def invoke(context: Any, arguments: str) -> Any:
        call_id = getattr(context, "tool_call_id", None) or tool.name
        message = await _refusal(tool, call_id, arguments, getattr(context, "agent", None))
        return await original(context, arguments) if message is None else message

    return invoke


async def _refusal(
    tool: FunctionTool, call_id: str, arguments: object, agent: object
) -> str | None:
    """What the model is told instead of a result; None lets the call pass."""
    scope = process_runs.current()
    provenance = provenance_of(tool, agent)
    call = ToolCallAsked(tool.name, provenance, arguments, call_id)
    message = await _cannot_wait(tool, call, scope)
    if scope is not None and not scope.waits.take_approval(call_id):
        message = (
            f"This call of {tool.name} has the id of one that a person approved and that was made before. It was not "
            "made: call it again, with an id of its own."
        )
    if message is None:
        # What the gateway executes, it decides about itself.
        if getattr(tool, GATEWAY_TOOL, False):
            return None
        if await _is_allowed(call, scope or process_runs.sole()):
            return None
        message = _denial(tool.name, scope)
    if scope is not None:
        # A call that is rejected has no hooks of its own.
        agent_name = str(getattr(agent, "name", ""))
        scope.activity.started(call_id, tool.name, agent_name, provenance, arguments)
        scope.activity.denied(call_id, message)
    return message


def _denial(tool: str, scope: RunScope | None) -> str:
    verdict = scope and scope.request.verdict_on(tool)
    if scope is None or verdict not in ("require_approval", "ask_approval"):
        return f"The tool {tool} may not be called here."
    if scope.is_workflow:
        raise cannot_go_on(tool, scope)
    return f"The tool {tool} may not be called here without the approval of a person, which this call does not have."


async def _cannot_wait(
    tool: FunctionTool, call: ToolCallAsked, scope: RunScope | None
) -> str | None:
    """Why a call is denied that has to be approved, where this version of the SDK cannot ask for it."""
    if scope is None or can_wait(tool):
        return None
    verdict = scope.request.verdict_on(call.tool)
    if verdict == "ask_approval":
        asked = (call.call_id, parsed_arguments(call.arguments))
        needs = await gateway_wants_approval(call.tool, call.provenance, asked, scope)
    else:
        needs = verdict == "require_approval"
    if not needs:
        return None
    return (
        f"The tool {call.tool} needs approval by a person, for which the agent needs openai-agents {FIRST_VERSION} "
        "or newer. It was not called."
    )


@dataclass
class ToolCallAsked:
    """A call of a tool before it is made."""

    tool: str
    provenance: Provenance
    arguments: object
    call_id: str


async def _is_allowed(call: ToolCallAsked, scope: RunScope | None) -> bool:
    tool = call.tool
    if scope is None:
        return await _is_allowed_outside(tool, call.provenance, call.arguments)
    repeated, is_over = scope.request.tool_count.add(tool, call.arguments)
    # What goes beyond the limits of the run, only the gateway may let pass.
    verdict = "ask" if is_over else scope.request.verdict_on(tool)
    if verdict in ("allow", "deny"):
        decided: ToolDecided = {
            "tool": _told(tool),
            "provenance": call.provenance,
            "answer": verdict,
        }
        scope.request.decided(decided)
        return verdict == "allow"
    try:
        question = _question(tool, call.provenance, call.arguments)
        question["toolCallId"] = call.call_id
        if repeated > 1:
            question["repeated"] = repeated
        return await scope.request.ask(question) is True
    except Exception:
        return False


async def _is_allowed_outside(tool: str, provenance: Provenance, arguments: object) -> bool:
    # Nobody can tell for which run it is: the gateway decides, and where it cannot be asked the answer is no.
    link = process_runs.link
    if link is None:
        return False
    try:
        if len(tool) > TOOL_NAME_LIMIT:
            raise ValueError("No rule speaks of such a name.")
        return await link.ask(_question(tool, provenance, arguments)) is True
    except Exception:
        link.decided({"tool": _told(tool), "provenance": provenance, "answer": "deny"})
        return False


def _question(tool: str, provenance: Provenance, arguments: object) -> Message:
    return {
        "ask": "authorize_tool",
        "tool": tool,
        "arguments": parsed_arguments(arguments),
        "provenance": provenance,
    }


def _told(tool: str) -> str:
    # A name as the gateway is told of it.
    return tool[:TOOL_NAME_LIMIT]
