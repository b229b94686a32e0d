import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useApi } from '../../api/api-context.ts';
import { type Key, keysQuery } from '../../api/keys.ts';
import { useSession } from '../../api/session.ts';
import { text } from '../../strings/text.ts';
import { BackLink } from '../../ui/back-link.tsx';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { Page } from '../../ui/page.tsx';
import { EmptyState, QueryView, Skeleton } from '../../ui/states.tsx';
import { useKeyDialogs } from './key-dialogs.tsx';
import { KeyFacts } from './key-facts.tsx';
import { KeyState } from './key-state.tsx';
import styles from './keys.module.css';

const route = getRouteApi('/keys/$keyId');

/** One key: what it reaches, how much it may use, and the ways to what it did. */
export function KeyPage() {
  const { keyId } = route.useParams();
  const query = useQuery(keysQuery(useApi()));
  const key = query.data?.find(({ id }) => id === keyId);
  const { open, dialogs } = useKeyDialogs();
  return (
    <Page
      title={key?.name ?? keyId}
      lead={<Lead keyRecord={key} />}
      actions={
        key?.state === 'active' && (
          <>
            <Button icon="refresh" onClick={() => open({ kind: 'rotate', key })}>
              {text.keys.rotate}
            </Button>
            <Button variant="danger" icon="trash" onClick={() => open({ kind: 'revoke', key })}>
              {text.keys.revoke}
            </Button>
          </>
        )
      }
    >
      <QueryView
        query={query}
        skeleton={<Skeleton rows={3} height={120} />}
        deniedTitle={text.keys.refused}
      >
        {(keys) =>
          key ? (
            <KeyFacts keyRecord={key} keys={keys} />
          ) : (
            <EmptyState icon="keys" title={text.keys.detail.missing}>
              <p>{text.keys.detail.missingHint}</p>
            </EmptyState>
          )
        }
      </QueryView>
      {dialogs}
    </Page>
  );
}

function Lead({ keyRecord: key }: { readonly keyRecord: Key | undefined }) {
  const ownId = useSession()?.key.id;
  return (
    <span className={styles.links}>
      <BackLink to="/keys">{text.keys.detail.back}</BackLink>
      {key && (
        <>
          <span>{text.keys.roles[key.role]}</span>
          <KeyState state={key.state} />
          {key.id === ownId && <Badge tone="info">{text.keys.own}</Badge>}
        </>
      )}
    </span>
  );
}
