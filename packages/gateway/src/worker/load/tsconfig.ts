import { createRequire } from 'node:module';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import type { SourceFiles } from './source-files.ts';

/** What of a `tsconfig.json` changes how a file is loaded. Paths are absolute. */
export type TsSettings = {
  /** `paths`, in order; `*` stands for the same text in pattern and targets. */
  readonly paths: readonly { readonly pattern: string; readonly targets: readonly string[] }[];
  readonly baseUrl: string | null;
  readonly legacyDecorators: boolean;
  readonly decoratorMetadata: boolean;
  /** Class fields are assigned in the constructor, as before ES2022. */
  readonly assignedFields: boolean;
  readonly jsx: {
    readonly runtime: 'classic' | 'automatic';
    readonly importSource?: string;
    readonly pragma?: string;
    readonly pragmaFrag?: string;
  };
};

/** Settings by file, from the nearest `tsconfig.json` above it. */
export type TsConfigs = { readonly settingsFor: (path: string) => TsSettings };

/**
 * Reads each `tsconfig.json` once. One that has a say becomes a file of the generation; one that cannot be read has none.
 *
 * @param projectRoot - Not searched beyond, for files below it.
 */
export function createTsConfigs(sources: SourceFiles, projectRoot: string): TsConfigs {
  const byFolder = new Map<string, TsSettings>();

  const settingsIn = (folder: string): TsSettings => {
    const known = byFolder.get(folder);
    if (known) return known;
    const file = join(folder, 'tsconfig.json');
    const parent = dirname(folder);
    const isLast = folder === projectRoot || parent === folder;
    let settings = noSettings;
    if (sources.has(file)) settings = readSettings(sources, file);
    else if (!isLast) settings = settingsIn(parent);
    byFolder.set(folder, settings);
    return settings;
  };
  return { settingsFor: (path) => settingsIn(dirname(path)) };
}

type CompilerOptions = Readonly<Record<string, unknown>>;

const noSettings: TsSettings = {
  paths: [],
  baseUrl: null,
  legacyDecorators: false,
  decoratorMetadata: false,
  assignedFields: false,
  jsx: { runtime: 'automatic' },
};

const relevantOptions =
  /"(extends|paths|baseUrl|experimentalDecorators|useDefineForClassFields|jsx\w*)"/;

function readSettings(sources: SourceFiles, file: string): TsSettings {
  try {
    return settingsFrom(readOptions(sources, file, 0));
  } catch {
    return noSettings;
  }
}

/** Longest chain of `extends` followed; a longer one is a circle. */
const maxExtends = 10;

/** Compiler options with those of `extends` below them; path options are made absolute where they stand. */
function readOptions(sources: SourceFiles, file: string, depth: number): CompilerOptions {
  const text = sources.peek(file);
  const config = parseJsonWithComments(text) as {
    extends?: string | string[];
    compilerOptions?: CompilerOptions;
  };
  if (relevantOptions.test(text)) sources.read(file);
  const bases = depth < maxExtends ? [config.extends ?? []].flat() : [];
  const inherited = bases.map((base) =>
    readOptions(sources, extendedFile(sources, base, file), depth + 1),
  );
  return Object.assign({}, ...inherited, absolutePaths(config.compilerOptions ?? {}, file));
}

function extendedFile(sources: SourceFiles, base: string, from: string): string {
  if (!base.startsWith('.') && !isAbsolute(base)) return createRequire(from).resolve(base);
  const path = resolve(dirname(from), base);
  return [path, `${path}.json`].find(sources.has) ?? path;
}

function absolutePaths(options: CompilerOptions, file: string): CompilerOptions {
  const folder = dirname(file);
  const baseUrl = typeof options.baseUrl === 'string' ? resolve(folder, options.baseUrl) : null;
  const { paths } = options;
  if (typeof paths !== 'object' || paths === null)
    return baseUrl ? { ...options, baseUrl } : options;
  const absolute = Object.entries(paths as Record<string, string[]>).map(([pattern, targets]) => ({
    pattern,
    targets: targets.map((target) => resolve(baseUrl ?? folder, target)),
  }));
  return { ...options, paths: absolute, ...(baseUrl ? { baseUrl } : {}) };
}

function settingsFrom(options: CompilerOptions): TsSettings {
  const legacyDecorators = options.experimentalDecorators === true;
  const text = (name: string) => {
    const value = options[name];
    return typeof value === 'string' ? value : null;
  };
  const [importSource, pragma, pragmaFrag] = [
    text('jsxImportSource'),
    text('jsxFactory'),
    text('jsxFragmentFactory'),
  ];
  return {
    paths: (options.paths ?? []) as TsSettings['paths'],
    baseUrl: text('baseUrl'),
    legacyDecorators,
    decoratorMetadata: legacyDecorators && options.emitDecoratorMetadata === true,
    assignedFields: assignsFields(options.useDefineForClassFields, text('target')),
    jsx: {
      runtime: text('jsx') === 'react' ? 'classic' : 'automatic',
      ...(importSource ? { importSource } : {}),
      ...(pragma ? { pragma } : {}),
      ...(pragmaFrag ? { pragmaFrag } : {}),
    },
  };
}

/** TypeScript's own default: fields are defined from ES2022 on. */
function assignsFields(useDefine: unknown, target: string | null): boolean {
  if (typeof useDefine === 'boolean') return !useDefine;
  return target !== null && /^es(3|5|6|20(1\d|2[01]))$/i.test(target);
}

function parseJsonWithComments(text: string): unknown {
  const strings = /("(?:\\.|[^"\\])*")/.source;
  const withoutComments = text.replace(
    // A comment that does not end goes on to the end: without that, each of many would be looked for anew.
    new RegExp(`${strings}|\\/\\/[^\\n]*|\\/\\*[\\s\\S]*?(?:\\*\\/|$)`, 'g'),
    (_match, string: string | undefined) => string ?? '',
  );
  const withoutTrailingCommas = withoutComments.replace(
    new RegExp(`${strings}|,(?=\\s*[}\\]])`, 'g'),
    (_match, string: string | undefined) => string ?? '',
  );
  return JSON.parse(withoutTrailingCommas);
}
