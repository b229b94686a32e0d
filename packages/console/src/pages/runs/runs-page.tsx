import { text } from '../../strings/text.ts';
import { Page } from '../../ui/page.tsx';

/** The page of that name. */
export function RunsPage() {
  return (
    <Page title={text.runs.title} lead={text.runs.lead}>
      {null}
    </Page>
  );
}
