import { text } from '../../strings/text.ts';
import { Page } from '../../ui/page.tsx';

/** The page of that name. */
export function ToolsPage() {
  return (
    <Page title={text.tools.title} lead={text.tools.lead}>
      {null}
    </Page>
  );
}
