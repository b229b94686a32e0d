import type { Language } from './describe-endurance.ts';

/**
 * An agent that says its version part by part, without a model: 5 times, or 40 times in a second where it is asked for long.
 * That in TypeScript costs what a real one costs to load (the SDK, a schema, a tool).
 */
export function versionedSource(
  language: Language,
  version: number,
): Readonly<Record<string, string>> {
  return language === 'Python'
    ? { 'src/agents/Versioned/agent.py': inPython(version) }
    : { 'src/agents/Versioned/agent.ts': inTypeScript(version) };
}

function inTypeScript(version: number): string {
  return `import { setTimeout as wait } from 'node:timers/promises';
import { Agent, tool } from '@openai/agents';
import { z } from 'zod';

const lookUp = tool({
  name: 'look_up',
  description: 'Looks something up.',
  parameters: z.object({ what: z.string() }),
  execute: async ({ what }) => what,
});
const inner = new Agent({ name: 'Inner', instructions: 'Look things up.', tools: [lookUp] });

export const agent = {
  async *run({ messages }) {
    void inner;
    const [parts, pauseMs] = messages.at(-1).content === 'long' ? [40, 25] : [5, 5];
    for (let part = 0; part < parts; part += 1) {
      await wait(pauseMs);
      yield 'v${version};';
    }
  },
};
`;
}

function inPython(version: number): string {
  return `import asyncio


class Versioned:
    async def run(self, messages):
        parts, pause = (40, 0.025) if messages[-1]["content"] == "long" else (5, 0.005)
        for _ in range(parts):
            await asyncio.sleep(pause)
            yield "v${version};"


agent = Versioned()
`;
}
