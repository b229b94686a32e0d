import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useApi } from '../../api/api-context.ts';
import { type ToolList, toolsQuery } from '../../api/tools.ts';
import { fill, text } from '../../strings/text.ts';
import { BackLink } from '../../ui/back-link.tsx';
import { Card, Page, Toolbar } from '../../ui/page.tsx';
import { SearchField } from '../../ui/search-field.tsx';
import { EmptyState, QueryView, Skeleton } from '../../ui/states.tsx';
import { CopyButton } from '../../ui/text/copy-button.tsx';
import { ToolDetail } from './detail/tool-detail.tsx';
import { RefreshTools } from './refresh-tools.tsx';
import { fittingTools } from './tool-filter.ts';
import { ToolProblems, ToolServers } from './tool-servers.tsx';
import { ToolTable } from './tool-table.tsx';
import styles from './tools-page.module.css';

/** The gateway's own tools: a list, or the one that the address names. */
export function ToolsPage() {
  const tools = useQuery(toolsQuery(useApi()));
  const { tool } = useSearch({ from: '/tools' });
  return (
    <Page
      title={tool ?? text.tools.title}
      lead={
        tool === undefined ? (
          text.tools.lead
        ) : (
          <BackLink to="/tools">{text.tools.detail.back}</BackLink>
        )
      }
      actions={<RefreshTools />}
    >
      <QueryView query={tools} skeleton={<Skeleton rows={6} />}>
        {(all) =>
          tool === undefined ? (
            <List all={all} />
          ) : (
            <ToolDetail key={tool} name={tool} tool={all.tools.find(({ name }) => name === tool)} />
          )
        }
      </QueryView>
    </Page>
  );
}

function List({ all }: { readonly all: ToolList }) {
  const { q = '' } = useSearch({ from: '/tools' });
  const navigate = useNavigate({ from: '/tools' });
  const shown = fittingTools(all.tools, q);
  return (
    <>
      <ToolServers servers={all.servers} />
      <ToolProblems servers={all.servers} problems={all.problems} />
      {all.tools.length === 0 ? (
        <NoTools />
      ) : (
        <>
          <Toolbar>
            <SearchField
              label={text.tools.search}
              value={q}
              onChange={(next) =>
                void navigate({ search: next === '' ? {} : { q: next }, replace: true })
              }
            />
            <span className={styles.count} role="status">
              {fill(text.tools.shown, { shown: shown.length, all: all.tools.length })}
            </span>
          </Toolbar>
          <Card flush>
            <ToolTable tools={shown} />
            {shown.length === 0 && <EmptyState icon="tools" title={text.tools.nothingFits} />}
          </Card>
        </>
      )}
    </>
  );
}

const newTool = 'npx dropgate new forecast --tool';

function NoTools() {
  return (
    <EmptyState icon="tools" title={text.tools.empty}>
      <p>{text.tools.emptyHint}</p>
      <p>
        <code>{newTool}</code> <CopyButton value={newTool} />
      </p>
    </EmptyState>
  );
}
