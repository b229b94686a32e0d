import {
  createRequire,
  type ResolveFnOutput,
  type ResolveHookContext,
  type ResolveHookSync,
} from 'node:module';
import { dirname, extname, isAbsolute, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ownFile } from '../../own-files.ts';
import { isWitness } from '../facts/bindings.ts';
import { gatewayPackageUrl, isLocalPath, pathOfUrl, realPath } from './local-files.ts';
import type { SourceFiles } from './source-files.ts';
import type { TsConfigs, TsSettings } from './tsconfig.ts';

/** An import that found nothing. `importer` is an absolute path, or null where it is no file. */
export type FailedImport = { readonly specifier: string; readonly importer: string | null };

/** A package resolved by some file: what was asked for, what it became, and by whom. */
export type ResolvedPackage = {
  readonly specifier: string;
  readonly url: string;
  readonly importer: string;
};

/** What a resolve hook needs to know, and whom it tells. */
export type ResolveDeps = {
  readonly sources: SourceFiles;
  readonly tsConfigs: TsConfigs;
  readonly onPackage: (resolved: ResolvedPackage) => void;
  readonly onFailure: (error: unknown, failed: FailedImport) => void;
};

/**
 * A resolve hook: Node's own answer first (the module's own packages win), then what TypeScript allows (no ending,
 * `./x.js` for `x.ts`, `paths`), then the gateway's copies of the packages every module may use.
 * Files of a kept generation are found though they are gone.
 */
export function createResolveHook(deps: ResolveDeps): ResolveHookSync {
  return (specifier, context, nextResolve) => {
    if (isWitness(specifier)) return { url: specifier, format: 'module', shortCircuit: true };
    const importer = pathOfUrl(context.parentURL);
    if (specifier === 'dropgate/agent')
      return { url: ownUrl('worker/agent-api'), shortCircuit: true };
    const kept = deps.sources.isKept ? findKept(deps, specifier, importer) : null;
    if (kept) return found(kept);
    try {
      const resolved = nextResolve(specifier, context);
      if (importer && isPackage(specifier)) {
        deps.onPackage({ specifier, url: resolved.url, importer });
      }
      return resolved;
    } catch (error) {
      const fallback = resolveOtherwise(deps, { specifier, context, importer, nextResolve });
      if (fallback) return fallback;
      deps.onFailure(error, { specifier, importer });
      throw error;
    }
  };
}

type Import = {
  readonly specifier: string;
  readonly context: ResolveHookContext;
  readonly importer: string | null;
  readonly nextResolve: (
    specifier: string,
    context?: Partial<ResolveHookContext>,
  ) => ResolveFnOutput;
};

function resolveOtherwise(deps: ResolveDeps, asked: Import): ResolveFnOutput | null {
  const { specifier, importer } = asked;
  if (importer && isLocalPath(importer)) {
    const file = firstHeld(deps, candidates(deps, specifier, importer));
    if (file) return found(file);
  }
  return fromGateway(deps, asked);
}

/** A kept generation imports its own files whatever lies beside them by now. */
function findKept(deps: ResolveDeps, specifier: string, importer: string | null): string | null {
  if (specifier.startsWith('file:')) {
    const path = realPath(pathOfUrl(specifier) ?? '');
    return deps.sources.has(path) ? path : null;
  }
  if (!importer || !isLocalPath(importer)) return null;
  return firstHeld(deps, candidates(deps, specifier, importer));
}

function firstHeld({ sources }: ResolveDeps, paths: string[]): string | null {
  const held = paths.find(
    (path) => sources.has(path) || (sources.isKept && sources.has(realPath(path))),
  );
  return held ? realPath(held) : null;
}

function found(path: string): ResolveFnOutput {
  return { url: pathToFileURL(realPath(path)).href, shortCircuit: true };
}

/** Paths a specifier may mean, best first. */
function candidates(deps: ResolveDeps, specifier: string, importer: string): string[] {
  if (specifier.startsWith('node:')) return [];
  if (specifier.startsWith('.')) return filesFor(resolve(dirname(importer), specifier));
  if (isAbsolute(specifier)) return filesFor(specifier);
  return mappedPaths(deps.tsConfigs.settingsFor(importer), specifier).flatMap(filesFor);
}

