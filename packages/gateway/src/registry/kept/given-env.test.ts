import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makePipe } from '../../../test/support/make-pipe.ts';
import { tempFolder } from '../../../test/support/temp-folder.ts';
import type { GivenVariable } from '../../protocol/module.ts';
import { createGiveEnv } from './given-env.ts';

const fromEnv = (agents: string, name: string, variable: string): GivenVariable => ({
  agents,
  name,
  from: { env: variable },
});

async function scene(
  variables: (folder: string) => readonly GivenVariable[],
  files: Readonly<Record<string, string>> = {},
) {
  const folder = await tempFolder({ 'gateway.yaml': '', ...files });
  const giveEnv = createGiveEnv({
    variables: () => variables(folder),
    environment: () => ({ HOUSE_KEY: 'of-the-house', LABS_KEY: 'of-the-labs', EMPTY_KEY: '' }),
    settingsFile: join(folder, 'gateway.yaml'),
    files: () => [join(folder, 'gateway.yaml')],
  });
  return { folder, give: (agentId: string) => giveEnv({ agentId }) };
}

describe('what the operator gives to agents', () => {
  test('goes to those whose id fits alone, by the last line that names a variable', async () => {
    const { give } = await scene(() => [
      fromEnv('*', 'SERVICE_KEY', 'HOUSE_KEY'),
      fromEnv('labs/*', 'SERVICE_KEY', 'LABS_KEY'),
      fromEnv('labs/spy', 'OTHER_KEY', 'HOUSE_KEY'),
    ]);
    expect((await give('default/desk')).values).toEqual({ SERVICE_KEY: 'of-the-house' });
    expect((await give('labs/desk')).values).toEqual({ SERVICE_KEY: 'of-the-labs' });
    expect(await give('labs/spy')).toEqual({
      values: { SERVICE_KEY: 'of-the-labs', OTHER_KEY: 'of-the-house' },
      findings: [],
      watched: [],
    });
  });

  test('comes from a file too, without the newline at its end', async () => {
    const { give } = await scene(
      (folder) => [
        { agents: 'a/b', name: 'ONE', from: { file: join(folder, 'one') } },
        { agents: 'a/b', name: 'TWO', from: { file: join(folder, 'two') } },
      ],
      { one: 'first line\nsecond line\n', two: ' spaces stay \r\n' },
    );
    expect((await give('a/b')).values).toEqual({
      ONE: 'first line\nsecond line',
      TWO: ' spaces stay ',
    });
  });

  test('is told as missing, with what to do, where there is none', async () => {
    const { give, folder } = await scene((at) => [
      fromEnv('a/b', 'ONE', 'UNSET_KEY'),
      fromEnv('a/b', 'TWO', 'EMPTY_KEY'),
      { agents: 'a/*', name: 'THREE', from: { file: join(at, 'three') } },
      fromEnv('a/b', 'GOOD', 'LABS_KEY'),
    ]);
    const { values, findings, watched } = await give('a/b');
    expect(values).toEqual({ GOOD: 'of-the-labs' });
    expect(watched).toEqual([join(folder, 'gateway.yaml')]);
    expect(findings).toEqual([
      {
        stage: 'metadata',
        code: 'secret_missing',
        severity: 'error',
        message:
          'ONE cannot be given to this agent: the variable UNSET_KEY is not set where the gateway runs.',
        file: join(folder, 'gateway.yaml'),
        hint: 'Set UNSET_KEY in the .env of the project root, or in the gateway\'s environment and restart it, or remove agents."a/b".env.ONE from the settings.',
      },
      expect.objectContaining({
        message:
          'TWO cannot be given to this agent: the variable EMPTY_KEY is not set where the gateway runs.',
      }),
      expect.objectContaining({
        message: `THREE cannot be given to this agent: the file ${join(folder, 'three')} is not there.`,
        hint: 'Put the secret into that file, where the user that the gateway runs as may read it, or remove agents."a/*".env.THREE from the settings.',
      }),
    ]);
  });

  test('is nothing that is no text of bounded length, and is told without its content', async () => {
    const names = ['large', 'zero', 'pipe', 'empty', 'folder'];
    const { give, folder } = await scene(
      (at) => names.map((name) => ({ agents: '*', name, from: { file: join(at, name) } })),
      { large: 'x'.repeat(70_000), zero: 'in\0side', empty: '\n', 'folder/x': '' },
    );
    makePipe(join(folder, 'pipe'));
    const { values, findings } = await give('a/b');
    expect(values).toEqual({});
    expect(findings.map(({ message }) => message.replaceAll(`${folder}/`, ''))).toEqual([
      'large cannot be given to this agent: the file large is larger than such a file can be.',
      'zero cannot be given to this agent: the file zero holds no text.',
      'pipe cannot be given to this agent: the file pipe is a pipe or device, not a file.',
      'empty cannot be given to this agent: the file empty is empty.',
      'folder cannot be given to this agent: the file folder is a folder, not a file.',
    ]);
  });
});
