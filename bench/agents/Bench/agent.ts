import { Agent, tool } from '@openai/agents';
import { z } from 'zod';

const getWeather = tool({
  name: 'get_weather',
  description: 'Tells the weather in a city.',
  parameters: z.object({ city: z.string() }),
  execute: async ({ city }) => `It is sunny in ${city}.`,
});

export const agent = new Agent({
  name: 'Bench',
  instructions: 'Answer in one sentence. Use get_weather.',
  model: 'bench-model',
  tools: [getWeather],
});
