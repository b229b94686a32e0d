import { type AgentStatus, agentsAnswer } from '../../protocol/admin/agents-answer.ts';
import type { GatewayClient } from './gateway-client.ts';

/** How long a gateway may take to tell one page of what it knows. */
const readTimeoutMs = 15_000;

/** Every agent of a running gateway, page by page. */
export async function askAgents(gateway: GatewayClient): Promise<readonly AgentStatus[]> {
  const all: AgentStatus[] = [];
  for (let after: string | undefined; ; ) {
    const { agents, next } = await gateway({
      method: 'GET',
      path: '/admin/agents',
      answer: agentsAnswer,
      query: { after },
      timeoutMs: readTimeoutMs,
    });
    all.push(...agents);
    if (next === null) return all;
    after = next;
  }
}
