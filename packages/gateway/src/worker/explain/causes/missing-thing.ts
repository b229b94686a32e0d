import { basename } from 'node:path';
import type { Finding } from '../../../protocol/diagnostics.ts';
import { isLocalPath, shownPath } from '../../load/local-files.ts';
import { ownFrame, type Place, placeOf } from '../code-place.ts';
import { type FailureContext, locate } from '../failure-context.ts';

/** A finding for a file or a program that the module's code uses and this machine lacks; null for any other failure. */
export function explainMissingThing(error: unknown, context: FailureContext): Finding | null {
  if (!(error instanceof Error) || !('code' in error) || error.code !== 'ENOENT') return null;
  const { path, syscall } = error as { path?: unknown; syscall?: unknown };
  if (typeof path !== 'string' || typeof syscall !== 'string') return null;
  const frame = ownFrame(error);
  const { projectRoot, load, sources } = context;
  const isProgram = syscall.startsWith('spawn');
  const shown = isProgram ? path : shownPath(path, projectRoot);
  return {
    stage: 'load',
    code: isProgram ? 'missing_program' : 'missing_file',
    severity: 'error',
    message: isProgram
      ? `${load.modulePath} starts \`${shown}\`, which is not there.`
      : `${load.modulePath} reads \`${shown}\`, which does not exist.`,
    ...locate(frame?.file ?? load.entry, frame, sources),
    hint: isProgram
      ? `Install \`${shown}\` on this machine, or name another program.`
      : `Copy it beside ${basename(load.entry)}, and name it from there: \`new URL('./${basename(path)}', import.meta.url)\`.`,
  };
}

/** A finding for a browser that a package drives and this machine lacks; null for any other failure. */
export function explainMissingBrowser(error: unknown, context: FailureContext): Finding | null {
  const said = error instanceof Error ? error.message : '';
  const [, playwright, puppeteer] =
    /npx (playwright) install|npx (puppeteer) browsers/.exec(said) ?? [];
  if (playwright === undefined && puppeteer === undefined) return null;
  const frame = ownFrame(error);
  const { load, sources } = context;
  return {
    stage: 'load',
    code: 'missing_program',
    severity: 'error',
    message: `${load.modulePath} starts a browser, which is not installed.`,
    ...locate(frame?.file ?? load.entry, frame, sources),
    hint: `Run \`npx ${playwright ? 'playwright install' : 'puppeteer browsers install chrome'}\` on this machine, as the user who runs the gateway.`,
  };
}

/** A finding for an import as Deno and browsers have it (`npm:`, `jsr:`, `https:`); null for any other failure. */
export function explainForeignScheme(error: unknown, context: FailureContext): Finding | null {
  const isForeign =
    error instanceof Error && 'code' in error && error.code === 'ERR_UNSUPPORTED_ESM_URL_SCHEME';
  if (!isForeign) return null;
  const found = foreignImport(context);
  if (!found) return null;
  const { file, specifier, place } = found;
  return {
    stage: 'load',
    code: 'foreign_import',
    severity: 'error',
    message: `${shownPath(file, context.projectRoot)} imports \`${specifier}\`, which Node does not know how to fetch.`,
    ...locate(file, place, context.sources),
    hint: foreignHint(specifier, shownPath(context.load.folder, context.projectRoot)),
  };
}

const foreign =
  /(?<=(?:from|import)\s*\(?\s*)['"]((?:npm|jsr|https?|bun|deno|cloudflare|workerd|astro|virtual):[^'"\n]+)['"]/;

function foreignImport({ sources }: FailureContext) {
  for (const { path } of sources.loaded()) {
    const text = isLocalPath(path) ? sources.peek(path) : '';
    const [, specifier] = foreign.exec(text) ?? [];
    const place: Place | null = placeOf(text, foreign);
    if (specifier !== undefined) return { file: path, specifier, place };
  }
  return null;
}

const homes: Readonly<Record<string, string>> = {
  bun: 'Bun',
  deno: 'Deno',
  cloudflare: 'a Worker of Cloudflare',
  workerd: 'a Worker of Cloudflare',
  astro: 'a site of Astro',
};

function foreignHint(specifier: string, folder: string): string {
  const home = /^(bun|deno|cloudflare|workerd|astro):/.exec(specifier)?.[1];
  if (home !== undefined) return `Leave out what is made of it: only ${homes[home]} has it.`;
  const [, scheme, name] = /^(npm|jsr):\/?(@[^/@]+\/[^/@]+|[^/@]+)/.exec(specifier) ?? [];
  if (scheme === undefined || name === undefined) {
    return 'Put the file beside the agent and import it by its path, or install a package that has it.';
  }
  const install =
    scheme === 'npm'
      ? `npm install ${name} --prefix ${folder}`
      : `(cd ${folder} && npx jsr add ${name})`;
  return `Import \`${name}\`, and run \`${install}\`.`;
}
