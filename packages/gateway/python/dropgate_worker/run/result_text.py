"""The texts of a run, and of what a workflow or a plain object returned."""

import dataclasses
import json


def message_texts(result: object) -> list[str]:
    """The texts of a run's messages, in order, without the empty ones: what its stream would have told."""
    texts = [_message_text(item) for item in result.new_items if item.type == "message_output_item"]
    return [text for text in texts if text]


def tool_answer(result: object) -> str | None:
    """The final output where it is no message of the model but a tool's result (`tool_use_behavior`)."""
    output = result.final_output
    items = [item for item in result.new_items if item.type != "reasoning_item"]
    if output is None or (items and items[-1].type == "message_output_item"):
        return None
    return output if isinstance(output, str) else json_text(output)


def output_text(returned: object) -> str | None:
    """
    The string itself, `output_text`, `message`, `safe_text`, `text`, the only string in it, else all of it as JSON;
    None where nothing was returned.
    """
    if returned is None or isinstance(returned, str):
        return returned
    fields = _fields(returned)
    for name in ("output_text", "message", "safe_text", "text"):
        if isinstance(fields.get(name), str):
            return fields[name]
    strings = [value for value in fields.values() if isinstance(value, str)]
    return strings[0] if len(strings) == 1 else json_text(returned)


def failed_checks(returned: object) -> list[str]:
    """Names of the checks that failed in a returned dict (`{"jailbreak": {"failed": True}}`)."""
    return [
        name for name, check in _fields(returned).items() if _fields(check).get("failed") is True
    ]


def json_text(value: object) -> str:
    """A value as JSON; models and dataclasses by their fields."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_plain)


def _plain(value: object) -> object:
    return _fields(value) or str(value)


def _fields(value: object) -> dict:
    if isinstance(value, dict):
        return {str(name): field for name, field in value.items()}
    if callable(getattr(value, "model_dump", None)) and not isinstance(value, type):
        return value.model_dump(mode="json")
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    return {}


def _message_text(item: object) -> str:
    content = getattr(item.raw_item, "content", None) or []
    return "".join(part.text for part in content if getattr(part, "type", "") == "output_text")
