"""Tells whether a function answers messages by its signature, or is another kind of `run`: of a server, a loop."""

import inspect
import os
import sys
import sysconfig
import typing
from collections.abc import Callable

# Parameters that get the last text of the user.
TEXT_NAMES = (
    "prompt",
    "text",
    "message",
    "query",
    "question",
    "input",
    "user_input",
    "user_prompt",
)

# Parameters that get more than that.
GIVEN_NAMES = ("messages", "request", "policy", "context", "client")

# What a `run` of something else is given.
_OTHER_NAMES = (
    *("app", "args", "argv", "config", "coro", "debug", "host", "loop", "mcp_server", "mcp_servers", "options"),
    *("parser", "port", "server", "servers", "settings", "transport"),
)  # fmt: skip

_MESSAGE_TYPES = (str, list, dict, tuple, object)


def takes_messages(function: Callable[..., object]) -> bool:
    """True where a request can be given to it: at most one required parameter is of another name than those given."""
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):
        return not _is_of_package(function)
    known = [name for name in parameters if name in (*TEXT_NAMES, *GIVEN_NAMES)]
    if _is_of_package(function) and not known:
        return False
    required = [
        parameter
        for name, parameter in parameters.items()
        if parameter.default is inspect.Parameter.empty
        and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
        and name not in known
    ]
    if len(required) > 1 or (required and "messages" in known):
        return False
    return all(_may_be_messages(parameter, function) for parameter in required)


def _may_be_messages(parameter: inspect.Parameter, function: Callable[..., object]) -> bool:
    if parameter.name in _OTHER_NAMES:
        return False
    try:
        annotation = typing.get_type_hints(function).get(parameter.name)
    except Exception:
        annotation = None
    # What cannot be told is taken for messages, as one with no annotation is.
    return not isinstance(annotation, type) or annotation in _MESSAGE_TYPES


def _is_of_package(function: Callable[..., object]) -> bool:
    """True for code that was installed: its `run` starts a server, thread or loop, unless it names what it takes."""
    module = sys.modules.get(getattr(function, "__module__", None) or "")
    file = getattr(module, "__file__", None) or ""
    return "site-packages" in file or file.startswith(sysconfig.get_path("stdlib") + os.sep)
