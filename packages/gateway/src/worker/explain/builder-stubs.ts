import type { Finding } from '../../protocol/diagnostics.ts';
import { placeOf } from './code-place.ts';

/**
 * Warns of the stub that Agent Builder leaves where a human had to approve: exported as it is, it approves everything.
 * Tools without a body are told too, because the model gets no result from them.
 */
export function findStubs({ file, text }: { file: string; text: string }): Finding[] {
  return [
    ...findStub({ file, text }, approvalStub, {
      code: 'approval_stub',
      message: '`approvalRequest` approves everything: it is the stub that Agent Builder exports.',
      hint: 'Ask somebody there, or return false until it is written.',
    }),
    ...findStub({ file, text }, toolStub, {
      code: 'tool_stub',
      message: 'A tool has no body: it is the stub that Agent Builder exports.',
      hint: 'Write what the tool does and return its result.',
    }),
  ];
}

const approvalStub = /const approvalRequest\s*=[^{]*\{\s*\/\/ TODO: Implement/;
const toolStub = /execute: async \([^)]*\) => \{\s*\/\/ TODO: Unimplemented\s*\}/;

function findStub(
  { file, text }: { file: string; text: string },
  pattern: RegExp,
  about: Pick<Finding, 'code' | 'message' | 'hint'>,
): Finding[] {
  const place = placeOf(text, pattern);
  return place ? [{ stage: 'load', severity: 'warning', ...about, file, ...place }] : [];
}
