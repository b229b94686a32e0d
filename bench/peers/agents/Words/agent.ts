import { Agent } from '@openai/agents';

export const agent = new Agent({
  name: 'Words',
  instructions: 'Answer in one sentence.',
  model: 'bench-model',
});
