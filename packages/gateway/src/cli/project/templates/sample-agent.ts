/** Text of the SampleAgent that `dropgate init` writes: one tool, which the demo model, too, calls. */
export const sampleAgentFile = `import { Agent, tool } from '@openai/agents';
import { z } from 'zod';

const getWeather = tool({
  name: 'get_weather',
  description: 'Tells the weather in a city.',
  parameters: z.object({ city: z.string().describe('Name of the city, such as Paris.') }),
  execute: async ({ city }) => \`It is sunny and 21 °C in \${city}.\`,
});

export const agent = new Agent({
  name: 'SampleAgent',
  instructions: 'You answer questions about the weather in one sentence. Use get_weather.',
  tools: [getWeather],
});
`;
