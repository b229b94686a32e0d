import { setImmediate } from 'node:timers/promises';
import type { ModuleLoad } from '../protocol/records.ts';
import type { ImportCache } from './imports/import-cache.ts';
import type { LoadDeps, Loading } from './load/load-module.ts';
import type { RunModule, SdkCopy } from './loaded-module.ts';

/** The parts of a worker that take time to import. */
export type WorkerParts = {
  readonly beginLoad: (
    load: Parameters<typeof import('./load/load-module.ts').beginLoad>[0],
    deps: LoadDeps,
  ) => Loading;
  readonly needsGatewaySdk: (load: ModuleLoad) => boolean;
  readonly runModule: RunModule;
};

/** What a spare imports ahead of its module. */
export type Preload = {
  readonly parts: () => Promise<WorkerParts>;
  /** Makes ready what a load does the first time at many times the cost. A load waits for its end. */
  readonly practise: () => Promise<void>;
  /** The gateway's copy of the SDK, imported by now or soon; null where it cannot be imported. */
  readonly sdk: () => Promise<SdkCopy | null>;
  /** The same, where its import has begun; a module that does without need not wait for one. */
  readonly sdkIfBegun: () => Promise<SdkCopy | null>;
};

/** Imports each part once, when it is first asked for. */
export function createPreload({ during }: Pick<ImportCache, 'during'>): Preload {
  let parts: Promise<WorkerParts> | null = null;
  let sdk: Promise<SdkCopy | null> | null = null;
  let practice: Promise<void> | null = null;
  return {
    async parts() {
      await practice;
      parts ??= during(importParts);
      return parts;
    },
    practise: () => (practice ??= practise().catch(() => undefined)),
    sdk: () => (sdk ??= during(importSdk)),
    sdkIfBegun: () => sdk ?? Promise.resolve(null),
  };
}

async function practise(): Promise<void> {
  const { readModuleText } = await import('./facts/module-facts.ts');
  readModuleText('agent.ts', warmText).facts().runs.at(0);
  const { practiseLoad } = await import('./practise-load.ts');
  await practiseLoad();
}

/** What most files have. */
const warmText =
  "import { Agent, run } from '@openai/agents';\nexport const agent: Agent = new Agent({ name: 'a' });\nasync function main() { await run(agent, 'x'); }\nmain();\n";

async function importParts(): Promise<WorkerParts> {
  const { beginLoad } = await import('./load/load-module.ts');
  const { needsGatewaySdk } = await import('./load/sdk-copy.ts');
  const { runModule } = await import('./run/run-module.ts');
  // Lets a message that came meanwhile be taken first.
  await setImmediate();
  return { beginLoad, needsGatewaySdk, runModule };
}

async function importSdk(): Promise<SdkCopy | null> {
  const { importGatewaySdk, muteTracing } = await import('./load/sdk-copy.ts');
  try {
    const sdk = await importGatewaySdk();
    muteTracing(sdk);
    return sdk;
  } catch {
    // A module may bring its own copy; one that does not is told so when it is loaded.
    return null;
  }
}
