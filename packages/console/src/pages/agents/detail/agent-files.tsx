import type { Agent } from '../../../api/agents.ts';
import { text } from '../../../strings/text.ts';
import { type Column, DataTable } from '../../../ui/data/data-table.tsx';
import { ExactTime } from '../../../ui/data/time.tsx';
import { Card } from '../../../ui/page.tsx';
import { CopyButton } from '../../../ui/text/copy-button.tsx';
import styles from './detail.module.css';

const words = text.agents.detail;

type File = Agent['files'][number] & { readonly shown: string };

const columns: readonly Column<File>[] = [
  {
    id: 'path',
    title: words.file,
    width: 'minmax(120px, 3fr)',
    render: ({ path, shown }) => <code title={path}>{shown}</code>,
  },
  {
    id: 'copy',
    title: text.common.copy,
    width: '48px',
    render: ({ path }) => <CopyButton value={path} />,
  },
  {
    id: 'modified',
    title: words.modified,
    width: '170px',
    isWideOnly: true,
    render: ({ modified_at: at }) => (at ? <ExactTime at={at} /> : words.unknown),
  },
  {
    id: 'hash',
    title: words.hash,
    width: '110px',
    isWideOnly: true,
    render: ({ sha256 }) => (
      <code title={sha256} className={styles.soft}>
        {sha256.slice(0, 12)}
      </code>
    ),
  },
];

/** The files that the version which serves is made of, as they were loaded. */
export function AgentFiles({ agent }: { readonly agent: Agent }) {
  const root = rootOf(agent);
  const files = agent.files.map((file) => ({
    ...file,
    shown: file.path.startsWith(root) ? file.path.slice(root.length) : file.path,
  }));
  return (
    <Card title={words.files} flush>
      {files.length === 0 ? (
        <p className={styles.empty}>{words.noFiles}</p>
      ) : (
        <DataTable
          label={words.files}
          rows={files}
          columns={columns}
          rowKey={({ path }) => path}
          maxHeight="420px"
        />
      )}
    </Card>
  );
}

/** The folder of the project, of the entry's two paths; empty where they tell none. */
function rootOf({ files, module_path: modulePath }: Agent): string {
  const entry = files[0]?.path ?? '';
  return entry.endsWith(`/${modulePath}`) ? entry.slice(0, -modulePath.length) : '';
}
