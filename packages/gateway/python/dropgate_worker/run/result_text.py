"""The texts of a run, and of what a workflow or a plain object returned."""

from __future__ import annotations

import dataclasses
import json
import re
from typing import TYPE_CHECKING, Any, cast

from ..agent_shape import listed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agents.result import RunResultBase

    from agents import MessageOutputItem, RunItem

    from ..protocol.run_input import InputItem


def message_texts(items: Sequence[RunItem]) -> list[str]:
    """The texts of a run's messages, in order, without the empty ones: what its stream would have told."""
    texts = [message_text(item) for item in items if item.type == "message_output_item"]
    return [text for text in texts if text]


def tool_answer(result: RunResultBase) -> str | None:
    """The final output where it is no message of the model but a tool's result (`tool_use_behavior`)."""
    output = result.final_output
    items = [item for item in result.new_items if item.type != "reasoning_item"]
    if output is None or (items and items[-1].type == "message_output_item"):
        return None
    return output if isinstance(output, str) else json_text(output)


# Most letters of what a run added, as JSON; of more, the texts alone are told.
_MAX_ITEMS_LENGTH = 1024 * 1024


def added_items(run_items: Sequence[RunItem]) -> list[InputItem]:
    """
    What a run added to its conversation: its texts, and calls of tools with what they gave, but for tools that ran
    elsewhere.
    """
    calls: dict[str, str] = {}
    added = [item for each in run_items for item in _added_item(each, calls)]
    given = {item["callId"] for item in added if item["role"] == "tool_result"}
    items = [item for item in added if item["role"] != "tool_call" or item["callId"] in given]
    if len(json_text(items)) <= _MAX_ITEMS_LENGTH:
        return items
    return [item for item in items if item["role"] == "assistant"]


def _added_item(item: Any, calls: dict[str, str]) -> list[InputItem]:
    if item.type == "message_output_item":
        text = message_text(item)
        return [{"role": "assistant", "text": text}] if text else []
    raw = fields_of(item.raw_item)
    kind, call_id, name = raw.get("type"), raw.get("call_id"), raw.get("name")
    if not isinstance(call_id, str):
        return []
    if kind == "function_call" and isinstance(name, str):
        calls[call_id] = name
        written = str(raw.get("arguments") or "{}")
        return [{"role": "tool_call", "callId": call_id, "name": name, "arguments": written}]
    if kind != "function_call_output" or call_id not in calls:
        return []
    output = raw.get("output")
    text = output if isinstance(output, str) else json_text(output)
    return [{"role": "tool_result", "callId": call_id, "name": calls[call_id], "text": text}]


def output_text(returned: object) -> str | None:
    """
    The string itself, `output_text`, `message`, `safe_text`, `text`, the only string in it, else all of it as JSON;
    None where nothing was returned.
    """
    if returned is None or isinstance(returned, str):
        return returned
    fields = fields_of(returned)
    for name in ("output_text", "message", "safe_text", "text"):
        if isinstance(fields.get(name), str):
            return fields[name]
    strings = [value for value in fields.values() if isinstance(value, str)]
    return strings[0] if len(strings) == 1 else json_text(returned)


def failed_checks(returned: object) -> list[str]:
    """Names of the checks that failed in a returned dict (`{"jailbreak": {"failed": True}}`)."""
    return [
        name
        for name, check in fields_of(returned).items()
        if fields_of(check).get("failed") is True
    ]


def json_text(value: object) -> str:
    """A value as JSON; models and dataclasses by their fields."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_plain)


def _plain(value: object) -> object:
    return fields_of(value) or str(value)


def fields_of(value: object) -> dict[str, Any]:
    """What a mapping, a model of pydantic or a dataclass holds, by name; nothing of anything else."""
    if isinstance(value, dict):
        held = cast("dict[object, Any]", value)
        return {str(name): field for name, field in held.items()}
    dump = getattr(value, "model_dump", None)
    if callable(dump) and not isinstance(value, type):
        return cast("dict[str, Any]", dump(mode="json"))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    return {}


def message_text(item: MessageOutputItem) -> str:
    """The text of a message, without what is none."""
    content = listed(item.raw_item, "content")
    return "".join(part.text for part in content if getattr(part, "type", "") == "output_text")


# Deeper than arguments of any schema; JSON of both languages fails on some thousands.
MAX_NESTING = 200

_TEXT_IN_JSON = re.compile(r'"(?:[^"\\]|\\.)*"?', re.DOTALL)


def parsed_arguments(arguments: object) -> object:
    """
    Arguments of a call as JSON, or as the text they are where they are no JSON or nested more than 200 levels deep.
    """
    if not isinstance(arguments, str) or is_nested_too_deep(arguments):
        return arguments
    try:
        return json.loads(arguments, parse_constant=_refuse_constant)
    except ValueError:
        return arguments


def is_nested_too_deep(json_text: str) -> bool:
    """Whether a text in JSON is nested more than 200 levels deep."""
    if json_text.count("[") + json_text.count("{") <= MAX_NESTING:
        return False
    depth = 0
    for char in re.findall(r"[\[\]{}]", _TEXT_IN_JSON.sub("", json_text)):
        depth += 1 if char in "[{" else -1
        if depth > MAX_NESTING:
            return True
    return False


def _refuse_constant(name: str) -> None:
    # `NaN` is none of JSON's, though Python reads and writes it.
    raise ValueError(name)
