/** A cost for people: `$0.0123`; `?` where no price is known, with a `+` where some are not. */
export function shownDollars({
  cost_usd,
  unpriced_calls,
}: {
  readonly cost_usd: number | null;
  readonly unpriced_calls: number;
}): string {
  if (cost_usd === null) return '?';
  const shown = cost_usd === 0 || cost_usd >= 0.01 ? cost_usd.toFixed(2) : cost_usd.toPrecision(2);
  return `$${Number(shown) === 0 ? '0' : shown}${unpriced_calls > 0 ? '+' : ''}`;
}
