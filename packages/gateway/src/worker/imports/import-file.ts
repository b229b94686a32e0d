import { existsSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';

/** A file of a package, as it was imported. */
export type KeptModule = {
  readonly url: string;
  readonly path: string;
  readonly source: Buffer;
};

/** What was imported of packages: their modules, and which of them each import in them led to. */
export type KeptImports = {
  readonly modules: ReadonlyMap<string, KeptModule>;
  /** URL of the file that imports → what it asks for → URL. */
  readonly targets: ReadonlyMap<string, ReadonlyMap<string, string>>;
};

/** The line before the sources. */
type Head = {
  readonly marks: Readonly<Record<string, string>>;
  readonly modules: readonly {
    readonly url: string;
    readonly path: string;
    readonly bytes: number;
  }[];
  /** Importer, and what it asks for and gets in turns; all but what is asked for as places in `modules`. */
  readonly targets: readonly (readonly [number, readonly (readonly [string, number])[]])[];
};

/**
 * Reads what an earlier process kept. Null where there is nothing, or where any of its files, or what could lead an import
 * elsewhere, is no longer as it was then.
 */
export function readImports(file: string): KeptImports | null {
  try {
    const bytes = readFileSync(file);
    const end = bytes.indexOf('\n');
    const head = JSON.parse(bytes.toString('utf8', 0, end)) as Head;
    const isSame = Object.entries(head.marks).every(([path, mark]) => markOf(path) === mark);
    return isSame ? importsOf(head, bytes.subarray(end + 1)) : null;
  } catch {
    // None was kept, or Node's permissions hide it.
    return null;
  }
}

/** Keeps imports for later processes; another that writes at the same time does no harm. */
export function writeImports(file: string, { modules, targets }: KeptImports): void {
  const all = [...modules.values()];
  const places = new Map(all.map(({ url }, place) => [url, place]));
  const paths = all.map(({ path }) => path);
  const head: Head = {
    marks: Object.fromEntries([...watched(paths)].map((path) => [path, markOf(path)])),
    modules: all.map(({ url, path, source }) => ({ url, path, bytes: source.length })),
    targets: [...targets].flatMap(([url, asked]) => {
      const importer = places.get(url);
      const led = [...asked].flatMap(([specifier, target]) => {
        const place = places.get(target);
        return place === undefined ? [] : [[specifier, place] as const];
      });
      return importer === undefined ? [] : [[importer, led] as const];
    }),
  };
  const staging = `${file}.${process.pid}`;
  const sources = all.map(({ source }) => source);
  writeFileSync(staging, Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), ...sources]));
  renameSync(staging, file);
}

/** The nearest `node_modules` above a file; null where there is none. */
export function packagesFolder(path: string): string | null {
  const end = path.lastIndexOf(`${sep}node_modules${sep}`);
  return end === -1 ? null : join(path.slice(0, end), 'node_modules');
}

function importsOf(head: Head, sources: Buffer): KeptImports {
  let offset = 0;
  const modules = head.modules.map(({ url, path, bytes }): KeptModule => {
    offset += bytes;
    return { url, path, source: sources.subarray(offset - bytes, offset) };
  });
  if (offset !== sources.length) throw new Error('What was kept was not written to its end.');
  const urlAt = (place: number) => modules[place]?.url ?? '';
  return {
    modules: new Map(modules.map((module) => [module.url, module])),
    targets: new Map(
      head.targets.map(([importer, led]) => [
        urlAt(importer),
        new Map(led.map(([specifier, place]) => [specifier, urlAt(place)])),
      ]),
    ),
  };
}

/**
 * The files, and every folder on the way to the `node_modules` that they lie in: one that gets a file or a folder may
 * lead an import elsewhere. With them the `package.json` of each, which says what a package exports.
 */
function watched(paths: readonly string[]): ReadonlySet<string> {
  const found = new Set<string>(paths);
  for (const path of paths) {
    const top = packagesFolder(path);
    for (let folder = dirname(path); top !== null && !found.has(folder); folder = dirname(folder)) {
      found.add(folder);
      const manifest = join(folder, 'package.json');
      if (existsSync(manifest)) found.add(manifest);
      if (folder === top) break;
    }
  }
  return found;
}

/** What changes with each change of a file or folder, also with one that keeps the time of its contents. */
function markOf(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats ? `${stats.ino}:${stats.ctimeMs}:${stats.isDirectory() ? '' : stats.size}` : '';
}
