import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import OpenAI from 'openai';
import { expect } from 'vitest';
import { pythonWithSdk } from '../support/python-with-sdk.ts';
import { startTcpRelay } from '../support/tcp-relay.ts';
import { startGateway, type TestGateway, warmProject } from './harness.ts';
import { startParrot } from './parrot.ts';
import type { Project } from './project.ts';
import { until } from './until.ts';

/** Where in the life of a run that waits its gateway is killed. */
export const killPoints = [
  'before the state is kept',
  'after it is kept, before anybody is told',
  'after the answer, before a worker has the run',
  'while the tool runs, before its effect',
  'after the effect, before anything says so',
  'after the end, before the caller is told',
] as const;

export type KillPoint = (typeof killPoints)[number];

export type StoryLanguage = 'ts' | 'py';

/** What only the database can do: to hold work at a place until its gateway is dead, and to let a minute pass. */
export type StoryStore = {
  /** Holds whoever comes to a step; `held` waits until somebody does, `drop` takes the step from them. */
  readonly hold: (step: 'keep' | 'begin') => Promise<{
    readonly held: () => Promise<unknown>;
    readonly drop: () => Promise<void>;
  }>;
  /** The claims of dead gateways are noticed now. */
  readonly lapse: () => Promise<void>;
  /** Waits until the run in which a thing is erased has ended. */
  readonly untilOver: (thing: string) => Promise<unknown>;
};

export type Story = {
  /** Asks, kills and answers once; expects that the tool ran as often as it should. */
  readonly repeat: (number: number, point: KillPoint) => Promise<void>;
  /** All that the tool ever did, `<thing> by <version>`. */
  readonly effects: () => readonly string[];
  readonly stop: () => Promise<void>;
};

type Message = OpenAI.ChatCompletionMessageParam;

/** An agent of one gateway, of which each text has a version. */
type Text = { readonly name: string; readonly project: Project; version: number };

type Side = Text & { gateway: TestGateway };

const user = (content: string): Message => ({ role: 'user', content });

/**
 * Starts gateways of one store, each with its own text of one agent, whose tool appends to a file.
 *
 * @param store - Null for one gateway with a database in its folder.
 */
export async function startStory(
  language: StoryLanguage,
  store: { readonly url: string; readonly connect: () => Promise<StoryStore> } | null,
): Promise<Story> {
  let onCall: (() => void) | null = null;
  const parrot = await startParrot(() => {
    onCall?.();
    return null;
  });
  const start = (project: Project) =>
    startGateway({
      project,
      env: {
        GATEWAY_PYTHON: pythonWithSdk(),
        OPENAI_API_KEY: 'sk-parrot',
        OPENAI_BASE_URL: parrot.baseUrl,
        GATEWAY_UPSTREAM_API: 'responses',
        ...(store && { GATEWAY_STORE_URL: store.url }),
      },
    });
  const begin = async (name: string): Promise<Side> => {
    const project = await warmProject();
    mkdirSync(join(project.root, 'story'));
    await project.write({ 'gateway.yaml': 'worker: { spares: 0 }\n' });
    const text = { name, project, version: 1 };
    await write(text, language);
    return { ...text, gateway: await start(project) };
  };
  const sides: Side[] = [];
  for (const name of store ? ['a', 'b'] : ['a']) sides.push(await begin(name));
  const [first] = sides;
  if (!first) throw new Error('There is no gateway.');
  const key = await first.gateway.createCallerKey();
  const database = store && (await store.connect());
  const effects = () => sides.flatMap(({ project }) => effectsIn(project));

  return {
    effects,
    async repeat(number, point) {
      const thing = `thing-${String(number).padStart(3, '0')}`;
      const asker = sides[number % sides.length] ?? first;
      const answerer = sides[(number + 1) % sides.length] ?? first;
      const scene: Scene = {
        thing,
        key,
        language,
        asker,
        answerer,
        database,
        effects: () => effects().filter((line) => line.startsWith(thing)),
        restart: async (side) => {
          await edit(side, language);
          side.gateway = await start(side.project);
        },
        onNextCall: (listener) => {
          onCall = () => {
            onCall = null;
            listener();
          };
        },
      };
      await play(scene, point, number % 4 === 0);
    },
    async stop() {
      for (const { gateway, project } of sides) {
        await gateway.stop();
        await project.remove();
      }
      parrot.stop();
    },
  };
}

