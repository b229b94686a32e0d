import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { type Agent, agentsQuery } from '../../api/agents.ts';
import { useApi } from '../../api/api-context.ts';
import { text } from '../../strings/text.ts';
import { Button } from '../../ui/button.tsx';
import { Card, Page } from '../../ui/page.tsx';
import { EmptyState, QueryView, Skeleton } from '../../ui/states.tsx';
import { type AgentSearch, fittingAgents } from './list/agent-filter.ts';
import { AgentTable } from './list/agent-table.tsx';
import { AgentToolbar } from './list/agent-toolbar.tsx';
import { FirstAgent } from './list/first-agent.tsx';
import { RefreshAgents } from './refresh-agents.tsx';

/** Every agent, or how to drop the first one. */
export function AgentsPage() {
  const agents = useQuery(agentsQuery(useApi()));
  return (
    <Page title={text.agents.title} lead={text.agents.lead} actions={<RefreshAgents />}>
      <QueryView query={agents} skeleton={<Skeleton rows={8} />}>
        {(all) => (all.length === 0 ? <FirstAgent /> : <AgentList agents={all} />)}
      </QueryView>
    </Page>
  );
}

function AgentList({ agents }: { readonly agents: readonly Agent[] }) {
  const search = useSearch({ from: '/agents/' });
  const navigate = useNavigate({ from: '/agents/' });
  const onSearch = (next: AgentSearch) => void navigate({ search: next, replace: true });
  const shown = fittingAgents(agents, search);
  return (
    <>
      <AgentToolbar agents={agents} shown={shown.length} search={search} onSearch={onSearch} />
      <Card flush>
        <AgentTable all={agents} agents={shown} />
        {shown.length === 0 && (
          <EmptyState icon="agents" title={text.agents.nothingFits}>
            <p>{text.agents.nothingFitsHint}</p>
            <Button onClick={() => onSearch({})}>{text.agents.clear}</Button>
          </EmptyState>
        )}
      </Card>
    </>
  );
}
