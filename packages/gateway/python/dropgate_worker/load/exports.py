"""What counts as exported by a module."""

import inspect
import sys
from types import ModuleType

from ..explain.no_pick import Exports


def exports_of(module: ModuleType) -> Exports:
    """Public names a module defines: no modules, no classes and functions of packages."""
    return {
        name: value
        for name, value in vars(module).items()
        if not name.startswith("_") and _is_own(value, module)
    }


def _is_own(value: object, module: ModuleType) -> bool:
    if isinstance(value, ModuleType):
        return False
    if isinstance(value, type) or inspect.isroutine(value):
        home = sys.modules.get(getattr(value, "__module__", None) or "")
        loader = getattr(getattr(home, "__spec__", None), "loader", None)
        return loader is not None and loader is module.__loader__
    return type(value).__module__ not in ("typing", "__future__")
