// Puts a file where a guide says, and asks the agent that it is, once it serves.
import { copyFile, mkdir, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

type Agent = {
  readonly id: string;
  readonly module_path: string;
  readonly status: string;
  readonly diagnostics: readonly { readonly severity: string; readonly message: string }[];
};

/** Where a gateway is, and the headers of what it is asked. */
type Asked = { readonly url: string; readonly headers: Readonly<Record<string, string>> };

/**
 * Copies the file `text` to `file`, a path below `projectRoot`.
 *
 * @returns What to print: of an agent, that it answers. Rejects where it does not.
 */
export async function put(
  { projectRoot, url, key }: Readonly<Record<'projectRoot' | 'url' | 'key', string>>,
  text: string,
  file: string,
): Promise<string> {
  const target = join(projectRoot, file);
  await mkdir(dirname(target), { recursive: true });
  // Nobody sees a file that is half written.
  const unseen = join(dirname(target), `.${basename(file)}.new`);
  await copyFile(text, unseen);
  await rename(unseen, target);
  if (!/^src\/(agents|tools)\//.test(file)) return '';
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  return serves({ url, headers }, file);
}

async function serves({ url, headers }: Asked, file: string): Promise<string> {
  const refreshed = await fetch(`${url}/agents/refresh`, { method: 'POST', headers });
  if (!refreshed.ok) throw new Error(`${file}: ${await refreshed.text()}`);
  if (!/\/agent\.\w+$/.test(file)) return '';
  const agent = await loaded({ url, headers }, file);
  const errors = agent.diagnostics.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw new Error(`${file}: ${JSON.stringify(errors, null, 2)}`);
  const body = JSON.stringify({
    model: agent.id,
    messages: [{ role: 'user', content: 'What can you do for me?' }],
  });
  const answer = await fetch(`${url}/v1/chat/completions`, { method: 'POST', headers, body });
  const said = await answer.text();
  if (!answer.ok || !JSON.parse(said).choices[0].message.content) {
    throw new Error(`${agent.id} answered ${answer.status}: ${said}`);
  }
  return `${agent.id} answers\n`;
}

async function loaded({ url, headers }: Asked, file: string): Promise<Agent> {
  for (;;) {
    const response = await fetch(`${url}/admin/agents`, { headers });
    const { agents } = (await response.json()) as { agents: readonly Agent[] };
    const agent = agents.find(({ module_path }) => module_path === file);
    if (!agent) throw new Error(`The gateway knows no agent in ${file}.`);
    if (agent.status !== 'loading') return agent;
    await wait(50);
  }
}
