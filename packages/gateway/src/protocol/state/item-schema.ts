import { z } from 'zod';

const part = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text'), text: z.string() }),
  z.object({
    type: z.literal('image'),
    url: z.string().exactOptional(),
    fileId: z.string().exactOptional(),
    detail: z.enum(['auto', 'low', 'high']).exactOptional(),
  }),
  z.object({ type: z.literal('audio'), data: z.string(), format: z.string() }),
  z.object({
    type: z.literal('file'),
    url: z.string().exactOptional(),
    fileId: z.string().exactOptional(),
    data: z.string().exactOptional(),
    filename: z.string().exactOptional(),
  }),
]);

/** An `InputItem`. */
export const inputItemSchema = z.discriminatedUnion('role', [
  z.object({ role: z.literal('system'), text: z.string() }),
  z.object({ role: z.literal('user'), parts: z.array(part) }),
  z.object({ role: z.literal('assistant'), text: z.string() }),
  z.object({
    role: z.literal('tool_call'),
    callId: z.string(),
    name: z.string(),
    arguments: z.string(),
  }),
  z.object({
    role: z.literal('tool_result'),
    callId: z.string(),
    name: z.string(),
    text: z.string(),
  }),
  z.object({
    role: z.literal('approval_request'),
    approvalId: z.string(),
    name: z.string(),
    arguments: z.string(),
  }),
  z.object({
    role: z.literal('approval'),
    approvalId: z.string(),
    approve: z.boolean(),
    reason: z.string().exactOptional(),
    always: z.literal(true).exactOptional(),
  }),
]);
