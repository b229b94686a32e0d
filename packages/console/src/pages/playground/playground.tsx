import { useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { Model } from '../../api/agents.ts';
import type { Session } from '../../api/session.ts';
import { fill, text } from '../../strings/text.ts';
import { Icon } from '../../ui/icon.tsx';
import { Page } from '../../ui/page.tsx';
import { Announcer } from './announcer.tsx';
import type { Chat } from './chat/chat.ts';
import type { Lane, Turn } from './chat/chat-types.ts';
import { pathOf } from './chat/lane.ts';
import { Composer } from './composer/composer.tsx';
import { Conversation } from './conversation.tsx';
import { AgentPicker } from './head/agent-picker.tsx';
import { PlaygroundActions } from './head/playground-actions.tsx';
import styles from './playground.module.css';
import type { Edited } from './turn/question-view.tsx';
import { useChat } from './use-chat.ts';

const words = text.playground;

/** The chat of a session with one agent, or with two that are compared. */
export function Playground(props: {
  readonly session: Session;
  readonly models: readonly Model[];
  readonly agentIds: readonly string[];
  readonly onAgents: (agentIds: readonly string[]) => void;
}) {
  const { session, models, agentIds, onAgents } = props;
  const { chat, state } = useChat(session);
  const { lanes } = state;
  const turns = useMemo(() => lanes.flatMap(pathOf), [lanes]);
  const isRunning = turns.some(({ answer }) => answer.status === 'running');
  const known = useKnown(agentIds, models);
  const { field, editing, setEditing, send, suggest, editLast } = useWriting(chat, lanes, agentIds);
  useLanes(chat, agentIds.length, lanes.length);
  useStopKey(chat, isRunning);
  useGoneAgents(turns);
  return (
    <Page
      title={words.title}
      lead={agentIds.length === 1 && <Pickers {...props} />}
      fills
      actions={
        <PlaygroundActions
          chat={chat}
          state={state}
          agentIds={agentIds}
          models={known}
          canCompare={!isRunning && models.length > 0}
          onCompare={() => onAgents(compared(agentIds, models))}
          onNew={() => setEditing(null)}
        />
      }
    >
      {agentIds.length > 1 && <Pickers {...props} />}
      <Gone {...props} />
      <Conversation
        chat={chat}
        lanes={lanes}
        models={known}
        isAdmin={session.role === 'admin'}
        editing={editing}
        onEdit={setEditing}
        onSuggest={suggest}
      />
      <Composer
        chat={chat}
        draft={state.draft}
        models={known}
        isRunning={isRunning}
        canSend={known.length === agentIds.length}
        field={field}
        onSend={send}
        onEditLast={editLast}
      />
      <Announcer turns={turns} />
    </Page>
  );
}

function Pickers({ models, agentIds, onAgents }: Parameters<typeof Playground>[0]) {
  return (
    <span className={styles.pickers}>
      {agentIds.map((id, at) => (
        <AgentPicker
          // biome-ignore lint/suspicious/noArrayIndexKey: it is the lane itself
          key={at}
          label={at === 0 ? words.agent : words.secondAgent}
          value={id}
          models={models}
          onChange={(next) => onAgents(agentIds.with(at, next))}
        />
      ))}
    </span>
  );
}

function Gone({ models, agentIds }: Parameters<typeof Playground>[0]) {
  const gone = agentIds.filter((id) => !models.some((model) => model.id === id));
  return [...new Set(gone)].map((agent) => (
    <p key={agent} className={styles.gone} role="alert">
      <Icon name="errors" />
      {fill(words.agentGone, { agent })}
    </p>
  ));
}

/** The agents of these ids that are there. */
function useKnown(agentIds: readonly string[], models: readonly Model[]): readonly Model[] {
  return useMemo(
    () => agentIds.flatMap((id) => models.find((model) => model.id === id) ?? []),
    [agentIds, models],
  );
}

/** What is written, and how it is sent; the same functions each time, so that what grows does not draw the field anew. */
function useWriting(chat: Chat, lanes: readonly Lane[], agentIds: readonly string[]) {
  const [editing, setEditing] = useState<Edited | null>(null);
  const field = useRef<HTMLTextAreaElement>(null);
  const asked = useLatest(agentIds);
  const last = useLatest(lanes[0] && pathOf(lanes[0]).at(-1)?.id);
  const send = useCallback(() => chat.ask(asked.current), [chat, asked]);
  const editLast = useCallback(
    () => setEditing(last.current ? { lane: 0, turnId: last.current } : null),
    [last],
  );
  useEffect(() => {
    // On a touch screen the keyboard would cover half of the page.
    if (matchMedia('(pointer: fine)').matches) field.current?.focus();
  }, []);
  function suggest(question: string): void {
    chat.setDraft((now) => ({ ...now, text: question }));
    field.current?.focus();
  }
  return { field, editing, setEditing, send, suggest, editLast };
}

/** Both agents, or the first alone where there are two. */
function compared(agentIds: readonly string[], models: readonly Model[]): readonly string[] {
  const [first = ''] = agentIds;
  if (agentIds.length > 1) return [first];
  return [first, models.find(({ id }) => id !== first)?.id ?? first];
}

function useLatest<Value>(value: Value) {
  const latest = useRef(value);
  useEffect(() => {
    latest.current = value;
  });
  return latest;
}

/** As many lanes as agents: the address says how many. */
function useLanes(chat: Chat, wanted: number, has: number): void {
  useEffect(() => {
    if (wanted !== has) chat.compare(wanted > 1);
  }, [chat, wanted, has]);
}

/** Escape stops what runs, unless it closes something. */
function useStopKey(chat: Chat, isRunning: boolean): void {
  useEffect(() => {
    if (!isRunning) return;
    const hear = (event: KeyboardEvent) => {
      if (event.key !== 'Escape' || event.defaultPrevented) return;
      if (!document.querySelector('[role="dialog"], [role="menu"]')) chat.stop();
    };
    document.addEventListener('keydown', hear);
    return () => document.removeEventListener('keydown', hear);
  }, [chat, isRunning]);
}

/** An agent that answers that it is not there is looked for anew: callers hear of no changes. */
function useGoneAgents(turns: readonly Turn[]): void {
  const queries = useQueryClient();
  const gone = turns.filter(({ answer }) => answer.failure?.code === 'model_not_found').length;
  useEffect(() => {
    if (gone > 0) void queries.invalidateQueries({ queryKey: ['models'] });
  }, [queries, gone]);
}
