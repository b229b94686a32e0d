"""Token counts of one run, summed over its model calls."""

from typing import Any

from ..run_protocol import Usage, no_usage


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
    total["requests"] += max(0, now["requests"] - before["requests"])
    total["inputTokens"] += max(0, now["inputTokens"] - before["inputTokens"])
    total["outputTokens"] += max(0, now["outputTokens"] - before["outputTokens"])
    total["cachedInputTokens"] += max(0, now["cachedInputTokens"] - before["cachedInputTokens"])
    total["reasoningTokens"] += max(0, now["reasoningTokens"] - before["reasoningTokens"])


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
    return value if isinstance(value, int) and value > 0 else 0
