"""What a run of the SDK waits for that has stopped at calls of tools."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..agent_shape import listed, text_or_none
from ..run.classify_failure import RunRefused
from ..run.result_text import fields_of, json_text

if TYPE_CHECKING:
    from ..protocol.run import ClientCall, Provenance, RequiredApproval
    from ..run.run_scope import RunScope

# Where what a call is made with stands in items that have no `arguments`.
_CONTENTS = ("arguments", "input", "operation", "action")


def waiting_calls(result: Any) -> list[Any]:
    """The SDK's items of the calls that a run stopped at; none where it did not."""
    return listed(result, "interruptions")


def call_id_of(item: Any) -> str:
    """The id by which a decision names a call; of hosted tools, that of the request."""
    raw = fields_of(item.raw_item)
    return text_or_none(raw.get("call_id")) or text_or_none(raw.get("id")) or ""


def told_calls(
    items: list[Any], scope: RunScope
) -> tuple[list[RequiredApproval], list[ClientCall]]:
    """The calls that a person decides on, and those that the caller makes."""
    approvals: list[RequiredApproval] = []
    client_calls: list[ClientCall] = []
    for item in items:
        raw = fields_of(item.raw_item)
        agent, tool = str(getattr(item.agent, "name", "")), _tool_of(item, raw)
        source = _source_of(item, raw, scope)
        arguments = _arguments_of(raw)
        if source == "client":
            client_calls.append({"callId": call_id_of(item), "tool": tool, "arguments": arguments})
        else:
            approvals.append(
                {
                    "callId": call_id_of(item),
                    "tool": tool,
                    "agent": agent,
                    "provenance": source,
                    "arguments": arguments,
                }
            )
    return approvals, client_calls


def is_client_call(item: Any, scope: RunScope) -> bool:
    """Whether the caller is to make a call."""
    return _source_of(item, fields_of(item.raw_item), scope) == "client"


def refuse_unanswered(scope: RunScope) -> None:
    """Raises `RunRefused` where a run that code of the module's made itself stopped at a call, and was left there."""
    for result in scope.waits.own_runs:
        for item in waiting_calls(result):
            raise cannot_go_on(_tool_of(item, fields_of(item.raw_item)), scope)


def cannot_go_on(tool: str, scope: RunScope) -> RunRefused:
    """What a run ends with that nobody can go on with."""
    why = (
        "and a workflow cannot be interrupted for one. Export the agent itself, so that its run can wait."
        if scope.is_workflow
        else "and the agent's own code calls it in a run that cannot be interrupted for one. Make a handoff or a tool "
        "of the agent that is run there."
    )
    return RunRefused("approval_unsupported", f"The tool {tool} needs approval, {why}")


def _source_of(item: Any, raw: dict[str, Any], scope: RunScope) -> Any:
    if raw.get("type") == "mcp_approval_request":
        return "hosted"
    place = (str(getattr(item.agent, "name", "")), _tool_of(item, raw))
    native: Provenance = "native"
    return scope.waits.sources.get(place, native)


def _tool_of(item: Any, raw: dict[str, Any]) -> str:
    named = text_or_none(getattr(item, "tool_name", None)) or text_or_none(raw.get("name"))
    return named or str(raw.get("type") or "tool").removesuffix("_call")


def _arguments_of(raw: dict[str, Any]) -> str:
    contents: object = next((raw[name] for name in _CONTENTS if raw.get(name) is not None), None)
    if isinstance(contents, str) and raw.get("type") != "custom_tool_call":
        return contents
    # What else is text is no JSON.
    return json_text(contents if contents is not None else {})
