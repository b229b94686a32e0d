import { escapedPart, type FilledRequest, plainText } from '../kinds/http-request.ts';
import type { Operation } from './operations.ts';

/** The request that a call of an operation makes, at the address of its server. */
export function operationRequest(
  { method, path, parameters }: Operation,
  base: URL,
  args: Readonly<Record<string, unknown>>,
): FilledRequest {
  const filled = path.replaceAll(/\{([^{}]+)\}/g, (_match, name: string) =>
    escapedPart(name, args[name]),
  );
  const url = new URL(base);
  url.pathname = base.pathname.replace(/\/$/, '') + filled;
  const headers: Record<string, string> = { accept: 'application/json, text/*;q=0.9' };
  for (const { name, in: place } of parameters) {
    const value = args[name];
    if (value === undefined || value === null) continue;
    if (place === 'query') {
      for (const each of [value].flat()) url.searchParams.append(name, plainText(each));
    } else if (place === 'header') headers[name.toLowerCase()] = oneLine(plainText(value));
  }
  if (args.body === undefined) return { method, url, headers };
  return {
    method,
    url,
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify(args.body),
  };
}

function oneLine(text: string): string {
  return text.replaceAll(/[^\t\x20-\x7e]/g, ' ');
}
