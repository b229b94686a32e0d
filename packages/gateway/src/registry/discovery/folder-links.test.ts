import { rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { discoverAt, idsOf, toldOf } from '../../../test/support/discover-in.ts';
import { tempFolder } from '../../../test/support/temp-folder.ts';

/** A project with one good agent and these links (path → target) below `agents`. */
async function withLinks(links: Readonly<Record<string, string>>): Promise<string> {
  const projectRoot = await tempFolder({
    'agents/Good/agent.ts': '',
    'agents/labs/Planner/agent.ts': '',
    'elsewhere/Far/agent.ts': '',
    'elsewhere/readme.md': '',
  });
  for (const [path, target] of Object.entries(links)) {
    await symlink(target, join(projectRoot, 'agents', path));
  }
  return projectRoot;
}

const good = ['default/good', 'labs/planner'];

describe('a link to a folder', () => {
  test('to nowhere or to itself is told, and hurts no other agent', async () => {
    const projectRoot = await withLinks({ Gone: '../nowhere', Loop: 'Loop', 'labs/Lost': 'x' });
    const found = await discoverAt(projectRoot);
    expect(idsOf(found)).toEqual(good);
    expect(toldOf(found)).toEqual([
      'broken_link error agents/Gone',
      'broken_link error agents/labs/Lost',
      'link_loop error agents/Loop',
    ]);
    expect(found.findings.map(({ finding }) => finding.message).sort()).toEqual([
      'agents/Gone is a link to something that does not exist.',
      'agents/Loop is a link that leads back to itself.',
      'agents/labs/Lost is a link to something that does not exist.',
    ]);
  });

  test('to a folder that it lies in is not followed', async () => {
    const found = await discoverAt(
      await withLinks({ Up: '..', Here: '.', 'labs/Back': '../labs' }),
    );
    expect(idsOf(found)).toEqual(good);
    expect(toldOf(found)).toEqual([
      'link_loop warning agents/Here',
      'link_loop warning agents/Up',
      'link_loop warning agents/labs/Back',
    ]);
  });

  test('that leaves the root is told of where it leads to an agent', async () => {
    const found = await discoverAt(
      await withLinks({ Far: '../elsewhere/Far', lib: '../elsewhere' }),
    );
    expect(idsOf(found)).toEqual(good);
    expect(found.findings.map(({ finding }) => finding)).toMatchObject([
      {
        code: 'link_leaves_root',
        message: 'agents/Far is a link to an agent outside agents, and is not followed.',
        hint: 'Copy or move Far here, or add the folder that holds it to GATEWAY_AGENTS_DIR.',
      },
    ]);
  });

  test('to a file, or named like one, is nothing to tell', async () => {
    const links = { 'notes.md': '../elsewhere/readme.md', Notes: '../elsewhere/readme.md' };
    const found = await discoverAt(await withLinks({ ...links, 'old.txt': '../nowhere' }));
    expect({ ids: idsOf(found), told: toldOf(found) }).toEqual({ ids: good, told: [] });
  });

  test('keeps what served through it while it leads nowhere', async () => {
    const projectRoot = await withLinks({ Same: 'Good' });
    const serving = {
      'default/same': 'agents/Same/agent.ts',
      'default/good': 'agents/Good/agent.ts',
    };
    expect(idsOf(await discoverAt(projectRoot))).toEqual(['default/good', 'default/same', good[1]]);
    await rm(join(projectRoot, 'agents/Good'), { recursive: true });
    const found = await discoverAt(projectRoot, { serving });
    expect(idsOf(found)).toEqual(['default/same', 'labs/planner']);
    expect(found.modules.find(({ agentId }) => agentId === 'default/same')).toEqual({
      agentId: 'default/same',
      modulePath: 'agents/Same/agent.ts',
      entry: join(projectRoot, 'agents/Same/agent.ts'),
      folder: join(projectRoot, 'agents/Same'),
      name: 'Same',
      language: 'node',
    });
  });
});

describe('a link that is the agent file', () => {
  test('is served where it leads to a file', async () => {
    const projectRoot = await tempFolder({ 'agents/A/real.ts': '', 'agents/B/agent.ts': '' });
    await symlink('real.ts', join(projectRoot, 'agents/A/agent.ts'));
    expect(idsOf(await discoverAt(projectRoot))).toEqual(['default/a', 'default/b']);
  });

  test.each([
    ['nowhere.ts', 'broken_link'],
    ['agent.ts', 'link_loop'],
    ['../B', 'agent_file_not_file'],
  ])('and leads to %s is told: %s', async (target, code) => {
    const projectRoot = await tempFolder({ 'agents/A/x.md': '', 'agents/B/agent.ts': '' });
    await symlink(target, join(projectRoot, 'agents/A/agent.ts'));
    const found = await discoverAt(projectRoot);
    expect(idsOf(found)).toEqual(['default/b']);
    expect(found.findings).toMatchObject([
      {
        agentId: 'default/a',
        modulePath: 'agents/A',
        finding: { code, severity: 'error', file: join(projectRoot, 'agents/A/agent.ts') },
      },
    ]);
  });
});
