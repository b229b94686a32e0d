import { readFile } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { readOwnPackage } from '../../config/own-package.ts';
import { type CommandContext, exitCodes } from '../command.ts';
import { sampleAgentFile, sampleDocumentFile } from './agent-templates.ts';
import { packageNames } from './package-names.ts';
import {
  ignoredPaths,
  type ProjectManifest,
  projectManifest,
  tsConfigFile,
} from './project-files.ts';
import { namedTools, toolTypesFile, toolTypesPath } from './tool-types.ts';
import { writeNew } from './write-new.ts';

const nextSteps = [
  { command: 'dropgate dev', why: 'serve SampleAgent here; nothing has to be installed for it' },
  { command: 'npm install', why: 'let editors know the types, and npm scripts find dropgate' },
  { command: 'dropgate new <Name>', why: 'make an agent of your own' },
];

/** `dropgate init`: makes the folder a project. Overwrites nothing; what it kept is told, with what it lacks. */
export async function init(
  context: CommandContext,
  options: { readonly json?: true },
): Promise<number> {
  const { terminal, projectRoot } = context;
  const config = await context.loadConfig('new');
  const { agentRoots } = config;
  const sample = join(agentRoots[0] ?? projectRoot, 'SampleAgent', 'agent.ts');
  const manifest = projectManifest(readOwnPackage());
  const files = {
    'package.json': `${JSON.stringify({ ...headOf(projectRoot), ...manifest }, null, 2)}\n`,
    'tsconfig.json': tsConfigFile,
    '.gitignore': `${ignoredPaths.join('\n')}\n`,
    [relative(projectRoot, sample)]: sampleAgentFile,
    'docs/sample/packing.md': sampleDocumentFile,
    [toolTypesPath]: toolTypesFile(await namedTools(config)),
  };
  const created: string[] = [];
  const kept: string[] = [];
  for (const [path, text] of Object.entries(files)) {
    ((await writeNew(join(projectRoot, path), text)) ? created : kept).push(path);
  }
  const lacks = kept.includes('package.json') ? await adviseManifest(projectRoot, manifest) : [];
  // Its own packages are not those that editors need: the advice has the command.
  const steps = nextSteps.filter(({ command }) => command !== 'npm install' || lacks.length === 0);
  const advice = [
    ...lacks,
    ...(kept.includes('.gitignore') ? await adviseIgnored(projectRoot) : []),
  ];
  if (options.json) {
    terminal.json({ created, kept, advice, next: steps.map(({ command }) => command) });
    return exitCodes.done;
  }
  for (const path of created) terminal.line(`created  ${path}`);
  for (const path of kept) terminal.line(`kept     ${path}`);
  for (const line of advice) terminal.note(`note: ${line}`);
  terminal.line('\nNext:');
  for (const { command, why } of steps) terminal.line(`  ${command}\n      ${why}`);
  return exitCodes.done;
}

function headOf(projectRoot: string): Readonly<Record<string, unknown>> {
  const name = basename(projectRoot)
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, '-')
    .replace(/^[._-]+/, '');
  return {
    name: name.slice(0, 200) || 'agents',
    private: true,
    type: 'module',
    engines: { node: '>=24' },
  };
}

async function adviseManifest(projectRoot: string, wanted: ProjectManifest): Promise<string[]> {
  const text = await readFile(join(projectRoot, 'package.json'), 'utf8').catch(() => '');
  const has = packageNames(text);
  if (has === null) return ['package.json is no JSON object. Correct it.'];
  const missing = (given: Readonly<Record<string, string>>) =>
    Object.keys(given).filter((name) => !has.has(name));
  const [packages, tools] = [missing(wanted.dependencies), missing(wanted.devDependencies)];
  return [
    ...(packages.length > 0 ? [`Editors need: npm install ${packages.join(' ')}`] : []),
    ...(tools.length > 0 ? [`Editors need: npm install --save-dev ${tools.join(' ')}`] : []),
  ];
}

async function adviseIgnored(projectRoot: string): Promise<string[]> {
  const text = await readFile(join(projectRoot, '.gitignore'), 'utf8').catch(() => '');
  const lines = new Set(text.split('\n').map((line) => line.trim().replace(/^\/|\/$/g, '')));
  const missing = ignoredPaths.filter((path) => !lines.has(path.replace(/\/$/, '')));
  return missing.length > 0
    ? [`Add to .gitignore: ${missing.join(', ')}. They hold secrets or copies.`]
    : [];
}
