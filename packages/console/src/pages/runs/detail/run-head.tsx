import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useApi } from '../../../api/api-context.ts';
import { useKeyNames } from '../../../api/keys.ts';
import { type Run, runsOfRunQuery, type Step } from '../../../api/runs.ts';
import { fill, text } from '../../../strings/text.ts';
import { count, dollars } from '../../../ui/data/numbers.ts';
import { RunOutcome } from '../../../ui/data/run-outcome.tsx';
import { duration, ExactTime, Time } from '../../../ui/data/time.tsx';
import { Facts } from '../../../ui/page.tsx';
import { JsonBlock } from '../../../ui/text/code-block.tsx';
import { CopyButton } from '../../../ui/text/copy-button.tsx';
import styles from './run.module.css';

const words = text.runs.detail;

/** The facts of a run, and the runs that it came of or that came of it. */
export function RunHead({ run, steps }: { readonly run: Run; readonly steps: readonly Step[] }) {
  const keyName = useKeyNames();
  const facts = [
    { name: words.title, value: <Id value={run.id} /> },
    {
      name: words.agent,
      value: (
        <Link
          to="/runs"
          search={{ agent: run.agent_id }}
          className={styles.clamped ?? ''}
          title={run.agent_id}
        >
          {run.agent_id}
        </Link>
      ),
    },
    { name: words.generation, value: `${run.generation}` },
    {
      name: words.started,
      value: (
        <>
          <ExactTime at={run.started_at} /> (<Time at={run.started_at} />)
        </>
      ),
    },
    {
      name: words.duration,
      value: run.duration_ms === null ? words.notYet : duration(run.duration_ms),
    },
    ...firstText(steps),
    ...usageFacts(run),
    ...callerFacts(run, keyName),
    { name: words.request, value: <Id value={run.request_id} /> },
    {
      name: words.decisions,
      value: (
        <Link to="/security" search={{ tab: 'decisions', request: run.request_id }}>
          {words.toDecisions}
        </Link>
      ),
    },
    {
      name: words.recorded,
      value: run.recorded === 'contents' ? words.recordedContents : words.recordedSteps,
    },
    ...useRelated(run),
  ];
  return (
    <div className={styles.head}>
      <Facts facts={facts} />
      <details className={styles.json}>
        <summary>{words.asJson}</summary>
        <JsonBlock value={run} label={words.asJson} />
      </details>
    </div>
  );
}

type Fact = { readonly name: string; readonly value: ReactNode };

/** The first that the caller could read. */
function firstText(steps: readonly Step[]): readonly Fact[] {
  const said = steps.find(({ kind }) => kind === 'text');
  return said ? [{ name: words.firstText, value: duration(said.at_ms) }] : [];
}

function callerFacts(run: Run, keyName: (id: string) => string): readonly Fact[] {
  return [
    {
      name: words.key,
      value: (
        <Link to="/runs" search={{ key: run.key_id }} title={run.key_id}>
          {keyName(run.key_id)}
        </Link>
      ),
    },
    {
      name: words.user,
      value: run.user ? (
        <Link
          to="/runs"
          search={{ user: run.user }}
          className={styles.clamped ?? ''}
          title={run.user}
        >
          {run.user}
        </Link>
      ) : (
        words.noUser
      ),
    },
  ];
}

function usageFacts({ usage, cost_usd, unpriced_calls }: Run): readonly Fact[] {
  if (!usage) return [];
  const cost = dollars(cost_usd);
  const unpriced = fill(words.unpriced, { count: count(unpriced_calls) });
  const { cached_input_tokens, reasoning_tokens } = usage;
  const more = { cached: count(cached_input_tokens), reasoning: count(reasoning_tokens) };
  return [
    {
      name: words.tokens,
      value: (
        <span title={fill(words.tokensMore, more)}>
          {fill(words.tokensValue, {
            input: count(usage.input_tokens),
            output: count(usage.output_tokens),
          })}
        </span>
      ),
    },
    { name: words.calls, value: count(usage.requests) },
    { name: words.cost, value: unpriced_calls > 0 ? `${cost} (${unpriced})` : cost },
  ];
}

function useRelated(run: Run): readonly Fact[] {
  const api = useApi();
  const replays = useQuery(runsOfRunQuery(api, run, 'replay_of')).data?.runs ?? [];
  const resumed = useQuery({
    ...runsOfRunQuery(api, run, 'resumes'),
    enabled: run.outcome === 'interrupted',
  });
  const later = resumed.data?.runs ?? [];
  return [
    ...(run.replay_of ? [{ name: words.replayOf, value: <RunLink id={run.replay_of} /> }] : []),
    ...(run.resumes ? [{ name: words.resumes, value: <RunLink id={run.resumes} /> }] : []),
    ...(later.length > 0 ? [{ name: words.resumedBy, value: <RunLinks runs={later} /> }] : []),
    ...(replays.length > 0 ? [{ name: words.replayedBy, value: <RunLinks runs={replays} /> }] : []),
  ];
}

function RunLinks({ runs }: { readonly runs: readonly Run[] }) {
  return (
    <ul>
      {runs.map(({ id, outcome }) => (
        <li key={id}>
          <RunLink id={id} /> <RunOutcome outcome={outcome} />
        </li>
      ))}
    </ul>
  );
}

function RunLink({ id }: { readonly id: string }) {
  return (
    <Link to="/runs/$id" params={{ id }} className={styles.id ?? ''}>
      {id}
    </Link>
  );
}

function Id({ value }: { readonly value: string }) {
  return (
    <span className={styles.withCopy}>
      <span className={`${styles.id} ${styles.clamped}`} title={value}>
        {value}
      </span>
      <CopyButton value={value} />
    </span>
  );
}
