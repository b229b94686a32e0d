"""What a union says of the values that it takes."""

import typing
from typing import Any


def variants_of(models: Any, union: Any) -> dict[object, Any] | None:
    """The classes of a union by their `type`, None where that does not tell them apart."""
    variants: dict[object, Any] = {}
    for variant in typing.get_args(union):
        if not isinstance(variant, type) or not issubclass(variant, models.BaseModel):
            return None
        field = getattr(variant, "model_fields", {}).get("type")
        if field is None or not field.is_required():
            return None
        names = typing.get_args(field.annotation)
        if typing.get_origin(field.annotation) is not typing.Literal or variants.keys() & names:
            return None
        variants.update(dict.fromkeys(names, variant))
    return variants


def required_of(variant: Any) -> frozenset[str]:
    """Keys without which a value is never a valid one of a class; none where more than its fields decide."""
    fields = variant.model_fields
    decorators = getattr(variant, "__pydantic_decorators__", None)
    if decorators is None or decorators.model_validators or decorators.root_validators:
        return frozenset()
    if any(field.alias or field.validation_alias for field in fields.values()):
        return frozenset()
    return frozenset(name for name, field in fields.items() if field.is_required())


def texts_of(variants: tuple[Any, ...]) -> frozenset[str]:
    """Texts that a union names."""
    literals = [each for each in variants if typing.get_origin(each) is typing.Literal]
    values = [value for each in literals for value in typing.get_args(each)]
    return frozenset(value for value in values if type(value) is str)
