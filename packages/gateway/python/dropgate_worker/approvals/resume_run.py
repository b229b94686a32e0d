"""Goes on with a run that was interrupted: with what a person decided, and what the caller's own tools gave."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, cast

from ..agent_shape import listed
from ..run.result_text import fields_of
from .interruptions import call_id_of, is_client_call, told_calls
from .kept_run import read_state

if TYPE_CHECKING:
    from types import ModuleType

    from agents import Agent, RunConfig, RunContextWrapper

    from ..protocol.run import CallDecision, ResumedRun
    from ..run.run_scope import RunScope


async def resumed_state(
    sdk: ModuleType,
    agent: Agent[Any],
    resumed: ResumedRun,
    context: RunContextWrapper[Any],
    scope: RunScope,
) -> Any:
    """
    The input of the SDK with which a run goes on. What nobody decided on interrupts it again.

    Raises `RunRefused` where its state cannot be read.
    """
    state = await read_state(sdk, agent, resumed["state"], context, scope)
    decisions = _by_call(resumed["decisions"])
    results = {given["callId"] for given in resumed["results"]}
    for item in state.get_interruptions():
        call_id = call_id_of(item)
        if is_client_call(item, scope):
            if call_id in results:
                state.approve(item)
        elif (decision := decisions.get(call_id)) is not None:
            _decide(state, item, decision, scope)
    _know_approved(state, scope)
    return state


def _know_approved(state: Any, scope: RunScope) -> None:
    records: Any = getattr(getattr(state, "_context", None), "_approvals", {})
    for record in records.values():
        approved = getattr(record, "approved", None)
        # What is approved for all calls of a tool says so in place of a list.
        if isinstance(approved, list):
            scope.waits.approved.update(cast("list[str]", approved))
    for item in listed(state, "_generated_items"):
        call_id = fields_of(getattr(item, "raw_item", None)).get("call_id")
        if item.type == "tool_call_output_item" and isinstance(call_id, str):
            scope.waits.made.add(call_id)


def say_reasons(config: RunConfig, resumed: ResumedRun) -> None:
    """Tells the model why a call was denied where this version of the SDK takes no reason with the denial."""
    reasons = {
        call_id: decision.get("reason")
        for call_id, decision in _by_call(resumed["decisions"]).items()
    }
    author = config.tool_error_formatter

    def said(args: Any) -> Any:
        reason = reasons.get(args.call_id)
        return reason or (author(args) if author else None)

    config.tool_error_formatter = said


def _by_call(decisions: list[CallDecision]) -> dict[str, CallDecision]:
    # Should two calls have one id, a denial of one is taken for both.
    ordered = sorted(decisions, key=lambda decision: not decision["approve"])
    return {decision["callId"]: decision for decision in ordered}


def _decide(state: Any, item: Any, decision: CallDecision, scope: RunScope) -> None:
    always = decision.get("always", False)
    (call, *_), _ = told_calls([item], scope)
    activity, call_id = scope.activity, call["callId"]
    # Its item is none of the stream that comes now.
    activity.reach(call_id)
    if decision["approve"]:
        state.approve(item, always_approve=always)
        if always:
            scope.waits.always.add(call["tool"])
        return
    reason = decision.get("reason") or None
    takes_reason = "rejection_message" in inspect.signature(state.reject).parameters
    told = {"rejection_message": reason} if takes_reason and reason else {}
    state.reject(item, always_reject=always, **told)
    # The SDK tells nothing of a call that is rejected.
    activity.started(call_id, call["tool"], call["agent"], call["provenance"], call["arguments"])
    activity.denied(call_id, reason or "The call was not approved.")
