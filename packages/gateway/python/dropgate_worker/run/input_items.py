"""The conversation, as the SDK and as plain objects take it."""

from collections.abc import Mapping
from typing import Any

from ..protocol.run_input import InputItem, InputPart


def run_input(items: list[InputItem]) -> str | list[dict[str, Any]]:
    """What a run of the SDK is given: a lone text as the string that its author runs it with, which guardrails see."""
    text = lone_text(items)
    return input_items(items) if text is None else text


def lone_text(items: list[InputItem]) -> str | None:
    """The text, where the conversation is one message of the user's with nothing else in it."""
    only = items[0] if len(items) == 1 else None
    return _only_text(only["parts"]) if only and only["role"] == "user" else None


def input_items(items: list[InputItem]) -> list[dict[str, Any]]:
    """Input items of the SDK, in the form both of OpenAI's APIs take."""
    return [_input_item(item) for item in items if not _is_of_people(item)]


def chat_messages(items: list[InputItem]) -> list[dict[str, Any]]:
    """Messages in OpenAI's chat form; `content` is a string but for a message with more than text."""
    messages: list[dict[str, Any]] = []
    for item in items:
        if item["role"] == "tool_call":
            # Calls belong to one message, with the text that came before them.
            if not messages or messages[-1]["role"] != "assistant":
                messages.append({"role": "assistant", "content": ""})
            function = {"name": item["name"], "arguments": item["arguments"]}
            call = {"id": item["callId"], "type": "function", "function": function}
            messages[-1].setdefault("tool_calls", []).append(call)
        elif item["role"] == "tool_result":
            result = {"tool_call_id": item["callId"], "content": item["text"]}
            messages.append({"role": "tool", **result})
        elif item["role"] == "user":
            messages.append({"role": "user", "content": _chat_content(item["parts"])})
        elif item["role"] == "system" or item["role"] == "assistant":
            messages.append({"role": item["role"], "content": item["text"]})
    return messages


def last_user_text(items: list[InputItem]) -> str:
    """The text of the last user message: what a workflow takes as its only input."""
    for item in reversed(items):
        if item["role"] == "user":
            return "\n".join(part["text"] for part in item["parts"] if part["type"] == "text")
    return ""


def _is_of_people(item: InputItem) -> bool:
    return item["role"] == "approval_request" or item["role"] == "approval"


def _input_item(item: InputItem) -> dict[str, Any]:
    if item["role"] == "tool_call":
        call = {"call_id": item["callId"], "name": item["name"], "arguments": item["arguments"]}
        return {"type": "function_call", **call}
    if item["role"] == "tool_result":
        return {
            "type": "function_call_output",
            "call_id": item["callId"],
            "output": item["text"],
        }
    if item["role"] == "system" or item["role"] == "assistant":
        return {"role": item["role"], "content": item["text"]}
    if item["role"] != "user":
        return {}
    text = _only_text(item["parts"])
    content = text if text is not None else [_sdk_part(part) for part in item["parts"]]
    return {"role": "user", "content": content}


def _only_text(parts: list[InputPart]) -> str | None:
    return parts[0]["text"] if len(parts) == 1 and parts[0]["type"] == "text" else None


def _sdk_part(part: InputPart) -> dict[str, Any]:
    if part["type"] == "text":
        return {"type": "input_text", "text": part["text"]}
    if part["type"] == "image":
        by_id = "fileId" in part
        image = {"file_id": part["fileId"]} if by_id else {"image_url": part.get("url", "")}
        return {"type": "input_image", **image, "detail": part.get("detail", "auto")}
    if part["type"] == "audio":
        audio = {"data": part["data"], "format": part["format"]}
        return {"type": "input_audio", "input_audio": audio}
    file_id = part.get("fileId")
    if file_id:
        return {"type": "input_file", "file_id": file_id}
    if "url" in part:
        return {"type": "input_file", "file_url": part["url"]}
    data = part.get("data", "")
    url = data if data.startswith("data:") else f"data:application/pdf;base64,{data}"
    return {"type": "input_file", "file_data": url, "filename": part.get("filename", "file.pdf")}


def _chat_content(parts: list[InputPart]) -> str | list[dict[str, Any]]:
    texts = [part["text"] for part in parts if part["type"] == "text"]
    return "\n".join(texts) if len(texts) == len(parts) else [_chat_part(part) for part in parts]


def _chat_part(part: InputPart) -> dict[str, Any]:
    if part["type"] == "text":
        return dict(part)
    if part["type"] == "image":
        names = {"fileId": "file_id", "url": "url", "detail": "detail"}
        return {"type": "image_url", "image_url": _renamed(part, names)}
    if part["type"] == "audio":
        audio = {"data": part["data"], "format": part["format"]}
        return {"type": "input_audio", "input_audio": audio}
    names = {"fileId": "file_id", "url": "file_url", "data": "file_data", "filename": "filename"}
    return {"type": "file", "file": _renamed(part, names)}


def _renamed(part: Mapping[str, Any], names: dict[str, str]) -> dict[str, Any]:
    return {names[key]: part[key] for key in names if key in part}
