const secondsPerUnit: Readonly<Record<string, number>> = {
  s: 1,
  m: 60,
  h: 3600,
  d: 86_400,
  w: 604_800,
};

/** Seconds of a duration such as `30d`, `12h`, `45m`, `90s` or `2w`; null where it is none. */
export function durationSeconds(text: string): number | null {
  const [, amount, unit] = /^([1-9]\d{0,8})([smhdw])$/.exec(text) ?? [];
  return amount && unit ? Number(amount) * (secondsPerUnit[unit] ?? 0) : null;
}
