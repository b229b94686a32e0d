"""What an interrupted run has told already, so that its next part tells only what is new."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import Any

from ..run.result_text import fields_of, message_text


def told_keys(items: list[Any]) -> list[str]:
    """Keys of the items that have been told: all but the calls that have no result yet."""
    given = {call_id for item in items if (call_id := _call_id(item, "function_call_output"))}
    return [
        key
        for item in items
        if (key := _key_of(item)) is not None and _call_id(item, "function_call") in (None, *given)
    ]


def untold_items(items: list[Any], told: list[str]) -> list[Any]:
    """
    The items that were not told, without those that say that a call waits: versions of the SDK differ in whether they
    list earlier ones again, and where.
    """
    left, untold = Counter(told), list[Any]()
    for item in items:
        if item.type == "tool_approval_item":
            continue
        key = _key_of(item)
        if key is not None and left[key] > 0:
            left[key] -= 1
        else:
            untold.append(item)
    return untold


def _key_of(item: Any) -> str | None:
    if item.type == "message_output_item":
        # Chat completions know no ids of messages.
        return f"text:{hashlib.sha256(message_text(item).encode('utf-8', 'replace')).hexdigest()}"
    raw = fields_of(item.raw_item)
    name = raw.get("call_id") or raw.get("id")
    return f"{item.type}:{name}" if isinstance(name, str) else None


def _call_id(item: Any, kind: str) -> str | None:
    # A handoff is a call, with a result, too.
    raw = fields_of(item.raw_item)
    call_id = raw.get("call_id")
    return call_id if raw.get("type") == kind and isinstance(call_id, str) else None
