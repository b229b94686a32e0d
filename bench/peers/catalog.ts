import { randomBytes } from 'node:crypto';
import {
  adkWire,
  agnoWire,
  chatWire,
  eveWire,
  mastraWire,
  voltAgentWire,
  type Wire,
} from './wires.ts';

/** What a peer is started with. */
export type Launch = {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
};

/** Another server that runs agents, or what it is measured beside. */
export type Peer = {
  /** As said on the command line. */
  readonly name: string;
  /** As in tables. */
  readonly title: string;
  readonly language: 'JavaScript' | 'Python';
  /** Folder here and in the cache; `null` for what belongs to this repository. */
  readonly folder: string | null;
  /** Packages whose versions are told. */
  readonly packages: readonly string[];
  readonly wire: Wire;
  /** It only passes one call of a model on: its runs are not those of an agent. */
  readonly isModelProxy?: boolean;
  readonly launch?: (where: { readonly folder: string; readonly port: number }) => Launch;
};

const node = (script: string, env: Readonly<Record<string, string>> = {}) => ({
  command: process.execPath,
  args: [script],
  env: { NODE_ENV: 'production', ...env },
});
const adkJs = (port: number, connector: string) => ({
  command: process.execPath,
  args: `node_modules/@google/adk-devtools/dist/esm/cli_entrypoint.js api_server --host 127.0.0.1 --port ${port} --log_level error agents`.split(
    ' ',
  ),
  env: { NODE_ENV: 'production', CONNECTOR: connector },
});
const python = (folder: string, ...args: string[]) => ({
  command: `${folder}/.venv/bin/python`,
  args,
});

/** It does not start without one, nor with one that looks weak. Of this run only. */
const litellmKey = `sk-${randomBytes(32).toString('hex')}`;

/** In the order in which they are visited. */
export const peers: readonly Peer[] = [
  {
    name: 'limit',
    title: 'bare `node:http` server (the limit)',
    language: 'JavaScript',
    folder: null,
    packages: ['@openai/agents'],
    wire: chatWire(),
  },
  {
    name: 'dropgate',
    title: 'Dropgate',
    language: 'JavaScript',
    folder: null,
    packages: ['@openai/agents'],
    wire: chatWire('default/'),
  },
  {
    name: 'adk-js',
    title: 'ADK for JavaScript, own connector over `fetch`',
    language: 'JavaScript',
    folder: 'adk-js',
    packages: ['@google/adk', '@google/adk-devtools'],
    wire: adkWire,
    launch: ({ port }) => adkJs(port, 'fetch'),
  },
  {
    name: 'adk-js-openai',
    title: 'ADK for JavaScript, own connector with the `openai` client',
    language: 'JavaScript',
    folder: 'adk-js',
    packages: ['@google/adk', '@google/adk-devtools', 'openai'],
    wire: adkWire,
    launch: ({ port }) => adkJs(port, 'openai'),
  },
  {
    name: 'voltagent',
    title: 'VoltAgent',
    language: 'JavaScript',
    folder: 'voltagent',
    packages: ['@voltagent/core', '@voltagent/server-hono', 'ai'],
    wire: voltAgentWire,
    launch: ({ port }) => node('server.mjs', { PORT: `${port}` }),
  },
  {
    name: 'mastra',
    title: 'Mastra, its server for Hono',
    language: 'JavaScript',
    folder: 'mastra',
    packages: ['@mastra/core', '@mastra/hono'],
    wire: mastraWire,
    launch: ({ port }) => node('server.mjs', { PORT: `${port}`, MASTRA_TELEMETRY_DISABLED: '1' }),
  },
  {
    name: 'limit-python',
    title: 'bare Starlette server (the limit)',
    language: 'Python',
    folder: 'bare-python',
    packages: ['openai-agents', 'starlette', 'uvicorn'],
    wire: chatWire(),
  },
  {
    name: 'dropgate-python',
    title: 'Dropgate, agents in Python',
    language: 'Python',
    folder: 'bare-python',
    packages: ['openai-agents'],
    wire: chatWire('default/'),
  },
  {
    name: 'litellm',
    title: 'LiteLLM proxy (passes one call on, runs no agent)',
    language: 'Python',
    folder: 'litellm',
    packages: ['litellm'],
    wire: chatWire('', { authorization: `Bearer ${litellmKey}` }),
    isModelProxy: true,
    launch: ({ folder, port }) => ({
      command: `${folder}/.venv/bin/litellm`,
      args: ['--config', 'config.yaml', '--host', '127.0.0.1', '--port', `${port}`],
      env: { LITELLM_MASTER_KEY: litellmKey },
    }),
  },
  {
    name: 'adk-python',
    title: 'ADK for Python, `adk api_server`, LiteLlm',
    language: 'Python',
    folder: 'adk-python',
    packages: ['google-adk', 'litellm'],
    wire: adkWire,
    launch: ({ folder, port }) => ({
      command: `${folder}/.venv/bin/adk`,
      args: `api_server --host 127.0.0.1 --port ${port} --log_level ERROR --session_service_uri memory:// agents`.split(
        ' ',
      ),
    }),
  },
  {
    name: 'agno',
    title: 'Agno AgentOS',
    language: 'Python',
    folder: 'agno',
    packages: ['agno', 'openai', 'fastapi'],
    wire: agnoWire,
    launch: ({ folder, port }) => python(folder, 'server.py', `${port}`),
  },
  {
    name: 'hayhooks',
    title: 'Hayhooks',
    language: 'Python',
    folder: 'hayhooks',
    packages: ['hayhooks', 'haystack-ai'],
    wire: chatWire(),
    launch: ({ folder, port }) => ({
      command: `${folder}/.venv/bin/hayhooks`,
      args: `run --host 127.0.0.1 --port ${port} --pipelines-dir pipelines`.split(' '),
    }),
  },
  {
    name: 'eve',
    title: 'eve, two applications, events read until the turn ends',
    language: 'JavaScript',
    folder: 'eve',
    packages: ['eve', 'ai'],
    wire: eveWire,
    launch: ({ port }) => node('server.mjs', { PORT: `${port}` }),
  },
];
