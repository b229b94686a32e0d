from agents import Agent, function_tool


@function_tool
async def get_weather(city: str) -> str:
    """Tells the weather in a city."""
    return f"It is sunny in {city}."


agent = Agent(
    name="Bench",
    instructions="Answer in one sentence. Use get_weather.",
    model="bench-model",
    tools=[get_weather],
)
