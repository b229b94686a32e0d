/**
 * A module that costs what a real one costs to load (the SDK, a schema, a tool) and answers without a model: its
 * version, as often as asked for, with a pause between.
 */
export function versionedAgent(version: number, parts = 1, pauseMs = 0): string {
  return `import { Agent, tool } from '@openai/agents';
import { z } from 'zod';

const lookUp = tool({
  name: 'look_up',
  description: 'Looks something up.',
  parameters: z.object({ what: z.string() }),
  execute: async ({ what }) => what,
});
const inner = new Agent({ name: 'Inner', instructions: 'Look things up.', tools: [lookUp] });

export const agent = {
  async *run() {
    for (let part = 0; part < ${parts}; part += 1) {
      if (part > 0) await new Promise((resolve) => setTimeout(resolve, ${pauseMs}));
      yield 'v${version};';
    }
    void inner;
  },
};
`;
}

/** A small module that leaves a mark in \`loads.log\` when its load begins and when it ends. */
export const markedAgent = `import { appendFileSync } from 'node:fs';

appendFileSync('loads.log', 'begin\\n');
await new Promise((resolve) => setTimeout(resolve, 20));
export const agent = { run: () => 'v1;' };
appendFileSync('loads.log', 'end\\n');
`;

/** Ways to break, as code that does it. */
export const waysToBreak: Readonly<Record<string, string>> = {
  throws: `throw new Error('broken');`,
  exits: 'process.exit(1);',
  loops: 'for (;;);',
  'out of memory': 'const held = []; for (;;) held.push(new Array(100_000).fill(held.length));',
  hangs: 'await new Promise((resolve) => setInterval(() => {}, 1000));',
};
