import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useApi } from '../../../api/api-context.ts';
import {
  type Decision,
  type Override,
  overridesQuery,
  type PreviewAnswer,
  type PreviewQuestion,
  previewQuery,
} from '../../../api/security.ts';
import { fill, text } from '../../../strings/text.ts';
import { Button } from '../../../ui/button.tsx';
import { ErrorPanel, Skeleton } from '../../../ui/states.tsx';
import { Countdown } from '../parts/countdown.tsx';
import { useEndOverride, useOverridesChanged } from '../parts/use-overrides.ts';
import { Verdict } from '../parts/verdict.tsx';
import { Permit } from '../permit/permit.tsx';
import { Deciding } from '../preview/preview-answer.tsx';
import styles from './decisions.module.css';

const names = text.security.decisions;

/** How often it is asked again once the time of a permission has come: the clock of the gateway is another one. */
const againMs = 500;

/** What the question of a decision would be answered now, and what would allow it. */
export function AnswerNow({
  decision,
  question,
}: {
  readonly decision: Decision;
  readonly question: PreviewQuestion;
}) {
  const api = useApi();
  /** The override that was seen to permit it, so that its end can be told. */
  const [permission, setPermission] = useState<Override | null>(null);
  const [isOver, setOver] = useState(false);
  const now = useQuery({
    ...previewQuery(api, question),
    refetchInterval: ({ state }) => (isOver && state.data?.decision === 'allow' ? againMs : false),
  });
  const overrides = useQuery(overridesQuery(api));
  const ruleId = now.data?.rule?.id;
  const holding = overrides.data?.find(({ id, state }) => id === ruleId && state === 'active');
  if (holding && holding.effect === 'allow' && holding.id !== permission?.id) {
    setPermission(holding);
    setOver(false);
  }
  if (now.isError) return <CannotAsk error={now.error} />;
  if (!now.data) return <Skeleton rows={2} />;
  const isAllowed = now.data.decision === 'allow';
  return (
    <section className={styles.part}>
      <h3>{names.now}</h3>
      <Verdict value={now.data.decision} size="large" />
      {isSame(decision, now.data) ? <p>{names.same}</p> : <Deciding rule={now.data.rule} />}
      {decision.action === 'call_tool' && <p className={styles.soft}>{names.nowHint}</p>}
      <div role="status">
        {isAllowed && permission && (
          <Running permission={permission} onOver={() => setOver(true)} />
        )}
        {!isAllowed && permission && <p className={styles.over}>{text.security.permit.over}</p>}
      </div>
      {decision.effect !== 'allow' &&
        (isAllowed ? (
          !permission && <p>{text.security.permit.alreadyAllowed}</p>
        ) : now.data.decision === 'deny' ? (
          <Permit question={question} now={now.data} />
        ) : null)}
    </section>
  );
}

function isSame(decision: Decision, now: PreviewAnswer): boolean {
  return decision.effect === now.decision && decision.rule_id === (now.rule?.id ?? null);
}

function CannotAsk({ error }: { readonly error: Error }) {
  return (
    <section className={styles.part}>
      <h3>{names.now}</h3>
      <p>{fill(names.nowFailed, { problem: error.message })}</p>
    </section>
  );
}

function Running({
  permission,
  onOver,
}: {
  readonly permission: Override;
  readonly onOver: () => void;
}) {
  const changed = useOverridesChanged();
  const end = useEndOverride();
  return (
    <>
      <div className={styles.running}>
        <span>
          {text.security.permit.left}{' '}
          <Countdown
            at={permission.expires_at}
            onOver={() => {
              onOver();
              changed();
            }}
          />
        </span>
        <Button size="small" busy={end.isPending} onClick={() => end.mutate(permission.id)}>
          {text.security.permit.endNow}
        </Button>
      </div>
      {end.isError && <ErrorPanel error={end.error} title={text.security.override.endFailed} />}
    </>
  );
}
