import { text } from '../../../strings/text.ts';
import type { Settings } from '../chat/chat-types.ts';

/** What is wrong with settings, by their names; nothing where all can be sent. */
export function faultsOf(settings: Settings): Partial<Record<keyof Settings, string>> {
  const { number, whole, positive } = text.playground.form;
  const faults: Partial<Record<keyof Settings, string>> = {};
  for (const name of ['temperature', 'topP'] as const) {
    if (!isNumber(settings[name])) faults[name] = number;
  }
  const { seed, maxTokens } = settings;
  if (!isNumber(seed) || !Number.isSafeInteger(Number(seed))) faults.seed = whole;
  const isLeast = maxTokens.trim() === '' || Number(maxTokens) >= 1;
  if (!isNumber(maxTokens) || !Number.isSafeInteger(Number(maxTokens)) || !isLeast) {
    faults.maxTokens = positive;
  }
  return faults;
}

function isNumber(written: string): boolean {
  return Number.isFinite(Number(written));
}
