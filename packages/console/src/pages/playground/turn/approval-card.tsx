import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useApi } from '../../../api/api-context.ts';
import { type RunApprovals, runApprovalsQuery } from '../../../api/runs/run-approvals.ts';
import { fill, text } from '../../../strings/text.ts';
import { Button } from '../../../ui/button.tsx';
import { ExactTime } from '../../../ui/data/time.tsx';
import { Field, TextInput } from '../../../ui/field.tsx';
import { Icon } from '../../../ui/icon.tsx';
import type { Chat } from '../chat/chat.ts';
import type { ApprovalStep, Turn } from '../chat/chat-types.ts';
import type { Decision } from '../chat/run-streams.ts';
import styles from './approval-card.module.css';
import { CodeFence } from './code-fence.tsx';
import { shownJson } from './shown-text.ts';

const words = text.playground.approval;

/** Asks a person about a call. Who else may decide may do so meanwhile: then the turn goes on, too. */
export function ApprovalCard(props: {
  readonly chat: Chat;
  readonly turn: Turn;
  readonly step: ApprovalStep;
}) {
  const { chat, turn, step } = props;
  const { approval } = step;
  useDecidedElsewhere(chat, turn, step);
  const isSending = step.state === 'sending';
  const decide = (decision: Decision) =>
    chat.decide({ turnId: turn.id, agentId: turn.agentId, approvalId: approval.id }, decision);
  return (
    <section className={styles.card} aria-label={fill(words.title, { tool: approval.tool })}>
      <h3 className={styles.title}>
        <Icon name="approvals" />
        {fill(words.title, { tool: approval.tool })}
      </h3>
      <p className={styles.soft}>{words.arguments}</p>
      <CodeFence code={shownJson(approval.arguments)} language="json" isWhole />
      {approval.mayAnswer ? (
        <Decide isSending={isSending} onDecide={decide} />
      ) : (
        <p>{words.others}</p>
      )}
      {step.fault && (
        <p className={styles.fault} role="alert">
          {step.fault}
        </p>
      )}
      {approval.expiresAt && <Expires at={approval.expiresAt} />}
    </section>
  );
}

function Decide(props: {
  readonly isSending: boolean;
  readonly onDecide: (decision: Decision) => void;
}) {
  const { isSending, onDecide } = props;
  const [isDenying, setDenying] = useState(false);
  const [reason, setReason] = useState('');
  const deny = () =>
    onDecide({ approve: false, ...(reason.trim() ? { reason: reason.trim() } : {}) });
  if (isDenying) {
    return (
      <form
        className={styles.reason}
        onSubmit={(event) => {
          event.preventDefault();
          if (!isSending) deny();
        }}
      >
        <Field label={words.reason}>
          {(control) => (
            <TextInput
              {...control}
              autoFocus
              maxLength={2000}
              value={reason}
              onChange={(event) => setReason(event.target.value)}
            />
          )}
        </Field>
        <Button type="submit" variant="danger" busy={isSending}>
          {words.denyNow}
        </Button>
        <Button variant="ghost" onClick={() => setDenying(false)}>
          {text.common.cancel}
        </Button>
      </form>
    );
  }
  return (
    <div className={styles.buttons}>
      <Button
        variant="primary"
        icon="check"
        busy={isSending}
        onClick={() => onDecide({ approve: true })}
      >
        {words.approve}
      </Button>
      <Button busy={isSending} onClick={() => onDecide({ approve: true, always: true })}>
        {words.always}
      </Button>
      <Button variant="danger" busy={isSending} onClick={() => setDenying(true)}>
        {words.deny}
      </Button>
    </div>
  );
}

function Expires({ at }: { readonly at: string }) {
  const [before = '', after = ''] = words.expires.split('{when}');
  return (
    <p className={styles.soft}>
      {before}
      <ExactTime at={at} />
      {after}
    </p>
  );
}

function useDecidedElsewhere(chat: Chat, turn: Turn, step: ApprovalStep): void {
  const isWaiting = step.state === 'waiting';
  const { data } = useQuery({
    ...runApprovalsQuery(useApi(), step.approval.runId),
    enabled: isWaiting,
  });
  const { status, runIds } = turn.answer;
  // What this page itself is told of the turn comes first.
  const isHeard = isWaiting && status !== 'running';
  const own = data?.approvals.find(({ id }) => id === step.approval.id);
  const resumedBy = data?.resumed_by ?? null;
  const isDue = data !== undefined && !beginsYet(data);
  const isShown = resumedBy !== null && runIds.includes(resumedBy);
  useEffect(() => {
    if (!isHeard || !isDue || !own || own.status === 'pending') return;
    chat.decidedElsewhere(turn.id, own, isShown ? null : resumedBy);
  }, [chat, turn.id, isHeard, isDue, own, resumedBy, isShown]);
}

/** Whether all is decided, and the run that goes on with it has not begun: it is asked again then. */
function beginsYet({ approvals, resumed_by }: RunApprovals): boolean {
  const goesOn = approvals.every(({ status }) => status === 'approved' || status === 'denied');
  return goesOn && resumed_by === null;
}
