import { useQuery } from '@tanstack/react-query';
import { text } from '../../strings/text.ts';
import styles from './error-detail.module.css';

const words = text.errors.detail;

/** By code; what is code in a text stands between backticks. */
type KnownCodes = Readonly<
  Record<string, { readonly section: string; readonly cause: string; readonly fix: string }>
>;

/** Why a code is seen and what to do about it, as the guide on troubleshooting says. */
export function Guide({ code }: { readonly code: string }) {
  const { data } = useQuery({
    queryKey: ['known-codes'],
    queryFn: async () =>
      new Map(Object.entries((await import('./known-codes.json')).default as KnownCodes)),
    staleTime: Infinity,
  });
  const row = data?.get(code);
  if (!row) return null;
  return (
    <div className={styles.guide}>
      <h3>
        {words.guide} <span>{row.section}</span>
      </h3>
      <p>
        <strong>{words.cause}: </strong>
        <Coded source={row.cause} />
      </p>
      <p>
        <strong>{words.fix}: </strong>
        <Coded source={row.fix} />
      </p>
    </div>
  );
}

/** A text in which code stands between backticks. */
function Coded({ source }: { readonly source: string }) {
  return [...source.matchAll(/`([^`]*)`|[^`]+/g)].map(({ 0: whole, 1: code, index: at }) =>
    code === undefined ? whole : <code key={at}>{code}</code>,
  );
}
