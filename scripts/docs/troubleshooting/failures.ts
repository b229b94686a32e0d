import { type Group, rowsOf } from './rows.ts';

/** The failures that a caller can get: those of errors.ts, in its order. */
export const callerFailures: Group = {
  title: 'A caller gets an error',
  where:
    'the answer (`error.code`), the log by `request_id`, `dropgate runs list --code <code>`, `dropgate_failures_total`',
  capability: '[Callers](Callers.md), [all failures](../errors.md)',
  rows: rowsOf(`
invalid_request | 400. | Something in the request is wrong. | Read \`message\` and \`param\`.
invalid_json | 400. | The body is no JSON, or a text in it was cut within a character. | Send JSON in UTF-8.
missing_parameter | 400. | A field is missing. | Send the one in \`param\`.
invalid_type | 400. | A field has another type. | Correct the one in \`param\`.
invalid_value | 400. | A field has a value that it cannot have. | Use one that \`message\` names.
unsupported_parameter | 400. | A field is refused here. | Remove it.
unsupported_value | 400. | A value is refused here, such as \`n\` above 1. | Remove it.
unsupported_content_type | 400. | The agent does not take this kind of content. | Send text, or let the author add it to \`accepts\`.
context_too_long | 400. | The conversation is too long for the model. | Send less.
guardrail_blocked | 400. | A guardrail of the agent stopped the run. | Ask something else.
key_missing | 401. | No key was sent. | Send \`Authorization: Bearer dg_…\`.
key_invalid | 401. | The key is unknown, revoked or expired. | Get a new one.
session_expired | 401. | A login of the console ended: it was unused for too long, too old, or logged out. | Log in again; \`console.session_idle_minutes\` and \`console.session_max_hours\` say how long one holds.
csrf_token_invalid | 403. | A request with the console’s cookie was to change something without the token of its login. | Send the \`csrf_token\` of \`GET /console/session\` as \`x-csrf-token\`, or a key in place of the cookie.
token_invalid | 401. | A token (JWT) is not taken; \`message\` says why. | \`dropgate security whoami --token-file <file>\` says more.
not_allowed | 403. | A rule denies it, and the key may see that. | Ask the operator: \`dropgate security preview\`.
approval_unavailable | 403. | A tool at the upstream needs a person's approval and cannot ask, or was approved by code. | Let the operator allow the tool.
agent_not_found | 404. | There is no such agent, or the key may not see it. | Look at \`GET /v1/models\`.
route_not_found | 404. | There is no such path. | The base URL ends in \`/v1\`.
record_not_found | 404. | There is no such key, run or override, or the key may not see it. | Look at the list.
not_recorded | 400. | The run was kept without contents. | Set \`runs.record: contents\` for later ones.
generation_gone | 404. | The files of that run are no longer kept. | \`--generation current\`.
method_not_allowed | 405. | The path has another method. | Use one of \`allow\`.
request_timeout | 408. | The request did not arrive in time. | Send it again.
conversation_busy | 409. | Another turn of the conversation is under way. | Wait for its answer, or begin another conversation.
approval_answered | 409. | The call was answered before, or its caller went on without. | \`dropgate approvals list\`.
approval_expired | 409. | Nobody answered in time, which denies the call. | Ask again.
idempotency_key_reused | 409. | The \`Idempotency-Key\` was sent before with another body. | Send each request under a key of its own.
request_in_progress | 409. | The first request with this \`Idempotency-Key\` still runs, for longer than its repeat waited. | Send it again.
run_outcome_unknown | 409. | The gateway that went on with the run died, or nobody waited for it. Its tools may have run. | Look at what the tools changed, then ask again, under another key.
body_too_large | 413. | The body is larger than \`server.body_limit_mb\`. | Send less.
rate_limited | 429. | The key made too many requests or runs. | Wait as long as \`retry-after\` says.
quota_exhausted | 429. | The key's budget is used up. | Wait for the next period, or ask for more.
price_unknown | 403. | The key has a budget in money, and the model has no price. | Set \`upstreams.<name>.prices\`.
run_limit_exceeded | 403. | The run reached a limit. | Look at the run; raise the limit if it is meant.
run_cancelled | 499 in the log. | The caller left. | Nothing.
run_failed | 500. | The agent's code failed. | The log has file and line: \`dropgate runs show <run>\`.
worker_crashed | 500. | The agent's process died during the run. | \`dropgate agents errors\`.
tool_failed | 500. | A tool threw, and the agent lets that end the run. | \`dropgate runs show <run>\`.
max_turns_exceeded | 500. | The agent asked its model too often. | Raise \`max_turns\`, or make the instructions clearer.
approval_unsupported | 500. | A tool needs approval in a run that cannot wait for it: of a workflow, of a plain \`run\`, or within an agent that is a tool of an SDK that is too old. | Export the agent itself, or let the tool refuse.
run_state_unreadable | 500. | The agent's SDK cannot read the state of the run that waited. | Ask again; the SDK was changed meanwhile.
gateway_failed | 500. | The gateway failed. | The log has the cause; report it.
upstream_failed | 502. | The upstream failed or broke off. | \`dropgate upstreams list\`.
upstream_refused | 502. | The upstream refused the request. | The log has its text, such as a wrong key or model.
upstream_rate_limited | 429. | The upstream limits the gateway. | Wait, or give the upstream a \`fallback\`.
upstream_unavailable | 503. | The upstream is left alone after many failures. | \`dropgate upstreams list\`.
upstream_timeout | 504. | The upstream said nothing for too long. | Raise \`timeout_ms\` of the upstream.
agent_unavailable | 503. | The agent does not load, or its process restarts. | \`dropgate agents errors\`.
overloaded | 503. | Too many runs wait. | Wait as long as \`retry-after\` says.
identity_unavailable | 503. | The keys of an identity provider cannot be read. | Look after \`jwks_url\` or \`jwks_file\` of its entry in \`auth.jwt\`; the log has the cause.
store_unavailable | 503. | The store is down. | Bring it back: [The store is down](OperatorRunbook.md#the-store-is-down).
run_lost | A response in the background has \`failed\`. | Its gateway died while it ran. It is not run again. | Ask again, if that does no harm.
run_timeout | 504. | The run took longer than its limit. | Raise \`timeout_ms\` or \`worker.run_timeout_ms\`.
`),
};
