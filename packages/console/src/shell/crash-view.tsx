import { text } from '../strings/text.ts';
import { EmptyState } from '../ui/states.tsx';

/** What is shown where a whole page fails. */
export function CrashView({ error }: { readonly error: unknown }) {
  return (
    <EmptyState icon="errors" title={text.common.crash}>
      <p>{text.common.crashHint}</p>
      <pre>{String(error)}</pre>
    </EmptyState>
  );
}
