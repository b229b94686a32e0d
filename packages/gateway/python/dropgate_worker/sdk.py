"""
The OpenAI Agents SDK of the interpreter that runs the worker.

There is one copy per process, so `isinstance` tells an agent. Facts checked against openai-agents 0.24:

- Streamed runs come from `Runner.run_streamed`, which is no coroutine; text is in the Responses events of
  `raw_response_event`, also for chat completions, where `response.completed` is all that tells of the end of a turn.
- Hooks of tools get a `ToolContext` with `tool_call_id`; a call that a guardrail rejects has no hooks.
- What a tool raises reaches the model as a fixed sentence, or, without an error function, ends the run as a
  `UserError` whose cause it is.
- `openai` sends through httpx2, which a module need not know.
- Its import takes one exception of `mcp`, and with it the whole package: a third of all that the import costs.
"""

import gc
import importlib
import importlib.metadata
import importlib.util
import os
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from .protocol.messages import Api, SdkDescription

_found: dict[str, ModuleType | None] = {}

# How long a thread waits for another that imports what both want. It may hold what that one needs.
LATE_IMPORT_TIMEOUT_S = 5


def import_sdk() -> ModuleType | None:
    """Imports the SDK, once, with its tracing muted; None where the interpreter has none."""
    if "sdk" not in _found:
        _found["sdk"] = _import_muted()
    return _found["sdk"]


def imported_sdk() -> ModuleType | None:
    """The SDK where it has been imported already."""
    return _found.get("sdk")


def _import_muted() -> ModuleType | None:
    if not _is_sdk_installed():
        return None
    with _settled_memory(), _imported_late("mcp"):
        sdk = importlib.import_module("agents")
    # Its exporter would send every run to OpenAI, with the worker's token for a key.
    sdk.set_trace_processors([])
    return sdk


@contextmanager
def _settled_memory() -> Generator[None]:
    """
    What the import makes stays for good, so the collector neither runs meanwhile nor looks at it again. It would
    otherwise walk some hundred thousand objects of the SDK again and again, a tenth of a second each time.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def import_tool_servers() -> None:
    """Imports what the SDK reaches tool servers with, which its own import leaves for later."""
    if "mcp" in sys.modules:
        with _settled_memory():
            importlib.import_module("mcp.client")


@contextmanager
def _imported_late(name: str) -> Generator[None]:
    """What is imported meanwhile of a package does not run the package's own file; whoever asks for more does."""
    spec = None if name in sys.modules else importlib.util.find_spec(name)
    if spec is None or spec.loader is None or spec.submodule_search_locations is None:
        yield
        return
    package = _late_package(spec, spec.loader)
    sys.modules[name] = package
    package.__path__ = spec.submodule_search_locations
    try:
        yield
    finally:
        # The import of another of its modules asks for it.
        vars(package).pop("__path__", None)


def _late_package(spec: ModuleSpec, loader: Loader) -> ModuleType:
    lock = threading.RLock()

    class LatePackage(ModuleType):
        is_begun = False

        def __getattr__(self, name: str) -> Any:
            is_held = lock.acquire(timeout=LATE_IMPORT_TIMEOUT_S)
            try:
                if not LatePackage.is_begun:
                    self._run()
            finally:
                if is_held:
                    lock.release()
            return ModuleType.__getattribute__(self, name)

        def _run(self) -> None:
            LatePackage.is_begun = True
            vars(self)["__path__"] = spec.submodule_search_locations
            try:
                loader.exec_module(self)
            except BaseException:
                # As of any import that failed, the next one tries it again.
                LatePackage.is_begun = False
                del vars(self)["__path__"]
                raise
            object.__setattr__(self, "__class__", ModuleType)

    package = LatePackage(spec.name)
    package.__spec__ = spec
    package.__loader__ = loader
    package.__package__ = spec.name
    package.__file__ = spec.origin
    return package


def _is_sdk_installed() -> bool:
    # Another package of that name exists on PyPI.
    spec = importlib.util.find_spec("agents")
    if spec is None or not spec.submodule_search_locations:
        return False
    return any(
        os.path.isfile(os.path.join(folder, "run.py")) for folder in spec.submodule_search_locations
    )


def api_in_use() -> Api | None:
    """The API of models that agents name, as it stands; None where the SDK does not tell."""
    shared = sys.modules.get("agents.models._openai_shared")
    tells = getattr(shared, "get_use_responses_by_default", None)
    if tells is None:
        return None
    return "responses" if tells() else "chat_completions"


def describe_sdk(sdk: ModuleType | None, folder: str) -> SdkDescription | None:
    """Version and place of the SDK, as the manifest tells it."""
    if sdk is None:
        return None
    try:
        version = importlib.metadata.version("openai-agents")
    except importlib.metadata.PackageNotFoundError:
        version = str(getattr(sdk, "__version__", "unknown"))
    path = os.path.dirname(sdk.__file__ or "")
    return {"version": version, "path": path, "own": path.startswith(folder + os.sep)}
