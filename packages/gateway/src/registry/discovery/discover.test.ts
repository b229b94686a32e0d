import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { tempFolder } from '../../../test/support/temp-folder.ts';
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

  test('tells of the folder, and keeps the file that already serves there', async () => {
    const { modules, findings } = await discoverIn(
      { 'src/agents/Twin/agent.ts': '', 'src/agents/Twin/agent.js': '' },
      { serving: new Map([['default/twin', 'src/agents/Twin/agent.ts']]) },
    );
    expect(modules.map(({ modulePath }) => modulePath)).toEqual(['src/agents/Twin/agent.ts']);
    expect(findings).toMatchObject([
      {
        agentId: 'default/twin',
        modulePath: 'src/agents/Twin',
        finding: {
          code: 'two_agent_files',
          message: 'The folder Twin holds agent.js and agent.ts; agent.ts keeps serving.',
        },
      },
    ]);
  });

  test.each([
    ['My Agent', 'My Agent', 'Rename the folder, e.g. to `My-Agent`.'],
    ['Café', 'Café', 'Rename the folder, e.g. to `Cafe`.'],
    ['日本', '日本', 'Rename the folder.'],
    ['\u212Aelvin', '\u212Aelvin', 'Rename the folder, e.g. to `Kelvin`.'],
    ['a\nb', 'a\nb', 'Rename the folder, e.g. to `a-b`.'],
    ['.. x', '.. x', null],
    ['My Labs/Planner', 'My Labs', 'Rename the folder, e.g. to `My-Labs`.'],
  ])('refuses a folder name that cannot be a model id: %j', async (folder, bad, hint) => {
    const { modules, findings } = await discoverIn({
      [`src/agents/${folder}/agent.ts`]: '',
      'src/agents/Good/agent.ts': '',
    });
    expect(modules.map(({ agentId }) => agentId)).toEqual(['default/good']);
    const told = findings.map(({ agentId, modulePath, finding }) => [
      agentId,
      modulePath,
      finding.code,
      finding.hint,
      finding.message,
    ]);
    const message = `The folder name ${bad} cannot be a model id: only letters a to z, digits, ".", "_" and "-" can.`;
    const path = `src/agents/${folder}`;
    expect(told).toEqual(hint ? [[null, path, 'bad_folder_name', hint, message]] : []);
  });

  test('takes dots within a name as they are', async () => {
    const { modules } = await discoverIn({ 'src/agents/v1..2/agent.ts': '' });
    expect(modules.map(({ agentId }) => agentId)).toEqual(['default/v1..2']);
  });

  test('makes one module of a folder, whatever else in it builds agents', async () => {
    const builds = `import { Agent, Runner } from '@openai/agents';\nexport const specialist = new Agent({ name: 'S' });\n`;
    const { modules, findings } = await discoverIn({
      'src/agents/Desk/agent.ts': `export { specialist } from './specialist.ts';\n${builds}`,
      'src/agents/Desk/specialist.ts': builds,
      'src/agents/Desk/specialists/index.ts': builds,
      'src/agents/Desk/helpers.ts': 'export const helper = () => 1;',
    });
    expect(modules.map(({ agentId }) => agentId)).toEqual(['default/desk']);
    expect(findings).toEqual([]);
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
