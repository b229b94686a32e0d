import { placeOf } from './code-place.ts';
import type { MissedExport } from './missed/missed-export.ts';

/** What to do about an agent for voice sessions. */
export const realtimeHint = 'Export an `Agent` of `@openai/agents`.';

/** A file that builds agents for voice sessions only, wherever it does. */
export function findRealtimeText(text: string): MissedExport | null {
  const place = placeOf(text, /\bnew RealtimeAgent\b/);
  if (!place || /\bnew (Sandbox)?Agent\b|\bAgent\.create\b/.test(text)) return null;
  return {
    code: 'realtime_agent',
    message: 'It builds a RealtimeAgent, which speaks over a voice session only.',
    place,
    hint: realtimeHint,
  };
}
