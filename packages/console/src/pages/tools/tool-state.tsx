import type { Tool, ToolList } from '../../api/tools.ts';
import { text } from '../../strings/text.ts';
import { Badge, type Tone } from '../../ui/badge.tsx';

type State = Tool['state'] | ToolList['servers'][number]['state'];

const tones: Readonly<Record<State, Tone>> = {
  ready: 'good',
  connecting: 'info',
  degraded: 'warn',
  not_ready: 'bad',
};

/** How a tool, or a server of tools, is. */
export function ToolState({ state }: { readonly state: State }) {
  return <Badge tone={tones[state]}>{text.tools.states[state]}</Badge>;
}
