import { Link } from '@tanstack/react-router';
import type { Tool } from '../../../api/tools.ts';
import { fill, text } from '../../../strings/text.ts';
import { count } from '../../../ui/data/numbers.ts';
import { duration, Time } from '../../../ui/data/time.tsx';
import { FindingList } from '../../../ui/diagnostic/finding-list.tsx';
import { plainText } from '../../../ui/diagnostic/plain-text.ts';
import { Card, Facts } from '../../../ui/page.tsx';
import { EmptyState } from '../../../ui/states.tsx';
import { JsonBlock } from '../../../ui/text/code-block.tsx';
import { ToolState } from '../tool-state.tsx';
import { percent } from '../tool-table.tsx';
import { TryTool } from '../try/try-tool.tsx';
import styles from './tool-detail.module.css';

const words = text.tools.detail;

/** One tool: what it takes, who uses it, what came of its calls, and a call of it. */
export function ToolDetail(props: { readonly name: string; readonly tool: Tool | undefined }) {
  const { name, tool } = props;
  return (
    <>
      {tool ? (
        <>
          <p className={styles.description}>{plainText(tool.description)}</p>
          {tool.problem && !tool.module?.diagnostics.length && (
            <p className={styles.problem} role="status">
              {plainText(tool.problem)}
            </p>
          )}
          {tool.module && tool.module.diagnostics.length > 0 && (
            <Card title={words.wrong} flush>
              <FindingList findings={tool.module.diagnostics} />
            </Card>
          )}
          <Card title={words.about}>
            <Facts facts={[...setUpOf(tool), ...callsOf(tool)]} />
          </Card>
          <div className={styles.columns}>
            <TryTool tool={tool} />
            <Card title={words.schema}>
              <JsonBlock value={tool.parameters} label={words.schema} />
            </Card>
          </div>
        </>
      ) : (
        <EmptyState icon="tools" title={fill(words.missing, { name })}>
          <p>{words.missingHint}</p>
        </EmptyState>
      )}
    </>
  );
}

function setUpOf(tool: Tool) {
  const { module, used_by: users, offered_in: namespaces } = tool;
  const version = module?.generation
    ? ` (${fill(words.version, { generation: module.generation })})`
    : '';
  return [
    { name: text.tools.columns.state, value: <ToolState state={tool.state} /> },
    { name: text.tools.columns.kind, value: tool.kind },
    { name: words.source, value: <code>{tool.source}</code> },
    ...(module ? [{ name: words.module, value: <code>{`${module.path}${version}`}</code> }] : []),
    { name: words.usedBy, value: users.length === 0 ? words.noUser : <Users users={users} /> },
    ...(namespaces.length > 0 ? [{ name: words.offeredIn, value: namespaces.join(', ') }] : []),
  ];
}

function Users({ users }: { readonly users: readonly string[] }) {
  return (
    <ul className={styles.users}>
      {users.map((id) => (
        <li key={id}>
          <Link to="/agents/$" params={{ _splat: id }}>
            {id}
          </Link>
        </li>
      ))}
    </ul>
  );
}

function callsOf(tool: Tool) {
  const { calls, errors, denied, p95_ms: p95, last_error: lastError } = tool;
  return [
    {
      name: words.calls,
      value: (
        <>
          {count(calls)} <span className={styles.soft}>{words.sinceStart}</span>
          <br />
          {fill(words.outcomes, { errors: count(errors), denied: count(denied) })}
        </>
      ),
    },
    { name: words.p95, value: p95 === null ? '–' : duration(p95) },
    { name: words.cache, value: <CacheOf tool={tool} /> },
    ...(lastError ? [{ name: words.lastError, value: <LastError lastError={lastError} /> }] : []),
  ];
}

const msPerSecond = 1000;

function CacheOf({ tool: { cache, cache_hit_rate: rate } }: { readonly tool: Tool }) {
  if (!cache) return words.noCache;
  const time = duration(cache.ttl_seconds * msPerSecond);
  const parts = [
    fill(words.cacheFor, { time }),
    ...(cache.shared ? [words.cacheShared] : []),
    ...(rate === null ? [] : [fill(words.hitRate, { rate: percent(rate) })]),
  ];
  return parts.join(', ');
}

function LastError(props: { readonly lastError: NonNullable<Tool['last_error']> }) {
  const { at, outcome, message, agent_id: agent } = props.lastError;
  return (
    <>
      <span className={styles.bad}>
        {message === null ? text.tools.result.outcomes[outcome] : plainText(message)}
      </span>
      <br />
      <span className={styles.soft}>
        <Time at={at} /> · {agent ?? words.byOperator}
      </span>
    </>
  );
}
