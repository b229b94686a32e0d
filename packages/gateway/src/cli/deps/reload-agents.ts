import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { agentsRefreshAnswer } from '../../protocol/admin/refresh-answer.ts';
import { readRunningGateway } from '../../storage/running-gateway.ts';
import { askAgents } from '../agents/ask-agents.ts';
import { connectGateway, type GatewayClient } from '../agents/gateway-client.ts';
import { type CommandContext, CommandError } from '../command.ts';

/** Longer than several agents may load. */
const refreshTimeoutMs = 5 * 60_000;
/** A gateway that watches may have begun a load of its own. */
const loadTimeoutMs = 60_000;
/** At first, then twice as long each time, up to `askAtLeastEveryMs`: each question is a line of the gateway's log. */
const askFirstAfterMs = 200;
const askAtLeastEveryMs = 3_200;

/**
 * Has the gateway that runs on this project look at its agents again, and gives their states by model id. Null where
 * none runs; one that does not answer is reported and counts as none.
 */
export async function reloadAgents(
  context: CommandContext,
): Promise<ReadonlyMap<string, string> | null> {
  const running = await readRunningGateway(join(context.projectRoot, '.dropgate'));
  if (running === null) return null;
  try {
    const gateway = await connectGateway(context.projectRoot);
    await gateway({
      method: 'POST',
      path: '/agents/refresh',
      answer: agentsRefreshAnswer,
      timeoutMs: refreshTimeoutMs,
    });
    return await statesOnceLoaded(gateway);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    context.terminal.note(`warning: No agent was loaded again. ${error.message}`);
    return null;
  }
}

async function statesOnceLoaded(gateway: GatewayClient): Promise<ReadonlyMap<string, string>> {
  const endsAtMs = performance.now() + loadTimeoutMs;
  for (let pauseMs = askFirstAfterMs; ; pauseMs = Math.min(2 * pauseMs, askAtLeastEveryMs)) {
    const agents = await askAgents(gateway);
    const isLoading = agents.some(({ status }) => status === 'loading');
    if (!isLoading || performance.now() > endsAtMs) {
      return new Map(agents.map(({ id, status }) => [id, status]));
    }
    await wait(pauseMs);
  }
}
