/** Themes in the order in which the button goes through them. */
export const themes = ['system', 'light', 'dark'] as const;

export type Theme = (typeof themes)[number];

const place = 'dropgate-theme';

/** The theme that was chosen in this browser. */
export function readTheme(): Theme {
  const kept = localStorage.getItem(place);
  return themes.find((theme) => theme === kept) ?? 'system';
}

/** Shows a theme, and keeps it for this browser. */
export function keepTheme(theme: Theme): void {
  localStorage.setItem(place, theme);
  showTheme(theme);
}

/** Shows a theme. */
export function showTheme(theme: Theme): void {
  if (theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}
