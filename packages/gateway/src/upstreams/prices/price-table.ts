import { type PriceOf, priceAt, wholeNano } from './price.ts';

/** Known prices, by the address of an upstream and the name of a model there. */
export type PriceTable = {
  /** Null where it knows no price of it. */
  readonly find: (baseUrl: string, model: string) => PriceOf | null;
};

const NANO_PER_DOLLAR = 1_000_000_000;

const sample = { inputTokens: 1, outputTokens: 1, cachedInputTokens: 0 };

/** Reads the table that comes with the gateway, which takes a while and some memory. It asks nobody. */
export async function loadPriceTable(): Promise<PriceTable> {
  const { calcPrice } = await import('@pydantic/genai-prices');
  return {
    find(baseUrl, model) {
      const priceOf: PriceOf = ({ inputTokens, outputTokens, cachedInputTokens }) => {
        const usage = {
          input_tokens: inputTokens,
          output_tokens: outputTokens,
          cache_read_tokens: Math.min(cachedInputTokens, inputTokens),
        };
        try {
          const price = calcPrice(usage, model, { providerApiUrl: baseUrl });
          return price && wholeNano(price.total_price * NANO_PER_DOLLAR);
        } catch {
          // It throws for what it has no price of among these tokens.
          return null;
        }
      };
      return (
        fixedPrice(calcPrice, { baseUrl, model }) ?? (priceOf(sample) === null ? null : priceOf)
      );
    },
  };
}

/** The price of a model whose rates are the same whatever the time and the length of a call: a fraction of the work. */
function fixedPrice(
  calcPrice: typeof import('@pydantic/genai-prices').calcPrice,
  { baseUrl, model }: { readonly baseUrl: string; readonly model: string },
): PriceOf | null {
  const usage = { input_tokens: 1, output_tokens: 1 };
  const found = calcPrice(usage, model, { providerApiUrl: baseUrl });
  if (!found || Array.isArray(found.model.prices)) return null;
  const {
    input_mtok: input,
    output_mtok: output,
    cache_read_mtok: cachedInput,
  } = found.model_price;
  const isFixed = typeof input === 'number' && typeof output === 'number';
  if (!isFixed || typeof cachedInput === 'object') return null;
  return priceAt({ input, output, cachedInput });
}
