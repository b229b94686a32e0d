import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useApi } from '../../../api/api-context.ts';
import { type PreviewAnswer, type PreviewQuestion, previewQuery } from '../../../api/security.ts';
import { fill, text } from '../../../strings/text.ts';
import { Verdict } from '../parts/verdict.tsx';
import styles from './permit.module.css';
import { type Concern, PermitForm } from './permit-form.tsx';

const names = text.security.permit;

/** The tiers of denials that no override turns round. */
const ceilingTier = 0;
const stoppedTier = 1;

/** The smallest override that allows a call, and buttons that make exactly that one. */
export function Permit(props: {
  readonly question: PreviewQuestion;
  /** What it is answered now: a denial. */
  readonly now: PreviewAnswer;
  /** Called when an override was made. */
  readonly onMade?: () => void;
}) {
  const { question, now, onMade } = props;
  const { smallest_override: smallest, rule } = now;
  if (!smallest) return <Impossible tier={rule?.tier} />;
  const { within_reach: isWithinReach, ...concern } = smallest;
  return (
    <div className={styles.permit}>
      <h4>{names.title}</h4>
      <p>{names.lead}</p>
      <ConcernFacts concern={concern} />
      {concern.break_glass && <p className={styles.warning}>{names.glass}</p>}
      <Effect question={question} concern={concern} />
      {isWithinReach ? (
        <PermitForm concern={concern} onMade={onMade} />
      ) : (
        <p className={styles.warning}>{names.beyondReach}</p>
      )}
    </div>
  );
}

function Impossible({ tier }: { readonly tier: number | undefined }) {
  return (
    <div className={styles.permit}>
      <p>
        <b>{names.impossible}</b> {tier === ceilingTier && names.ceiling}
        {tier === stoppedTier && names.stopped}
      </p>
      {tier === stoppedTier && (
        <p>
          <Link to="/security" search={{ tab: 'overrides' }}>
            {names.toOverrides}
          </Link>
        </p>
      )}
    </div>
  );
}

function ConcernFacts({ concern }: { readonly concern: Concern }) {
  const { columns, actions } = text.security;
  return (
    <dl className={styles.override}>
      <dt>{columns.effect}</dt>
      <dd>
        <Verdict value={concern.effect} />
      </dd>
      <dt>{columns.action}</dt>
      <dd>{actions[concern.action]}</dd>
      <dt>{columns.principals}</dt>
      <dd>
        <code>{concern.principal}</code>
      </dd>
      <dt>{columns.resources}</dt>
      <dd>
        <code>{concern.resource}</code>
      </dd>
    </dl>
  );
}

/** What the override would change, asked before it is made. */
function Effect({
  question,
  concern,
}: {
  readonly question: PreviewQuestion;
  readonly concern: Concern;
}) {
  const tried = useQuery(previewQuery(useApi(), { ...question, draft_override: concern }));
  if (!tried.data?.after) return null;
  const { after, changes = [] } = tried.data;
  if (after.decision !== 'allow') {
    const verdict = text.security.verdicts[after.decision];
    const rule = after.rule?.id ?? text.security.noRule;
    return <p className={styles.warning}>{fill(names.notEnough, { verdict, rule })}</p>;
  }
  const others = changes.filter(
    ({ agent_id: agent, resource }) =>
      resource !== question.resource || (agent !== null && agent !== question.agent_id),
  );
  if (others.length === 0) return <p className={styles.soft}>{names.alsoOne}</p>;
  return (
    <div className={styles.soft}>
      <p>{fill(names.also, { count: others.length })}</p>
      <ul>
        {others.slice(0, 3).map(({ principal, agent_id: agent, action, resource }) => (
          <li key={[principal.id, agent, resource].join(' ')}>
            {[principal.name, agent, text.security.actions[action], resource]
              .filter(Boolean)
              .join(' · ')}
          </li>
        ))}
      </ul>
    </div>
  );
}
