import { otelVariables } from './tracing/otel-variables.ts';

/** How the text of a variable becomes a value. */
type Form = 'text' | 'number' | 'flag' | 'folders' | 'names';

/** One environment variable, for the loader and for the documentation. */
export type EnvironmentVariable = {
  readonly name: string;
  /** Path of the setting it sets (`server.port`); null where only the environment has it. */
  readonly setting: string | null;
  readonly form: Form;
  readonly description: string;
  /** True where `gateway.yaml` wins over the variable; else the variable wins. */
  readonly yieldsToFile?: true;
  /** Key in the settings that only the environment has. */
  readonly key?: string;
};

/** Every variable the gateway reads. Those without `setting` and `key` are read where their line says. */
export const environmentVariables: readonly EnvironmentVariable[] = [
  {
    name: 'GATEWAY_CONFIG',
    setting: null,
    form: 'text',
    description: 'Settings file; `gateway.yaml` in the project root without it.',
  },
  {
    name: 'GATEWAY_HOST',
    setting: 'server.host',
    form: 'text',
    description: 'Address the gateway listens on.',
  },
  {
    name: 'GATEWAY_PORT',
    setting: 'server.port',
    form: 'number',
    description: 'Port the gateway listens on; 0 takes any free one.',
  },
  {
    name: 'GATEWAY_AGENTS_DIR',
    setting: 'agents_dir',
    form: 'folders',
    description: 'Folders whose sub-folders are agents, separated as in PATH.',
  },
  {
    name: 'GATEWAY_AGENT_EXPORTS',
    setting: 'agent_exports',
    form: 'names',
    description: 'Names of exports that are taken for the agent first, separated by commas.',
  },
  {
    name: 'GATEWAY_AGENT_WATCH',
    setting: null,
    key: 'agent_watch',
    form: 'flag',
    description:
      '1 or 0: whether changed agents load by themselves. Without it the command decides.',
  },
  {
    name: 'GATEWAY_DEFAULT_MODEL',
    setting: 'defaults.model',
    form: 'text',
    yieldsToFile: true,
    description: 'Model of agents that name none.',
  },
  {
    name: 'GATEWAY_DEFAULT_UPSTREAM',
    setting: 'defaults.upstream',
    form: 'text',
    yieldsToFile: true,
    description: 'Upstream of agents that name none.',
  },
  {
    name: 'GATEWAY_DEFAULT_NAMESPACE',
    setting: 'defaults.namespace',
    form: 'text',
    description: 'Namespace of agents that lie directly in a root.',
  },
  {
    name: 'GATEWAY_UPSTREAM_API',
    setting: null,
    key: 'upstream_api',
    form: 'text',
    description: '`responses` or `chat_completions`: the API behind OPENAI_BASE_URL.',
  },
  {
    name: 'GATEWAY_STORE_URL',
    setting: 'store_url',
    form: 'text',
    description:
      'Where keys, overrides, decisions and budgets are kept: `sqlite:<file>` or `postgres://…`.',
  },
  {
    name: 'GATEWAY_BOOTSTRAP_KEY_FILE',
    setting: null,
    key: 'bootstrap_key_file',
    form: 'text',
    description:
      'File with an admin key for `start`; a fresh one is written there while no key exists at all.',
  },
  {
    name: 'GATEWAY_PYTHON',
    setting: null,
    key: 'python',
    form: 'text',
    description:
      'Python (3.10 or newer) for agents in Python without an environment of their own; the shared environment or `python3` without it.',
  },
  {
    name: 'GATEWAY_LOG_LEVEL',
    setting: 'log.level',
    form: 'text',
    description: 'Least severe level that is written.',
  },
  ...otelVariables,
  {
    name: 'OPENAI_API_KEY',
    setting: null,
    key: 'openai_api_key',
    form: 'text',
    description: 'Key of the upstream `openai`, which exists when no `upstreams` are set.',
  },
  {
    name: 'OPENAI_BASE_URL',
    setting: null,
    key: 'openai_base_url',
    form: 'text',
    description: 'Address of the upstream `openai`; https://api.openai.com/v1 without it.',
  },
];

/** Environment variables by name; one that is absent is undefined. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A value taken from the environment, and the variable it came from. */
export type VariableValue = { readonly variable: EnvironmentVariable; readonly value: unknown };

/** Values of the variables that are set. An empty one counts as not set. What does not fit its form stays text. */
export function readVariables(env: Environment, pathDelimiter: string): readonly VariableValue[] {
  return environmentVariables.flatMap((variable) => {
    const text = env[variable.name]?.trim();
    return text ? [{ variable, value: parsers[variable.form](text, pathDelimiter) }] : [];
  });
}

const parsers: Readonly<Record<Form, (text: string, pathDelimiter: string) => unknown>> = {
  text: (text) => text,
  number: (text) => (/^\d+$/.test(text) ? Number(text) : text),
  flag: (text) => flags.get(text.toLowerCase()) ?? text,
  folders: (text, pathDelimiter) => split(text, pathDelimiter),
  names: (text) => split(text, ','),
};

const flags: ReadonlyMap<string, boolean> = new Map([
  ['1', true],
  ['true', true],
  ['0', false],
  ['false', false],
]);

function split(text: string, separator: string): string[] {
  return text
    .split(separator)
    .map((part) => part.trim())
    .filter((part) => part !== '');
}
