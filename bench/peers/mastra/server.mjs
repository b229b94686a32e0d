// Mastra with its server for Hono and two agents, without storage and memory.
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { serve } from '@hono/node-server';
import { Agent } from '@mastra/core/agent';
import { Mastra } from '@mastra/core/mastra';
import { createTool } from '@mastra/core/tools';
import { MastraServer } from '@mastra/hono';
import { Hono } from 'hono';
import { z } from 'zod';

const upstream = createOpenAICompatible({
  name: 'upstream',
  baseURL: process.env.OPENAI_BASE_URL,
  apiKey: process.env.OPENAI_API_KEY,
});

const getWeather = createTool({
  id: 'get_weather',
  description: 'Tells the weather in a city.',
  inputSchema: z.object({ city: z.string() }),
  execute: async ({ city }) => `It is sunny in ${city}.`,
});

const bench = new Agent({
  id: 'bench',
  name: 'bench',
  instructions: 'Answer in one sentence. Use get_weather.',
  model: upstream('bench-model'),
  tools: { get_weather: getWeather },
});

const words = new Agent({
  id: 'words',
  name: 'words',
  instructions: 'Answer in one sentence.',
  model: upstream('bench-model'),
});

const mastra = new Mastra({ agents: { bench, words }, logger: false });
const app = new Hono();
await new MastraServer({ app, mastra }).init();
serve({ fetch: app.fetch, port: Number(process.env.PORT), hostname: '127.0.0.1' });
