import type { HeldAnswer } from '../answer-room.ts';
import type { OutputItem } from './resource.ts';

/** The items of a response as they are made. */
export type ItemsInMaking = {
  /** Makes ids of items unique: that of the run, without its prefix. */
  readonly suffix: string;
  readonly items: OutputItem[];
  readonly room: HeldAnswer;
  /** Told of what becomes of the items, as events of a stream: in order, without their numbers. */
  readonly tell: (type: string, fields: Readonly<Record<string, unknown>>) => void;
  /** Told of text that is added to a message: there are as many of these as of all others together. */
  readonly tellText: (delta: string, item: { readonly id: string; readonly index: number }) => void;
};
