from agents import Agent

agent = Agent(name="Words", instructions="Answer in one sentence.", model="bench-model")
