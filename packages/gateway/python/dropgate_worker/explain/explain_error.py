"""Says what is wrong with a module from what its import raised: the author's line and an action."""

import os

from ..protocol import Finding, ModuleLoad
from .code_frame import ReadText
from .failed_import import explain_import, explain_missing_module
from .failure_detail import is_local_path, shown_path
from .load_failure import (
    LoadHangs,
    SourceReadError,
    explain_exit,
    explain_hanging,
    explain_syntax,
    explain_thrown,
    finding,
)
from .missing_variable import explain_missing_variable


def explain_load_error(error: BaseException, load: ModuleLoad, read: ReadText) -> Finding:
    """A finding for anything raised. Never raises."""
    if isinstance(error, LoadHangs):
        return explain_hanging(error, load, read)
    if isinstance(error, SystemExit):
        return explain_exit(error, load, read)
    if isinstance(error, SourceReadError):
        message = f"{shown_path(error.file)} {error.reason}"
        return finding(error.code, message, error.hint, {"file": error.file})
    if isinstance(error, SyntaxError) and is_local_path(error.filename or ""):
        return explain_syntax(error, read)
    if isinstance(error, ModuleNotFoundError) and error.name:
        return explain_missing_module(error, load, read)
    if isinstance(error, ImportError):
        return explain_import(error, load, read)
    if isinstance(error, FileNotFoundError) and error.filename == os.path.realpath(load["entry"]):
        return finding(
            "missing_file",
            f"{load['modulePath']} does not exist.",
            hint="Add the file, or remove its folder.",
            place={"file": load["entry"]},
        )
    return explain_missing_variable(error, load, read) or explain_thrown(
        error,
        read,
        what=f"{load['modulePath']} raised while it was imported",
        hint="Fix what the top of the module does, or move it into a function that runs later.",
    )
