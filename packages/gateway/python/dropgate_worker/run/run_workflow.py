"""Runs an exported `run_workflow`: its steps get the earlier conversation, stream their texts and are counted."""

from __future__ import annotations

import asyncio
import inspect
import typing
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

from ..agent_shape import output_type_name
from ..loaded_module import LoadedModule
from ..message_taker import TEXT_NAMES
from ..protocol.run import RunEnd
from .forward_stream import Cut, StreamReader, Transcript
from .input_items import input_items, last_user_text, run_input
from .result_text import failed_checks, message_texts, output_text
from .run_agent import outcome_of
from .run_scope import RunScope, run_scope
from .sdk_hooks import activity_hooks
from .tap_runner import InnerTap, inside


async def run_workflow(module: LoadedModule, scope: RunScope) -> RunEnd:
    """Tells all but the end of the run, which it gives. Raises whatever the workflow raises."""
    request = scope.request
    is_live = request.input["streamed"]

    async def send_text(delta: str) -> None:
        await request.push({"type": "text", "delta": delta})

    transcript = Transcript(send_text if is_live else None)
    steps = StepTap(scope, transcript)
    scope.tap = steps
    returned = await _call(
        cast("Callable[..., object]", module.value), last_user_text(request.input["items"])
    )
    failed = failed_checks(returned)
    if failed:
        return {"reason": "content_filter", "blockedBy": ", ".join(failed)}
    last_output = getattr(steps.last, "final_output", None)
    text = output_text(returned)
    text = output_text(last_output) or "" if text is None else text
    if text not in transcript.messages:
        transcript.break_message()
        await transcript.write(text)
    if not is_live:
        await send_text("\n\n".join(transcript.messages))
    return outcome_of(steps.cut)


async def _call(workflow: Callable[..., object], text: str) -> object:
    arguments = [_workflow_input(workflow, text)] if _takes_input(workflow) else []
    if inspect.iscoroutinefunction(workflow):
        return await workflow(*arguments)
    returned = await asyncio.to_thread(workflow, *arguments)
    return await returned if inspect.isawaitable(returned) else returned


def _takes_input(workflow: Callable[..., object]) -> bool:
    return len(inspect.signature(workflow).parameters) > 0


def _workflow_input(workflow: Callable[..., object], text: str) -> object:
    """The input in the class its first parameter is annotated with; else an object that reads like Agent Builder's."""
    parameter = next(iter(inspect.signature(workflow).parameters.values()))
    try:
        hints = typing.get_type_hints(workflow)
    except Exception:
        hints = {}
    annotation = hints.get(parameter.name, parameter.annotation)
    # `input` may be the class of that name as well.
    is_text = annotation is inspect.Parameter.empty and parameter.name in TEXT_NAMES
    if annotation is str or (is_text and parameter.name != "input"):
        return text
    if annotation is dict or typing.get_origin(annotation) is dict:
        return {"input_as_text": text}
    if isinstance(annotation, type) and annotation is not inspect.Parameter.empty:
        if issubclass(annotation, dict):
            return {"input_as_text": text}
        return cast("Callable[..., object]", annotation)(input_as_text=text)
    return WorkflowInput(input_as_text=text)


class WorkflowInput(SimpleNamespace):
    """Stands in for the class of that name where a workflow names none."""

    def model_dump(self) -> dict[str, Any]:
        """Its fields, as pydantic gives them."""
        return dict(vars(self))

    def __getitem__(self, name: str) -> object:
        return vars(self)[name]


class StepTap(InnerTap):
    """Takes over the runs a workflow starts. Steps may run side by side; only one at a time may write."""

    def __init__(self, scope: RunScope, transcript: Transcript) -> None:
        super().__init__(scope)
        self._transcript = transcript
        self._is_writing = False
        self._waiting: list[str] = []
        self.last: Any = None
        self.cut: Cut | None = None

    async def run(self, runner: Any, agent: Any, given: Any, options: dict[str, Any]) -> Any:
        """Runs one step; where the caller wants text as it comes, streamed."""
        asked = options
        options = self.watched(given, options)
        hooks = activity_hooks(self._scope, options.get("hooks"))
        options = {**options, "hooks": hooks}
        items = self._with_history(given)
        is_text = output_type_name(agent) == "text"
        token = run_scope.set(inside(self._scope))
        try:
            if self._scope.request.input["streamed"]:
                result = await self._streamed(runner, agent, items, options)
            else:
                result = await runner.run(agent, items, **options)
                if is_text:
                    self._waiting.extend(message_texts(result.new_items))
        finally:
            run_scope.reset(token)
        await self._write_waiting()
        self.last = result
        self.note(result, asked)
        return result

    async def _streamed(self, runner: Any, agent: Any, items: Any, options: dict[str, Any]) -> Any:
        is_text = output_type_name(agent) == "text"
        is_live = is_text and not self._is_writing
        own = Transcript(None if is_text else self._send_reasoning)
        transcript = self._transcript if is_live else own
        transcript.break_message()
        reader = StreamReader(self._scope, transcript)
        result = runner.run_streamed(agent, items, **options)
        self._is_writing = self._is_writing or is_live
        try:
            await reader.read(result)
        finally:
            if is_live:
                self._is_writing = False
        self.cut = reader.cut
        if is_text and not is_live:
            self._waiting.extend(own.messages)
        return result

    async def _send_reasoning(self, delta: str) -> None:
        await self._scope.request.push({"type": "reasoning", "delta": delta})

    async def _write_waiting(self) -> None:
        # Messages that came while another step was writing wait until it is done.
        if self._is_writing:
            return
        waiting, self._waiting = self._waiting, []
        for message in waiting:
            self._transcript.break_message()
            await self._transcript.write(message)

    def _with_history(self, given: Any) -> Any:
        """Exports know one user text and no history: where a step begins with exactly it, the conversation comes."""
        items = self._scope.request.input["items"]
        current = last_user_text(items)
        if isinstance(given, str):
            return run_input(items) if given == current else given
        if isinstance(given, list):
            first, *later = cast("list[object]", given) or [None]
            if _is_user_text(first, current):
                return [*input_items(items), *later]
        return cast("object", given)


def _is_user_text(item: object, text: str) -> bool:
    fields = cast("dict[str, object]", item) if isinstance(item, dict) else {}
    content = fields.get("content")
    if isinstance(content, list):
        parts = cast("list[object]", content)
        content = cast("dict[str, object]", parts[0]).get("text") if _is_one_part(parts) else None
    return fields.get("role") == "user" and content == text


def _is_one_part(parts: list[object]) -> bool:
    return len(parts) == 1 and isinstance(parts[0], dict)
