import type { ModuleLoad } from '../../protocol/records.ts';
import type { SourceFiles } from '../load/source-files.ts';
import { type WithheldEnv, withholdRootEnv } from './withheld-env.ts';
import { enterWorkingFolder, type WorkingFolder } from './working-folder.ts';

/** What a module finds around it. */
export type Surroundings = {
  readonly workingFolder: WorkingFolder;
  readonly withheldEnv: WithheldEnv;
};

/**
 * Puts this process where the module works, without the project's own `.env`.
 *
 * @param load - With real paths.
 * @param place.text - The module's; its settings are read as they are written.
 */
export function enterSurroundings(
  load: ModuleLoad,
  { text, projectRoot }: { readonly text: string; readonly projectRoot: string },
): Surroundings {
  return {
    workingFolder: enterWorkingFolder(load, { text, projectRoot }),
    withheldEnv: withholdRootEnv(projectRoot, load),
  };
}

/** The text of a file; one that cannot be read is empty here, and says so when it is imported. */
export function peekText(sources: SourceFiles, path: string): string {
  try {
    return sources.peek(path);
  } catch {
    return '';
  }
}
