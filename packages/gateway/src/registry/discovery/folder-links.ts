import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, extname, sep } from 'node:path';
import { agentFileName, type PathProblem, problemAt } from './agent-files.ts';

/** Where a link below a root leads. */
export type FollowedLink =
  | { readonly type: 'folder'; readonly real: string }
  | { readonly type: 'problem'; readonly problem: PathProblem }
  /** No folder, or one without an agent that is none of the root's. */
  | { readonly type: 'nothing' };

/**
 * Follows a link to a folder: one that stays below the root and does not lead back is walked.
 *
 * @param from - `real` is the folder the link lies in and `realRoot` the root, both with links followed.
 * @param shown - The link's path as people know it.
 */
export async function followLink(
  link: string,
  from: { readonly real: string; readonly realRoot: string },
  shown: string,
): Promise<FollowedLink> {
  const nothing: FollowedLink = { type: 'nothing' };
  const found = await resolveLink(link);
  if ('code' in found) {
    // What a link to nowhere was is unknown; one that is named like a file was none.
    if (extname(link) !== '') return nothing;
    return { type: 'problem', problem: explainLink(link, found.code, shown) };
  }
  const { real } = found;
  if (!found.isFolder) return nothing;
  if (isBelow(from.real, real)) return { type: 'problem', problem: leadsBack(link, shown) };
  if (real.startsWith(from.realRoot + sep)) return { type: 'folder', real };
  if (!(await holdsAgent(real))) return nothing;
  return { type: 'problem', problem: leavesRoot(link, shown) };
}

/** Says why a link cannot be followed, from the code of the system's error. */
export function explainLink(link: string, errorCode: string, shown: string): PathProblem {
  const fault = linkFaults[errorCode] ?? {
    code: 'link_unreadable',
    what: `cannot be followed (${errorCode})`,
    hint: 'Let the user the gateway runs as read what it points to, or remove the link.',
  };
  return problemAt(link, {
    code: fault.code,
    message: `${shown} ${fault.what}.`,
    hint: fault.hint,
    hides: true,
  });
}

const linkFaults: Readonly<Record<string, Record<'code' | 'what' | 'hint', string>>> = {
  ENOENT: {
    code: 'broken_link',
    what: 'is a link to something that does not exist',
    hint: 'Correct the link, or remove it.',
  },
  ELOOP: {
    code: 'link_loop',
    what: 'is a link that leads back to itself',
    hint: 'Correct the link, or remove it.',
  },
};

function leadsBack(link: string, shown: string): PathProblem {
  return problemAt(link, {
    code: 'link_loop',
    severity: 'warning',
    message: `${shown} is a link to a folder it lies in, and is not followed.`,
    hint: 'Remove the link.',
  });
}

function leavesRoot(link: string, shown: string): PathProblem {
  return problemAt(link, {
    code: 'link_leaves_root',
    message: `${shown} is a link to an agent outside ${dirname(shown)}, and is not followed.`,
    hint: `Copy or move ${basename(link)} here, or add the folder that holds it to GATEWAY_AGENTS_DIR.`,
  });
}

async function resolveLink(
  link: string,
): Promise<{ real: string; isFolder: boolean } | { code: string }> {
  try {
    const real = await realpath(link);
    return { real, isFolder: (await stat(real)).isDirectory() };
  } catch (error) {
    return { code: error instanceof Error && 'code' in error ? String(error.code) : 'unknown' };
  }
}

async function holdsAgent(folder: string): Promise<boolean> {
  const names = await readdir(folder).catch(() => []);
  return names.some((name) => agentFileName.test(name));
}

function isBelow(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder + sep);
}
