import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { inProcessCli } from '../../../test/support/in-process-cli.ts';
import {
  type TemporaryProject,
  temporaryProject,
} from '../../../test/support/temporary-project.ts';

let project: TemporaryProject;

beforeEach(() => {
  project = temporaryProject();
});
afterEach(() => project.dispose());

const cli = (...args: string[]) => inProcessCli(project.folder)(...args);
const read = (path: string) => readFileSync(join(project.folder, path), 'utf8');

test('writes what makes an image of the project, and nothing else', async () => {
  project.write('package.json', JSON.stringify({ devDependencies: { dropgate: '^0.1.0' } }));
  project.write('package-lock.json', '{}');
  const { code, out, err } = await cli('init', '--docker');
  expect({ code, out, err }).toEqual({
    code: 0,
    out: [
      'created  Dockerfile',
      'created  .dockerignore',
      '',
      'Next:',
      '  docker build --tag agents .',
      '      make the image; the Dockerfile says how it is run',
      '',
    ].join('\n'),
    err: '',
  });
  expect(readdirSync(project.folder).sort()).toEqual([
    '.dockerignore',
    'Dockerfile',
    'package-lock.json',
    'package.json',
  ]);
});

test('installs at build, runs as nobody in particular, and leaves secrets out', async () => {
  await cli('init', '--docker');
  const lines = read('Dockerfile').split('\n');
  expect(lines).toEqual(
    expect.arrayContaining([
      'USER 10001:10001',
      'VOLUME /srv/dropgate/.dropgate',
      'ENTRYPOINT ["tini", "--", "dropgate"]',
      'CMD ["start"]',
    ]),
  );
  expect(read('Dockerfile')).toContain('dropgate deps install && rm -rf .dropgate');
  expect(read('.dockerignore').split('\n')).toEqual(
    expect.arrayContaining(['.dropgate', '**/.env', '**/.npmrc', '**/node_modules', '**/.venv']),
  );
});

test('keeps what is there, and says what it lacks', async () => {
  project.write('Dockerfile', 'FROM mine\n');
  project.write('.dockerignore', '.git\n**/.env\n');
  const { code, out } = await cli('init', '--docker', '--json');
  expect(code).toBe(0);
  expect(JSON.parse(out)).toEqual({
    created: [],
    kept: ['Dockerfile', '.dockerignore'],
    advice: [
      'There is no package.json, which the image needs: dropgate init',
      'Add to .dockerignore: .dropgate, **/.npmrc. They hold secrets.',
    ],
    next: ['docker build --tag agents .'],
  });
  expect(read('Dockerfile')).toBe('FROM mine\n');
  expect(read('.dockerignore')).toBe('.git\n**/.env\n');
});

test('says that the project has to bring dropgate, in versions that stay', async () => {
  project.write('package.json', '{}');
  const { err } = await cli('init', '--docker');
  expect(err).toMatch(/^note: The image needs dropgate: npm install --save-dev dropgate@\d/m);
  expect(err).toContain('note: Without a package-lock.json each build may get other versions');
});
