"""Token counts of one run, summed over its model calls."""

NO_USAGE = {
    "requests": 0,
    "inputTokens": 0,
    "outputTokens": 0,
    "cachedInputTokens": 0,
    "reasoningTokens": 0,
}


class UsageMeter:
    """Sums what the SDK counted in the contexts of one run; readable also after a failure."""

    def __init__(self) -> None:
        self._watched: dict[int, tuple[object, dict]] = {}

    def watch(self, context: object) -> None:
        """Counts what a run context gets from now on."""
        usage = getattr(context, "usage", None)
        if usage is not None and id(context) not in self._watched:
            self._watched[id(context)] = (context, _counts(usage))

    def total(self) -> dict:
        """What the run has cost until now."""
        total = dict(NO_USAGE)
        for context, before in self._watched.values():
            now = _counts(context.usage)
            for name in total:
                total[name] += max(0, now[name] - before[name])
        return total


def _counts(usage: object) -> dict:
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
