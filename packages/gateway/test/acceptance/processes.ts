import { readdir, readFile, readlink } from 'node:fs/promises';

/** A living process that works in a folder. */
export type RunningProcess = {
  readonly pid: number;
  readonly parentPid: number;
  readonly command: string;
};

/** Whether processes can be looked up here. */
export const seesProcesses = process.platform === 'linux';

/**
 * The processes whose working folder is `folder` or lies below it, whoever their parent is: a gateway, its
 * workers, which work in the folders of their agents, and workers that outlived it. Linux only; elsewhere the list is empty.
 */
export async function processesIn(folder: string): Promise<readonly RunningProcess[]> {
  const entries = await readdir('/proc').catch(() => []);
  const found = await Promise.all(
    entries.filter((name) => /^\d+$/.test(name)).map((pid) => lookUp(Number(pid), folder)),
  );
  return found.filter((one) => one !== null);
}

/** A process that ends while we look, and one of another user, is not ours. */
async function lookUp(pid: number, folder: string): Promise<RunningProcess | null> {
  try {
    const works = await readlink(`/proc/${pid}/cwd`);
    if (works !== folder && !works.startsWith(`${folder}/`)) return null;
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The name is in brackets and may itself hold brackets and spaces.
    const [state, parentPid] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (state === 'Z') return null;
    const command = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ').trim();
    return { pid, parentPid: Number(parentPid), command };
  } catch {
    return null;
  }
}
