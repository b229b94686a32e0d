import { maxFrameBytes } from '../../protocol/worker/frame-limits.ts';

/** Whether a body can go over the channel. Counted only where it could be too long: a character takes three bytes at most. */
export function fitsFrame(text: string): boolean {
  return text.length * 3 <= maxFrameBytes || Buffer.byteLength(text) <= maxFrameBytes;
}
