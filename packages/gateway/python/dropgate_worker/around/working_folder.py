"""Where relative paths of a module begin: in its own folder, or, where it says so, in the project's root."""

from __future__ import annotations

import contextlib
import os

from ..explain.code_frame import place_of
from ..explain.outline import outline_of
from ..protocol.messages import Finding, ModuleLoad
from .written_setting import written_setting


class WorkingFolder:
    """The folder this process works in."""

    def __init__(self, load: ModuleLoad, root: str) -> None:
        self._load = load
        self._root = root
        self._stays = False

    def enter(self, text: str) -> None:
        """Goes to the module's folder, unless it asks for the root, or its folder is gone: it may be a kept one."""
        # To parse takes time, and hardly any module has it.
        is_named = "__gateway__" in text and "cwd" in text
        self._stays = is_named and written_setting(outline_of(text).tree, "cwd") == "project"
        if self._stays:
            return
        try:
            os.chdir(self._load["folder"])
        except OSError:
            self._stays = True

    def settle(self, asked: object, text: str) -> list[Finding]:
        """Goes to the root where only the module, once it ran, said that it works there; a warning then."""
        if asked != "project" or self._stays:
            return []
        with contextlib.suppress(OSError):
            os.chdir(self._root)
        finding: Finding = {
            "stage": "metadata",
            "code": "cwd_applied_late",
            "severity": "warning",
            "message": f"`__gateway__.cwd` of {self._load['modulePath']} holds only since it was imported: "
            "it is not written as a plain value.",
            "file": self._load["entry"],
            "hint": 'Write `__gateway__ = {"cwd": "project"}` at the top level of the file.',
        }
        place = place_of(text, r"\bcwd\b|__gateway__")
        return [{**finding, **place} if place else finding]
