import { useState } from 'react';
import { useKeyNames } from '../../../api/keys.ts';
import type { Override } from '../../../api/security.ts';
import { fill, text } from '../../../strings/text.ts';
import { Badge } from '../../../ui/badge.tsx';
import { Button } from '../../../ui/button.tsx';
import { type Column, DataTable } from '../../../ui/data/data-table.tsx';
import { Time } from '../../../ui/data/time.tsx';
import { Clipped } from '../parts/clipped.tsx';
import { Countdown } from '../parts/countdown.tsx';
import { Verdict } from '../parts/verdict.tsx';
import { EndDialog } from './end-dialog.tsx';
import { OverrideFacts } from './override-facts.tsx';
import styles from './overrides.module.css';

const names = text.security.override;

/** Overrides; of those that hold (`onOver` is given) with a countdown and a button that ends one. */
export function OverrideTable(props: {
  readonly label: string;
  readonly overrides: readonly Override[];
  /** Called when one was ended here. */
  readonly onEnded?: () => void;
  /** Called when the time of one has come. */
  readonly onOver?: () => void;
}) {
  const { label, overrides, onEnded, onOver } = props;
  const nameOf = useKeyNames();
  const [openId, setOpenId] = useState<string | null>(null);
  const [ending, setEnding] = useState<Override | null>(null);
  const open = overrides.find(({ id }) => id === openId);
  return (
    <>
      <DataTable
        label={label}
        rows={overrides}
        columns={onOver ? activeColumns(nameOf, setEnding, onOver) : endedColumns(nameOf)}
        rowKey={({ id }) => id}
        onOpen={({ id }) => setOpenId(id)}
        maxHeight="50vh"
      />
      {open && <OverrideFacts override={open} onClose={() => setOpenId(null)} />}
      {ending && (
        <EndDialog
          override={ending}
          onClose={() => setEnding(null)}
          onEnded={() => {
            setEnding(null);
            onEnded?.();
          }}
        />
      )}
    </>
  );
}

type NameOf = (id: string) => string;

const commonColumns = (nameOf: NameOf): readonly Column<Override>[] => [
  {
    id: 'effect',
    title: text.security.columns.effect,
    width: '64px',
    render: ({ effect }) => <Verdict value={effect} />,
  },
  {
    id: 'who',
    title: text.security.columns.principals,
    width: 'minmax(60px, 1.2fr)',
    render: ({ principal }) => <Clipped value={nameOf(principal)} />,
  },
  {
    id: 'action',
    title: text.security.columns.action,
    width: '124px',
    isWideOnly: true,
    render: ({ action }) => text.security.actions[action],
  },
  {
    id: 'what',
    title: text.security.columns.resources,
    width: 'minmax(80px, 1.2fr)',
    isWideOnly: true,
    render: ({ resource }) => <Clipped value={resource} />,
  },
  {
    id: 'reason',
    title: text.security.columns.reason,
    width: 'minmax(90px, 1.6fr)',
    isWideOnly: true,
    render: ({ reason, break_glass: isGlass }) => (
      <span className={styles.effect}>
        {isGlass && <Badge tone="warn">{names.glass}</Badge>}
        <Clipped value={reason} />
      </span>
    ),
  },
  {
    id: 'by',
    title: names.by,
    width: 'minmax(80px, 0.8fr)',
    isWideOnly: true,
    render: ({ created_by: by }) => <Clipped value={nameOf(by)} />,
  },
];

const endedColumns = (nameOf: NameOf): readonly Column<Override>[] => [
  ...commonColumns(nameOf),
  {
    id: 'state',
    title: names.endedAt,
    width: '150px',
    render: ({ state, revoked_at: revokedAt, expires_at: expiresAt }) => (
      <span className={styles.effect}>
        <Badge>{names.states[state]}</Badge>
        <Time at={revokedAt ?? expiresAt} />
      </span>
    ),
  },
];

function activeColumns(
  nameOf: NameOf,
  onEnd: (override: Override) => void,
  onOver: () => void,
): readonly Column<Override>[] {
  return [
    ...commonColumns(nameOf),
    {
      id: 'left',
      title: names.endsIn,
      width: '84px',
      render: ({ expires_at: at }) => <Countdown at={at} onOver={onOver} />,
    },
    {
      id: 'end',
      title: '',
      width: '52px',
      align: 'end',
      render: (override) => (
        <Button
          size="small"
          aria-label={fill(names.endLabel, { id: override.id })}
          onClick={() => onEnd(override)}
        >
          {names.end}
        </Button>
      ),
    },
  ];
}
