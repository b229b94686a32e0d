import { execFileSync } from 'node:child_process';
import { symlinkSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { type Attack, type AttackGroup, type Language, verdict } from '../attack.ts';
import { parrot } from '../parrot.ts';
import type { Victim, VictimGateway } from '../victim.ts';

const secret = 'secret-of-a-tool-1234';

/** A program, as the linter of unused packages is not to know it. */
const pipeMaker = 'mkfifo';

const modules: Readonly<Record<Language, (names: readonly string[]) => readonly [string, string]>> =
  {
    node: (names) => [
      'src/agents/Spy/agent.ts',
      `import { Agent } from '@openai/agents';
import { gatewayTool } from 'dropgate/agent';
export const agent = new Agent({ name: 'Spy', tools: ${JSON.stringify(names)}.map((name) => gatewayTool(name)) });
`,
    ],
    python: (names) => [
      'src/agents/Spy/agent.py',
      `from agents import Agent
from dropgate import gateway_tool

agent = Agent(name="Spy", tools=[gateway_tool(name) for name in ${JSON.stringify(names)}])
`,
    ],
  };

/** A server of the machine's own: it repeats what it is sent, or sends on to where it is told. */
async function withSite<Result>(attack: (site: string) => Promise<Result>): Promise<Result> {
  const server = createServer((request, response) => {
    const to = new URL(request.url ?? '/', 'http://x').searchParams.get('to');
    if (to) response.writeHead(302, { location: to }).end();
    else response.end(`REACHED ${JSON.stringify(request.headers)}`);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  try {
    return await attack(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

async function start(victim: Victim, language: Language, settings: string) {
  const [path, text] = modules[language](['fetch_doc', 'web', 'echo']);
  const gateway = await victim.start({
    files: { 'gateway.yaml': settings, 'docs/a.md': 'READABLE', [path]: text },
    env: { ECHO_KEY: `Bearer ${secret}` },
    upstream: parrot,
  });
  const call = async (tool: string, args: object): Promise<string> =>
    (await askTool(gateway, tool, args)).text;
  return { gateway, call };
}

function askTool(gateway: VictimGateway, tool: string, args: object) {
  return gateway.ask('spy', {
    content: `call ${tool} ${encodeURIComponent(JSON.stringify(args))} now`,
  });
}

const settingsFor = (site: string) => `tools:
  web: { kind: fetch_doc, allow_hosts: ["*"] }
  echo: { kind: http, url: "${site}/?to={to}", headers: { authorization: { env: ECHO_KEY } }, allow_hosts: ["*"], allow_addresses: [127.0.0.1], parameters: { type: object, properties: { to: { type: string } } } }
`;

const closed: Attack = {
  title: 'a tool that reads the web is sent to this machine by other spellings of its address',
  languages: ['node', 'python'],
  attempt: (language, victim) =>
    withSite(async (site) => {
      const { call } = await start(victim, language, settingsFor(site));
      const { port } = new URL(site);
      const hosts = ['127.0.0.1', 'localhost', '2130706433', '0x7f.1', '0177.0.0.1', '127.1'];
      const sixth = ['[::1]', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[::]', 'localhost.', '0'];
      const answers: string[] = [];
      for (const host of [...hosts, ...sixth])
        answers.push(await call('web', { source: `http://${host}:${port}/` }));
      const reached = answers.filter((text) => text.includes('REACHED'));
      const told = answers.filter((text) => text.includes('may not reach'));
      return verdict(reached.length === 0 && told.length > 9, `${reached.length} of 12 reached`);
    }),
};

const repeated: Attack = {
  title: 'a server that a tool asks repeats the secret it was sent, or sends on to another one',
  languages: ['node', 'python'],
  attempt: (language, victim) =>
    withSite((site) =>
      withSite(async (other) => {
        const { call } = await start(victim, language, settingsFor(site));
        const answers = [await call('echo', { to: '' }), await call('echo', { to: other })];
        const isReached = answers.every((text) => text.includes('REACHED'));
        const isTold = answers.some((text) => text.includes(secret));
        return verdict(isReached && !isTold, isTold ? 'told' : 'hidden');
      }),
    ),
};

const documents: Attack = {
  title: 'links, pipes and devices among the documents are read, or hang all who read files',
  languages: ['node', 'python'],
  attempt: (language, victim) =>
    withSite(async (site) => {
      const { gateway, call } = await start(victim, language, settingsFor(site));
      const at = (name: string) => `${gateway.project.root}/docs/${name}`;
      symlinkSync('/etc/passwd', at('link.md'));
      symlinkSync('/dev/zero', at('zero.md'));
      const pipes = ['1.md', '2.md', '3.md', '4.md', '5.md'];
      for (const name of pipes) execFileSync(pipeMaker, [at(name)]);
      const names = [...pipes, 'link.md', 'zero.md', '../.env', '../gateway.yaml'];
      const asked = names.map((source) => call('fetch_doc', { source }));
      const answers = await Promise.race([Promise.all(asked), wait(20_000)]);
      const after = await Promise.race([call('fetch_doc', { source: 'a.md' }), wait(20_000)]);
      const isRead = answers?.some((text) => !text.includes('There is no document')) ?? true;
      return verdict(
        !isRead && String(after).includes('READABLE'),
        answers ? `read: ${isRead}` : 'they hang',
      );
    }),
};

/** What a model is talked into with the gateway's own tools. */
export const gatewayTools: AttackGroup = {
  heading: 'Gateway tools',
  attacks: [closed, repeated, documents],
};
