import { stat } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { dirname, extname, join, resolve } from 'node:path';
import { isOwnName } from '../protocol/local-names.ts';
import type { DependentModule } from './dependency-report.ts';
import { placeAt, type TextPlace } from './json-place.ts';
import { projectOf, readSource } from './read-declared.ts';

/** A package that a module's own files import, and the first place that does. */
export type ImportedPackage = {
  readonly name: string;
  /** Absolute. */
  readonly file: string;
  readonly place: TextPlace;
};

/** A module with more files, or larger ones, is looked at in part: what is found is a warning, not a gate. */
const fileLimit = 200;
const fileLimitChars = 1_000_000;
const totalLimitChars = 4_000_000;
const packageLimit = 200;
/** Each looks for a dozen files. */
const lookupLimit = 5000;

/**
 * The packages imported by a module's file and by the local files it imports, as far as they lie in its project. Text is searched, not parsed: what is wrong in a
 * file is for the loader to say. Imports of types alone, Node's own modules and the gateway's are left out.
 */
export async function importedPackages(module: DependentModule): Promise<ImportedPackage[]> {
  const found = new Map<string, ImportedPackage>();
  const project = projectOf(module);
  const waiting = [module.entry];
  const seen = new Set(waiting);
  const lookUp = createLookUp();
  let total = 0;
  for (const file of waiting) {
    if (total > totalLimitChars) break;
    const text = await readSource(project, file);
    if (text.length > fileLimitChars) continue;
    total += text.length;
    for (const { specifier, placeOf } of importsIn(text)) {
      if (!specifier.startsWith('.')) {
        const name = packageOf(specifier);
        const isNew = name !== null && !found.has(name) && found.size < packageLimit;
        if (isNew && !(await isOwnFile(specifier, module, lookUp))) {
          found.set(name, { name, file, place: placeOf() });
        }
        continue;
      }
      const target = await lookUp(resolve(dirname(file), specifier));
      if (target === null || seen.has(target) || seen.size >= fileLimit) continue;
      seen.add(target);
      waiting.push(target);
    }
  }
  return [...found.values()];
}

/** A name by which a file of the project, beside the module's or above it, would be imported if it were a path. */
async function isOwnFile(
  specifier: string,
  module: DependentModule,
  lookUp: LookUp,
): Promise<boolean> {
  const project = projectOf(module);
  for (let folder = module.folder; folder.startsWith(project); folder = dirname(folder)) {
    if (await lookUp(join(folder, specifier))) return true;
    if (folder === dirname(folder)) return false;
  }
  return false;
}

const patterns: readonly RegExp[] = [
  /^[ \t]*(?:import|export)\s+(?!\s|type\s+[\w{*])[^'"`;()]{0,2000}?\bfrom\s*(['"])(?<specifier>[^'"\n]+)\1/gm,
  /^[ \t]*import\s*(['"])(?<specifier>[^'"\n]+)\1/gm,
  /\b(?:import|require)\s*\(\s*(['"])(?<specifier>[^'"\n]+)\1\s*\)/g,
];

function importsIn(source: string): { specifier: string; placeOf: () => TextPlace }[] {
  const text = withoutComments(source);
  return patterns.flatMap((pattern) =>
    [...text.matchAll(pattern)].map(({ index, groups, 0: match }) => {
      const specifier = groups?.specifier ?? '';
      const position = index + match.lastIndexOf(specifier) - 1;
      return { specifier, placeOf: () => placeAt(text, position) };
    }),
  );
}

/** Comments that fill their lines become blanks, so that places stay. */
function withoutComments(source: string): string {
  const blank = (text: string) => text.replaceAll(/[^\n]/g, ' ');
  // One that does not end goes on to the end: without that, each of many would be looked for anew.
  return source.replaceAll(/^[ \t]*(?:\/\*[\s\S]*?(?:\*\/|$(?![\s\S]))|\/\/.*$)/gm, blank);
}

const packageName = /^(?:@[a-z0-9~-][\w.~-]*\/)?[a-z0-9~-][\w.~-]*/i;

/** Null for what is no package: Node's modules, URLs, `#imports`, aliases such as `@/lib`, own folders, the gateway's own. */
function packageOf(specifier: string): string | null {
  if (isBuiltin(specifier) || /^(?:[a-z]+:|[#/~])/i.test(specifier)) return null;
  // To advise the package of a stranger that has the name of the author's own folder would be a danger.
  if (isOwnName(specifier) && !/^agents?$/.test(specifier)) return null;
  const name = packageName.exec(specifier)?.[0] ?? null;
  return name === 'dropgate' ? null : name;
}

const endings = ['.ts', '.tsx', '.mts', '.cts', '.js', '.mjs', '.cjs', '.jsx'];
const sourceEndings: Readonly<Record<string, string>> = {
  '.js': '.ts',
  '.jsx': '.tsx',
  '.mjs': '.mts',
  '.cjs': '.cts',
};

type LookUp = (path: string) => Promise<string | null>;

/** Resolves paths, each once: a file may import the same thing ten thousand times. */
function createLookUp(): LookUp {
  const known = new Map<string, string | null>();
  return async (path) => {
    const before = known.get(path);
    if (before !== undefined) return before;
    const found = known.size < lookupLimit ? await resolveLocal(path) : null;
    known.set(path, found);
    return found;
  };
}

async function resolveLocal(path: string): Promise<string | null> {
  const ending = extname(path);
  const source = sourceEndings[ending];
  const candidates = [
    ...(endings.includes(ending) ? [path] : []),
    ...(source === undefined ? [] : [path.slice(0, -ending.length) + source]),
    ...endings.map((added) => path + added),
    ...endings.map((added) => join(path, `index${added}`)),
  ];
  for (const candidate of candidates) {
    if ((await stat(candidate).catch(() => null))?.isFile()) return candidate;
  }
  return null;
}
