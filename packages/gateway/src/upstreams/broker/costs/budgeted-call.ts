import { GatewayError } from '../../../errors.ts';
import type { Exchange } from '../../relay/forward.ts';
import type { Outcome } from '../../relay/outcome.ts';
import type { Upstream } from '../../upstream.ts';
import type { LiveCall } from '../grants.ts';
import { estimateOther } from './estimate-other.ts';
import {
  defaultOutputTokens,
  estimateInput,
  estimateTokens,
  fieldsOf,
  outputCap,
} from './estimate-tokens.ts';
import type { ContextCost, KeptContexts } from './kept-contexts.ts';

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

/** A call as it is sent, and what it may cost. The body is parsed for it once; of what it holds, only this is kept. */
export type PricedCall = {
  readonly exchange: Exchange;
  readonly price: Price | null;
  /** Remembers what is now known of what the call named. */
  readonly learn?: (outcome: Outcome) => void;
};

/** What a call asks for, as far as it decides what it costs. Tokens. */
export type Price = {
  /** What it sends, and what is known of what it only names. */
  readonly input: number;
  /** That, what it names may be beyond, and the longest answer that it allows. */
  readonly most: number;
  /** Whether a model works on it; what only stores or reads something costs nothing. */
  readonly isWorkedOn: boolean;
  readonly isStream: boolean;
  readonly isBackground: boolean;
};

/** Where a call goes: whose it is, to which upstream, and what is known of what that keeps. */
export type CallPlace = {
  readonly call: LiveCall;
  readonly upstream: Upstream;
  readonly contexts: KeptContexts;
  /** Of its body, where it was read already. */
  readonly fields?: Readonly<Record<string, unknown>> | null;
};

/**
 * The call with its price, and with a limit on its answer where it sets none: what is set aside is then the most it can
 * cost. It is sent as it was read here: of a field that stands twice, an upstream might take the other. Null as price,
 * and the very same call, where its key has no budget.
 *
 * @throws GatewayError `invalid_json` for a model call of such a key that is no JSON object: it cannot be counted.
 */
export function pricedCall(
  budget: TokenBudget | undefined,
  exchange: Exchange,
  { call: { keyId }, upstream, contexts, fields: read }: CallPlace,
): PricedCall {
  const { api, method } = exchange;
  if (method !== 'POST' || keyId === null || !budget?.hasBudget(keyId)) {
    return { exchange, price: null };
  }
  const fields = read ?? fieldsOf(exchange.body);
  if (api === null) return { exchange, price: priceOf(exchange, fields, nothingNamed) };
  if (!fields) throw new GatewayError('invalid_json', 'A model call is a JSON object.');
  const name = api === 'responses' ? 'max_output_tokens' : chatCap(upstream);
  const capped =
    outputCap(fields) === null ? { ...fields, [name]: defaultOutputTokens } : { ...fields };
  const sent = { ...exchange, body: Buffer.from(JSON.stringify(capped)) };
  return {
    exchange: sent,
    price: priceOf(sent, capped, contexts.costOf(upstream.name, capped)),
    learn: (outcome) => contexts.learn(capped, estimateInput(sent.body, capped), outcome),
  };
}

const nothingNamed: ContextCost = { known: 0, unknown: 0 };

function priceOf(
  exchange: Exchange,
  fields: ReturnType<typeof fieldsOf>,
  { known, unknown }: ContextCost,
): Price {
  const other = exchange.api === null ? estimateOther(exchange, fields) : null;
  return {
    input: estimateInput(exchange.body, fields) + known,
    most: (other ?? estimateTokens(exchange, fields)) + known + unknown,
    isWorkedOn: exchange.api !== null || other !== null,
    isStream: fields?.stream === true,
    isBackground: fields?.background === true,
  };
}

/**
 * Sets aside what a call may cost its key. Null where it has no budget.
 *
 * @throws GatewayError `quota_exhausted`, `store_unavailable`.
 */
export function setAside(
  budget: TokenBudget | undefined,
  { keyId }: LiveCall,
  { exchange, price }: PricedCall,
): Promise<BudgetedCall> | null {
  if (!budget || keyId === null || !price) return null;
  const reserving = budget.reserve(keyId, () => price.most);
  return (
    reserving?.then(({ settle }) => ({
      settle: (outcome) => settle(tokensUsed(outcome, price, exchange.api !== null)),
      release: () => settle(0),
    })) ?? null
  );
}

/** OpenAI's newer models refuse the old name, and other servers may not know the new one. */
function chatCap(upstream: Upstream): 'max_completion_tokens' | 'max_tokens' {
  const isOpenAi = upstream.type === 'remote' && /\/\/api\.openai\.com\//.test(upstream.baseUrl);
  return isOpenAi ? 'max_completion_tokens' : 'max_tokens';
}

/**
 * What was metered of a whole answer is what was used. An answer without a count, and a stream that was left or cut,
 * cost at least what was sent and what came back until then, without a count never more than was set aside; a failure
 * costs nothing. What a model makes unseen costs what was set aside: in the background, and of a whole answer until its
 * caller leaves, who could else have it for free; so also a picture, say, of which nothing is counted.
 */
function tokensUsed(
  { outcome, status, usage, isWhole, outputEstimate }: Outcome,
  { input, most, isWorkedOn, isStream, isBackground }: Price,
  isModelCall: boolean,
): number {
  const counted = usage ? usage.inputTokens + usage.outputTokens : 0;
  if (usage && (isWhole || !isModelCall)) return counted;
  const isAccepted = outcome !== 'failed' || (status >= 200 && status < 300);
  if (isModelCall && isBackground && isAccepted) return most;
  const isCut = outcome === 'failed' && status < 300 && outputEstimate > 0;
  if ((outcome === 'failed' && !isCut) || !isWorkedOn) return counted;
  if (!isModelCall) return most;
  // Headers, and spaces that keep a connection alive, may come long before the answer.
  const isUnseen = outcome !== 'ok' && outputEstimate === 0 && !isStream;
  if (isUnseen) return most;
  return Math.max(counted, Math.min(input + outputEstimate, most));
}
