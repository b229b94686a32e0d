import { useInfiniteQuery } from '@tanstack/react-query';
import { useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { useApi } from '../../api/api-context.ts';
import { ApiError } from '../../api/client.ts';
import { type ReplayReport, type Run, runQuery, type Step } from '../../api/runs.ts';
import { fill, text } from '../../strings/text.ts';
import { BackLink } from '../../ui/back-link.tsx';
import { RunOutcome } from '../../ui/data/run-outcome.tsx';
import { Card, Page } from '../../ui/page.tsx';
import { EmptyState, ErrorPanel, Skeleton } from '../../ui/states.tsx';
import { ReplayCard } from './detail/replay-card.tsx';
import styles from './detail/run.module.css';
import { RunActions } from './detail/run-actions.tsx';
import { RunFailure } from './detail/run-failure.tsx';
import { RunHead } from './detail/run-head.tsx';
import { StepDetails } from './detail/step-details.tsx';
import { Waterfall } from './detail/waterfall.tsx';

const words = text.runs.detail;

/** A run: what it was, and what it did step by step. */
export function RunPage() {
  const { id } = useParams({ from: '/runs/$id' });
  // What was opened of one run is nothing of the next.
  return <OneRun key={id} id={id} />;
}

function OneRun({ id }: { readonly id: string }) {
  const query = useInfiniteQuery(runQuery(useApi(), id));
  const [replay, setReplay] = useState<ReplayReport | null>(null);
  const pages = query.data?.pages;
  const run = pages?.at(-1)?.run;
  if (!run || !pages) {
    const isGone = query.error instanceof ApiError && query.error.status === 404;
    return (
      <Page title={words.title} lead={<BackToRuns />}>
        {isGone && <EmptyState icon="runs" title={words.gone} />}
        {query.error && !isGone && (
          <ErrorPanel error={query.error} onRetry={() => void query.refetch()} />
        )}
        {!query.error && <Skeleton rows={8} height={40} />}
      </Page>
    );
  }
  const steps = pages.flatMap((page) => page.steps);
  return (
    <Page
      title={fill(words.titleOf, { agent: run.agent_id })}
      lead={<BackToRuns />}
      actions={<RunActions run={run} onReplayed={setReplay} />}
    >
      <RunFailure run={run} steps={steps} />
      {replay && <ReplayCard report={replay} onClose={() => setReplay(null)} />}
      <Card title={<RunOutcome outcome={run.outcome} />}>
        <RunHead run={run} steps={steps} />
      </Card>
      <Steps run={run} steps={steps} onEnd={() => void readMore(query)} />
    </Page>
  );
}

function BackToRuns() {
  return <BackLink to="/runs">{words.back}</BackLink>;
}

function readMore(query: {
  readonly hasNextPage: boolean;
  readonly isFetching: boolean;
  readonly fetchNextPage: () => unknown;
}): unknown {
  return query.hasNextPage && !query.isFetching ? query.fetchNextPage() : null;
}

function Steps(props: {
  readonly run: Run;
  readonly steps: readonly Step[];
  readonly onEnd: () => void;
}) {
  const { run, steps, onEnd } = props;
  const { step: selected } = useSearch({ from: '/runs/$id' });
  const navigate = useNavigate();
  const [isShown, setShown] = useState(false);
  const select = (step: number) =>
    void navigate({
      to: '/runs/$id',
      params: { id: run.id },
      search: { step },
      replace: true,
      resetScroll: false,
    });
  const step = steps.find((each) => each.step === selected);
  if (steps.length === 0) return <EmptyState icon="runs" title={text.runs.waterfall.none} />;
  return (
    <div className={styles.steps}>
      <Card title={text.runs.waterfall.title} flush>
        <Waterfall
          steps={steps}
          totalMs={lengthOf(run, steps)}
          selected={selected}
          onSelect={select}
          onEnd={onEnd}
        />
      </Card>
      <StepDetails run={run} step={step} isShown={isShown} onShow={() => setShown(true)} />
    </div>
  );
}

/** Milliseconds from the start of a run to its end, or so far. */
function lengthOf(run: Run, steps: readonly Step[]): number {
  const ends = steps.map(({ at_ms, duration_ms }) => at_ms + (duration_ms ?? 0));
  return ends.reduce((last, end) => Math.max(last, end), run.duration_ms ?? 0) || 1;
}
