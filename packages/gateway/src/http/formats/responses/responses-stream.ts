import type { GatewayError } from '../../../errors.ts';
import type { Role } from '../../../protocol/policy.ts';
import { errorBody } from '../../error-response.ts';
import type { BackgroundFormat } from '../run-format.ts';
import { createResponse, type ResponseOptions } from './response-events.ts';

const done = 'data: [DONE]\n\n';

/**
 * A run as the events of the Responses API, each with its number and under its own name.
 *
 * @param role - Of who asks: decides how much of a failure is shown.
 */
export function createResponsesStream(
  options: Omit<ResponseOptions, 'isWhole'>,
  role: Role,
): BackgroundFormat {
  let written = '';
  let sequence = 0;
  const tell = (type: string, fields: object) => {
    const data = JSON.stringify({ type, sequence_number: sequence, ...fields });
    written += `event: ${type}\ndata: ${data}\n\n`;
    sequence += 1;
  };
  const made = createResponse(
    { ...options, isWhole: false },
    {
      tell,
      tellText(delta, { id, index }) {
        // Put together by hand: per delta, only the delta itself is serialised.
        written += `event: response.output_text.delta\ndata: {"type":"response.output_text.delta","sequence_number":${sequence},"item_id":"${id}","output_index":${index},"content_index":0,"delta":${JSON.stringify(delta)},"logprobs":[]}\n\n`;
        sequence += 1;
      },
      tellFailure: (error: GatewayError) => tell('error', told(error, role)),
    },
  );
  const taken = (): string => {
    const text = written;
    written = '';
    return text;
  };
  return {
    id: options.head.id,
    now: () => JSON.stringify(made.now()),
    start() {
      made.begin();
      return taken();
    },
    encode(event) {
      made.take(event);
      const isOver =
        event.type === 'finished' || event.type === 'failed' || event.type === 'interrupted';
      return isOver ? taken() + done : taken();
    },
    fail(error) {
      // What was written of the event that failed goes first: its numbers are taken.
      made.fail(error);
      return taken() + done;
    },
  };
}

/** As OpenAI's own clients read it, and as Open Responses has it. */
function told(error: GatewayError, role: Role) {
  const { error: body } = errorBody(error, role);
  const { code, message, param } = body;
  return { code, message, param, error: body };
}
