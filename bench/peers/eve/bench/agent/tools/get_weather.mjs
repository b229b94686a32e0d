import { defineTool } from 'eve/tools';
import { z } from 'zod';

export default defineTool({
  description: 'Tells the weather in a city.',
  inputSchema: z.object({ city: z.string() }),
  execute: async ({ city }) => `It is sunny in ${city}.`,
});
