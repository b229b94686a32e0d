import { fieldsOf } from '../sdk.ts';

/**
 * The text of what a workflow returned: the string itself, `output_text`, `message`, `safe_text`, `text`, the only
 * string in it, else all of it as JSON.
 *
 * @returns Null where nothing was returned.
 */
export function outputText(returned: unknown): string | null {
  if (returned === undefined || returned === null) return null;
  if (typeof returned === 'string') return returned;
  const fields = fieldsOf(returned);
  for (const name of ['output_text', 'message', 'safe_text', 'text']) {
    const value = fields[name];
    if (typeof value === 'string') return value;
  }
  const strings = Object.values(fields).filter((value) => typeof value === 'string');
  const [only] = strings;
  return strings.length === 1 && only !== undefined ? only : (JSON.stringify(returned) ?? '');
}

/** Names of the checks that failed in a returned object (`{ jailbreak: { failed: true } }`); empty where none did. */
export function failedChecks(returned: unknown): string[] {
  if (typeof returned !== 'object' || returned === null) return [];
  return Object.entries(returned)
    .filter(([, check]) => fieldsOf(check).failed === true)
    .map(([name]) => name);
}
