// `node scripts/release/release-notes.ts v1.2.3`: prints the section of CHANGELOG.md for that version. Exits with 1 where
// there is none, or the version is not the package's.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { workspaceRoot } from '../source-files.ts';
import { sectionOf } from './changelog.ts';

const tag = process.argv[2] ?? '';
const manifest = readFileSync(join(workspaceRoot, 'packages/gateway/package.json'), 'utf8');
const { version } = JSON.parse(manifest) as { version: string };
if (tag !== `v${version}`) fail(`The tag ${tag} is not of the version ${version} of the package.`);
let changelog = '';
try {
  changelog = readFileSync(join(workspaceRoot, 'CHANGELOG.md'), 'utf8');
} catch {
  fail('There is no CHANGELOG.md.');
}
const section = sectionOf(changelog, version);
if (section === null) fail(`CHANGELOG.md has no section for ${version}.`);
console.log(section);

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}
