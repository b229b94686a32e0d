import { cp, mkdir, mkdtemp, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';

/** A project folder of its own below the temp dir: no package.json, no node_modules, no parent that has one. */
export type Project = {
  readonly root: string;
  /**
   * Writes files, folders included; paths are below the root. Nobody sees one that is half written: on a busy machine
   * a watch may look between the two steps in which a file is emptied and filled.
   */
  write(files: Readonly<Record<string, string>>): Promise<void>;
  /** Copies a folder from anywhere to `path` below the root. */
  copy(folder: string, path: string): Promise<void>;
  remove(): Promise<void>;
};

/** Makes a project with these files. */
export async function createProject(files: Readonly<Record<string, string>>): Promise<Project> {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'dropgate-project-')));
  const write = async (more: Readonly<Record<string, string>>) => {
    for (const [path, text] of Object.entries(more)) {
      const file = join(root, path);
      await mkdir(dirname(file), { recursive: true });
      const unseen = join(dirname(file), `.${basename(file)}.new`);
      await writeFile(unseen, text);
      await rename(unseen, file);
    }
  };
  await write(files);
  return {
    root,
    write,
    copy: (folder, path) => cp(folder, join(root, path), { recursive: true }),
    remove: () => rm(root, { recursive: true, force: true, maxRetries: 3 }),
  };
}
