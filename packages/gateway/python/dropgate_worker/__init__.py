"""Runs inside a Python worker: serves one agent module to the gateway at the other end of fd 3."""

import sys


def _forget_working_folder() -> None:
    # `-m` puts the project root first, where `agents/` would hide the SDK's package of that name.
    import os

    here = os.getcwd()
    sys.path[:] = [path for path in sys.path if path not in ("", here)]


_forget_working_folder()
