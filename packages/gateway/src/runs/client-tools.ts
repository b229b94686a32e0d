import { GatewayError } from '../errors.ts';
import type { ClientToolsMode, Manifest } from '../protocol/records.ts';
import type { RunInput } from '../protocol/run.ts';

/** What an agent gets of a request, and whether tools of the caller are left out. */
export type TakenTools = { readonly input: RunInput; readonly leaves: boolean };

/**
 * The input with those of the caller's own tools that the agent may call.
 *
 * @throws GatewayError `unsupported_parameter` where it takes none, `invalid_value` where they are no tools.
 */
export function takeClientTools(
  input: RunInput,
  { kind, mode }: { readonly kind: Manifest['kind']; readonly mode: ClientToolsMode },
): TakenTools {
  const { toolsProblem, leavesTools = false, ...taken } = input;
  if (!input.clientTools) return { input, leaves: false };
  if (mode === 'reject') {
    throw refused('This agent brings its own tools and takes none from the caller.');
  }
  if (mode === 'ignore') {
    const { offeredTools: _, toolChoice: __, ...rest } = taken;
    return { input: rest, leaves: true };
  }
  if (kind !== 'agent') {
    throw refused(
      'This agent cannot call tools of its caller: only where its module exports the agent itself can it be interrupted.',
    );
  }
  if (toolsProblem) {
    const { message, param } = toolsProblem;
    throw new GatewayError('invalid_value', message, { param });
  }
  return { input: taken, leaves: leavesTools };
}

function refused(why: string): GatewayError {
  return new GatewayError('unsupported_parameter', `${why} Leave out \`tools\`.`, {
    param: 'tools',
  });
}
