import type { Usage } from '../../protocol/run.ts';

/** Tokens of a call or of several, the cached ones among the input. */
export type PricedTokens = Pick<Usage, 'inputTokens' | 'outputTokens' | 'cachedInputTokens'>;

/** What tokens cost, in thousand-millionths of a US dollar, rounded up to whole ones; null where that cannot be told. */
export type PriceOf = (tokens: PricedTokens) => number | null;

/** US dollars per million tokens. */
export type Rates = {
  readonly input: number;
  readonly output: number;
  /** Absent: as other input. */
  readonly cachedInput?: number | undefined;
};

/** A dollar per million tokens is a thousand of these for one. */
const NANO_PER_TOKEN = 1000;

/** What tokens cost at fixed rates. */
export function priceAt({ input, output, cachedInput = input }: Rates): PriceOf {
  return ({ inputTokens, outputTokens, cachedInputTokens }) => {
    const cached = Math.min(cachedInputTokens, inputTokens);
    const fresh = inputTokens - cached;
    return wholeNano(
      (fresh * input + cached * cachedInput + outputTokens * output) * NANO_PER_TOKEN,
    );
  };
}

/** Rounded up, but for what is only an error of arithmetic. */
export function wholeNano(nano: number): number {
  return Math.ceil(Number(nano.toPrecision(12)));
}
