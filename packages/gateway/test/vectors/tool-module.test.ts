import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Manifest, ModuleLoad } from '../../src/protocol/records.ts';
import type { WorkerRun } from '../../src/protocol/worker/messages.ts';
import { startNodeWorker, writeModule } from '../support/node-worker.ts';
import { missingPython } from '../support/python-with-sdk.ts';
import { startPythonWorker, writePythonModule } from '../support/python-worker.ts';

type Vector = {
  readonly load: Pick<ModuleLoad, 'serves' | 'name'>;
  readonly tool: NonNullable<Manifest['tool']>;
  readonly run: WorkerRun;
  readonly events: readonly object[];
};

const vector: Vector = JSON.parse(
  readFileSync(join(import.meta.dirname, 'tool-module.json'), 'utf8'),
);
const schema = JSON.stringify(vector.tool.parameters);

const typeScript = `
import { tool } from '@openai/agents';
export const tide = tool({
  name: 'tide',
  description: 'Tells the tide.',
  parameters: ${schema},
  strict: true,
  execute: ({ harbour }: any, context: any) => \`High in \${harbour} for \${context.context.key.name}.\`,
});
`;

const python = `
import json

from agents import FunctionTool


async def invoke(context, arguments):
    return f"High in {json.loads(arguments)['harbour']} for {context.context['key']['name']}."


tide = FunctionTool(
    name="tide",
    description="Tells the tide.",
    params_json_schema=json.loads(${JSON.stringify(schema)}),
    on_invoke_tool=invoke,
)
`;

const missing = await missingPython();

async function inTypeScript() {
  const load = await writeModule({ 'tide.ts': typeScript });
  return { load, worker: await startNodeWorker(load.folder) };
}

async function inPython() {
  const load = await writePythonModule({ 'agent.py': python });
  return { load, worker: await startPythonWorker(load.folder) };
}

test.each([
  ['TypeScript', inTypeScript] as const,
  ...(missing ? [] : [['Python', inPython] as const]),
])('a worker in %s gives a tool and calls it as the vectors say', async (_language, start) => {
  const { load, worker } = await start();
  const loaded = await worker.load({ ...load, ...vector.load });
  expect(loaded).toMatchObject({ type: 'loaded', manifest: { kind: 'tool', tool: vector.tool } });
  worker.send({ type: 'run', run: vector.run, credits: 256 });
  for (const expected of vector.events) {
    expect((await worker.next('event')).event).toMatchObject(expected);
  }
});
