import { Link } from '@tanstack/react-router';
import type { Rule } from '../../../api/security.ts';
import { fill, text } from '../../../strings/text.ts';
import { ExactTime } from '../../../ui/data/time.tsx';
import { Dialog } from '../../../ui/dialog.tsx';
import { Facts } from '../../../ui/page.tsx';
import { CodeBlock } from '../../../ui/text/code-block.tsx';
import { joined, tierOf } from '../parts/rule-names.ts';
import { Verdict } from '../parts/verdict.tsx';
import styles from './rules.module.css';

/** All that a rule says. */
export function RuleDialog(props: {
  readonly rules: readonly Rule[];
  /** Of the rule; undefined where none is open. */
  readonly id: string | undefined;
  readonly onClose: () => void;
}) {
  const { rules, id, onClose } = props;
  const rule = rules.find((each) => each.id === id);
  return (
    <Dialog
      open={id !== undefined}
      onOpenChange={onClose}
      wide
      title={fill(text.security.rule, { id: id ?? '' })}
    >
      {rule ? <RuleFacts rule={rule} /> : <p>{text.security.rules.gone}</p>}
    </Dialog>
  );
}

function RuleFacts({ rule }: { readonly rule: Rule }) {
  return (
    <>
      <Facts facts={factsOf(rule)} />
      {rule.when !== null && (
        <section className={styles.condition}>
          <h3>{text.security.rules.condition}</h3>
          <CodeBlock code={rule.when} language="text" label={text.security.rules.condition} />
        </section>
      )}
      <p className={styles.links}>
        <Link to="/security" search={{ tab: 'decisions', rule: rule.id }}>
          {text.security.rules.decisions}
        </Link>
      </p>
    </>
  );
}

function factsOf(rule: Rule) {
  const { columns, rules: names } = text.security;
  return [
    { name: columns.effect, value: <Verdict value={rule.effect} /> },
    { name: columns.action, value: text.security.actions[rule.action] },
    { name: columns.principals, value: joined(rule.principals) },
    { name: columns.resources, value: joined(rule.resources) },
    ...optional(names.except_principals, rule.except_principals),
    ...optional(names.except_resources, rule.except_resources),
    ...optional(names.provenances, rule.provenances),
    ...optional(names.approvers, rule.approvers),
    ...(rule.own ? [{ name: names.own, value: names.ownValue }] : []),
    { name: columns.source, value: text.security.sources[rule.source] },
    { name: names.tier, value: tierOf(rule.tier) },
    {
      name: columns.expires,
      value: rule.expires_at === null ? text.common.never : <ExactTime at={rule.expires_at} />,
    },
    { name: columns.reason, value: rule.reason ?? '–' },
  ];
}

function optional(name: string, values: readonly string[] | undefined) {
  return values === undefined ? [] : [{ name, value: joined(values) }];
}
