import { z } from 'zod';

const fieldName = z
  .string()
  .regex(/^[A-Za-z_][\w.-]{0,63}$/)
  .meta({ allowed: 'names of fields: letters, digits, `_`, `.` and `-`' });

/** More than that is hidden by no operator, and each is looked for in each text. */
const MAX_ENTRIES = 100;

const pattern = z
  .string()
  .min(3)
  .max(200)
  .regex(/^[^\s"'`,;=<>()[\]{}]+$/)
  .refine((text) => /[^*#]/.test(text))
  .meta({
    allowed:
      'words in which `*` stands for anything and `#` for a digit, such as cust-*, *@*.example.com or ####-####-####-####',
  });

const redact = z
  .strictObject({
    fields: z
      .array(fieldName)
      .max(MAX_ENTRIES)
      .default([])
      .describe(
        'Names of fields: of log lines, and of `name=value`, `name: value` and `"name": "value"` in texts.',
      ),
    patterns: z
      .array(pattern)
      .max(MAX_ENTRIES)
      .default([])
      .describe(
        'Words, whole ones: `*` stands for anything, `#` for a digit, all else for itself, in small or capital letters.',
      ),
  })
  .prefault({})
  .describe(
    'What is written as `[secret]` beside known secrets: in the log, in diagnostics, in decisions and in the journal.',
  );

/** The section `log`. */
export const logSchema = z
  .strictObject({
    level: z
      .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
      .default('info')
      .describe('Least severe level that is written.'),
    format: z
      .enum(['readable', 'json'])
      .optional()
      .describe(
        '`readable` for a person, on stderr, or `json`, an object a line, on stdout. By default `readable` in `dropgate dev`, else `json`.',
      ),
    contents: z
      .boolean()
      .default(false)
      .describe(
        'Whether lines hold what agents say (level `debug`) and what gateway tools are called with and give.',
      ),
    redact,
  })
  .prefault({})
  .describe('The gateway’s log.');

/** The section `console`. */
export const consoleSchema = z
  .strictObject({
    enabled: z
      .boolean()
      .optional()
      .describe('Whether `/console` is served. By default in `dropgate dev` alone.'),
    session_idle_minutes: z
      .int()
      .min(1)
      .max(10_080)
      .default(60)
      .describe('After how many minutes without a request a login ends.'),
    session_max_hours: z
      .int()
      .min(1)
      .max(720)
      .default(12)
      .describe('After how many hours a login ends in any case.'),
  })
  .prefault({})
  .describe('The console: the pages at `/console`.');

/** What is kept of conversations. */
export const state = z
  .strictObject({
    keep_days: z
      .int()
      .min(0)
      .max(3650)
      .default(30)
      .describe(
        'How many days responses and conversations are kept after their last use; 0 keeps none.',
      ),
    keep_mb: z
      .int()
      .min(1)
      .max(1_048_576)
      .default(1024)
      .describe('What all of them may take, in MiB; the oldest make room.'),
    concurrent_turns: z
      .enum(['wait', 'refuse'])
      .default('wait')
      .describe(
        'What a turn does while another of the same conversation is taken: wait for its end, or be refused with 409.',
      ),
    idempotency_hours: z
      .int()
      .min(0)
      .max(168)
      .default(24)
      .describe(
        'How many hours a request with an `Idempotency-Key` is known, so that a repeat of it gets its answer; 0 ignores such keys.',
      ),
  })
  .prefault({})
  .describe('Responses and conversations that callers come back to.');

/** Calls that wait for a person. */
export const approvals = z
  .strictObject({
    expire_minutes: z
      .int()
      .min(1)
      .max(525_600)
      .default(1440)
      .describe('How long a call waits for a person; after that it is denied.'),
    keep_mb: z
      .int()
      .min(1)
      .max(1_048_576)
      .default(256)
      .describe(
        'What all runs that wait may take, in MiB; beyond, the oldest of the keys that hold most are denied.',
      ),
  })
  .prefault({})
  .describe('Calls of tools that a person has to approve.');
