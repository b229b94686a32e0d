import { text } from '../../strings/text.ts';
import { Page } from '../../ui/page.tsx';
import { Tabs } from '../../ui/tabs.tsx';
import { DecisionsTab } from './decisions/decisions-tab.tsx';
import { MatrixTab } from './matrix/matrix-tab.tsx';
import { OverridesTab } from './overrides/overrides-tab.tsx';
import { PreviewTab } from './preview/preview-tab.tsx';
import { RulesTab } from './rules/rules-tab.tsx';
import { type SecurityTab, tabs, useSecuritySearch } from './search.ts';

/** The rules, what they answer, and what they have answered. */
export function SecurityPage() {
  const { search, goTo } = useSecuritySearch();
  const tab = search.tab ?? 'rules';
  return (
    <Page title={text.security.title} lead={text.security.lead}>
      <Tabs
        label={text.security.tabsLabel}
        value={tab}
        onChange={(next) => goTo({ tab: next })}
        tabs={tabs.map((value) => ({ value, label: text.security.tabs[value] }))}
      >
        {tabOf(tab)}
      </Tabs>
    </Page>
  );
}

function tabOf(tab: SecurityTab) {
  switch (tab) {
    case 'rules':
      return <RulesTab />;
    case 'matrix':
      return <MatrixTab />;
    case 'preview':
      return <PreviewTab />;
    case 'overrides':
      return <OverridesTab />;
    case 'decisions':
      return <DecisionsTab />;
    default:
      return tab satisfies never;
  }
}
