import type { Model } from '../../api/agents.ts';
import { fill, text } from '../../strings/text.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import styles from './welcome.module.css';

const words = text.playground.empty;
/** More tools are a number. */
const shownTools = 12;

/** What an agent is and can do, where nothing is asked yet. */
export function Welcome(props: {
  readonly models: readonly Model[];
  readonly onSuggest: (question: string) => void;
}) {
  const { models, onSuggest } = props;
  return (
    <div className={styles.welcome}>
      {models.map((model) => (
        <About key={model.id} model={model} />
      ))}
      <div className={styles.suggestions}>
        {words.suggestions.map((suggestion) => (
          <Button key={suggestion} onClick={() => onSuggest(suggestion)}>
            {suggestion}
          </Button>
        ))}
      </div>
    </div>
  );
}

function About({ model }: { readonly model: Model }) {
  const { tools } = model.x_agent;
  return (
    <section className={styles.about}>
      <h2>{fill(words.title, { name: model.name })}</h2>
      {model.description && <p className={styles.soft}>{model.description}</p>}
      {tools.length > 0 && (
        <div className={styles.tools}>
          <span className={styles.soft}>{words.tools}</span>
          {tools.slice(0, shownTools).map(({ name, needs_approval: asks }) => (
            <Badge key={name} tone={asks ? 'info' : 'neutral'}>
              {name}
            </Badge>
          ))}
          {tools.length > shownTools && <Badge>{`+${tools.length - shownTools}`}</Badge>}
        </div>
      )}
    </section>
  );
}
