import os
from collections.abc import AsyncGenerator
from typing import Annotated

from hayhooks import BasePipelineWrapper, async_streaming_generator
from haystack.components.agents import Agent
from haystack.components.generators.chat import OpenAIChatGenerator
from haystack.dataclasses import ChatMessage
from haystack.tools import tool


@tool
def get_weather(city: Annotated[str, "The city"]) -> str:
    """Tells the weather in a city."""
    return f"It is sunny in {city}."


class PipelineWrapper(BasePipelineWrapper):
    def setup(self) -> None:
        self.agent = Agent(
            chat_generator=OpenAIChatGenerator(
                model="bench-model", api_base_url=os.environ["OPENAI_BASE_URL"]
            ),
            system_prompt="Answer in one sentence. Use get_weather.",
            tools=[get_weather],
        )

    async def run_chat_completion_async(
        self, model: str, messages: list[dict], body: dict
    ) -> str | AsyncGenerator:
        asked = [ChatMessage.from_openai_dict_format(message) for message in messages]
        if body.get("stream"):
            return async_streaming_generator(
                pipeline=self.agent, pipeline_run_args={"messages": asked}
            )
        result = await self.agent.run_async(messages=asked)
        return result["last_message"].text
