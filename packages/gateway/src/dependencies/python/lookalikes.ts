import { isOneEditAway, type Lookalike } from '../lookalikes.ts';
import { normalName } from './packages.ts';

/** Names under which people look for the SDK; on PyPI they are something else or nothing. */
const unofficial: ReadonlySet<string> = new Set([
  ...['agents', 'agents-sdk', 'openai-agent', 'openai-agents-python', 'openai-agents-sdk'],
]);

/** Packages that many use, so that a name one letter off is more likely an error or a trap. */
const wellKnown: readonly string[] = [
  ...['openai-agents', 'openai', 'aiohttp', 'anthropic', 'asyncpg', 'beautifulsoup4', 'boto3'],
  ...['celery', 'chromadb', 'cryptography', 'django', 'fastapi', 'flask', 'gunicorn', 'httpx'],
  ...['jinja2', 'langchain', 'matplotlib', 'numpy', 'pandas', 'pillow', 'playwright', 'psycopg2'],
  ...['psycopg2-binary', 'pydantic', 'pymongo', 'pytest', 'python-dateutil', 'python-dotenv'],
  ...['pyyaml', 'redis', 'requests', 'scikit-learn', 'scipy', 'selenium', 'sqlalchemy'],
  ...['starlette', 'tenacity', 'tiktoken', 'transformers', 'urllib3', 'uvicorn', 'websockets'],
];

/** Packages in their own right that happen to be one letter away from a well-known one. */
const neighbours: ReadonlySet<string> = new Set([...['boto', 'openapi', 'websocket']]);

/** What a distribution's name may have been meant to be; null where it is in order. Takes every spelling. */
export function pythonLookalikeOf(spelling: string): Lookalike | null {
  const name = normalName(spelling);
  if (unofficial.has(name)) return { meant: 'openai-agents', kind: 'unofficial' };
  if (wellKnown.includes(name) || neighbours.has(name)) return null;
  const meant = wellKnown.find((known) => isOneEditAway(name, known));
  return meant === undefined ? null : { meant, kind: 'misspelt' };
}
