import { text } from '../strings/text.ts';
import { Page } from '../ui/page.tsx';
import { EmptyState } from '../ui/states.tsx';

/** What an address without a page shows. */
export function NotFoundPage() {
  return (
    <Page title={text.common.notFound}>
      <EmptyState icon="search" title={text.common.notFoundHint} />
    </Page>
  );
}
