import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makePipe } from '../../../test/support/make-pipe.ts';
import { tempFolder } from '../../../test/support/temp-folder.ts';
import { readRequirements } from './requirements.ts';

async function requirementsOf(files: Readonly<Record<string, string>>) {
  const folder = await tempFolder({ 'agent.py': '', ...files });
  const read = await readRequirements({
    folder,
    entry: join(folder, 'agent.py'),
    modulePath: 'agent.py',
  });
  return { folder, read };
}

describe('what a module in Python declares', () => {
  test('is read from requirements.txt as pip reads it, with the files that it includes', async () => {
    const { folder, read } = await requirementsOf({
      'requirements.txt': [
        '# what it needs',
        '-r more.txt',
        '--index-url https://example.com/simple',
        'Foo_Bar[extra1,extra2] >=1.2, <2 ; python_version >= "3.9"  # why',
        'pinned==1.0 \\',
        '    --hash=sha256:abc',
        'direct @ https://example.com/direct-1.0.tar.gz',
        './words-2.0-py3-none-any.whl',
      ].join('\n'),
      'more.txt': 'httpx\n',
    });
    expect(read).toMatchObject({
      type: 'read',
      requirements: {
        kind: 'requirements',
        wanted: [
          { name: 'httpx', wanted: '', file: join(folder, 'more.txt'), place: { line: 1 } },
          {
            name: 'foo-bar',
            wanted: '>=1.2, <2',
            extras: ['extra1', 'extra2'],
            marker: 'python_version >= "3.9"',
            place: { line: 4, column: 1 },
          },
          { name: 'pinned', wanted: '==1.0', place: { line: 5 } },
          { name: 'direct', wanted: 'https://example.com/direct-1.0.tar.gz', isSpecifier: false },
          { name: 'words', wanted: './words-2.0-py3-none-any.whl', isSpecifier: false },
        ],
        files: [join(folder, 'requirements.txt'), join(folder, 'more.txt')],
      },
    });
  });

  test('is read from pyproject.toml', async () => {
    const { read } = await requirementsOf({
      'pyproject.toml': [
        'dependencies = ["not this one"]',
        '[project]',
        'name = "spark"',
        'dependencies = [  # runtime',
        '  "httpx>=0.27",',
        `  'rich', # pretty`,
        ']',
      ].join('\n'),
    });
    expect(read).toMatchObject({
      requirements: {
        kind: 'project',
        lines: ['httpx>=0.27', 'rich'],
        wanted: [{ name: 'httpx', place: { line: 5, column: 3 } }, { name: 'rich' }],
      },
    });
  });

  test('is read from the header of the module', async () => {
    const { read } = await requirementsOf({
      'agent.py': [
        '"""An agent."""',
        '# /// script',
        '# requires-python = ">=3.11"',
        '# dependencies = ["httpx", "rich<15"]',
        '# ///',
        'import httpx',
      ].join('\n'),
    });
    expect(read).toMatchObject({
      requirements: {
        kind: 'header',
        lines: ['httpx', 'rich<15'],
        wanted: [{}, { place: { line: 4 } }],
      },
    });
  });

  test.each([
    ['nothing at all', {}],
    ['a project without a list', { 'pyproject.toml': '[project]\nname = "spark"\n' }],
    ['a header that does not end', { 'agent.py': '# /// script\n# dependencies = ["httpx"]\n' }],
  ])('is nothing with %s', async (_what, files) => {
    expect((await requirementsOf(files)).read).toEqual({ type: 'absent' });
  });

  test('is told with its line where pip would not take it', async () => {
    const { folder, read } = await requirementsOf({ 'requirements.txt': 'httpx\nrich = 14\n' });
    expect(read).toMatchObject({
      type: 'unusable',
      finding: {
        code: 'bad_requirement',
        file: join(folder, 'requirements.txt'),
        line: 2,
        message: '"rich = 14" is no requirement as pip takes it.',
      },
    });
  });

  test('that includes itself ends', async () => {
    const { read } = await requirementsOf({ 'requirements.txt': '-r requirements.txt\nhttpx\n' });
    expect(read).toMatchObject({ requirements: { lines: ['httpx'] } });
  });
});

/** A module beside a file that is none of its business. */
async function besideSecret(files: Readonly<Record<string, string>>) {
  const root = await tempFolder({
    'secret.txt': 'the = secret\n',
    'src/agents/Spark/agent.py': '',
    ...Object.fromEntries(
      Object.entries(files).map(([name, text]) => [`src/agents/Spark/${name}`, text]),
    ),
  });
  const folder = join(root, 'src/agents/Spark');
  const entry = join(folder, 'agent.py');
  const read = () => readRequirements({ folder, entry, modulePath: 'src/agents/Spark/agent.py' });
  return { root, folder, entry, read };
}

