import { type LoadHookSync, registerHooks } from 'node:module';
import { extname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createChildren } from '../around/children.ts';
import { handOut, handOutEarly, witnessSource } from '../facts/bindings.ts';
import { type ModuleText, readModuleText } from '../facts/module-facts.ts';
import { isLocalPath, pathOfUrl } from './local-files.ts';
import { createResolveHook, type FailedImport, type ResolvedPackage } from './resolve-import.ts';
import { createSdkFacade } from './sdk-facade.ts';
import type { SourceFiles } from './source-files.ts';
import {
  asModule,
  compilesAsCommonJs,
  isCommonJsText,
  modernAttributes,
  SourceSyntaxError,
  transformedEndings,
  transformSource,
} from './transform-source.ts';
import { createTsConfigs, type TsConfigs } from './tsconfig.ts';

/** What the hooks learned while a module was imported. */
export type ModuleHooks = {
  /** Packages resolved by any file, in order. */
  readonly packages: readonly ResolvedPackage[];
  /** The import that an error was thrown for, if it was one that found nothing. */
  readonly failedImport: (error: unknown) => FailedImport | null;
  /** The text of the entry as it was read; of a file that says nothing before it is imported. */
  readonly entryText: () => ModuleText;
  /** Takes the hooks away; a module's own stay for the rest of the process's life. */
  readonly end: () => void;
};

/**
 * Makes `import` and `require` of this process load the author's files as one generation: TypeScript, JSX and JSON are
 * transformed, and what was read is remembered in `sources`. The entry hands out its top level, for `takeBindings`.
 * Packages and the gateway's own files load as ever.
 */
export function installModuleHooks(
  sources: SourceFiles,
  { projectRoot, entry }: { readonly projectRoot: string; readonly entry: string },
): ModuleHooks {
  let entryText: ModuleText | null = null;
  const onEntry = (source: string, format: Format): string => {
    entryText ??= readModuleText(entry, source);
    const { names } = entryText;
    return format === 'module' ? handOutEarly(names, pathToFileURL(entry).href) : handOut(names);
  };
  const packages: ResolvedPackage[] = [];
  const failures = new WeakMap<object, FailedImport>();
  const tsConfigs = createTsConfigs(sources, projectRoot);
  const facade = createSdkFacade();
  const children = createChildren(projectRoot);
  const resolve = facade.resolve(
    createResolveHook({
      sources,
      tsConfigs,
      onPackage: (resolved) => packages.push(resolved),
      onFailure: (error, failed) => {
        if (error instanceof Error) failures.set(error, failed);
      },
    }),
  );
  const registered = registerHooks({
    resolve(specifier, context, nextResolve) {
      children.expect(specifier);
      // A copy: Node writes into its own what a hook asks of the next one, as whom the gateway asks for its packages.
      return resolve(specifier, { ...context }, nextResolve);
    },
    load: createLoadHook({
      sources,
      tsConfigs,
      sourceOf: (url) => facade.sourceOf(url) ?? witnessSource(url),
      appendixOf: (path, source, format) => (path === entry ? onEntry(source, format) : ''),
    }),
  });
  return {
    packages,
    entryText: () => entryText ?? readModuleText(entry, ''),
    failedImport: (error) => (error instanceof Error ? (failures.get(error) ?? null) : null),
    end: () => registered.deregister(),
  };
}

type LoadHookDeps = {
  readonly sources: SourceFiles;
  readonly tsConfigs: TsConfigs;
  /** Source of a module that is no file; null for any other URL. */
  readonly sourceOf: (url: string) => string | null;
  /** Code that a file of the author's gets at its end. */
  readonly appendixOf: (path: string, source: string, format: Format) => string;
};

type Format = 'module' | 'commonjs';

function createLoadHook({ sources, tsConfigs, sourceOf, appendixOf }: LoadHookDeps): LoadHookSync {
  return (url, context, nextLoad) => {
    const made = sourceOf(url);
    if (made !== null) return { format: 'module', source: made, shortCircuit: true };
    const path = pathOfUrl(url);
    if (path === null || !isLocalPath(path)) return nextLoad(url, context);
    const ending = extname(path);
    if (transformedEndings.includes(ending)) {
      const text = modernAttributes(sources.read(path));
      const { code, format } = transformSource(path, text, tsConfigs.settingsFor(path));
      return { format, source: code + appendixOf(path, text, format), shortCircuit: true };
    }
    if (ending === '.json')
      return { ...loadJson(path, sources.read(path), context), shortCircuit: true };
    if (!scriptEndings.includes(ending)) return nextLoad(url, context);
    const text = modernAttributes(sources.read(path));
    if (context.format === 'module' && isCommonJsText(text)) {
      const source = asModule(text + appendixOf(path, text, 'commonjs'));
      return { format: 'module', source, shortCircuit: true };
    }
    const format = formatOf(ending, text, context.format);
    return { format, source: text + appendixOf(path, text, format), shortCircuit: true };
  };
}

const scriptEndings = ['.js', '.mjs', '.cjs'];

/** `package.json` may say that a script is an ES module; otherwise its text decides, so that a gone one is no loss. */
function formatOf(ending: string, source: string, claimed: string | null | undefined): Format {
  if (ending === '.cjs') return 'commonjs';
  if (ending === '.mjs' || claimed === 'module') return 'module';
  return compilesAsCommonJs(source) ? 'commonjs' : 'module';
}

/** JSON imported without an attribute is made a module, as bundlers do; Node's own rules hold otherwise. */
function loadJson(path: string, source: string, context: Parameters<LoadHookSync>[1]) {
  const isPlainImport =
    context.conditions.includes('import') && context.importAttributes.type !== 'json';
  if (!isPlainImport) return { format: 'json' as const, source };
  try {
    JSON.parse(source);
  } catch (error) {
    throw new SourceSyntaxError(path, { message: error instanceof Error ? error.message : '' });
  }
  return { format: 'module' as const, source: `export default ${source}` };
}
