import { chmod, mkdir, readdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { discoverAt, discoverIn, idsOf, toldOf } from '../../../test/support/discover-in.ts';
import { makePipe } from '../../../test/support/make-pipe.ts';
import { tempFolder } from '../../../test/support/temp-folder.ts';

describe('an agent that lies too deep', () => {
  test('is told of, with where to put it', async () => {
    const { projectRoot, findings } = await discoverIn({ 'src/agents/a/b/C/agent.ts': '' });
    expect(findings).toEqual([
      {
        agentId: null,
        modulePath: 'src/agents/a/b/C',
        finding: {
          stage: 'discover',
          code: 'agent_too_deep',
          severity: 'error',
          message:
            'src/agents/a/b/C/agent.ts is not served: an agent lies one folder below src/agents, or two with a namespace.',
          file: join(projectRoot, 'src/agents/a/b/C/agent.ts'),
          hint: 'Move the folder up, to `src/agents/C` or `src/agents/a/C`.',
        },
      },
    ]);
  });

  test('is told of two folders too deep, and no deeper', async () => {
    const found = await discoverIn({
      'src/agents/project/src/agents/Desk/agent.ts': '',
      'src/agents/project/src/agents/Desk/more/Desk/agent.ts': '',
      'src/agents/a/b/c/d/E/agent.ts': '',
    });
    expect(toldOf(found)).toEqual(['agent_too_deep error src/agents/project/src/agents/Desk']);
  });

  test('is not looked for behind links', async () => {
    const projectRoot = await tempFolder({ 'agents/a/b/x.md': '', 'agents/labs/One/agent.ts': '' });
    await symlink('../../labs', join(projectRoot, 'agents/a/b/again'));
    expect(toldOf(await discoverAt(projectRoot))).toEqual([]);
  });
});

describe('what cannot be used as an agent file', () => {
  test('is a folder of that name', async () => {
    const found = await discoverIn({
      'agents/A/agent.ts/agent.ts': '',
      'agents/B/agent.ts': '',
    });
    expect(idsOf(found)).toEqual(['default/b']);
    expect(found.findings).toMatchObject([
      {
        agentId: 'default/a',
        modulePath: 'agents/A',
        finding: {
          code: 'agent_file_not_file',
          message: 'agents/A/agent.ts is a folder, not a file.',
          hint: 'Put a file in its place.',
        },
      },
    ]);
  });

  test('is a pipe, which is never waited for', async () => {
    const projectRoot = await tempFolder({ 'agents/A/x.md': '', 'agents/B/agent.ts': '' });
    for (const path of ['A/agent.ts', 'A/index.ts', 'loose.ts']) {
      makePipe(join(projectRoot, 'agents', path));
    }
    const found = await discoverAt(projectRoot);
    expect(idsOf(found)).toEqual(['default/b']);
    expect(found.findings.map(({ finding }) => finding.message)).toEqual([
      'agents/A/agent.ts is a pipe, socket or device, not a file.',
    ]);
  });

  test('does not matter beside one that can', async () => {
    const projectRoot = await tempFolder({ 'agents/A/agent.ts': '' });
    await mkdir(join(projectRoot, 'agents/A/agent.py'));
    const found = await discoverAt(projectRoot);
    expect({ ids: idsOf(found), told: toldOf(found) }).toEqual({ ids: ['default/a'], told: [] });
  });

  test('keeps what served there', async () => {
    const serving = { 'default/a': 'agents/A/agent.ts', 'default/gone': 'agents/Gone/agent.ts' };
    const found = await discoverIn({ 'agents/A/agent.ts/x.md': '' }, { serving });
    expect(idsOf(found)).toEqual(['default/a']);
    expect(toldOf(found)).toEqual(['agent_file_not_file error agents/A']);
  });
});

describe('a folder without permission', () => {
  test('is told of, keeps what served in it, and hurts no other', async ({ skip }) => {
    const projectRoot = await tempFolder({
      'agents/A/agent.ts': '',
      'agents/labs/B/agent.ts': '',
      'agents/C/agent.ts': '',
    });
    if (!(await forbid(join(projectRoot, 'agents/A')))) skip('This user may read everything.');
    await forbid(join(projectRoot, 'agents/labs'));
    const found = await discoverAt(projectRoot);
    expect(idsOf(found)).toEqual(['default/c']);
    expect(toldOf(found)).toEqual([
      'folder_unreadable error agents/A',
      'folder_unreadable error agents/labs',
    ]);
    const serving = { 'default/a': 'agents/A/agent.ts', 'labs/b': 'agents/labs/B/agent.ts' };
    expect(idsOf(await discoverAt(projectRoot, { serving }))).toEqual([
      'default/a',
      'default/c',
      'labs/b',
    ]);
  });

  test('as a root hurts no other root', async ({ skip }) => {
    const projectRoot = await tempFolder({
      'src/agents/A/agent.ts': '',
      'agents/B/agent.ts': '',
    });
    if (!(await forbid(join(projectRoot, 'agents')))) skip('This user may read everything.');
    const serving = { 'default/b': 'agents/B/agent.ts' };
    const found = await discoverAt(projectRoot, { serving });
    expect(idsOf(found)).toEqual(['default/a', 'default/b']);
    expect(toldOf(found)).toEqual(['folder_unreadable error agents']);
  });
});

describe('a root', () => {
  test('that is a file is told of, and the others are read', async () => {
    const found = await discoverIn({ agents: 'not a folder', 'src/agents/A/agent.ts': '' });
    expect(idsOf(found)).toEqual(['default/a']);
    expect(found.findings).toMatchObject([
      {
        agentId: null,
        modulePath: 'agents',
        finding: {
          code: 'root_not_folder',
          message: 'agents is a file, but agents are folders below a folder of that name.',
        },
      },
    ]);
  });

  test('that is a link to nowhere or to itself is told of', async () => {
    const projectRoot = await tempFolder();
    await symlink('nowhere', join(projectRoot, 'one'));
    await symlink('two', join(projectRoot, 'two'));
    const found = await discoverAt(projectRoot, { roots: ['one', 'two', 'three'] });
    expect(toldOf(found)).toEqual([
      'broken_link error one',
      'link_loop error two',
      'root_missing error three',
    ]);
  });

  test('that was named and does not exist is told of, with what to do', async () => {
    const files = { 'agents/A/agent.ts': '' };
    const found = await discoverIn(files, { roots: ['agents', 'team/agents'] });
    expect(idsOf(found)).toEqual(['default/a']);
    expect(found.findings).toMatchObject([
      {
        agentId: null,
        modulePath: 'team/agents',
        finding: {
          message: 'Agents are looked for in team/agents, which does not exist.',
          hint: 'Make the folder, or name another one in GATEWAY_AGENTS_DIR (`agents_dir` in gateway.yaml).',
        },
      },
    ]);
    const listed = await discoverIn(files, { roots: ['agents,team'] });
    expect(listed.findings[0]?.finding.hint).toBe(
      'Put ":" between the folders in GATEWAY_AGENTS_DIR.',
    );
  });

  test('that every project may have need not exist', async () => {
    expect((await discoverIn({}, { roots: ['src/agents', 'agents'] })).findings).toEqual([]);
  });

  test('that is another one, written twice or linked, counts once', async () => {
    const projectRoot = await tempFolder({ 'src/agents/A/agent.ts': '' });
    await symlink('src/agents', join(projectRoot, 'agents'));
    const found = await discoverAt(projectRoot, { roots: ['src/agents', 'agents', 'src/agents'] });
    expect(found.modules.map(({ modulePath }) => modulePath)).toEqual(['src/agents/A/agent.ts']);
    expect(found.findings).toEqual([]);
  });

  test.each([[['agents', 'agents/labs']], [['agents/labs', 'agents']]])(
    'that lies within another has its agents to itself: %j',
    async (roots) => {
      const files = { 'agents/A/agent.ts': '', 'agents/labs/Planner/agent.ts': '' };
      const found = await discoverIn(files, { roots });
      expect(idsOf(found)).toEqual(['default/a', 'default/planner']);
      expect(found.findings).toEqual([]);
    },
  );

  test('that is an agent of another root leaves it to that', async () => {
    const files = { 'agents/A/agent.ts': '', 'agents/A/lib/B/agent.ts': '' };
    const found = await discoverIn(files, { roots: ['agents', 'agents/A'] });
    expect(idsOf(found)).toEqual(['default/a', 'lib/b']);
    expect(found.findings).toEqual([]);
  });
});

/** Takes all permissions from a folder until the test is over; false where that does not stop this user. */
async function forbid(folder: string): Promise<boolean> {
  await chmod(folder, 0);
  onTestFinished(() => chmod(folder, 0o700));
  return readdir(folder).then(
    () => false,
    () => true,
  );
}
