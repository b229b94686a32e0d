/** An agent that is dropped into the project of a smoke test: what it is called, and its files. */
export type DropIn = {
  readonly model: string;
  readonly files: Readonly<Record<string, string>>;
};

const typeScript = `import { Agent, tool } from '@openai/agents';
import { z } from 'zod';

const get_weather = tool({
  name: 'get_weather',
  description: 'Tells the weather in a city.',
  parameters: z.object({ city: z.string() }),
  execute: async ({ city }: { city: string }) => \`It is sunny in \${city}.\`,
});

export const agent = new Agent({ name: 'Own', instructions: 'Help.', tools: [get_weather] });
`;

const python = `from agents import Agent, function_tool


@function_tool
def get_weather(city: str) -> str:
    """Tells the weather in a city."""
    return f"It is sunny in {city}."


agent = Agent(name="Own", instructions="Help.", tools=[get_weather])
`;

/** Agents that bring a version of the SDK, `newest` or a number; none of a language whose version is not given. */
export function dropIns(versions: {
  readonly node?: string | undefined;
  readonly python?: string | undefined;
}): readonly DropIn[] {
  const { node, python: pythonVersion } = versions;
  const found: DropIn[] = [];
  if (node !== undefined) {
    // The SDK before 0.2 wants zod 3.
    const zod = node.startsWith('0.1.') ? '^3.25.40' : '^4';
    const dependencies = { '@openai/agents': node === 'newest' ? '*' : node, zod };
    found.push({
      model: 'default/ownnode',
      files: {
        'src/agents/OwnNode/agent.ts': typeScript,
        'src/agents/OwnNode/package.json': JSON.stringify({ private: true, dependencies }),
      },
    });
  }
  if (pythonVersion !== undefined) {
    const pin = pythonVersion === 'newest' ? '' : `==${pythonVersion}`;
    // The SDK before 0.5 fails with an `openai` of later.
    const isOld = /^0\.[0-4]\./.test(pythonVersion);
    found.push({
      model: 'default/ownpython',
      files: {
        'src/agents/OwnPython/agent.py': python,
        'src/agents/OwnPython/requirements.txt': `openai-agents${pin}\n${isOld ? 'openai==2.14.0\n' : ''}`,
      },
    });
  }
  return found;
}
