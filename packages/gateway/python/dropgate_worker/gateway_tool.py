"""Tools that the gateway owns and executes, as tools of the SDK."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .protocol import Message
from .run.guard_tools import GATEWAY_TOOL, parsed_arguments
from .run.result_text import json_text
from .run.run_scope import Refused, run_scope

if TYPE_CHECKING:
    from agents import FunctionTool


def make_gateway_tool(name: str, description: str | None = None) -> FunctionTool:
    """A tool for an agent's `tools`; its calls go to the gateway. What the gateway refuses is told to the model."""
    from agents import FunctionTool

    async def invoke(_context: object, arguments: str) -> str:
        scope = run_scope.get()
        if scope is None:
            return f'The gateway tool "{name}" can be called only in a run of the gateway.'
        question: Message = {
            "ask": "call_tool",
            "tool": name,
            "arguments": parsed_arguments(arguments),
        }
        try:
            result = await scope.request.ask(question)
        except Refused as refused:
            return str(refused) or f"The tool {name} may not be called here."
        return result if isinstance(result, str) else json_text(result)

    tool = FunctionTool(
        name=name,
        description=description or f'Gateway tool "{name}".',
        params_json_schema={"type": "object", "properties": {}, "additionalProperties": True},
        on_invoke_tool=invoke,
        strict_json_schema=False,
    )
    setattr(tool, GATEWAY_TOOL, True)
    return tool
