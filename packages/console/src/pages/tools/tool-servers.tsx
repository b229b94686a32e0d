import type { ToolList } from '../../api/tools.ts';
import { fill, text } from '../../strings/text.ts';
import { Badge } from '../../ui/badge.tsx';
import { plainText } from '../../ui/diagnostic/plain-text.ts';
import { Card } from '../../ui/page.tsx';
import { ToolState } from './tool-state.tsx';
import styles from './tools-page.module.css';

/** Servers that give tools, with how each is; nothing where there is none. */
export function ToolServers({ servers }: Pick<ToolList, 'servers'>) {
  if (servers.length === 0) return null;
  return (
    <Card title={text.tools.servers} flush>
      <ul className={styles.lines}>
        {servers.map(({ name, kind, state, tools, problem }) => (
          <li key={name}>
            <p className={styles.line}>
              <strong>{name}</strong>
              <ToolState state={state} />
              <Badge>{kind}</Badge>
              <span className={styles.soft}>{fill(text.tools.serverTools, { count: tools })}</span>
            </p>
            {problem && <p className={styles.problem}>{plainText(problem)}</p>}
          </li>
        ))}
      </ul>
    </Card>
  );
}

/** Entries that give no tool, but for the servers, which say so themselves. */
export function ToolProblems({ servers, problems }: Pick<ToolList, 'servers' | 'problems'>) {
  const told = new Set(servers.map(({ name }) => name));
  const rest = problems.filter(({ source }) => !told.has(source));
  if (rest.length === 0) return null;
  return (
    <Card title={text.tools.problems} flush>
      <ul className={styles.lines}>
        {rest.map(({ source, problem }) => (
          <li key={`${source} ${problem}`}>
            <strong>{source}</strong>
            <p className={styles.problem}>{plainText(problem)}</p>
          </li>
        ))}
      </ul>
    </Card>
  );
}
