import type { Emit } from '../../events.ts';
import type { RefreshReport } from '../../protocol/admin/refresh-answer.ts';
import type { SyncAgents } from '../sync-agents.ts';
import { createWatch, type Watch } from './watch.ts';

export type FollowFilesDeps = {
  /** Absolute folders of agents; null where edits wait for a refresh. */
  readonly roots: readonly string[] | null;
  /** Absolute, secrets among them. Followed in any case: rules have to hold without a restart. */
  readonly settingsFiles: () => readonly string[];
  readonly reloadSettings: () => Promise<unknown>;
  readonly sync: SyncAgents;
  /** Told when what changed is live, with what became of the agents; never of changes that wait for a refresh. */
  readonly onFollowed?: OnFollowed | undefined;
  readonly emit: Emit;
};

/** Told of absolute paths that changed, and of what came of them. */
export type OnFollowed = (changed: ReadonlySet<string>, report: RefreshReport) => void;

export type FollowFiles = Pick<Watch, 'start' | 'close'> & {
  /** Says of which files modules are made, wherever they lie. */
  readonly setModuleFiles: (files: readonly string[]) => void;
};

/** Makes each batch of changed files live: the settings first, then the agents, where they are followed. */
export function createFollowFiles(deps: FollowFilesDeps): FollowFiles {
  const { roots, settingsFiles, reloadSettings, sync, emit } = deps;
  const follow = async (changed: ReadonlySet<string>) => {
    try {
      const isAboutSettings = settingsFiles().some((file) => changed.has(file));
      if (isAboutSettings) await reloadSettings();
      if (roots) {
        const report = await sync({ force: false, changed });
        deps.onFollowed?.(changed, report);
      } else if (isAboutSettings) {
        await sync({ force: false, changed, leaveEdits: true });
      }
    } catch (error) {
      emit({ type: 'fault_survived', where: 'reload', error });
    }
  };
  const { start, close, setExtraFiles } = createWatch({
    roots: roots ?? [],
    onBatch: (changed) => void follow(changed),
    onFault: (error) => emit({ type: 'fault_survived', where: 'watching the agents', error }),
  });
  const setModuleFiles = (files: readonly string[]) =>
    setExtraFiles([...(roots ? files : []), ...settingsFiles()]);
  setModuleFiles([]);
  return { start, close, setModuleFiles };
}
