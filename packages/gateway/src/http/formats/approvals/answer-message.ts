import type { InputItem } from '../../../protocol/run.ts';
import type { ApprovalAnswer } from '../../../runs/approvals/approval-types.ts';

/** A message whose lines answer calls. */
export type AnswerMessage = {
  readonly answers: readonly ApprovalAnswer[];
  /** Why nobody can tell what it says; null where it is clear. */
  readonly unclear: string | null;
};

/** Lines of one message; a run waits for far fewer calls. */
const MOST_LINES = 64;

/** As a person types it, or copies it with what Markdown has around it. */
const answerLine =
  /^(?:[-*]\s+)?`?\s*(?<word>approve|deny)\s+(?<code>[a-z0-9]{4}-?[a-z0-9]{4})\s*`?(?:[\s,:.]+(?<rest>.*))?$/iu;

/** The answers that a message is; null where any line of it is something else. */
export function answersIn(message: InputItem | undefined): AnswerMessage | null {
  const lines = linesOf(message);
  if (lines.length === 0 || lines.length > MOST_LINES) return null;
  const found = lines.map((line) => answerLine.exec(line)?.groups);
  if (!found.every((groups) => groups !== undefined)) return null;
  const answers = found.map(toAnswer);
  const codes = answers.map(({ by }) => by.code);
  return { answers, unclear: unclearIn(found) ?? twiceIn(codes) };
}

function linesOf(message: InputItem | undefined): string[] {
  if (message?.role !== 'user') return [];
  const texts = message.parts.map((part) => (part.type === 'text' ? part.text : null));
  // What comes with a file, or a picture, is more than an answer.
  if (texts.includes(null)) return [];
  return texts
    .join('\n')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

type Groups = Readonly<Record<string, string | undefined>>;

function toAnswer({ word, code = '', rest = '' }: Groups) {
  const approve = word?.toLowerCase() === 'approve';
  const plain = code.replace('-', '').toUpperCase();
  const reason = rest.trim();
  return {
    by: { code: `${plain.slice(0, 4)}-${plain.slice(4)}` },
    approve,
    ...(approve || reason === '' ? {} : { reason }),
  };
}

function unclearIn(found: readonly Groups[]): string | null {
  const isMore = found.some(
    ({ word, rest = '' }) => word?.toLowerCase() === 'approve' && rest.trim() !== '',
  );
  return isMore
    ? 'Nothing was decided: an approval has nothing behind its code. To have something else done, deny it and say why.'
    : null;
}

function twiceIn(codes: readonly string[]): string | null {
  const isTwice = new Set(codes).size < codes.length;
  return isTwice ? 'Nothing was decided: one code is there twice.' : null;
}
