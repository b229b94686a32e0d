import { delimiter, resolve } from 'node:path';
import type { ZodType } from 'zod';
import { allowedValues } from './allowed-values.ts';
import type { Command, Config } from './config.ts';
import { ConfigError, type ConfigProblem } from './config-error.ts';
import {
  wrongAgentVariables,
  wrongReferences,
  wrongRules,
  wrongSandboxPaths,
  wrongWorkerUser,
} from './cross-checks.ts';
import { readEnvFiles } from './env-files.ts';
import { type Environment, readVariables, type VariableValue } from './environment.ts';
import { missingApiKeys, nearMisses, readableSecrets } from './notices.ts';
import { type Origin, toProblems } from './problems.ts';
import {
  type EnvironmentSettings,
  environmentSchema,
  type Settings,
  settingsSchema,
} from './schema.ts';
import { readSettingsFile, type SettingsFile } from './settings-file.ts';
import { toConfig } from './to-config.ts';

/**
 * Reads all settings of a project: the environment, `.dropgate/upstream.env` and `.env` in the project root below it,
 * then `gateway.yaml` (or the file that GATEWAY_CONFIG names), then the defaults; the first that has a setting wins.
 * Only a default model and a default upstream of the file win over the environment's. Reads files, changes nothing.
 *
 * @param options.env - The real environment, such as `process.env`.
 * @throws ConfigError with every wrong setting, its place and what is allowed.
 */
export function loadConfig(options: {
  readonly projectRoot: string;
  readonly env: Environment;
  readonly command: Command;
}): Config {
  const projectRoot = resolve(options.projectRoot);
  const files = readEnvFiles(projectRoot);
  const environment = { ...files.values, ...options.env };
  const named = environment.GATEWAY_CONFIG?.trim();
  const fileName = named || 'gateway.yaml';
  const configFile = resolve(projectRoot, fileName);
  const file = readSettingsFile(configFile, fileName);
  if (named && !file) throw new ConfigError([missingFile(fileName)]);
  const variables = readVariables(environment, delimiter);
  const raw = merge(file?.content ?? {}, variables);
  const origin: Origin = {
    file,
    fileName,
    variables: raw.variables,
    allowed: allowedValues(settingsSchema),
  };
  const settings = check<Settings>(settingsSchema, raw.settings, origin);
  const environmentOnly = checkEnvironment(variables);
  const problems = [...settings.problems, ...environmentOnly.problems];
  if (settings.value && environmentOnly.value) {
    problems.push(...wrongReferences(settings.value, environmentOnly.value, origin));
    problems.push(...wrongAgentVariables(settings.value, origin));
    problems.push(...wrongRules(settings.value, origin));
    problems.push(...wrongSandboxPaths(settings.value, projectRoot, origin));
    problems.push(...wrongWorkerUser(settings.value.worker, { ...options, projectRoot }, origin));
  }
  if (!settings.value || !environmentOnly.value || problems.length > 0)
    throw new ConfigError(problems);
  const config = toConfig({
    projectRoot,
    configFile: file ? configFile : null,
    command: options.command,
    settings: settings.value,
    environmentOnly: environmentOnly.value,
    environment,
    sourceOf: (path) => (raw.variables.has(path) ? 'environment' : 'config'),
    notices: [
      ...files.notices,
      ...nearMisses(environment, projectRoot),
      ...readableSecrets(settings.value.worker, projectRoot),
      ...missingApiKeys(settings.value, environment),
    ],
  });
  return { ...config, isConfigBlank: file?.isBlank === true };
}

/** `loadConfig` with the environment of this process: the one place on the gateway's side that reads it. */
export function loadProcessConfig(options: {
  readonly projectRoot: string;
  readonly command: Command;
}): Config {
  return loadConfig({ ...options, env: process.env });
}

function missingFile(fileName: string): ConfigProblem {
  const message = `There is no file ${fileName}. Create it, or unset the variable.`;
  return { file: null, line: null, column: null, setting: 'GATEWAY_CONFIG', message };
}

type Merged = {
  readonly settings: Record<string, unknown>;
  /** Variables that won, by the setting they set. */
  readonly variables: ReadonlyMap<string, string>;
};

function merge(content: SettingsFile['content'], values: readonly VariableValue[]): Merged {
  const settings: Record<string, unknown> = structuredClone(content);
  const variables = new Map<string, string>();
  for (const { variable, value } of values) {
    if (variable.setting === null) continue;
    const [section = '', key] = variable.setting.split('.');
    const holder = key === undefined ? settings : (settings[section] ?? {});
    // Something else than a mapping is left for the schema to refuse, at its place in the file.
    if (typeof holder !== 'object' || Array.isArray(holder)) continue;
    const target = holder as Record<string, unknown>;
    const name = key ?? section;
    if (variable.yieldsToFile && target[name] !== undefined) continue;
    target[name] = value;
    if (key !== undefined) settings[section] = target;
    variables.set(variable.setting, variable.name);
  }
  return { settings, variables };
}

type Checked<T> = { readonly value: T | null; readonly problems: ConfigProblem[] };

function check<T>(schema: ZodType<T>, raw: unknown, origin: Origin): Checked<T> {
  const result = schema.safeParse(raw);
  return result.success
    ? { value: result.data, problems: [] }
    : { value: null, problems: toProblems(result.error.issues, raw, origin) };
}

function checkEnvironment(values: readonly VariableValue[]): Checked<EnvironmentSettings> {
  const keyed = values.flatMap(({ variable, value }) =>
    variable.key === undefined ? [] : [{ key: variable.key, name: variable.name, value }],
  );
  const raw = Object.fromEntries(keyed.map(({ key, value }) => [key, value]));
  return check<EnvironmentSettings>(environmentSchema, raw, {
    file: null,
    fileName: '',
    variables: new Map(keyed.map(({ key, name }) => [key, name])),
    allowed: allowedValues(environmentSchema),
  });
}
