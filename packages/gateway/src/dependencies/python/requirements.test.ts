import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { tempFolder } from '../../../test/support/temp-folder.ts';
import { readRequirements } from './requirements.ts';

async function requirementsOf(files: Readonly<Record<string, string>>) {
  const folder = await tempFolder({ 'agent.py': '', ...files });
  const read = await readRequirements({ folder, entry: join(folder, 'agent.py') });
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
