import { text } from '../../strings/text.ts';
import { Page } from '../../ui/page.tsx';

/** The page of that name. */
export function AgentsPage() {
  return (
    <Page title={text.agents.title} lead={text.agents.lead}>
      {null}
    </Page>
  );
}
