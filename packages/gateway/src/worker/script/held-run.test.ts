import { describe, expect, test } from 'vitest';
import { useLoadHost } from '../../../test/support/load-host.ts';
import { writeModule } from '../../../test/support/node-worker.ts';

const { findingOf, manifestOf } = useLoadHost();

const head = `import { Agent, run, Runner, withTrace } from '@openai/agents';
void [Agent, run, Runner, withTrace];
`;
const desk = 'new Agent({ name: "Desk", instructions: style })';
const main = (body: string, call = 'main().catch(() => {});') =>
  `async function main() {\n${body}\n}\n${call}`;

type Case = readonly [what: string, text: string, exportName: string, line: number];

const served: readonly Case[] = [
  [
    'runs it in its main()',
    main(`const style = "x";\nconst desk = ${desk};\nconsole.log(await run(desk, "hi"));`),
    'desk',
    6,
  ],
  [
    'waits for its main() at its top level',
    `${main(`const style = "x";\nconst desk = ${desk};\nawait run(desk, "hi", { stream: true });`, 'await main();')}\nconsole.log("done");`,
    'desk',
    6,
  ],
  [
    'runs it some time later',
    main(
      `const style = await new Promise<string>((resolve) => setTimeout(resolve, 20, "x"));\nawait withTrace("t", () => new Runner().run(${desk}, "hi"));`,
      'main().catch(console.error);',
    ),
    'agent',
    5,
  ],
  [
    'closes behind the run what the agent needs',
    main(
      `const style = "x";\nconst desk = ${desk};\ntry {\nawait run(desk, "hi");\n} finally {\ndesk.name = "Closed";\n}`,
    ),
    'desk',
    7,
  ],
  [
    'hands it to what runs it',
    `${main(`const style = "x";\nawait ask(${desk});`)}\nasync function ask(agent: Agent) {\nawait run(agent, "hi");\n}\nfunction other() {\nreturn new Agent({ name: "Other" });\n}\nvoid other;`,
    'agent',
    9,
  ],
  [
    'has a helper at its top level',
    `const judge = new Agent({ name: "Judge", instructions: "x" });\n${main(`const style = "x";\nconst desk = new Agent({ name: "Desk", instructions: style, inputGuardrails: [{ name: "g", execute: () => run(judge, "x") as never }] });\nawait run(desk, "hi");\nawait run(desk, "again");`)}`,
    'desk',
    7,
  ],
];

describe('an agent that a file builds inside of a function is served where the file', () => {
  test.each(served)('%s', async (_what, text, exportName, line) => {
    const { warnings, ...manifest } = await manifestOf(
      await writeModule({ 'agent.ts': `${head}${text}\n` }),
    );
    expect(manifest).toMatchObject({ exportName, agents: [{ name: 'Desk' }] });
    expect(warnings).toMatchObject([
      {
        code: 'agent_chosen',
        severity: 'info',
        line,
        message: `\`${exportName}\` is served: agent.ts builds it inside a function, and runs it in line ${line}.`,
      },
    ]);
    expect(warnings[0]?.hint).toContain('That run waits for good. To make it explicit: ');
  });

  test('not where it exports another', async () => {
    const text = `${head}export const agent = new Agent({ name: 'Front', instructions: 'x' });\n${main(`const style = "x";\nconst desk = ${desk};\nawait run(desk, "hi");`, 'await main();')}\n`;
    const { agents, warnings } = await manifestOf(await writeModule({ 'agent.ts': text }));
    expect([agents[0]?.name, warnings]).toMatchObject(['Front', [{ code: 'call_at_load' }]]);
  });
});

test.each([
  [
    'runs two of them',
    main(
      `const style = "x";\nconst desk = ${desk};\nconst other = ${desk};\nawait run(desk, "hi");\nawait run(other, "hi");`,
    ),
  ],
  [
    'builds it in two places',
    `${main(`const style = "x";\nconst desk = ${desk};\nawait run(desk, "hi");`)}\nasync function again(style: string) {\nconst desk = ${desk};\nawait run(desk, "hi");\n}\nvoid again;`,
  ],
  [
    'is not the program that starts it',
    main(
      `const style = "x";\nconst desk = ${desk};\nawait run(desk, "hi");`,
      'if (process.argv[1] === import.meta.filename) main();',
    ),
  ],
  [
    'fails before it runs it',
    main(
      `const style = await Promise.reject(new Error("no"));\nconst desk = ${desk};\nawait run(desk, "hi");`,
    ),
  ],
])('it is told where it is built, where the file %s', async (_what, text) => {
  const load = await writeModule({ 'agent.ts': `${head}${text}\n` });
  expect(await findingOf(load)).toMatchObject({ stage: 'export', code: 'agent_in_function' });
});
