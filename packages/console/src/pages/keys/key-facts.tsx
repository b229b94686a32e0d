import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { type Key, useKeyNames } from '../../api/keys.ts';
import { text } from '../../strings/text.ts';
import { count } from '../../ui/data/numbers.ts';
import { ExactTime, Time } from '../../ui/data/time.tsx';
import { Card, Facts } from '../../ui/page.tsx';
import { CopyButton } from '../../ui/text/copy-button.tsx';
import { limitNames, runLimitNames } from './key-words.ts';
import styles from './keys.module.css';

const names = text.keys.detail;

/** All that is known of a key, and links to what it used and what it was answered. */
export function KeyFacts(props: { readonly keyRecord: Key; readonly keys: readonly Key[] }) {
  const { keyRecord: key, keys } = props;
  const nameOf = useKeyNames();
  return (
    <div className={styles.stack}>
      <Card>
        <Facts facts={[...lifeOf(key, nameOf), ...kinOf(key, keys)]} />
      </Card>
      <Card title={names.reach}>
        <Facts
          facts={[
            { name: names.namespaces, value: key.namespaces?.join(', ') ?? names.all },
            { name: names.agents, value: key.agents?.join(', ') ?? names.all },
            { name: names.forwards, value: key.forwards_users ? names.yes : names.no },
          ]}
        />
      </Card>
      <LimitsCard
        title={names.limits}
        hint={names.limitsHint}
        limits={limitNames.map((name) => [text.keys.limits[name], key.limits[name]])}
      />
      <LimitsCard
        title={names.runLimits}
        hint={names.runLimitsHint}
        limits={runLimitNames.map((name) => [
          text.keys.runLimits[name],
          key.run_limits?.[name] ?? null,
        ])}
      />
      <p className={styles.links}>
        <Link to="/runs" search={{ key: key.id }}>
          {names.runs}
        </Link>
        <Link to="/usage" search={{ by: 'key', show: 'tokens', days: 30 }}>
          {names.usage}
        </Link>
        <Link to="/security" search={{ tab: 'decisions', key: key.id }}>
          {names.decisions}
        </Link>
        <Link to="/security" search={{ tab: 'decisions', key: key.id, effect: 'deny' }}>
          {names.denied}
        </Link>
      </p>
    </div>
  );
}

function lifeOf(key: Key, nameOf: (id: string) => string) {
  return [
    {
      name: names.id,
      value: (
        <>
          <code>{key.id}</code> <CopyButton value={key.id} />
        </>
      ),
    },
    { name: names.made, value: <ExactTime at={key.created_at} /> },
    { name: names.by, value: nameOf(key.created_by) },
    { name: names.used, value: <Time at={key.last_used_at} /> },
    {
      name: names.ends,
      value: key.expires_at === null ? text.common.never : <ExactTime at={key.expires_at} />,
    },
    ...(key.revoked_at === null
      ? []
      : [{ name: names.revoked, value: <ExactTime at={key.revoked_at} /> }]),
  ];
}

/** The key that it replaced, and the one that replaced it. */
function kinOf(key: Key, keys: readonly Key[]): { name: string; value: ReactNode }[] {
  const heir = keys.find(({ rotated_from: from }) => from === key.id);
  return [
    ...(key.rotated_from === null
      ? []
      : [{ name: names.rotatedFrom, value: <KeyLink id={key.rotated_from} /> }]),
    ...(heir ? [{ name: names.replacedBy, value: <KeyLink id={heir.id} /> }] : []),
  ];
}

function KeyLink({ id }: { readonly id: string }) {
  return (
    <Link to="/keys/$keyId" params={{ keyId: id }}>
      {useKeyNames()(id)}
    </Link>
  );
}

function LimitsCard(props: {
  readonly title: string;
  readonly hint: string;
  readonly limits: readonly (readonly [string, number | null])[];
}) {
  const given = props.limits.flatMap(([name, value]) =>
    value === null ? [] : [{ name, value: count(value) }],
  );
  return (
    <Card title={props.title}>
      <div className={styles.stack}>
        {given.length === 0 ? <p>{names.noOwn}</p> : <Facts facts={given} />}
        <p className={styles.soft}>{props.hint}</p>
      </div>
    </Card>
  );
}
