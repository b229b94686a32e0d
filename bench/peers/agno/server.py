"""Agno's AgentOS with two agents, without a database."""

import sys

import uvicorn
from agno.agent import Agent
from agno.models.openai import OpenAIChat
from agno.os import AgentOS


def get_weather(city: str) -> str:
    """Tells the weather in a city."""
    return f"It is sunny in {city}."


bench = Agent(
    id="bench",
    name="bench",
    model=OpenAIChat(id="bench-model"),
    instructions="Answer in one sentence. Use get_weather.",
    tools=[get_weather],
    telemetry=False,
)
words = Agent(
    id="words",
    name="words",
    model=OpenAIChat(id="bench-model"),
    instructions="Answer in one sentence.",
    telemetry=False,
)
app = AgentOS(agents=[bench, words], telemetry=False).get_app()

if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="error", access_log=False)
