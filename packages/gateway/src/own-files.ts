import { basename, dirname, extname, join } from 'node:path';

/** The gateway's own files, absolute: `src` in the workspace, `dist` in the published package. */
export const ownFolder = import.meta.dirname;

/** The folder of the package, absolute: what it says of itself and what is not in TypeScript lies here. */
export const packageFolder = dirname(ownFolder);

const isWorkspace = basename(ownFolder) === 'src';

/** The sources of the console and what builds them, absolute; null in the published package, which has it built. */
export const consoleSources = isWorkspace
  ? {
      folder: join(packageFolder, '../console'),
      script: join(packageFolder, '../../scripts/build-console.ts'),
    }
  : null;

/** The built files of the console, absolute. */
export const consoleFolder = join(
  consoleSources?.folder ?? ownFolder,
  isWorkspace ? 'dist' : 'console',
);

/**
 * Files that are found by their name while the gateway runs: where processes begin, and what agents' modules are made
 * to import. The published package keeps each of them in its place and joins all others.
 */
export const namedFiles = [
  'cli/main',
  'worker/agent-api',
  'worker/around/child-hooks',
  'worker/around/closed-thread',
  'worker/dotenv',
  'worker/main',
  'worker/models/azure-client',
  'worker/run/guard-tools',
  'worker/run/tool-errors',
  'worker/script/busy-thread',
  'worker/script/calls-at-load',
] as const;

/** Where such a file is, absolute. */
export function ownFile(name: (typeof namedFiles)[number]): string {
  return join(ownFolder, `${name}${extname(import.meta.filename)}`);
}
