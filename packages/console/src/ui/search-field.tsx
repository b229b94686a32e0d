import { text } from '../strings/text.ts';
import { Icon } from './icon.tsx';
import styles from './search-field.module.css';
import { useTyped } from './use-typed.ts';

/** The field that `/` goes to. One a page. `onChange` is called when the typing rests. */
export function SearchField(props: {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
}) {
  const [typed, setTyped] = useTyped(props.value, props.onChange);
  return (
    <div className={styles.search}>
      <Icon name="search" />
      <input
        data-search
        type="search"
        aria-label={props.label}
        placeholder={props.label}
        title={text.common.searchHint}
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
        spellCheck={false}
        autoComplete="off"
      />
    </div>
  );
}
