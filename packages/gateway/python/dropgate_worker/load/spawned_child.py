"""
Processes that `multiprocessing` spawns import the module again, by the name that it has in the worker.

They run this file as their main module, before anything that was sent to them is read.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import sys
from types import ModuleType
from typing import cast

from ..explain.outline import outline_of
from ..protocol.messages import ModuleLoad
from .calls_at_load import RefusedAtLoad, are_permitted, refusing_calls
from .importer import ModuleImporter
from .source_files import SourceFiles

# Tells a child which module it belongs to.
ENTRY_VARIABLE = "DROPGATE_MODULE_ENTRY"

# How `multiprocessing` names the main module of its children.
CHILD_MAIN = "__mp_main__"


def let_children_import(load: ModuleLoad) -> None:
    """Makes children that are spawned from here on able to import the module."""
    os.environ[ENTRY_VARIABLE] = load["entry"]
    # What `multiprocessing` has its children run first: the main module, by the name in its spec.
    sys.modules["__main__"].__spec__ = importlib.util.find_spec(__name__)


class _ChildImporter(ModuleImporter):
    """Reads files as they lie there: a child is no part of the generation."""

    def exec_module(self, module: ModuleType) -> None:
        """Runs the module without what it does as a script: that is done in the worker already."""
        path = module.__file__ or ""
        if path != self._entry or are_permitted(outline_of(self._sources.peek(path))):
            super().exec_module(module)
            return
        refusing = refusing_calls([], os.environ.get("OPENAI_BASE_URL"))
        with refusing, contextlib.suppress(RefusedAtLoad, SystemExit):
            super().exec_module(module)


def _become_child() -> None:
    entry = os.environ.get(ENTRY_VARIABLE)
    if entry is None:
        return
    folder, name = os.path.split(entry)
    load = cast("ModuleLoad", {"entry": entry, "folder": folder, "modulePath": name, "env": {}})
    _ChildImporter(load, SourceFiles(None, "")).install()


if __name__ == CHILD_MAIN:
    _become_child()
