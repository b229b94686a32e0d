import { useQuery } from '@tanstack/react-query';
import { useApi } from '../../../api/api-context.ts';
import { type Rule, rulesQuery } from '../../../api/security.ts';
import { fill, text } from '../../../strings/text.ts';
import { Card, Toolbar } from '../../../ui/page.tsx';
import { SearchField } from '../../../ui/search-field.tsx';
import { EmptyState, QueryView, Skeleton } from '../../../ui/states.tsx';
import { tierText } from '../parts/rule-names.ts';
import { useSecuritySearch } from '../search.ts';
import { Refresh } from './refresh.tsx';
import { RuleDialog } from './rule-dialog.tsx';
import { RuleTable } from './rule-table.tsx';
import styles from './rules.module.css';

/** Every rule by tier, in the order they are heard. */
export function RulesTab() {
  const { search, change } = useSecuritySearch();
  const query = useQuery(rulesQuery(useApi()));
  return (
    <div className={styles.tab}>
      <Refresh>
        <SearchField
          label={text.security.rules.search}
          value={search.q ?? ''}
          onChange={(q) => change({ q }, { replace: true })}
        />
      </Refresh>
      <p className={styles.soft}>{text.security.rules.orderHint}</p>
      <QueryView
        query={query}
        skeleton={<Skeleton rows={4} height={120} />}
        deniedTitle={text.security.refused.rules}
      >
        {(rules) => (
          <>
            <Tiers rules={rules} wanted={search.q ?? ''} onOpen={(rule) => change({ rule })} />
            <RuleDialog
              rules={rules}
              id={search.rule}
              onClose={() => change({ rule: '' }, { replace: true })}
            />
          </>
        )}
      </QueryView>
    </div>
  );
}

function Tiers(props: {
  readonly rules: readonly Rule[];
  readonly wanted: string;
  readonly onOpen: (id: string) => void;
}) {
  const { rules, wanted, onOpen } = props;
  const found = rules.filter(fits(wanted));
  if (found.length === 0) {
    return (
      <EmptyState icon="search" title={text.security.rules.none}>
        <p>{text.security.rules.noneHint}</p>
      </EmptyState>
    );
  }
  const byTier = [...Map.groupBy(found, ({ tier }) => tier)].toSorted(([a], [b]) => a - b);
  return (
    <>
      {wanted !== '' && (
        <Toolbar>
          <span className={styles.soft} role="status">
            {fill(text.security.rules.count, { count: found.length, all: rules.length })}
          </span>
        </Toolbar>
      )}
      {byTier.map(([tier, ofTier]) => (
        <Card
          key={tier}
          flush
          title={<TierTitle tier={tier} />}
          actions={<span className={styles.soft}>{tierText(tier).hint}</span>}
        >
          <RuleTable label={tierText(tier).title} rules={ofTier} onOpen={onOpen} />
        </Card>
      ))}
      <p className={styles.last}>
        <b>{text.security.rules.last}</b> {text.security.rules.lastHint}
      </p>
    </>
  );
}

function TierTitle({ tier }: { readonly tier: number }) {
  return (
    <>
      <span className={styles.tier}>{fill(text.security.tierName, { tier })}</span>{' '}
      {tierText(tier).title}
    </>
  );
}

/** Whether each word that is looked for is somewhere in a rule. */
function fits(wanted: string): (rule: Rule) => boolean {
  const words = wanted.toLowerCase().split(/\s+/).filter(Boolean);
  return (rule) => {
    const { id, action, effect, principals, resources, when, reason } = rule;
    const said = [id, action, effect, ...principals, ...resources, when ?? '', reason ?? '']
      .join('\n')
      .toLowerCase();
    return words.every((word) => said.includes(word));
  };
}
