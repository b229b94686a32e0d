"""Imports, in a spare, what most modules need, so that a load need not wait for it."""

import contextlib
import importlib
import threading

# Of our own; imported late, because a spare answers before it has them.
_NEEDED_BY_MOST = (".load.load_module", ".run.run_module", ".run.run_agent", ".run.run_workflow")


class Preload:
    """The SDK's import, in a thread of its own so that the spare keeps answering."""

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None

    def begin(self) -> None:
        """Begins to import; once."""
        if self._thread is None:
            self._thread = threading.Thread(target=_import_sdk, daemon=True)
            self._thread.start()

    def finish(self) -> None:
        """Waits for an import that has begun."""
        if self._thread is not None:
            self._thread.join()


def _import_sdk() -> None:
    # The load that needs one of them says what is wrong.
    with contextlib.suppress(Exception):
        for name in _NEEDED_BY_MOST:
            importlib.import_module(name, __package__)
        from .models.built_answers import build_answers
        from .sdk import import_sdk, import_tool_servers

        import_sdk()
        import_tool_servers()
        build_answers()
