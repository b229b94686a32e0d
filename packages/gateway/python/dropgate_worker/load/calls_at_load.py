"""Agents that a file starts while it is loaded would cost money at each save: refused, unless it permits them."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

from ..around.http_clients import looking_at_requests
from ..around.written_setting import written_setting
from ..explain.code_frame import ReadText, locate
from ..explain.failure_detail import is_local_path
from ..explain.load_failure import finding
from ..explain.outline import Outline
from ..explain.seen import Seen
from ..protocol.messages import Finding, ModuleLoad
from ..sdk import imported_sdk


class RefusedAtLoad(Exception):
    """The module asked a model, or started an agent, while it was loaded."""

    def __init__(self, call: Refused) -> None:
        super().__init__("no model is asked while the module is loaded")
        self.call = call


def are_permitted(outline: Outline) -> bool:
    """True where `__gateway__`, as it is written, permits calls at load."""
    return written_setting(outline.tree, "calls_at_load", "callsAtLoad") == "allow"


# Ends of the addresses that ask a model for words; embeddings and files are what an agent may be made of.
_MODEL_PATHS = ("/responses", "/chat/completions", "/completions")


def is_refused(error: BaseException) -> bool:
    """True for what a refused call raised."""
    return isinstance(error, RefusedAtLoad)


@dataclass(frozen=True)
class Refused:
    """A call that was refused: the author's line, and what it does."""

    line: int
    does: str


@contextlib.contextmanager
def refusing_calls(refused: list[Refused], gateway: str | None) -> Generator[None]:
    """
    Inside, runs of the SDK, calls of models with `openai`, and those that other HTTP clients send to the gateway raise
    `RefusedAtLoad`, and are noted. `gateway` is the address at which it answers calls of models.
    """

    def look(url: str) -> None:
        if gateway and url.startswith(gateway):
            _refuse_model(url, refused)

    with _refusing_runs(refused), _refusing_requests(refused), looking_at_requests(look):
        yield


@contextlib.contextmanager
def _refusing_runs(refused: list[Refused]) -> Generator[None]:
    if imported_sdk() is None:
        yield
        return
    try:
        from agents.run import AgentRunner, get_default_agent_runner, set_default_agent_runner
    except ImportError:
        yield
        return

    class RefusingRunner(AgentRunner):
        async def run(self, *_given: Any, **_options: Any) -> Any:
            _refuse("starts an agent", refused)

        def run_sync(self, *_given: Any, **_options: Any) -> Any:
            _refuse("starts an agent", refused)

        def run_streamed(self, *_given: Any, **_options: Any) -> Any:
            _refuse("starts an agent", refused)

    before = get_default_agent_runner()
    refusing = RefusingRunner()
    set_default_agent_runner(refusing)
    try:
        yield
    finally:
        # The module may have put its own in place.
        if get_default_agent_runner() is refusing:
            set_default_agent_runner(before)


@contextlib.contextmanager
def _refusing_requests(refused: list[Refused]) -> Generator[None]:
    base = sys.modules.get("openai._base_client")
    if base is None:
        yield
        return
    sync_client: Any = base.SyncAPIClient
    async_client: Any = base.AsyncAPIClient
    request, async_request = sync_client.request, async_client.request

    def refusing(self: Any, cast_to: Any, options: Any, **more: Any) -> Any:
        _refuse_model(getattr(options, "url", ""), refused)
        return request(self, cast_to, options, **more)

    async def async_refusing(self: Any, cast_to: Any, options: Any, **more: Any) -> Any:
        _refuse_model(getattr(options, "url", ""), refused)
        return await async_request(self, cast_to, options, **more)

    sync_client.request, async_client.request = refusing, async_refusing
    try:
        yield
    finally:
        sync_client.request, async_client.request = request, async_request


def _refuse_model(url: object, refused: list[Refused]) -> None:
    if str(url).partition("?")[0].endswith(_MODEL_PATHS):
        _refuse("asks a model", refused)


def _refuse(does: str, refused: list[Refused]) -> None:
    refused.append(Refused(_author_line(), does))
    raise RefusedAtLoad(refused[-1])


def explain_refused(call: Refused, seen: Seen) -> Finding:
    """A warning, with the line that asked."""
    return {**_explained(call, seen.load, seen.read), "severity": "warning"}


def refused_finding(error: RefusedAtLoad, load: ModuleLoad, read: ReadText) -> Finding:
    """An error, where the module needs what was refused."""
    return _explained(error.call, load, read)


def _explained(call: Refused, load: ModuleLoad, read: ReadText) -> Finding:
    file = os.path.basename(load["entry"])
    said = f"{file} {call.does} while it is loaded (line {call.line}), which is refused: it would cost at each save."
    hint = 'Put it under `if __name__ == "__main__":`, or permit it: `__gateway__ = {"calls_at_load": "allow"}`.'
    place = locate(load["entry"], {"line": call.line, "column": 1}, read)
    return finding("call_at_load", said, hint, place)


def renew_connections() -> None:
    """Drops the SDK's shared HTTP client: one that was used while loading is bound to a loop that is gone."""
    provider = sys.modules.get("agents.models.openai_provider")
    if provider is not None and getattr(provider, "_http_client", None) is not None:
        setattr(provider, "_http_client", None)  # noqa: B010


def _author_line() -> int:
    frame = sys._getframe(3)  # pyright: ignore[reportPrivateUsage]
    while frame is not None:
        if is_local_path(frame.f_code.co_filename):
            return frame.f_lineno
        frame = frame.f_back
    return 1
