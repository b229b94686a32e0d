"""What went wrong between an agent and its model, told by what the clients of OpenAI's API raise."""

import email.utils
import math
import re
import time
from typing import Any, cast

from ..explain.failure_detail import is_local_path, text_of
from .own_fault import frame_files, is_own_fault
from .verdicts import BY_STATUS, CONTEXT_TOO_LONG, REFUSED_CALL, UPSTREAM_FAILED, Verdict

_REFUSED_UNTIL_LATER = ("quota_exhausted", "store_unavailable")
_REFUSED_BY_GATEWAY = (
    *_REFUSED_UNTIL_LATER,
    "approval_unavailable",
    "price_unknown",
    "run_limit_exceeded",
)
_RETRIED_LATER = ("upstream_rate_limited", "upstream_unavailable", *_REFUSED_UNTIL_LATER)


def model_verdict(thrown: BaseException) -> Verdict | None:
    """None where it has nothing to do with the model."""
    if type(thrown).__name__ == "ModelBehaviorError":
        return _model_behavior_verdict(thrown)
    if _is_upstream_error(thrown):
        return _upstream_verdict(thrown)
    if is_own_fault(thrown) or not _comes_from_model_client(frame_files(thrown)):
        return None
    return UPSTREAM_FAILED


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
        return UPSTREAM_FAILED
    return Verdict("run_failed", "The model answered in a form the agent cannot use.", "model")


def _is_upstream_error(thrown: BaseException) -> bool:
    return type(thrown).__name__ == "APIError" or isinstance(
        getattr(thrown, "status_code", None), int
    )


def _upstream_verdict(thrown: BaseException) -> Verdict:
    status = getattr(thrown, "status_code", None)
    if getattr(thrown, "code", None) == "context_length_exceeded":
        return CONTEXT_TOO_LONG
    if status in BY_STATUS:
        return BY_STATUS[status]
    if isinstance(status, int) and 400 <= status < 500:
        return Verdict(
            "upstream_refused", "The upstream of the model refused the request.", "model"
        )
    return UPSTREAM_FAILED


# Failures of a call itself: what the agent asks, or with which key, is its own fault. With their statuses.
_CALL_FAULTS = {
    "key_invalid": 401,
    "not_allowed": 403,
    "route_not_found": 404,
    "method_not_allowed": 405,
    "unsupported_content_type": 400,
}


def gateway_verdict(thrown: BaseException) -> Verdict | None:
    """What the gateway refused, not the upstream: its words are fit for the caller."""
    headers = _headers_of(thrown)
    code = headers.get("x-dropgate-failure") if headers is not None else None
    if code in _CALL_FAULTS and _CALL_FAULTS[code] == getattr(thrown, "status_code", None):
        return REFUSED_CALL
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


def retry_after_seconds(thrown: BaseException, code: str) -> int | None:
    """Seconds after which a retry makes sense, where the upstream said so and the code is one of those that pass."""
    if code not in _RETRIED_LATER:
        return None
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
