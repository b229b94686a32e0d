// VoltAgent with its server for Hono and two agents, without memory.
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { Agent, createTool, VoltAgent } from '@voltagent/core';
import { createPinoLogger } from '@voltagent/logger';
import { honoServer } from '@voltagent/server-hono';
import { z } from 'zod';

const upstream = createOpenAICompatible({
  name: 'upstream',
  baseURL: process.env.OPENAI_BASE_URL,
  apiKey: process.env.OPENAI_API_KEY,
});

const getWeather = createTool({
  name: 'get_weather',
  description: 'Tells the weather in a city.',
  parameters: z.object({ city: z.string() }),
  execute: async ({ city }) => `It is sunny in ${city}.`,
});

const bench = new Agent({
  id: 'bench',
  name: 'bench',
  instructions: 'Answer in one sentence. Use get_weather.',
  model: upstream('bench-model'),
  tools: [getWeather],
  memory: false,
});

const words = new Agent({
  id: 'words',
  name: 'words',
  instructions: 'Answer in one sentence.',
  model: upstream('bench-model'),
  memory: false,
});

new VoltAgent({
  agents: { bench, words },
  logger: createPinoLogger({ name: 'bench', level: 'error' }),
  server: honoServer({ port: Number(process.env.PORT), hostname: '127.0.0.1' }),
});
