"""Describes an agent for the manifest."""

from ..sdk import handoff_graph, handoff_targets


def describe_agents(root: object) -> list[dict]:
    """The agent and all that it can reach by handoff, itself first."""
    return [_describe_agent(agent) for agent in handoff_graph(root)]


def model_name(agent: object) -> str | None:
    """Name of the model an agent holds; None where it holds none, or one that does not tell its name."""
    model = getattr(agent, "model", None)
    return _text(model) or _text(getattr(model, "model", None))


def tool_type(tool: object) -> str:
    """`function`, or a name for a hosted or computer tool made of its class."""
    name = type(tool).__name__
    if name == "FunctionTool":
        return "function"
    if name in ("WebSearchTool", "FileSearchTool", "CodeInterpreterTool", "HostedMCPTool", "ImageGenerationTool"):
        return "hosted_tool"
    return name.removesuffix("Tool").lower() or "tool"


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
            _text(getattr(server, "name", None)) or "unnamed"
            for server in getattr(agent, "mcp_servers", None) or []
        ],
    }


def _describe_tool(tool: object) -> dict:
    return {
        "name": _text(getattr(tool, "name", None)) or "unnamed",
        "type": tool_type(tool),
        "description": _text(getattr(tool, "description", None)),
        # A function of the author's decides by the arguments of a call, so it may ask.
        "needsApproval": getattr(tool, "needs_approval", False) is not False,
    }


def output_type_name(agent: object) -> str:
    """`text`, or the name of the output type."""
    output_type = getattr(agent, "output_type", None)
    if output_type is None or output_type is str:
        return "text"
    name = getattr(output_type, "name", None)
    if callable(name) and not isinstance(output_type, type):
        try:
            return str(name())
        except Exception:
            return "unknown"
    return getattr(output_type, "__name__", None) or str(output_type)


def _guardrail_names(guardrails: object) -> list[str]:
    names = []
    for guardrail in guardrails or []:
        try:
            names.append(str(guardrail.get_name()))
        except Exception:
            names.append("unnamed")
    return names


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
