import type { Finding } from '../protocol/diagnostics.ts';
import type { Language } from '../protocol/module.ts';
import type { TextPlace } from './json-place.ts';

/** What is known of the names of packages in one language. All are as the registry compares them. */
type KnownNames = {
  readonly registry: string;
  /** The Agents SDK. */
  readonly sdk: string;
  /** Names under which people look for the SDK; they are something else or nothing. */
  readonly mistaken: ReadonlySet<string>;
  /** Packages that many use, so that a name one letter off is more likely an error or a trap. */
  readonly wellKnown: ReadonlySet<string>;
  /** Packages in their own right that happen to be one letter away from a well-known one. */
  readonly neighbours: ReadonlySet<string>;
};

const knownNames: Readonly<Record<Language, KnownNames>> = {
  node: {
    registry: 'npm',
    sdk: '@openai/agents',
    mistaken: words(`
      agents agents-sdk openai-agent openai-agents openai-agents-js openai-agents-sdk
      @openai/agent @openai/agents-sdk @openai/openai-agents`),
    wellKnown: words(`
      @openai/agents @openai/agents-core @openai/agents-extensions openai dropgate
      axios cheerio commander cross-env date-fns dotenv esbuild eslint
      express fastify ioredis jsonwebtoken langchain lodash moment mongodb
      mongoose mysql2 node-fetch nodemailer playwright prisma puppeteer
      react redis request semver sharp stripe typescript undici`),
    neighbours: words('axis commando momento mysql openapi preact redact server strip'),
  },
  python: {
    registry: 'PyPI',
    sdk: 'openai-agents',
    mistaken: words('agents agents-sdk openai-agent openai-agents-python openai-agents-sdk'),
    wellKnown: words(`
      openai-agents openai aiohttp anthropic asyncpg beautifulsoup4 boto3
      celery chromadb cryptography django fastapi flask gunicorn httpx
      jinja2 langchain matplotlib numpy pandas pillow playwright psycopg2
      psycopg2-binary pydantic pymongo pytest python-dateutil python-dotenv
      pyyaml redis requests scikit-learn scipy selenium sqlalchemy
      starlette tenacity tiktoken transformers urllib3 uvicorn websockets`),
    neighbours: words('boto openapi websocket'),
  },
};

function words(text: string): ReadonlySet<string> {
  return new Set(text.trim().split(/\s+/));
}

/** A name that is probably not the package meant. `meant` is the one it looks like. */
export type Lookalike = { readonly meant: string; readonly kind: 'unofficial' | 'misspelt' };

/** What a package's name may have been meant to be; null where it is in order. */
export function lookalikeOf(name: string, language: Language): Lookalike | null {
  const { sdk, mistaken, wellKnown, neighbours } = knownNames[language];
  if (mistaken.has(name)) return { meant: sdk, kind: 'unofficial' };
  if (wellKnown.has(name) || neighbours.has(name)) return null;
  const meant = [...wellKnown].find((known) => isOneEditAway(name, known));
  return meant === undefined ? null : { meant, kind: 'misspelt' };
}

/** Where a name is written. */
type NamedPackage = {
  readonly name: string;
  readonly file: string;
  readonly place: TextPlace | null;
};

/** What to report of a name that looks like another package's. */
export function describeLookalike(
  { name, file, place }: NamedPackage,
  { meant, kind }: Lookalike,
  language: Language,
): Finding {
  const { registry } = knownNames[language];
  // The gateway has a copy of its own for one of the languages.
  const use =
    language === 'node' ? `Use \`${meant}\`, which needs no install,` : `Use \`${meant}\`,`;
  const isUnofficial = kind === 'unofficial';
  return {
    stage: 'dependencies',
    code: 'lookalike_package',
    severity: 'warning',
    message: isUnofficial
      ? `\`${name}\` is not OpenAI's Agents SDK; on ${registry} that is \`${meant}\`.`
      : `\`${name}\` is one letter away from the well-known package \`${meant}\`.`,
    file,
    ...place,
    hint: isUnofficial
      ? `${use} and remove \`${name}\`.`
      : `If you mean \`${meant}\`, correct the name before anything is installed.`,
  };
}

/** Whether one letter is inserted, removed or replaced, or two neighbours are swapped. */
function isOneEditAway(a: string, b: string): boolean {
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
