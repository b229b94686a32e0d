"""How far an interrupted run is, as a text by which it goes on: the SDK's own form, and what we know beside it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from ..run.classify_failure import RunRefused
from ..run.result_text import fields_of, json_text
from .interruptions import told_calls, waiting_calls
from .told_items import told_keys

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from agents import Agent, RunContextWrapper

    from ..protocol.run import RunWait
    from ..run.run_scope import RunScope

# Most that is told of a run that waits, in bytes of JSON: a line of the channel has 8 MiB at most.
_MAX_TOLD_BYTES = 6 * 1024 * 1024


def wait_of(result: Any, scope: RunScope) -> RunWait | None:
    """What a run of the SDK waits for; None where it has ended. Raises where that cannot be kept."""
    items = waiting_calls(result)
    if not items:
        return None
    approvals, client_calls = told_calls(items, scope)
    wait: RunWait = {"state": _kept_state(result, scope), "approvals": approvals}
    if client_calls:
        wait["clientCalls"] = client_calls
    if len(json_text(wait).encode("utf-8", "replace")) > _MAX_TOLD_BYTES:
        said = (
            "The run waits for an approval, and its state is larger than 6 MiB, so that it cannot be kept. Let its "
            "tools give less."
        )
        raise RunRefused("run_failed", said)
    return wait


def _kept_state(result: Any, scope: RunScope) -> str:
    try:
        state = result.to_state().to_json(context_serializer=_nothing_of, strict_context=True)
    except Exception as error:
        said = "The run waits for an approval, and its state is nothing that can be kept."
        raise RunRefused("run_failed", said) from error
    _refuse_lost(state, result)
    _leave_out_contexts(state)
    waits = scope.waits
    kept = {
        "state": state,
        "told": told_keys(result.new_items),
        "always": sorted(waits.always),
        "sources": [[*place, source] for place, source in waits.sources.items()],
        "open": scope.activity.suspend(),
    }
    return json_text(kept)


# The first version that keeps a run of an agent that is a tool: else that would begin anew in another process.
_NESTED_SINCE = "0.9.1"


def _refuse_lost(state: dict[str, Any], result: Any) -> None:
    """Raises where a call waits within an agent that is a tool, and the state has nothing of its run."""
    kept = json_text(list(_nested_states(state)))
    own = {
        fields_of(item.raw_item).get("call_id")
        for item in result.new_items
        if item.type == "tool_call_item"
    }
    for item in waiting_calls(result):
        raw = fields_of(item.raw_item)
        if raw.get("type") == "mcp_approval_request" or raw.get("call_id") in own:
            continue
        if json_text(raw.get("call_id")) not in kept:
            said = (
                f"The tool {raw.get('name')} needs approval, but it is called within an agent that is a tool, with "
                f"which openai-agents goes on from {_NESTED_SINCE} alone."
            )
            raise RunRefused("approval_unsupported", said)


def _nested_states(part: Any) -> Iterator[Any]:
    if isinstance(part, dict):
        fields = cast("dict[str, Any]", part)
        if "agent_run_state" in fields:
            yield fields["agent_run_state"]
        part = list(fields.values())
    if isinstance(part, list):
        for one in cast("list[Any]", part):
            yield from _nested_states(one)


def _nothing_of(_context: object) -> dict[str, Any]:
    return {}


def _leave_out_contexts(part: Any) -> None:
    """A context is made anew of the request that goes on with the run; what is in it may be no JSON at all."""
    if isinstance(part, dict):
        fields = cast("dict[str, Any]", part)
        if "context_meta" in fields:
            fields["context_meta"] = None
            fields["context"] = {}
        part = list(fields.values())
    if isinstance(part, list):
        for one in cast("list[Any]", part):
            _leave_out_contexts(one)


async def read_state(
    sdk: ModuleType, agent: Agent[Any], kept: str, context: RunContextWrapper[Any], scope: RunScope
) -> Any:
    """The SDK's state of a run that goes on in this context. Raises `RunRefused` where it cannot be read."""
    unreadable = (
        sdk.UserError,
        ArithmeticError,
        AttributeError,
        LookupError,
        TypeError,
        ValueError,
    )
    from agents.run_state import RunState

    try:
        held = json.loads(kept)
        waits = scope.waits
        waits.told = held["told"]
        waits.always.update(held["always"])
        waits.sources.update({(agent, tool): by for agent, tool, by in held["sources"]})
        state = await RunState.from_json(
            agent,
            held["state"],
            context_override=context,
            context_deserializer=lambda _context: context.context,
            # Else a run of an agent that is a tool would begin anew where its part cannot be read.
            strict_context=True,
        )
    except unreadable as error:
        # Of what is no error of the SDK's own, the text may be anything.
        is_told = isinstance(error, sdk.UserError)
        why = f"its SDK says: {str(error)[:300]}" if is_told else "it is no state of such an agent"
        raise _unreadable(why) from error
    if not state.get_interruptions():
        raise _unreadable("it waits for nothing")
    scope.activity.resume(held["open"])
    return state


def _unreadable(why: str) -> RunRefused:
    said = (
        f"The run that was interrupted cannot be gone on with: {why.rstrip('.')}. Ask anew; the agent has to be the "
        "one that was interrupted, with the same SDK."
    )
    return RunRefused("run_state_unreadable", said)
