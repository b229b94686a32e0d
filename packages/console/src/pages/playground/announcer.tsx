import { useEffect, useRef, useState } from 'react';
import { fill, text } from '../../strings/text.ts';
import type { Turn } from './chat/chat-types.ts';
import { shownText } from './turn/shown-text.ts';

/** A screen reader is told the beginning of a longer answer; the rest is there to be read. */
const saidChars = 1500;

/** Tells a screen reader of an answer, politely, once it is whole. */
export function Announcer({ turns }: { readonly turns: readonly Turn[] }) {
  const running = useRef<ReadonlySet<string>>(new Set());
  const [said, setSaid] = useState('');
  useEffect(() => {
    const ended = turns.find(
      ({ id, answer }) => running.current.has(id) && answer.status !== 'running',
    );
    running.current = new Set(
      turns.filter(({ answer }) => answer.status === 'running').map(({ id }) => id),
    );
    if (ended) setSaid(announcementOf(ended));
  }, [turns]);
  return (
    <p className="visually-hidden" role="status">
      {said}
    </p>
  );
}

function announcementOf({ agentId: agent, answer }: Turn): string {
  const { announce, waiting } = text.playground.answer;
  // A failure is an alert of its own.
  if (answer.status === 'failed') return '';
  const whole = shownText(answer.text).slice(0, saidChars);
  return fill(announce, {
    agent,
    text: answer.status === 'waiting' ? `${whole} ${waiting}` : whole,
  });
}
