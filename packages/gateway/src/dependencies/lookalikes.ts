/** Names under which people look for the SDK; on npm they are something else or nothing. */
const misnamed: ReadonlySet<string> = new Set([
  'agents',
  'agents-sdk',
  'openai-agent',
  'openai-agents',
  'openai-agents-js',
  'openai-agents-sdk',
  '@openai/agent',
  '@openai/agents-sdk',
  '@openai/openai-agents',
]);

/** Packages that many use, so that a name one letter off is more likely an error or a trap. */
const wellKnown: readonly string[] = [
  ...['@openai/agents', '@openai/agents-core', '@openai/agents-extensions', 'openai', 'dropgate'],
  ...['axios', 'cheerio', 'commander', 'cross-env', 'date-fns', 'dotenv', 'esbuild', 'eslint'],
  ...['express', 'fastify', 'ioredis', 'jsonwebtoken', 'langchain', 'lodash', 'moment', 'mongodb'],
  ...['mongoose', 'mysql2', 'node-fetch', 'nodemailer', 'playwright', 'prisma', 'puppeteer'],
  ...['react', 'redis', 'request', 'semver', 'sharp', 'stripe', 'typescript', 'undici'],
];

/** Packages in their own right that happen to be one letter away from a well-known one. */
const neighbours: ReadonlySet<string> = new Set([
  ...['axis', 'commando', 'momento', 'mysql', 'openapi', 'preact', 'redact', 'server', 'strip'],
]);

/** A name that is probably not the package meant. `meant` is the one it looks like. */
export type Lookalike = { readonly meant: string; readonly kind: 'unofficial' | 'misspelt' };

/** What a package's name may have been meant to be; null where it is in order. */
export function lookalikeOf(name: string): Lookalike | null {
  if (misnamed.has(name)) return { meant: '@openai/agents', kind: 'unofficial' };
  if (wellKnown.includes(name) || neighbours.has(name)) return null;
  const meant = wellKnown.find((known) => isOneEditAway(name, known));
  return meant === undefined ? null : { meant, kind: 'misspelt' };
}

/** Whether one letter is inserted, removed or replaced, or two neighbours are swapped. */
export function isOneEditAway(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > 1) return false;
  let start = 0;
  while (start < a.length && a[start] === b[start]) start += 1;
  const [restOfA, restOfB] = [a.slice(start), b.slice(start)];
  const isSwap =
    restOfA[0] === restOfB[1] &&
    restOfA[1] === restOfB[0] &&
    restOfA.slice(2) === restOfB.slice(2) &&
    restOfA.length > 1;
  return (
    isSwap ||
    restOfA.slice(1) === restOfB.slice(1) ||
    restOfA.slice(1) === restOfB ||
    restOfA === restOfB.slice(1)
  );
}
