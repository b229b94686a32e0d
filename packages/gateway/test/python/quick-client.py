"""
Compares what the `openai` package makes of answers and of calls with what it makes in the worker's shorter way. Prints
how much was compared, and what differed, as JSON. The arguments are a seed and how often each answer is changed.
"""

import copy
import json
import random
import sys
from importlib import import_module
from typing import Any

from dropgate_worker.models.quick_answers import quicken_answers
from dropgate_worker.models.quick_requests import quicken_requests

_models: Any = import_module("openai._models")
httpx2: Any = import_module("httpx2")
openai: Any = import_module("openai")
chat: Any = import_module("openai.types.chat")
responses: Any = import_module("openai.types.responses")
AsyncOpenAI: Any = openai.AsyncOpenAI

slow_answer, slow_request = _models.construct_type, AsyncOpenAI._build_request
quicken_answers()
quicken_requests()
quick_answer, quick_request = _models.construct_type, AsyncOpenAI._build_request

CALL: Any = {
    "type": "function_call",
    "id": "fc",
    "call_id": "c",
    "name": "n",
    "arguments": "{}",
    "status": "completed",
}
CITED: Any = {"type": "url_citation", "url": "u", "title": "t", "start_index": 0, "end_index": 1}
TEXT: Any = {"type": "output_text", "text": "hi", "annotations": [CITED]}
MESSAGE: Any = {"type": "message", "id": "m", "role": "assistant", "status": "completed"}
ITEMS: Any = [
    CALL,
    {**MESSAGE, "content": [TEXT, {"type": "refusal", "refusal": "no"}]},
    {"type": "reasoning", "id": "r", "summary": [{"type": "summary_text", "text": "s"}]},
    {
        "type": "web_search_call",
        "id": "w",
        "status": "completed",
        "action": {"type": "search", "query": "q"},
    },
    {"type": "mcp_call", "id": "x", "arguments": "{}", "name": "n", "server_label": "l"},
    {"type": "unheard_of", "id": "u"},
]
USAGE: Any = {
    "input_tokens": 2,
    "input_tokens_details": {"cached_tokens": 0},
    "output_tokens": 1,
    "output_tokens_details": {"reasoning_tokens": 0},
    "total_tokens": 3,
}
RESPONSE: Any = {
    "id": "r",
    "object": "response",
    "created_at": 1,
    "status": "completed",
    "model": "m",
    "output": ITEMS,
    "usage": USAGE,
    "error": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "temperature": 1,
    "tool_choice": "auto",
    "tools": [{"type": "function", "name": "f", "parameters": {"type": "object"}, "strict": True}],
    "reasoning": {"effort": "low"},
    "text": {"format": {"type": "text"}},
    "added_later": {"a": [1]},
}
WHERE: Any = {"item_id": "i", "output_index": 0, "content_index": 0, "sequence_number": 3}
EVENTS: Any = [
    {"type": "response.created", "response": RESPONSE, "sequence_number": 0},
    {"type": "response.output_text.delta", **WHERE, "delta": "x"},
    {"type": "response.output_text.delta", **WHERE, "delta": "x", "logprobs": []},
    {"type": "response.completed", "response": RESPONSE, "sequence_number": 0},
    {
        "type": "response.output_item.done",
        "output_index": 0,
        "item": ITEMS[1],
        "sequence_number": 1,
    },
    {"type": "response.unheard_of", "a": 1},
    {"type": "error", "message": "m"},
]
TOOL_CALL = {
    "index": 0,
    "id": "t",
    "type": "function",
    "function": {"name": "n", "arguments": "{}"},
}
SAID: Any = {"role": "assistant", "content": "x", "tool_calls": [TOOL_CALL]}
CHOICE: Any = {"index": 0, "finish_reason": "stop", "logprobs": None}
CHAT: Any = {
    "id": "c",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [{**CHOICE, "message": SAID}],
}
CHUNK: Any = {**CHAT, "object": "chat.completion.chunk", "choices": [{**CHOICE, "delta": SAID}]}
ANSWERS: Any = [
    (responses.Response, RESPONSE),
    (chat.ChatCompletion, CHAT),
    (chat.ChatCompletionChunk, CHUNK),
]
ANSWERS.extend([(responses.ResponseStreamEvent, event) for event in EVENTS])

ODD: Any = [
    None,
    1,
    -1.5,
    "",
    "x",
    True,
    [],
    {},
    [1],
    {"type": "text"},
    {"type": 1},
    {"type": []},
    [None],
    {"a": {"b": None}},
]
ODD.extend(["auto", 2**70])


def is_a(kind: Any, value: object) -> bool:
    return isinstance(value, kind)


def places(value: Any, path: Any = ()) -> Any:
    if path:
        yield path
    inner: Any = (
        value.items() if is_a(dict, value) else enumerate(value) if is_a(list, value) else ()
    )
    for key, each in inner:
        yield from places(each, (*path, key))


