import type { Key } from '../../api/keys.ts';
import { text } from '../../strings/text.ts';
import { Badge } from '../../ui/badge.tsx';

const tones = { active: 'good', expired: 'neutral', revoked: 'bad' } as const;

/** Whether a key can be used. */
export function KeyState({ state }: { readonly state: Key['state'] }) {
  return <Badge tone={tones[state]}>{text.keys.states[state]}</Badge>;
}
