"""Tools as one run has them approved: where its rules or their author say so, a person is asked first."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from ..replay.replayed_tools import stand_in_for
from ..run.result_text import is_nested_too_deep, json_text

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ..protocol.run import Provenance
    from ..run.run_scope import RunScope

# The first version of openai-agents that can wait for an approval.
FIRST_VERSION = "0.8.0"


def can_wait(tool: object) -> bool:
    """Whether this version of the SDK can ask for an approval of a tool's calls."""
    return hasattr(tool, "needs_approval")


def ruled_tool(tool: Any, agent: object, provenance: Provenance, scope: RunScope) -> Any:
    """
    The tool as this run has it, a copy where its rules say something else than its author: other runs that use it at
    the same time have rules of their own.
    """
    # Nobody goes on with a run of the module's own: there a call is refused instead.
    if scope.place == "own" or not hasattr(tool, "on_invoke_tool") or not can_wait(tool):
        return tool
    wanted = _wanted(tool, provenance, scope)
    if wanted is not False:
        place = (str(getattr(agent, "name", "")), str(tool.name))
        scope.waits.sources[place] = provenance
    if wanted is tool.needs_approval:
        return tool
    changed = stand_in_for(tool)
    changed.needs_approval = wanted
    if callable(wanted) and tool.needs_approval is False:
        changed.on_invoke_tool = _plain_call(tool.on_invoke_tool)
    return changed


def _plain_call(
    invoke: Callable[[Any, str], Awaitable[Any]],
) -> Callable[[Any, str], Awaitable[Any]]:
    """
    The same call as a function that the SDK knows nothing of: of its own it asks for an approval, without the rules,
    wherever a value has a class of the author's or a call leaves one out.
    """

    async def call(context: Any, arguments: str) -> Any:
        return await invoke(context, arguments)

    return call


def _wanted(tool: Any, provenance: Provenance, scope: RunScope) -> Any:
    own, verdict = tool.needs_approval, scope.request.verdict_on(tool.name)
    # What nobody may call nobody is asked about.
    if verdict == "deny" or tool.name in scope.waits.always:
        return False
    if own is True or verdict == "require_approval":
        return True
    return _asking(tool, own, provenance, scope) if verdict == "ask_approval" else own


def _asking(
    tool: Any, own: Any, provenance: Provenance, scope: RunScope
) -> Callable[[Any, Any, str], Awaitable[bool]]:
    async def needs_approval(context: Any, arguments: Any, call_id: str) -> bool:
        if callable(own):
            answer = own(context, arguments, call_id)
            if await answer if inspect.isawaitable(answer) else answer:
                return True
        return await gateway_wants_approval(tool.name, provenance, (call_id, arguments), scope)

    return needs_approval


async def gateway_wants_approval(
    tool: str, provenance: Provenance, call: tuple[str, object], scope: RunScope
) -> bool:
    """Whether the rules want a person to approve this call, an id with arguments; also where nobody can say."""
    call_id, arguments = call
    text = json_text(arguments)
    if is_nested_too_deep(text):
        return True
    key = (tool, call_id, text)
    if key not in scope.waits.asked:
        question = {"ask": "approval_needed", "tool": tool, "provenance": provenance}
        try:
            answer = await scope.request.ask({**question, "arguments": arguments})
        except Exception:
            return True
        scope.waits.asked[key] = answer is not False
    return scope.waits.asked[key]
