import { useState } from 'react';
import type { Model } from '../../../api/agents.ts';
import { fill, text } from '../../../strings/text.ts';
import { Button } from '../../../ui/button.tsx';
import type { IconName } from '../../../ui/icon.tsx';
import type { Chat } from '../chat/chat.ts';
import { chatBody } from '../chat/chat-body.ts';
import type { ChatState } from '../chat/chat-types.ts';
import { pathOf } from '../chat/lane.ts';
import styles from './head.module.css';
import { SettingsDialog } from './settings-dialog.tsx';
import { SnippetDialog } from './snippet-dialog.tsx';

const words = text.playground;

/** What can be done with the whole conversation. */
export function PlaygroundActions(props: {
  readonly chat: Chat;
  readonly state: ChatState;
  readonly agentIds: readonly string[];
  /** Those of them that are there. */
  readonly models: readonly Model[];
  readonly canCompare: boolean;
  readonly onCompare: () => void;
  readonly onNew: () => void;
}) {
  const { chat, state, agentIds, models, canCompare, onCompare, onNew } = props;
  const [shown, setShown] = useState<'settings' | 'code' | null>(null);
  const set = Object.values(state.settings).filter((value) => value.trim() !== '').length;
  return (
    <>
      <Action
        icon="fork"
        label={agentIds.length > 1 ? words.compareOff : words.compare}
        disabled={!canCompare}
        onClick={onCompare}
      />
      <Action
        icon="settings"
        label={set === 0 ? words.settings : fill(words.settingsCount, { count: set })}
        onClick={() => setShown('settings')}
      />
      <Action icon="code" label={words.code} onClick={() => setShown('code')} />
      <Action
        icon="plus"
        label={words.newChat}
        onClick={() => {
          chat.clear();
          onNew();
        }}
      />
      <SettingsDialog
        open={shown === 'settings'}
        onOpenChange={(open) => setShown(open ? 'settings' : null)}
        settings={state.settings}
        models={models}
        onChange={chat.setSettings}
      />
      {shown === 'code' && (
        <SnippetDialog
          open
          onOpenChange={() => setShown(null)}
          body={nextBody(state, agentIds[0] ?? '')}
        />
      )}
    </>
  );
}

/** A button that is its picture alone where there is little room. */
function Action(props: {
  readonly icon: IconName;
  readonly label: string;
  readonly disabled?: boolean;
  readonly onClick: () => void;
}) {
  const { label, ...rest } = props;
  return (
    <Button {...rest} title={label}>
      <span className={styles.label}>{label}</span>
    </Button>
  );
}

/** What would be asked next; where nothing is written, what was asked last. */
function nextBody({ lanes, draft, settings }: ChatState, agentId: string) {
  const [lane] = lanes;
  const path = lane ? pathOf(lane) : [];
  const last = path.at(-1);
  const isWritten = draft.text.trim() !== '' || draft.attachments.length > 0;
  if (isWritten || !last) return chatBody({ agentId, before: path, question: draft, settings });
  return chatBody({ agentId, before: path.slice(0, -1), question: last.question, settings });
}
