import { join } from 'node:path';
import type { Finding } from '../protocol/diagnostics.ts';
import type { Config } from './config.ts';
import { ConfigError, type ConfigProblem } from './config-error.ts';
import { envFilesOf } from './env-files.ts';

/** The settings while the gateway runs: what agents depend on follows the files, the rest waits for a restart. */
export type LiveConfig = {
  readonly current: () => Config;
  /** Files whose change is a reason to read the settings again, those of secrets and of keys of issuers among them. Absolute. */
  readonly files: () => readonly string[];
  /** Path that findings about the settings are reported under. */
  readonly path: string;
  /** Reads the settings again. With an error among the findings the old ones stay, all of them, as they do where the file was emptied. */
  readonly reload: () => Promise<readonly Finding[]>;
};

/** What a running gateway cannot change, and the setting that names it. */
const fixed = {
  server: 'server',
  worker: 'worker',
  storeUrl: 'store_url',
  agentRoots: 'agents_dir',
  namespace: 'defaults.namespace',
  log: 'log',
  tracing: 'OTEL_*',
  watch: 'GATEWAY_AGENT_WATCH',
  python: 'GATEWAY_PYTHON',
} as const satisfies Partial<Record<keyof Config, string>>;

const fixedKeys = Object.keys(fixed) as (keyof typeof fixed)[];

/** @param read - Reads the settings anew; throws `ConfigError`. */
export function createLiveConfig(initial: Config, read: () => Promise<Config>): LiveConfig {
  let current = initial;
  const yaml = initial.configFile ?? join(initial.projectRoot, 'gateway.yaml');
  return {
    current: () => current,
    files: () => [yaml, ...envFilesOf(initial.projectRoot), ...filesNamedIn(current)],
    path: 'gateway.yaml',
    async reload() {
      try {
        const next = await read();
        if (next.isConfigBlank && !current.isConfigBlank) return [emptied(yaml)];
        const waiting = fixedKeys.filter(
          (key) => JSON.stringify(next[key]) !== JSON.stringify(current[key]),
        );
        current = { ...next, ...pick(current, fixedKeys) };
        return waiting.map((key) => needsRestart(fixed[key], yaml));
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        return error.problems.map((problem) => toFinding(problem, initial.projectRoot));
      }
    },
  };
}

function filesNamedIn({ givenVariables, issuers }: Config): string[] {
  return [
    ...givenVariables.flatMap(({ from }) => ('file' in from ? [from.file] : [])),
    ...issuers.flatMap(({ keys }) => (keys.type === 'file' ? [keys.file] : [])),
  ];
}

function pick<Key extends keyof Config>(config: Config, keys: readonly Key[]): Pick<Config, Key> {
  return Object.fromEntries(keys.map((key) => [key, config[key]])) as Pick<Config, Key>;
}

function needsRestart(setting: string, file: string): Finding {
  return {
    stage: 'metadata',
    code: 'setting_needs_restart',
    severity: 'warning',
    message: `A change of ${setting} holds after a restart.`,
    file,
    hint: 'Restart the gateway.',
  };
}

/** Many programs empty a file before they write it: rules that deny must not be gone until they have. */
function emptied(file: string): Finding {
  return {
    stage: 'metadata',
    code: 'bad_setting',
    severity: 'error',
    message: 'The file is empty. The settings before stay.',
    file,
    hint: 'Write settings into it, or a comment where there are to be none.',
  };
}

function toFinding(problem: ConfigProblem, projectRoot: string): Finding {
  const { file, line, column, setting, message } = problem;
  return {
    stage: 'metadata',
    code: 'bad_setting',
    severity: 'error',
    message: `${setting === null ? '' : `${setting}: `}${message} The settings before stay.`,
    ...(file === null ? {} : { file: join(projectRoot, file) }),
    ...(line === null ? {} : { line }),
    ...(column === null ? {} : { column }),
    hint: 'Correct it and save.',
  };
}
