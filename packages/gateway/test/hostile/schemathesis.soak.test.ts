// Asks a gateway whatever its own OpenAPI description allows and forbids.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startGateway, type TestGateway } from '../acceptance/harness.ts';
import { missingPython, pythonWithSdk } from '../support/python-with-sdk.ts';
import { missingSchemathesis, runSchemathesis } from './run-schemathesis.ts';

/** Another one asks other things. */
const seed = Number(process.env.FUZZ_SEED ?? 1);

/** Of each operation, and of each of its chains. */
const examples = Number(process.env.FUZZ_EXAMPLES ?? 15);

const missing = (await missingPython()) ?? (await missingSchemathesis());

const pie = `from agents import Agent, function_tool


@function_tool
def measure(thing: str) -> str:
    """Measures a thing."""
    return f"{len(thing)} metres"


agent = Agent(name="Pie", tools=[measure])
`;

/** Half a minute for each example, on a slow machine. */
const limit = { timeout: 600_000 + examples * 30_000 };

/** What never ends is followed in tests of its own. */
const ended = ['--exclude-path-regex', '/admin/events$'];

describe.skipIf(missing)(`schemathesis (${missing ?? 'run'})`, () => {
  let gateway: TestGateway;
  const bounds = ['--seed', String(seed), '--max-examples', String(examples)];

  beforeAll(async () => {
    gateway = await startGateway({
      agents: ['Echo', 'Weather'],
      files: { 'src/agents/Pie/agent.py': pie },
      env: { GATEWAY_PYTHON: pythonWithSdk(), GATEWAY_LOG_LEVEL: 'error' },
    });
  });
  afterAll(() => gateway?.stop());

  test(`an admin is answered as the description says (FUZZ_SEED=${seed})`, limit, async () => {
    const { id } = (await (await gateway.fetch('/security/whoami')).json()) as { id: string };
    const found = await runSchemathesis({
      gateway,
      config: 'schemathesis.toml',
      args: [...bounds, ...ended, '--header', `Authorization: Bearer ${gateway.key}`],
      env: { OWN_KEY_ID: id },
    });
    expect(found).toBe('');
    await expectWell(gateway);
  });

  test(`no caller reads what is another’s (FUZZ_SEED=${seed})`, limit, async () => {
    const names = ['alice', 'bob'];
    const auth = await Promise.all(
      names.map(async (name) => {
        const headers = [
          { name: 'Authorization', value: `Bearer ${await gateway.createCallerKey()}` },
        ];
        return { name, fixedHeaders: headers };
      }),
    );
    await gateway.project.write({ 'callers.json': JSON.stringify({ auth }) });
    const found = await runSchemathesis({
      gateway,
      config: 'callers.toml',
      args: [...bounds, '--include-path-regex', '^/v1/'],
      env: { CALLERS_FILE: join(gateway.project.root, 'callers.json') },
    });
    expect(found).toBe('');
    await expectWell(gateway);
  });
});

async function expectWell(gateway: TestGateway): Promise<void> {
  const ids = (await gateway.client().models.list()).data.map(({ id }) => id);
  expect(ids.toSorted()).toEqual(['default/echo', 'default/pie', 'default/weather']);
  expect(gateway.logs()).not.toMatch(/fault survived|request failed|gateway_failed/);
}
