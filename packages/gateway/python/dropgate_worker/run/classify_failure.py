"""Makes the final event of a run out of anything it raised. Messages are the gateway's own, never the inner ones."""

import email.utils
import math
import re
import time
from typing import Any, NamedTuple, cast

from ..explain.failure_detail import failure_detail, is_local_path, text_of
from ..run_protocol import Failed, Finished, RunStage, Usage


class ApprovalRequired(Exception):
    """The run stopped at a tool that a person has to approve."""


class RunCancelled(Exception):
    """The gateway cancelled the run."""


class Verdict(NamedTuple):
    """What a caller is told of a failure, and which part failed."""

    code: str
    message: str
    stage: RunStage


_UPSTREAM_FAILED = Verdict(
    "upstream_failed",
    "The upstream of the model failed or broke off its answer; try again.",
    "model",
)
_RUN_FAILED = Verdict(
    "run_failed",
    "The agent failed while it ran; the cause is in the log of the gateway.",
    "run",
)
_TOOL_FAILED = Verdict("tool_failed", "A tool of the agent failed.", "tool")

# By name of the class: versions of the SDK differ in which they have.
_VERDICTS: dict[str, Verdict] = {
    "RunCancelled": Verdict("run_cancelled", "The run was cancelled.", "run"),
    "CancelledError": Verdict("run_cancelled", "The run was cancelled.", "run"),
    "MaxTurnsExceeded": Verdict(
        "max_turns_exceeded",
        "The agent needed more turns than it is allowed.",
        "run",
    ),
    "ToolTimeoutError": Verdict("tool_failed", "A tool of the agent took too long.", "tool"),
    "MCPToolCancellationError": _TOOL_FAILED,
    "ApprovalRequired": Verdict(
        "approval_unsupported",
        "The agent stopped for an approval, which chat completions cannot ask for.",
        "tool",
    ),
    "ModelTimeoutError": Verdict("upstream_failed", "The model took too long to answer.", "model"),
    "APIConnectionError": _UPSTREAM_FAILED,
    "APITimeoutError": _UPSTREAM_FAILED,
}

_REFUSED_BY_GATEWAY = ("quota_exhausted", "store_unavailable")
_RETRIED_LATER = ("upstream_rate_limited", "upstream_unavailable", *_REFUSED_BY_GATEWAY)


def classify_failure(thrown: BaseException, usage: Usage) -> Finished | Failed:
    """The final event; `usage` is what the run has cost until then."""
    cause = tool_error(thrown) or thrown
    blocked_by = _blocker(cause)
    if blocked_by is not None:
        return {
            "type": "finished",
            "reason": "content_filter",
            "usage": usage,
            "blockedBy": blocked_by,
        }
    code, message, stage = _verdict_on(thrown)
    event: Failed = {
        "type": "failed",
        "code": code,
        "message": message,
        "detail": failure_detail(cause, stage),
        "usage": usage,
    }
    seconds = _retry_after_seconds(thrown)
    if code in _RETRIED_LATER and seconds is not None:
        event["retryAfterSeconds"] = seconds
    return event


def tool_error(thrown: BaseException) -> BaseException | None:
    """What a tool raised, where the SDK wraps it; None for anything else."""
    is_wrapped = type(thrown).__name__ == "UserError" and text_of(thrown).startswith(
        "Error running tool"
    )
    return thrown.__cause__ if is_wrapped else None


def _verdict_on(thrown: BaseException) -> Verdict:
    own = _own_verdict(tool_error(thrown) or thrown)
    if own is not None:
        return own
    files = _frame_files(thrown)
    if any(file.endswith("/agents/guardrail.py") for file in files):
        return Verdict("run_failed", "A guardrail of the agent failed.", "guardrail")
    name = type(thrown).__name__
    if name in _VERDICTS:
        return _VERDICTS[name]
    if tool_error(thrown) is not None:
        return _TOOL_FAILED
    if name == "ModelBehaviorError":
        return _model_behavior_verdict(thrown)
    if _is_upstream_error(thrown):
        return _upstream_verdict(thrown)
    return _UPSTREAM_FAILED if _comes_from_model_client(files) else _RUN_FAILED


