"""The `.env` of the project's root, which holds keys of the gateway, is an empty file to the module's process."""

from __future__ import annotations

import builtins
import io
import os
import sys
from typing import Any, cast

from ..explain.code_frame import place_of
from ..explain.failure_detail import is_local_path
from ..protocol.messages import Finding, Frame, ModuleLoad


class WithheldEnv:
    """
    `load_dotenv()` and its like walk up from the file that calls them, and would put the gateway's keys in place of the
    broker's. No hold against a module that means to.
    """

    def __init__(self, load: ModuleLoad, root: str) -> None:
        self._load = load
        self._root_env = os.path.join(root, ".env")
        self._frames: list[Frame | None] = []
        self._is_loaded = False

    def withhold(self) -> None:
        """Holds for the rest of the process's life."""
        # An agent that lies in the root itself has it for its own.
        if os.path.dirname(self._root_env) == self._load["folder"]:
            return
        plain_open: Any = builtins.open

        def open_another(file: Any, *given: Any, **options: Any) -> Any:
            return plain_open(os.devnull if self._is_withheld(file) else file, *given, **options)

        for holder in (builtins, io):
            setattr(holder, "open", open_another)  # noqa: B010

    def findings(self, text: str) -> list[Finding]:
        """A warning for each place that read it while the module was loaded; later ones go to the agent's log."""
        self._is_loaded = True
        told: list[Finding] = []
        for frame in self._frames:
            place = place_of(text, r"dotenv|\.env\b")
            finding: Finding = {
                "stage": "load",
                "code": "root_env_withheld",
                "severity": "warning",
                "message": self._sentence(),
                "file": self._load["entry"],
                "hint": f"Put what the agent needs into a .env beside {os.path.basename(self._load['entry'])}, "
                "or let the operator give it under `agents` in gateway.yaml.",
            }
            if frame:
                finding = {**finding, **frame}
            elif place:
                finding = {**finding, **place}
            told.append(finding)
        return told

    def _is_withheld(self, file: object) -> bool:
        if not isinstance(file, (str, os.PathLike)):
            return False
        path = os.fspath(cast("str | os.PathLike[str]", file))
        if os.path.basename(path) != ".env":
            return False
        named = os.path.join(os.path.realpath(os.path.dirname(os.path.abspath(path))), ".env")
        # What is not there fails as it would anyway.
        if not os.path.exists(named):
            return False
        if named == os.path.join(self._load["folder"], ".env"):
            # The agent's own may be closed to the user that its process runs as; the gateway gave what is in it.
            return not os.access(named, os.R_OK)
        if named != self._root_env:
            return False
        self._tell(_author_frame())
        return True

    def _tell(self, frame: Frame | None) -> None:
        if frame in self._frames:
            return
        self._frames.append(frame)
        if self._is_loaded:
            sys.stderr.write(f"{self._sentence()}\n")
            sys.stderr.flush()

    def _sentence(self) -> str:
        path = self._load["modulePath"]
        return f"{path} reads the .env in the project root, which is the gateway's own: to agents it is empty."


def _author_frame() -> Frame | None:
    frame = sys._getframe(1)  # pyright: ignore[reportPrivateUsage]
    while frame is not None:
        if is_local_path(frame.f_code.co_filename):
            return {"file": frame.f_code.co_filename, "line": frame.f_lineno, "column": 1}
        frame = frame.f_back
    return None