/** Targets of the `paths` that match, the most exact pattern first, then `baseUrl`. */
function mappedPaths(settings: TsSettings, specifier: string): string[] {
  const mapped = settings.paths
    .toSorted((a, b) => prefixLength(b.pattern) - prefixLength(a.pattern))
    .flatMap(({ pattern, targets }) => {
      const star = matchStar(pattern, specifier);
      return star === null ? [] : targets.map((target) => target.replace('*', () => star));
    });
  return settings.baseUrl ? [...mapped, join(settings.baseUrl, specifier)] : mapped;
}

function prefixLength(pattern: string): number {
  const star = pattern.indexOf('*');
  return star === -1 ? Number.POSITIVE_INFINITY : star;
}

/** What `*` stands for, '' for an exact match, null for none. */
function matchStar(pattern: string, specifier: string): string | null {
  const [prefix = '', suffix] = pattern.split('*');
  if (suffix === undefined) return pattern === specifier ? '' : null;
  const fits =
    specifier.length >= prefix.length + suffix.length &&
    specifier.startsWith(prefix) &&
    specifier.endsWith(suffix);
  return fits ? specifier.slice(prefix.length, specifier.length - suffix.length) : null;
}

const endings = ['.ts', '.tsx', '.mts', '.cts', '.js', '.mjs', '.cjs', '.jsx', '.json'];

/** TypeScript sources that a JavaScript name may stand for. */
const sourceEndings: Readonly<Record<string, readonly string[]>> = {
  '.js': ['.ts', '.tsx'],
  '.jsx': ['.tsx'],
  '.mjs': ['.mts'],
  '.cjs': ['.cts'],
};

/** Files that a path of an import may mean, best first. */
export function filesFor(path: string): string[] {
  const ending = extname(path);
  const base = realPath(path);
  const stem = base.slice(0, base.length - ending.length);
  return [
    base,
    ...(sourceEndings[ending] ?? []).map((source) => stem + source),
    ...endings.map((added) => base + added),
    ...endings.map((added) => join(base, `index${added}`)),
  ];
}

/** Packages that every module may import without installing them. */
export const gatewayPackages: readonly string[] = [
  '@openai/agents',
  '@openai/agents-core',
  '@openai/agents-openai',
  '@openai/agents-realtime',
  '@oxc-project/runtime',
  'openai',
  'zod',
];

function fromGateway(deps: ResolveDeps, asked: Import): ResolveFnOutput | null {
  const { specifier, context, importer, nextResolve } = asked;
  // The module's `.env` is read already; to have it so is why nearly every script imports this.
  if (/^dotenv(\/config)?$/.test(specifier))
    return { url: ownUrl('worker/dotenv'), shortCircuit: true };
  if (!gatewayPackages.includes(packageName(specifier))) return null;
  try {
    // Node resolves a `require` from the file that calls it, whatever parent a hook names.
    const resolved = context.conditions.includes('require')
      ? found(createRequire(gatewayPackageUrl).resolve(specifier))
      : nextResolve(specifier, { ...context, parentURL: gatewayPackageUrl });
    if (importer) deps.onPackage({ specifier, url: resolved.url, importer });
    return resolved;
  } catch {
    // The caller reports Node's answer to the module's own import, which names the importing file.
    return null;
  }
}

/** `@scope/name` or `name` of a bare specifier, without its subpath. */
export function packageName(specifier: string): string {
  const parts = specifier.split('/');
  return specifier.startsWith('@') ? parts.slice(0, 2).join('/') : (parts[0] ?? specifier);
}

/** True for a specifier that names a package, as far as its form tells. */
export function isPackage(specifier: string): boolean {
  return !/^(\.|\/|#|[a-z][a-z0-9+.-]*:)/i.test(specifier);
}

function ownUrl(name: Parameters<typeof ownFile>[0]): string {
  return pathToFileURL(ownFile(name)).href;
}
