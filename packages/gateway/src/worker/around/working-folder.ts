import type { Finding } from '../../protocol/diagnostics.ts';
import type { ModuleLoad } from '../../protocol/records.ts';
import { placeOf } from '../explain/code-place.ts';
import { writtenSetting } from '../facts/written-setting.ts';

/** Where relative paths of a module begin. */
export type WorkingFolder = {
  /** Goes to the project's root where only the module, once it ran, said that it works there; a warning then. */
  readonly settle: (asked: string | undefined) => Finding[];
};

/**
 * Makes this process work in the module's folder, or leaves it in the project's root where `__gateway__.cwd` says
 * `project`. A folder that is gone, as that of a kept generation may be, leaves it there too.
 *
 * @param at.text - Of the entry.
 */
export function enterWorkingFolder(
  { folder, entry, modulePath }: Pick<ModuleLoad, 'folder' | 'entry' | 'modulePath'>,
  at: { readonly text: string; readonly projectRoot: string },
): WorkingFolder {
  const { text, projectRoot } = at;
  const staysInRoot = writtenSetting(entry, text, 'cwd') === 'project' || !canEnter(folder);
  return {
    settle(asked) {
      if (asked !== 'project' || staysInRoot) return [];
      canEnter(projectRoot);
      return [
        {
          stage: 'metadata',
          code: 'cwd_applied_late',
          severity: 'warning',
          message: `\`__gateway__.cwd\` of ${modulePath} holds only since it was imported: it is not written as a plain value.`,
          file: entry,
          ...placeOf(text, /\bcwd\b|__gateway__/),
          hint: 'Write `export const __gateway__ = { cwd: "project" }` at the top level of the file.',
        },
      ];
    },
  };
}

function canEnter(folder: string): boolean {
  try {
    process.chdir(folder);
    return true;
  } catch {
    return false;
  }
}
