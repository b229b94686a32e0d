import type { IncomingMessage } from 'node:http';
import { GatewayError } from '../../errors.ts';
import type { Role } from '../../protocol/policy.ts';
import { type ToolEventsMode, toolEventsModes } from '../../protocol/records.ts';
import type { Presentation } from '../../runs/run.ts';
import { headerValues } from './header-values.ts';

const header = 'x-agent-tool-events';

/**
 * How a request wants to be told of tools, by its header `x-agent-tool-events`; null where it says nothing.
 *
 * @throws GatewayError `invalid_value`.
 */
export function toolEventsAsked(
  request: Pick<IncomingMessage, 'headers' | 'rawHeaders'>,
): ToolEventsMode | null {
  const [value, ...more] = headerValues(request, header);
  if (value === undefined) return null;
  const mode = toolEventsModes.find((one) => one === value.trim().toLowerCase());
  if (mode && more.length === 0) return mode;
  throw new GatewayError(
    'invalid_value',
    `Invalid value for the header '${header}': send one of ${toolEventsModes.join(', ')}.`,
    { param: header },
  );
}

/** A run as its caller wants it told. What an author hides from callers is told to admins alone. */
export function presentationFor(
  presentation: Presentation,
  asked: ToolEventsMode | null,
  role: Role,
): Presentation {
  const isHidden = presentation.toolEvents === 'off' && role !== 'admin';
  return asked === null || isHidden ? presentation : { ...presentation, toolEvents: asked };
}
