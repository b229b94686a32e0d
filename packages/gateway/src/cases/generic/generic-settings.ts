import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Inferred } from '../../protocol/inferred.ts';
import { isAbsent, whyUnread } from '../../system/files.ts';
import { checkSource } from '../check-source.ts';
import { CaseError, readSource } from '../read-value.ts';
import { checkNames } from './check-result.ts';

const DEFAULT_MAX_SECONDS = 30;

const reason = z.string().min(1);

/** `tests/generic.yaml`: how an agent is tried that needs something special. */
const genericSchema = z.strictObject({
  message: reason.default('Hello!').describe('What it is asked.'),
  max_seconds: z
    .number()
    .min(0.1)
    .max(3600)
    .default(DEFAULT_MAX_SECONDS)
    .describe('How long one answer may take.'),
  skip: z
    .union([reason, z.partialRecord(z.enum(checkNames).exclude(['loads']), reason)])
    .exactOptional()
    .describe('Why nothing of it is tried, or why some checks are not: their names with a reason.'),
});

export type GenericSettings = Inferred<typeof genericSchema>;

/**
 * What lies in the `tests` folder of an agent about how it is tried; what holds without it, where there is none.
 *
 * @throws CaseError which names the file, what is wrong in it, and what to do.
 */
export async function readGenericSettings(folder: string): Promise<GenericSettings> {
  const [name] = (await namesIn(folder)).filter(isGenericFile).toSorted();
  if (name === undefined) return defaultSettings();
  try {
    return checkSource(genericSchema, await readSource(join(folder, name), folder), remedy);
  } catch (error) {
    if (!(error instanceof CaseError)) throw error;
    throw new CaseError(`tests/${name}: ${error.message}`, { cause: error });
  }
}

/** What holds where nothing is said. */
export function defaultSettings(): GenericSettings {
  return genericSchema.parse({});
}

const remedy = 'Correct it: see "Try an agent" in docs/guides/Testing.md.';

/** Whether a file of a `tests` folder is this one, and no case. */
export function isGenericFile(name: string): boolean {
  return /^generic\.(ya?ml|json)$/.test(name);
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isAbsent(error)) return [];
    throw new CaseError(`tests ${whyUnread(error)}.`, { cause: error });
  }
}
