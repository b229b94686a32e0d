/** Deeper than arguments of any schema; JSON of both languages fails on some thousands. */
export const MAX_NESTING = 200;

/** Arguments of a call as JSON, or as the text they are where they are no JSON or nested more than 200 levels deep. */
export function parsedArguments(args: unknown): unknown {
  if (typeof args !== 'string' || isNestedTooDeep(args)) return args;
  try {
    return JSON.parse(args);
  } catch {
    return args;
  }
}

/** Whether a text in JSON is nested deeper than that. */
export function isNestedTooDeep(json: string): boolean {
  let depth = 0;
  let isInText = false;
  for (let at = 0; at < json.length; at += 1) {
    const char = json[at];
    if (char === '"') isInText = !isInText;
    else if (isInText) at += char === '\\' ? 1 : 0;
    else if (char === '[' || char === '{') depth += 1;
    else if (char === ']' || char === '}') depth -= 1;
    if (depth > MAX_NESTING) return true;
  }
  return false;
}
