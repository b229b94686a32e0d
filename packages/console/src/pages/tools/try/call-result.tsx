import type { ToolCall } from '../../../api/tools.ts';
import { fill, text } from '../../../strings/text.ts';
import { Badge, type Tone } from '../../../ui/badge.tsx';
import { bytes } from '../../../ui/data/numbers.ts';
import { duration } from '../../../ui/data/time.tsx';
import { plainText } from '../../../ui/diagnostic/plain-text.ts';
import { ErrorPanel } from '../../../ui/states.tsx';
import { CodeBlock } from '../../../ui/text/code-block.tsx';
import styles from './try-tool.module.css';
import type { useToolCall } from './use-tool-call.ts';

const words = text.tools.result;

const tones: Readonly<Record<ToolCall['outcome'], Tone>> = {
  ok: 'good',
  failed: 'bad',
  denied: 'bad',
  timeout: 'bad',
  aborted: 'warn',
};

/** The line that the gateway ends a result with which is longer than the tool may give. */
const cutMark = /\n\n\[cut: \d+ bytes are more than the \d+ that this tool may give\]$/;

/** What came of a call: nothing before the first. */
export function CallResult({ call }: Pick<ReturnType<typeof useToolCall>, 'call'>) {
  const { data, error, isPending } = call;
  if (isPending) return null;
  if (error) {
    const isStopped = error.name === 'AbortError';
    return (
      <div className={styles.result}>
        {isStopped ? <p role="status">{text.tools.try.stopped}</p> : <ErrorPanel error={error} />}
      </div>
    );
  }
  return data ? <Result called={data} /> : null;
}

function Result({ called }: { readonly called: ToolCall }) {
  const { outcome, result, error, cache } = called;
  const isCut = cutMark.test(result);
  return (
    <section className={styles.result} aria-label={words.title}>
      <p className={styles.line} role="status">
        <Badge tone={tones[outcome]}>{words.outcomes[outcome]}</Badge>
        <span>{fill(words.took, { time: duration(called.duration_ms) })}</span>
        <span className={styles.soft}>{bytes(called.result_bytes)}</span>
        {cache && <Badge>{words.cache[cache]}</Badge>}
      </p>
      {error !== null && (
        <p className={styles.error}>
          <strong>{words.error}: </strong>
          {plainText(error)}
        </p>
      )}
      {isCut && <p className={styles.cut}>{words.cut}</p>}
      {result === '' ? <p className={styles.soft}>{words.empty}</p> : <Told result={result} />}
    </section>
  );
}

/** Longer texts are not worth the time to see whether they are JSON. */
const maxJsonChars = 1_000_000;

function Told({ result }: { readonly result: string }) {
  const json = asJson(result);
  return (
    <>
      <h3>{words.told}</h3>
      <CodeBlock
        code={json ?? plainText(result)}
        language={json === null ? 'text' : 'json'}
        label={words.told}
      />
    </>
  );
}

/** The text as JSON that is easy to read; null where it is none. */
function asJson(result: string): string | null {
  if (result.length > maxJsonChars || !/^\s*[[{]/.test(result)) return null;
  try {
    return JSON.stringify(JSON.parse(result), null, 2);
  } catch {
    return null;
  }
}
