import type { PreviewChange } from '../../../api/security.ts';
import { text } from '../../../strings/text.ts';
import { type Column, DataTable } from '../../../ui/data/data-table.tsx';
import { Clipped } from '../parts/clipped.tsx';
import { Verdict } from '../parts/verdict.tsx';
import styles from './preview.module.css';

const names = text.security.preview;

/** How much an answer grants. */
const grants = { deny: 0, ask_approval: 1, ask: 1, require_approval: 1, allow: 2 } as const;

const columns: readonly Column<PreviewChange>[] = [
  {
    id: 'who',
    title: names.columns.who,
    width: 'minmax(80px, 1fr)',
    render: ({ principal }) => <Clipped value={principal.name} />,
  },
  {
    id: 'agent',
    title: names.columns.agent,
    width: 'minmax(80px, 1fr)',
    isWideOnly: true,
    render: ({ agent_id: agent }) => <Clipped value={agent ?? '–'} />,
  },
  {
    id: 'what',
    title: names.columns.what,
    width: 'minmax(80px, 1.4fr)',
    render: ({ action, resource }) => (
      <Clipped value={`${text.security.actions[action]}: ${resource}`} />
    ),
  },
  {
    id: 'from',
    title: names.columns.from,
    width: '86px',
    isWideOnly: true,
    render: ({ before }) => <Verdict value={before} />,
  },
  {
    id: 'to',
    title: names.columns.to,
    width: '100px',
    render: ({ after }) => <Verdict value={after} />,
  },
];

/** Who gains and who loses by a draft. */
export function Changes(props: {
  readonly changes: readonly PreviewChange[];
  readonly isTruncated: boolean;
}) {
  const { changes, isTruncated } = props;
  const gains = changes.filter(({ before, after }) => grants[after] > grants[before]);
  const loses = changes.filter(({ before, after }) => grants[after] < grants[before]);
  const rest = changes.filter(({ before, after }) => grants[after] === grants[before]);
  return (
    <section className={styles.answer}>
      <h3>{names.changes}</h3>
      {changes.length === 0 && <p className={styles.soft}>{names.noChanges}</p>}
      <Group title={names.gains} changes={gains} />
      <Group title={names.loses} changes={loses} />
      <Group title={names.otherwise} changes={rest} />
      {isTruncated && <p className={styles.soft}>{names.truncated}</p>}
    </section>
  );
}

function Group(props: { readonly title: string; readonly changes: readonly PreviewChange[] }) {
  const { title, changes } = props;
  if (changes.length === 0) return null;
  return (
    <div>
      <h4>
        {title} <span className={styles.soft}>{changes.length}</span>
      </h4>
      <div className={styles.changes}>
        <DataTable
          label={title}
          rows={changes}
          columns={columns}
          rowKey={({ principal, agent_id: agent, action, resource }) =>
            [principal.type, principal.id, agent, action, resource].join(' ')
          }
          maxHeight="320px"
        />
      </div>
    </div>
  );
}
