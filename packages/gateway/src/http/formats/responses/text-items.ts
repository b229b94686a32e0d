import type { ItemsInMaking } from './items-in-making.ts';
import type { MessageItem, OutputText, ReasoningItem } from './resource.ts';

type Kind = 'message' | 'reasoning';
type EndStatus = 'completed' | 'incomplete';

/** The one text that is being written. */
type Open = { readonly kind: Kind; readonly id: string; readonly index: number; text: string };

/** What an agent says, as `message` items, and what it thinks, as `reasoning` items: one at a time. */
export function createTextItems(making: ItemsInMaking) {
  const { room, tell, tellText } = making;
  let open: Open | null = null;

  function close(status: EndStatus): void {
    if (open) end(making, open, status);
    open = null;
  }

  function opened(kind: Kind): Open {
    if (open?.kind === kind) return open;
    close('completed');
    open = begin(making, kind);
    return open;
  }

  function think(delta: string): void {
    const item = opened('reasoning');
    room.add(delta.length);
    item.text += delta;
    const { id, index } = item;
    const at = { item_id: id, output_index: index, summary_index: 0 };
    tell('response.reasoning_summary_text.delta', { ...at, delta });
  }

  return {
    say(delta: string): void {
      const item = opened('message');
      room.add(delta.length);
      item.text += delta;
      tellText(delta, item);
    },
    think,
    line(line: string): void {
      const before = open?.kind === 'reasoning' ? open.text : '';
      think(`${before === '' || before.endsWith('\n') ? '' : '\n'}${line}\n`);
    },
    close,
  };
}

function begin({ suffix, items, tell }: ItemsInMaking, kind: Kind): Open {
  const index = items.length;
  const id = `${kind === 'message' ? 'msg' : 'rs'}_${suffix}_${index}`;
  const item = kind === 'message' ? message(id, 'in_progress') : thought(id, 'in_progress');
  items.push(item);
  tell('response.output_item.added', { output_index: index, item });
  const at = { item_id: id, output_index: index };
  if (kind === 'message') {
    tell('response.content_part.added', { ...at, content_index: 0, part: outputText('') });
  } else {
    const part = { type: 'summary_text', text: '' };
    tell('response.reasoning_summary_part.added', { ...at, summary_index: 0, part });
  }
  return { kind, id, index, text: '' };
}

function end({ items, tell }: ItemsInMaking, open: Open, status: EndStatus): void {
  const { kind, id, index, text } = open;
  const at = { item_id: id, output_index: index };
  const item = kind === 'message' ? message(id, status, text) : thought(id, status, text);
  if (kind === 'message') {
    const part = { ...at, content_index: 0 };
    tell('response.output_text.done', { ...part, text, logprobs: [] });
    tell('response.content_part.done', { ...part, part: outputText(text) });
  } else {
    const summary = { ...at, summary_index: 0 };
    const part = { type: 'summary_text', text };
    tell('response.reasoning_summary_text.done', { ...summary, text });
    tell('response.reasoning_summary_part.done', { ...summary, part });
  }
  items[index] = item;
  tell('response.output_item.done', { output_index: index, item });
}

function message(id: string, status: MessageItem['status'], text?: string): MessageItem {
  const content = text === undefined ? [] : [outputText(text)];
  return { id, type: 'message', status, role: 'assistant', content };
}

function thought(id: string, status: ReasoningItem['status'], text?: string): ReasoningItem {
  const summary = text === undefined ? [] : [{ type: 'summary_text' as const, text }];
  return { id, type: 'reasoning', status, summary };
}

function outputText(text: string): OutputText {
  return { type: 'output_text', text, annotations: [], logprobs: [] };
}
