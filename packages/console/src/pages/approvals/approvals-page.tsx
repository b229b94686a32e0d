import { useInfiniteQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { useApi } from '../../api/api-context.ts';
import { approvalsQuery } from '../../api/approvals.ts';
import { text } from '../../strings/text.ts';
import { Page } from '../../ui/page.tsx';
import { QueryView, Skeleton } from '../../ui/states.tsx';
import { Tabs } from '../../ui/tabs.tsx';
import { AnsweredCalls } from './answered-calls.tsx';
import type { ApprovalsSearch } from './approvals-search.ts';
import { ToldAnswers } from './told-answers.tsx';
import { useAnswers } from './use-answers.ts';
import { useEndedRuns } from './use-ended-runs.ts';
import { WaitingCalls } from './waiting-calls.tsx';

const words = text.approvals;

/** Calls that wait for a person, and those that were answered. */
export function ApprovalsPage() {
  const search = useSearch({ from: '/approvals' });
  const navigate = useNavigate();
  const answers = useAnswers();
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const { agent } = search;
  const waiting = useInfiniteQuery(approvalsQuery(useApi(), { status: 'pending', agent }));
  const go = (next: ApprovalsSearch, replace = true) =>
    void navigate({ to: '/approvals', search: next, replace });
  const change = (more: Partial<ApprovalsSearch>) => go({ ...search, ...more });
  const open = (id: string) => go({ ...search, id }, search.id !== undefined);
  const calls = waiting.data?.pages.flatMap(({ approvals }) => approvals);
  return (
    <Page title={words.title} lead={words.lead}>
      <ToldAnswers told={answers.told} ended={useEndedRuns()} onClose={answers.forget} />
      <Tabs
        label={words.tabs}
        value={search.tab ?? 'waiting'}
        onChange={(tab) => go(tab === 'answered' ? { tab } : {}, false)}
        tabs={[
          { value: 'waiting', label: words.waiting, ...(calls ? { count: calls.length } : {}) },
          { value: 'answered', label: words.answered },
        ]}
      >
        {search.tab === 'answered' ? (
          <AnsweredCalls search={search} onChange={change} onOpen={open} />
        ) : (
          <QueryView query={waiting} skeleton={<Skeleton rows={6} height={40} />}>
            {() => (
              <WaitingCalls
                calls={calls ?? []}
                chosen={chosen}
                onChoose={setChosen}
                onEnd={() => waiting.hasNextPage && void waiting.fetchNextPage()}
                {...{ search, answers, onChange: change, onOpen: open }}
              />
            )}
          </QueryView>
        )}
      </Tabs>
    </Page>
  );
}
