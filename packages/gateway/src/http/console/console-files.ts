import { randomBytes } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';

/** A built file, as it was found. */
export type ConsoleFile = {
  /** Absolute. */
  readonly path: string;
  readonly type: string;
  /** Whether its name changes with what it holds. */
  readonly isHashed: boolean;
  /** Encodings that lie beside it. */
  readonly encodings: readonly Encoding[];
};

/** In the order they are preferred, with the ending of their files. */
export const encodings = { br: '.br', gzip: '.gz' } as const;

export type Encoding = keyof typeof encodings;

/** The built files of the console. Only what was found in its folder can be asked for. */
export type ConsoleFiles = {
  /** A file by its path below the folder, with `/`; null where it is none of them. */
  readonly find: (path: string) => Promise<ConsoleFile | null>;
  /** The page, and the nonce that was put into it; null where nothing is built. */
  readonly page: () => Promise<{ readonly html: string; readonly nonce: string } | null>;
};

const types: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.json': 'application/json',
  '.txt': 'text/plain; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
};

/** Media types that a file of the console may have, without parameters. */
export const fileTypes: readonly string[] = Object.values(types).map(
  (type) => type.split(';', 1)[0] ?? type,
);

const noncePlace = '__CSP_NONCE__';

type Listed = {
  readonly stamp: string;
  readonly files: ReadonlyMap<string, ConsoleFile>;
  readonly html: string;
};

/** Nothing is read before the first question; what is built anew is found by its page. */
export function createConsoleFiles(folder: string): ConsoleFiles {
  let listed: Promise<Listed | null> = Promise.resolve(null);
  const current = () => {
    listed = listed.catch(() => null).then((before) => listAgain(folder, before));
    return listed;
  };
  return {
    find: async (path) => (await current())?.files.get(path) ?? null,
    async page() {
      const html = (await current())?.html;
      if (html === undefined) return null;
      const nonce = randomBytes(16).toString('base64url');
      return { html: html.replaceAll(noncePlace, nonce), nonce };
    },
  };
}

async function listAgain(folder: string, before: Listed | null): Promise<Listed | null> {
  const page = join(folder, 'index.html');
  const stats = await stat(page).catch(() => null);
  if (!stats) return null;
  // Compressed forms may come after the page.
  const assets = await stat(join(folder, 'assets')).catch(() => null);
  const stamp = `${stats.mtimeMs} ${stats.size} ${assets?.mtimeMs}`;
  if (before?.stamp === stamp) return before;
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  // A link may lead anywhere, and is no file.
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  const there = new Set(paths);
  const files = paths.map((path) => [relative(folder, path).replaceAll(sep, '/'), path] as const);
  return {
    stamp,
    html: await readFile(page, 'utf8'),
    files: new Map(files.flatMap(([name, path]) => fileOf(name, path, there))),
  };
}

function fileOf(
  name: string,
  path: string,
  there: ReadonlySet<string>,
): readonly (readonly [string, ConsoleFile])[] {
  const type = types[extname(name)];
  if (type === undefined || name === 'index.html') return [];
  const beside = (Object.keys(encodings) as Encoding[]).filter((each) =>
    there.has(`${path}${encodings[each]}`),
  );
  return [[name, { path, type, isHashed: name.startsWith('assets/'), encodings: beside }]];
}
