import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { defineAgent } from 'eve';

const upstream = createOpenAICompatible({
  name: 'upstream',
  baseURL: process.env.OPENAI_BASE_URL ?? 'http://127.0.0.1:1/v1',
  apiKey: process.env.OPENAI_API_KEY ?? 'none',
  includeUsage: true,
});

export default defineAgent({
  model: upstream('bench-model'),
  modelContextWindowTokens: 64_000,
});
