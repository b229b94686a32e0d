"""Tools that the gateway owns and executes, as tools of the SDK."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from ..process_tools import GATEWAY_TOOL, process_tools
from ..protocol.run import Outcome
from .result_text import MAX_NESTING, is_nested_too_deep, parsed_arguments
from .run_scope import Refused, RunScope, run_scope

if TYPE_CHECKING:
    from agents import FunctionTool

    from ..protocol.messages import Message

# Longest arguments that are sent, in characters of JSON.
_MAX_ARGUMENTS = 1024 * 1024

_ANY_ARGUMENTS: dict[str, Any] = {
    "type": "object",
    "properties": {},
    "additionalProperties": True,
}


def make_gateway_tool(
    name: str, description: str | None = None, *, no_cache: bool = False
) -> FunctionTool:
    """
    The stand-in for a tool of the gateway, which follows what the gateway says of it. Its calls go to the gateway;
    what that refuses is told to the model. Outside of a gateway a call raises.
    """
    from agents import FunctionTool

    async def invoke(context: object, arguments: str) -> str:
        scope = run_scope.get()
        if scope is None and not process_tools.is_connected:
            raise RuntimeError(_no_gateway(name))
        if scope is None:
            return f'The gateway tool "{name}" can be called only in a run of the gateway.'
        if len(arguments) > _MAX_ARGUMENTS:
            return f"The arguments are longer than {_MAX_ARGUMENTS} characters. Send less."
        if is_nested_too_deep(arguments):
            return (
                f"The arguments are nested more than {MAX_NESTING} levels deep. Send flatter ones."
            )
        question: Message = {
            "ask": "call_tool",
            "tool": name,
            "arguments": parsed_arguments(arguments),
        }
        if no_cache:
            question["noCache"] = True
        tool_call_id = getattr(context, "tool_call_id", None)
        if isinstance(tool_call_id, str):
            question["toolCallId"] = tool_call_id
        repeated, _ = scope.request.tool_count.add(name, arguments)
        if repeated > 1:
            question["repeated"] = repeated
        outcome, text = await _ask(scope, question)
        if outcome != "ok":
            call_id = str(getattr(context, "tool_call_id", None) or name)
            scope.activity.ends_as(call_id, outcome)
        return text

    def fit(tool: FunctionTool) -> None:
        found = process_tools.find(name)
        known = found if isinstance(found, dict) else None
        tool.description = description or (
            known["description"] if known else f'Gateway tool "{name}".'
        )
        tool.params_json_schema = known["parameters"] if known else _ANY_ARGUMENTS
        tool.is_enabled = found != "unknown"

    tool = FunctionTool(
        name=name,
        description="",
        params_json_schema=_ANY_ARGUMENTS,
        on_invoke_tool=invoke,
        strict_json_schema=False,
    )
    setattr(tool, GATEWAY_TOOL, True)
    process_tools.follow(tool, fit)
    return tool


async def _ask(scope: RunScope, question: Message) -> tuple[Outcome, str]:
    try:
        answer = cast("dict[str, Any]", await scope.request.ask(question))
    except Refused as refused:
        return "denied", str(refused) or f"The tool {question['tool']} may not be called here."
    return answer["outcome"], answer["text"]


def _no_gateway(name: str) -> str:
    return (
        f'The gateway tool "{name}" is executed by Dropgate, and no gateway runs this process. Start one with '
        "`npx dropgate dev` in the project's folder and ask the agent there; in a test of your own, give the agent "
        "a tool of your own in its place."
    )


def with_given_tools(tools: list[Any], agent: object) -> list[Any]:
    """
    The tools of an agent with those that it is given. A tool of the module's own wins over one of the gateway that has
    its name.
    """
    names = process_tools.given_to(agent)
    if not names and not any(_is_gateway_tool(tool) for tool in tools):
        return tools
    taken = {_name_of(tool) for tool in tools if not _is_gateway_tool(tool)}
    offered: list[Any] = []
    for tool in [*tools, *(make_gateway_tool(name) for name in names)]:
        if _is_gateway_tool(tool):
            if _name_of(tool) in taken:
                continue
            taken.add(_name_of(tool))
        offered.append(tool)
    return offered


def _is_gateway_tool(tool: object) -> bool:
    return bool(getattr(tool, GATEWAY_TOOL, False))


def _name_of(tool: object) -> str:
    return str(getattr(tool, "name", ""))
