import { join } from 'node:path/posix';
import { expect, test } from 'vitest';
import { pythonFiles } from '../../../../scripts/source-files.ts';

const package_ = 'packages/gateway/python/dropgate_worker/';
const shared = [
  'agent_shape',
  'loaded_module',
  'message_taker',
  'process_tools',
  'protocol',
  'sdk',
];

/** Room of the Python worker → what of the package it may import beside itself. What lies above the rooms may all. */
const rooms: Readonly<Record<string, readonly string[]>> = {
  protocol: [],
  explain: shared,
  around: [...shared, 'explain'],
  load: [...shared, 'explain', 'models', 'around', 'tool_module'],
  models: [...shared, 'explain'],
  run: [...shared, 'approvals', 'explain', 'models', 'replay', 'tool_module'],
  // Runs wait for what it knows of them.
  approvals: [...shared, 'replay', 'run'],
  // Their runs and their stand-ins know each other.
  replay: [...shared, 'run'],
  tool_module: [...shared, 'explain', 'run'],
};

const files = pythonFiles().map(({ path, text }) => ({ path, lines: text.split('\n') }));

test.each(Object.entries(rooms))('%s/ of the Python worker imports only %j', (room, others) => {
  const folder = `${package_}${room}`;
  const strays = files
    .filter(({ path }) => path.startsWith(`${folder}/`))
    .flatMap(({ path, lines }) =>
      lines.flatMap((line) => {
        const [, up, to] = /^\s*from \.(\.*)(\w+)/.exec(line) ?? [];
        const isStray = up !== undefined && to !== undefined && up !== '' && !others.includes(to);
        return isStray ? [`${path}: ${line.trim()}`] : [];
      }),
    );
  expect(strays).toEqual([]);
});

test('what shares the top of the Python worker imports no room but for types', () => {
  const strays = files
    .filter(({ path }) => shared.some((name) => path === join(package_, `${name}.py`)))
    .flatMap(({ path, lines }) =>
      lines
        .filter((line) =>
          /^from \.(approvals|around|explain|load|models|replay|run|tool_module)\b/.test(line),
        )
        .map((line) => path + line),
    );
  expect(strays).toEqual([]);
});

test('nothing of the Python worker needs a package to be imported', () => {
  const strays = files.flatMap(({ path, lines }) =>
    lines
      .filter((line) => /^(?:from|import) (?:agents|openai|httpx2?|pydantic)\b/.test(line))
      .map((line) => `${path}: ${line}`),
  );
  expect(strays).toEqual([]);
});
