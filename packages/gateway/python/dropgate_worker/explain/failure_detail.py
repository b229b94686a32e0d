"""What the log and admins learn of anything thrown, with the first frame in the author's own code."""

import os
import traceback

from ..protocol.messages import Frame
from ..protocol.run import FailureDetail, RunStage

# Longest stack or message kept.
MAX_TEXT_CHARS = 8192

_author_folders: list[str] = []
_project_roots: list[str] = []


def set_author_folders(folders: list[str], root: str) -> None:
    """Says where the author's own code lies, and the project; a process serves one module."""
    _author_folders[:] = folders
    _project_roots[:] = [root]


def shown_path(path: str) -> str:
    """The path as people know it: below the project root where it lies there."""
    below = os.path.relpath(path, _project_roots[0]) if _project_roots else path
    return path if below.startswith("..") else below


def is_local_path(path: str) -> bool:
    """True for a file of the author's: below one of the module's folders and in no installed package."""
    if "site-packages" in path or f"{os.sep}.venv{os.sep}" in path:
        return False
    return any(path.startswith(folder + os.sep) for folder in _author_folders)


def failure_detail(thrown: BaseException, stage: RunStage) -> FailureDetail:
    """What is told of anything thrown."""
    detail: FailureDetail = {
        "class": type(thrown).__name__,
        "message": _with_cause(thrown)[:MAX_TEXT_CHARS],
        # The end of a Python traceback is where it happened.
        "stack": _stack_of(thrown)[-MAX_TEXT_CHARS:],
        "stage": stage,
    }
    frame = own_frame(thrown)
    return {**detail, **frame} if frame else detail


def _stack_of(thrown: BaseException) -> str:
    try:
        return "".join(traceback.format_exception(type(thrown), thrown, thrown.__traceback__))
    except Exception:
        return f"{type(thrown).__name__}: {text_of(thrown)}"


def own_frame(thrown: BaseException | None) -> Frame | None:
    """`file`, `line` and `column` of the deepest frame in the author's own code, causes included; None without one."""
    seen: set[int] = set()
    found = None
    while thrown is not None and id(thrown) not in seen:
        seen.add(id(thrown))
        frames = traceback.extract_tb(thrown.__traceback__)
        own = [frame for frame in frames if is_local_path(frame.filename)]
        if own:
            found = own[-1]
        thrown = thrown.__cause__ or (None if thrown.__suppress_context__ else thrown.__context__)
    if found is None:
        return None
    # Columns are known from 3.11 on, and count from 0.
    column = (getattr(found, "colno", None) or 0) + 1
    return {"file": found.filename, "line": found.lineno or 1, "column": column}


def text_of(thrown: BaseException) -> str:
    """`str()` of it, whatever its class makes of that; the beginning of a longer one."""
    return shown_value(thrown)


def shown_value(value: object) -> str:
    """The same of anything."""
    try:
        # Of a class of its own a text may have methods of its own.
        return str.__str__(str(value))[:MAX_TEXT_CHARS]
    except Exception:
        return "An error that cannot be shown."


def _with_cause(thrown: BaseException) -> str:
    # A connection error says what happened only in its cause.
    message, cause = text_of(thrown), thrown.__cause__
    return f"{message} ({text_of(cause)})" if cause is not None and text_of(cause) else message
