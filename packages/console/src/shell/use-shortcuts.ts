import { useEffect } from 'react';

/** `/` goes to the field for search, Ctrl-K (⌘K) opens the palette. */
export function useShortcuts({ onPalette }: { readonly onPalette: () => void }): void {
  useEffect(() => {
    const hear = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
        event.preventDefault();
        onPalette();
      } else if (event.key === '/' && !isTyping(event.target)) {
        const field = document.querySelector<HTMLElement>('[data-search]');
        if (!field) return;
        event.preventDefault();
        field.focus();
      }
    };
    document.addEventListener('keydown', hear);
    return () => document.removeEventListener('keydown', hear);
  }, [onPalette]);
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName))
  );
}
