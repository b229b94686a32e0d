import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { shareCompileCache } from './compile-cache.ts';

/** A project folder of a test. */
export type TemporaryProject = {
  readonly folder: string;
  /** Writes a file below the folder; nobody sees it half written. */
  readonly write: (path: string, text: string) => void;
  /** Removes a file or folder below the folder. */
  readonly remove: (path: string) => void;
  readonly dispose: () => void;
};

/** Makes an empty folder for a test. */
export function temporaryProject(): TemporaryProject {
  const folder = mkdtempSync(join(tmpdir(), 'dropgate-project-'));
  const removeAll = { recursive: true, force: true, maxRetries: 5 } as const;
  return {
    folder,
    write(path, text) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      const unseen = join(folder, dirname(path), `.${basename(path)}.new`);
      writeFileSync(unseen, text);
      renameSync(unseen, join(folder, path));
    },
    remove: (path) => rmSync(join(folder, path), removeAll),
    dispose: () => rmSync(folder, removeAll),
  };
}

/** The same for a test that loads agents: its workers start warm. */
export function warmTemporaryProject(): TemporaryProject {
  const project = temporaryProject();
  shareCompileCache(project.folder);
  return project;
}

/** An agent that needs no SDK, so that it loads at once. */
export const plainAgent = `export const agent = { run: async () => 'Hello.' };\n`;

/** An agent that does not parse, in its second line. */
export const brokenAgent = `const first = 1;\nconst second = ;\n`;
