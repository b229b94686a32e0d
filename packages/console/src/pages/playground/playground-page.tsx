import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useEffect } from 'react';
import { modelsQuery } from '../../api/agents.ts';
import { useApi } from '../../api/api-context.ts';
import { sessionQuery } from '../../api/session.ts';
import { text } from '../../strings/text.ts';
import { Page } from '../../ui/page.tsx';
import { EmptyState, QueryView, Skeleton } from '../../ui/states.tsx';
import { Playground } from './playground.tsx';

/** Chats with the agents that the session may run. The agents are in the address. */
export function PlaygroundPage() {
  const api = useApi();
  const { data: session } = useQuery(sessionQuery(api));
  const models = useQuery(modelsQuery(api));
  const { agent, with: second } = useSearch({ from: '/playground' });
  const navigate = useNavigate();
  const first = models.data?.[0]?.id;
  useEffect(() => {
    if (agent === undefined && first !== undefined) {
      void navigate({ to: '/playground', search: { agent: first }, replace: true });
    }
  }, [agent, first, navigate]);
  if (!session) return null;
  return (
    <QueryView query={models} skeleton={<Waiting />}>
      {(all) =>
        all.length === 0 && agent === undefined ? (
          <Page title={text.playground.title}>
            <EmptyState icon="agents" title={text.playground.noAgents}>
              <p>{text.playground.noAgentsHint}</p>
            </EmptyState>
          </Page>
        ) : (
          <Playground
            session={session}
            models={all}
            agentIds={[agent ?? first ?? '', ...(second === undefined ? [] : [second])]}
            onAgents={([one = '', other]) =>
              void navigate({
                to: '/playground',
                search: { agent: one, ...(other === undefined ? {} : { with: other }) },
              })
            }
          />
        )
      }
    </QueryView>
  );
}

function Waiting() {
  return (
    <Page title={text.playground.title} fills>
      <Skeleton rows={1} height={34} />
      <Skeleton rows={1} height={320} />
    </Page>
  );
}