def _comes_from_model_client(files: list[str]) -> bool:
    """
    Answers that no client understands surface as plain errors: what tells them is where they were raised, but for
    what the client itself stands on.
    """
    for file in reversed(files):
        if is_local_path(file):
            return False
        package = re.split(r"/(?:site|dist)-packages/", file)[-1]
        if package == file or package.startswith(_BELOW_CLIENTS):
            continue
        return package.startswith(("openai/", "agents/models/"))
    return False


# What the clients of OpenAI's API read answers with, beside the standard library.
_BELOW_CLIENTS = ("httpx/", "httpx2/", "pydantic/", "pydantic_core/")


_UPSTREAM_WORDS = ("terminal event", "final response", "terminal state", "has no choices")


def _model_behavior_verdict(thrown: BaseException) -> Verdict:
    # The SDK's own word for a stream that ended early, a terminal event that says failure, or another API.
    message = text_of(thrown)
    if any(words in message for words in _UPSTREAM_WORDS):
        return _UPSTREAM_FAILED
    return Verdict("run_failed", "The model answered in a form the agent cannot use.", "model")


def _is_upstream_error(thrown: BaseException) -> bool:
    return type(thrown).__name__ == "APIError" or isinstance(
        getattr(thrown, "status_code", None), int
    )


def _upstream_verdict(thrown: BaseException) -> Verdict:
    status = getattr(thrown, "status_code", None)
    if getattr(thrown, "code", None) == "context_length_exceeded":
        return _CONTEXT_TOO_LONG
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if isinstance(status, int) and 400 <= status < 500:
        return Verdict(
            "upstream_refused", "The upstream of the model refused the request.", "model"
        )
    return _UPSTREAM_FAILED


_CONTEXT_TOO_LONG = Verdict(
    "context_too_long",
    "The conversation is longer than the model's context; shorten it.",
    "model",
)
_REFUSED_CREDENTIALS = Verdict(
    "upstream_refused",
    "The upstream refused the gateway's credentials; its operator has to check the upstream's key.",
    "model",
)
_BY_STATUS = {
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


def _own_verdict(thrown: BaseException) -> Verdict | None:
    """What the gateway refused, not the upstream: its words are fit for the caller."""
    headers = _headers_of(thrown)
    code = headers.get("x-dropgate-failure") if headers is not None else None
    if code not in _REFUSED_BY_GATEWAY:
        return None
    body: Any = getattr(thrown, "body", None)
    message = cast("dict[str, object]", body).get("message") if isinstance(body, dict) else None
    if not isinstance(message, str):
        message = "The gateway takes no more model calls now."
    return Verdict(code, message, "model")


def _headers_of(thrown: BaseException) -> Any:
    """Headers of the answer that a client of OpenAI's raised; None where there was none."""
    return getattr(getattr(thrown, "response", None), "headers", None)


def _blocker(cause: BaseException) -> str | None:
    """Who stopped the run on purpose: a guardrail, the model itself; None where nobody did."""
    name = type(cause).__name__
    if name == "ModelRefusalError":
        return "refusal of the model"
    if not name.endswith("TripwireTriggered"):
        return None
    result = getattr(cause, "guardrail_result", None)
    guardrail: Any = getattr(result, "guardrail", None) or getattr(cause, "guardrail", None)
    try:
        return str(guardrail.get_name())
    except Exception:
        return name


def _frame_files(thrown: BaseException) -> list[str]:
    files: list[str] = []
    frame = thrown.__traceback__
    while frame is not None:
        files.append(frame.tb_frame.f_code.co_filename)
        frame = frame.tb_next
    return files


def _retry_after_seconds(thrown: BaseException) -> int | None:
    headers = _headers_of(thrown)
    if headers is None:
        return None
    try:
        milliseconds = float(headers.get("retry-after-ms") or 0)
        if milliseconds > 0:
            return math.ceil(milliseconds / 1000)
    except ValueError:
        pass
    value = headers.get("retry-after")
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = email.utils.parsedate_to_datetime(value).timestamp() - time.time()
        except (TypeError, ValueError):
            return None
    return math.ceil(seconds) if seconds >= 0 and math.isfinite(seconds) else None
