"""What callers are told of failures between an agent and its model. The words are the gateway's own."""

from typing import NamedTuple

from ..protocol.run import RunStage


class Verdict(NamedTuple):
    """What a caller is told of a failure, and which part failed."""

    code: str
    message: str
    stage: RunStage


UPSTREAM_FAILED = Verdict(
    "upstream_failed",
    "The upstream of the model failed or broke off its answer; try again.",
    "model",
)

CONTEXT_TOO_LONG = Verdict(
    "context_too_long",
    "The conversation is longer than the model's context; shorten it.",
    "model",
)
_REFUSED_CREDENTIALS = Verdict(
    "upstream_refused",
    "The upstream refused the gateway's credentials; its operator has to check the upstream's key.",
    "model",
)
BY_STATUS = {
    401: _REFUSED_CREDENTIALS,
    403: _REFUSED_CREDENTIALS,
    404: Verdict(
        "upstream_refused",
        "The upstream has no such model or route; the agent names one it does not offer.",
        "model",
    ),
    429: Verdict(
        "upstream_rate_limited",
        "The upstream of the model limits the rate of requests; try again later.",
        "model",
    ),
    503: Verdict(
        "upstream_unavailable",
        "The upstream of the model cannot be reached or takes no requests now; try again later.",
        "model",
    ),
    504: Verdict(
        "upstream_timeout",
        "The upstream of the model took too long to answer.",
        "model",
    ),
}

REFUSED_CALL = Verdict(
    "run_failed",
    "The gateway refused a model call of the agent; the cause is in the log of the gateway.",
    "model",
)
