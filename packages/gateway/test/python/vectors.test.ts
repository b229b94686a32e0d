import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ToWorker } from '../../src/protocol/worker/messages.ts';
import { pythonInPath } from '../support/python-in-path.ts';
import { pythonFolder } from '../support/python-start.ts';
import { missingPython } from '../support/python-with-sdk.ts';
import { spawnPythonWorker, writePythonModule } from '../support/python-worker.ts';

const missing = await missingPython();

type Line = {
  readonly name: string;
  readonly chunks: readonly string[];
  readonly messages: readonly object[];
  readonly raw?: readonly (string | null)[];
  readonly failure?: string;
};

function vectorsIn(path: string): Record<string, unknown> {
  return JSON.parse(readFileSync(join(import.meta.dirname, '..', path), 'utf8'));
}

describe.skipIf(missing)(
  `the vectors of the worker protocol, in Python (${missing ?? 'runs'})`,
  () => {
    test('lines become the same messages and failures as in the gateway', () => {
      const lines = vectorsIn('contracts/worker-protocol.json').lines as readonly Line[];
      const output = execFileSync('python3', [join(import.meta.dirname, 'read-lines.py')], {
        env: { PATH: process.env.PATH, PYTHONPATH: pythonFolder, PYTHONDONTWRITEBYTECODE: '1' },
        input: JSON.stringify(lines),
      });
      const { said } = JSON.parse(output.toString());
      const expected = lines.map(({ messages, raw, failure }) => ({
        messages,
        raw: raw ?? messages.map(() => null),
        failure: failure ?? null,
      }));
      expect(said).toEqual(expected);
    });

    test('a worker takes the conversation that the gateway sends, to its end', async () => {
      const conversation = vectorsIn('vectors/to-worker.json').conversation as readonly ToWorker[];
      const load = await writePythonModule({
        'agent.py': [
          'import os, asyncio',
          'class Echo:',
          '    async def run(self, messages):',
          "        yield messages[-1]['content'] + os.environ['CITY']",
          '        await asyncio.sleep(3600)',
          'agent = Echo()',
        ].join('\n'),
      });
      // Without the SDK, which takes longer to import than all else that this does.
      const worker = await spawnPythonWorker(load.folder, { python: pythonInPath() });
      for (const message of conversation) {
        if (message.type === 'load') {
          const { entry, folder, keptFolder } = load;
          const asked = { ...message.load, entry, folder, keptFolder };
          worker.send({ ...message, load: { ...asked, language: 'python' } });
          expect((await worker.next('loaded')).manifest.kind).toBe('runnable');
        } else if (message.type === 'shutdown') {
          expect((await worker.next('event')).event).toMatchObject({ code: 'run_cancelled' });
          worker.send(message);
        } else {
          worker.send(message);
        }
        if (message.type === 'run') {
          expect((await worker.next('event')).event).toEqual({
            type: 'text',
            delta: 'Grüße 🙂\nzweite ZeileParis',
          });
        }
      }
      expect(await worker.ended).toMatchObject({ code: 0 });
    });
  },
);
