import { GatewayError } from '../../errors.ts';
import { inputTokensAnswer } from '../../protocol/formats/openai-answers.ts';
import {
  type ResponsesRequest,
  responsesRequestSchema,
} from '../../protocol/formats/openai-responses.ts';
import { callerGone } from '../caller-gone.ts';
import { referencesIn } from '../formats/responses/input-items.ts';
import { toRunInput } from '../formats/responses/responses-input.ts';
import { nameInBody } from '../intake/name-user.ts';
import { callerOf, defineRoute, type Route } from '../route.ts';

/** `POST /v1/responses/input_tokens`: what an upstream would count of an input, also for a base URL that lacks `/v1`. */
export const inputTokenRoutes: readonly Route[] = ['/v1/responses', '/responses'].map((base) =>
  defineRoute({
    method: 'POST',
    url: `${base}/input_tokens`,
    audience: 'callers',
    summary:
      'Count the tokens of an input at the upstream of an agent: of what is sent, without what the agent adds.',
    body: responsesRequestSchema,
    answer: inputTokensAnswer,
    fails: ['agent_not_found', 'upstream_failed', 'upstream_timeout'],
    handle: async ({ deps, body, request, reply }) => {
      await nameInBody(deps, { request, reply }, body);
      refuseKept(body);
      const input = toRunInput(body);
      const signal = callerGone(reply.raw);
      const input_tokens = await deps.countInput(callerOf(request), input, signal);
      return { object: 'response.input_tokens' as const, input_tokens };
    },
  }),
);

/** What is kept here the upstream does not know. */
function refuseKept(body: ResponsesRequest): void {
  const kept = {
    previous_response_id: body.previous_response_id != null,
    conversation: body.conversation != null,
    input: referencesIn(body.input).length > 0,
  };
  for (const [param, isGiven] of Object.entries(kept)) {
    if (!isGiven) continue;
    const message = `'${param}' refers to what the gateway keeps, which is not counted here. Send the items themselves.`;
    throw new GatewayError('unsupported_parameter', message, { param });
  }
}
