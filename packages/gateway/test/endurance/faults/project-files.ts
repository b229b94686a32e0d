/** The agents that are asked, in both languages, with the SDK and without. */
export const agents = [
  { model: 'default/deskts', name: 'DeskTs', file: 'agent.ts', hasTool: true },
  { model: 'default/deskpy', name: 'DeskPy', file: 'agent.py', hasTool: true },
  { model: 'default/plaints', name: 'PlainTs', file: 'agent.ts', hasTool: false },
  { model: 'default/plainpy', name: 'PlainPy', file: 'agent.py', hasTool: false },
] as const;

export type FaultedAgent = (typeof agents)[number];

/** What an agent of a version says when it is asked for a word. */
function rightText({ name, hasTool }: FaultedAgent, version: number, word: string): string {
  return hasTool ? `${name} ${version}: [stamped ${word}]` : `${name} ${version}: ${word}`;
}

/** Any version, for an answer of which it is not known. */
export function isRightText(agent: FaultedAgent, text: string, asked: Asked): boolean {
  const [, version] = / (\d+): /.exec(text) ?? [];
  const { word, oldest, newest } = asked;
  const isKnown = Number(version) >= oldest && Number(version) <= newest();
  return isKnown && text === rightText(agent, Number(version), word);
}

/** Whether a text that broke off is the beginning of a right one. */
export function isRightBeginning(agent: FaultedAgent, text: string, asked: Asked): boolean {
  for (let version = asked.oldest; version <= asked.newest(); version++) {
    if (rightText(agent, version, asked.word).startsWith(text)) return true;
  }
  return false;
}

export type Asked = {
  readonly word: string;
  /** Versions that may have answered. */
  readonly oldest: number;
  readonly newest: () => number;
};

const texts: Readonly<Record<FaultedAgent['name'], (version: number) => string>> = {
  DeskTs: (version) => `import { Agent, tool } from '@openai/agents';
import { z } from 'zod';
export const __gateway__ = { upstream: 'new' };
const stamp = tool({
  name: 'stamp',
  description: 'Stamps a word.',
  parameters: z.object({ word: z.string() }),
  execute: async ({ word }) => \`stamped \${word}\`,
});
export const agent = new Agent({ name: 'DeskTs', instructions: 'DeskTs ${version}:', model: 'gpt-5', tools: [stamp] });
`,
  DeskPy: (version) => `from agents import Agent, function_tool

__gateway__ = {"upstream": "old"}


@function_tool
def stamp(word: str) -> str:
    """Stamps a word."""
    return f"stamped {word}"


agent = Agent(name="DeskPy", instructions="DeskPy ${version}:", model="gpt-5", tools=[stamp])
`,
  PlainTs: (version) => `export const agent = {
  async *run({ messages }) {
    yield 'PlainTs ${version}: ';
    await new Promise((resolve) => setTimeout(resolve, 5));
    yield String(messages.at(-1).content);
  },
};
`,
  PlainPy: (version) => `import asyncio


class Plain:
    async def run(self, messages):
        yield "PlainPy ${version}: "
        await asyncio.sleep(0.005)
        yield str(messages[-1]["content"])


agent = Plain()
`,
};

/** Path of an agent's module → its text, for all agents that are served. */
export function agentFiles(version: number, served: readonly FaultedAgent[]) {
  const files = served.map(({ name, file }) => [
    `src/agents/${name}/${file}`,
    texts[name](version),
  ]);
  return Object.fromEntries(files) as Record<string, string>;
}

/**
 * Settings of the gateway. Failing upstreams are never left alone: for how long one is after an outage depends on how long
 * that was, and everything has to serve again within seconds.
 */
export function settings(baseUrl: string): string {
  const upstream = (api: string) =>
    `{ base_url: ${baseUrl}, api: ${api}, timeout_ms: 4000, max_retries: 1, max_failures: 0 }`;
  return `worker: { spares: 1, stall_timeout_ms: 4000, cancel_timeout_ms: 4000 }
runs: { record: steps, keep_mb: 16 }
upstreams:
  new: ${upstream('responses')}
  old: ${upstream('chat_completions')}
`;
}
