"""Checks `__gateway__` strictly: a bad field is a finding, the rest applies. Names may be snake_case or camelCase."""

import re
from collections.abc import Callable, Mapping
from typing import Any, cast

from ..agent_shape import text_or_none
from ..explain.code_frame import place_of
from ..protocol import Finding, ModuleSettings

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


class BadValue(Exception):
    """The field cannot have this value."""


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
        name = _camel_case(str(given))
        if name in _READ_ELSEWHERE:
            continue
        shown = f"`__gateway__.{_snake_case(name)}`"
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


def _text(value: object) -> str:
    if isinstance(value, str) and value.strip():
        return value.strip()
    raise BadValue


def _texts(value: object) -> list[str]:
    return [_text(item) for item in _items(value)]


def _items(value: object) -> list[object]:
    if isinstance(value, (list, tuple)):
        return list(cast("list[object]", value))
    raise BadValue


def _whole_number(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
        return value
    raise BadValue


def _one_of(*names: str) -> Callable[[object], str]:
    def parse(value: object) -> str:
        if isinstance(value, str) and value in names:
            return value
        raise BadValue

    return parse


def _list_of(*names: str) -> Callable[[object], list[str]]:
    parse_item = _one_of(*names)

    def parse(value: object) -> list[str]:
        return [parse_item(item) for item in _items(value)]

    return parse


def _client_settings(value: object) -> list[str]:
    names = [_camel_case(item) if isinstance(item, str) else item for item in _items(value)]
    return _list_of(*RUN_SETTINGS)(names)


def _camel_case(name: str) -> str:
    return re.sub(r"_([a-z])", lambda match: match.group(1).upper(), name)


def _snake_case(name: str) -> str:
    return re.sub(r"[A-Z]", lambda match: f"_{match.group(0).lower()}", name)


_FIELDS: dict[str, tuple[Callable[[object], object], str]] = {
    "model": (_text, "a model name"),
    "agent": (_text, "the name of an agent at the top level"),
    "upstream": (_text, "the name of an upstream"),
    "displayName": (_text, "a text"),
    "description": (_text, "a text"),
    "tools": (_texts, "a list of gateway tools"),
    "toolEvents": (_one_of("off", "reasoning", "extension"), '"off", "reasoning" or "extension"'),
    "clientTools": (_one_of("ignore", "reject"), '"ignore" or "reject"'),
    "clientSettings": (
        _client_settings,
        f"a list of {', '.join(_snake_case(name) for name in RUN_SETTINGS)}",
    ),
    "accepts": (
        _list_of("image", "audio", "file", "file_id"),
        'a list of "image", "audio", "file", "file_id"',
    ),
    "guardrailResponse": (_one_of("content_filter", "error"), '"content_filter" or "error"'),
    "maxTurns": (_whole_number, "a whole number from 1"),
    "timeoutMs": (_whole_number, "milliseconds, a whole number from 1"),
    "maxConcurrentRuns": (_whole_number, "a whole number from 1"),
    "cwd": (_one_of("agent", "project"), '"agent" or "project"'),
    "watch": (_texts, "a list of files"),
}


# What the gateway does not need to know.
_READ_ELSEWHERE = ("context", "callsAtLoad")


def _field_names() -> str:
    return ", ".join(_snake_case(name) for name in (*_FIELDS, *_READ_ELSEWHERE))


def _warning(code: str, name: str, file: str, text: str, message: str, hint: str) -> Finding:
    finding: Finding = {
        "stage": "metadata",
        "code": code,
        "severity": "warning",
        "message": message,
        "file": file,
        "hint": hint,
    }
    place = place_of(text, rf"(?<!\w)(?:{name}|{_snake_case(name)})(?=['\"]?\s*[:=])")
    return {**finding, **place} if place else finding
