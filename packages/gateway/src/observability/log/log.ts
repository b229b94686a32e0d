import { styleText } from 'node:util';
import pino from 'pino';
import type { GatewayEvent } from '../../events.ts';
import { foldStack } from '../../protocol/text/fold-stack.ts';
import { shownJson, shownJsonText, shownText } from '../../protocol/text/shown-text.ts';
import { mask } from '../hide-literals.ts';
import { logEntries } from './log-entry.ts';
import type { LogEntry } from './log-line.ts';
import { openStderr, openStdout } from './log-output.ts';

const rank = { trace: 0, debug: 1, info: 2, warn: 3, error: 4, fatal: 5, silent: 6 };

/** Levels a log can be set to, and `silent`. */
export type LogLevel = keyof typeof rank;

export type LogOptions = {
  readonly level: LogLevel;
  /** `json`: one object per line on stdout. `readable`: for a person, on stderr. */
  readonly form: 'json' | 'readable';
  /** Takes secrets out of text that an agent's module said or caused, null for any other. */
  readonly redact: (agentId: string | null) => (text: string) => string;
  /** Whether lines hold what agents say and tools are called with. */
  readonly contents: boolean;
  /** What an operator hides: fields by their names, and words in all others. */
  readonly hidden: {
    readonly fields: ReadonlySet<string>;
    readonly text: ((text: string) => string) | null;
  };
  /** Shows the commands in the hints of a readable log as they have to be typed. */
  readonly asTyped: (text: string) => string;
};

export type Log = {
  readonly listener: (event: GatewayEvent) => void;
  /** Writes out what is buffered, for 2 s at most; the last call. */
  readonly close: () => Promise<void>;
};

/** The log: a listener that turns events into lines. */
export function createLog(options: LogOptions): Log {
  if (options.level === 'silent')
    return { listener: () => undefined, close: async () => undefined };
  const sink = options.form === 'json' ? jsonSink(options.level) : readableSink(options.asTyped);
  return {
    listener(event) {
      for (const { level, message, fields } of logEntries(event, options)) {
        if (rank[level] < rank[options.level]) continue;
        const hide = options.redact('agentId' in event ? event.agentId : null);
        const shown = spoken.has(event.type) ? hide(message) : message;
        const written = hideTexts(fields(), hide);
        sink.write({ level, message: shown, fields: hideOwn(written, options.hidden) });
      }
    },
    close: sink.close,
  };
}

/** Events whose message is, or holds, what somebody else said. The gateway's own words stay as they are. */
const spoken: ReadonlySet<GatewayEvent['type']> = new Set([
  'worker_output',
  'findings_reported',
  'request_ended',
  'issuer_keys_failed',
  'fault_survived',
]);

/** Fields that hold such text. Ids, codes, names of agents and the like are the gateway's own, whatever they say. */
const texts: ReadonlySet<string> = new Set([
  'error',
  'error_class',
  'cause',
  'stack',
  'frame',
  'hint',
  'file',
  'resource',
  'tool',
  'reason',
  'model',
  'client_request_id',
  'text',
  'arguments',
  'result',
]);

function hideTexts(
  fields: ReturnType<LogEntry['fields']>,
  hide: (text: string) => string,
): ReturnType<LogEntry['fields']> {
  const shown = Object.entries(fields).map(([name, value]) => [
    name,
    typeof value === 'string' && texts.has(name) ? hide(value) : value,
  ]);
  return Object.fromEntries(shown);
}

/** What an operator named is hidden in the gateway's own words too: they hold names of people's choosing. */
function hideOwn(
  fields: ReturnType<LogEntry['fields']>,
  { fields: names, text }: LogOptions['hidden'],
): ReturnType<LogEntry['fields']> {
  if (!text) return fields;
  const shown = Object.entries(fields).map(([name, value]) => {
    if (value === undefined || value === null) return [name, value];
    if (names.has(name)) return [name, mask];
    return [name, typeof value === 'string' ? text(value) : value];
  });
  return Object.fromEntries(shown);
}

type Line = Omit<LogEntry, 'fields'> & { readonly fields: ReturnType<LogEntry['fields']> };

type Sink = { readonly write: (line: Line) => void; readonly close: () => Promise<void> };

const droppedText = 'log lines dropped: nobody reads them fast enough';

function jsonSink(level: string): Sink {
  const output = openStdout((dropped) => {
    const time = new Date().toISOString();
    return `${JSON.stringify({ level: 'warn', time, dropped, msg: droppedText })}\n`;
  });
  const logger = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    // Whoever reads the lines in a terminal is to see what they say.
    { write: (line: string) => output.write(shownJsonText(line)) },
  );
  return {
    write: ({ level, message, fields }) => logger[level](fields, message),
    close: output.close,
  };
}

const colors = { debug: 'gray', info: 'green', warn: 'yellow', error: 'red' } as const;

/** Fields that take lines of their own below the readable line. */
const blocks = ['frame', 'hint', 'stack'];

function readableSink(asTyped: LogOptions['asTyped']): Sink {
  const shown = (line: Line) => `${readable(line, asTyped)}\n`;
  const output = openStderr((dropped) =>
    shown({ level: 'warn', message: droppedText, fields: { dropped } }),
  );
  return { write: (line) => output.write(shown(line)), close: output.close };
}

function readable({ level, message, fields }: Line, asTyped: LogOptions['asTyped']): string {
  const time = new Date().toTimeString().slice(0, 8);
  const shown = Object.entries(fields).filter(([, value]) => value !== undefined && value !== null);
  const inline = shown
    .filter(([name]) => !blocks.includes(name) && !['line', 'column'].includes(name))
    .map(([name, value]) => `${name}=${printable(name === 'file' ? placeOf(fields) : value)}`);
  const below = shown
    .filter(([name]) => blocks.includes(name))
    .map(([name, value]) => [name, name === 'hint' ? asTyped(String(value)) : String(value)])
    .map(([name = '', text = '']) => plainText(`    ${shownBlock(name, text)}`));
  const label = styleText(colors[level], level.padEnd(5), { stream: process.stderr });
  const tail = styleText('gray', inline.join(' '), { stream: process.stderr });
  return [`${time} ${label} ${plainText(message)} ${tail}`.trimEnd(), ...below].join('\n');
}

function shownBlock(name: string, text: string): string {
  if (name === 'hint') return `→ ${text}`;
  return name === 'stack' ? foldStack(text) : text;
}

/** One word, which terminals and editors open with a click. */
function placeOf({ file, line, column }: Line['fields']): string {
  return [file, line, column].filter((part) => part !== undefined && part !== null).join(':');
}

function printable(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return /[\s"]/.test(text) ? shownJson(text) : shownText(text);
}

/**
 * A text of somebody else's for a terminal: it can colour what it says, and cannot move the cursor, clear the screen
 * or begin a line that looks like one of ours.
 */
export function plainText(text: string): string {
  return shownText(text).replaceAll('\n', '\n    ');
}
