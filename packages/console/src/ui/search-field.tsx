import { text } from '../strings/text.ts';
import { Icon } from './icon.tsx';
import styles from './search-field.module.css';

/** The field that `/` goes to. One a page. */
export function SearchField(props: {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
}) {
  return (
    <div className={styles.search}>
      <Icon name="search" />
      <input
        data-search
        type="search"
        aria-label={props.label}
        placeholder={props.label}
        title={text.common.searchHint}
        value={props.value}
        onChange={(event) => props.onChange(event.target.value)}
        spellCheck={false}
        autoComplete="off"
      />
    </div>
  );
}
