import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inProcessCli } from '../../../test/support/in-process-cli.ts';
import {
  brokenAgent,
  plainAgent,
  type TemporaryProject,
  warmTemporaryProject,
} from '../../../test/support/temporary-project.ts';
import { startTestGateway, type TestGateway } from '../../testing.ts';

// Nothing here changes what the gateway serves, so one is enough.
let project: TemporaryProject;
let gateway: TestGateway | null = null;

beforeAll(async () => {
  project = warmTemporaryProject();
  project.write('gateway.yaml', 'worker: { spares: 0 }\n');
  const unknownField = `${plainAgent}export const __gateway__ = { modle: 'x' };\n`;
  project.write('src/agents/Bad/agent.ts', brokenAgent);
  project.write('src/agents/Odd/agent.ts', unknownField);
  project.write('src/agents/Fine/agent.ts', plainAgent);
  gateway = await startTestGateway({ projectRoot: project.folder });
});

afterAll(async () => {
  await gateway?.close();
  project.dispose();
});

const run = (...args: string[]) => inProcessCli(project.folder)('agents', ...args);

describe('dropgate agents errors', () => {
  test('shows place, message, hint and frame, and how often it was seen', async () => {
    const { code, out } = await run('errors', '--agent', 'default/bad');
    expect(code).toBe(0);
    expect(out).toMatch(/^error: src\/agents\/Bad\/agent\.ts:2:\d+\n {2}\S/);
    expect(out).toContain('  → Fix the syntax');
    expect(out).toContain('2 | const second = ;');
    expect(out).toMatch(/ {2}load\/syntax_error, once, last at \d{4}-\d\d-\d\dT\S+Z\n/);
    expect(out).toMatch(/\n1 finding\.\n$/);
  });

  test.each([
    [['--severity', 'warning'], ['unknown_metadata']],
    [['--severity', 'error'], ['syntax_error']],
    [['--stage', 'metadata'], ['unknown_metadata']],
    [['--stage', 'tool'], []],
    [['--agent', 'Odd'], ['unknown_metadata']],
    [['--agent', 'default/fine'], []],
    [['--since', '1h', '--stage', 'load'], ['syntax_error']],
    [['--since', '2200-01-01'], []],
  ])('filters with %j', async (filters, codes) => {
    const { code, out } = await run('errors', ...filters, '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out).errors.map((each: { code: string }) => each.code)).toEqual(codes);
  });

  test('follows what comes, oldest first, as one line of JSON each', async () => {
    const stop = Promise.withResolvers<string>();
    const follow = inProcessCli(project.folder, {}, stop.promise);
    const following = follow('agents', 'errors', '--follow', '--json');
    project.write('src/agents/Late/agent.ts', brokenAgent);
    await gateway?.gateway.refresh({ force: false });
    stop.resolve('SIGINT');
    const { code, out } = await following;
    expect(code).toBe(0);
    const shown = out.trimEnd().split('\n');
    expect(new Set(shown.map((line) => JSON.parse(line).agent_id))).toEqual(
      new Set(['default/bad', 'default/odd', 'default/late']),
    );
    project.remove('src/agents/Late');
    await gateway?.gateway.refresh({ force: false });
  });

  test('is a text for people too, and forgets what is acknowledged until it is seen again', async () => {
    const ask = (method: string, query: string) =>
      fetch(`${gateway?.url}/admin/agents/errors${query}`, {
        method,
        headers: { authorization: `Bearer ${gateway?.key}` },
      });
    const text = await ask('GET', '?format=text&agent=default/bad');
    expect(text.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(await text.text()).toMatch(
      /^error: default\/bad: load\/syntax_error, .* last at \S+\n {2}\S+src\/agents\/Bad\/agent\.ts:2:\d+\n[\s\S]* {2}→ Fix the syntax/,
    );
    const gone = await ask('DELETE', '?agent=default/bad');
    expect([gone.status, await gone.json()]).toEqual([200, { acknowledged: 1 }]);
    expect(await (await ask('GET', '?agent=default/bad&format=text')).text()).toBe(
      'Nothing is wrong.\n',
    );
    expect(await (await ask('DELETE', '?id=diag_none')).json()).toEqual({ acknowledged: 0 });
    expect((await ask('DELETE', '?agnt=x')).status).toBe(400);
    await gateway?.gateway.refresh({ force: false });
    expect(await (await ask('GET', '?agent=default/bad')).json()).toMatchObject({
      errors: [{ code: 'syntax_error', count: 1 }],
    });
  });

  test('says that there are more than the limit', async () => {
    const { out, err } = await run('errors', '--limit', '1');
    expect(out).toMatch(/\n1 finding\.\n$/);
    expect(err).toBe('There are more: raise --limit, or filter.\n');
  });

  test('says that nothing is wrong with a good agent, and that a misspelt one is none', async () => {
    expect(await run('errors', '--agent', 'fine')).toMatchObject({
      code: 0,
      out: 'Nothing is wrong.\n',
    });
    expect(await run('errors', '--agent', 'fien')).toEqual({
      code: 1,
      out: '',
      err: 'error: There is no agent fien. Did you mean default/fine? See `dropgate agents list`.\n',
    });
  });

  test.each([
    [['--stage', 'lunch'], 'Allowed choices are discover, dependencies, load,'],
    [['--severity', 'fatal'], 'Allowed choices are error, warning, info.'],
    [['--since', 'yesterday'], 'Give a time such as 2026-01-31T12:00Z, or 30m, 12h or 7d.'],
    [['--limit', '0'], 'Give a number from 1 to 1000.'],
    [['--limit', '1001'], 'Give a number from 1 to 1000.'],
  ])('takes %j as wrong usage', async (args, message) => {
    const { code, out, err } = await run('errors', ...args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(message);
  });
});
