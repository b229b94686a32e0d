import { useQuery } from '@tanstack/react-query';
import { useApi } from '../../../api/api-context.ts';
import { runContentsQuery } from '../../../api/runs/run-record.ts';
import { text } from '../../../strings/text.ts';
import { ErrorPanel } from '../../../ui/states.tsx';
import type { ToolStep } from '../chat/chat-types.ts';
import { shownJson } from './shown-text.ts';
import styles from './timeline.module.css';

const words = text.playground.steps;

/** What a tool was called with and gave, of the record of its run; callers are told that nobody tells them. */
export function ToolContents(props: {
  readonly step: ToolStep;
  readonly runIds: readonly string[];
  readonly isAdmin: boolean;
}) {
  const { step, runIds, isAdmin } = props;
  const isOver = step.outcome !== null;
  const record = useQuery({
    ...runContentsQuery(useApi(), runIds),
    enabled: isAdmin && isOver && runIds.length > 0,
  });
  if (!isAdmin) return <p className={`${styles.contents} ${styles.soft}`}>{words.notTold}</p>;
  if (record.isError) {
    return <ErrorPanel error={record.error} onRetry={() => void record.refetch()} />;
  }
  if (!record.data) return <p className={`${styles.contents} ${styles.soft}`}>{words.reading}</p>;
  const found = record.data.find(
    (one) => one.kind === 'tool_call' && (one.call_id === step.callId || one.tool === step.name),
  );
  const { arguments: written, result } = found?.contents ?? {};
  const error = found?.kind === 'tool_call' ? found.error : null;
  if (written === undefined && result === undefined && !error) {
    return <p className={`${styles.contents} ${styles.soft}`}>{words.notRecorded}</p>;
  }
  return (
    <div className={styles.contents}>
      {written !== undefined && <Part name={words.arguments} value={written} />}
      {result !== undefined && <Part name={words.result} value={result} />}
      {error && <Part name={words.error} value={error} />}
    </div>
  );
}

function Part({ name, value }: { readonly name: string; readonly value: string }) {
  return (
    <div>
      <h4>{name}</h4>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by the keyboard */}
      <pre tabIndex={0}>{shownJson(value)}</pre>
    </div>
  );
}
