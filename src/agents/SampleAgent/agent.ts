import { Agent, tool } from '@openai/agents';
import { gatewayTool } from 'dropgate/agent';
import { z } from 'zod';

const getWeather = tool({
  name: 'get_weather',
  description: 'Tells the weather in a city.',
  parameters: z.object({ city: z.string().describe('Name of the city, such as Paris.') }),
  execute: async ({ city }) => `It is sunny and 21 °C in ${city}.`,
});

export const agent = new Agent({
  name: 'SampleAgent',
  instructions:
    'You answer questions about the weather in one sentence. Use get_weather. What to pack for a weather stands in sample/packing.md: read it with fetch_doc.',
  // One tool of its own, and one that the gateway runs.
  tools: [getWeather, gatewayTool('fetch_doc')],
});
