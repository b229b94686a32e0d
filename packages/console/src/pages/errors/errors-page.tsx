import { text } from '../../strings/text.ts';
import { Page } from '../../ui/page.tsx';

/** The page of that name. */
export function ErrorsPage() {
  return (
    <Page title={text.errors.title} lead={text.errors.lead}>
      {null}
    </Page>
  );
}
