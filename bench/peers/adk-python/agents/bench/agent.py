from google.adk.agents import LlmAgent
from google.adk.models.lite_llm import LiteLlm


def get_weather(city: str) -> str:
    """Tells the weather in a city."""
    return f"It is sunny in {city}."


root_agent = LlmAgent(
    name="bench",
    instruction="Answer in one sentence. Use get_weather.",
    model=LiteLlm(model="openai/bench-model"),
    tools=[get_weather],
)
