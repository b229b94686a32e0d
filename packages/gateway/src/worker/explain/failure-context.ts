import { extname } from 'node:path';
import type { Finding } from '../../protocol/diagnostics.ts';
import type { ModuleLoad } from '../../protocol/records.ts';
import { codeFrame } from '../../protocol/text/code-frame.ts';
import { isLocalPath } from '../load/local-files.ts';
import type { FailedImport } from '../load/resolve-import.ts';
import type { SourceFiles } from '../load/source-files.ts';
import { ownFrame, type Place } from './code-place.ts';

/** What is needed to explain why a module did not load. */
export type FailureContext = {
  readonly load: ModuleLoad;
  readonly projectRoot: string;
  readonly sources: SourceFiles;
  readonly failedImport: (error: unknown) => FailedImport | null;
  /** The gateway's copy of the SDK, where it is imported. */
  readonly preloadedSdk: Readonly<Record<string, unknown>> | null;
  /** Environment of the process, with the module's own variables. */
  readonly env: Readonly<Record<string, string | undefined>>;
};

/** A finding for anything thrown by the author's code, with the first frame of their own. `what` begins the message. */
export function explainThrown(
  error: unknown,
  context: Pick<FailureContext, 'sources'>,
  about: { readonly code: string; readonly what: string; readonly hint: string },
): Finding {
  const frame = ownFrame(error);
  return {
    stage: 'load',
    code: about.code,
    severity: 'error',
    message: `${about.what}: ${describeThrown(error)}`,
    ...(frame ? locate(frame.file, frame, context.sources) : {}),
    hint: about.hint,
  };
}

/** `TypeError: x is not a function`, with its cause; any thrown value gets a text. */
export function describeThrown(error: unknown): string {
  if (!(error instanceof Error)) return `${String(error)} (thrown, but no Error)`;
  const cause = error.cause instanceof Error ? ` (cause: ${error.cause.message})` : '';
  return `${error.name}: ${error.message}${cause}`;
}

/** Place and code frame of a finding, where the file can be read. */
export function locate(
  file: string,
  place: Place | null,
  sources: SourceFiles,
): Pick<Finding, 'file' | 'line' | 'column' | 'frame'> {
  if (!place) return { file };
  const { line, column } = place;
  try {
    return { file, line, column, frame: codeFrame(sources.peek(file), place) };
  } catch {
    return { file, line, column };
  }
}

/** Files of the author's that were read so far and hold code. */
export function localScripts({ sources }: Pick<FailureContext, 'sources'>): string[] {
  const paths = sources.loaded().map(({ path }) => path);
  return paths.filter((path) => isLocalPath(path) && extname(path) !== '.json');
}
