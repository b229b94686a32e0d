import { useSyncExternalStore } from 'react';
import { useApi } from '../../api/api-context.ts';
import type { Session } from '../../api/session.ts';
import { usePageMemory } from '../../shell/page-memory.ts';
import { type Chat, createChat } from './chat/chat.ts';
import type { ChatState } from './chat/chat-types.ts';

/** The chats of whoever is logged in, as they change. They go on while other pages are shown. */
export function useChat(session: Session): { readonly chat: Chat; readonly state: ChatState } {
  const api = useApi();
  const chat = usePageMemory().keep('playground', session.key.id, () => createChat(api));
  return { chat, state: useSyncExternalStore(chat.subscribe, chat.get) };
}
