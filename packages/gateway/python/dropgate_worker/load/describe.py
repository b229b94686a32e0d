"""Describes an agent for the manifest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..agent_shape import (
    handoff_graph,
    handoff_targets,
    listed,
    model_name,
    output_type_name,
    text_or_none,
    tool_type,
)
from ..process_tools import GATEWAY_TOOL
from ..protocol.messages import AgentDescription, ToolDescription

if TYPE_CHECKING:
    from agents import Agent


def describe_agents(root: Agent[Any]) -> list[AgentDescription]:
    """The agent and all that it can reach by handoff, itself first."""
    return [_describe_agent(agent) for agent in handoff_graph(root)]


def _describe_agent(agent: Agent[Any]) -> AgentDescription:
    return {
        "name": str(getattr(agent, "name", "")),
        "model": model_name(agent),
        "tools": [_describe_tool(tool) for tool in listed(agent, "tools")],
        "handoffs": [str(target.name) for target in handoff_targets(agent)],
        "inputGuardrails": _guardrail_names(listed(agent, "input_guardrails")),
        "outputGuardrails": _guardrail_names(listed(agent, "output_guardrails")),
        "outputType": output_type_name(agent),
        "mcpServers": [
            text_or_none(getattr(server, "name", None)) or "unnamed"
            for server in listed(agent, "mcp_servers")
        ],
    }


def _describe_tool(tool: object) -> ToolDescription:
    return {
        "name": text_or_none(getattr(tool, "name", None)) or "unnamed",
        "type": "gateway" if getattr(tool, GATEWAY_TOOL, False) else tool_type(tool),
        "description": text_or_none(getattr(tool, "description", None)),
        # A function of the author's decides by the arguments of a call, so it may ask.
        "needsApproval": getattr(tool, "needs_approval", False) is not False,
    }


def _guardrail_names(guardrails: list[Any]) -> list[str]:
    names: list[str] = []
    for guardrail in guardrails:
        try:
            names.append(str(guardrail.get_name()))
        except Exception:
            names.append("unnamed")
    return names
