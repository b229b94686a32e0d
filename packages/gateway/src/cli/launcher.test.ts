import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { launcher, runCli, startCli } from '../../test/support/cli-process.ts';

const pinned = join(
  import.meta.dirname,
  `../../../../node_modules/node-${process.platform}-${process.arch}`,
);

let folder = '';
let oldNode: string[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dropgate-launcher-'));
  const pretend = join(folder, 'pretend.cjs');
  writeFileSync(
    pretend,
    `const versions = { ...process.versions, node: '20.1.0' };
     Object.defineProperty(process, 'versions', { value: versions });
     Object.defineProperty(process, 'version', { value: 'v20.1.0' });`,
  );
  oldNode = ['--require', pretend];
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe('the launcher on an old Node', () => {
  test('says in two lines the command that helps where the project has no newer one', async () => {
    const alone = join(folder, 'dropgate.cjs');
    copyFileSync(launcher, alone);
    const told = async (env: Readonly<Record<string, string>>) => {
      const child = spawn(process.execPath, [...oldNode, alone, 'dev'], { cwd: folder, env });
      let err = '';
      child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
        err += chunk;
      });
      expect(await once(child, 'close')).toEqual([1, null]);
      return err;
    };
    const first = 'dropgate needs Node 24 or newer; this is v20.1.0.\n';
    if (existsSync(pinned)) {
      expect(await told({})).toBe(
        `${first}Run: npm install node-linux-${process.arch}@24, and run this again.\n`,
      );
    }
    expect(await told({ NVM_DIR: '/home/a/.nvm' })).toBe(
      `${first}Run: nvm install 24, and run this again.\n`,
    );
  });

  test.skipIf(!existsSync(pinned))(
    'runs on the newer one, passing arguments and exit code',
    async () => {
      const options = { nodeArgs: oldNode };
      expect(await runCli(folder, ['--version'], options)).toMatchObject({ code: 0, err: '' });
      expect(await runCli(folder, ['nonsense'], options)).toMatchObject({ code: 2 });
    },
  );

  test.skipIf(!existsSync(pinned))('passes a signal on, and the exit code back', async () => {
    writeFileSync(join(folder, 'gateway.yaml'), '');
    const gateway = startCli(folder, ['dev', '--port', '0'], { nodeArgs: oldNode });
    await gateway.until('API key');
    gateway.child.kill('SIGTERM');
    expect(await gateway.ended).toMatchObject({ code: 0 });
  });
});

describe('signals', () => {
  const waiting = `
    import { untilStopSignal } from ${JSON.stringify(join(import.meta.dirname, 'stop-signals.ts'))};
    setInterval(() => {}, 1000);
    const stopped = untilStopSignal();
    console.log('ready');
    console.log(await stopped);
  `;

  test.each([
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)(
    '%s is waited for once; a second one ends the process at once',
    async (signal, exitCode) => {
      const child = spawn(process.execPath, ['--input-type=module', '-e', waiting], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const lines = child.stdout.setEncoding('utf8')[Symbol.asyncIterator]();
      expect((await lines.next()).value).toBe('ready\n');
      child.kill(signal);
      expect((await lines.next()).value).toBe(`${signal}\n`);
      child.kill(signal);
      expect(await once(child, 'exit')).toEqual([exitCode, null]);
    },
  );
});
