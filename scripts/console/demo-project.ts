import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** A project that shows each page of the console with something on it: text by path. */
const files: Readonly<Record<string, string>> = {
  'gateway.yaml': `runs:
  record: contents
tools:
  fetch_doc: { kind: fetch_doc, docs_root: ./docs, cache: { ttl_seconds: 300 } }
security:
  namespaces:
    labs: { native_tools: allow, tools: [fetch_doc] }
  rules:
    - id: refunds-need-a-person
      effect: require_approval
      action: call_tool
      principals: ['*']
      resources: [refund_order]
      reason: A refund moves money.
    - id: no-experiments-for-callers
      effect: deny
      action: run_agent
      principals: [role:caller]
      resources: [labs/*]
      reason: Experiments are for the team.
`,
  'docs/returns.md': '# Returns\n\nGoods can be sent back within 30 days.\n',
  'src/agents/Weather/agent.ts': agent(
    'Weather',
    'You tell the weather in one sentence. Use get_weather.',
    tool(
      'get_weather',
      'Tells the weather in a city.',
      'city: z.string()',
      '({ city }) => "It is sunny and 21 °C in " + city',
    ),
  ),
  'src/agents/Shop/agent.ts': agent(
    'Shop',
    'You help customers of a shop. Use refund_order for refunds.',
    tool(
      'refund_order',
      'Pays the price of an order back.',
      'order: z.string()',
      '({ order }) => "Refunded: order " + order',
    ),
  ),
  'src/agents/labs/Planner/agent.ts': `import { Agent, handoff, tool } from '@openai/agents';
import { z } from 'zod';

const listTrains = tool({
  name: 'list_trains',
  description: 'Lists trains between two cities.',
  parameters: z.object({ from: z.string(), to: z.string() }),
  execute: async ({ from, to }) => \`08:04, 10:04 and 12:04 from \${from} to \${to}\`,
});
const trains = new Agent({ name: 'Trains', instructions: 'You know trains. Use list_trains.', tools: [listTrains] });

export const agent = new Agent({ name: 'Planner', instructions: 'You plan journeys.', handoffs: [handoff(trains)] });
`,
  'src/agents/labs/Stock/agent.ts': agent(
    'Stock',
    'You tell how many there are of a thing. Use count_stock.',
    tool(
      'count_stock',
      'Counts what there is of a thing.',
      'thing: z.string()',
      '() => { throw new Error("The stock server answered 503."); }',
    ),
  ),
};

/** Text of a module that does not parse, in its sixth line. */
export const brokenShop = `import { Agent } from '@openai/agents';

export const agent = new Agent({
  name: 'Shop',
  instructions: 'You help customers of a shop.',
  tools: [refundOrder,
});
`;

/** Writes the project into a folder. */
export async function writeDemoProject(folder: string): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
}

function tool(name: string, description: string, parameters: string, execute: string): string {
  return `tool({
    name: '${name}',
    description: '${description}',
    parameters: z.object({ ${parameters} }),
    execute: async ${execute},
  })`;
}

function agent(name: string, instructions: string, tools: string): string {
  return `import { Agent, tool } from '@openai/agents';
import { z } from 'zod';

export const agent = new Agent({
  name: '${name}',
  instructions: '${instructions}',
  tools: [${tools}],
});
`;
}
