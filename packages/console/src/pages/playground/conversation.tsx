import { Fragment } from 'react';
import type { Model } from '../../api/agents.ts';
import { text } from '../../strings/text.ts';
import { Button } from '../../ui/button.tsx';
import type { Chat } from './chat/chat.ts';
import type { Lane, Turn } from './chat/chat-types.ts';
import { pathOf, siblingsOf } from './chat/lane.ts';
import styles from './conversation.module.css';
import { AnswerView } from './turn/answer-view.tsx';
import { type Edited, QuestionView } from './turn/question-view.tsx';
import { useNewest } from './use-newest.ts';
import { Welcome } from './welcome.tsx';

/** The turns of all lanes, those of one place beside each other. It stays at the newest while nobody scrolls away. */
export function Conversation(props: {
  readonly chat: Chat;
  readonly lanes: readonly Lane[];
  readonly models: readonly Model[];
  readonly isAdmin: boolean;
  readonly editing: Edited | null;
  readonly onEdit: (edited: Edited | null) => void;
  readonly onSuggest: (question: string) => void;
}) {
  const { lanes, models, onSuggest } = props;
  const paths = lanes.map(pathOf);
  const depth = Math.max(...paths.map(({ length }) => length));
  const { place, content, isAway, onScroll, toNewest } = useNewest(paths.flat().length);
  return (
    <div className={styles.around}>
      <section
        ref={place}
        className={styles.scroll}
        aria-label={text.playground.conversation}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by the keyboard
        tabIndex={0}
        onScroll={onScroll}
      >
        <div ref={content} className={`${styles.turns} ${lanes.length > 1 ? styles.both : ''}`}>
          {depth === 0 && <Welcome models={models} onSuggest={onSuggest} />}
          {Array.from({ length: depth }, (_, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: it is the place in the conversation
            <Fragment key={at}>
              {paths.map((path, lane) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: it is the lane itself
                <Cell key={lane} {...props} lane={lane} turn={path[at]} />
              ))}
            </Fragment>
          ))}
        </div>
      </section>
      {isAway && (
        <Button className={styles.newest ?? ''} size="small" icon="chevron" onClick={toNewest}>
          {text.playground.newest}
        </Button>
      )}
    </div>
  );
}

type Around = Parameters<typeof Conversation>[0];

function Cell(props: Around & { readonly lane: number; readonly turn: Turn | undefined }) {
  const { chat, lanes, lane, turn, editing, onEdit, isAdmin } = props;
  const own = lanes[lane];
  if (!turn || !own) return <div />;
  const siblings = siblingsOf(own, turn);
  const isEditing = editing?.lane === lane && editing.turnId === turn.id;
  return (
    <div className={styles.turn}>
      <QuestionView
        key={turn.id}
        chat={chat}
        lane={lane}
        turn={turn}
        version={siblings.findIndex(({ id }) => id === turn.id)}
        versions={siblings.length}
        isEditing={isEditing}
        onEdit={onEdit}
      />
      <AnswerView key={`${turn.id} answer`} chat={chat} lane={lane} turn={turn} isAdmin={isAdmin} />
    </div>
  );
}
