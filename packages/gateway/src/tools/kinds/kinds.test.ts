import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../../../test/acceptance/until.ts';
import { writeFiles } from '../../../test/support/temp-folder.ts';
import { type ToolsKit, toolsKit } from '../../../test/support/tools-kit.ts';
import type { ToolModule, ToolModules } from '../tool.ts';
import type { toolKinds } from './kinds.ts';

/** A tool of a kind: what one call gives, and what is wrong with a call without arguments. */
type Sample = {
  readonly settings: (base: string) => Readonly<Record<string, object>>;
  readonly tool: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly text: string;
};

const city = {
  type: 'object',
  properties: { city: { type: 'string', maxLength: 20 } },
  required: ['city'],
  additionalProperties: false,
};
const fakeServer = join(import.meta.dirname, '../../../test/fixtures/mcp/server.mjs');

// A kind without a line here does not compile.
const samples: Readonly<Record<keyof typeof toolKinds, Sample>> = {
  fetch_doc: {
    settings: () => ({}),
    tool: 'fetch_doc',
    args: { source: 'guide.md' },
    text: 'Title: The guide\nSource: guide.md\n\n# The guide',
  },
  http: {
    settings: (base) => ({
      weather: {
        kind: 'http',
        url: `${base}/w/{city}`,
        allow_addresses: ['127.0.0.1'],
        parameters: city,
      },
    }),
    tool: 'weather',
    args: { city: 'Paris' },
    text: 'GET /w/Paris',
  },
  mcp: {
    settings: () => ({ fake: { kind: 'mcp', command: [process.execPath, fakeServer] } }),
    tool: 'fake_say',
    args: { text: 'Hello' },
    text: 'Hello, says',
  },
  module: {
    settings: () => ({}),
    tool: 'forecast',
    args: { city: 'Paris' },
    text: 'Rain in Paris',
  },
  openapi: {
    settings: () => ({
      api: { kind: 'openapi', document: 'api.json', allow_addresses: ['127.0.0.1'] },
    }),
    tool: 'api_weather',
    args: { city: 'Paris' },
    text: 'GET /w/Paris',
  },
};

const forecast: ToolModule = {
  name: 'forecast',
  path: 'src/tools/forecast.ts',
  state: 'ready',
  generation: 1,
  findings: [],
  tool: {
    description: 'Tells the weather.',
    parameters: city,
    problem: () => null,
    call: async (args) => `Rain in ${args.city}`,
  },
};

const moduleOf = (only: ToolModule): ToolModules => ({
  list: () => [only],
  find: (name) => (name === only.name ? only : null),
  areKnown: () => true,
  onChange: () => undefined,
});

const server = createServer((request, response) =>
  response.end(`${request.method} ${request.url}`),
);
let base = '';
let projectRoot = '';

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  projectRoot = await mkdtemp(join(tmpdir(), 'dropgate-kinds-'));
  const parameters = [{ name: 'city', in: 'path', schema: city.properties.city }];
  const paths = { '/w/{city}': { get: { operationId: 'weather', parameters } } };
  await writeFiles(projectRoot, {
    'docs/guide.md': '# The guide\n\nRead it.',
    'api.json': JSON.stringify({ openapi: '3.1.0', servers: [{ url: base }], paths }),
  });
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await rm(projectRoot, { recursive: true });
});

describe.each(Object.entries(samples))('a tool of the kind %s', (_kind, sample) => {
  const { tool, args, text } = sample;
  let kit: ToolsKit;

  beforeAll(async () => {
    kit = toolsKit(sample.settings(base), { projectRoot, modules: moduleOf(forecast) });
    kit.tools.start();
    await until('the tool', () => kit.tools.find(tool));
  });
  afterAll(() => kit.close());

  test('gives its result, with its sizes', async () => {
    const result = await kit.call(tool, args);
    expect(result).toMatchObject({ outcome: 'ok', cache: null, violation: null, error: null });
    expect(result.text).toContain(text);
    expect(result.argumentBytes).toBe(JSON.stringify(args).length);
    expect(result.resultBytes).toBe(Buffer.byteLength(result.text));
  });

  test('is asked about with its arguments, and not called where it is denied', async () => {
    const asked: unknown[] = [];
    const isAllowed = (given: unknown) => {
      asked.push(given);
      return false;
    };
    expect(await kit.call(tool, args, { isAllowed })).toMatchObject({
      outcome: 'denied',
      violation: 'denied',
      text: `The tool ${tool} may not be called here.`,
    });
    expect(asked).toEqual([args]);
  });

  test.each([
    ['no JSON', 'a plain text', 'The arguments are no JSON object.'],
    ['a list', [1], 'The arguments are no JSON object.'],
    ['nothing', {}, /The arguments must have required property '\w+'\. Send an object/],
    ['too much', { [Object.keys(args)[0] ?? '']: 'x', more: 1 }, /additional properties: more\./],
    ['huge', { x: 'x'.repeat(300_000) }, 'The arguments are longer than 262144 characters.'],
  ])('tells the model what is wrong with arguments: %s', async (_what, wrong, message) => {
    const isAllowed = () => expect.unreachable();
    const result = await kit.call(tool, wrong, { isAllowed });
    expect(result).toMatchObject({ outcome: 'failed', violation: 'bad_arguments' });
    expect(result.text).toMatch(message);
  });

  test('is over when its run is', async () => {
    const signal = AbortSignal.abort(new Error('gone'));
    expect(await kit.call(tool, args, { signal })).toMatchObject({ outcome: 'aborted' });
  });
});
