from google.adk.agents import LlmAgent
from google.adk.models.lite_llm import LiteLlm

root_agent = LlmAgent(
    name="words",
    instruction="Answer in one sentence.",
    model=LiteLlm(model="openai/bench-model"),
)
