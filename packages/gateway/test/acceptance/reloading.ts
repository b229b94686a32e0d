import { onTestFinished } from 'vitest';
import { type AgentStatus, agentsAnswer } from '../../src/protocol/admin/agents-answer.ts';
import { call } from './call.ts';
import { startGateway, type TestGateway, warmProject } from './harness.ts';
import type { Project } from './project.ts';
import { until } from './until.ts';

/** Source of an agent that says one text. */
export const saying = (text: string) =>
  `export const agent = { run: () => ${JSON.stringify(text)} };\n`;

/** Where the agent of a name lies. */
export const at = (name: string) => `src/agents/${name}/agent.ts`;

/** A project of these agents (name → what it says) that outlives its gateways; removed with the test. */
export async function projectSaying(texts: Readonly<Record<string, string>>): Promise<Project> {
  const project = await warmProject();
  onTestFinished(project.remove);
  await project.write(
    Object.fromEntries(Object.entries(texts).map(([name, text]) => [at(name), saying(text)])),
  );
  return project;
}

/** A gateway in a project that is there already; ended with the test at the latest. */
export async function gatewayIn(
  project: Project,
  env: Readonly<Record<string, string>> = {},
): Promise<TestGateway> {
  const gateway = await startGateway({ project, env });
  onTestFinished(gateway.stop);
  return gateway;
}

/** What the agent says now; a failure is told by its code. */
export async function answerOf(gateway: TestGateway, name: string): Promise<string> {
  const reply = await call(gateway, gateway.key, { model: name.toLowerCase() });
  return reply.error?.code ?? reply.content;
}

/** Waits until the agent says this. */
export function untilSays(gateway: TestGateway, name: string, text: string): Promise<true> {
  return until(`${name} to say ${text}`, async () => {
    return (await answerOf(gateway, name)) === text ? true : null;
  });
}

/** What `GET /admin/agents` has of the agent. */
export async function statusOf(
  gateway: TestGateway,
  name: string,
): Promise<AgentStatus | undefined> {
  const response = await gateway.fetch('/admin/agents');
  const { agents } = agentsAnswer.parse(await response.json());
  return agents.find(({ id }) => id === `default/${name.toLowerCase()}`);
}

/** Waits until `GET /admin/agents` shows the agent so. */
export function untilStatus(
  gateway: TestGateway,
  name: string,
  status: string,
): Promise<AgentStatus> {
  return until(`${name} to be ${status}`, async () => {
    const now = await statusOf(gateway, name);
    return now?.status === status ? now : null;
  });
}

/** Kills every worker, the spare too, and waits until they are gone. */
export async function killWorkers(gateway: TestGateway): Promise<void> {
  const before = new Set((await gateway.workers()).map(({ pid }) => pid));
  for (const pid of before) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended by itself in between.
    }
  }
  await until('the workers to be gone', async () =>
    (await gateway.workers()).every(({ pid }) => !before.has(pid)),
  );
}
