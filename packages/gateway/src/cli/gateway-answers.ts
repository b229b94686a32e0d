import { z } from 'zod';
import { severities } from '../protocol/diagnostics.ts';

const severity = z.enum(severities);
const optionalText = z.string().nullish();
const optionalNumber = z.number().nullish();

const finding = z.object({
  severity,
  message: z.string(),
  agent_id: optionalText,
  module_path: optionalText,
  file: optionalText,
  line: optionalNumber,
  column: optionalNumber,
  frame: optionalText,
  hint: optionalText,
  serving_generation: optionalNumber,
});

/** `GET /admin/agents`, as far as it is shown. */
export const agentsAnswer = z.object({
  agents: z.array(
    z.object({
      id: z.string(),
      module_path: z.string(),
      status: z.string(),
      generation: z.number().nullable(),
      model: z.object({ name: z.string().nullable() }).nullable(),
      tools: z.array(z.string()),
    }),
  ),
});

/** `GET /admin/agents/errors`, as far as it is shown. */
export const errorsAnswer = z.object({
  errors: z.array(
    finding.extend({
      stage: z.string(),
      code: z.string(),
      count: z.number(),
      last_seen: z.string(),
    }),
  ),
  next: z.string().nullable(),
});

/** `POST /agents/refresh`, as far as it is shown. Lists hold model ids. */
export const refreshAnswer = z.object({
  scanned: z.number(),
  unchanged: z.array(z.string()),
  loaded: z.array(z.string()),
  failed: z.array(z.string()),
  removed: z.array(z.string()),
  warnings: z.array(finding),
});