type Scene = {
  readonly thing: string;
  readonly key: string;
  readonly language: StoryLanguage;
  readonly asker: Side;
  readonly answerer: Side;
  readonly database: StoryStore | null;
  readonly effects: () => readonly string[];
  /** Starts what was killed; its agent was edited meanwhile. */
  readonly restart: (side: Side) => Promise<void>;
  readonly onNextCall: (listener: () => void) => void;
};

async function play(scene: Scene, point: KillPoint, isAskerKilled: boolean): Promise<void> {
  switch (point) {
    case 'before the state is kept':
      return killedBeforeKept(scene);
    case 'after it is kept, before anybody is told':
      return killedBeforeTold(scene);
    case 'after the answer, before a worker has the run':
      return killedBeforeTaken(scene, await asked(scene, 'no', isAskerKilled));
    case 'while the tool runs, before its effect':
      return killedInTool(scene, await asked(scene, 'before', isAskerKilled), []);
    case 'after the effect, before anything says so': {
      const version = versionOf(scene.asker);
      const messages = await asked(scene, 'after', isAskerKilled);
      return killedInTool(scene, messages, [`${scene.thing} by ${version}`]);
    }
    case 'after the end, before the caller is told':
      return killedAfterEnd(scene, await asked(scene, 'no', isAskerKilled));
    default:
      return point satisfies never;
  }
}

/** Asks for the tool; its gateway may die meanwhile, and every text of the agent is another before somebody answers. */
async function asked(scene: Scene, hold: Hold, isAskerKilled: boolean): Promise<Messages> {
  const { asker, answerer } = scene;
  const messages = await ask(scene, asker, hold);
  if (isAskerKilled || asker === answerer) await kill(asker);
  if (asker !== answerer) await edited(scene, answerer);
  if (isAskerKilled || asker === answerer) await scene.restart(asker);
  expect(scene.effects()).toEqual([]);
  return messages;
}

async function killedBeforeKept(scene: Scene): Promise<void> {
  const { asker, answerer, thing } = scene;
  const database = databaseOf(scene);
  const keeping = await database.hold('keep');
  const left = chat(scene, asker, [question(thing, 'no')]).catch(() => null);
  await keeping.held();
  await kill(asker);
  await keeping.drop();
  await left;
  await edited(scene, answerer);
  expect(await pending(scene, answerer)).toEqual([]);
  const version = versionOf(answerer);
  const messages = await ask(scene, answerer, 'no');
  expect(await chat(scene, answerer, messages)).toBe(`Keep ${version}. [${thing} is gone]`);
  expect(scene.effects()).toEqual([`${thing} by ${version}`]);
  await scene.restart(asker);
}

/** Whoever asked was never told of a code; an operator sees the call all the same. */
async function killedBeforeTold(scene: Scene): Promise<void> {
  const { asker, answerer, thing } = scene;
  const version = versionOf(asker);
  const left = await askMuted(scene, asker, [question(thing, 'no')]);
  const { run_id, id } = await until('the call', async () => (await pending(scene, asker))[0]);
  await kill(asker);
  await left();
  if (asker === answerer) await scene.restart(asker);
  else await edited(scene, answerer);
  const answer = () => {
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify({ approve: true });
    const path = `/v1/runs/${run_id}/approvals/${id}`;
    return answerer.gateway.fetch(path, { method: 'POST', headers, body });
  };
  const first = await answer();
  expect([first.status, await first.json()]).toMatchObject([200, { approval: { id } }]);
  await until('the effect', () => scene.effects().length > 0);
  if (asker !== answerer) await scene.restart(asker);
  expect((await answer()).status).toBe(409);
  expect(scene.effects()).toEqual([`${thing} by ${version}`]);
}

