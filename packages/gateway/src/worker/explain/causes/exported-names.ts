import { createRequire, isBuiltin } from 'node:module';
import { dirname, resolve } from 'node:path';
import { declaredNames } from '../../facts/scopes.ts';
import { identifierName, nodeOf, nodesOf, parseSource } from '../../facts/syntax.ts';
import { filesFor, gatewayPackages, packageName } from '../../load/resolve-import.ts';
import type { FailureContext } from '../failure-context.ts';
import { type FailedSpecifier, isInstalled } from './local-import.ts';

/** What another module has, as far as that is known without running any code of the author's. */
export type OtherModule = {
  readonly exported: readonly string[];
  /** What a file declares for itself. */
  readonly unexported: readonly string[];
};

/** What the module behind a specifier has: of local files, of Node's own modules, and of the packages that all have. */
export function namesBehind(
  { specifier, importer }: FailedSpecifier,
  { sources, preloadedSdk }: Pick<FailureContext, 'sources' | 'preloadedSdk'>,
): OtherModule {
  if (!specifier.startsWith('.')) {
    return { exported: packageNames({ specifier, importer }, preloadedSdk), unexported: [] };
  }
  const files = filesFor(resolve(dirname(importer), specifier));
  const file = sources.loaded().find(({ path }) => files.includes(path))?.path;
  return file === undefined ? nothing : namesIn(file, sources.peek(file));
}

/** Names that a package exports to an importer; empty where that cannot be told. */
export function packageNames(
  { specifier, importer }: FailedSpecifier,
  preloadedSdk: FailureContext['preloadedSdk'],
): string[] {
  const isKnown = isBuiltin(specifier) || gatewayPackages.includes(packageName(specifier));
  if (!isKnown) return [];
  if (specifier === '@openai/agents' && preloadedSdk && !isInstalled(specifier, importer)) {
    return Object.keys(preloadedSdk);
  }
  try {
    return Object.keys(createRequire(importer)(specifier)).filter((name) => name !== 'default');
  } catch {
    return [];
  }
}

const nothing: OtherModule = { exported: [], unexported: [] };

function namesIn(path: string, text: string): OtherModule {
  const program = parseSource(path, text);
  if (!program) return nothing;
  const statements = nodesOf(program.body);
  const exports = statements.filter(({ type }) => type === 'ExportNamedDeclaration');
  const exported = exports.flatMap((each) => [
    ...declaredNames(each),
    ...nodesOf(each.specifiers).flatMap((one) => identifierName(one.exported) ?? []),
  ]);
  const commonJs = [...text.matchAll(/\bexports\.(\w+)\s*=/g)].flatMap(([, name]) => name ?? []);
  const declared = statements.flatMap((each) => [
    ...declaredNames(each),
    ...(identifierName((nodeOf(each.declaration) ?? each).id) ?? []),
  ]);
  const all = [...exported, ...commonJs];
  return { exported: all, unexported: declared.filter((name) => !all.includes(name)) };
}
