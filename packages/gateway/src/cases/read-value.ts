import { extname } from 'node:path';
import { parse as parseYaml } from 'yaml';
import { readOwnText, whyUnread } from '../system/files.ts';

/** A case of 16 MiB is twice as large where it is all quotes; nothing that is larger is one. */
const CASE_LIMIT_BYTES = 64 * 1024 * 1024;

/** A file is no case; `message` says what is wrong and what to do. */
export class CaseError extends Error {
  override readonly name = 'CaseError';
}

/** What to do with a case that a run was recorded as. */
export const recordAnew =
  'Correct it, or write it anew with `dropgate runs to-test <run> --force`.';

/** What a file holds, and its text, which tells where something stands. */
export type CaseSource = { readonly value: unknown; readonly text: string };

/**
 * Reads a file of YAML or JSON, by its ending.
 *
 * @param within - A folder that it may not lead out of.
 * @throws CaseError
 */
export async function readSource(path: string, within: string): Promise<CaseSource> {
  const text = await readOwnText(path, { within, limitBytes: CASE_LIMIT_BYTES }).catch(
    (error: unknown) => {
      throw new CaseError(`It ${whyUnread(error)}.`, { cause: error });
    },
  );
  return { text, value: extname(path) === '.json' ? parseJson(text) : parseYamlText(text) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new CaseError(`It is no JSON: ${(error as Error).message}. ${recordAnew}`, {
      cause: error,
    });
  }
}

function parseYamlText(text: string): unknown {
  try {
    // Warnings would be written to the gateway's output as they are.
    return parseYaml(text, { logLevel: 'error' });
  } catch (error) {
    const [message] = (error as Error).message.split('\n', 1);
    throw new CaseError(`It is no YAML: ${message} Correct it.`, { cause: error });
  }
}
