import type { Run } from '../../api/runs.ts';
import { text } from '../../strings/text.ts';
import { Badge, type Tone } from '../badge.tsx';

const tones: Readonly<Record<Run['outcome'], Tone>> = {
  running: 'info',
  finished: 'good',
  interrupted: 'warn',
  blocked: 'warn',
  cancelled: 'neutral',
  failed: 'bad',
  lost: 'bad',
};

/** How a run ended, or that it goes on. */
export function RunOutcome({ outcome }: { readonly outcome: Run['outcome'] }) {
  return <Badge tone={tones[outcome]}>{text.runs.outcomes[outcome]}</Badge>;
}
