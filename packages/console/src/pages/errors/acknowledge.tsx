import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useApi } from '../../api/api-context.ts';
import type { ApiClient } from '../../api/client.ts';
import type { Diagnostic } from '../../api/errors.ts';
import { fill, text } from '../../strings/text.ts';
import { Button } from '../../ui/button.tsx';
import { ConfirmDialog } from '../../ui/confirm-dialog.tsx';
import { type ErrorSearch, gatewayFilter } from './error-filter.ts';
import styles from './errors-page.module.css';

const words = text.errors;

/** Takes all that is shown off the list, after asking. */
export function AcknowledgeAll(props: {
  readonly search: ErrorSearch;
  readonly shown: readonly Diagnostic[];
  readonly isAll: boolean;
}) {
  const { search, shown, isAll } = props;
  const [isAsked, setAsked] = useState(false);
  const acknowledge = useAcknowledge((api) => acknowledgeThese(api, search, shown), {
    onDone: () => setAsked(false),
  });
  return (
    <>
      <span className={styles.said} role="status">
        {acknowledge.data !== undefined && fill(words.acknowledged, { count: acknowledge.data })}
      </span>
      {shown.length > 1 && (
        <Button
          icon="check"
          onClick={() => {
            acknowledge.reset();
            setAsked(true);
          }}
        >
          {isAll ? words.acknowledgeAll : fill(words.acknowledgeShown, { count: shown.length })}
        </Button>
      )}
      <ConfirmDialog
        open={isAsked}
        onOpenChange={setAsked}
        title={fill(words.confirmTitle, { count: shown.length })}
        description={words.confirmText}
        confirm={words.acknowledge}
        busy={acknowledge.isPending}
        error={acknowledge.error}
        onConfirm={() => acknowledge.mutate()}
      />
    </>
  );
}

/** Takes one off the list. */
export function AcknowledgeOne(props: { readonly id: string; readonly onDone: () => void }) {
  const { id, onDone } = props;
  const acknowledge = useAcknowledge((api) => acknowledgeOne(api, id), { onDone });
  return (
    <>
      {acknowledge.isError && (
        <span className={styles.failed} role="alert">
          {acknowledge.error.message}
        </span>
      )}
      <Button
        size="small"
        icon="check"
        busy={acknowledge.isPending}
        onClick={() => acknowledge.mutate()}
      >
        {words.acknowledge}
      </Button>
    </>
  );
}

function useAcknowledge(
  work: (api: ApiClient) => Promise<number>,
  { onDone }: { readonly onDone: () => void },
) {
  const api = useApi();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: () => work(api),
    onSuccess: onDone,
    async onSettled() {
      await queries.invalidateQueries({ queryKey: ['errors'] });
      void queries.invalidateQueries({ queryKey: ['agents'] });
    },
  });
}

/** By one filter where the gateway has it, else each by its id. */
async function acknowledgeThese(
  api: ApiClient,
  search: ErrorSearch,
  shown: readonly Diagnostic[],
): Promise<number> {
  const query = gatewayFilter(search);
  if (query) return (await api.call('DELETE /admin/agents/errors', { query })).acknowledged;
  let count = 0;
  for (const { id } of shown) count += await acknowledgeOne(api, id);
  return count;
}

async function acknowledgeOne(api: ApiClient, id: string): Promise<number> {
  return (await api.call('DELETE /admin/agents/errors', { query: { id } })).acknowledged;
}
