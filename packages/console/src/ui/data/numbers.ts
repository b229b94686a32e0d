const whole = new Intl.NumberFormat('en-US');
const compact = new Intl.NumberFormat('en-US', { notation: 'compact', maximumFractionDigits: 1 });

/** A count in full: `12,345`. */
export function count(value: number): string {
  return whole.format(value);
}

/** A count in short: `12.3K`. */
export function short(value: number): string {
  return compact.format(value);
}

/** US dollars: `$0.0042`, `$12.50`; null, of which nobody knows the price, is `–`. */
export function dollars(value: number | null | undefined): string {
  if (value === null || value === undefined) return '–';
  if (value === 0) return '$0';
  return `$${value >= 1 ? value.toFixed(2) : value.toPrecision(2)}`;
}

/** Bytes: `12 kB`, `3.4 MB`. */
export function bytes(value: number): string {
  if (value < 1000) return `${value} B`;
  if (value < 1e6) return `${(value / 1e3).toFixed(0)} kB`;
  return value < 1e9 ? `${(value / 1e6).toFixed(1)} MB` : `${(value / 1e9).toFixed(2)} GB`;
}
