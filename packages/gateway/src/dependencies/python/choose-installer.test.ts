import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tempFolder } from '../../../test/support/temp-folder.ts';
import { findUv } from './choose-installer.ts';

/** The environment of an installer, with uv in its PATH and no settings of the machine's but those given. */
async function machine(more: Readonly<Record<string, string>>) {
  const root = await tempFolder({
    'bin/uv': '#!/bin/sh\n',
    'pip.conf': '[global]\nindex-url = http://127.0.0.1/simple\n',
    'both/uv/uv.toml': '',
  });
  await chmod(join(root, 'bin/uv'), 0o755);
  const paths = Object.entries(more).map(([name, value]) => [name, value.replace('ROOT', root)]);
  const given = { PATH: join(root, 'bin'), HOME: root, PIP_CONFIG_FILE: '/dev/null' };
  return { uv: join(root, 'bin/uv'), environment: { ...given, ...Object.fromEntries(paths) } };
}

test.each([
  ['nothing is set up', {}, true],
  ['pip is told an index', { PIP_INDEX_URL: 'http://127.0.0.1/simple' }, false],
  ['pip is told a folder of packages', { PIP_FIND_LINKS: '/wheels' }, false],
  ['each is told an index', { PIP_INDEX_URL: 'http://a', UV_DEFAULT_INDEX: 'http://b' }, true],
  ['uv has settings', { PIP_INDEX_URL: 'http://a', XDG_CONFIG_HOME: 'ROOT/both' }, true],
  ['a file of pip’s names an index', { PIP_CONFIG_FILE: 'ROOT/pip.conf' }, false],
])('uv is taken where it would ask where pip does: %s', async (...args) => {
  const [, more, takesUv] = args;
  const { uv, environment } = await machine(more);
  expect(await findUv(environment)).toBe(takesUv ? uv : null);
});
