/**
 * Measures calls of gateway tools against those of native ones, and what it costs to read which hosted tools a model
 * request declares. Prints Markdown. Linux only (reads /proc). `node bench/tools.ts [calls] [scan]`; `CALLS` sets how many.
 */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { findHosted } from '../packages/gateway/src/upstreams/hosted/find-hosted.ts';
import { treeCpuMs } from './processes.ts';
import { quantile } from './quantile.ts';
import { createBenchProject, startBenchGateway } from './reload/bench-gateway.ts';
import { runParts } from './run-parts.ts';

const calls = Number(process.env.CALLS ?? 2000);

/** Calls each of its tools many times within one run, and answers with how long each took. */
const timer = `import { readFile, realpath } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { RunContext, tool } from '@openai/agents';
import { gatewayTool } from 'dropgate/agent';
import { z } from 'zod';

const docs = join(import.meta.dirname, '../../../docs');

const native = tool({
  name: 'native',
  description: 'Gives a text.',
  parameters: z.object({ source: z.string() }),
  execute: async () => 'Read me. '.repeat(100),
});
const reading = tool({
  name: 'reading',
  description: 'Reads the file of the gateway tool.',
  parameters: z.object({ source: z.string() }),
  // As the gateway does, where it trusts neither the folder nor what is in it.
  async execute({ source }) {
    const [top, file] = await Promise.all([realpath(docs), realpath(join(docs, source))]);
    if (relative(top, file).startsWith('..')) throw new Error('Outside.');
    const text = await readFile(file, 'utf8');
    return \`Title: \${/^# (.*)/.exec(text)?.[1]}\\nSource: \${source}\\n\\n\${text}\`;
  },
});
const tools = {
  native,
  reading,
  kept: gatewayTool('kept'),
  fresh: gatewayTool('fresh'),
  module: gatewayTool('module'),
};

export const agent = {
  async run({ messages }: { messages: { content: string }[] }) {
    const [name = '', count = '0'] = (messages.at(-1)?.content ?? '').split(' ');
    const chosen = tools[name as keyof typeof tools];
    const context = new RunContext();
    const times: number[] = [];
    for (let call = 0; call < Number(count); call += 1) {
      const beganMs = performance.now();
      await chosen.invoke(context, '{"source":"doc.md"}', { toolCall: { callId: 'c' + call } } as any);
      times.push(performance.now() - beganMs);
    }
    return JSON.stringify(times);
  },
};
`;

const ofModule = `import { tool } from '@openai/agents';
import { z } from 'zod';

export default tool({
  name: 'module',
  description: 'Gives a text.',
  parameters: z.object({ source: z.string() }),
  execute: async () => 'Read me. '.repeat(100),
});
`;

const settings = `worker: { spares: 0 }
tools:
  fresh: { kind: fetch_doc, docs_root: docs }
  kept: { kind: fetch_doc, docs_root: docs, cache: { ttl_seconds: 3600 } }
`;

await runParts({ calls: measureCalls, scan: async () => measureScan() });

async function measureCalls(): Promise<string> {
  const project = createBenchProject();
  project.write('gateway.yaml', settings);
  project.write('docs/doc.md', `# Doc\n\n${'Read me. '.repeat(100)}`);
  project.write('src/agents/Timer/agent.ts', timer);
  project.write('src/tools/module.ts', ofModule);
  const gateway = await startBenchGateway(project);
  const rows: string[] = [];
  const ask = async (text: string) => {
    const { ok, text: answer } = await gateway.ask('default/timer', { text });
    const { choices } = JSON.parse(answer) as { choices?: { message: { content: string } }[] };
    const [choice] = choices ?? [];
    if (!ok || !choice) throw new Error(`The agent failed: ${answer}`);
    return choice.message.content;
  };
  try {
    for (const [name, what] of [
      ['native', 'native, its own text of 900 bytes'],
      ['reading', 'native, a file of 900 bytes read anew'],
      ['kept', 'gateway, kept result of 900 bytes'],
      ['module', 'gateway, the text of a module in a worker of its own'],
      ['fresh', 'gateway, a file of 900 bytes read anew'],
    ] as const) {
      await ask(`${name} ${Math.ceil(calls / 4)}`);
      const cpuMs = treeCpuMs(gateway.pid);
      const times: number[] = JSON.parse(await ask(`${name} ${calls}`));
      const spentMs = (treeCpuMs(gateway.pid) - cpuMs) / calls;
      const told = [quantile(times, 0.5), quantile(times, 0.99), spentMs];
      rows.push(`| ${what} | ${told.map((ms) => ms.toFixed(3)).join(' | ')} |`);
    }
  } finally {
    await gateway.stop();
    project.remove();
  }
  const head = `| ${calls} calls, one after another | p50 ms | p99 ms | CPU ms per call |`;
  return [head, '| --- | --- | --- | --- |', ...rows].join('\n');
}

function measureScan(): string {
  const tools = Array.from({ length: 20 }, (_, index) => ({
    type: 'function',
    name: `tool_${index}`,
    description: 'Does one thing or another, and says so at some length. '.repeat(8),
    parameters: {
      type: 'object',
      properties: { text: { type: 'string' }, count: { type: 'integer' } },
    },
    strict: true,
  }));
  const page = readFileSync(resolve(import.meta.dirname, '../docs/systems/security.md'), 'utf8');
  const input = Array.from({ length: 100 }, (_, index) => ({
    role: 'user',
    content: [{ type: 'input_text', text: page.slice(index * 200, index * 200 + 1800) }],
  }));
  const body = (given: object) => Buffer.from(JSON.stringify(given));
  const bodies = {
    'no tools': body({ model: 'm', input }),
    '20 functions behind the messages': body({ model: 'm', input, tools }),
    '20 functions before the messages': body({ model: 'm', tools, input }),
    'a hosted tool among them': body({
      model: 'm',
      input,
      tools: [...tools, { type: 'web_search' }],
    }),
  };
  const rows = Object.entries(bodies).map(([what, bytes]) => {
    const micros: number[] = [];
    for (let call = 0; call < calls; call += 1) {
      const beganMs = performance.now();
      findHosted(bytes, 'responses');
      micros.push((performance.now() - beganMs) * 1000);
    }
    const told = [quantile(micros.slice(calls / 4), 0.5), quantile(micros.slice(calls / 4), 0.99)];
    return `| ${what} | ${Math.round(bytes.length / 1000)} | ${told.map((us) => us.toFixed(0)).join(' | ')} |`;
  });
  return [
    '| a model request with | kB | p50 µs | p99 µs |',
    '| --- | --- | --- | --- |',
    ...rows,
  ].join('\n');
}
