/** A result of `maxBytes` of UTF-8 at most; one that is longer ends with a line that says so. */
export function cutResult(text: string, maxBytes: number): string {
  const bytes = Buffer.byteLength(text);
  if (bytes <= maxBytes) return text;
  const mark = `\n\n[cut: ${bytes} bytes are more than the ${maxBytes} that this tool may give]`;
  return cutText(text, Math.max(0, maxBytes - mark.length)) + mark;
}

/** The beginning of a text, of so many bytes at most and no part of a character. */
export function cutText(text: string, maxBytes: number): string {
  const bytes = Buffer.from(text);
  let end = Math.min(bytes.length, maxBytes);
  while (end > 0 && end < bytes.length && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.toString('utf8', 0, end);
}
