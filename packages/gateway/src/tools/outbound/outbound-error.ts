/**
 * Why a call to a server outside did not come about. `message` is for a model: it names no address that was found, and
 * nothing of the gateway's own network.
 */
export class OutboundError extends Error {
  override readonly name = 'OutboundError';
}
