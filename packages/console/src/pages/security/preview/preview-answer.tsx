import { Link } from '@tanstack/react-router';
import type { PreviewAnswer, PreviewQuestion } from '../../../api/security.ts';
import { fill, text } from '../../../strings/text.ts';
import { Icon } from '../../../ui/icon.tsx';
import { joined, tierOf } from '../parts/rule-names.ts';
import { Verdict } from '../parts/verdict.tsx';
import { Permit } from '../permit/permit.tsx';
import { Changes } from './changes.tsx';
import styles from './preview.module.css';

const names = text.security.preview;

type DecidingRule = PreviewAnswer['rule'];

/** What a question is answered, why, and what a draft changes. */
export function PreviewAnswerView(props: {
  readonly question: PreviewQuestion;
  readonly answer: PreviewAnswer;
  /** Called when what is denied was permitted for a while. */
  readonly onPermitted: () => void;
}) {
  const { question, answer, onPermitted } = props;
  const { decision, rule, matched, warnings = [], before, after, changes } = answer;
  return (
    <>
      {warnings.length > 0 && (
        <ul className={styles.warnings}>
          {warnings.map((warning) => (
            <li key={warning}>{warning}</li>
          ))}
        </ul>
      )}
      {before && after ? (
        <div className={styles.turn}>
          <Side title={names.before} decision={before.decision} rule={before.rule} />
          <Icon name="chevron" size={20} />
          <Side title={names.after} decision={after.decision} rule={after.rule} />
        </div>
      ) : (
        <>
          <Verdict value={decision} size="large" />
          <Deciding rule={rule} />
        </>
      )}
      <Matched rules={matched} />
      {!before && decision === 'deny' && (
        <Permit question={question} now={answer} onMade={onPermitted} />
      )}
      {changes && <Changes changes={changes} isTruncated={answer.truncated ?? false} />}
    </>
  );
}

function Side(props: {
  readonly title: string;
  readonly decision: PreviewAnswer['decision'];
  readonly rule: DecidingRule;
}) {
  return (
    <div className={styles.side}>
      <span className={styles.soft}>{props.title}</span>
      <Verdict value={props.decision} size="large" />
      <Deciding rule={props.rule} />
    </div>
  );
}

/** The rule that decides, where it is from, and what it says. */
export function Deciding({ rule }: { readonly rule: DecidingRule }) {
  if (!rule) return <p className={styles.decided}>{names.nobody}</p>;
  return (
    <div className={styles.decided}>
      <p>
        {names.decided}{' '}
        <Link to="/security" search={{ tab: 'rules', rule: rule.id }}>
          {rule.id}
        </Link>
      </p>
      <p className={styles.soft}>{tierOf(rule.tier)}</p>
      {rule.reason && <p>{rule.reason}</p>}
    </div>
  );
}

function Matched({ rules }: { readonly rules: PreviewAnswer['matched'] }) {
  if (rules.length === 0) return <p className={styles.soft}>{names.matchedNone}</p>;
  return (
    <section>
      <h3>{names.matched}</h3>
      <ol className={styles.matched}>
        {rules.map(({ id, effect, tier, principals, resources, when, reason }) => (
          <li key={id}>
            <Verdict value={effect} />
            <div>
              <p>
                <Link to="/security" search={{ tab: 'rules', rule: id }}>
                  {id}
                </Link>{' '}
                <span className={styles.soft}>{fill(text.security.tierName, { tier })}</span>
              </p>
              <p className={styles.soft}>
                {joined(principals)} → {joined(resources)}
              </p>
              {when !== null && <code>{when}</code>}
              {reason !== null && <p className={styles.soft}>{reason}</p>}
            </div>
          </li>
        ))}
      </ol>
    </section>
  );
}
