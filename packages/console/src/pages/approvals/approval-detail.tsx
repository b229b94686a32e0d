import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type ReactNode, useEffect, useRef } from 'react';
import { useApi } from '../../api/api-context.ts';
import { type Approval, approvalQuery, resumedByQuery } from '../../api/approvals.ts';
import { useRole } from '../../api/session.ts';
import { fill, text } from '../../strings/text.ts';
import { ExactTime, Time } from '../../ui/data/time.tsx';
import { Card, Facts } from '../../ui/page.tsx';
import { QueryView } from '../../ui/states.tsx';
import { CodeBlock } from '../../ui/text/code-block.tsx';
import { AnswerForm } from './answer-form.tsx';
import { ApprovalStatus } from './approval-status.tsx';
import styles from './approvals.module.css';
import { Countdown } from './countdown.tsx';
import type { Answers } from './use-answers.ts';
import { useNames } from './use-names.ts';

const words = text.approvals.detail;

/** One call: what it asks for, for whom and why, and its answer or the means to give one. */
export function ApprovalDetail(props: {
  readonly id: string | undefined;
  readonly answers: Answers;
}) {
  const { id, answers } = props;
  const query = useQuery({ ...approvalQuery(useApi(), id ?? ''), enabled: id !== undefined });
  if (id === undefined) {
    return (
      <div className={styles.pick}>
        <Card>
          <p className={styles.soft}>{text.approvals.pick}</p>
        </Card>
      </div>
    );
  }
  return (
    <QueryView query={query}>
      {(call) =>
        call ? (
          <Call key={call.id} call={call} answers={answers} />
        ) : (
          <Card>
            <p>{text.approvals.gone}</p>
          </Card>
        )
      }
    </QueryView>
  );
}

function Call({ call, answers }: { readonly call: Approval; readonly answers: Answers }) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (matchMedia('(max-width: 1180px)').matches) place.current?.scrollIntoView();
  }, []);
  return (
    <div ref={place}>
      <Card title={call.tool} actions={<ApprovalStatus status={call.status} />}>
        <div className={styles.call}>
          {call.status === 'pending' && <AnswerForm calls={[call]} answers={answers} />}
          <div>
            <h3>{words.arguments}</h3>
            <CodeBlock code={laidOut(call.arguments)} language="json" label={words.arguments} />
          </div>
          <Facts facts={useFacts(call)} />
        </div>
      </Card>
    </div>
  );
}

type Fact = { readonly name: string; readonly value: ReactNode };

function useFacts(call: Approval): readonly Fact[] {
  const names = useNames();
  const own = { own: call.agent, agent: call.agent_id };
  return [
    ...answerFacts(call, names.key),
    { name: words.agent, value: fill(words.agentOwn, own) },
    { name: words.who, value: names.who(call) },
    { name: words.rule, value: names.rule(call) },
    { name: words.since, value: <Time at={call.created_at} /> },
    ...(call.status === 'pending'
      ? [{ name: words.expires, value: <Countdown until={call.expires_at} /> }]
      : []),
    { name: words.run, value: <RunLink id={call.run_id} /> },
    ...(call.status === 'pending'
      ? []
      : [{ name: words.resumedBy, value: <ResumedBy runId={call.run_id} /> }]),
    { name: words.provenance, value: call.provenance },
    { name: words.callId, value: <span className={styles.id}>{call.call_id}</span> },
  ];
}

function answerFacts(call: Approval, keyName: (id: string) => string): readonly Fact[] {
  const { answered_at, answered_by, reason, always } = call;
  return [
    ...(answered_by === null ? [] : [{ name: words.by, value: keyName(answered_by) }]),
    ...(answered_at === null ? [] : [{ name: words.at, value: <ExactTime at={answered_at} /> }]),
    ...(reason === null ? [] : [{ name: words.reason, value: reason }]),
    ...(always ? [{ name: words.always, value: words.yes }] : []),
  ];
}

function ResumedBy({ runId }: { readonly runId: string }) {
  const { data } = useQuery(resumedByQuery(useApi(), runId));
  return data ? <RunLink id={data} /> : words.notYet;
}

/** Operators may not read runs. */
function RunLink({ id }: { readonly id: string }) {
  if (useRole() !== 'admin') return <span className={styles.id}>{id}</span>;
  return (
    <Link to="/runs/$id" params={{ id }} className={styles.id ?? ''}>
      {id}
    </Link>
  );
}

/** Models write what they like, also what is no JSON. */
function laidOut(json: string): string {
  try {
    return JSON.stringify(JSON.parse(json), null, 2);
  } catch {
    return json;
  }
}
