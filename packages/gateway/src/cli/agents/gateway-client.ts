import { access } from 'node:fs/promises';
import { join } from 'node:path';
import sendRequest from 'undici/lib/api/api-request.js';
import Agent from 'undici/lib/dispatcher/agent.js';
import type { z } from 'zod';
import type { Inferred } from '../../protocol/inferred.ts';
import { type RunningGateway, readRunningGateway } from '../../storage/running-gateway.ts';
import { hasProcess } from '../../system/processes.ts';
import { CommandError } from '../command.ts';

/**
 * Asks a running gateway, as an admin, and gives its answer whole: also what the schema does not know. Every failure is
 * a `CommandError` that says what to do.
 */
export type GatewayClient = <Answer extends z.ZodType>(
  question: GatewayQuestion<Answer>,
) => Promise<Inferred<Answer>>;

export type GatewayQuestion<Answer extends z.ZodType> = {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  /** What the gateway has to answer. */
  readonly answer: Answer;
  /** What is undefined is left out. */
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Statuses that are an answer. Default: 200. */
  readonly accepted?: readonly number[];
  /** How long the whole answer may take. */
  readonly timeoutMs: number;
};

/** Where the gateway of a project says how it is reached, below the project root. */
const recordPath = join('.dropgate', 'gateway.json');

/**
 * The client of the gateway that runs on a project.
 *
 * @throws CommandError where none says that it runs.
 */
export async function connectGateway(projectRoot: string): Promise<GatewayClient> {
  const gateway = await runningGateway(projectRoot);
  return (question) => ask(gateway, question);
}

async function runningGateway(projectRoot: string): Promise<RunningGateway> {
  const gateway = await readRunningGateway(join(projectRoot, '.dropgate'));
  if (gateway === null) throw await notAnnounced(join(projectRoot, recordPath));
  return gateway;
}

/**
 * What the gateway that runs on a project tells as it happens: the text of a stream, in pieces as they come, to its end
 * or until `signal` is aborted.
 *
 * @throws CommandError where none runs or it refuses; also while the stream is read, where it breaks off.
 */
export async function* readStream(
  projectRoot: string,
  { path, query, signal }: StreamQuestion,
): AsyncGenerator<string> {
  const gateway = await runningGateway(projectRoot);
  const dispatcher = new Agent({
    headersTimeout: STREAM_TIMEOUT_MS,
    bodyTimeout: STREAM_TIMEOUT_MS,
  });
  try {
    const { origin, pathname, search } = urlOf(gateway, path, query);
    const { statusCode, body } = await Reflect.apply(sendRequest, dispatcher, [
      {
        origin,
        path: pathname + search,
        method: 'GET',
        headers: { authorization: `Bearer ${gateway.token}` },
        signal,
      },
    ]);
    if (statusCode !== 200) throw refused(gateway, statusCode, parse(await body.text()));
    yield* body.setEncoding('utf8');
  } catch (error) {
    if (signal.aborted) return;
    throw error instanceof CommandError ? error : unreachable(gateway, error, STREAM_TIMEOUT_MS);
  } finally {
    await dispatcher.destroy();
  }
}

type StreamQuestion = Pick<GatewayQuestion<z.ZodType>, 'path' | 'query'> & {
  readonly signal: AbortSignal;
};

/** A gateway says something every 15 s, if only that it is there. */
const STREAM_TIMEOUT_MS = 60_000;

async function ask<Answer extends z.ZodType>(
  gateway: RunningGateway,
  question: GatewayQuestion<Answer>,
): Promise<Inferred<Answer>> {
  const { method, path, query, body: sent, timeoutMs } = question;
  const json = sent === undefined ? {} : { 'content-type': 'application/json' };
  // An agent of its own: the token goes to this address and through no proxy.
  const dispatcher = new Agent({ headersTimeout: timeoutMs, bodyTimeout: timeoutMs });
  try {
    const { origin, pathname, search } = urlOf(gateway, path, query);
    const { statusCode, body } = await Reflect.apply(sendRequest, dispatcher, [
      {
        origin,
        path: pathname + search,
        method,
        headers: { authorization: `Bearer ${gateway.token}`, ...json },
        body: sent === undefined ? null : JSON.stringify(sent),
        signal: AbortSignal.timeout(timeoutMs),
      },
    ]);
    const answer = parse(await body.text());
    const isAnswer = (question.accepted ?? [200]).includes(statusCode);
    if (!isAnswer || answer === undefined) throw refused(gateway, statusCode, answer);
    if (question.answer.safeParse(answer).success) return answer as Inferred<Answer>;
    throw unknownAnswer();
  } catch (error) {
    throw error instanceof CommandError ? error : unreachable(gateway, error, timeoutMs);
  } finally {
    await dispatcher.destroy();
  }
}

function urlOf(
  { address }: RunningGateway,
  path: string,
  query: GatewayQuestion<z.ZodType>['query'] = {},
): URL {
  const url = new URL(path, address);
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) url.searchParams.set(name, String(value));
  }
  return url;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function notAnnounced(file: string): Promise<CommandError> {
  const code = await access(file).then(
    () => null,
    (error: NodeJS.ErrnoException) => error.code,
  );
  if (code === null) {
    return new CommandError(
      `${recordPath} makes no sense, so the running gateway cannot be found. Start it again.`,
    );
  }
  if (code === 'EACCES' || code === 'EPERM') {
    return new CommandError(
      `${recordPath} may not be read. Run this as the user who started the gateway.`,
    );
  }
  return new CommandError(
    'No gateway runs on this project. Start one with `dropgate dev` in this folder, or look with `dropgate check`.',
  );
}

function refused(gateway: RunningGateway, status: number, answer: unknown): CommandError {
  if (status === 401) {
    return new CommandError(
      `What listens at ${gateway.address} does not take the token in ${recordPath}: it is not the gateway of this project. Start the gateway of this project again.`,
    );
  }
  const reason = (answer as { error?: { message?: unknown } } | null | undefined)?.error?.message;
  return new CommandError(
    typeof reason === 'string'
      ? `The gateway refused (${status}): ${reason}`
      : `What listens at ${gateway.address} does not answer as a gateway (${status}). Start the gateway of this project again.`,
  );
}

function unknownAnswer(): CommandError {
  return new CommandError(
    'The gateway gave an answer that this version of dropgate does not know. Start it again with this version.',
  );
}

function unreachable(gateway: RunningGateway, error: unknown, timeoutMs: number): CommandError {
  const { address, pid } = gateway;
  if (isTimeout(error)) {
    return new CommandError(
      `The gateway at ${address} (process ${pid}) gave no answer within ${timeoutMs / 1000} s. Look at its log, or start it again.`,
    );
  }
  if (!hasProcess(pid)) {
    return new CommandError(
      `The gateway that ${recordPath} names (process ${pid}) is gone. Start one with \`dropgate dev\`.`,
    );
  }
  const code = (error as NodeJS.ErrnoException).code ?? String(error);
  return new CommandError(
    `The gateway at ${address} (process ${pid}) cannot be reached (${code}). It may be stopping; try again, or start it again.`,
  );
}

/** Of an answer's headers, of its body, and of the whole. */
const timeouts: readonly unknown[] = ['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT'];

function isTimeout(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return error.name === 'TimeoutError' || timeouts.includes((error as NodeJS.ErrnoException).code);
}
