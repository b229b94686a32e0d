import { text } from '../../strings/text.ts';
import { Page } from '../../ui/page.tsx';

/** The page of that name. */
export function KeysPage() {
  return (
    <Page title={text.keys.title} lead={text.keys.lead}>
      {null}
    </Page>
  );
}
