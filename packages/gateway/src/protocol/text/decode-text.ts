import { isUtf8 } from 'node:buffer';

/** Why bytes are no text, to complete a sentence that begins with what holds them. */
export type NotText = {
  readonly type: 'not_text';
  readonly code: 'UTF16' | 'NOT_UTF8';
  readonly reason: string;
};

/**
 * The text of bytes that people wrote: UTF-8, without its byte order mark. Other encodings are told and never guessed:
 * half of a file read wrongly looks like a file that lacks a setting.
 */
export function decodeText(bytes: Uint8Array): { type: 'text'; text: string } | NotText {
  const [first, second, third] = bytes;
  const hasMark = first === 0xef && second === 0xbb && third === 0xbf;
  const isUtf16 = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
  // Without a mark UTF-16 of plain letters is valid UTF-8: each second byte is a zero, which no text holds.
  if (isUtf16 || first === 0 || second === 0) return notText('UTF16');
  if (!isUtf8(bytes)) return notText('NOT_UTF8');
  return { type: 'text', text: asBuffer(bytes).toString('utf8', hasMark ? 3 : 0) };
}

/** What messages say of each kind. */
export const notTextReasons: Readonly<Record<NotText['code'], string>> = {
  UTF16: 'is UTF-16, not UTF-8',
  NOT_UTF8: 'is not valid UTF-8',
};

function notText(code: NotText['code']): NotText {
  return { type: 'not_text', code, reason: notTextReasons[code] };
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
