import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { Diagnostic } from '../../api/errors.ts';
import { fill, text } from '../../strings/text.ts';
import { count as inFull } from '../../ui/data/numbers.ts';
import { ExactTime, Time } from '../../ui/data/time.tsx';
import { CodeFrame } from '../../ui/diagnostic/code-frame.tsx';
import { plainText } from '../../ui/diagnostic/plain-text.ts';
import { SeverityBadge } from '../../ui/diagnostic/severity-badge.tsx';
import { Facts } from '../../ui/page.tsx';
import { CopyButton } from '../../ui/text/copy-button.tsx';
import styles from './error-detail.module.css';
import { Guide } from './guide.tsx';

const words = text.errors.detail;

/** All that is known of something wrong: what, where, what to do, and what serves in spite of it. */
export function ErrorDetail({
  error,
  actions,
}: {
  readonly error: Diagnostic;
  readonly actions: ReactNode;
}) {
  return (
    <article className={styles.detail} aria-labelledby="error-code">
      <header className={styles.head}>
        <SeverityBadge severity={error.severity} />
        <h2 id="error-code">
          <code>{error.code}</code>
        </h2>
        <div className={styles.actions}>{actions}</div>
      </header>
      <p className={styles.message}>{plainText(error.message)}</p>
      <Place error={error} />
      <CodeFrame found={error} />
      {error.hint && (
        <div className={styles.hint}>
          <h3>{words.hint}</h3>
          <p>{plainText(error.hint)}</p>
        </div>
      )}
      <Guide code={error.code} />
      <Facts facts={[...whereOf(error), ...whenOf(error)]} />
    </article>
  );
}

function Place({ error: { file, line, column } }: { readonly error: Diagnostic }) {
  if (file === null) return null;
  const place = [file, line, column].filter((part) => part !== null).join(':');
  return (
    <p className={styles.place}>
      <code>{plainText(place)}</code>
      <CopyButton value={place} label={words.copyPlace} />
    </p>
  );
}

function whereOf(error: Diagnostic) {
  const { agent_id: agent, stage, generation, serving_generation: serving } = error;
  return [
    { name: words.agent, value: <AgentOf error={error} /> },
    { name: words.stage, value: text.errors.stages[stage] },
    // A version that ran into it serves on: what serves instead is not the question then.
    ...(agent === null || (serving === null && generation !== undefined)
      ? []
      : [
          {
            name: words.serving,
            value:
              serving === null ? words.nothingServes : fill(words.version, { generation: serving }),
          },
        ]),
    ...(generation === undefined
      ? []
      : [
          {
            name: words.generation,
            value: [
              fill(words.version, { generation }),
              ...(error.replaced ? [words.replaced] : []),
            ].join('. '),
          },
        ]),
  ];
}

function whenOf(error: Diagnostic) {
  const { count, first_seen: first, last_seen: last, request_id: request } = error;
  const times = count === 1 ? text.errors.once : fill(text.errors.times, { count: inFull(count) });
  return [
    { name: words.count, value: times },
    { name: words.first, value: <ExactTime at={first} /> },
    {
      name: words.last,
      value: (
        <>
          <ExactTime at={last} /> (<Time at={last} />)
        </>
      ),
    },
    ...(request === null ? [] : [{ name: words.request, value: <RequestOf error={error} /> }]),
  ];
}

/** A tool's module is in the list too, and is no agent. */
function AgentOf({
  error: { agent_id: agent, module_path: path },
}: {
  readonly error: Diagnostic;
}) {
  if (agent === null || !agent.includes('/')) return <code>{path ?? text.errors.noAgent}</code>;
  return (
    <Link to="/agents/$" params={{ _splat: agent }}>
      {agent}
    </Link>
  );
}

/** The run where it is known, and else those of the request. */
function RequestOf({ error }: { readonly error: Diagnostic }) {
  const { request_id: request, run_id: run } = error;
  return (
    <>
      <code>{request}</code>{' '}
      {run === undefined ? (
        <Link to="/runs" search={{ request_id: request } as never}>
          {words.findRun}
        </Link>
      ) : (
        <Link to={`/runs/${run}` as '/runs'}>{words.openRun}</Link>
      )}
    </>
  );
}
