"""Makes the final event of a run out of anything it raised. Messages are the gateway's own, never the inner ones."""

from typing import Any

from ..explain.failure_detail import failure_detail, text_of
from ..models.model_failure import gateway_verdict, model_verdict, retry_after_seconds
from ..models.own_fault import frame_files
from ..models.verdicts import UPSTREAM_FAILED, Verdict
from ..protocol.run import Failed, Finished, Usage


class RunRefused(Exception):
    """A run that cannot be made as it is asked for; `message` is fit for a caller."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.verdict = Verdict(code, message, "tool" if code == "approval_unsupported" else "run")


class RunCancelled(Exception):
    """The gateway cancelled the run."""


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
    "ModelTimeoutError": Verdict("upstream_failed", "The model took too long to answer.", "model"),
    "APIConnectionError": UPSTREAM_FAILED,
    "APITimeoutError": UPSTREAM_FAILED,
}


def classify_failure(thrown: BaseException, usage: Usage) -> Finished | Failed:
    """The final event; `usage` is what the run has cost until then."""
    cause = tool_error(thrown) or (isinstance(thrown, RunRefused) and thrown.__cause__) or thrown
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
    seconds = retry_after_seconds(thrown, code)
    if seconds is not None:
        event["retryAfterSeconds"] = seconds
    return event


def tool_error(thrown: BaseException) -> BaseException | None:
    """What a tool raised, where the SDK wraps it; None for anything else."""
    is_wrapped = type(thrown).__name__ == "UserError" and text_of(thrown).startswith(
        "Error running tool"
    )
    return thrown.__cause__ if is_wrapped else None


def _verdict_on(thrown: BaseException) -> Verdict:
    refused = tool_error(thrown) or thrown
    if isinstance(refused, RunRefused):
        return refused.verdict
    own = gateway_verdict(tool_error(thrown) or thrown)
    if own is not None:
        return own
    if any(file.endswith("/agents/guardrail.py") for file in frame_files(thrown)):
        return Verdict("run_failed", "A guardrail of the agent failed.", "guardrail")
    name = type(thrown).__name__
    if name in _VERDICTS:
        return _VERDICTS[name]
    if tool_error(thrown) is not None:
        return _TOOL_FAILED
    return model_verdict(thrown) or _RUN_FAILED


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
