"""MCP servers in a process that reaches nothing outside: they list what the record of a run has of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from ..agent_shape import is_agent, listed

if TYPE_CHECKING:
    from types import ModuleType


def guard_servers(sdk: ModuleType) -> None:
    """Servers of this SDK are taken for connected, and none of them is asked for its tools."""
    try:
        import agents.mcp as mcp
    except ImportError:
        return

    async def nothing(*_args: object, **_options: object) -> None:
        return None

    async def none(*_args: object, **_options: object) -> list[Any]:
        return []

    for name, server in vars(mcp).items():
        if name.startswith("MCPServer") and hasattr(server, "connect"):
            server.connect = nothing
            server.cleanup = nothing
            server.list_tools = none
    if hasattr(sdk.Agent, "get_mcp_tools"):
        sdk.Agent.get_mcp_tools = _recorded_tools


async def _recorded_tools(agent: Any, *_context: object) -> list[Any]:
    """Tools that the model was told of and that are none of the agent's own."""
    from agents import FunctionTool

    from ..run.run_scope import process_runs

    scope = process_runs.current()
    if scope is None or not scope.request.run.get("replays") or not listed(agent, "mcp_servers"):
        return []
    asked = await scope.request.ask({"ask": "replay_tools", "tool": str(agent.name)})
    own = {str(getattr(tool, "name", "")) for tool in listed(agent, "tools")}
    own.update(_handoff_names(agent))

    async def unknown(_context: object, _arguments: str) -> Any:
        raise RuntimeError("The record of the run has no such call.")

    return [
        FunctionTool(
            name=tool["name"],
            description=tool["description"],
            params_json_schema=tool["parameters"],
            on_invoke_tool=unknown,
            strict_json_schema=tool["strict"],
        )
        for tool in cast("list[dict[str, Any]]", asked)
        if tool["name"] not in own
    ]


def _handoff_names(agent: Any) -> list[str]:
    from agents import Handoff

    return [
        Handoff.default_tool_name(handoff) if is_agent(handoff) else str(handoff.tool_name)
        for handoff in listed(agent, "handoffs")
    ]
