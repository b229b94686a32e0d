"""Makes the final event of a run out of anything it raised. Messages are the gateway's own, never the inner ones."""

import email.utils
import math
import time

from ..explain.failure_detail import failure_detail, text_of


class ApprovalRequired(Exception):
    """The run stopped at a tool that a person has to approve."""


class RunCancelled(Exception):
    """The gateway cancelled the run."""


_UPSTREAM_FAILED = (
    "upstream_failed",
    "The upstream of the model failed or broke off its answer; try again.",
    "model",
)
_RUN_FAILED = (
    "run_failed",
    "The agent failed while it ran; the cause is in the log of the gateway.",
    "run",
)
_TOOL_FAILED = ("tool_failed", "A tool of the agent failed.", "tool")

# By name of the class: versions of the SDK differ in which they have.
_VERDICTS = {
    "RunCancelled": ("run_cancelled", "The run was cancelled.", "run"),
    "CancelledError": ("run_cancelled", "The run was cancelled.", "run"),
    "MaxTurnsExceeded": (
        "max_turns_exceeded",
        "The agent needed more turns than it is allowed.",
        "run",
    ),
    "ToolTimeoutError": ("tool_failed", "A tool of the agent took too long.", "tool"),
    "MCPToolCancellationError": _TOOL_FAILED,
    "ApprovalRequired": (
        "approval_unsupported",
        "The agent stopped for an approval, which chat completions cannot ask for.",
        "tool",
    ),
    "ModelTimeoutError": ("upstream_failed", "The model took too long to answer.", "model"),
    "APIConnectionError": _UPSTREAM_FAILED,
    "APITimeoutError": _UPSTREAM_FAILED,
}


_REFUSED_BY_GATEWAY = ("quota_exhausted", "store_unavailable")
_RETRIED_LATER = ("upstream_rate_limited", "upstream_unavailable", *_REFUSED_BY_GATEWAY)


def classify_failure(thrown: BaseException, usage: dict) -> dict:
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
    event = {
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


def _verdict_on(thrown: BaseException) -> tuple[str, str, str]:
    own = _own_verdict(tool_error(thrown) or thrown)
    if own is not None:
        return own
    name = type(thrown).__name__
    if name in _VERDICTS:
        return _VERDICTS[name]
    if tool_error(thrown) is not None:
        return _TOOL_FAILED
    if name == "ModelBehaviorError":
        return _model_behavior_verdict(thrown)
    if _is_upstream_error(thrown):
        return _upstream_verdict(thrown)
    modules = [frame for frame in _frame_files(thrown)]
    if modules and "/openai/" in modules[-1] and "site-packages" in modules[-1]:
        return _UPSTREAM_FAILED
    if any(file.endswith("/agents/guardrail.py") for file in modules):
        return "run_failed", "A guardrail of the agent failed.", "guardrail"
    return _RUN_FAILED


def _model_behavior_verdict(thrown: BaseException) -> tuple[str, str, str]:
    # The SDK's own word for a stream that ended early or a terminal event that says failure.
    message = text_of(thrown)
    if any(words in message for words in ("terminal event", "final response", "terminal state")):
        return _UPSTREAM_FAILED
    return "run_failed", "The model answered in a form the agent cannot use.", "model"


def _is_upstream_error(thrown: BaseException) -> bool:
    return type(thrown).__name__ == "APIError" or isinstance(
        getattr(thrown, "status_code", None), int
    )


def _upstream_verdict(thrown: BaseException) -> tuple[str, str, str]:
    status = getattr(thrown, "status_code", None)
    if getattr(thrown, "code", None) == "context_length_exceeded":
        message = "The conversation is longer than the model's context; shorten it."
        return "context_too_long", message, "model"
    if status in (401, 403):
        return (
            "upstream_refused",
            "The upstream refused the gateway's credentials; its operator has to check the upstream's key.",
            "model",
        )
    if status == 404:
        message = "The upstream has no such model or route; the agent names one it does not offer."
        return "upstream_refused", message, "model"
    if status == 504:
        return "upstream_timeout", "The upstream of the model took too long to answer.", "model"
    if status == 429:
        message = "The upstream of the model limits the rate of requests; try again later."
        return "upstream_rate_limited", message, "model"
    if status == 503:
        message = (
            "The upstream of the model cannot be reached or takes no requests now; try again later."
        )
        return "upstream_unavailable", message, "model"
    if isinstance(status, int) and 400 <= status < 500:
        return "upstream_refused", "The upstream of the model refused the request.", "model"
    return _UPSTREAM_FAILED


def _own_verdict(thrown: BaseException) -> tuple[str, str, str] | None:
    """What the gateway refused, not the upstream: its words are fit for the caller."""
    headers = getattr(getattr(thrown, "response", None), "headers", None)
    code = headers.get("x-dropgate-failure") if headers is not None else None
    if code not in _REFUSED_BY_GATEWAY:
        return None
    body = getattr(thrown, "body", None)
    message = body.get("message") if isinstance(body, dict) else None
    if not isinstance(message, str):
        message = "The gateway takes no more model calls now."
    return code, message, "model"


def _blocker(cause: BaseException) -> str | None:
    """Who stopped the run on purpose: a guardrail, the model itself; None where nobody did."""
    name = type(cause).__name__
    if name == "ModelRefusalError":
        return "refusal of the model"
    if not name.endswith("TripwireTriggered"):
        return None
    result = getattr(cause, "guardrail_result", None)
    guardrail = getattr(result, "guardrail", None) or getattr(cause, "guardrail", None)
    try:
        return str(guardrail.get_name())
    except Exception:
        return name


def _frame_files(thrown: BaseException) -> list[str]:
    files = []
    frame = thrown.__traceback__
    while frame is not None:
        files.append(frame.tb_frame.f_code.co_filename)
        frame = frame.tb_next
    return files


def _retry_after_seconds(thrown: BaseException) -> int | None:
    headers = getattr(getattr(thrown, "response", None), "headers", None)
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
