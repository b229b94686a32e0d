import type { IncomingMessage } from 'node:http';

/** Each value that a header of a request has; `name` in small letters. */
export function headerValues(
  { headers, rawHeaders }: Pick<IncomingMessage, 'headers' | 'rawHeaders'>,
  name: string,
): string[] {
  if (headers[name] === undefined) return [];
  const isValue = (at: number) => at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === name;
  return rawHeaders.filter((_value, at) => isValue(at));
}
