import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import type { Duplex } from 'node:stream';
import type { WorkerEndReason, WorkerInfo } from '../../protocol/pool.ts';
import { type Channel, type ChannelFailure, createChannel } from '../../protocol/worker/channel.ts';
import { parseFromWorker } from '../../protocol/worker/from-worker.ts';
import {
  type FromWorker,
  maxLineFromWorkerBytes,
  protocolVersion,
  type ToWorker,
} from '../../protocol/worker/messages.ts';
import type { ModelChannel, TakeModelMessage } from '../../protocol/worker/model-channel.ts';
import { signalGroup } from '../../system/processes.ts';
import { createDescendants, type Descendants } from './descendants.ts';
import { readOutputs, untilClosed } from './last-lines.ts';
import { endLeftovers, markVariable, type Traces } from './leftovers.ts';
import { createWatchdog, type Watchdog } from './watchdog.ts';
import { describeEnd, endInside, type WorkerEnd, type WorkerFault } from './worker-end.ts';
import type { WorkerProcessOptions } from './worker-options.ts';

/** How long a new process may take until it says hello. Generous: a busy machine starts many at once. */
const HELLO_TIMEOUT_MS = 30_000;

/** How long each step of asking a worker to end may take: the message, then SIGTERM, then SIGKILL. */
const END_STEP_MS = 1000;

/** How long to wait for a process that was killed: the system may hold it in a call that never returns. */
const KILLED_EXIT_MS = 5000;

/** What a worker says that concerns its owner; the rest is handled here. */
export type WorkerMessage = Extract<
  FromWorker,
  { type: 'loaded' | 'load_failed' | 'event' | 'run_over' | 'question' | 'tool_decided' }
>;

/** One child process in its own session, from its start until nothing of it and of what it started is left. */
export class WorkerProcess {
  /** 0 where it could not be started at all. */
  readonly pid: number;
  readonly startedAtSeconds = Math.floor(Date.now() / 1000);
  /** True once it said hello, false where it ended before. */
  readonly ready: Promise<boolean>;
  /** Resolves when the process and its children are gone and its last words are read. */
  readonly ended: Promise<WorkerEnd>;

  readonly #child: ChildProcess;
  readonly #mark = randomUUID();
  readonly #descendants: Descendants;
  readonly #channel: Channel<ToWorker>;
  readonly #watchdog: Watchdog;
  readonly #hello = Promise.withResolvers<true>();
  readonly #end = Promise.withResolvers<WorkerEnd>();
  readonly #helloTimer: NodeJS.Timeout;
  #listener: ((message: WorkerMessage) => void) | null = null;
  #takeModelMessage: TakeModelMessage | null = null;
  #killed: { reason: WorkerEndReason; message: string } | null = null;
  #fault: WorkerFault | null = null;
  #errorLines: readonly string[] = [];
  #endTimer: NodeJS.Timeout | null = null;
  #giveUpTimer: NodeJS.Timeout | null = null;
  #isChannelClosed = false;
  #hasExited = false;
  #saidHello = false;

