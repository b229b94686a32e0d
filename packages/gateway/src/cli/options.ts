import { InvalidArgumentError, Option } from 'commander';
import { pageSize } from '../protocol/pages.ts';
import { moneyLimits, securityLimits } from '../protocol/security/security-limits.ts';
import { type RunLimitsJson, runLimitsSchema } from '../protocol/usage/run-limits.ts';
import type { CommandContext } from './command.ts';

/** Runs the work of a command, which resolves with its exit code. */
export type RunCommand = (work: (context: CommandContext) => Promise<number>) => Promise<void>;

/** Command lines for the end of a command's help; given without the program's name. */
export function examples(...lines: readonly string[]): string {
  return ['', 'Examples:', ...lines.map((line) => `  $ dropgate ${line}`)].join('\n');
}

/** `--json`: the result for scripts. */
export function jsonOption(): Option {
  return new Option('--json', 'print the result as JSON');
}

/** `--port`: 0 to 65535. */
export function portOption(): Option {
  return new Option('--port <port>', 'port to listen on, over every setting').argParser((text) => {
    const port = Number(text);
    if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
    throw new InvalidArgumentError('A port is a number from 0 to 65535.');
  });
}

/** Names with commas between them, as a list. */
export function parseList(text: string): string[] {
  const parts = text.split(',').map((part) => part.trim());
  if (parts.every((part) => part !== '')) return parts;
  throw new InvalidArgumentError('Give names with commas between them, such as a,b.');
}

/** An address of a server, over HTTP or HTTPS. */
export function parseAddress(text: string): string {
  if (/^https?:\/\//.test(text) && URL.canParse(text)) return text;
  throw new InvalidArgumentError('Give an address such as https://registry.npmjs.org.');
}

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

/** A duration such as `30d`, in seconds. */
export function parseDuration(text: string): number {
  const seconds = durationSeconds(text);
  if (seconds !== null) return seconds;
  throw new InvalidArgumentError('Give a number and s, m, h, d or w, such as 30d.');
}

/** A time, or a duration before now such as `30m`, as ISO 8601 in UTC. */
export function parseSince(text: string): string {
  const seconds = durationSeconds(text);
  const timeMs = seconds === null ? Date.parse(text) : Date.now() - seconds * 1000;
  const time = new Date(timeMs);
  if (/\d/.test(text) && !Number.isNaN(time.getTime())) return time.toISOString();
  throw new InvalidArgumentError('Give a time such as 2026-01-31T12:00Z, or 30m, 12h or 7d.');
}

/** `--limit`: how many records to list. */
export function limitOption(): Option {
  return new Option('--limit <count>', `how many at most, up to ${pageSize.most}`)
    .default(pageSize.default)
    .argParser((text) => {
      const limit = Number(text);
      if (/^\d{1,9}$/.test(text) && limit >= 1 && limit <= pageSize.most) return limit;
      throw new InvalidArgumentError(`Give a number from 1 to ${pageSize.most}.`);
    });
}

/** A limit: a whole number above 0. */
export function parseLimitOfKey(text: string): number {
  const limit = Number(text);
  if (/^\d{1,15}$/.test(text) && limit >= 1) return limit;
  throw new InvalidArgumentError('Give a whole number above 0.');
}

/** An amount of US dollars. */
export function parseDollars(text: string): number {
  const amount = Number(text);
  const { leastUsd, mostUsd } = moneyLimits;
  if (/^\d{1,9}(\.\d{1,9})?$/.test(text) && amount >= leastUsd && amount <= mostUsd) return amount;
  throw new InvalidArgumentError('Give US dollars, such as 5 or 0.25, up to a million.');
}

/** Limits of runs, such as `max_model_calls=20,max_cost_usd=0.5`. */
export function parseRunLimits(text: string): RunLimitsJson {
  const pairs = text.split(',').map((pair) => pair.trim().split('='));
  const entries = pairs.map(([name = '', value = '']) => [
    name,
    /^\d+(?:\.\d+)?$/.test(value) ? Number(value) : null,
  ]);
  const isOnce = new Set(pairs.map(([name]) => name)).size === pairs.length;
  const parsed = runLimitsSchema.safeParse(Object.fromEntries(entries));
  if (parsed.success && isOnce && pairs.every(({ length }) => length === 2)) return parsed.data;
  const names = Object.keys(runLimitsSchema.shape).join(', ');
  throw new InvalidArgumentError(
    `Give limits above 0, each once, with commas between them, such as max_model_calls=20. Known: ${names}.`,
  );
}

/** A duration such as `1h`, or `0`, in seconds: 30 days at most. */
export function parseOverlap(text: string): number {
  const seconds = text === '0' ? 0 : durationSeconds(text);
  if (seconds !== null && seconds <= securityLimits.overlapSeconds) return seconds;
  throw new InvalidArgumentError('Give 0, or a number and s, m, h, d or w, up to 30d.');
}

/** A duration such as `15m`, in seconds: 24 hours at most. */
export function parseTtl(text: string): number {
  const seconds = durationSeconds(text);
  if (seconds !== null && seconds <= securityLimits.overrideTtlSeconds) return seconds;
  throw new InvalidArgumentError('Give a number and s, m or h, up to 24h.');
}
