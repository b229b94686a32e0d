import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { type Agent, agentsQuery } from '../../api/agents.ts';
import { useApi } from '../../api/api-context.ts';
import { fill, text } from '../../strings/text.ts';
import { BackLink } from '../../ui/back-link.tsx';
import { plainText } from '../../ui/diagnostic/plain-text.ts';
import { Icon } from '../../ui/icon.tsx';
import { Page } from '../../ui/page.tsx';
import { EmptyState, QueryView, Skeleton } from '../../ui/states.tsx';
import { CopyButton } from '../../ui/text/copy-button.tsx';
import styles from './agent-page.module.css';
import { AgentErrors } from './detail/agent-errors.tsx';
import { AgentFacts } from './detail/agent-facts.tsx';
import { AgentFiles } from './detail/agent-files.tsx';
import { AgentParts } from './detail/agent-parts.tsx';
import { AgentTools } from './detail/agent-tools.tsx';
import { AgentVersions } from './detail/agent-versions.tsx';
import { WhatIsWrong } from './detail/what-is-wrong.tsx';
import { RefreshAgents } from './refresh-agents.tsx';

const words = text.agents.detail;

/** One agent: what it is made of, what is wrong with it, and its kept versions. */
export function AgentPage() {
  const { _splat: id = '' } = useParams({ from: '/agents/$' });
  const agents = useQuery(agentsQuery(useApi()));
  const agent = agents.data?.find((each) => each.id === id);
  return (
    <Page
      title={plainText(agent?.display_name ?? id)}
      lead={<Lead id={id} agent={agent} />}
      actions={agent && <Actions agent={agent} />}
    >
      <QueryView query={agents} skeleton={<Skeleton rows={4} height={120} />}>
        {() => (agent ? <Parts key={id} agent={agent} /> : <Missing id={id} />)}
      </QueryView>
    </Page>
  );
}

function Lead({ id, agent }: { readonly id: string; readonly agent: Agent | undefined }) {
  return (
    <span className={styles.lead}>
      <BackLink to="/agents">{words.back}</BackLink>
      <code>{id}</code>
      <CopyButton value={id} />
      {agent?.description && (
        <span className={styles.description}>{plainText(agent.description)}</span>
      )}
    </span>
  );
}

function Actions({ agent }: { readonly agent: Agent }) {
  const search = { agent: agent.id };
  return (
    <>
      <Link to="/playground" search={search as never} className={styles.action ?? ''}>
        <Icon name="playground" />
        {words.chat}
      </Link>
      <Link to="/runs" search={search as never} className={styles.action ?? ''}>
        <Icon name="runs" />
        {words.runs}
      </Link>
      <RefreshAgents />
    </>
  );
}

function Parts({ agent }: { readonly agent: Agent }) {
  return (
    <>
      <WhatIsWrong agent={agent} />
      <AgentFacts agent={agent} />
      <div className={styles.columns}>
        <AgentTools agent={agent} />
        <div className={styles.column}>
          <AgentErrors agent={agent} />
          <AgentParts agent={agent} />
        </div>
      </div>
      <AgentFiles agent={agent} />
      <AgentVersions agent={agent} />
    </>
  );
}

function Missing({ id }: { readonly id: string }) {
  return (
    <EmptyState icon="agents" title={fill(words.missing, { id })}>
      <p className={styles.centred}>{words.missingHint}</p>
      <p className={styles.centred}>
        <Link to="/agents">{words.back}</Link>
      </p>
    </EmptyState>
  );
}
