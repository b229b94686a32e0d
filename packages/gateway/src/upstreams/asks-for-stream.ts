/** Whether a model call's body asks for its answer as a stream of events; a body that streams in is not looked at. */
export function asksForStream(body: unknown): boolean {
  // Most calls are told by the words alone, which may also stand deeper inside.
  if (!Buffer.isBuffer(body) || !/"stream"\s*:\s*true/.test(body.toString('latin1'))) return false;
  try {
    const { stream } = JSON.parse(body.toString()) as { readonly stream?: unknown };
    return stream === true;
  } catch {
    return false;
  }
}
