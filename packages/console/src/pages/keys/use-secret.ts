import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { MadeKey } from '../../api/keys.ts';

/**
 * A call that answers a secret. What mutations answer is kept in a cache; this is in the state of one part of the page
 * alone, so that it is gone with it.
 */
export function useSecret(
  call: () => Promise<MadeKey>,
  onMade: (made: MadeKey) => void,
): { readonly run: () => void; readonly isBusy: boolean; readonly error: unknown } {
  const queries = useQueryClient();
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  async function run(): Promise<void> {
    setBusy(true);
    setError(null);
    try {
      onMade(await call());
      void queries.invalidateQueries({ queryKey: ['keys'] });
    } catch (thrown) {
      setError(thrown);
    } finally {
      setBusy(false);
    }
  }
  return { run: () => void run(), isBusy, error };
}
