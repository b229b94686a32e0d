import type { Finding } from '../../../protocol/diagnostics.ts';
import { ownFrame } from '../code-place.ts';
import { type FailureContext, locate } from '../failure-context.ts';
import { misspelt } from '../unfit-parts.ts';

/** What the SDK says where it makes an agent of the wrong things, in words that do not say so. */
const misuses = [
  {
    said: /^Cannot use 'in' operator to search for 'outputType' in (.+)$/s,
    code: 'bad_handoff',
    message: (value: string) => `An entry of \`handoffs\` is \`${value}\`, not an agent.`,
    hint: misspelt,
  },
  {
    said: /\bhandoffs is not iterable$/,
    code: 'bad_handoff',
    message: () => '`handoffs` of an agent is no list.',
    hint: 'Put what it holds in brackets: `handoffs: [ … ]`.',
  },
  {
    said: /output .*must produce a JSON Schema with `type: "object"`/,
    code: 'bad_output_type',
    message: () => '`outputType` of an agent is no schema of an object.',
    hint: 'Put it into one: `outputType: z.object({ answer: … })`.',
  },
] as const;

/** A finding for what the SDK refuses to make an agent of; null for any other failure. */
export function explainSdkMisuse(error: unknown, { sources }: FailureContext): Finding | null {
  const message = error instanceof Error ? error.message : '';
  const frame = ownFrame(error);
  const misuse = misuses.find(({ said }) => said.test(message));
  if (!misuse || !frame) return null;
  const value = misuse.said.exec(message)?.[1] ?? '';
  return {
    stage: 'load',
    code: misuse.code,
    severity: 'error',
    message: misuse.message(value),
    ...locate(frame.file, frame, sources),
    hint: misuse.hint,
  };
}
