import { text } from '../../strings/text.ts';
import { Page } from '../../ui/page.tsx';

/** The page of that name. */
export function SecurityPage() {
  return (
    <Page title={text.security.title} lead={text.security.lead}>
      {null}
    </Page>
  );
}
