import { once } from 'node:events';
import { GatewayError } from '../../errors.ts';
import { createAnswerWatch } from '../relay/answer-watch.ts';
import type { Exchange } from '../relay/attempt.ts';
import type { Outcome } from '../relay/forward.ts';
import type { DemoUpstream } from '../upstream.ts';
import { demoModel } from './demo-model.ts';

/** Answers a call with the demo model, in this process. An abort ends it like any other call. */
export async function serveDemo(upstream: DemoUpstream, exchange: Exchange): Promise<Outcome> {
  const base = { upstream: upstream.name, attempts: 1, outputEstimate: 0 };
  if (exchange.api === null || !Buffer.isBuffer(exchange.body)) {
    const failure = new GatewayError(
      'invalid_request',
      'The demo model answers model calls only. Put OPENAI_API_KEY into .env to use this part of the API.',
    );
    return {
      ...base,
      status: 400,
      outcome: 'failed',
      usage: null,
      error: failure.message,
      failure,
    };
  }
  const { response, signal, api } = exchange;
  const answer = demoModel.handle(api, exchange.body);
  const { estimatesOutput } = exchange;
  const watch = createAnswerWatch({
    status: answer.status,
    streamOf: answer.type === 'stream' ? api : null,
    estimatesOutput,
  });
  response.writeHead(answer.status, {
    'content-type': answer.type === 'stream' ? 'text/event-stream' : 'application/json',
    'x-should-retry': 'false',
  });
  if (answer.type === 'json') {
    const bytes = Buffer.from(JSON.stringify(answer.body));
    watch.read(bytes);
    response.end(bytes);
  } else {
    try {
      for await (const event of answer.events) {
        signal.throwIfAborted();
        const bytes = Buffer.from(event);
        watch.read(bytes);
        if (!response.write(bytes)) await once(response, 'drain', { signal });
      }
      response.end();
    } catch (error) {
      if (!signal.aborted) throw error;
      const told = { usage: watch.usage(), outputEstimate: watch.outputEstimate() };
      return { ...base, ...told, status: 200, outcome: 'aborted', error: null, failure: null };
    }
  }
  const error = watch.error();
  const outcome = error === null ? 'ok' : 'failed';
  return { ...base, status: answer.status, outcome, usage: watch.usage(), error, failure: null };
}
