import { type Failure, failures } from '../../packages/gateway/src/errors.ts';
import { code, pageHead, table } from './markdown.ts';

/** `docs/errors.md`: every failure a caller can see. */
export function errorsPage(): string {
  const rows = Object.entries<Failure>(failures).map(([name, failure]) => [
    code(name),
    String(failure.status),
    code(failure.type),
    failure.wireCode === null ? '`null`' : code(failure.wireCode),
    failure.retry === false ? 'told not to' : clientsRetry(failure.status) ? 'yes' : 'no',
  ]);
  const introduction = [
    'Every failure is answered as `{"error":{"message","type","param","code"}}`; in a stream that has',
    'begun, the same object comes as an event, followed by `[DONE]`. The first column is the name the',
    'log uses; it reaches nobody but admins. "Told not to" is the header `x-should-retry: false`: a tool may',
    'have run already. Whoever asks with the key of an admin gets a fifth field, `dropgate`, with the name and',
    'the cause, stack and paths included; no other key does.',
  ].join('\n');
  const heads = ['Failure', 'Status', '`error.type`', '`error.code`', 'Clients retry'];
  return `${pageHead('Failures', introduction)}\n${table(heads, rows)}`;
}

/** What OpenAI's clients do on their own. */
function clientsRetry(status: number): boolean {
  return status === 408 || status === 409 || status === 429 || status >= 500;
}
