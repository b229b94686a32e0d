import { useState } from 'react';
import type { Model } from '../../../api/agents.ts';
import { fill, text } from '../../../strings/text.ts';
import { bytes } from '../../../ui/data/numbers.ts';
import type { Chat } from '../chat/chat.ts';
import type { Question } from '../chat/chat-types.ts';
import { type LeftFile, maxAttachedBytes, readFiles } from '../chat/read-files.ts';

/** What all agents that are asked take beside text. */
export function takenMedia(models: readonly Model[]): ReadonlySet<string> {
  const [first, ...others] = models.map(
    ({ x_agent: { input } }) => new Set(input.filter((medium) => medium !== 'text')),
  );
  return others.reduce((both, one) => both.intersection(one), first ?? new Set<string>());
}

/** Puts files into the draft, and says what of them is left out. */
export function useFiles(chat: Chat, { attachments }: Question) {
  const [notes, setNotes] = useState<readonly string[]>([]);
  const attachedBytes = attachments.reduce((sum, one) => sum + one.bytes, 0);
  function addFiles(files: readonly File[]): void {
    void readFiles(files, attachedBytes).then((read) => {
      setNotes(read.left.map(noteOf));
      chat.setDraft((draft) => ({
        ...draft,
        attachments: [...draft.attachments, ...read.attachments],
      }));
    });
  }
  return { notes, addFiles };
}

function noteOf({ name, why }: LeftFile): string {
  const words = text.playground.composer;
  return why === 'too_large'
    ? fill(words.tooLarge, { name, size: bytes(maxAttachedBytes) })
    : fill(words.unreadable, { name });
}
