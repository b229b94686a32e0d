import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { Agent } from '../../../api/agents.ts';
import { useApi } from '../../../api/api-context.ts';
import { type Generation, type Generations, generationsQuery } from '../../../api/generations.ts';
import { fill, text } from '../../../strings/text.ts';
import { Badge } from '../../../ui/badge.tsx';
import { Button } from '../../../ui/button.tsx';
import { ConfirmDialog } from '../../../ui/confirm-dialog.tsx';
import { Time } from '../../../ui/data/time.tsx';
import { FindingList } from '../../../ui/diagnostic/finding-list.tsx';
import { Card } from '../../../ui/page.tsx';
import { QueryView, Skeleton } from '../../../ui/states.tsx';
import styles from './detail.module.css';

const words = text.agents.versions;

/** What is asked for: a version to serve, or what is on disk. */
type Wanted = { readonly to: number } | 'release';

/** The kept versions of an agent, any of which may serve again. */
export function AgentVersions({ agent }: { readonly agent: Agent }) {
  const kept = useQuery(generationsQuery(useApi(), agent.id));
  const [asked, setAsked] = useState<Wanted | null>(null);
  const change = useChange(agent.id, () => setAsked(null));
  const ask = (wanted: Wanted) => {
    change.reset();
    setAsked(wanted);
  };
  return (
    <Card
      title={text.agents.detail.versions}
      flush
      actions={
        agent.pinned && (
          <Button size="small" onClick={() => ask('release')}>
            {words.release}
          </Button>
        )
      }
    >
      {change.isSuccess && (
        <p className={styles.said} role="status">
          {saidOf(agent.id, change.variables)}
        </p>
      )}
      {change.data && <FindingList findings={change.data.findings} />}
      {agent.pinned && agent.generation !== null && (
        <p className={styles.held}>{fill(words.releaseHint, { generation: agent.generation })}</p>
      )}
      <QueryView query={kept} skeleton={<Skeleton rows={2} />}>
        {(found) => <VersionList kept={found} onRollBack={(to) => ask({ to })} />}
      </QueryView>
      <ConfirmDialog
        {...questionOf(agent.id, asked)}
        open={asked !== null}
        onOpenChange={() => setAsked(null)}
        busy={change.isPending}
        error={change.error}
        onConfirm={() => asked && change.mutate(asked)}
      />
    </Card>
  );
}

function useChange(agent: string, onDone: () => void) {
  const api = useApi();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (wanted: Wanted) =>
      wanted === 'release'
        ? api.call('POST /admin/agents/release', { body: { agent } })
        : api.call('POST /admin/agents/rollback', { body: { agent, to: wanted.to } }),
    onSuccess: onDone,
    onSettled: () => void queries.invalidateQueries({ queryKey: ['agents'] }),
  });
}

function questionOf(agent: string, asked: Wanted | null) {
  if (asked === 'release') {
    return {
      title: words.releaseTitle,
      description: fill(words.releaseText, { agent }),
      confirm: words.release,
    };
  }
  const generation = asked?.to ?? 0;
  return {
    title: fill(words.rollBackTitle, { generation }),
    description: fill(words.rollBackText, { agent, generation }),
    confirm: words.rollBack,
  };
}

function saidOf(agent: string, done: Wanted): string {
  return done === 'release'
    ? fill(words.released, { agent })
    : fill(words.rolledBack, { generation: done.to });
}

function VersionList(props: {
  readonly kept: Generations;
  readonly onRollBack: (generation: number) => void;
}) {
  const { generations } = props.kept;
  if (generations.length === 0) return <p className={styles.empty}>{words.empty}</p>;
  return (
    <ul className={styles.list}>
      {generations.map((each) => (
        <li key={each.generation}>
          <div className={styles.line}>
            <strong>{fill(words.version, { generation: each.generation })}</strong>
            {each.serves && <Badge tone="good">{words.serves}</Badge>}
            {each.pinned && <Badge tone="info">{words.pinned}</Badge>}
            <span className={styles.soft}>
              <Time at={each.loaded_at} /> · {fill(words.files, { count: each.files })}
            </span>
            {!each.serves && (
              <span className={styles.end}>
                <Button size="small" onClick={() => props.onRollBack(each.generation)}>
                  {words.rollBack}
                </Button>
              </span>
            )}
          </div>
          <p className={`${styles.soft} ${styles.clamped}`}>{changesOf(each)}</p>
        </li>
      ))}
    </ul>
  );
}

/** What is other than in the version before. */
function changesOf({ changes }: Generation): string {
  if (changes === null) return words.oldest;
  if (changes.length === 0) return words.noChanges;
  return changes.map(({ path, change }) => `${words.changes[change]} ${path}`).join(' · ');
}