async function killedBeforeTaken(scene: Scene, messages: Messages): Promise<void> {
  const { asker, answerer, thing } = scene;
  const database = databaseOf(scene);
  const beginning = await database.hold('begin');
  const left = chat(scene, answerer, messages).catch(() => null);
  await beginning.held();
  await kill(answerer);
  await beginning.drop();
  await left;
  expect(await chat(scene, asker, messages)).toMatch(goesOn);
  expect(scene.effects()).toEqual([]);
  await database.lapse();
  const done = await chat(scene, asker, messages);
  const [effect = ''] = scene.effects();
  expect(done).toBe(`Keep ${effect.split(' by ')[1]}. [${thing} is gone]`);
  await scene.restart(answerer);
  expect(await chat(scene, answerer, messages)).toMatch(/does not wait/);
  expect(scene.effects()).toEqual([effect]);
}

async function killedInTool(
  scene: Scene,
  messages: Messages,
  effects: readonly string[],
): Promise<void> {
  const { asker, answerer, thing, database } = scene;
  const left = chat(scene, answerer, messages).catch(() => null);
  const reached = effects.length > 0 ? scene.effects : () => linesIn(answerer.project, 'begun');
  await until('the tool', () => reached().some((line) => line.startsWith(thing)));
  const workers = await answerer.gateway.workers();
  expect(workers).not.toEqual([]);
  await kill(answerer);
  await left;
  await until('the end of its workers', async () => {
    return (await answerer.gateway.workers()).length === 0;
  });
  await answerer.project.write({ [`story/go-${thing}`]: '' });
  if (asker !== answerer) {
    expect(await chat(scene, asker, messages)).toMatch(goesOn);
    await database?.lapse();
    expect(await chat(scene, asker, messages)).toMatch(unknown);
  }
  await scene.restart(answerer);
  expect(await chat(scene, answerer, messages)).toMatch(unknown);
  expect(scene.effects()).toEqual(effects);
}

async function killedAfterEnd(scene: Scene, messages: Messages): Promise<void> {
  const { asker, answerer, thing } = scene;
  const left = await askMuted(scene, answerer, messages);
  await databaseOf(scene).untilOver(thing);
  await kill(answerer);
  await left();
  expect(await chat(scene, asker, messages)).toMatch(/does not wait/);
  await scene.restart(answerer);
  expect(await chat(scene, answerer, messages)).toMatch(/does not wait/);
  expect(scene.effects()).toHaveLength(1);
}

const goesOn =
  /^The call of erase does not wait\. It was approved before, and the run goes on\..*answer again in a minute/;
const unknown = /^The gateway that went on with this run died/;

type Messages = readonly Message[];

/** Where the tool waits to be let go on. */
type Hold = 'no' | 'before' | 'after';

const question = (thing: string, hold: Hold) =>
  user(`call erase ${JSON.stringify({ thing, hold })}`);

/** @returns What is to be sent so that the call is approved. */
async function ask(scene: Scene, side: Side, hold: Hold): Promise<Messages> {
  const first = question(scene.thing, hold);
  const content = await chat(scene, side, [first]);
  const code = /`approve ([0-9A-Z-]{9})`/.exec(content)?.[1] ?? expect.unreachable(content);
  return [first, { role: 'assistant', content }, user(`approve ${code}`)];
}

async function chat({ key, language }: Scene, side: Side, messages: Messages): Promise<string> {
  const client = side.gateway.client({ apiKey: key });
  const asked = { model: `vault${language}`, messages: [...messages] };
  const { choices } = await client.chat.completions.create(asked);
  return choices[0]?.message.content ?? '';
}

/**
 * Asks over a connection on which nothing comes back once the model was asked.
 *
 * @returns Waits for the end of it.
 */
