/** How long somebody counts as there after the last key, click or turn of the wheel. */
const thereForMs = 60_000;

const signs = ['pointerdown', 'pointermove', 'keydown', 'wheel', 'touchstart'] as const;

/** Watches for signs of somebody before the page. Tells whether there was one within the last minute. */
export function watchAttendance(): () => boolean {
  let seenMs = performance.now();
  const see = () => {
    seenMs = performance.now();
  };
  for (const sign of signs) window.addEventListener(sign, see, { passive: true, capture: true });
  return () => performance.now() - seenMs < thereForMs;
}
