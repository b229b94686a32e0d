import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useApi } from '../../api/api-context.ts';
import { followedRunQuery, responseTextQuery } from '../../api/approvals.ts';
import { isGoingOn } from '../../api/runs.ts';
import { sessionQuery, useRole } from '../../api/session.ts';
import { fill, text } from '../../strings/text.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { RunOutcome } from '../../ui/data/run-outcome.tsx';
import { Card } from '../../ui/page.tsx';
import { Markdown } from '../../ui/text/markdown.tsx';
import styles from './approvals.module.css';
import type { Told } from './use-answers.ts';
import { type EndedRuns, useEnd } from './use-ended-runs.ts';

const words = text.approvals.told;
const mostShown = 20;

/** What came of the answers that were given: of each how its run went on, or why it was not taken. */
export function ToldAnswers(props: {
  readonly told: readonly Told[];
  readonly ended: EndedRuns;
  readonly onClose: () => void;
}) {
  const { told, ended, onClose } = props;
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
                <OneTold told={one} ended={ended} />
              </li>
            ))}
            {more > 0 && <li>{fill(words.more, { count: more })}</li>}
          </ul>
        </Card>
      )}
    </div>
  );
}

function OneTold({ told, ended }: { readonly told: Told; readonly ended: EndedRuns }) {
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
        <GoesOn runId={run.id} responseId={response_id} keyId={approval.key_id} ended={ended} />
      )}
    </>
  );
}

type Going = {
  readonly runId: string;
  readonly responseId: string | null;
  /** The key that the run is for. */
  readonly keyId: string;
  readonly ended: EndedRuns;
};

function GoesOn({ runId, responseId, keyId, ended }: Going) {
  const api = useApi();
  const { data: session } = useQuery(sessionQuery(api));
  const isAdmin = useRole() === 'admin';
  const run = useQuery({ ...followedRunQuery(api, runId), enabled: isAdmin });
  const heard = useEnd(ended, runId);
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
      {(isAdmin || outcome) && <RunOutcome outcome={outcome ?? 'running'} />}
      {said.data?.text && (
        <blockquote className={styles.said} aria-label={words.said}>
          <Markdown source={said.data.text} />
        </blockquote>
      )}
    </>
  );
}
