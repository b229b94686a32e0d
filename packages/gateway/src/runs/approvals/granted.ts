import { isDeepStrictEqual } from 'node:util';
import type { Grant } from '../../protocol/state/approval-store.ts';
import type { HostedQuestion } from '../../protocol/tools/hosted-tools.ts';

/** A call that is about to be made. */
export type GrantedCall = {
  readonly tool: string;
  /** The model's id of it; absent where code of the module makes it. */
  readonly callId: string | undefined;
  readonly args: unknown;
};

/** Knows which calls of a run a person has approved. */
export type Granted = {
  readonly find: (call: GrantedCall) => Grant | null;
  /** Whether what a server at the upstream asked was approved: that question, or all of its tool. */
  readonly has: (question: HostedQuestion) => boolean;
  /** Each is good for one call, unless it holds for all of a tool. */
  readonly use: (grant: Grant) => void;
};

/** A call is the approved one where its id, its tool and its arguments are. */
export function createGranted(grants: readonly Grant[]): Granted {
  const open = new Set(grants);
  const parsed = new Map(grants.map((grant) => [grant, parsedArguments(grant.arguments)]));
  return {
    find({ tool, callId, args }) {
      for (const grant of open) {
        if (grant.tool !== tool || grant.hosted) continue;
        if (grant.always) return grant;
        if (grant.callId === callId && isDeepStrictEqual(parsed.get(grant), args)) return grant;
      }
      return null;
    },
    has: ({ id, tool }) =>
      grants.some(
        (grant) => grant.hosted && (grant.callId === id || (grant.always && grant.tool === tool)),
      ),
    use(grant) {
      if (!grant.always) open.delete(grant);
    },
  };
}

/** Arguments as a model wrote them; what is no JSON stays a text, and nothing is an object without any. */
export function parsedArguments(text: string): unknown {
  try {
    return JSON.parse(text === '' ? '{}' : text);
  } catch {
    return text;
  }
}