describe('files that a module names', () => {
  test.each([
    ['-r ../../../secret.txt', "lies outside of the module's folder"],
    ['--requirement=../../../secret.txt', "lies outside of the module's folder"],
    ['-c ../../../secret.txt', "lies outside of the module's folder"],
    ['-r /etc/passwd', "lies outside of the module's folder"],
    ['-r link.txt', 'is a link that leads out of its folder'],
    ['-r up/secret.txt', 'is a link that leads out of its folder'],
    ['-r pipe.txt', 'is a pipe or device, not a file'],
    ['-r zero.txt', 'is a pipe or device, not a file'],
    ['-r sub', 'is a folder, not a file'],
    ['-r nowhere.txt', 'cannot be read (ENOENT)'],
  ])('are not read with %s, and nothing of them is told', async (line, reason) => {
    const { folder, root, read } = await besideSecret({ 'requirements.txt': `httpx\n${line}\n` });
    await symlink('../../../secret.txt', join(folder, 'link.txt'));
    await symlink(root, join(folder, 'up'));
    await symlink('/dev/zero', join(folder, 'zero.txt'));
    await mkdir(join(folder, 'sub'));
    makePipe(join(folder, 'pipe.txt'));
    const found = await read();
    expect(found).toMatchObject({
      type: 'unusable',
      finding: {
        code: 'requirements_unreadable',
        severity: 'error',
        message: `requirements.txt includes a file that ${reason}.`,
        file: join(folder, 'requirements.txt'),
        line: 2,
      },
    });
    expect(JSON.stringify(found)).not.toContain('the = secret');
  });

  test.each(['requirements.txt', 'pyproject.toml'])(
    'may not be links out of its folder, pipes or without end as %s',
    async (name) => {
      const { folder, read } = await besideSecret({});
      const path = join(folder, name);
      const refused = (why: string) => ({
        type: 'unusable',
        finding: { code: 'requirements_unreadable', message: `${name} ${why}.`, file: path },
      });
      await symlink('../../../secret.txt', path);
      expect(await read()).toMatchObject(refused('is a link that leads out of its folder'));
      await rm(path);
      makePipe(path);
      expect(await read()).toMatchObject(refused('is a pipe or device, not a file'));
      await rm(path);
      await writeFile(path, '#'.repeat(1024 * 1024 + 1));
      expect(await read()).toMatchObject(refused('is larger than such a file can be'));
    },
  );

  test('do not have the header of a file read that a link puts in the place of the module', async () => {
    const { root, entry, read } = await besideSecret({});
    await writeFile(
      join(root, '../elsewhere.py'),
      '# /// script\n# dependencies = ["a = b"]\n# ///\n',
    );
    await rm(entry);
    await symlink(join(root, '../elsewhere.py'), entry);
    expect(await read()).toEqual({ type: 'absent' });
    await rm(join(root, '../elsewhere.py'));
  });

  test('are not repeated where they hold settings', async () => {
    const { read } = await besideSecret({
      'requirements.txt': '-r .env\n',
      '.env': 'KEY = planted',
    });
    const found = await read();
    expect(found).toMatchObject({ finding: { code: 'bad_requirement' } });
    expect(JSON.stringify(found)).not.toContain('planted');
  });

  test('are read once each, however often they are included', async () => {
    const names = Array.from({ length: 30 }, (_, index) => `r${index}.txt`);
    const chain = names.map((name, index) => [name, `-r r${index + 1}.txt\n`.repeat(2)]);
    const { read } = await besideSecret({
      'requirements.txt': '-r r0.txt\n',
      ...Object.fromEntries(chain),
      'r30.txt': 'httpx\n',
    });
    expect(await read()).toMatchObject({ requirements: { lines: ['httpx'] } });
  });
});

test('a list of requirements holds no options for pip', async () => {
  const { read } = await requirementsOf({
    'pyproject.toml': '[project]\ndependencies = ["--index-url=https://example.com/"]\n',
  });
  expect(read).toMatchObject({ type: 'unusable', finding: { code: 'bad_requirement' } });
});

test('text that is made to be slow to read is not', async () => {
  const spaces = ' '.repeat(300_000);
  const hostile = [
    { 'requirements.txt': `a${spaces}@` },
    { 'requirements.txt': `a ${spaces} --hash` },
    { 'requirements.txt': 'httpx\n'.repeat(100_000) },
    { 'pyproject.toml': `[${spaces}x` },
    { 'pyproject.toml': `[project]\ndependencies = [${'"httpx",\n'.repeat(100_000)}]` },
    { 'agent.py': '\n'.repeat(1_000_000) },
  ];
  for (const files of hostile) expect((await requirementsOf(files)).read).toHaveProperty('type');
});
