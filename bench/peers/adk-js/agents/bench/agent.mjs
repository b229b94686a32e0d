import { FunctionTool, LlmAgent } from '@google/adk';
import { z } from 'zod';
import { model } from '../../models/model.mjs';

const getWeather = new FunctionTool({
  name: 'get_weather',
  description: 'Tells the weather in a city.',
  parameters: z.object({ city: z.string() }),
  execute: async ({ city }) => `It is sunny in ${city}.`,
});

export const rootAgent = new LlmAgent({
  name: 'bench',
  instruction: 'Answer in one sentence. Use get_weather.',
  model,
  tools: [getWeather],
});
