"""Agents that a file starts while it is loaded would cost money at each save: refused, unless it permits them."""

from __future__ import annotations

import ast
import contextlib
import sys
from collections.abc import Generator
from typing import Any

from ..explain.failure_detail import is_local_path
from ..explain.load_failure import finding
from ..explain.outline import Outline
from ..explain.seen import Seen
from ..protocol import Finding


class RefusedAtLoad(Exception):
    """The module started an agent while it was loaded."""


def are_permitted(outline: Outline) -> bool:
    """True where `__gateway__`, as it is written, permits calls at load."""
    for statement in outline.tree.body:
        if not isinstance(statement, ast.Assign) or not isinstance(statement.value, ast.Dict):
            continue
        named = [target.id for target in statement.targets if isinstance(target, ast.Name)]
        if "__gateway__" not in named:
            continue
        for key, value in zip(statement.value.keys, statement.value.values, strict=True):
            if isinstance(key, ast.Constant) and key.value in ("calls_at_load", "callsAtLoad"):
                return isinstance(value, ast.Constant) and value.value == "allow"
    return False


@contextlib.contextmanager
def refusing_calls(lines: list[int]) -> Generator[None]:
    """Runs of the SDK raise `RefusedAtLoad` inside; `lines` gets those of the author's that started one."""
    try:
        from agents.run import AgentRunner, get_default_agent_runner, set_default_agent_runner
    except ImportError:
        yield
        return

    class RefusingRunner(AgentRunner):
        async def run(self, *_given: Any, **_options: Any) -> Any:
            refuse()

        def run_sync(self, *_given: Any, **_options: Any) -> Any:
            refuse()

        def run_streamed(self, *_given: Any, **_options: Any) -> Any:
            refuse()

    def refuse() -> None:
        lines.append(_author_line())
        raise RefusedAtLoad("no model is asked while the module is loaded")

    before = get_default_agent_runner()
    refusing = RefusingRunner()
    set_default_agent_runner(refusing)
    try:
        yield
    finally:
        # The module may have put its own in place.
        if get_default_agent_runner() is refusing:
            set_default_agent_runner(before)


def explain_refused(line: int, seen: Seen) -> Finding:
    """A warning, with the line that started the agent."""
    file = seen.load["entry"].rpartition("/")[2]
    said = f"{file} starts an agent while it is loaded (line {line}), which is refused: it would cost at each save."
    hint = 'Put it under `if __name__ == "__main__":`, or permit it: `__gateway__ = {"calls_at_load": "allow"}`.'
    return {**finding("call_at_load", said, hint, seen.located_at(line)), "severity": "warning"}


def renew_connections() -> None:
    """Drops the SDK's shared HTTP client: one that was used while loading is bound to a loop that is gone."""
    provider = sys.modules.get("agents.models.openai_provider")
    if provider is not None and getattr(provider, "_http_client", None) is not None:
        setattr(provider, "_http_client", None)  # noqa: B010


def _author_line() -> int:
    frame = sys._getframe(2)  # pyright: ignore[reportPrivateUsage]
    while frame is not None:
        if is_local_path(frame.f_code.co_filename):
            return frame.f_lineno
        frame = frame.f_back
    return 1
