import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { useApi } from '../../api/api-context.ts';
import { followedRunQuery, responseTextQuery } from '../../api/approvals.ts';
import { useLiveEvents } from '../../api/live-context.ts';
import { isGoingOn, type Run } from '../../api/runs.ts';
import { sessionQuery } from '../../api/session.ts';
import { fill, text } from '../../strings/text.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { RunOutcome } from '../../ui/data/run-outcome.tsx';
import { Card } from '../../ui/page.tsx';
import { Markdown } from '../../ui/text/markdown.tsx';
import styles from './approvals.module.css';
import type { Told } from './use-answers.ts';

const words = text.approvals.told;
const mostShown = 20;

/** What came of the answers that were given: of each how its run went on, or why it was not taken. */
export function ToldAnswers(props: {
  readonly told: readonly Told[];
  readonly onClose: () => void;
}) {
  const { told, onClose } = props;
  const more = told.length - mostShown;
  return (
    <div role="status" className={styles.status}>
      {told.length > 0 && (
        <Card
          title={words.title}
          actions={
            <Button
              variant="ghost"
              size="small"
              icon="close"
              aria-label={words.close}
              onClick={onClose}
            />
          }
        >
          <ul className={styles.told}>
            {told.slice(0, mostShown).map((one) => (
              <li key={one.key}>
                <OneTold told={one} />
              </li>
            ))}
            {more > 0 && <li>{fill(words.more, { count: more })}</li>}
          </ul>
        </Card>
      )}
    </div>
  );
}

function OneTold({ told }: { readonly told: Told }) {
  const { approval, approve } = told;
  const about = { tool: approval.tool, agent: approval.agent_id };
  if ('error' in told) {
    const why = told.error instanceof Error ? told.error.message : String(told.error);
    return (
      <>
        <Badge tone="bad">{fill(words.notAnswered, about)}</Badge> {why}
      </>
    );
  }
  const { run, response_id } = told.came;
  return (
    <>
      <Badge tone={approve ? 'good' : 'warn'}>
        {fill(approve ? words.approved : words.denied, about)}
      </Badge>{' '}
      {run.status === 'waiting' ? (
        words.othersWait
      ) : (
        <GoesOn runId={run.id} responseId={response_id} keyId={approval.key_id} />
      )}
    </>
  );
}

type Going = {
  readonly runId: string;
  readonly responseId: string | null;
  /** The key that the run is for. */
  readonly keyId: string;
};

function GoesOn({ runId, responseId, keyId }: Going) {
  const api = useApi();
  const { data: session } = useQuery(sessionQuery(api));
  const isAdmin = session?.role === 'admin';
  const run = useQuery({ ...followedRunQuery(api, runId), enabled: isAdmin });
  const heard = useEnd(runId);
  const outcome = isGoingOn(run.data) ? undefined : (run.data?.outcome ?? heard);
  const said = useQuery({
    ...responseTextQuery(api, responseId ?? ''),
    enabled: responseId !== null && keyId === session?.key.id,
  });
  return (
    <>
      {words.goesOn}{' '}
      {isAdmin ? (
        <Link to="/runs/$id" params={{ id: runId }} className={styles.id ?? ''}>
          {runId}
        </Link>
      ) : (
        <span className={styles.id}>{runId}</span>
      )}{' '}
      <RunOutcome outcome={outcome ?? 'running'} />
      {said.data?.text && (
        <blockquote className={styles.said} aria-label={words.said}>
          <Markdown source={said.data.text} />
        </blockquote>
      )}
    </>
  );
}

/** How a run ended, once the stream of events says so: who may not read runs hears no more than that. */
function useEnd(runId: string): Run['outcome'] | undefined {
  const live = useLiveEvents();
  const [outcome, setOutcome] = useState<Run['outcome']>();
  useEffect(
    () =>
      live.listen((event) => {
        if (event.type !== 'run_ended' || event.run_id !== runId) return;
        const known = Object.keys(text.runs.outcomes) as Run['outcome'][];
        setOutcome(known.find((each) => each === event.outcome));
      }),
    [live, runId],
  );
  return outcome;
}
