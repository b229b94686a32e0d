import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import type { JSONRPCMessage, Transport } from '@modelcontextprotocol/client';
import { signalGroup } from '../../system/processes.ts';

/** A server that the gateway starts. */
export type ServerCommand = {
  readonly command: readonly string[];
  readonly cwd: string;
  /** All that it has of an environment. */
  readonly env: Readonly<Record<string, string>>;
};

/** A transport, and what the server said beside it. */
export type StdioTransport = Transport & {
  /** The end of its stderr, for admins; empty where it said nothing. */
  readonly lastWords: () => string;
};

/** Longest message of a server, in characters. */
const MAX_MESSAGE = 16 * 1024 * 1024;

/** Characters kept of what a server writes to stderr. */
const KEPT_WORDS = 500;

/** How long each step of ending a server may take: its input's end, then SIGTERM, then SIGKILL. */
const END_STEP_MS = 1000;

/**
 * Becomes the server, with a watcher beside it in its process group: where the other end of fd 3 is gone, so is the gateway,
 * killed maybe, and a second later the group follows. Until then the end of its input may have told the server to go.
 */
const WATCHED_START = '(read _; sleep 1; kill -9 0) <&3 >/dev/null 2>&1 & exec "$@" 3<&-';

/** Starts a server in a process group of its own, which ends with it, and speaks to it in lines of JSON. */
export function createStdioTransport({ command, cwd, env }: ServerCommand): StdioTransport {
  let child: ChildProcess | null = null;
  let isOver = false;
  let words = '';
  const transport: StdioTransport = {
    lastWords: () => words.trim(),
    async start() {
      const started = spawn('/bin/sh', ['-c', WATCHED_START, 'sh', ...command], {
        cwd,
        env,
        detached: true,
        stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
      });
      started.stdio[3]?.on('error', () => undefined);
      child = started;
      started.stderr.setEncoding('utf8').on('data', (text: string) => {
        words = (words + text).slice(-KEPT_WORDS);
      });
      readLines(started, (line) => take(transport, line), over);
      started.stdin.on('error', () => undefined);
      started.once('exit', (code, signal) => {
        // What it started is not to outlive it.
        signalGroup(started.pid ?? 0, 'SIGKILL');
        words += `\nIt ended with ${signal ?? `code ${code}`}.`;
        over();
      });
      await once(started, 'spawn');
      started.on('error', () => undefined);
    },
    async send(message) {
      if (!child?.stdin?.writable) throw new Error('The server is gone.');
      child.stdin.write(`${JSON.stringify(message)}\n`);
    },
    async close() {
      if (child) await end(child);
      over();
    },
  };
  function over() {
    if (isOver) return;
    isOver = true;
    if (child) void end(child);
    transport.onclose?.();
  }
  return transport;
}

function take(transport: Transport, line: string): void {
  if (line.trim() === '') return;
  try {
    transport.onmessage?.(JSON.parse(line) as JSONRPCMessage);
  } catch (error) {
    // Servers print what is no message; it is theirs alone.
    transport.onerror?.(error as Error);
  }
}

function readLines(
  { stdout }: ChildProcess,
  onLine: (line: string) => void,
  onTooLong: () => void,
): void {
  let pieces: string[] = [];
  let length = 0;
  stdout?.setEncoding('utf8').on('data', (text: string) => {
    const [first = '', ...others] = text.split('\n');
    pieces.push(first);
    length += first.length;
    if (length > MAX_MESSAGE) {
      pieces = [];
      onTooLong();
      return;
    }
    for (const next of others) {
      onLine(pieces.join(''));
      pieces = [next];
      length = next.length;
    }
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || !child.pid) return;
  const exited = once(child, 'exit').then(() => true);
  const isOver = () => Promise.race([exited, wait(END_STEP_MS, false)]);
  child.stdin?.end();
  if (await isOver()) return;
  signalGroup(child.pid, 'SIGTERM');
  if (await isOver()) return;
  signalGroup(child.pid, 'SIGKILL');
  await isOver();
}
