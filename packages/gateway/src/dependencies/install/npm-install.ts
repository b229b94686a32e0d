import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Finding } from '../../protocol/diagnostics.ts';
import { findProgram } from '../../system/files.ts';
import type { EnvironmentVariables, InstallDeps } from './install-result.ts';
import { installerVariables } from './installer-variables.ts';
import { findNpm, runNpm } from './npm.ts';
import type { InstallReach } from './npm-sources.ts';
import { readNpmrc, withheldTokens, withoutCredentials } from './npmrc.ts';
import type { Staging } from './staging.ts';

const INSTALL_TIMEOUT_MS = 600_000;

/** From version 12 on npm runs only the scripts it is told to trust. */
const reachFlags: Readonly<Record<InstallReach, readonly string[]>> = {
  plan: ['--package-lock-only', '--ignore-scripts'],
  skip: ['--ignore-scripts'],
  run: ['--ignore-scripts=false', '--dangerously-allow-all-scripts'],
};

/**
 * Runs `npm install` in the copy of a module's folder. Of the module's `.npmrc` it gets the lines that name no program
 * and no file, and while it may run no scripts it has no git: what git fetches is prepared by running it.
 *
 * @returns What of the module's settings was not used.
 * @throws InstallError as `runNpm`.
 */
export async function npmInstall(
  deps: InstallDeps,
  staging: Staging,
  { moduleFolder, reach }: { readonly moduleFolder: string; readonly reach: InstallReach },
): Promise<readonly Finding[]> {
  const npmrc = await readNpmrc(moduleFolder);
  await writeFile(join(staging.folder, '.npmrc'), npmrc.text, { mode: 0o600 });
  const credentials = npmrc.namesRegistry ? 'withheld' : 'given';
  const environment = installerVariables(deps.environment, { installer: 'npm', credentials });
  const npm = await findNpm(environment);
  // With a prefix npm does not look for a workspace that this folder might be part of.
  const here = ['--prefix', staging.folder, '--no-audit', '--no-fund', '--loglevel=error'];
  const settings = npmrc.namesRegistry ? await plainSettings(deps.environment, staging) : [];
  const git = await gitFlags(environment, staging, reach);
  await runNpm(npm, ['install', ...here, ...settings, ...git, ...reachFlags[reach]], {
    folder: staging.folder,
    environment,
    signal: deps.signal,
    timeoutMs: deps.timeoutMs ?? INSTALL_TIMEOUT_MS,
    onStart: staging.recordGroup,
  });
  const withheld = npmrc.namesRegistry ? [withheldTokens(join(moduleFolder, '.npmrc'))] : [];
  return [...npmrc.findings, ...withheld];
}

async function gitFlags(
  { PATH = '' }: EnvironmentVariables,
  staging: Staging,
  reach: InstallReach,
): Promise<readonly string[]> {
  if (reach === 'run') return [`--git=${(await findProgram('git', PATH)) ?? 'git'}`];
  // A program that is not there, for an npm that does not know the other flag.
  return ['--allow-git=none', `--git=${join(staging.folder, '.no-git')}`];
}

/** The operator's own settings without their tokens, in files of the copy. */
async function plainSettings(
  { HOME = '', npm_config_userconfig }: EnvironmentVariables,
  staging: Staging,
): Promise<readonly string[]> {
  const own = npm_config_userconfig ?? join(HOME, '.npmrc');
  const text = await readFile(own, 'utf8').catch(() => '');
  const [user, global] = ['.npmrc-user', '.npmrc-global'].map((name) => join(staging.folder, name));
  await writeFile(user ?? '', withoutCredentials(text), { mode: 0o600 });
  return [`--userconfig=${user}`, `--globalconfig=${global}`];
}
