import { ToolError } from '../tool.ts';

/** What a request is made of, as `gateway.yaml` has it. */
type Template = { readonly method: string; readonly url: string };

/** A request with its arguments filled in. */
export type FilledRequest = {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
};

/**
 * Puts arguments in the place of `{name}` in the URL, each escaped so that it stays one part of it; what is left goes into
 * the query, or into the body as JSON where the method has one.
 */
export function fillRequest(
  { method, url }: Template,
  args: Readonly<Record<string, unknown>>,
): FilledRequest {
  const named = new Set<string>();
  const filled = url.replaceAll(/\{(\w+)\}/g, (_match, name: string) => {
    named.add(name);
    return escapedPart(name, args[name]);
  });
  const target = new URL(filled);
  const rest = Object.entries(args).filter(([name]) => !named.has(name));
  if (method === 'GET' || method === 'DELETE') {
    for (const [name, value] of rest) {
      if (value !== undefined && value !== null) target.searchParams.append(name, plainText(value));
    }
    return { method, url: target, headers: { accept: 'application/json, text/*;q=0.9' } };
  }
  return {
    method,
    url: target,
    headers: { accept: 'application/json, text/*;q=0.9', 'content-type': 'application/json' },
    body: JSON.stringify(Object.fromEntries(rest)),
  };
}

/**
 * An argument as one part of a path.
 *
 * @throws ToolError for `.` and `..`, which would be steps in the path however they are escaped.
 */
export function escapedPart(name: string, value: unknown): string {
  const text = encodeURIComponent(plainText(value ?? ''));
  if (/^\.{1,2}$/.test(text)) throw new ToolError(`The argument ${name} cannot be "${text}".`);
  return text;
}

/** A value as a query has it. */
export function plainText(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
