import { join } from 'node:path';
import { agentsAnswer } from '../../protocol/admin/agents-answer.ts';
import { type RunningGateway, readRunningGateway } from '../../storage/running-gateway.ts';
import { hasProcess } from '../../system/processes.ts';
import { connectGateway } from '../agents/gateway-client.ts';

/** A gateway that lives answers at once; one that does not is not waited for. */
const answerTimeoutMs = 2000;

/** The gateway that serves a project already, as far as it takes its own token; null where there is none. */
export async function findOtherGateway(projectRoot: string): Promise<RunningGateway | null> {
  const record = await readRunningGateway(join(projectRoot, '.dropgate'));
  if (record === null || record.pid === process.pid || !hasProcess(record.pid)) return null;
  try {
    const gateway = await connectGateway(projectRoot);
    const question = { method: 'GET', path: '/admin/agents', answer: agentsAnswer } as const;
    await gateway({ ...question, timeoutMs: answerTimeoutMs });
    return record;
  } catch {
    // Another program has the process id or the port of a gateway that was killed.
    return null;
  }
}
