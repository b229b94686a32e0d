import { z } from 'zod';
import { clientToolsModes, taskPromptModes } from '../protocol/records.ts';

/** Whether cases beside agents decide about their new versions. */
export const testsModes = ['off', 'gate'] as const;

/** The name of an environment variable. */
export const variableName = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/)
  .meta({ allowed: 'the name of an environment variable (never the secret itself)' });

const source = z
  .union([z.strictObject({ env: variableName }), z.strictObject({ file: z.string().min(1) })])
  .meta({ allowed: '{ env: NAME } or { file: path } (never the secret itself)' });

const agent = z
  .strictObject({
    env: z
      .record(variableName, source)
      .default({})
      .describe(
        'Secrets given to these agents alone, over their own `.env`: `NAME: { env: VARIABLE }` of the gateway, or `NAME: { file: path }`, below the project root or absolute.',
      ),
    tests: z
      .enum(testsModes)
      .optional()
      .describe(
        '`gate` serves a new version of these agents only where the cases in their `tests` folders pass; by default as in `defaults.tests`.',
      ),
    sessions: z
      .boolean()
      .optional()
      .describe(
        'Whether requests of chat clients that name a session are kept, and know what was said and done before; by default as the module says.',
      ),
    client_tools: z
      .enum(clientToolsModes)
      .optional()
      .describe(
        'What becomes of tools that callers of these agents send: `ignore`, `reject`, or `forward`, where the agent calls them and the caller makes the call; by default as the module says.',
      ),
    task_prompts: z
      .enum(taskPromptModes)
      .optional()
      .describe(
        'What becomes of prompts that chat clients send by themselves, for titles, tags and follow-up questions: `run` the agent as on any other, or `plain`: one call of its model, without its instructions, tools and session; by default as the module says, else `run`.',
      ),
  })
  .describe('What the operator sets for some agents.');

/** The section `agents`: what the operator gives to agents, by patterns of their ids. */
export const agentsSchema = z
  .record(z.string().min(1).max(200), agent)
  .default({})
  .describe(
    'Agents by id, `*` for anything, as in rules (`labs/*`). Where several fit, the last one that says it holds.',
  );
