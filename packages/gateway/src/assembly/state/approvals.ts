import { holderOf, localHolder } from '../../policy/keys/identify.ts';
import { isUsable } from '../../policy/keys/known-keys.ts';
import { returningHolder } from '../../policy/tokens/assumed-holder.ts';
import { isOfTokens } from '../../protocol/security/token-principal.ts';
import type { FindAgain } from '../../registry/kept/find-again.ts';
import type { InterruptedFiles } from '../../registry/kept/interrupted-files.ts';
import { createApprovals } from '../../runs/approvals/approvals.ts';
import { createKeepInterrupted } from '../../runs/approvals/keep-interrupted.ts';
import { createMayAnswer, type MayAnswer } from '../../runs/approvals/may-answer.ts';
import type { ResumeAsked, ResumeRun } from '../../runs/approvals/resume-asked.ts';
import type { ServedAgent } from '../../runs/run.ts';
import type { Parts } from '../agent-processes.ts';
import type { createRegistry } from '../registry.ts';
import { loadedTo } from '../replay/replay-deps.ts';

/** What becomes of runs that wait for somebody, joined with what that needs. */
export function createInterruptions(
  parts: Parts,
  registry: Pick<ReturnType<typeof createRegistry>, 'catalog' | 'findAgain' | 'interruptedFiles'>,
) {
  const { policy, nowSeconds, emit } = parts;
  const mayAnswer = createMayAnswer({ rules: policy.current, nowSeconds, emit });
  const keepInterrupted = keepOf(parts, { files: registry.interruptedFiles, mayAnswer });
  return {
    ofRuns: {
      findInterrupted: createFindInterrupted(
        registry.findAgain,
        (agentId) => registry.catalog.get(agentId)?.served,
      ),
      ...(keepInterrupted && { keepInterrupted }),
    },
    approvalsOf: (resumeRun: ResumeRun) => approvalsOf(parts, { mayAnswer, resumeRun }),
  };
}

/** Undefined where nothing outlives the gateway. */
function keepOf(
  parts: Parts,
  { files, mayAnswer }: { readonly files: InterruptedFiles; readonly mayAnswer: MayAnswer },
) {
  if (parts.purpose !== 'serve') return undefined;
  const { store, live, emit } = parts;
  return createKeepInterrupted({
    store: store.approvals,
    mayAnswer,
    expireMinutes: () => live.current().approvals.expireMinutes,
    filesHashOf: files.hashOf,
    filesOf: files.bytesOf,
    nowMs: Date.now,
    emit,
  });
}

/** Finds what a run was interrupted on: what serves runs it in its ordinary worker, anything else in one of its own. */
function createFindInterrupted(
  findAgain: FindAgain,
  current: (agentId: string) => unknown,
): (of: ResumeAsked['of']) => Promise<ServedAgent> {
  return async ({ agentId, filesHash }) => {
    const wanted = { type: 'recorded', filesHash, generation: 0 } as const;
    const found = await findAgain(agentId, wanted);
    const isServing = current(agentId) === found.served;
    return isServing ? { ...found.served, ...found.module } : loadedTo(found, 'open');
  };
}

function approvalsOf(
  parts: Parts,
  { mayAnswer, resumeRun }: { readonly mayAnswer: MayAnswer; readonly resumeRun: ResumeRun },
) {
  const { store, live, known, tokens, users, nowSeconds, emit } = parts;
  return createApprovals({
    store: store.approvals,
    mayAnswer,
    settings: () => live.current().approvals,
    usableKey(keyId, userId) {
      if (keyId === localHolder.keyId) return localHolder;
      if (isOfTokens(keyId)) {
        const { issuers } = live.current();
        return returningHolder(keyId, { find: tokens.find, issuers, nowSeconds: nowSeconds() });
      }
      const key = known.find(keyId);
      if (!key || !isUsable(key, nowSeconds())) return null;
      const user = key.forwardsUsers && userId !== null ? users.known(keyId, userId) : null;
      return { ...holderOf(key), ...(user && { user }) };
    },
    isRevoked: (keyId) => (known.find(keyId)?.revokedAtSeconds ?? null) !== null,
    resumeRun,
    aloneSinceMs: store.isShared ? null : Date.now(),
    nowMs: Date.now,
    emit,
  });
}
