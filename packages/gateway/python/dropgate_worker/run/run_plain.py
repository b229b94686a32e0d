"""Runs an object or function that is no agent of the SDK; what it returns or yields is the answer."""

import asyncio
import inspect
from collections.abc import AsyncIterable, Callable, Iterator
from typing import Any, cast

from ..loaded_module import LoadedModule
from ..message_taker import TEXT_NAMES, takes_messages
from ..protocol.run import RunEnd
from .input_items import chat_messages, last_user_text
from .result_text import output_text
from .run_scope import RunScope


async def run_plain(module: LoadedModule, scope: RunScope) -> RunEnd:
    """Tells all but the end of the run, which it gives. Raises whatever the module raises."""
    function = _function_of(module.value)
    is_sync = not (inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function))
    arguments = _arguments(function, scope, is_sync)
    # Blocking code must not keep the worker from answering.
    answer = await asyncio.to_thread(function, **arguments) if is_sync else function(**arguments)
    if inspect.isawaitable(answer):
        answer = await answer
    if isinstance(answer, AsyncIterable):
        async for delta in cast("AsyncIterable[object]", answer):
            await _say(scope, delta)
    elif hasattr(answer, "__next__"):
        await _say_all(scope, cast("Iterator[object]", answer))
    else:
        await _say(scope, answer)
    return {"reason": "stop"}


def _function_of(value: object) -> Callable[..., object]:
    for name in ("run", "run_sync"):
        method = getattr(value, name, None)
        if callable(method) and takes_messages(method):
            return method
    return cast("Callable[..., object]", value)


async def _say(scope: RunScope, delta: object) -> None:
    await scope.request.push({"type": "text", "delta": output_text(delta) or ""})


async def _say_all(scope: RunScope, iterator: Iterator[object]) -> None:
    end = object()
    while (delta := await asyncio.to_thread(next, iterator, end)) is not end:
        await _say(scope, delta)


def _arguments(
    function: Callable[..., object], scope: RunScope, is_sync: bool
) -> dict[str, object]:
    """By the names of its parameters, as many as it takes; an only parameter of another name gets the messages."""
    given = _given(scope, is_sync)
    parameters = inspect.signature(function).parameters
    if any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters.values()):
        taken = [
            name for name in given if name in ("messages", "request", "policy", "context", "client")
        ]
        return {name: given[name]() for name in taken}
    arguments = {name: given[name]() for name in parameters if name in given}
    required = [
        name
        for name, parameter in parameters.items()
        if parameter.default is inspect.Parameter.empty and name not in arguments
    ]
    if len(required) == 1 and "messages" not in arguments:
        is_text = parameters[required[0]].annotation in (str, "str")
        arguments[required[0]] = given["text" if is_text else "messages"]()
    return arguments


def _given(scope: RunScope, is_sync: bool) -> dict[str, Callable[[], Any]]:
    run_input, context = scope.request.input, scope.request.run["context"]

    def client() -> object:
        import openai

        return openai.OpenAI() if is_sync else openai.AsyncOpenAI()

    def request() -> dict[str, Any]:
        return {
            "model": run_input["modelId"],
            "messages": chat_messages(run_input["items"]),
            "stream": run_input["streamed"],
            "metadata": run_input["metadata"],
            "user": run_input.get("user"),
            "request_id": context["request_id"],
            "run_id": context["run_id"],
        }

    return {
        "messages": lambda: chat_messages(run_input["items"]),
        "request": request,
        "policy": lambda: scope.request.verdicts,
        "context": lambda: dict(context),
        "client": client,
        **{name: lambda: last_user_text(run_input["items"]) for name in TEXT_NAMES},
    }
