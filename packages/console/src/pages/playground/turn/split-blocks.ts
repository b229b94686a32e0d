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

/** What is known of a text so far. */
type Scan = {
  readonly closed: Block[];
  /** Where the first line begins that was not looked at. */
  scannedTo: number;
  /** Where the block begins that is open. */
  blockAt: number;
  fence: Fence | null;
  isAfterBlank: boolean;
  isList: boolean;
};

/**
 * Cuts a text that grows into blocks: code by its fences, all else where a blank line ends it. What was cut stays, and only
 * what is new is looked at.
 */
export function createSplitter(): (text: string) => readonly Block[] {
  let scan = beginScan();
  return (text) => {
    if (text.length < scan.scannedTo) scan = beginScan();
    let end = text.indexOf('\n', scan.scannedTo);
    while (end !== -1) {
      takeLine(scan, text, end);
      scan.scannedTo = end + 1;
      end = text.indexOf('\n', scan.scannedTo);
    }
    const { fence, closed, blockAt } = scan;
    const open: Block = fence
      ? { kind: 'code', text: text.slice(fence.bodyAt), language: fence.language }
      : { kind: 'markdown', text: text.slice(blockAt), language: '' };
    return open.text.trim() === '' && !fence ? closed.slice() : [...closed, open];
  };
}

function beginScan(): Scan {
  return {
    closed: [],
    scannedTo: 0,
    blockAt: 0,
    fence: null,
    isAfterBlank: false,
    isList: false,
  };
}

/** Looks at the next line, which ends at `end`. */
function takeLine(scan: Scan, text: string, end: number): void {
  const { scannedTo: start, fence } = scan;
  const line = text.slice(start, end);
  if (fence) {
    if (closes(line, fence.mark)) closeFence(scan, fence, { text, start, end });
    return;
  }
  const { mark, language = '' } = fenceLine.exec(line)?.groups ?? {};
  if (mark) {
    closeBlock(scan, text, start);
    scan.fence = { mark, language, bodyAt: end + 1 };
    return;
  }
  if (line.trim() === '') {
    scan.isAfterBlank = true;
    return;
  }
  const isListLine = listLine.test(line);
  const isLong = start - scan.blockAt > longBlockChars;
  const goesOn = /^\s/.test(line) || (scan.isList && isListLine);
  if (scan.isAfterBlank && (!goesOn || isLong)) closeBlock(scan, text, start);
  if (start === scan.blockAt) scan.isList = isListLine;
  scan.isAfterBlank = false;
}

function closeBlock(scan: Scan, text: string, end: number): void {
  const block = text.slice(scan.blockAt, end);
  if (block.trim() !== '') scan.closed.push({ kind: 'markdown', text: block, language: '' });
  scan.blockAt = end;
  scan.isList = false;
}

function closeFence(
  scan: Scan,
  { bodyAt, language }: Fence,
  line: { readonly text: string; readonly start: number; readonly end: number },
): void {
  const body = line.text.slice(bodyAt, Math.max(bodyAt, line.start - 1));
  scan.closed.push({ kind: 'code', text: body, language });
  scan.fence = null;
  scan.blockAt = line.end + 1;
}

function closes(line: string, mark: string): boolean {
  const trimmed = line.trim();
  return trimmed.length >= mark.length && trimmed === (mark[0] ?? '').repeat(trimmed.length);
}
