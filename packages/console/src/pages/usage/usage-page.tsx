import { text } from '../../strings/text.ts';
import { Page } from '../../ui/page.tsx';

/** The page of that name. */
export function UsagePage() {
  return (
    <Page title={text.usage.title} lead={text.usage.lead}>
      {null}
    </Page>
  );
}
