"""
What the `openai` package does slowly at each model call is done in a shorter way, with the same result.

Facts checked against openai 3.57, where these two are most of what a call costs:

- `async_transform` walks the parameters of a call through all types that they may have, to rename keys and to format
  dates and files. The types of model calls ask for neither: what comes out is what went in, without what was not given.
- `validate_type` tries all classes of a union; where each has a `type` of its own, that names the one that can fit.

Of what is left, `quick_requests` and `quick_answers` shorten more.
"""

from __future__ import annotations

import sys
import typing
from collections.abc import Callable
from functools import wraps
from types import ModuleType
from typing import Any, cast

from .kept_by_type import kept_by_type
from .quick_answers import quicken_answers
from .quick_requests import quicken_requests
from .union_variants import variants_of

_PLAIN = frozenset((str, int, float, bool, type(None)))


def quicken_client() -> None:
    """For the package as it is loaded, if it is. What has another shape than expected is left as it is."""
    transform: Any = sys.modules.get("openai._utils._transform")
    compat: Any = sys.modules.get("openai._compat")
    models: Any = sys.modules.get("openai._models")
    needed = ("async_transform", "get_type_hints", "is_typeddict", "is_given")
    if _has(transform, *needed) and _has(compat, "model_dump", "pydantic"):
        transform.async_transform = _quick_transform(transform, compat)
    if _has(models, "validate_type", "BaseModel"):
        models.validate_type = _quick_validate(models)
    quicken_answers()
    quicken_requests()


def _has(module: ModuleType | None, *names: str) -> bool:
    # One that is done already has it all, and stays.
    return all(hasattr(module, name) and not _is_quick(getattr(module, name)) for name in names)


def _is_quick(value: object) -> bool:
    return getattr(value, "__globals__", None) is globals()


def _quick_transform(transform: Any, compat: Any) -> Any:
    original = transform.async_transform
    changes_nothing = kept_by_type(lambda type_: _changes_nothing(transform, type_, {}))
    copy = _copier(transform.is_given, compat)

    @wraps(original)
    async def async_transform(data: Any, expected_type: Any) -> Any:
        if type(data) is dict and changes_nothing(expected_type):
            try:
                return copy(data)
            except _NotPlain:
                pass
        return await original(data, expected_type)

    return async_transform


class _NotPlain(Exception):
    """A value that only the package itself knows how to send."""


def _copier(is_given: Callable[[Any], bool], compat: Any) -> Callable[[Any], Any]:
    model_class, dump = compat.pydantic.BaseModel, compat.model_dump

    def copy(data: Any) -> Any:
        kind = cast("type[object]", type(data))
        if kind in _PLAIN:
            return data
        if kind is dict:
            copied: dict[str, Any] = {}
            for key, value in data.items():
                if type(value) in _PLAIN:
                    copied[key] = value
                elif is_given(value):
                    copied[key] = copy(value)
            return copied
        if kind is list:
            return [copy(value) for value in data]
        if isinstance(data, model_class):
            left_out = getattr(data, "__api_exclude__", None)
            return dump(data, exclude_unset=True, mode="json", exclude=left_out)
        raise _NotPlain

    return copy


def _changes_nothing(transform: Any, type_: Any, seen: dict[int, Any]) -> bool:
    """True where no type in `type_` has a key renamed or a value formatted."""
    if id(type_) in seen:
        return True
    seen[id(type_)] = type_
    for about in getattr(type_, "__metadata__", ()):
        if getattr(about, "alias", None) or getattr(about, "format", None):
            return False
    if transform.is_typeddict(type_):
        inner = list(transform.get_type_hints(type_, include_extras=True).values())
    else:
        inner = [*typing.get_args(type_), getattr(type_, "__origin__", None)]
    return all(_changes_nothing(transform, each, seen) for each in inner)


def _quick_validate(models: Any) -> Any:
    original = models.validate_type
    variants = kept_by_type(lambda type_: variants_of(models, type_))

    @wraps(original)
    def validate_type(*, type_: Any, value: Any) -> Any:
        if type(value) is dict:
            name = cast("dict[str, object]", value).get("type")
            variant = (variants(type_) or {}).get(name) if type(name) is str else None
            if variant is not None:
                return variant.model_validate(value)
        return original(type_=type_, value=value)

    return validate_type
