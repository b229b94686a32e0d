"""
The OpenAI Agents SDK of the interpreter that runs the worker.

There is one copy per process, so `isinstance` tells an agent. Facts checked against openai-agents 0.24:

- Streamed runs come from `Runner.run_streamed`, which is no coroutine; text is in the Responses events of
  `raw_response_event`, also for chat completions, where `response.completed` is all that tells of the end of a turn.
- Hooks of tools get a `ToolContext` with `tool_call_id`; a call that a guardrail rejects has no hooks.
- What a tool raises reaches the model as a fixed sentence, or, without an error function, ends the run as a
  `UserError` whose cause it is.
- `openai` sends through httpx2, which a module need not know.
"""

import gc
import importlib
import importlib.metadata
import importlib.util
import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from types import ModuleType

from .protocol.messages import Api, SdkDescription

_found: dict[str, ModuleType | None] = {}


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
    with _settled_memory():
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
