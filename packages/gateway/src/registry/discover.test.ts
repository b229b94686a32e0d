import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { tempFolder } from '../../test/support/temp-folder.ts';
import { discover } from './discover.ts';

async function discoverIn(
  files: Record<string, string>,
  options: { serving?: Map<string, string>; roots?: string[] } = {},
) {
  const projectRoot = await tempFolder(files);
  const roots = (options.roots ?? ['src/agents', 'agents']).map((root) => join(projectRoot, root));
  const serving = options.serving ?? new Map();
  const found = await discover({ projectRoot, roots, defaultNamespace: 'default', serving });
  return { projectRoot, ...found };
}

describe('discover', () => {
  test('names a module after its folder, in lower case, in the default namespace', async () => {
    const { projectRoot, modules } = await discoverIn({ 'src/agents/SampleAgent/agent.ts': '' });
    expect(modules).toEqual([
      {
        agentId: 'default/sampleagent',
        modulePath: 'src/agents/SampleAgent/agent.ts',
        entry: join(projectRoot, 'src/agents/SampleAgent/agent.ts'),
        folder: join(projectRoot, 'src/agents/SampleAgent'),
        name: 'SampleAgent',
        language: 'node',
      },
    ]);
  });

  test('takes the namespace from the folder in between', async () => {
    const { modules } = await discoverIn({ 'src/agents/labs/Planner/agent.py': '' });
    expect(modules.map(({ agentId, language }) => [agentId, language])).toEqual([
      ['labs/planner', 'python'],
    ]);
  });

  test.each(['ts', 'mts', 'tsx', 'js', 'mjs', 'cjs', 'py'])('knows agent.%s', async (ending) => {
    const { modules } = await discoverIn({ [`src/agents/A/agent.${ending}`]: '' });
    expect(modules).toHaveLength(1);
  });

  test('reads every root in turn', async () => {
    const { modules } = await discoverIn({
      'agents/Second/agent.ts': '',
      'src/agents/First/agent.ts': '',
    });
    expect(modules.map(({ agentId }) => agentId)).toEqual(['default/first', 'default/second']);
  });

  test('finds nothing where no root exists', async () => {
    const { modules, findings } = await discoverIn({});
    expect({ modules, findings }).toEqual({ modules: [], findings: [] });
  });

  test('walks into no hidden, private or dependency folder', async () => {
    const { modules } = await discoverIn({
      'src/agents/.git/agent.ts': '',
      'src/agents/_drafts/agent.ts': '',
      'src/agents/node_modules/pkg/agent.ts': '',
      'src/agents/__pycache__/agent.py': '',
      'src/agents/.venv/agent.py': '',
    });
    expect(modules).toEqual([]);
  });

  test('does not look for agents inside an agent', async () => {
    const { modules } = await discoverIn({
      'src/agents/A/agent.ts': '',
      'src/agents/A/helpers/agent.ts': '',
    });
    expect(modules.map(({ agentId }) => agentId)).toEqual(['default/a']);
  });

  test('follows links that stay inside the root and no others', async () => {
    const projectRoot = await tempFolder({
      'src/agents/Real/agent.ts': '',
      'elsewhere/agent.ts': '',
    });
    const root = join(projectRoot, 'src/agents');
    await symlink(join(projectRoot, 'elsewhere'), join(root, 'Outside'));
    await symlink(join(root, 'Real'), join(root, 'Inside'));
    const { modules } = await discover({
      projectRoot,
      roots: [root],
      defaultNamespace: 'default',
      serving: new Map(),
    });
    expect(modules.map(({ agentId }) => agentId)).toEqual(['default/inside', 'default/real']);
  });

  test('refuses a folder with two agent files, naming both', async () => {
    const { modules, findings } = await discoverIn({
      'src/agents/Twin/agent.ts': '',
      'src/agents/Twin/agent.py': '',
    });
    expect(modules).toEqual([]);
    expect(findings[0]?.finding).toMatchObject({
      stage: 'discover',
      code: 'two_agent_files',
      message: 'The folder Twin holds agent.py and agent.ts; one module has one of them.',
    });
  });

  test('refuses a folder name that cannot be a model id', async () => {
    const { modules, findings } = await discoverIn({ 'src/agents/My Agent/agent.ts': '' });
    expect(modules).toEqual([]);
    expect(findings[0]?.finding.code).toBe('bad_folder_name');
  });

  test('serves neither of two newcomers with one id', async () => {
    const { modules, findings } = await discoverIn({
      'src/agents/Twin/agent.ts': '',
      'agents/twin/agent.ts': '',
    });
    expect(modules).toEqual([]);
    expect(findings.map(({ finding }) => finding.message)).toEqual([
      'src/agents/Twin/agent.ts and agents/twin/agent.ts both want the model id default/twin; neither is served.',
      'src/agents/Twin/agent.ts and agents/twin/agent.ts both want the model id default/twin; neither is served.',
    ]);
  });

  test('keeps the one that already serves when a newcomer wants its id', async () => {
    const { modules, findings } = await discoverIn(
      { 'src/agents/Twin/agent.ts': '', 'agents/twin/agent.ts': '' },
      { serving: new Map([['default/twin', 'agents/twin/agent.ts']]) },
    );
    expect(modules.map(({ modulePath }) => modulePath)).toEqual(['agents/twin/agent.ts']);
    expect(findings.map(({ modulePath }) => modulePath)).toEqual(['src/agents/Twin/agent.ts']);
  });

  test('is not confused by an empty folder', async () => {
    const projectRoot = await tempFolder();
    await mkdir(join(projectRoot, 'src/agents/Empty'), { recursive: true });
    const roots = [join(projectRoot, 'src/agents')];
    const options = { projectRoot, roots, defaultNamespace: 'default', serving: new Map() };
    expect(await discover(options)).toEqual({ modules: [], findings: [] });
  });
});
