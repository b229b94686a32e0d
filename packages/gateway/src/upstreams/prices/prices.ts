import type { Emit } from '../../events.ts';
import { aliasOf, matchesGlob } from '../relay/model-aliases.ts';
import type { RemoteUpstream, Upstream } from '../upstream.ts';
import { type PriceOf, priceAt } from './price.ts';
import { loadPriceTable, type PriceTable } from './price-table.ts';

/** What models cost at upstreams. */
export type Prices = {
  /** Reads what is needed to tell the prices of these upstreams; null where nothing is, or no longer. */
  readonly prepare: (upstreams: readonly Upstream[]) => Promise<void> | null;
  /** What tokens of a model cost there, by the name that its agent asks for; null where nobody knows. */
  readonly find: (upstream: Upstream, model: string | null) => PriceOf | null;
};

/** Names of models are the agents' to choose: so many are remembered of an upstream. */
const MAX_REMEMBERED = 1000;

/** A longer name is no model's. */
const MAX_NAME_LENGTH = 200;

/**
 * Knows the prices that the settings give, and beyond them those of a table, which is read when an upstream is used that
 * may be in it.
 */
export function createPrices(emit: Emit, load: () => Promise<PriceTable> = loadPriceTable): Prices {
  let table: PriceTable | null = null;
  let loading: Promise<void> | null = null;
  let remembered = new WeakMap<Upstream, Map<string, PriceOf | null>>();

  const begin = () => {
    loading ??= load()
      .catch((error: unknown) => {
        emit({ type: 'fault_survived', where: 'reading prices', error });
        return { find: () => null };
      })
      .then((loaded) => {
        table = loaded;
        remembered = new WeakMap();
      });
    return loading;
  };
  return {
    prepare(upstreams) {
      return table === null && upstreams.some(mayBeInTable) ? begin() : null;
    },
    find(upstream, model) {
      if (upstream.type === 'demo') return free;
      if (model === null || model.length > MAX_NAME_LENGTH) return null;
      const known = remembered.get(upstream) ?? new Map<string, PriceOf | null>();
      remembered.set(upstream, known);
      const before = known.get(model);
      if (before !== undefined) return before;
      const price = priceOfModel(upstream, model, table);
      if (known.size >= MAX_REMEMBERED) known.clear();
      known.set(model, price);
      return price;
    },
  };
}

/** The demo model runs here. */
const free: PriceOf = () => 0;

function priceOfModel(
  { prices, modelAliases, baseUrl }: RemoteUpstream,
  asked: string,
  table: PriceTable | null,
): PriceOf | null {
  const sent = aliasOf(asked, modelAliases);
  const own = prices.find(({ models }) => matchesGlob(models, sent) || matchesGlob(models, asked));
  return own ? priceAt(own) : (table?.find(baseUrl, sent) ?? null);
}

/** A server on this machine has no price that others could know. */
function mayBeInTable(upstream: Upstream): boolean {
  if (upstream.type === 'demo') return false;
  const host = URL.parse(upstream.baseUrl)?.hostname ?? '';
  return !/^(localhost|127\..*|\[::1\])$/.test(host);
}
