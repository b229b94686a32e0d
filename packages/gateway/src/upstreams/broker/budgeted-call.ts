import { GatewayError } from '../../errors.ts';
import type { Exchange, Outcome } from '../relay/forward.ts';
import { asksForBackground, asksForStream, parseObject } from '../relay/request-body.ts';
import type { Upstream } from '../upstream.ts';
import {
  defaultOutputTokens,
  estimateInput,
  estimateTokens,
  outputCap,
} from './estimate-tokens.ts';
import type { LiveCall } from './grants.ts';

/** What keys may still spend. */
export type TokenBudget = {
  readonly hasBudget: (keyId: string) => boolean;
  /** Null where the key has no budget. Rejects with a GatewayError where the tokens do not fit into it. */
  readonly reserve: (
    keyId: string,
    estimateTokens: () => number,
  ) => Promise<{ readonly settle: (tokens: number) => void }> | null;
};

/** A call whose tokens are set aside. To be ended once, whatever happens. */
export type BudgetedCall = {
  readonly settle: (outcome: Outcome) => void;
  /** Nothing was sent. */
  readonly release: () => void;
};

/**
 * Sets aside what a call may cost its key. Null where it has no budget.
 *
 * @throws GatewayError `quota_exhausted`, `store_unavailable`.
 */
export function setAside(
  budget: TokenBudget | undefined,
  call: LiveCall,
  exchange: Exchange,
): Promise<BudgetedCall> | null {
  if (!budget || exchange.method !== 'POST' || call.keyId === null) return null;
  const reserving = budget.reserve(call.keyId, () => estimateTokens(exchange));
  return reserving?.then(({ settle }) => budgeted(settle, exchange)) ?? null;
}

/**
 * The call with a limit on its answer, where its key has a budget and it sets none: what was set aside is then the most
 * it can cost.
 *
 * @throws GatewayError `invalid_json` for a model call of such a key that is no JSON object: it cannot be counted.
 */
export function withCap(
  budget: TokenBudget | undefined,
  exchange: Exchange,
  { call: { keyId }, upstream }: { readonly call: LiveCall; readonly upstream: Upstream },
): Exchange {
  const { api, body } = exchange;
  if (!budget || keyId === null || !budget.hasBudget(keyId)) return exchange;
  if (api === null || !Buffer.isBuffer(body)) return exchange;
  const fields = parseObject(body);
  if (!fields) throw new GatewayError('invalid_json', 'A model call is a JSON object.');
  if (outputCap(fields) !== null) return exchange;
  const name = api === 'responses' ? 'max_output_tokens' : chatCap(upstream);
  return {
    ...exchange,
    body: Buffer.from(JSON.stringify({ ...fields, [name]: defaultOutputTokens })),
  };
}

/** OpenAI's newer models refuse the old name, and other servers may not know the new one. */
function chatCap(upstream: Upstream): 'max_completion_tokens' | 'max_tokens' {
  const isOpenAi = upstream.type === 'remote' && /\/\/api\.openai\.com\//.test(upstream.baseUrl);
  return isOpenAi ? 'max_completion_tokens' : 'max_tokens';
}

function budgeted(settle: (tokens: number) => void, exchange: Exchange): BudgetedCall {
  return {
    settle: (outcome) => settle(tokensUsed(outcome, exchange)),
    release: () => settle(0),
  };
}

/**
 * What was metered of a whole answer is what was used. An answer without a count, and a stream that was left or cut,
 * cost at least what was sent and what came back until then, without a count never more than was set aside; a failure
 * costs nothing. What a model makes unseen costs what was set aside: in the background, and of a whole answer until its
 * caller leaves, who could else have it for free.
 */
function tokensUsed(
  { outcome, status, usage, isWhole, outputEstimate }: Outcome,
  exchange: Exchange,
): number {
  const counted = usage ? usage.inputTokens + usage.outputTokens : 0;
  if (usage && (isWhole || exchange.api === null)) return counted;
  const isCut = outcome === 'failed' && status < 300 && outputEstimate > 0;
  if ((outcome === 'failed' && !isCut) || exchange.api === null) return counted;
  const most = estimateTokens(exchange);
  const isUnseen =
    outcome === 'ok'
      ? asksForBackground(exchange.body)
      : status === 0 && !asksForStream(exchange.body);
  if (isUnseen) return most;
  return Math.max(counted, Math.min(estimateInput(exchange.body) + outputEstimate, most));
}
