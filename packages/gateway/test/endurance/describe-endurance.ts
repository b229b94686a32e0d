import { describe, test } from 'vitest';
import { seesProcesses } from '../acceptance/processes.ts';
import { hangTimeoutMs } from '../support/hang-limit.ts';
import { missingPython } from '../support/python-with-sdk.ts';

export type Language = 'TypeScript' | 'Python';

const missing = await missingPython();

/** A test of agents in a language, where this machine has it and tells of other processes. */
export function testEndurance(
  language: Language,
  title: string,
  options: { readonly timeout?: number; readonly run: () => Promise<void> },
): void {
  const define = () => {
    test.runIf(seesProcesses)(title, { timeout: options.timeout ?? hangTimeoutMs }, options.run);
  };
  if (language === 'TypeScript') describe('endurance', define);
  else describe.skipIf(missing)(`endurance in Python (${missing ?? 'run'})`, define);
}