def changed(answer: Any, chance: Any) -> Any:
    answer = copy.deepcopy(answer)
    for _ in range(chance.choice((1, 1, 2, 4))):
        *way, last = chance.choice(list(places(answer)) or [("type",)])
        holder = answer
        for key in way:
            holder = holder[key]
        what = chance.random()
        if what < 0.35 and is_a(dict, holder):
            holder.pop(last, None)
        elif what < 0.5 and is_a(dict, holder):
            holder[chance.choice(("more", "_fields_set"))] = chance.choice(ODD)
        else:
            holder[last] = copy.deepcopy(chance.choice(ODD))
    return answer


def shape(value: Any) -> Any:
    if is_a(_models.BaseModel, value):
        held: dict[str, Any] = value.__dict__
        fields = [(name, shape(each)) for name, each in held.items()]
        return (
            type(value).__name__,
            fields,
            sorted(value.model_fields_set),
            shape(value.model_extra or {}),
        )
    if is_a(dict, value):
        return [(key, shape(each)) for key, each in value.items()]
    if is_a(list, value):
        return [shape(each) for each in value]
    return type(value).__name__, repr(value)


def made(construct_type: Any, type_: Any, answer: Any) -> Any:
    # What is inside is made in the same way.
    _models.construct_type = construct_type
    try:
        return shape(construct_type(type_=type_, value=copy.deepcopy(answer)))
    except Exception as error:
        return type(error).__name__, str(error)


def compare_answers(chance: Any, times: Any) -> Any:
    for type_, answer in ANSWERS:
        for one in [answer, *(changed(answer, chance) for _ in range(times))]:
            yield one, made(slow_answer, type_, one), made(quick_answer, type_, one)


def sent(build_request: Any, *asked: Any, **options: Any) -> Any:
    request = build_request(*asked, **options)
    return (
        request.method,
        str(request.url),
        request.headers.raw,
        request.content,
        request.extensions,
    )


def compare_requests() -> Any:
    there: Any = {"api_key": "a", "base_url": "http://127.0.0.1:1/v1"}
    clients: Any = [
        AsyncOpenAI(**there),
        AsyncOpenAI(
            **{**there, "api_key": "b"}, organization="o", project="p", default_headers={"x-a": "1"}
        ),
        AsyncOpenAI(**there, timeout=3),
        AsyncOpenAI(**there, timeout=3.0),
        AsyncOpenAI(**there, timeout=httpx2.Timeout(5, read=None)),
        AsyncOpenAI(**there, default_query={"q": "1"}),
        AsyncOpenAI(**there, default_headers={"User-Agent": openai.Omit()}),
        AsyncOpenAI(**{**there, "base_url": "http://127.0.0.1:1/v2/"}),
        AsyncOpenAI(
            **there,
            http_client=openai.DefaultAsyncHttpxClient(headers={"x-h": "2"}, params={"z": "1"}),
        ),
        AsyncOpenAI(
            **there, http_client=httpx2.AsyncClient(headers={"x-h": "2"}, cookies={"c": "1"})
        ),
        AsyncOpenAI(**there, http_client=httpx2.AsyncClient(headers={"x-h": "3"})),
    ]
    call: Any = {"method": "post", "url": "/responses"}
    calls: Any = [
        {**call, "json_data": {"input": "é"}},
        {**call, "json_data": {"input": [1]}, "headers": {"User-Agent": "Agents", "x-b": "1"}},
        {**call, "json_data": {}, "headers": {"User-Agent": openai.Omit()}},
        {**call, "json_data": {"a": 1}, "timeout": 7, "extra_json": {"b": 2}},
        {**call, "json_data": {"a": 1}, "timeout": None, "params": {"x": 1}},
        {**call, "url": "/chat/completions", "json_data": {"a": 2}, "timeout": 7},
        {"method": "get", "url": "/models"},
    ]
    for _ in range(2):
        for client in clients:
            for one in calls:
                asked = client, _models.FinalRequestOptions(**one)
                for retries in (0, 1):
                    options: Any = {"retries_taken": retries}
                    yield (
                        str(one),
                        sent(slow_request, *asked, **options),
                        sent(quick_request, *asked, **options),
                    )


def main() -> None:
    chance = random.Random(int(sys.argv[1]))
    if slow_answer is quick_answer or slow_request is quick_request:
        raise SystemExit("The package is not as it is expected.")
    compared = 0
    differ: Any = []
    for made_of in (compare_answers(chance, int(sys.argv[2])), compare_requests()):
        for given, slow, quick in made_of:
            compared += 1
            if slow != quick:
                differ.append([given, repr(slow), repr(quick)])
    print(json.dumps({"compared": compared, "differ": differ[:3]}))


main()
