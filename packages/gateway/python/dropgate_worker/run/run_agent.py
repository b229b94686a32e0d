"""Runs an agent of the SDK."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from ..agent_shape import is_agent, output_type_name
from ..approvals.client_tools import offer_client_tools, without_client_calls
from ..approvals.interruptions import waiting_calls
from ..approvals.kept_run import wait_of
from ..approvals.resume_run import resumed_state, say_reasons
from ..approvals.told_items import untold_items
from ..loaded_module import LoadedModule
from ..protocol.run import RunEnd, RunWait
from .agent_settings import agent_view, asked_settings
from .forward_stream import Cut, StreamReader, Transcript, cut_short, tell_tool_call
from .input_items import run_input
from .result_text import added_items, message_texts, tool_answer
from .run_scope import RunScope
from .sdk_hooks import activity_hooks

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from types import ModuleType

    from agents import Agent, RunResult, RunResultStreaming


async def run_agent(module: LoadedModule, scope: RunScope) -> RunEnd | RunWait:
    """Tells all but the end of the run, or what it waits for, which it gives. Raises whatever the run raises."""
    sdk, request = module.sdk, scope.request
    if sdk is None or not is_agent(module.value):
        raise TypeError("What was loaded is no agent of the SDK.")
    agent = agent_view(sdk, module.value, request.input)
    offer_client_tools(sdk, agent, scope)
    made = module.make_context(request.run["context"])
    context = sdk.RunContextWrapper(context=await made if inspect.isawaitable(made) else made)
    resumed = request.run.get("resume")
    allowed = module.manifest["settings"].get("clientSettings", [])
    asked = asked_settings(sdk, request.input, allowed, module.api)
    options: dict[str, Any] = {
        "context": context,
        "hooks": activity_hooks(scope),
        "run_config": sdk.RunConfig(model_settings=asked),
    }
    if request.run["maxTurns"] is not None:
        options["max_turns"] = request.run["maxTurns"]
    if resumed is None:
        given = run_input(request.input["items"])
        scope.waits.first_turn = asked
    else:
        given = await resumed_state(sdk, agent, resumed, context, scope)
        say_reasons(options["run_config"], resumed)
        if asked is not None:
            asked.tool_choice = None
    # With what it has cost so far, where it goes on.
    scope.meter.watch(context)
    # An answer that the Responses API cuts short comes as an error without its text, unless it is streamed.
    own = getattr(agent.model_settings, "max_tokens", None)
    may_be_cut = own is not None or getattr(asked, "max_tokens", None) is not None
    run = _run_streamed if request.input["streamed"] or may_be_cut else _run_whole
    return await run(sdk, (agent, given), options, scope)


async def _run_streamed(
    sdk: ModuleType, asked: tuple[Agent[Any], Any], options: dict[str, Any], scope: RunScope
) -> RunEnd | RunWait:
    request = scope.request
    is_live = request.input["streamed"]
    transcript = Transcript(_text_sender(scope) if is_live else None)
    reader = StreamReader(scope, transcript)
    result: RunResultStreaming = sdk.Runner.run_streamed(*asked, **options)
    try:
        await reader.read(result)
        answer = None if waiting_calls(result) else tool_answer(result)
        if answer is not None:
            transcript.break_message()
            await transcript.write(answer)
    except Exception as error:
        reader.cut = reader.cut or _cut_by_error(error)
        if reader.cut is None:
            raise
    if not is_live:
        await request.push({"type": "text", "delta": _whole_text(transcript.messages, result)})
    # The SDK knows nothing of a turn that was cut short.
    return outcome_of(reader.cut) if reader.cut else _end_of(result, scope)


async def _run_whole(
    sdk: ModuleType, asked: tuple[Agent[Any], Any], options: dict[str, Any], scope: RunScope
) -> RunEnd | RunWait:
    result: RunResult = await sdk.Runner.run(*asked, **options)
    items = untold_items(result.new_items, scope.waits.told)
    for item in items:
        if item.type == "tool_call_item":
            tell_tool_call(item, scope)
    answer = None if waiting_calls(result) else tool_answer(result)
    texts = [*message_texts(items), *([] if answer is None else [answer])]
    await scope.request.push({"type": "text", "delta": _whole_text(texts, result)})
    return _end_of(result, scope)


def _end_of(result: RunResult | RunResultStreaming, scope: RunScope) -> RunEnd | RunWait:
    end = wait_of(result, scope) or outcome_of(None)
    if scope.request.input.get("tellsItems"):
        added = added_items(untold_items(result.new_items, scope.waits.told))
        end["items"] = without_client_calls(added, scope)
    return end


def _text_sender(scope: RunScope) -> Callable[[str], Awaitable[None]]:
    async def send(delta: str) -> None:
        await scope.request.push({"type": "text", "delta": delta})

    return send


def _whole_text(texts: list[str], result: RunResult | RunResultStreaming) -> str:
    """All messages, as a stream would tell them; of an agent with an output type the last alone, so that it parses."""
    agent = result.last_agent
    if output_type_name(agent) == "text":
        return "\n\n".join(texts)
    return texts[-1] if texts else ""


def _cut_by_error(error: Exception) -> Cut | None:
    # The end of the turn may be lost with the failure it causes: then the SDK's sentence tells it.
    if type(error).__name__ != "ModelBehaviorError":
        return None
    message = str(error)
    if "response.incomplete" in message:
        return cut_short("content_filter" if "content_filter" in message else "length")
    return "length" if "length" in message and "truncat" in message else None


def outcome_of(cut: Cut | None) -> RunEnd:
    """The end of a run that did not fail."""
    if cut == "content_filter":
        return {"reason": cut, "blockedBy": "content filter of the model"}
    return {"reason": cut or "stop"}
