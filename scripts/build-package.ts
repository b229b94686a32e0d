// `node scripts/build-package.ts`: writes `packages/gateway/dist`, the code, the types, the docs, the console and the files for
// deployment that are published.
import { execFile } from 'node:child_process';
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { builtConsole } from './built-console.ts';
import { joinFiles } from './joined-files.ts';
import { workspaceRoot } from './source-files.ts';

const packageFolder = join(workspaceRoot, 'packages/gateway');
const dist = join(packageFolder, 'dist');

await rm(dist, { recursive: true, force: true });
// What the published entries reach is written, not checked: `make test` checks all of it.
const compiler = join(workspaceRoot, 'node_modules/.bin/tsc');
const types = promisify(execFile)(compiler, ['-p', join(packageFolder, 'tsconfig.build.json')]);
const pages = cp(join(workspaceRoot, 'docs'), join(dist, 'docs'), {
  recursive: true,
  // What SampleAgent reads is no page of ours.
  filter: (path) => !path.startsWith(join(workspaceRoot, 'docs/sample')),
});
// Beside the pages, as in the workspace, so that their links lead there.
const deployment = cp(join(workspaceRoot, 'deploy'), join(dist, 'deploy'), {
  recursive: true,
  // Passwords that somebody made here.
  filter: (path) => !path.startsWith(join(workspaceRoot, 'deploy/secrets')),
});
const pagesOfConsole = builtConsole().then((built) =>
  cp(built, join(dist, 'console'), { recursive: true }),
);
await Promise.all([types, pagesOfConsole, joinFiles(packageFolder, dist), pages, deployment]);
