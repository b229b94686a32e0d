import { Link } from '@tanstack/react-router';
import { useRef } from 'react';
import { useKeyNames } from '../../../api/keys.ts';
import type { Decision } from '../../../api/security.ts';
import { useRole } from '../../../api/session.ts';
import { text } from '../../../strings/text.ts';
import { ExactTime } from '../../../ui/data/time.tsx';
import { Dialog } from '../../../ui/dialog.tsx';
import { Facts } from '../../../ui/page.tsx';
import { tierOf } from '../parts/rule-names.ts';
import { Verdict } from '../parts/verdict.tsx';
import { AnswerNow } from './answer-now.tsx';
import { questionOfDecision } from './decision-question.ts';
import styles from './decisions.module.css';

const names = text.security.decisions;

/** Why something was answered as it was; of a denial also what would allow it, with buttons that do. */
export function WhyDialog(props: {
  readonly id: string | undefined;
  readonly decisions: readonly Decision[] | null;
  readonly onClose: () => void;
}) {
  const { id, decisions, onClose } = props;
  const kept = useRef<Decision | undefined>(undefined);
  // A list that begins anew while the dialog is open must not take away what it shows.
  kept.current =
    decisions?.find((each) => each.id === id) ??
    (kept.current?.id === id ? kept.current : undefined);
  const decision = kept.current;
  if (id === undefined || (!decision && decisions === null)) return null;
  return (
    <Dialog open onOpenChange={onClose} wide title={names.titles[decision?.effect ?? 'deny']}>
      {decision ? <Why key={id} decision={decision} /> : <p>{names.missing}</p>}
    </Dialog>
  );
}

function Why({ decision }: { readonly decision: Decision }) {
  const question = questionOfDecision(decision);
  return (
    <div className={styles.why}>
      <Verdict value={decision.effect} size="large" />
      <Asked decision={decision} />
      <section className={styles.part}>
        <h3>{text.security.preview.decided}</h3>
        <Rule decision={decision} />
      </section>
      {question && <AnswerNow decision={decision} question={question} />}
      <Links decision={decision} />
    </div>
  );
}

function Asked({ decision }: { readonly decision: Decision }) {
  const nameOf = useKeyNames();
  const isAdmin = useRole() === 'admin';
  const { time, key_id: key, user, action, resource, agent_id: agent } = decision;
  const { request_id: request, module_path: module } = decision;
  const facts = [
    { name: names.when, value: <ExactTime at={time} /> },
    {
      name: names.key,
      value:
        key === null ? (
          names.nobody
        ) : isAdmin && !key.startsWith('oidc:') ? (
          <Link to="/keys/$keyId" params={{ keyId: key }}>
            {nameOf(key)}
          </Link>
        ) : (
          key
        ),
    },
    ...(user === null ? [] : [{ name: names.user, value: user }]),
    { name: names.action, value: text.security.actions[action] },
    { name: text.security.columns.resources, value: resource },
    ...(agent === null || (agent === resource && !isAdmin)
      ? []
      : [{ name: names.agent, value: isAdmin ? <AgentLink id={agent} /> : agent }]),
    ...(module === null ? [] : [{ name: names.module, value: module }]),
    ...(request === null ? [] : [{ name: names.request_id, value: <code>{request}</code> }]),
  ];
  return <Facts facts={facts} />;
}

function AgentLink({ id }: { readonly id: string }) {
  return (
    <Link to="/agents/$" params={{ _splat: id }}>
      {id}
    </Link>
  );
}

function Rule({ decision }: { readonly decision: Decision }) {
  const { rule_id: rule, tier, reason } = decision;
  if (rule === null) return <p>{text.security.preview.nobody}</p>;
  return (
    <>
      <p>
        <Link to="/security" search={{ tab: 'rules', rule }}>
          {rule}
        </Link>
        <span className={styles.soft}> {tierOf(tier)}</span>
      </p>
      <p>
        <span className={styles.soft}>{names.said}: </span>
        {reason ?? names.saidNothing}
      </p>
    </>
  );
}

function Links({ decision }: { readonly decision: Decision }) {
  const { rule_id: rule, request_id: request, action, resource, agent_id: agent } = decision;
  const who = decision.key_id ?? `agent:${agent}`;
  const isTool = action === 'call_tool';
  const isAdmin = useRole() === 'admin';
  return (
    <p className={styles.links}>
      <Link
        to="/security"
        search={{
          tab: 'preview',
          who,
          action,
          resource,
          ...(isTool && agent ? { agent } : {}),
          ...(decision.user ? { user: decision.user } : {}),
        }}
      >
        {names.previewIt}
      </Link>
      {rule !== null && (
        <Link to="/security" search={{ tab: 'decisions', rule }}>
          {names.sameRule}
        </Link>
      )}
      {request !== null && (
        <Link to="/security" search={{ tab: 'decisions', request }}>
          {names.sameRequest}
        </Link>
      )}
      {isAdmin && request !== null && agent !== null && (
        <Link to="/runs" search={{ request_id: request }}>
          {names.itsRun}
        </Link>
      )}
    </p>
  );
}
