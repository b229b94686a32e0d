from agents import Agent, function_tool
from dropgate import gateway_tool


@function_tool
def get_weather(city: str) -> str:
    """Tells the weather in a city.

    Args:
        city: Name of the city, such as Paris.
    """
    return f"It is sunny and 21 °C in {city}."


agent = Agent(
    name="SampleAgentPy",
    instructions=(
        "You answer questions about the weather in one sentence. Use get_weather. "
        "What to pack for a weather stands in sample/packing.md: read it with fetch_doc."
    ),
    # One tool of its own, and one that the gateway runs.
    tools=[get_weather, gateway_tool("fetch_doc")],
)
