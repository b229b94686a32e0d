import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useApi } from '../../../api/api-context.ts';
import { runCostQuery } from '../../../api/runs/run-record.ts';
import { fill, text } from '../../../strings/text.ts';
import { count, dollars, short } from '../../../ui/data/numbers.ts';
import { duration } from '../../../ui/data/time.tsx';
import { Icon } from '../../../ui/icon.tsx';
import type { Answer } from '../chat/chat-types.ts';
import styles from './answer-facts.module.css';

const words = text.playground.answer;

/** How long an answer took, what it used, and for admins what it cost and the record of its run. */
export function AnswerFacts({
  answer,
  isAdmin,
}: {
  readonly answer: Answer;
  readonly isAdmin: boolean;
}) {
  const { startedMs, firstMs, endedMs, usage, runIds, ignored } = answer;
  const run = runIds.at(-1);
  return (
    <ul className={styles.facts}>
      {endedMs !== null && (
        <li>
          {duration(endedMs - startedMs)}
          {firstMs !== null && (
            <span> ({fill(words.first, { time: duration(firstMs - startedMs) })})</span>
          )}
        </li>
      )}
      {usage && usage.input + usage.output > 0 && (
        <li
          title={fill(words.tokensHint, {
            in: count(usage.input),
            out: count(usage.output),
            cached: count(usage.cached),
            reasoning: count(usage.reasoning),
          })}
        >
          {fill(words.tokens, { in: short(usage.input), out: short(usage.output) })}
        </li>
      )}
      {isAdmin && run && (
        <>
          <Cost runIds={runIds} />
          <li>
            <Link className={styles.run ?? ''} to="/runs/$id" params={{ id: run }}>
              {words.run}
              <Icon name="external" size={12} />
            </Link>
          </li>
        </>
      )}
      {ignored.length > 0 && <li>{fill(words.ignored, { names: ignored.join(', ') })}</li>}
    </ul>
  );
}

function Cost({ runIds }: { readonly runIds: readonly string[] }) {
  const { data } = useQuery(runCostQuery(useApi(), runIds));
  return data === null || data === undefined ? null : (
    <li title={words.costHint}>{dollars(data)}</li>
  );
}
