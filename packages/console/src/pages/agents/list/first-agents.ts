/** What is shown to be copied by whoever has no agent yet, by language. */
export const firstAgents = {
  typescript: {
    path: 'src/agents/Hello/agent.ts',
    code: `import { Agent, tool } from '@openai/agents';
import { z } from 'zod';

const getTime = tool({
  name: 'get_time',
  description: 'Tells what time it is.',
  parameters: z.object({}),
  execute: async () => new Date().toISOString(),
});
export const agent = new Agent({ name: 'Hello', instructions: 'Be brief.', tools: [getTime] });
`,
  },
  python: {
    path: 'src/agents/Hello/agent.py',
    code: `from datetime import datetime
from agents import Agent, function_tool


@function_tool
def get_time() -> str:
    """Tells what time it is."""
    return datetime.now().isoformat()


agent = Agent(name="Hello", instructions="Be brief.", tools=[get_time])
`,
  },
} as const;
