import * as sdk from '@openai/agents';
import { OpenAI } from 'openai';
import type { ModuleSettings } from '../../src/protocol/records.ts';
import type { RunEvent, RunInput } from '../../src/protocol/run.ts';
import type { ToolVerdicts } from '../../src/protocol/worker/messages.ts';
import type { LoadedModule, RunRequest } from '../../src/worker/loaded-module.ts';
import { createBrokerFetch } from '../../src/worker/models/broker-fetch.ts';
import { createRunModule } from '../../src/worker/run/run-module.ts';
import { createToolCount } from '../../src/worker/tools/tool-count.ts';
import { lineOverHttp } from './line-over-http.ts';
import { sampleManifest } from './manifest.ts';

/** A loaded module around any value, with the SDK copy of the tests. */
export function loadedModule(
  value: unknown,
  changes: { kind?: 'agent' | 'workflow' | 'runnable'; settings?: ModuleSettings } = {},
): LoadedModule {
  return { manifest: sampleManifest(changes), value, sdk };
}

/** A model that calls a test's upstream as a worker does, through the fetch to the broker; its client retries nothing. */
export function modelAt(baseURL: string, api: 'responses' | 'chat_completions' = 'responses') {
  const line = lineOverHttp(baseURL);
  const fetch = createBrokerFetch({ brokerBaseUrl: baseURL, original: globalThis.fetch, line });
  const client = new OpenAI({ baseURL, apiKey: 'worker-token', maxRetries: 0, fetch });
  return api === 'responses'
    ? new sdk.OpenAIResponsesModel(client, 'test')
    : new sdk.OpenAIChatCompletionsModel(client, 'test');
}

/** An input of one user message; `changes` replace what a test is about. */
export function runInput(changes: Partial<RunInput> = {}): RunInput {
  return {
    modelId: 'default/sample',
    items: [{ role: 'user', parts: [{ type: 'text', text: 'Weather in Paris?' }] }],
    settings: {},
    outputFormat: { type: 'text' },
    streamed: false,
    clientTools: false,
    metadata: {},
    ...changes,
  };
}

/** Runs a module to its end and gives its events. */
export async function eventsOf(
  module: LoadedModule,
  {
    verdicts = { otherwise: 'allow', tools: {} },
    ...changes
  }: Partial<Omit<RunRequest, 'verdicts'>> & {
    verdicts?: ToolVerdicts | (() => ToolVerdicts);
  } = {},
): Promise<RunEvent[]> {
  const events: RunEvent[] = [];
  await createRunModule()(module, {
    runId: 'run_1',
    input: runInput(),
    context: {
      request_id: 'req_1',
      run_id: 'run_1',
      key: { id: 'key_1', name: 'alice' },
      metadata: {},
      model_id: 'default/sample',
    },
    maxTurns: null,
    toolCount: createToolCount(),
    verdicts: typeof verdicts === 'function' ? verdicts : () => verdicts,
    signal: new AbortController().signal,
    ask: () => Promise.reject(new Error('Nobody answers.')),
    decided: () => undefined,
    outlives: () => undefined,
    ...changes,
    async send(event) {
      events.push(event);
      await changes.send?.(event);
    },
  });
  return events;
}

/** All text of a run, joined. */
export function textOf(events: readonly RunEvent[]): string {
  return events.map((event) => (event.type === 'text' ? event.delta : '')).join('');
}
