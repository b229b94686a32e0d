import { z } from 'zod';
import { cumulativeRoles } from '../policy.ts';

/** Logs in: with the secret of a key, or the code of a one-time link. */
export const loginBody = z
  .strictObject({
    key: z.string().min(1).max(8192).optional().describe('The secret of an API key, `dg_…`.'),
    code: z
      .string()
      .min(1)
      .max(128)
      .optional()
      .describe('In its place: the code of a one-time link.'),
  })
  .meta({ oneOf: [{ required: ['key'] }, { required: ['code'] }] });

/** What the console is told of its login. */
export const sessionAnswer = z.object({
  csrf_token: z.string().describe('Sent as `x-csrf-token` with what changes something.'),
  expires_at: z.iso.datetime().describe('When the login ends in any case.'),
  idle_expires_at: z.iso.datetime().describe('When it ends where nothing more is asked.'),
  key: z.object({ id: z.string(), name: z.string() }),
  role: z.enum(cumulativeRoles),
  version: z.string().describe('Of the gateway.'),
});

/** A link that logs in, once. */
export const linkAnswer = z.object({
  url: z.url().describe('Of the console. What follows `#` never reaches a server by itself.'),
  expires_at: z.iso.datetime(),
});
