import { GatewayError } from '../../../errors.ts';
import type { PricedTokens, PriceOf } from '../../prices/price.ts';
import type { Exchange } from '../../relay/forward.ts';
import type { Outcome } from '../../relay/outcome.ts';
import { writtenBody } from '../../relay/request-body.ts';
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

/** What keys may still spend, in whole units. */
export type CallBudget = {
  readonly hasBudget: (keyId: string) => boolean;
  /** Null where the key has no budget. Rejects with a GatewayError where it does not fit into it. */
  readonly reserve: (
    keyId: string,
    estimate: () => number,
  ) => Promise<{ readonly settle: (used: number) => void }> | null;
};

/** Who pays for a call: its key, and the user whom it is for, where the key forwards them. */
type Payer = Pick<LiveCall, 'keyId' | 'origin'>;

function payersOf({ keyId, origin }: Payer): readonly string[] {
  if (keyId === null) return [];
  const user = origin?.userAccount;
  return user === undefined ? [keyId] : [keyId, user];
}

/** The budgets of keys; absent where no key has one. */
export type CallBudgets = {
  readonly tokens?: CallBudget | undefined;
  /** In thousand-millionths of a US dollar. */
  readonly money?: CallBudget | undefined;
};

/** Whether a key, or a user by its account, has a budget of either kind. */
export function hasAnyBudget({ tokens, money }: CallBudgets, keyId: string): boolean {
  return (tokens?.hasBudget(keyId) ?? false) || (money?.hasBudget(keyId) ?? false);
}

/** A call whose cost is set aside. To be ended once, whatever happens. */
export type BudgetedCall = {
  readonly settle: (outcome: Outcome) => void;
  /** Nothing was sent. */
  readonly release: () => void;
};

