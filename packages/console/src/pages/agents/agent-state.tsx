import type { Agent } from '../../api/agents.ts';
import { text } from '../../strings/text.ts';
import { Badge, type Tone } from '../../ui/badge.tsx';

const tones: Readonly<Record<Agent['status'], Tone>> = {
  ready: 'good',
  loading: 'info',
  degraded: 'warn',
  failed: 'bad',
};

/** How an agent is, and whether somebody holds it at a version. */
export function AgentState({ agent }: { readonly agent: Pick<Agent, 'status' | 'pinned'> }) {
  const { status, pinned } = agent;
  return (
    <span title={text.agents.stateHints[status]}>
      <Badge tone={tones[status]}>{text.agents.states[status]}</Badge>
      {pinned && <Badge tone="info">{text.agents.pinned}</Badge>}
    </span>
  );
}
