import { expect, test } from 'vitest';
import { until } from '../../../test/acceptance/until.ts';
import { startNodeWorker, writeModule } from '../../../test/support/node-worker.ts';
import { startUpstream } from '../../../test/support/scripted-upstream.ts';
import { shouter } from '../../../test/support/shouter.ts';
import { writeFiles } from '../../../test/support/temp-folder.ts';

const twoServers = `
import { Agent, MCPServerStdio } from '@openai/agents';
const command = process.execPath;
const shouter = new MCPServerStdio({ name: 'shouter', command, args: ['shouter.mjs', 'shout'] });
const late = new MCPServerStdio({ name: 'late', command, args: ['late.mjs'] });
const none = new MCPServerStdio({ name: 'none', command: '/does/not/exist', args: [] });
const spare = new Agent({ name: 'Spare', mcpServers: [none] });
export const agent = new Agent({ name: 'Shouter', mcpServers: [shouter, late], handoffs: [spare] });
`;

const late = `
import { existsSync } from 'node:fs';
if (!existsSync('config.json')) throw new Error('config.json is missing');
process.argv[2] = 'whisper';
await import('./shouter.mjs');
`;

test('tool servers left unconnected are connected; an agent runs without those that are away, until they come', async () => {
  const call = { calls: [{ name: 'shout', args: { text: 'hi' } }] };
  const upstream = await startUpstream(call, { text: ['HI'] });
  const load = await writeModule(
    { 'agent.ts': twoServers, 'shouter.mjs': shouter, 'late.mjs': late },
    { env: { OPENAI_BASE_URL: upstream.baseUrl, OPENAI_API_KEY: 'worker-token' } },
  );
  const worker = await startNodeWorker(load.folder);
  const answer = await worker.load(load);
  if (answer.type !== 'loaded') throw new Error(JSON.stringify(answer.findings));
  expect(answer.manifest.warnings).toEqual([
    expect.objectContaining({
      code: 'mcp_server_unreachable',
      message: expect.stringMatching(
        /"late" cannot be connected: .* It wrote: Error: config\.json is missing$/,
      ),
    }),
    expect.objectContaining({
      code: 'mcp_server_unreachable',
      message: expect.stringMatching(/"none" cannot be connected: .*ENOENT/),
    }),
  ]);
  const toolsOf = (at: number) => upstream.calls[at]?.body.tools as { name: string }[];
  const finished = async () => {
    const events = [];
    do events.push((await worker.next('event')).event);
    while (events.at(-1)?.type !== 'finished');
    return events;
  };
  worker.run('hi');
  expect(await finished()).toMatchObject([
    { type: 'tool_started', tool: 'shout', provenance: 'mcp' },
    { type: 'tool_ended', outcome: 'ok' },
    { type: 'text', delta: 'HI' },
    { type: 'finished' },
  ]);
  expect(JSON.stringify(upstream.calls[1]?.body.input)).toContain('HI!');
  expect(toolsOf(0).map(({ name }) => name)).not.toContain('whisper');

  await writeFiles(load.folder, { 'config.json': '{}' });
  await until('the late server', async () => {
    worker.run('again', { runId: `run_${upstream.calls.length}` });
    await finished();
    return toolsOf(upstream.calls.length - 1).some(({ name }) => name === 'whisper');
  });
  worker.send({ type: 'shutdown' });
  expect(await worker.ended).toMatchObject({ code: 0 });
});
