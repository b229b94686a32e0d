import { Agent } from '@openai/agents';
import { expect, test } from 'vitest';
import { startUpstream } from '../../../test/support/scripted-upstream.ts';
import { eventsOf, loadedModule, modelAt, runInput } from '../../../test/support/worker-run.ts';
import { processTools } from './process-tools.ts';

test('an agent has the tools that it is given also in a run with settings of its caller', async () => {
  const upstream = await startUpstream({ text: ['ok'] });
  const agent = new Agent({ name: 'Desk', model: modelAt(upstream.baseUrl) });
  const parameters = { type: 'object', properties: {} };
  const fetchDoc = { name: 'fetch_doc', description: 'Reads a page.', parameters };
  processTools.connect({ tools: [fetchDoc], offered: [] });
  processTools.give(['fetch_doc'], agent);
  for (const settings of [{}, { maxOutputTokens: 9 }]) {
    await eventsOf(loadedModule(agent), { input: runInput({ settings }) });
  }
  const names = upstream.calls.map(({ body }) => JSON.stringify(body.tools));
  expect(names).toEqual([
    expect.stringContaining('fetch_doc'),
    expect.stringContaining('fetch_doc'),
  ]);
});
