"""Tools that the caller of a run calls itself: a call interrupts the run, its result comes with the next part."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ..agent_shape import handoff_graph, is_agent, listed, text_or_none
from ..process_tools import process_tools
from ..run.classify_failure import RunRefused
from .ruled_tools import FIRST_VERSION

if TYPE_CHECKING:
    from types import ModuleType

    from agents import Agent, FunctionTool

    from ..protocol.run_input import ClientTool, InputItem
    from ..run.run_scope import RunScope

CLIENT_TOOL = "_dropgate_client_tool"


def offer_client_tools(sdk: ModuleType, agent: Agent[Any], scope: RunScope) -> None:
    """
    Offers the caller's tools to the agent that is served and to all that it hands off to.

    Raises `RunRefused` where one has the name of another, or this version of the SDK cannot wait for their results.
    """
    offered = scope.request.input.get("offeredTools") or []
    if not offered:
        return
    if "needs_approval" not in getattr(sdk.FunctionTool, "__dataclass_fields__", {}):
        said = f"This agent cannot use tools of yours: for that it needs openai-agents {FIRST_VERSION} or newer."
        raise RunRefused("unsupported_parameter", said)
    resume = scope.request.run.get("resume")
    results = {given["callId"]: given["text"] for given in (resume or {}).get("results", [])}
    waits = scope.waits
    waits.client_tools = [_client_tool(sdk, tool, results) for tool in offered]
    waits.offered_to = handoff_graph(agent)
    for one in waits.offered_to:
        _refuse_taken(_names_of(one), one, waits.client_tools)


def with_client_tools(tools: list[Any], agent: object, scope: RunScope) -> list[Any]:
    """The tools of an agent, and those of the caller that it may use too. Raises `RunRefused` where names clash."""
    waits = scope.waits
    if scope.place != "main" or not any(one is agent for one in waits.offered_to):
        return tools
    _refuse_taken({str(getattr(tool, "name", "")) for tool in tools}, agent, waits.client_tools)
    for tool in waits.client_tools:
        waits.sources[str(getattr(agent, "name", "")), tool.name] = "client"
    return [*tools, *waits.client_tools]


def without_client_calls(items: list[InputItem], scope: RunScope) -> list[InputItem]:
    """What a run added, without the calls that its caller made and knows."""
    names = {tool.name for tool in scope.waits.client_tools}
    return [item for item in items if item.get("name") not in names]


def _client_tool(sdk: ModuleType, given: ClientTool, results: dict[str, str]) -> FunctionTool:
    async def invoke(context: Any, _arguments: str) -> str:
        return results.get(context.tool_call_id, "There is no result of this call.")

    tool: FunctionTool = sdk.FunctionTool(
        name=given["name"],
        description=given.get("description", ""),
        params_json_schema=given["parameters"],
        on_invoke_tool=invoke,
        strict_json_schema=False,
        needs_approval=True,
    )
    # Said to the model as the caller says it; the SDK would change the schema for it.
    tool.strict_json_schema = given["strict"]
    setattr(tool, CLIENT_TOOL, True)
    return tool


def _refuse_taken(names: set[str], agent: object, client_tools: list[FunctionTool]) -> None:
    taken = next((tool.name for tool in client_tools if tool.name in names), None)
    if taken is not None:
        said = (
            f'The agent "{getattr(agent, "name", "")}" has a tool or handoff called "{taken}" itself: give that tool '
            "of yours another name."
        )
        raise RunRefused("invalid_value", said)


def _names_of(agent: Agent[Any]) -> set[str]:
    """Names that its model knows already, as far as they can be told without asking a server."""
    tools = {str(getattr(tool, "name", "")) for tool in listed(agent, "tools")}
    return {*tools, *map(_handoff_name, listed(agent, "handoffs")), *process_tools.given_to(agent)}


def _handoff_name(handoff: object) -> str:
    named = text_or_none(getattr(handoff, "tool_name", None))
    if named or not is_agent(handoff):
        return named or ""
    return "transfer_to_" + re.sub(r"[^a-zA-Z0-9_]", "_", handoff.name).lower()
