import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { tempFolder } from '../../test/support/temp-folder.ts';
import { createLiveConfig } from './live-config.ts';
import { loadConfig } from './load-config.ts';

async function scene(yaml: string) {
  const projectRoot = await tempFolder({ 'gateway.yaml': yaml });
  const read = async () => loadConfig({ projectRoot, env: {}, command: 'dev' });
  const live = createLiveConfig(await read(), read);
  const edit = (text: string) => writeFile(join(projectRoot, 'gateway.yaml'), text);
  return { projectRoot, live, edit };
}

describe('live settings', () => {
  test('follow the file in what agents depend on', async () => {
    const { live, edit, projectRoot } = await scene('defaults: { model: one }');
    await edit('defaults: { model: two, tool_events: off }');
    expect(await live.reload()).toEqual([]);
    expect(live.current()).toMatchObject({
      defaultModel: { name: 'two', source: 'config' },
      toolEvents: 'off',
    });
    expect(live.files()).toEqual([
      join(projectRoot, 'gateway.yaml'),
      join(projectRoot, '.env'),
      join(projectRoot, '.dropgate/upstream.env'),
    ]);
  });

  test('keep what only a restart can change, and say so', async () => {
    const { live, edit } = await scene('server: { port: 8080 }');
    await edit('server: { port: 9090 }\ndefaults: { model: two }');
    expect(await live.reload()).toMatchObject([
      {
        code: 'setting_needs_restart',
        severity: 'warning',
        message: 'A change of server holds after a restart.',
      },
    ]);
    expect(live.current()).toMatchObject({
      server: { port: 8080 },
      defaultModel: { name: 'two' },
    });
  });

  test('name what waits as the file names it', async () => {
    const { live, edit } = await scene('log: { level: info }');
    await edit('log: { level: debug }\nagents_dir: team\nstore_url: "sqlite:other.db"');
    expect((await live.reload()).map(({ message }) => message)).toEqual([
      'A change of store_url holds after a restart.',
      'A change of agents_dir holds after a restart.',
      'A change of log holds after a restart.',
    ]);
    expect(live.current().log.level).toBe('info');
  });

  test('stay as they were, all of them, when one is wrong', async () => {
    const { live, edit, projectRoot } = await scene('defaults: { model: one }');
    await edit('defaults: { model: two }\nserver: { prot: 1 }');
    expect(await live.reload()).toMatchObject([
      {
        code: 'bad_setting',
        severity: 'error',
        file: join(projectRoot, 'gateway.yaml'),
        line: 2,
      },
    ]);
    expect(live.current().defaultModel?.name).toBe('one');
  });

  test.each(['', ' \n'])('stay as they were while the file is empty (%j)', async (text) => {
    const { live, edit, projectRoot } = await scene('defaults: { model: one }');
    await edit(text);
    expect(await live.reload()).toMatchObject([
      {
        code: 'bad_setting',
        severity: 'error',
        message: 'The file is empty. The settings before stay.',
        file: join(projectRoot, 'gateway.yaml'),
      },
    ]);
    expect(live.current().defaultModel?.name).toBe('one');
    await edit('# None.\n');
    expect(await live.reload()).toEqual([]);
    expect(live.current().defaultModel).toBeNull();
  });
});
