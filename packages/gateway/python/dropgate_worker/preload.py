"""Imports, in a spare, what most modules need, so that a load need not wait for it."""

import threading


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
    try:
        from .load import load_module  # noqa: F401
        from .run import run_agent, run_module, run_workflow  # noqa: F401
        from .sdk import import_sdk

        import_sdk()
    except Exception:
        # The load that needs it says what is wrong.
        pass
