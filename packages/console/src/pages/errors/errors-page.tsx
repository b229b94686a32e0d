import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import { useApi } from '../../api/api-context.ts';
import { type Diagnostic, errorsQuery } from '../../api/errors.ts';
import { text } from '../../strings/text.ts';
import { Button } from '../../ui/button.tsx';
import { Page } from '../../ui/page.tsx';
import { EmptyState, QueryView, Skeleton } from '../../ui/states.tsx';
import { AcknowledgeAll, AcknowledgeOne } from './acknowledge.tsx';
import { ErrorDetail } from './error-detail.tsx';
import { type ErrorSearch, fittingErrors, withoutEmpty } from './error-filter.ts';
import { ErrorList } from './error-list.tsx';
import { ErrorToolbar } from './error-toolbar.tsx';
import styles from './errors-page.module.css';

/** What is wrong: a list by agent, and beside it the one that is picked. */
export function ErrorsPage() {
  const errors = useQuery(errorsQuery(useApi()));
  const search = useSearch({ from: '/errors' });
  const all = errors.data ?? [];
  const shown = fittingErrors(all, search);
  return (
    <Page
      title={text.errors.title}
      lead={text.errors.lead}
      actions={<AcknowledgeAll search={search} shown={shown} isAll={shown.length === all.length} />}
    >
      <QueryView query={errors} skeleton={<Skeleton rows={6} height={62} />}>
        {() =>
          all.length === 0 ? <NothingWrong /> : <Found all={all} shown={shown} search={search} />
        }
      </QueryView>
    </Page>
  );
}

function NothingWrong() {
  return (
    <EmptyState icon="check" title={text.errors.nothing}>
      <p className={styles.centred}>{text.errors.nothingHint}</p>
    </EmptyState>
  );
}

function Found(props: {
  readonly all: readonly Diagnostic[];
  readonly shown: readonly Diagnostic[];
  readonly search: ErrorSearch;
}) {
  const { all, shown, search } = props;
  const navigate = useNavigate({ from: '/errors' });
  const onSearch = (next: ErrorSearch) => void navigate({ search: next, replace: true });
  const first = useFirst(shown);
  const picked = search.id === undefined ? first : all.find(({ id }) => id === search.id);
  return (
    <>
      <ErrorToolbar all={all} shown={shown.length} search={search} onSearch={onSearch} />
      <div className={styles.parts} data-picked={search.id !== undefined}>
        <div className={styles.list}>
          <ErrorList errors={shown} search={search} selected={picked?.id} />
          {shown.length === 0 && (
            <EmptyState icon="filter" title={text.errors.nothingFits}>
              <Button onClick={() => onSearch({})}>{text.errors.clear}</Button>
            </EmptyState>
          )}
        </div>
        <Picked error={picked} search={search} onSearch={onSearch} />
      </div>
    </>
  );
}

/** The first of what is shown, and that one for as long as it is shown: whoever reads it is not led to what comes in. */
function useFirst(shown: readonly Diagnostic[]): Diagnostic | undefined {
  const kept = useRef<string | undefined>(undefined);
  const first = shown.find(({ id }) => id === kept.current) ?? shown[0];
  useEffect(() => {
    kept.current = first?.id;
  }, [first]);
  return first;
}

function Picked(props: {
  readonly error: Diagnostic | undefined;
  readonly search: ErrorSearch;
  readonly onSearch: (search: ErrorSearch) => void;
}) {
  const { error, search, onSearch } = props;
  const { id, ...rest } = search;
  return (
    <div className={styles.picked}>
      <Link to="/errors" search={rest} className={styles.back ?? ''}>
        {text.errors.back}
      </Link>
      {error ? (
        <ErrorDetail
          key={error.id}
          error={error}
          actions={
            <AcknowledgeOne id={error.id} onDone={() => onSearch(withoutEmpty({ ...rest }))} />
          }
        />
      ) : (
        id !== undefined && (
          <EmptyState icon="check" title={text.errors.gone}>
            <p className={styles.centred}>{text.errors.goneHint}</p>
          </EmptyState>
        )
      )}
    </div>
  );
}
