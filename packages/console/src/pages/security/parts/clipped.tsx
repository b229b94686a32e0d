import styles from './clipped.module.css';

/** A text on one line, cut where there is no room, and whole when it is pointed at. */
export function Clipped({
  value,
  mono = false,
}: {
  readonly value: string;
  readonly mono?: boolean;
}) {
  return (
    <span className={`${styles.clipped} ${mono ? styles.mono : ''}`} title={value}>
      {value}
    </span>
  );
}
