"""
What a run of the Agents SDK takes of CPU without any server around it, as a table of microseconds a run.

One process runs the agent with a model that gives its answers as they are: no server of this SDK can take less. A second
one asks through the SDK's own OpenAI model and the `openai` client, whose transport has the answers; a third does so in
the worker's shorter way. Rounds go in turn. `python bounds.py [rounds] [runs]`, with a Python that has the SDK.
"""

import asyncio
import json
import os
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
WAYS = {
    "sdk": "the SDK alone, answers made before",
    "client": "with its model and the `openai` client",
    "shorter": "so, in the worker's shorter way",
}
SHAPES = [(is_streamed, at_once) for is_streamed in (False, True) for at_once in (16, 1)]

USAGE = {
    "input_tokens": 20,
    "input_tokens_details": {"cached_tokens": 0},
    "output_tokens": 10,
    "output_tokens_details": {"reasoning_tokens": 0},
    "total_tokens": 30,
}
WORDS = [f"word{index} " for index in range(50)]
CALL = {
    "type": "function_call",
    "id": "fc_1",
    "name": "get_weather",
    "arguments": '{"city":"Paris"}',
    "status": "completed",
}
PART = {"type": "output_text", "text": "".join(WORDS), "annotations": []}
MESSAGE = {
    "type": "message",
    "id": "msg_1",
    "role": "assistant",
    "status": "completed",
    "content": [PART],
}


def response(item):
    return {
        **{
            "id": "resp_1",
            "object": "response",
            "created_at": 1,
            "status": "completed",
            "model": "bench-model",
        },
        **{
            "output": [item],
            "usage": USAGE,
            "error": None,
            "incomplete_details": None,
            "instructions": None,
        },
        **{
            "metadata": {},
            "parallel_tool_calls": True,
            "temperature": 1,
            "tool_choice": "auto",
            "tools": [],
            "top_p": 1,
        },
    }


def events():
    where = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    told = [
        {
            "type": "response.created",
            "response": {**response(MESSAGE), "output": [], "status": "in_progress"},
        },
        {"type": "response.output_item.added", "output_index": 0, "item": MESSAGE},
        *({"type": "response.output_text.delta", **where, "delta": word} for word in WORDS),
        {"type": "response.output_text.done", **where, "text": "".join(WORDS)},
        {"type": "response.output_item.done", "output_index": 0, "item": MESSAGE},
        {"type": "response.completed", "response": response(MESSAGE)},
    ]
    return [{**event, "sequence_number": number} for number, event in enumerate(told)]


def canned_model():
    from agents import Model, ModelResponse, Usage
    from openai._models import construct_type
    from openai.types.responses import Response, ResponseStreamEvent

    call, message = (
        construct_type(type_=Response, value=response(item)).output for item in (CALL, MESSAGE)
    )
    stream = [construct_type(type_=ResponseStreamEvent, value=event) for event in events()]
    made = 0

    class Canned(Model):
        async def get_response(self, system_instructions, input, *args, **kwargs):
            nonlocal made
            output = message
            if len(input) == 1:
                made += 1
                output = [call[0].model_copy(update={"call_id": f"call_{made}"})]
            usage = Usage(requests=1, input_tokens=20, output_tokens=10, total_tokens=30)
            return ModelResponse(output=list(output), usage=usage, response_id=None)

        async def stream_response(self, *args, **kwargs):
            for event in stream:
                yield event

    return Canned()


def answering_client():
    import httpx2
    from openai import AsyncOpenAI, DefaultAsyncHttpxClient

    stream = "".join(
        f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events()
    ).encode()
    message = json.dumps(response(MESSAGE)).encode()
    made = 0

    def answer(request):
        nonlocal made
        if b'"stream":true' in request.content:
            return httpx2.Response(
                200, headers={"content-type": "text/event-stream"}, content=stream
            )
        body = message
        if b"function_call_output" not in request.content:
            made += 1
            body = json.dumps(response({**CALL, "call_id": f"call_{made}"})).encode()
        return httpx2.Response(200, headers={"content-type": "application/json"}, content=body)

    http = DefaultAsyncHttpxClient(transport=httpx2.MockTransport(answer))
    return AsyncOpenAI(api_key="bench", base_url="http://127.0.0.1:1/v1", http_client=http)


def measured(way):
    """Answers each line of JSON, a shape and a count, with the CPU of so many runs."""
    sys.path.insert(0, os.path.join(HERE, "agents/Bench"))
    from agent import agent
    from agents import Agent, Runner, set_default_openai_client, set_trace_processors

    set_trace_processors([])
    words = Agent(name="Words", instructions="Answer in one sentence.", model="bench-model")
    if way == "sdk":
        agent.model = words.model = canned_model()
    else:
        set_default_openai_client(answering_client(), use_for_tracing=False)
    if way == "shorter":
        sys.path.insert(0, os.path.join(HERE, "../../packages/gateway/python"))
        from dropgate_worker.around.memory import collect_less_often
        from dropgate_worker.models.quick_client import quicken_client

        quicken_client()
        collect_less_often()

    async def run(is_streamed):
        question = [{"role": "user", "content": "What is the weather in Paris?"}]
        if not is_streamed:
            result = await Runner.run(agent, question)
        else:
            result = Runner.run_streamed(words, question)
            async for _ in result.stream_events():
                pass
        if not str(result.final_output).startswith("word0"):
            raise SystemExit(f"The answer is {result.final_output!r}.")

    async def runs(is_streamed, at_once, count):
        async def some():
            for _ in range(count // at_once):
                await run(is_streamed)

        await asyncio.gather(*(some() for _ in range(at_once)))

    async def serve():
        for line in sys.stdin:
            is_streamed, at_once, count = json.loads(line)
            before = time.process_time()
            await runs(is_streamed, at_once, count)
            print((time.process_time() - before) / (count // at_once * at_once) * 1e6, flush=True)

    asyncio.run(serve())


def main(rounds, count):
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    processes = {
        way: subprocess.Popen([sys.executable, __file__, "--way", way], **pipes) for way in WAYS
    }

    def ask(way, *shape):
        process = processes[way]
        process.stdin.write(json.dumps(shape) + "\n")
        process.stdin.flush()
        return float(process.stdout.readline())

    for way in WAYS:
        for is_streamed in (False, True):
            ask(way, is_streamed, 16, count)
    figures = {(way, shape): [] for way in WAYS for shape in SHAPES}
    for number in range(rounds):
        for way in list(WAYS)[:: 1 if number % 2 == 0 else -1]:
            for shape in SHAPES:
                figures[way, shape].append(ask(way, *shape, count))
    for process in processes.values():
        process.stdin.close()
        process.wait()
    titles = [
        f"{'streamed' if is_streamed else 'whole'}, {at_once} at a time"
        for is_streamed, at_once in SHAPES
    ]
    print(f"| CPU µs a run | {' | '.join(titles)} |\n| --- |{' --- |' * len(SHAPES)}")
    for way, title in WAYS.items():
        print(f"| {title} | {' | '.join(cell(figures[way, shape]) for shape in SHAPES)} |")


def cell(rounds):
    return f"{statistics.median(rounds):.0f} ({min(rounds):.0f}–{max(rounds):.0f})"


if sys.argv[1:2] == ["--way"]:
    measured(sys.argv[2])
else:
    main(*map(int, (sys.argv[1:] + ["7", "320"][len(sys.argv) - 1 :])))
