import { memo, useEffect, useRef, useState } from 'react';
import { fill, text } from '../../../strings/text.ts';
import { Button } from '../../../ui/button.tsx';
import { count } from '../../../ui/data/numbers.ts';
import { Markdown } from '../../../ui/text/markdown.tsx';
import styles from './answer-text.module.css';
import { CodeFence } from './code-fence.tsx';
import { shownText } from './shown-text.ts';
import { type Block, createSplitter } from './split-blocks.ts';

/** More of an answer is shown when it is asked for. */
const shownChars = 200_000;
/** Longer paragraphs are shown as they are: no person writes them, and to read them as Markdown takes long. */
const longChars = 20_000;
/** The same while they grow, when they are read with each picture of the screen. */
const longGrowingChars = 4000;
const pieceChars = 20_000;
/** What is added to what is shown with each picture of the screen, at most. */
const addedChars = 12_000;

/** What an agent says, as it comes. */
export function AnswerText({
  source,
  isGrowing,
}: {
  readonly source: string;
  readonly isGrowing: boolean;
}) {
  const split = useRef<ReturnType<typeof createSplitter>>(null);
  split.current ??= createSplitter();
  const [isWhole, setWhole] = useState(false);
  const charsNow = useGrowing(Math.min(source.length, shownChars));
  if (isWhole) return <PlainText source={source} />;
  const blocks = split.current(source.slice(0, charsNow));
  const rest = source.length - shownChars;
  const isMore = isGrowing || charsNow < Math.min(source.length, shownChars);
  return (
    <div className={styles.text}>
      {blocks.map((block, index) => (
        <BlockView
          // biome-ignore lint/suspicious/noArrayIndexKey: blocks are only ever added
          key={index}
          kind={block.kind}
          text={block.text}
          language={block.language}
          isGrowing={isMore && index === blocks.length - 1}
        />
      ))}
      {rest > 0 && (
        <p className={styles.rest}>
          {fill(text.playground.answer.rest, { count: count(rest) })}
          <Button size="small" onClick={() => setWhole(true)}>
            {text.playground.answer.showAll}
          </Button>
        </p>
      )}
    </div>
  );
}

/** A count that follows another in steps, so that no picture of the screen has to wait for much. */
function useGrowing(chars: number): number {
  const [allowed, setAllowed] = useState(addedChars);
  const isBehind = allowed < chars;
  useEffect(() => {
    if (!isBehind) return;
    const frame = requestAnimationFrame(() => setAllowed(allowed + addedChars));
    return () => cancelAnimationFrame(frame);
  }, [isBehind, allowed]);
  return Math.min(chars, allowed);
}

const BlockView = memo(function BlockView(block: Block & { readonly isGrowing: boolean }) {
  const { kind, text: source, language, isGrowing } = block;
  if (kind === 'code') return <CodeFence code={source} language={language} isWhole={!isGrowing} />;
  if (source.length > (isGrowing ? longGrowingChars : longChars))
    return <PlainText source={source} />;
  return <Markdown source={shownText(source)} />;
});

/** A text of any length, in pieces of which the browser lays out those that are seen. */
function PlainText({ source }: { readonly source: string }) {
  const starts = Array.from(
    { length: Math.ceil(source.length / pieceChars) },
    (_, at) => at * pieceChars,
  );
  return (
    <div className={styles.plain} dir="auto">
      {starts.map((start) => (
        <div key={start}>{shownText(source.slice(start, start + pieceChars))}</div>
      ))}
    </div>
  );
}
