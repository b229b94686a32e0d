/** Whether a model call's body asks for its answer as a stream of events; a body that streams in is not looked at. */
export function asksForStream(body: unknown): boolean {
  return asksFor(body, 'stream', /"stream"\s*:\s*true/);
}

/** The same of an answer that is to be fetched later (Responses only). */
export function asksForBackground(body: unknown): boolean {
  return asksFor(body, 'background', /"background"\s*:\s*true/);
}

function asksFor(body: unknown, field: string, pattern: RegExp): boolean {
  // Most calls are told by the words alone, which may also stand deeper inside.
  if (!Buffer.isBuffer(body) || !pattern.test(body.toString('latin1'))) return false;
  try {
    const fields = JSON.parse(body.toString()) as Readonly<Record<string, unknown>>;
    return fields[field] === true;
  } catch {
    return false;
  }
}
