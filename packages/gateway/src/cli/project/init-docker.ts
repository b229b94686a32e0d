import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readOwnPackage } from '../../config/own-package.ts';
import { type CommandContext, exitCodes } from '../command.ts';
import { dockerFile, dockerIgnoreFile } from './docker-files.ts';
import { packageNames } from './package-names.ts';
import { writeNew } from './write-new.ts';

const files = { Dockerfile: dockerFile, '.dockerignore': dockerIgnoreFile };
const next = ['docker build --tag agents .'];

/** `dropgate init --docker`: what makes an image of the project. Overwrites nothing, and writes nothing else. */
export async function initDocker(
  { terminal, projectRoot }: CommandContext,
  options: { readonly json?: true },
): Promise<number> {
  const created: string[] = [];
  const kept: string[] = [];
  for (const [path, text] of Object.entries(files)) {
    ((await writeNew(join(projectRoot, path), text)) ? created : kept).push(path);
  }
  const advice = await advise(projectRoot, kept);
  if (options.json) {
    terminal.json({ created, kept, advice, next });
    return exitCodes.done;
  }
  for (const path of created) terminal.line(`created  ${path}`);
  for (const path of kept) terminal.line(`kept     ${path}`);
  for (const line of advice) terminal.note(`note: ${line}`);
  terminal.line(`\nNext:\n  ${next[0]}\n      make the image; the Dockerfile says how it is run`);
  return exitCodes.done;
}

async function advise(projectRoot: string, kept: readonly string[]): Promise<string[]> {
  const text = await readFile(join(projectRoot, 'package.json'), 'utf8').catch(() => null);
  const names = text === null ? null : packageNames(text);
  const { version } = readOwnPackage();
  const isLocked = existsSync(join(projectRoot, 'package-lock.json'));
  return [
    ...(text === null ? ['There is no package.json, which the image needs: dropgate init'] : []),
    ...(text !== null && names === null ? ['package.json is no JSON object. Correct it.'] : []),
    ...(names && !names.has('dropgate')
      ? [`The image needs dropgate: npm install --save-dev dropgate@${version}`]
      : []),
    ...(names && !isLocked
      ? ['Without a package-lock.json each build may get other versions: npm install']
      : []),
    ...(kept.includes('.dockerignore') ? await adviseIgnored(projectRoot) : []),
  ];
}

async function adviseIgnored(projectRoot: string): Promise<string[]> {
  const text = await readFile(join(projectRoot, '.dockerignore'), 'utf8').catch(() => '');
  const lines = new Set(text.split('\n').map((line) => line.trim()));
  const missing = ['.dropgate', '**/.env', '**/.npmrc'].filter((path) => !lines.has(path));
  return missing.length > 0
    ? [`Add to .dockerignore: ${missing.join(', ')}. They hold secrets.`]
    : [];
}
