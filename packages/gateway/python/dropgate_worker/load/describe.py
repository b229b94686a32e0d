"""Describes an agent for the manifest."""

from ..agent_shape import (
    handoff_graph,
    handoff_targets,
    model_name,
    output_type_name,
    text_or_none,
    tool_type,
)


def describe_agents(root: object) -> list[dict]:
    """The agent and all that it can reach by handoff, itself first."""
    return [_describe_agent(agent) for agent in handoff_graph(root)]


def _describe_agent(agent: object) -> dict:
    tools = getattr(agent, "tools", None) or []
    return {
        "name": str(getattr(agent, "name", "")),
        "model": model_name(agent),
        "tools": [_describe_tool(tool) for tool in tools],
        "handoffs": [str(target.name) for target in handoff_targets(agent)],
        "inputGuardrails": _guardrail_names(getattr(agent, "input_guardrails", None)),
        "outputGuardrails": _guardrail_names(getattr(agent, "output_guardrails", None)),
        "outputType": output_type_name(agent),
        "mcpServers": [
            text_or_none(getattr(server, "name", None)) or "unnamed"
            for server in getattr(agent, "mcp_servers", None) or []
        ],
    }


def _describe_tool(tool: object) -> dict:
    return {
        "name": text_or_none(getattr(tool, "name", None)) or "unnamed",
        "type": tool_type(tool),
        "description": text_or_none(getattr(tool, "description", None)),
        # A function of the author's decides by the arguments of a call, so it may ask.
        "needsApproval": getattr(tool, "needs_approval", False) is not False,
    }


def _guardrail_names(guardrails: object) -> list[str]:
    names = []
    for guardrail in guardrails or []:
        try:
            names.append(str(guardrail.get_name()))
        except Exception:
            names.append("unnamed")
    return names
