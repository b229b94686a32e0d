/** A part of an answer that is shown by itself, so that what is whole is not made again with each word that follows. */
export type Block = {
  readonly kind: 'markdown' | 'code';
  readonly text: string;
  /** Of code, as it was named; empty for none. */
  readonly language: string;
};

type Fence = { readonly mark: string; readonly language: string; readonly bodyAt: number };

const fenceLine = /^ {0,3}(?<mark>`{3,}|~{3,})[ \t]*(?<language>[\w+#.-]*)[^`]*$/;
const listLine = /^(?:[-*+]|\d{1,9}[.)])(?:\s|$)/;

/** A list or a table longer than this is cut into several. */
const longBlockChars = 20_000;

/**
 * Cuts a text that grows into blocks: code by its fences, all else where a blank line ends it. What was cut stays, and only
 * what is new is looked at.
 */
export function createSplitter(): (text: string) => readonly Block[] {
  let closed: Block[] = [];
  let scannedTo = 0;
  let blockAt = 0;
  let fence: Fence | null = null;
  let isAfterBlank = false;
  let isList = false;

  function reset(): void {
    closed = [];
    scannedTo = 0;
    blockAt = 0;
    fence = null;
    isAfterBlank = false;
    isList = false;
  }

  function close(text: string, end: number): void {
    const block = text.slice(blockAt, end);
    if (block.trim() !== '') closed.push({ kind: 'markdown', text: block, language: '' });
    blockAt = end;
    isList = false;
  }

  function scan(text: string, line: string, end: number): void {
    const start = scannedTo;
    if (fence) {
      if (!closes(line, fence.mark)) return;
      const { bodyAt, language } = fence;
      closed.push({
        kind: 'code',
        text: text.slice(bodyAt, Math.max(bodyAt, start - 1)),
        language,
      });
      fence = null;
      blockAt = end + 1;
      return;
    }
    const { mark, language = '' } = fenceLine.exec(line)?.groups ?? {};
    if (mark) {
      close(text, start);
      fence = { mark, language, bodyAt: end + 1 };
      return;
    }
    if (line.trim() === '') {
      isAfterBlank = true;
      return;
    }
    const isListLine = listLine.test(line);
    const isLong = start - blockAt > longBlockChars;
    const goesOn = /^\s/.test(line) || (isList && isListLine);
    if (isAfterBlank && (!goesOn || isLong)) close(text, start);
    if (start === blockAt) isList = isListLine;
    isAfterBlank = false;
  }

  return (text) => {
    if (text.length < scannedTo) reset();
    let end = text.indexOf('\n', scannedTo);
    while (end !== -1) {
      scan(text, text.slice(scannedTo, end), end);
      scannedTo = end + 1;
      end = text.indexOf('\n', scannedTo);
    }
    const open: Block = fence
      ? { kind: 'code', text: text.slice(fence.bodyAt), language: fence.language }
      : { kind: 'markdown', text: text.slice(blockAt), language: '' };
    return open.text.trim() === '' && !fence ? closed.slice() : [...closed, open];
  };
}

function closes(line: string, mark: string): boolean {
  const trimmed = line.trim();
  return trimmed.length >= mark.length && trimmed === (mark[0] ?? '').repeat(trimmed.length);
}
