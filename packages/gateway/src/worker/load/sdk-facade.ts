import { readFileSync } from 'node:fs';
import type { ResolveFnOutput, ResolveHookSync } from 'node:module';
import { extname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ownFile } from '../../own-files.ts';
import { isLocalPath, pathOfUrl } from './local-files.ts';

/** Stands between the author's files and the SDK they import. */
export type SdkFacade = {
  /** The hook, but what the author's own files import of the SDK becomes the facade of that copy. */
  readonly resolve: (hook: ResolveHookSync) => ResolveHookSync;
  /** Source of a facade, null for any other URL. */
  readonly sourceOf: (url: string) => string | null;
};

const sdkNames: readonly string[] = ['@openai/agents', '@openai/agents-core'];

/** The client of OpenAI's API: of its two, the one for Azure has to be kept from the broker's address. */
const clientNames: readonly string[] = ['openai'];

/** Deepest chain of `export *` that is followed. */
const maxDepth = 5;

/**
 * Gives the author's files the SDK copy they resolve, with one difference: its `tool` remembers what tools throw, which
 * the SDK keeps to itself. Likewise `openai`, whose Azure client is kept from the broker's address. The SDK's agents' tools are guarded by then. Everything else is the very same object. A `require`,
 * a copy in CommonJS and one without `tool` are left alone.
 */
export function createSdkFacade(): SdkFacade {
  const sources = new Map<string, string>();
  return {
    sourceOf: (url) => sources.get(url) ?? null,
    resolve: (hook) => (specifier, context, nextResolve) => {
      const resolved = hook(specifier, context, nextResolve);
      const importer = pathOfUrl(context.parentURL);
      const isClient = clientNames.includes(specifier);
      const isNamed = isClient || sdkNames.includes(specifier);
      const isWanted = importer !== null && isLocalPath(importer) && isNamed;
      if (!isWanted || !context.conditions.includes('import')) return resolved;
      const url = `${resolved.url}?dropgate`;
      const facade: ResolveFnOutput = { url, format: 'module', shortCircuit: true };
      if (sources.has(url)) return facade;
      const resolveFrom = (parentURL: string) => (target: string) =>
        nextResolve(target, { ...context, parentURL });
      if (isClient) {
        if (!exportedNames(moduleText(resolved) ?? '').includes('AzureOpenAI')) return resolved;
        sources.set(url, clientFacadeSource(resolved.url));
        return facade;
      }
      if (!exportsTool(resolved, resolveFrom)) return resolved;
      sources.set(url, facadeSource(resolved.url));
      return facade;
    },
  };
}

type ResolveFrom = (parentUrl: string) => (specifier: string) => ResolveFnOutput;

/** Read from the text: nothing can be imported while an import is resolved. */
function exportsTool(resolved: ResolveFnOutput, resolveFrom: ResolveFrom, depth = 0): boolean {
  const text = depth < maxDepth ? moduleText(resolved) : null;
  if (text === null) return false;
  if (/\bexport\s+(?:async\s+)?(?:function|const|let|var)\s+tool\b/.test(text)) return true;
  if (exportedNames(text).includes('tool')) return true;
  return [...text.matchAll(/\bexport\s*\*\s*from\s*['"]([^'"]+)['"]/g)].some(([, target = '']) => {
    try {
      return exportsTool(resolveFrom(resolved.url)(target), resolveFrom, depth + 1);
    } catch {
      // The import of the copy itself says what is missing.
      return false;
    }
  });
}

function exportedNames(text: string): string[] {
  const lists = [...text.matchAll(/\bexport\s*\{([^}]*)\}/g)];
  return lists
    .flatMap(([, list = '']) => list.split(','))
    .map((each) =>
      each
        .trim()
        .split(/\s+as\s+/)
        .at(-1),
    )
    .filter((name) => name !== undefined);
}

/** Null for what is no ES module, or cannot be read. */
function moduleText({ url, format }: ResolveFnOutput): string | null {
  const path = pathOfUrl(url);
  if (path === null || (format !== 'module' && extname(path) !== '.mjs')) return null;
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

function clientFacadeSource(url: string): string {
  const real = JSON.stringify(url);
  return [
    "import { env } from 'node:process';",
    `import { AzureOpenAI as original } from ${real};`,
    `import { withoutBrokerAddress } from ${importable('worker/models/azure-client')};`,
    `export * from ${real};`,
    hasDefault(url) ? `export { default } from ${real};` : '',
    'export const AzureOpenAI = withoutBrokerAddress(original, env);',
  ].join('\n');
}

function hasDefault(url: string): boolean {
  const text = readFileSync(pathOfUrl(url) ?? '', 'utf8');
  return /\bexport\s+default\b/.test(text) || exportedNames(text).includes('default');
}

function facadeSource(url: string): string {
  const real = JSON.stringify(url);
  return [
    `import { tool as original } from ${real};`,
    `import * as copy from ${real};`,
    `import { reportErrors } from ${importable('worker/run/tool-errors')};`,
    `import { guardTools } from ${importable('worker/run/guard-tools')};`,
    `import { callsAtLoad } from ${importable('worker/script/calls-at-load')};`,
    `export * from ${real};`,
    hasDefault(url) ? `export { default } from ${real};` : '',
    'guardTools(copy, null);',
    'callsAtLoad.guard(copy);',
    'export const tool = reportErrors(original);',
  ].join('\n');
}

function importable(name: Parameters<typeof ownFile>[0]): string {
  return JSON.stringify(pathToFileURL(ownFile(name)).href);
}
