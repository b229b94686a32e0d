import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { useApi } from '../../../api/api-context.ts';
import { type Override, overridesQuery } from '../../../api/security.ts';
import { text } from '../../../strings/text.ts';
import { Button } from '../../../ui/button.tsx';
import { Card } from '../../../ui/page.tsx';
import { EmptyState, QueryView, Skeleton } from '../../../ui/states.tsx';
import { OverrideDialog } from './override-dialog.tsx';
import { OverrideTable } from './override-table.tsx';
import styles from './overrides.module.css';

const names = text.security.override;

const againMs = 1000;

/** The overrides that hold, with the time that is left of each, and those that ended. */
export function OverridesTab() {
  const query = useQuery({
    ...overridesQuery(useApi()),
    // Its clock is another one: what is over here may be told to hold for a moment more.
    refetchInterval: ({ state }) => (state.data?.some(isOver) ? againMs : false),
  });
  const [isMaking, setMaking] = useState(false);
  const [said, setSaid] = useState('');
  const make = (
    <Button variant="primary" icon="plus" onClick={() => setMaking(true)}>
      {names.make}
    </Button>
  );
  return (
    <div className={styles.tab}>
      <p className="visually-hidden" role="status">
        {said}
      </p>
      <QueryView
        query={query}
        skeleton={<Skeleton rows={2} height={160} />}
        deniedTitle={text.security.refused.overrides}
      >
        {(overrides) => (
          <>
            <Active
              overrides={overrides.filter(({ state }) => state === 'active')}
              make={make}
              onEnded={() => setSaid(names.wasEnded)}
            />
            <Ended overrides={overrides.filter(({ state }) => state !== 'active')} />
          </>
        )}
      </QueryView>
      {isMaking && (
        <OverrideDialog
          onClose={() => setMaking(false)}
          onMade={() => {
            setMaking(false);
            setSaid(names.made);
          }}
        />
      )}
    </div>
  );
}

function isOver({ state, expires_at: at }: Override): boolean {
  return state === 'active' && Date.parse(at) <= Date.now();
}

function Active(props: {
  readonly overrides: readonly Override[];
  readonly make: ReactNode;
  readonly onEnded: () => void;
}) {
  const { overrides, make, onEnded } = props;
  const queries = useQueryClient();
  return (
    <Card flush title={names.active} actions={make}>
      {overrides.length === 0 ? (
        <EmptyState icon="clock" title={names.noneActive}>
          <p>{names.noneActiveHint}</p>
        </EmptyState>
      ) : (
        <OverrideTable
          label={names.active}
          overrides={overrides}
          onEnded={onEnded}
          onOver={() => void queries.invalidateQueries({ queryKey: ['overrides'] })}
        />
      )}
    </Card>
  );
}

function Ended({ overrides }: { readonly overrides: readonly Override[] }) {
  return (
    <Card flush title={names.ended}>
      {overrides.length === 0 ? (
        <p className={styles.nothing}>{names.noneEnded}</p>
      ) : (
        <OverrideTable label={names.ended} overrides={overrides} />
      )}
    </Card>
  );
}
