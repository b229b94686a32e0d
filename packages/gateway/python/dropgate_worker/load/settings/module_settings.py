"""Checks `__gateway__` strictly: a bad field is a finding, the rest applies. Names may be snake_case or camelCase."""

import re
from collections.abc import Callable, Mapping
from typing import Any, cast

from ...agent_shape import text_or_none
from ...explain.code_frame import place_of
from ...protocol.messages import Finding, ModuleSettings
from .setting_values import (
    BadValue,
    camel_case,
    dollars,
    items,
    list_of,
    one_of,
    snake_case,
    text,
    texts,
    true_or_false,
    whole_number,
    whole_number_or_none,
)

RUN_SETTINGS = (
    "maxOutputTokens",
    "temperature",
    "topP",
    "presencePenalty",
    "frequencyPenalty",
    "seed",
    "stop",
    "parallelToolCalls",
    "reasoningEffort",
    "verbosity",
    "serviceTier",
)


def check_module_settings(
    metadata: object, file: str, text: str
) -> tuple[ModuleSettings, list[Finding]]:
    """What holds of `__gateway__` (None where there is none), and a finding for each field that does not."""
    if metadata is None:
        return {}, []
    if not isinstance(metadata, Mapping):
        message = "`__gateway__` is no dict, so it is ignored."
        hint = f"Make it a dict with any of {_field_names()}."
        return {}, [_warning("bad_metadata", "__gateway__", file, text, message, hint)]
    settings: ModuleSettings = {}
    findings: list[Finding] = []
    for given, value in cast("Mapping[Any, Any]", metadata).items():
        name = camel_case(str(given))
        if name in _READ_ELSEWHERE:
            continue
        shown = f"`__gateway__.{snake_case(name)}`"
        if name not in _FIELDS:
            message = f"{shown} is no known field, so it is ignored."
            hint = f"Use one of {_field_names()}."
            findings.append(_warning("unknown_metadata", name, file, text, message, hint))
            continue
        if value is None:
            continue
        parse, meaning = _FIELDS[name]
        try:
            settings[name] = parse(value)
        except BadValue:
            message = f"{shown} has a value it cannot have, so it is ignored."
            findings.append(
                _warning("bad_metadata", name, file, text, message, f"Give it {meaning}.")
            )
    return settings, findings


def named_agent(metadata: object) -> str | None:
    """The name of the agent to serve; None where `__gateway__` names none."""
    if not isinstance(metadata, Mapping):
        return None
    return text_or_none(cast("Mapping[str, object]", metadata).get("agent"))


def _limits(value: object) -> dict[str, object]:
    if not isinstance(value, Mapping):
        raise BadValue
    limits: dict[str, object] = {}
    for given, limit in cast("Mapping[Any, Any]", value).items():
        name = camel_case(str(given))
        if name not in _RUN_LIMITS:
            raise BadValue
        if limit is not None:
            limits[name] = _RUN_LIMITS[name](limit)
    return limits


# Of each run.
_RUN_LIMITS: dict[str, Callable[[object], object]] = {
    "maxModelCalls": whole_number,
    "maxTokens": whole_number,
    "maxCostUsd": dollars,
    "maxToolCalls": whole_number,
    "maxRepeatedToolCalls": whole_number_or_none,
}


def _client_settings(value: object) -> list[str]:
    names = [camel_case(item) if isinstance(item, str) else item for item in items(value)]
    return list_of(*RUN_SETTINGS)(names)


_FIELDS: dict[str, tuple[Callable[[object], object], str]] = {
    "model": (text, "a model name"),
    "agent": (text, "the name of an agent at the top level"),
    "upstream": (text, "the name of an upstream"),
    "displayName": (text, "a text"),
    "description": (text, "a text"),
    "tools": (texts, "a list of gateway tools"),
    "toolEvents": (
        one_of("off", "reasoning", "extension", "openwebui"),
        '"off", "reasoning", "extension" or "openwebui"',
    ),
    "clientTools": (
        one_of("ignore", "reject", "forward"),
        '"ignore", "reject" or "forward"',
    ),
    "clientSettings": (
        _client_settings,
        f"a list of {', '.join(snake_case(name) for name in RUN_SETTINGS)}",
    ),
    "accepts": (
        list_of("image", "audio", "file", "file_id"),
        'a list of "image", "audio", "file", "file_id"',
    ),
    "guardrailResponse": (one_of("content_filter", "error"), '"content_filter" or "error"'),
    "sessions": (true_or_false, "True or False"),
    "taskPrompts": (one_of("run", "plain"), '"run" or "plain"'),
    "maxTurns": (whole_number, "a whole number from 1"),
    "timeoutMs": (whole_number, "milliseconds, a whole number from 1"),
    "maxConcurrentRuns": (whole_number, "a whole number from 1"),
    "limits": (
        _limits,
        f"a dict with any of {', '.join(snake_case(name) for name in _RUN_LIMITS)}",
    ),
    "cwd": (one_of("agent", "project"), '"agent" or "project"'),
    "watch": (texts, "a list of files"),
}


# What the gateway does not need to know.
_READ_ELSEWHERE = ("context", "callsAtLoad")


def _field_names() -> str:
    return ", ".join(snake_case(name) for name in (*_FIELDS, *_READ_ELSEWHERE))


def _warning(code: str, name: str, file: str, text: str, message: str, hint: str) -> Finding:
    finding: Finding = {
        "stage": "metadata",
        "code": code,
        "severity": "warning",
        "message": message,
        "file": file,
        "hint": hint,
    }
    names = "|".join(re.escape(each) for each in (name, snake_case(name)))
    place = place_of(text, rf"(?<!\w)(?:{names})(?=['\"]?\s*[:=])")
    return {**finding, **place} if place else finding