/** A call as it is sent, and what it may cost. The body is parsed for it once; of what it holds, only this is kept. */
export type PricedCall = {
  readonly exchange: Exchange;
  readonly price: Price | null;
  /** What these tokens cost at the upstream of this name; null where nobody knows. */
  readonly costAt: (upstream: string, tokens: PricedTokens) => number | null;
  /** The most that these tokens may cost, wherever the call goes; null where nobody knows. */
  readonly costAnywhere: (tokens: PricedTokens) => number | null;
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

/** Tokens in and out that a call took, as far as they are known. */
export type UsedTokens = PricedTokens;

/** Where a call goes: whose it is, to which upstream, and what is known of what that keeps. */
export type CallPlace = {
  readonly call: Payer;
  /** The upstream, and the one that stands in for it. */
  readonly upstreams: readonly [Upstream, ...Upstream[]];
  /** What tokens of a model cost there; null where nobody knows. */
  readonly priceAt: (upstream: Upstream, model: string | null) => PriceOf | null;
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
  budgets: CallBudgets,
  exchange: Exchange,
  { call, contexts, fields: read, ...place }: CallPlace,
): PricedCall {
  const { api, method } = exchange;
  const [upstream] = place.upstreams;
  if (method !== 'POST' || !payersOf(call).some((payer) => hasAnyBudget(budgets, payer))) {
    return { exchange, price: null, ...costs(exchange, place) };
  }
  const fields = read ?? fieldsOf(exchange.body);
  if (api === null) {
    const price = priceOf(exchange, fields, nothingNamed);
    return { exchange, price, ...costs(exchange, place) };
  }
  if (!fields) throw new GatewayError('invalid_json', 'A model call is a JSON object.');
  const name = api === 'responses' ? 'max_output_tokens' : chatCap(upstream);
  const capped =
    outputCap(fields) === null ? { ...fields, [name]: defaultOutputTokens } : { ...fields };
  const sent = { ...exchange, body: writtenBody(capped) };
  const price = priceOf(sent, capped, contexts.costOf(upstream.name, capped));
  return {
    exchange: sent,
    price,
    ...costs(sent, place),
    learn: (outcome) => contexts.learn(capped, estimateInput(sent.body, capped), outcome),
  };
}

function costs(
  { model }: Exchange,
  { upstreams, priceAt }: Pick<CallPlace, 'upstreams' | 'priceAt'>,
): Pick<PricedCall, 'costAt' | 'costAnywhere'> {
  return {
    costAt(name, tokens) {
      const answered = upstreams.find((upstream) => upstream.name === name) ?? upstreams[0];
      return priceAt(answered, model)?.(tokens) ?? null;
    },
    costAnywhere(tokens) {
      const each = upstreams.map((upstream) => priceAt(upstream, model)?.(tokens) ?? null);
      return each.includes(null) ? null : Math.max(...each.map(Number));
    },
  };
}

/** All that it may take: what it sends, and the rest as if a model had written it. */
function mostOf({ input, most }: Price): PricedTokens {
  return { inputTokens: input, outputTokens: Math.max(0, most - input), cachedInputTokens: 0 };
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
 * Sets aside what a call may cost its key, and the user whom it is for. Null where neither has a budget.
 *
 * @throws GatewayError `quota_exhausted`, `store_unavailable`, `price_unknown` where its key has a budget in money.
 */
export function setAside(
  budgets: CallBudgets,
  call: Payer,
  priced: PricedCall,
): Promise<BudgetedCall> | null {
  const { price } = priced;
  const payers = payersOf(call);
  if (payers.length === 0 || !price) return null;
  return reserveAll(budgets, payers, { ...priced, price });
}

async function reserveAll(
  { tokens, money }: CallBudgets,
  payers: readonly string[],
  { exchange, price, costAt, costAnywhere }: PricedCall & { readonly price: Price },
): Promise<BudgetedCall> {
  const isPaid = price.isWorkedOn && payers.some((payer) => money?.hasBudget(payer));
  const mostNano = isPaid ? costAnywhere(mostOf(price)) : 0;
  if (mostNano === null) throw unknownPrice(exchange.model);
  const booked: { readonly tokens: Booked[]; readonly money: Booked[] } = { tokens: [], money: [] };
  const settleAll = (usedTokens: number, usedNano: number) => {
    for (const { settle } of booked.tokens) settle(usedTokens);
    for (const { settle } of booked.money) settle(usedNano);
  };
  try {
    for (const payer of payers) {
      booked.tokens.push(...given(await tokens?.reserve(payer, () => price.most)));
      booked.money.push(...given(await money?.reserve(payer, () => mostNano)));
    }
  } catch (error) {
    settleAll(0, 0);
    throw error;
  }
  return {
    settle(outcome) {
      const used = tokensUsed(outcome, price, exchange.api !== null);
      // What cannot be told any more costs what was set aside.
      const usedNano = booked.money.length > 0 ? costAt(outcome.upstream, used) : 0;
      settleAll(used.inputTokens + used.outputTokens, usedNano ?? mostNano);
    },
    release: () => settleAll(0, 0),
  };
}

type Booked = { readonly settle: (used: number) => void };

function given(booked: Booked | null | undefined): readonly Booked[] {
  return booked ? [booked] : [];
}

function unknownPrice(model: string | null): GatewayError {
  const named = model === null ? 'what this call asks for' : `the model "${model.slice(0, 200)}"`;
  return new GatewayError(
    'price_unknown',
    `Nobody knows a price of ${named}, and the key has a budget in money. The operator gives it one with upstreams.<name>.prices in gateway.yaml, for its upstream and for that one’s fallback.`,
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
  price: Price,
  isModelCall: boolean,
): UsedTokens {
  const { input, most, isWorkedOn, isStream, isBackground } = price;
  const counted = usage ?? nothing;
  if (usage && (isWhole || !isModelCall)) return counted;
  const isAccepted = outcome !== 'failed' || (status >= 200 && status < 300);
  if (isModelCall && isBackground && isAccepted) return mostOf(price);
  const isCut = outcome === 'failed' && status < 300 && outputEstimate > 0;
  if ((outcome === 'failed' && !isCut) || !isWorkedOn) return counted;
  if (!isModelCall) return mostOf(price);
  // Headers, and spaces that keep a connection alive, may come long before the answer.
  const isUnseen = outcome !== 'ok' && outputEstimate === 0 && !isStream;
  if (isUnseen) return mostOf(price);
  const come = Math.max(0, Math.min(input + outputEstimate, most) - input);
  const known = { inputTokens: Math.min(input, most), outputTokens: come, cachedInputTokens: 0 };
  return sumOf(counted) > sumOf(known) ? counted : known;
}

const nothing: UsedTokens = { inputTokens: 0, outputTokens: 0, cachedInputTokens: 0 };

function sumOf({ inputTokens, outputTokens }: UsedTokens): number {
  return inputTokens + outputTokens;
}