  constructor(options: WorkerProcessOptions) {
    this.#child = spawn(options.command, options.args, {
      cwd: options.cwd,
      env: { ...options.env, [markVariable]: this.#mark },
      // With another user, supplementary groups are dropped too.
      ...options.user,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    });
    this.pid = this.#child.pid ?? 0;
    // Where the system is out of files, Node gives no streams and tells why only later.
    this.#child.on('error', () => {});
    if (!this.#child.stdio) throw new Error('No process could be started: too many open files.');
    this.ended = this.#end.promise;
    this.ready = Promise.race([this.#hello.promise, this.ended.then(() => false)]);
    this.#descendants = createDescendants(this.pid);
    options.onTraces?.(this.#traces());
    this.#channel = this.#openChannel();
    this.#watchdog = this.#watch(options);
    this.#helloTimer = setTimeout(() => {
      void this.kill('stalled', `It said nothing within ${HELLO_TIMEOUT_MS} ms of its start.`);
    }, HELLO_TIMEOUT_MS);
    this.#errorLines = readOutputs(this.#child, options.onOutput);
    this.#awaitExit(options);
  }

  /** True until it is told to end, or ends. */
  get isOpen(): boolean {
    return this.#killed === null && !this.#isChannelClosed && !this.#hasExited;
  }

  /** Resident memory in MiB and how long it took to answer the last ping; null before the first look. */
  get vitals(): Pick<WorkerInfo, 'rssMb' | 'lagMs'> {
    return { rssMb: this.#watchdog.rssMb(), lagMs: this.#watchdog.lagMs() };
  }

  /** Hands over what it says from now on; one listener at a time. Without one, anything but `hello` is a breach. */
  listen(listener: (message: WorkerMessage) => void): void {
    this.#listener = listener;
  }

  /** Has its model calls answered from now on; one that it makes before is a breach. */
  answerModels(answerOver: (channel: ModelChannel) => TakeModelMessage): void {
    this.#takeModelMessage = answerOver(this.#channel);
  }

  /** Throws where the message cannot be written as JSON; `bytes` follow it. */
  send(message: ToWorker, bytes?: Uint8Array): void {
    this.#channel.send(message, bytes);
    if (message.type === 'load') this.#watchdog.suspend();
  }

  /** Asks it to end, then insists: `shutdown`, SIGTERM, SIGKILL of the whole group. */
  end(reason: WorkerEndReason): Promise<WorkerEnd> {
    if (this.#killed) return this.ended;
    this.#killed = { reason, message: '' };
    this.#descendants.look();
    this.#channel.send({ type: 'shutdown' });
    this.#channel.close();
    this.#endTimer = setTimeout(() => {
      this.#signal('SIGTERM');
      this.#endTimer = setTimeout(() => this.#signal('SIGKILL'), END_STEP_MS);
    }, END_STEP_MS);
    return this.ended;
  }

  /** Ends it at once, with its group. `message` says why, for the log. */
  kill(reason: WorkerEndReason, message: string): Promise<WorkerEnd> {
    this.#killed ??= { reason, message };
    // Once it is gone, nobody can tell which children were its own.
    this.#descendants.look();
    this.#signal('SIGKILL');
    return this.ended;
  }

  #signal(signal: NodeJS.Signals): void {
    // Once it is collected, its pid may belong to a stranger.
    if (this.#hasExited) return;
    signalGroup(this.pid, signal);
    if (signal !== 'SIGKILL') return;
    this.#giveUpTimer ??= setTimeout(() => this.#settle(null, null), KILLED_EXIT_MS);
  }

  #openChannel(): Channel<ToWorker> {
    return createChannel<{ type: string }, ToWorker>(this.#child.stdio[3] as Duplex, {
      joins: 'turn',
      maxIncomingLineBytes: maxLineFromWorkerBytes,
      onMessage: (message, bytes) => this.#receive(message, bytes),
      onClose: (failure) => this.#channelClosed(failure),
    });
  }

  #receive(unchecked: { type: string }, bytes: Buffer | null): void {
    const message = parseFromWorker(unchecked);
    if (message === 'reserved') return;
    if (message === null) {
      this.#breach(
        `The process sent what the protocol does not know: "${unchecked.type.slice(0, 40)}".`,
      );
      return;
    }
    this.#watchdog.heard(message.type === 'pong' ? message.rssMb : undefined);
    switch (message.type) {
      case 'hello':
        this.#greet(message.version);
        return;
      case 'fault':
        this.#fault = message;
        return;
      case 'pong':
        return;
      case 'model_call':
      case 'model_ack':
      case 'model_abort':
        if (this.#takeModelMessage) this.#takeModelMessage(message, bytes);
        else this.#unasked(message.type);
        return;
      case 'loaded':
      case 'load_failed':
        this.#watchdog.resume();
        break;
      case 'event':
      case 'run_over':
      case 'question':
      case 'tool_decided':
        break;
      default:
        message satisfies never;
    }
    if (this.#listener) this.#listener(message);
    else this.#unasked(message.type);
  }

  #unasked(type: string): void {
    this.#breach(`The process sent "${type}" without being asked.`);
  }

  #greet(version: number): void {
    clearTimeout(this.#helloTimer);
    if (version !== protocolVersion) {
      this.#breach(`The process speaks version ${version}, not ${protocolVersion}.`);
      return;
    }
    this.#saidHello = true;
    this.#watchdog.resume();
    this.#hello.resolve(true);
  }

  #breach(message: string): void {
    void this.kill('protocol', message);
  }

  #channelClosed(failure: ChannelFailure | null): void {
    this.#isChannelClosed = true;
    if (failure && failure.type !== 'stream_error') this.#breach(failure.message);
    // A process that closed its channel can do nothing more for anyone, whatever keeps it alive.
    else if (!this.#killed) setTimeout(() => this.#signal('SIGKILL'), END_STEP_MS).unref();
  }

  #watch(options: WorkerProcessOptions): Watchdog {
    return createWatchdog({
      pid: this.pid,
      descendants: this.#descendants,
      ...options,
      ping: (sequence) => this.#channel.send({ type: 'ping', sequence }),
      onStalled: () => {
        void this.kill('stalled', `The process did not answer for ${options.stallTimeoutMs} ms.`);
      },
      onMemory: (rssMb) => {
        void this.kill(
          'memory',
          `The process held ${rssMb} MB of ${options.memoryLimitMb} MB allowed.`,
        );
      },
      onProcesses: (count) => {
        const allowed = `${options.processLimit} allowed`;
        void this.kill('processes', `The process grew to ${count} processes of ${allowed}.`);
      },
      onOutside: () => options.onTraces?.(this.#traces()),
    });
  }

  #awaitExit(options: WorkerProcessOptions): void {
    this.#child.once('error', (error) => {
      if (this.pid !== 0) return;
      this.#killed ??= {
        reason: 'crashed',
        message: `No process could be started: ${error.message}`,
      };
      this.#settle(null, null);
    });
    this.#child.once('exit', (exitCode, signal) => {
      // What it started must not outlive it.
      this.#signal('SIGKILL');
      this.#hasExited = true;
      this.#stopTimers();
      const look = () => {
        this.#descendants.look();
        return this.#traces();
      };
      void Promise.all([untilClosed(this.#child), endLeftovers(look)]).then(() => {
        const { isInside = false } = options;
        this.#settle(...(isInside ? endInside(exitCode, signal) : ([exitCode, signal] as const)));
      });
    });
  }

  #traces(): Traces {
    return { pid: this.pid, mark: this.#mark, outside: this.#descendants.outside() };
  }

  #stopTimers(): void {
    this.#watchdog.stop();
    clearTimeout(this.#helloTimer);
    if (this.#endTimer) clearTimeout(this.#endTimer);
    if (this.#giveUpTimer) clearTimeout(this.#giveUpTimer);
  }

  #settle(exitCode: number | null, signal: string | null): void {
    this.#stopTimers();
    for (const stream of this.#child.stdio) stream?.destroy();
    const end = describeEnd({
      exitCode,
      signal,
      killed: this.#killed,
      fault: this.#fault,
      saidHello: this.#saidHello,
      errorLines: this.#errorLines,
    });
    this.#killed ??= { reason: end.reason, message: '' };
    this.#end.resolve(end);
  }
}
