"""Runs an agent of the SDK."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from ..agent_shape import is_agent, listed, output_type_name
from ..loaded_module import LoadedModule
from ..protocol.run import RunEnd
from .agent_settings import agent_view, asked_settings
from .classify_failure import ApprovalRequired
from .forward_stream import Cut, StreamReader, Transcript, cut_short, tell_tool_call
from .input_items import run_input
from .result_text import added_items, message_texts, tool_answer
from .run_scope import RunScope
from .sdk_hooks import activity_hooks

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from types import ModuleType

    from agents import Agent, RunResult, RunResultStreaming


async def run_agent(module: LoadedModule, scope: RunScope) -> RunEnd:
    """Tells all but the end of the run, which it gives. Raises whatever the run raises."""
    sdk, request = module.sdk, scope.request
    if sdk is None or not is_agent(module.value):
        raise TypeError("What was loaded is no agent of the SDK.")
    allowed = module.manifest["settings"].get("clientSettings", [])
    asked = asked_settings(sdk, request.input, allowed, module.api)
    agent = agent_view(sdk, module.value, request.input)
    made = module.make_context(request.run["context"])
    context = sdk.RunContextWrapper(context=await made if inspect.isawaitable(made) else made)
    scope.meter.watch(context)
    options: dict[str, Any] = {
        "context": context,
        "hooks": activity_hooks(scope),
        "run_config": sdk.RunConfig(model_settings=asked),
    }
    if request.run["maxTurns"] is not None:
        options["max_turns"] = request.run["maxTurns"]
    # An answer that the Responses API cuts short comes as an error without its text, unless it is streamed.
    own = getattr(agent.model_settings, "max_tokens", None)
    may_be_cut = own is not None or getattr(asked, "max_tokens", None) is not None
    if request.input["streamed"] or may_be_cut:
        return await _run_streamed(sdk, agent, options, scope)
    return await _run_whole(sdk, agent, options, scope)


async def _run_streamed(
    sdk: ModuleType, agent: Agent[Any], options: dict[str, Any], scope: RunScope
) -> RunEnd:
    request = scope.request
    is_live = request.input["streamed"]
    transcript = Transcript(_text_sender(scope) if is_live else None)
    reader = StreamReader(scope, transcript)
    result: RunResultStreaming = sdk.Runner.run_streamed(
        agent, run_input(request.input["items"]), **options
    )
    try:
        await reader.read(result)
        _refuse_approvals(result)
        answer = tool_answer(result)
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
    return outcome_of(reader.cut) if reader.cut else _with_items(result, scope)


async def _run_whole(
    sdk: ModuleType, agent: Agent[Any], options: dict[str, Any], scope: RunScope
) -> RunEnd:
    request = scope.request
    result: RunResult = await sdk.Runner.run(agent, run_input(request.input["items"]), **options)
    _refuse_approvals(result)
    for item in result.new_items:
        if item.type == "tool_call_item":
            tell_tool_call(item, scope)
    answer = tool_answer(result)
    texts = [*message_texts(result), *([] if answer is None else [answer])]
    await request.push({"type": "text", "delta": _whole_text(texts, result)})
    return _with_items(result, scope)


def _with_items(result: RunResult | RunResultStreaming, scope: RunScope) -> RunEnd:
    end = outcome_of(None)
    if scope.request.input.get("tellsItems"):
        end["items"] = added_items(result)
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


def _refuse_approvals(result: RunResult | RunResultStreaming) -> None:
    interruptions = listed(result, "interruptions")
    if interruptions:
        tool = getattr(interruptions[0], "tool_name", None) or "a tool"
        raise ApprovalRequired(f"The tool {tool} needs approval.")


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