async function askMuted(scene: Scene, { gateway }: Side, messages: Messages) {
  const relay = await startTcpRelay({ host: '127.0.0.1', port: Number(new URL(gateway.url).port) });
  scene.onNextCall(() => relay.mute());
  const baseURL = `http://127.0.0.1:${relay.port}/v1`;
  const client = new OpenAI({ baseURL, apiKey: scene.key, maxRetries: 0 });
  const asked = { model: `vault${scene.language}`, messages: [...messages] };
  const left = client.chat.completions.create(asked).catch(() => null);
  return async () => {
    await relay.cut();
    expect(await left).toBeNull();
  };
}

async function pending({ thing }: Scene, { gateway }: Side) {
  const listed = await gateway.fetch('/admin/approvals?status=pending');
  type Listed = { readonly id: string; readonly run_id: string };
  const { approvals } = (await listed.json()) as { approvals: readonly Listed[] };
  return approvals.filter((each) => JSON.stringify(each).includes(thing));
}

async function kill({ gateway }: Side): Promise<void> {
  await gateway.end('SIGKILL');
}

const versionOf = ({ name, version }: Text) => `${name}${version}`;

/** Changes the agent, and waits until that is served. */
async function edited(scene: Scene, side: Side): Promise<void> {
  await edit(side, scene.language);
  const text = `Keep ${versionOf(side)}.`;
  await until(text, async () => (await chat(scene, side, [user('Hello')])) === text);
}

async function edit(side: Side, language: StoryLanguage): Promise<void> {
  side.version += 1;
  await write(side, language);
}

function write(text: Text, language: StoryLanguage): Promise<void> {
  const source = { ts: typescript, py: python }[language](versionOf(text));
  return text.project.write({ [`src/agents/Vault${language}/agent.${language}`]: source });
}

function databaseOf({ database }: Scene): StoryStore {
  return database ?? expect.unreachable('This point takes a database that can be held.');
}

const effectsIn = (project: Project) => linesIn(project, 'effects');

function linesIn(project: Project, name: string): string[] {
  const file = join(project.root, 'story', name);
  return existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : [];
}

const typescript = (version: string) => `
import { Agent, tool } from '@openai/agents';
import { closeSync, existsSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { z } from 'zod';

export const __gateway__ = { cwd: 'project' };

const append = (name: string, line: string) => {
  const file = openSync('story/' + name, 'a');
  writeSync(file, line + '\\n');
  fsyncSync(file);
  closeSync(file);
};
const letGo = async (thing: string) => {
  while (!existsSync('story/go-' + thing)) await new Promise((resolve) => setTimeout(resolve, 10));
};
const erase = tool({
  name: 'erase',
  description: 'Erases a thing.',
  parameters: z.object({ thing: z.string(), hold: z.string() }),
  needsApproval: true,
  async execute({ thing, hold }) {
    append('begun', thing);
    if (hold === 'before') await letGo(thing);
    append('effects', thing + ' by ${version}');
    if (hold === 'after') await letGo(thing);
    return thing + ' is gone';
  },
});
export const agent = new Agent({ name: 'Vault', model: 'm', instructions: 'Keep ${version}.', tools: [erase] });
`;

const python = (version: string) => `
import asyncio
import os

from agents import Agent, function_tool

__gateway__ = {"cwd": "project"}


def append(name: str, line: str) -> None:
    with open(f"story/{name}", "a") as file:
        file.write(line + "\\n")
        file.flush()
        os.fsync(file.fileno())


async def let_go(thing: str) -> None:
    while not os.path.exists(f"story/go-{thing}"):
        await asyncio.sleep(0.01)


@function_tool(needs_approval=True)
async def erase(thing: str, hold: str) -> str:
    """Erases a thing."""
    append("begun", thing)
    if hold == "before":
        await let_go(thing)
    append("effects", f"{thing} by ${version}")
    if hold == "after":
        await let_go(thing)
    return f"{thing} is gone"


agent = Agent(name="Vault", model="m", instructions="Keep ${version}.", tools=[erase])
`;
