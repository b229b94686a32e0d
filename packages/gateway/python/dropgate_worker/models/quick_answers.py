"""
Makes objects of what a model answers as the `openai` package does, with what it asks of each type asked once.

Facts checked against openai 3.57: `construct_type` validates what is of a union, and where that fails, or is of none,
takes each field as it is; what a type is made of, and what its fields have for defaults, it finds out for each value.
An event of a stream that lacks one field is made so, and takes five times as long as one that has it.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from .kept_by_type import kept_by_type
from .union_variants import required_of, texts_of, variants_of

# Makes what a type says of a value.
Make = Callable[[Any], Any]

_NEEDED = (
    *("BaseModel", "TypeAdapter", "construct_type", "extract_type_arg", "field_get_default", "get_args"),
    *("get_model_config", "get_model_fields", "get_origin", "is_annotated_type", "is_literal_type"),
    *("is_type_alias_type", "is_union", "_build_discriminated_union_meta", "_get_extra_fields_type"),
)  # fmt: skip

_PLAIN = (str, int, float, bool, type(None))

# Taken as they are.
_UNCHANGED = (str, int, bool, object, Any)

# No variant, and what it requires.
_NONE: tuple[Any, frozenset[str]] = (None, frozenset())

# Names of parameters of `construct`.
_CONTROLS = frozenset(("_fields_set", "_BaseModel__cls"))


def quicken_answers() -> None:
    """For the package as it is loaded, if it is and has the shape that is expected."""
    models: Any = sys.modules.get("openai._models")
    client: Any = sys.modules.get("openai._base_client")
    has_all = all(hasattr(models, name) for name in _NEEDED)
    if not has_all or getattr(models, "PYDANTIC_V1", True):
        return
    original = models.construct_type
    if hasattr(original, "__wrapped__") or getattr(client, "construct_type", None) is not original:
        return
    make_of = _Makers(models).of

    @wraps(original)
    def construct_type(*, value: Any, type_: Any, metadata: list[Any] | None = None) -> Any:
        if metadata:
            return original(value=value, type_=type_, metadata=metadata)
        return make_of(type_)(value)

    models.construct_type = client.construct_type = construct_type


class _Makers:
    """How values are made of types. `models` is the module of the package that does it."""

    def __init__(self, models: Any) -> None:
        self._models = models
        self._original = models.construct_type
        self.of = kept_by_type(self._find)

    def _find(self, type_: Any, meta: tuple[Any, ...] = ()) -> Make:
        models = self._models
        inner = type_.__value__ if models.is_type_alias_type(type_) else type_
        validated = type_
        if not meta and models.is_annotated_type(inner):
            meta = tuple(models.get_args(inner)[1:])
            validated = inner = models.extract_type_arg(inner, 0)
        if any(inner is each for each in _UNCHANGED) or models.is_literal_type(inner):
            return _as_it_is
        origin = models.get_origin(inner) or inner
        args = models.get_args(inner)
        if models.is_union(origin):
            return self._union(inner, validated, args, meta)
        if origin is list and args:
            item = self.of(args[0])
            return lambda value: (
                [*map(item, cast("list[Any]", value))] if type(value) is list else value
            )
        if isinstance(inner, type) and issubclass(inner, models.BaseModel):
            return self._model(inner)
        original = self._original
        return lambda value: original(value=value, type_=type_, metadata=list(meta))

    def _union(self, inner: Any, validated: Any, args: tuple[Any, ...], meta: Any) -> Make:
        models = self._models
        exact = frozenset(each for each in args if each in (str, int, float, bool))
        literals = texts_of(args)
        found = variants_of(models, inner) or {}
        variants = {name: (each, required_of(each)) for name, each in found.items()}
        adapt: Make | None = None
        fallback: Make | None = None

        def make(value: Any) -> Any:
            nonlocal adapt, fallback
            kind = cast("type[object]", type(value))
            if kind in exact or (kind is str and value in literals):
                return value
            try:
                name = value.get("type") if kind is dict else None
                variant, required = variants.get(name, _NONE) if type(name) is str else _NONE
                if variant is not None and required.issubset(value):
                    return variant.model_validate(value)
                if variant is None:
                    adapt = adapt or models.TypeAdapter(validated).validate_python
                    return cast("Make", adapt)(value)
            except Exception:
                # It is not valid.
                pass
            fallback = fallback or self._unvalidated(inner, args, meta)
            return fallback(value)

        return make

    def _unvalidated(self, inner: Any, args: tuple[Any, ...], meta: Any) -> Make:
        """As what its discriminator names, else as the first that does not fail."""
        about = self._models._build_discriminated_union_meta(union=inner, meta_annotations=meta)

        def make(value: Any) -> Any:
            if about and isinstance(value, dict):
                name = cast("dict[str, Any]", value).get(about.field_alias_from or about.field_name)
                variant = about.mapping.get(name) if name and isinstance(name, str) else None
                if variant:
                    return self.of(variant)(value)
            for variant in args:
                with contextlib.suppress(Exception):
                    return self.of(variant)(value)
            raise RuntimeError(f"Could not convert data into a valid instance of {inner}")

        return make

    def _model(self, cls: Any) -> Make:
        original = self._original
        plan: Make | None = None

        def make(value: Any) -> Any:
            nonlocal plan
            if type(value) is not dict or not _CONTROLS.isdisjoint(cast("dict[str, Any]", value)):
                return original(value=value, type_=cls)
            plan = plan or self._plan(cls)
            return plan(value)

        return make

    def _plan(self, cls: Any) -> Make:
        models = self._models
        extra = models._get_extra_fields_type(cls)
        fields = models.get_model_fields(cls)
        is_own = cls.construct.__func__ is not models.BaseModel.construct.__func__
        by_both = models.get_model_config(cls).get("populate_by_name")
        is_known = all(field.annotation is not None for field in fields.values())
        if is_own or by_both or extra is not None or not is_known or not cls.__pydantic_complete__:
            return lambda value: cls.construct(**value)
        steps = [(name, field.alias or name, *self._field(field)) for name, field in fields.items()]
        set_on = object.__setattr__

        def make(value: dict[str, Any]) -> Any:
            values: dict[str, Any] = {}
            given: set[str] = set()
            for name, key, make_field, default, make_default in steps:
                if key in value:
                    given.add(name)
                    held = value[key]
                    if held is not None:
                        values[name] = make_field(held)
                        continue
                values[name] = default if make_default is None else make_default()
            made = cls.__new__(cls)
            set_on(made, "__dict__", values)
            set_on(made, "__pydantic_private__", None)
            more = {key: value[key] for key in value if key not in fields}
            set_on(made, "__pydantic_extra__", more)
            set_on(made, "__pydantic_fields_set__", given)
            return made

        return make

    def _field(self, field: Any) -> tuple[Make, Any, Callable[[], Any] | None]:
        """How its value is made, and its default, or what makes that."""
        meta = tuple(field.metadata)
        make = self._find(field.annotation, meta) if meta else self.of(field.annotation)
        default_of = self._models.field_get_default
        if field.default_factory is None and type(default_of(field)) in _PLAIN:
            return make, default_of(field), None
        return make, None, lambda: default_of(field)


def _as_it_is(value: Any) -> Any:
    return value
