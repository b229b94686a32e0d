"""Counts of one run: its tokens, summed over its model calls, and its tool calls."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from ..protocol.run import Usage, no_usage

if TYPE_CHECKING:
    from ..protocol.run import ToolLimits


class UsageMeter:
    """Sums what the SDK counted in the contexts of one run; readable also after a failure."""

    def __init__(self) -> None:
        self._watched: dict[int, tuple[Any, Usage]] = {}

    def watch(self, context: Any) -> None:
        """Counts what a run context gets from now on."""
        usage = getattr(context, "usage", None)
        if usage is not None and id(context) not in self._watched:
            self._watched[id(context)] = (context, _counts(usage))

    def total(self) -> Usage:
        """What the run has cost until now."""
        total = no_usage()
        for context, before in self._watched.values():
            _add(total, before, _counts(context.usage))
        return total


def _add(total: Usage, before: Usage, now: Usage) -> None:
    total["requests"] += _countable(now["requests"] - before["requests"])
    total["inputTokens"] += _countable(now["inputTokens"] - before["inputTokens"])
    total["outputTokens"] += _countable(now["outputTokens"] - before["outputTokens"])
    total["cachedInputTokens"] += _countable(now["cachedInputTokens"] - before["cachedInputTokens"])
    total["reasoningTokens"] += _countable(now["reasoningTokens"] - before["reasoningTokens"])


def _counts(usage: object) -> Usage:
    return {
        "requests": _number(usage, "requests"),
        "inputTokens": _number(usage, "input_tokens"),
        "outputTokens": _number(usage, "output_tokens"),
        "cachedInputTokens": _number(getattr(usage, "input_tokens_details", None), "cached_tokens"),
        "reasoningTokens": _number(
            getattr(usage, "output_tokens_details", None), "reasoning_tokens"
        ),
    }


def _number(holder: object, name: str) -> int:
    value = getattr(holder, name, 0)
    return _countable(value) if isinstance(value, int) else 0


def _countable(value: int) -> int:
    # The SDK sums what a server says, which may be anything: the gateway ends a process that tells it no counts.
    return value if 0 < value <= _MAX_COUNT else 0


# More than any run takes; sums of it are exact as numbers of JSON.
_MAX_COUNT = 2**43


# Longer arguments are compared as they are written.
_MAX_ORDERED_LENGTH = 16 * 1024


class ToolCount:
    """The tool calls of one run."""

    def __init__(self, limits: ToolLimits | None = None) -> None:
        given: dict[str, Any] = {**(limits or {})}
        self._max_calls = given.get("maxCalls", math.inf)
        self._max_repeated = given.get("maxRepeated", math.inf)
        self._calls = 0
        self._repeated = 0
        self._last: tuple[str, str] | None = None

    def add(self, tool: str, arguments: object) -> tuple[int, bool]:
        """
        Counts a call before it is made.

        Gives how often it was made in a row with the same arguments, and whether it goes beyond the limits.
        """
        text = _text_of(arguments)
        self._calls += 1
        is_same = self._last is not None and self._last[0] == tool and _is_same(self._last[1], text)
        self._repeated = self._repeated + 1 if is_same else 1
        self._last = (tool, text)
        return (
            self._repeated,
            self._calls > self._max_calls or self._repeated > self._max_repeated,
        )


def _text_of(arguments: object) -> str:
    if isinstance(arguments, str):
        return arguments
    try:
        return json.dumps(arguments)
    except (TypeError, ValueError, RecursionError):
        return ""


def _is_same(some: str, others: str) -> bool:
    if some == others:
        return True
    if max(len(some), len(others)) > _MAX_ORDERED_LENGTH:
        return False
    ordered = _in_order(some)
    return ordered is not None and ordered == _in_order(others)


def _in_order(text: str) -> str | None:
    try:
        return json.dumps(json.loads(text, parse_float=_number_in), sort_keys=True)
    except (ValueError, RecursionError):
        return None


def _number_in(text: str) -> float:
    # Whoever reads it takes 1.0 for 1.
    value = float(text)
    return int(value) if value.is_integer() else value
