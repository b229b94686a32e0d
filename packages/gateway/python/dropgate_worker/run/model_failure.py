"""What went wrong between an agent and its model, told by what the clients of OpenAI's API raise."""

import email.utils
import math
import re
import time
from typing import Any, NamedTuple, cast

from ..explain.failure_detail import is_local_path, text_of
from ..run_protocol import RunStage


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

_REFUSED_BY_GATEWAY = ("quota_exhausted", "store_unavailable")
_RETRIED_LATER = ("upstream_rate_limited", "upstream_unavailable", *_REFUSED_BY_GATEWAY)


def model_verdict(thrown: BaseException) -> Verdict | None:
    """None where it has nothing to do with the model."""
    if type(thrown).__name__ == "ModelBehaviorError":
        return _model_behavior_verdict(thrown)
    if _is_upstream_error(thrown):
        return _upstream_verdict(thrown)
    if _is_own_fault(thrown) or not _comes_from_model_client(frame_files(thrown)):
        return None
    return UPSTREAM_FAILED


def _is_own_fault(thrown: BaseException) -> bool:
    """True for what fails before a call is sent: what the agent gives its client is the agent's fault."""
    if type(thrown).__name__ in ("UserError", "OpenAIError"):
        return True
    if isinstance(thrown, TypeError) and _REFUSED_ARGUMENT.search(text_of(thrown)):
        return True
    return any(_PREPARES_CALL.fullmatch(name) for name in _frame_functions(thrown))


# What Python and `openai` say of a call that does not fit its function.
_REFUSED_ARGUMENT = re.compile(
    r"unexpected keyword argument|required (?:positional|keyword-only) argument|Missing required argument"
    r"|multiple values for"
)

# Functions of the clients in which a call is made of what they are given.
_PREPARES_CALL = re.compile(
    r"_build_\w+|(?:async_)?maybe_transform|_validate_(?:headers|required_tool_choice|named_\w+)|_prepare_\w+"
    r"|items_to_messages|extract_all_content|tool_to_openai|_?convert_(?:handoff_)?tools?|convert_tool_choice"
    r"|convert_response_format|get_response_format|_remove_openai_responses_api_incompatible_fields"
)


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
        return _CONTEXT_TOO_LONG
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if isinstance(status, int) and 400 <= status < 500:
        return Verdict(
            "upstream_refused", "The upstream of the model refused the request.", "model"
        )
    return UPSTREAM_FAILED


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


# Failures of a call itself: what the agent asks, or with which key, is its own fault. With their statuses.
_CALL_FAULTS = {
    "key_invalid": 401,
    "not_allowed": 403,
    "route_not_found": 404,
    "method_not_allowed": 405,
    "unsupported_content_type": 400,
}
_REFUSED_CALL = Verdict(
    "run_failed",
    "The gateway refused a model call of the agent; the cause is in the log of the gateway.",
    "model",
)


def gateway_verdict(thrown: BaseException) -> Verdict | None:
    """What the gateway refused, not the upstream: its words are fit for the caller."""
    headers = _headers_of(thrown)
    code = headers.get("x-dropgate-failure") if headers is not None else None
    if code in _CALL_FAULTS and _CALL_FAULTS[code] == getattr(thrown, "status_code", None):
        return _REFUSED_CALL
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


def _frame_functions(thrown: BaseException) -> list[str]:
    names: list[str] = []
    frame = thrown.__traceback__
    while frame is not None:
        if not is_local_path(frame.tb_frame.f_code.co_filename):
            names.append(frame.tb_frame.f_code.co_name)
        frame = frame.tb_next
    return names


def frame_files(thrown: BaseException) -> list[str]:
    """Files of its traceback, that of where it was raised last."""
    files: list[str] = []
    frame = thrown.__traceback__
    while frame is not None:
        files.append(frame.tb_frame.f_code.co_filename)
        frame = frame.tb_next
    return files
