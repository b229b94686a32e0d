import {
  getCompileCacheDir,
  type LoadHookSync,
  type ResolveFnOutput,
  type ResolveHookContext,
  type ResolveHookSync,
  registerHooks,
} from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type KeptImports,
  type KeptModule,
  packagesFolder,
  readImports,
  writeImports,
} from './import-file.ts';

/** Packages that every worker imports, read in one piece instead of file by file. */
export type ImportCache = {
  /** Imports with what is kept at hand; the outcome is that of an import as ever. */
  readonly during: <T>(work: () => Promise<T>) => Promise<T>;
  /** Remembers what is imported from here on, where nothing is kept that still holds. */
  readonly remember: () => void;
  /** Writes what was remembered, for the processes that come later. Throws where it cannot be written. */
  readonly keep: () => void;
};

/**
 * Half of what the import of the SDK costs is to find and read its 600 files. This has them in one file, beside the
 * code that Node compiled of them, and gives Node what it would find and read: the same URLs and sources. It lies in the
 * folder that `NODE_COMPILE_CACHE` names; without one nothing is kept.
 */
export function createImportCache(): ImportCache {
  let kept: KeptImports | null | undefined;
  let remembered: Remembered | null = null;

  return {
    async during(work) {
      const file = cacheFile();
      if (file === null) return work();
      if (kept === undefined) kept = readImports(file);
      const hooks = kept ? hooksOf(kept) : remembered && rememberIn(remembered);
      const registered = hooks && registerHooks(hooks);
      try {
        return await work();
      } finally {
        registered?.deregister();
      }
    },
    remember() {
      remembered ??= { modules: new Map(), targets: new Map() };
    },
    keep() {
      const file = cacheFile();
      if (file !== null && !kept && remembered) writeImports(file, remembered);
    },
  };
}

type Hooks = { readonly resolve: ResolveHookSync; readonly load: LoadHookSync };

function cacheFile(): string | null {
  const folder = getCompileCacheDir();
  return folder === undefined ? null : join(folder, 'imports');
}

function hooksOf({ modules, targets }: KeptImports): Hooks {
  return {
    resolve(specifier, context, nextResolve) {
      const url = isPlainImport(context) && targets.get(context.parentURL ?? '')?.get(specifier);
      return url ? { url, format: 'module', shortCircuit: true } : nextResolve(specifier, context);
    },
    load(url, context, nextLoad) {
      const found = modules.get(url);
      return found
        ? { source: found.source, format: 'module', shortCircuit: true }
        : nextLoad(url, context);
    },
  };
}

type Remembered = {
  readonly modules: Map<string, KeptModule>;
  readonly targets: Map<string, Map<string, string>>;
};

function rememberIn({ modules, targets }: Remembered): Hooks {
  return {
    resolve(specifier, context, nextResolve) {
      // A copy: Node writes into its own what a hook asks of the next one.
      const resolved = nextResolve(specifier, { ...context });
      const { parentURL } = context;
      if (parentURL && isPlainImport(context) && isCertain(specifier, parentURL, resolved)) {
        const asked = targets.get(parentURL) ?? new Map<string, string>();
        targets.set(parentURL, asked.set(specifier, resolved.url));
      }
      return resolved;
    },
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      const { format, source } = loaded;
      if (format !== 'module' || !source || !isInPackage(url)) return loaded;
      const bytes =
        typeof source === 'string' ? Buffer.from(source) : Buffer.from(source as Uint8Array);
      modules.set(url, { url, path: fileURLToPath(url), source: bytes });
      return loaded;
    },
  };
}

function isPlainImport({ conditions, importAttributes }: ResolveHookContext): boolean {
  return conditions.includes('import') && Object.keys(importAttributes).length === 0;
}

/** Script of a package as it lies on disk. */
function isInPackage(url: string): boolean {
  return /^file:[^?#]*\.m?js$/.test(url) && packagesFolder(fileURLToPath(url)) !== null;
}

/** Whether nothing that is not watched could lead the import elsewhere: a package may lie nearer one day. */
function isCertain(specifier: string, parentUrl: string, { url }: ResolveFnOutput): boolean {
  if (!isInPackage(parentUrl) || !isInPackage(url)) return false;
  if (specifier.startsWith('.')) return true;
  const packages = packagesFolder(fileURLToPath(parentUrl));
  return packages !== null && fileURLToPath(url).startsWith(packages);
}
