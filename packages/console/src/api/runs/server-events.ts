/** The gateway says something every 15 seconds, if only that it is there; who says nothing for so long is gone. */
const patienceMs = 60_000;

/**
 * Reads server-sent events as they come: the data of each, its lines joined. A piece of a stream may hold many events, or a
 * part of one.
 *
 * @throws TypeError where the connection breaks, or nothing comes any more.
 */
export async function* readServerEvents(
  body: ReadableStream<Uint8Array>,
): AsyncGenerator<readonly string[]> {
  const decoder = new TextDecoder();
  const reader = body.getReader();
  let pieces: string[] = [];
  try {
    while (true) {
      const { done, value } = await soon(reader.read());
      const piece = decoder.decode(value, { stream: !done });
      const end = piece.lastIndexOf('\n');
      if (end === -1) {
        if (piece !== '') pieces.push(piece);
      } else {
        const lines = `${pieces.join('')}${piece.slice(0, end)}`.split('\n');
        pieces = [piece.slice(end + 1)];
        const events = lines.flatMap(dataOf);
        if (events.length > 0) yield events;
      }
      if (done) return;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

async function soon<Value>(promise: Promise<Value>): Promise<Value> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new TypeError('Nothing comes any more.')), patienceMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The gateway writes the data of an event in one line, so that a line is an event. */
function dataOf(line: string): string[] {
  if (!line.startsWith('data:')) return [];
  return [line.slice(line.startsWith('data: ') ? 6 : 5).replace(/\r$/, '')];
}
