import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { namedFiles } from '../packages/gateway/src/own-files.ts';

/**
 * Packages of which a gateway reads a few functions, out of some 400 files: they become part of its own. They stay
 * dependencies as well, for those who audit them and for the workspace, which runs the sources.
 */
const joinedPackages: readonly string[] = [
  '@opentelemetry/api',
  '@opentelemetry/core',
  '@opentelemetry/exporter-trace-otlp-http',
  '@opentelemetry/otlp-exporter-base',
  '@opentelemetry/otlp-transformer',
  '@opentelemetry/resources',
  '@opentelemetry/sdk-trace',
  '@opentelemetry/semantic-conventions',
  '@prometheus-io/client',
  'commander',
  'kysely',
  'rate-limiter-flexible',
  'yaml',
];

/**
 * Compiles the gateway's own files and joins them: most of a start is to read 700 files one by one. Those that are found
 * by their name (`own-files.ts`) keep their place, and what several of them need lies beside the first folder, where
 * `own-files.ts` expects itself to be.
 *
 * @param packageFolder - Absolute folder of the package.
 * @param folder - Absolute folder to write to; what is there stays.
 * @throws What rolldown says of a file that it cannot read or join.
 */
export async function joinFiles(packageFolder: string, folder: string): Promise<void> {
  const names = ['index', 'testing', ...namedFiles];
  const bundle = await rolldown({
    cwd: packageFolder,
    input: Object.fromEntries(names.map((name) => [name, `src/${name}.ts`])),
    platform: 'node',
    external: isLeftOut,
  });
  await bundle.write({
    dir: folder,
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: '[name]-[hash].js',
    codeSplitting: { groups: [{ name: 'own-files', test: /\/own-files\.ts$/ }] },
    banner: (chunk) => licences(chunk.moduleIds),
  });
  await bundle.close();
}

function isLeftOut(specifier: string): boolean {
  // `#` is how some of these packages name files of their own.
  const isPath = /^[./#]/.test(specifier);
  return !isPath && !joinedPackages.some((name) => `${specifier}/`.startsWith(`${name}/`));
}

/** Whoever copies these packages has to say so. */
function licences(moduleIds: readonly string[]): string {
  const isIn = (name: string) => moduleIds.some((id) => id.includes(`/node_modules/${name}/`));
  return joinedPackages.filter(isIn).map(licenceOf).join('\n');
}

function licenceOf(name: string): string {
  const folder = join(import.meta.dirname, '../node_modules', name);
  const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
  if (!file) throw new Error(`${name} has no licence that could be copied with it.`);
  return `/*! ${name}\n${readFileSync(join(folder, file), 'utf8').trim()}\n*/`;
}
