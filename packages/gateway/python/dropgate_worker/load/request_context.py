"""The context of a run: what a request brings, or what the module makes of it."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Mapping
from typing import Any, cast

# Makes the context of a run from what the request brings; may be awaited.
MakeContext = Callable[[Mapping[str, Any]], object]


class RequestContext(dict[str, Any]):
    """What a request brings. Its keys, and those of its `metadata`, are attributes too; others may be set."""

    def __getattr__(self, name: str) -> Any:
        if name in self:
            return self[name]
        metadata = self.get("metadata")
        if isinstance(metadata, Mapping) and name in metadata:
            return cast("Mapping[str, Any]", metadata)[name]
        if name.startswith("__"):
            raise AttributeError(name)
        raise AttributeError(
            f"The context of this run has no `{name}`: it has {', '.join(self)} and what the caller sends in metadata. "
            'Name the class or function that makes it of the request: `__gateway__ = {"context": …}`.'
        )

    def __setattr__(self, name: str, value: object) -> None:
        self[name] = value


class ContextLacks(Exception):
    """The request does not bring what the context needs."""


def plain_context(brought: Mapping[str, Any]) -> object:
    """The context where the module names none."""
    return RequestContext(brought)


def context_maker(maker: Callable[..., object], *, is_asked: bool) -> MakeContext:
    """
    Calls a class or function with those values that it takes, by name: of the request and of its `metadata`; an only
    parameter of another name gets the whole. What was not asked for by the module, but only found as the type of its
    agent, is done without where it lacks a value.
    """
    parameters = _parameters(maker)

    def make(brought: Mapping[str, Any]) -> object:
        context = RequestContext(brought)
        try:
            return maker(**_arguments(maker, parameters, context))
        except Exception:
            if is_asked:
                raise
            return context

    return make


def context_type(agent: object) -> type | None:
    """`UserInfo` of `Agent[UserInfo](…)`, or of the instructions' `RunContextWrapper[UserInfo]`; None without one."""
    found = _only_argument(getattr(agent, "__orig_class__", None))
    instructions = getattr(agent, "instructions", None)
    if found is None and inspect.isfunction(instructions):
        try:
            hints = typing.get_type_hints(instructions)
        except Exception:
            hints = {}
        found = next(filter(None, map(_only_argument, hints.values())), None)
    is_own = found is not None and found.__module__ not in ("builtins", "typing")
    return found if is_own else None


def _only_argument(annotation: object) -> type | None:
    first = next(iter(typing.get_args(annotation)), None)
    return first if isinstance(first, type) else None


def _parameters(maker: Callable[..., object]) -> list[inspect.Parameter]:
    try:
        parameters = inspect.signature(maker).parameters.values()
    except (TypeError, ValueError):
        return []
    spread = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [parameter for parameter in parameters if parameter.kind not in spread]


def _arguments(
    maker: Callable[..., object], parameters: list[inspect.Parameter], context: RequestContext
) -> dict[str, object]:
    metadata = cast("dict[str, object]", context.get("metadata") or {})
    brought = {**metadata, **{key: value for key, value in context.items() if value is not None}}
    taken = {
        parameter.name: _converted(brought[parameter.name], parameter.annotation)
        for parameter in parameters
        if parameter.name in brought
    }
    lacking = [
        parameter.name
        for parameter in parameters
        if parameter.default is parameter.empty and parameter.name not in taken
    ]
    if not isinstance(maker, type) and len(lacking) == 1 and not taken:
        return {lacking[0]: context}
    if lacking:
        name = getattr(maker, "__name__", "The context")
        wanted = ", ".join(f"`{key}`" for key in lacking)
        raise ContextLacks(
            f"`{name}` needs {wanted}, which the request does not bring: "
            "send it in `metadata`, or give it a default value."
        )
    return taken


def _converted(value: object, annotation: object) -> object:
    """Metadata is text; a number is asked for by its type."""
    if isinstance(value, str) and annotation in (int, float, "int", "float"):
        return float(value) if annotation in (float, "float") else int(value)
    return value
