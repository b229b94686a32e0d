"""
What a team writes without a gateway: a minimal server that runs its two agents in its own process, on the server and the
framework that come with the SDK's own packages. No authentication, no limits, no isolation. Prints its port.
"""

import json
import os
import socket
import sys

import uvicorn
from agents import Agent, Runner, set_trace_processors
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "agents/Bench"))
from agent import agent  # noqa: E402

set_trace_processors([])
words = Agent(name="Words", instructions="Answer in one sentence.", model="bench-model")


def agent_of(model: str) -> Agent:
    return words if model == "words" else agent


def head(model: str, kind: str) -> dict:
    return {"id": "chatcmpl-1", "object": kind, "created": 1, "model": model}


async def completions(request: Request) -> Response:
    body = await request.json()
    if body.get("stream"):
        return StreamingResponse(streamed(body), media_type="text/event-stream")
    result = await Runner.run(agent_of(body["model"]), body["messages"])
    message = {"role": "assistant", "content": result.final_output, "refusal": None}
    used = result.context_wrapper.usage
    return JSONResponse(
        {
            **head(body["model"], "chat.completion"),
            "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}],
            "usage": {
                "prompt_tokens": used.input_tokens,
                "completion_tokens": used.output_tokens,
                "total_tokens": used.total_tokens,
            },
        }
    )


async def streamed(body: dict):
    def chunk(delta: dict, finish_reason: str | None) -> str:
        choices = [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}]
        return f"data: {json.dumps({**head(body['model'], 'chat.completion.chunk'), 'choices': choices})}\n\n"

    yield chunk({"role": "assistant", "content": ""}, None)
    result = Runner.run_streamed(agent_of(body["model"]), body["messages"])
    async for event in result.stream_events():
        if event.type == "raw_response_event" and event.data.type == "response.output_text.delta":
            yield chunk({"content": event.data.delta}, None)
    yield chunk({}, "stop")
    yield "data: [DONE]\n\n"


def main() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    app = Starlette(routes=[Route("/v1/chat/completions", completions, methods=["POST"])])
    config = uvicorn.Config(app, log_level="error", access_log=False, timeout_keep_alive=600)
    uvicorn.Server(config).run(sockets=[listener])


main()
