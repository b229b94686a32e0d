import { readFileSync } from 'node:fs';

/** What this package says of itself: its version, and the versions of what it brings. */
export type OwnManifest = {
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
};

/** Reads the `package.json` of this package, in the workspace and published alike. */
export function readOwnManifest(): OwnManifest {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return JSON.parse(text) as OwnManifest;
}
