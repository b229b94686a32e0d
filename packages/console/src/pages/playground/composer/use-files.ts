import { useEffect, useRef, useState } from 'react';
import type { Model } from '../../../api/agents.ts';
import { fill, text } from '../../../strings/text.ts';
import { bytes } from '../../../ui/data/numbers.ts';
import type { Chat } from '../chat/chat.ts';
import type { ChatState, Question } from '../chat/chat-types.ts';
import { pathOf } from '../chat/lane.ts';
import { type LeftFile, maxAttachedBytes, readFiles } from '../chat/read-files.ts';

/** What all agents that are asked take beside text. */
export function takenMedia(models: readonly Model[]): ReadonlySet<string> {
  const [first, ...others] = models.map(
    ({ x_agent: { input } }) => new Set(input.filter((medium) => medium !== 'text')),
  );
  return others.reduce((both, one) => both.intersection(one), first ?? new Set<string>());
}

/** Puts files into the draft, and says what of them is left out. */
export function useFiles(chat: Chat) {
  const [notes, setNotes] = useState<readonly string[]>([]);
  function addFiles(files: readonly File[]): void {
    void readFiles(files, attachedBytes(chat.get())).then((read) => {
      setNotes(read.left.map(noteOf));
      chat.setDraft((draft) => ({
        ...draft,
        attachments: [...draft.attachments, ...read.attachments],
      }));
    });
  }
  return { notes, addFiles };
}

/** All that goes along with the next question: those before it are sent again. */
function attachedBytes({ lanes, draft }: ChatState): number {
  const before = lanes.map((lane) => pathOf(lane).flatMap(({ question }) => bytesOf(question)));
  const sums = before.map((sizes) => [...sizes, ...bytesOf(draft)].reduce((a, b) => a + b, 0));
  return Math.max(...sums);
}

function bytesOf({ attachments }: Question): readonly number[] {
  return attachments.map((attachment) => attachment.bytes);
}

function noteOf({ name, why }: LeftFile): string {
  const words = text.playground.composer;
  return why === 'too_large'
    ? fill(words.tooLarge, { name, size: bytes(maxAttachedBytes) })
    : fill(words.unreadable, { name });
}

/** Takes files that are dropped anywhere on the page. @returns Whether some are held over it. */
export function useDroppedFiles(addFiles: (files: readonly File[]) => void): boolean {
  const [isOver, setOver] = useState(false);
  const add = useRef(addFiles);
  useEffect(() => {
    add.current = addFiles;
  });
  useEffect(() => {
    const end = new AbortController();
    const { signal } = end;
    const hear = (type: 'dragover' | 'dragleave' | 'drop', take: (event: DragEvent) => void) =>
      document.addEventListener(type, take, { signal });
    hear('dragover', (event) => {
      if (!event.dataTransfer?.types.includes('Files')) return;
      event.preventDefault();
      setOver(true);
    });
    // It leaves each element that it passes; the page has no other one.
    hear('dragleave', ({ relatedTarget }) => {
      if (relatedTarget === null) setOver(false);
    });
    hear('drop', (event) => {
      const files = [...(event.dataTransfer?.files ?? [])];
      setOver(false);
      if (files.length === 0) return;
      event.preventDefault();
      add.current(files);
    });
    return () => end.abort();
  }, []);
  return isOver;
}
