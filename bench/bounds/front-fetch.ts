import type { ModelPart } from './messages.ts';

type Call = {
  readonly answered: PromiseWithResolvers<Response>;
  readonly pieces: string[];
  isOver: boolean;
  wake: () => void;
};

/** A `fetch` for the client of OpenAI, whose calls somebody else makes: `take` is told what comes of them. */
export function createFrontFetch(call: (id: number, body: string) => void) {
  const calls = new Map<number, Call>();
  let made = 0;
  return {
    fetch(_url: unknown, init?: { readonly body?: unknown }): Promise<Response> {
      made += 1;
      const answered = Promise.withResolvers<Response>();
      calls.set(made, { answered, pieces: [], isOver: false, wake: () => {} });
      call(made, String(init?.body));
      return answered.promise;
    },
    take({ id, status, contentType = '', text, isEnd }: ModelPart): void {
      const open = calls.get(id);
      if (!open) return;
      if (text !== '') open.pieces.push(text);
      open.isOver = isEnd;
      if (isEnd) calls.delete(id);
      if (status !== undefined) open.answered.resolve(responseOf(open, status, contentType));
      open.wake();
    },
  };
}

/** As much of a response as the client reads; one of the web's own, with its streams, takes far longer. */
function responseOf(call: Call, status: number, contentType: string): Response {
  const encoder = new TextEncoder();
  const body = {
    async *[Symbol.asyncIterator]() {
      for await (const piece of piecesOf(call)) yield encoder.encode(piece);
    },
  };
  const text = async () => {
    let all = '';
    for await (const piece of piecesOf(call)) all += piece;
    return all;
  };
  const about = { ok: status < 400, status, statusText: '', url: '', body, text };
  const headers = new Headers({ 'content-type': contentType });
  return { ...about, headers, json: async () => JSON.parse(await text()) } as unknown as Response;
}

async function* piecesOf(call: Call): AsyncGenerator<string> {
  for (;;) {
    const piece = call.pieces.shift();
    if (piece !== undefined) yield piece;
    else if (call.isOver) return;
    else {
      await new Promise<void>((resolve) => {
        call.wake = resolve;
      });
    }
  }
}
