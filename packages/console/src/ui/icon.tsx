/** Each picture as the paths of strokes in a square of 24. */
const paths = {
  agents:
    'M12 3v3M7 9h10a2 2 0 0 1 2 2v6a2 2 0 0 1-2 2H7a2 2 0 0 1-2-2v-6a2 2 0 0 1 2-2ZM9.5 13v1.5M14.5 13v1.5M2.5 13v3M21.5 13v3',
  playground: 'M4 5h16v11H10l-5 4v-4H4ZM8 9h8M8 12h5',
  errors: 'M12 4 2.8 19.5h18.4ZM12 10v4M12 17v.2',
  runs: 'M4 6h9M8 12h9M12 18h8',
  tools:
    'M14.5 6.5a4 4 0 0 1 5-2l-2.6 2.6.9 2 2 .9L22 7.4a4 4 0 0 1-5.4 4.9L8 21l-3-3 8.7-8.6a4 4 0 0 1 .8-2.9Z',
  security: 'M12 3 4.5 6v5.5c0 4.5 3.1 8 7.5 9.5 4.4-1.5 7.5-5 7.5-9.5V6ZM9 12l2.2 2.2L15.2 10',
  keys: 'M8 16a4.5 4.5 0 1 1 3.9-6.7H21v3.4h-2.5V15h-3v-2.3h-3.6A4.5 4.5 0 0 1 8 16ZM7.5 11.5v.1',
  usage: 'M4 20V10M10 20V4M16 20v-8M21 20H3',
  approvals: 'M9 12l2.2 2.2L15.5 10M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18Z',
  health: 'M3 12h4l2.5-6 4.5 12 2.5-6H21',
  search: 'M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14ZM16 16l4.5 4.5',
  copy: 'M9 9h11v11H9ZM5 15H4V4h11v1',
  check: 'M5 12.5l4.5 4.5L19 7',
  close: 'M6 6l12 12M18 6 6 18',
  menu: 'M4 7h16M4 12h16M4 17h16',
  more: 'M4 12a1 1 0 1 0 2 0 1 1 0 1 0-2 0M11 12a1 1 0 1 0 2 0 1 1 0 1 0-2 0M18 12a1 1 0 1 0 2 0 1 1 0 1 0-2 0',
  theme: 'M12 3a9 9 0 1 0 0 18ZM12 3a9 9 0 0 1 0 18',
  logout: 'M14 4H5v16h9M10 12h11M17.5 8.5 21 12l-3.5 3.5',
  play: 'M7 5v14l12-7Z',
  stop: 'M6 6h12v12H6Z',
  send: 'M4 12 20 4l-4 16-4-6ZM12 14l8-10',
  edit: 'M4 20h4L19.5 8.5l-4-4L4 16ZM13.5 6.5l4 4',
  branch: 'M6 4v16M6 12c8 0 12-2 12-8M15 7l3-3 3 3',
  attach:
    'M20 11.5 12 19.5a5 5 0 0 1-7-7l8.5-8.5a3.4 3.4 0 0 1 4.8 4.8L10 17a1.7 1.7 0 0 1-2.4-2.4L15 7.2',
  refresh: 'M20 11a8 8 0 0 0-14-4.5L4 8.5M4 4v4.5h4.5M4 13a8 8 0 0 0 14 4.5l2-2M20 20v-4.5h-4.5',
  chevron: 'M9 6l6 6-6 6',
  plus: 'M12 5v14M5 12h14',
  minus: 'M5 12h14',
  trash: 'M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13',
  filter: 'M4 5h16l-6 8v6l-4-2v-4Z',
  settings:
    'M4 7h9M17 7h3M13 7a2 2 0 1 0 4 0 2 2 0 1 0-4 0M4 17h3M11 17h9M7 17a2 2 0 1 0 4 0 2 2 0 1 0-4 0',
  code: 'M8 7l-5 5 5 5M16 7l5 5-5 5M13.5 5l-3 14',
  external: 'M10 5H5v14h14v-5M13 4h7v7M20 4l-9 9',
  clock: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18ZM12 7v5l3.5 2',
  fork: 'M6 4v5a3 3 0 0 0 3 3h6a3 3 0 0 1 3 3v5M6 4v16M18 20l-2.5-2.5M18 20l2.5-2.5',
} as const;

export type IconName = keyof typeof paths;

/** A picture that says nothing which the text beside it does not; a button without a text names itself. */
export function Icon({ name, size = 16 }: { readonly name: IconName; readonly size?: number }) {
  return (
    <svg
      aria-hidden="true"
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.8"
      strokeLinecap="round"
      strokeLinejoin="round"
      focusable="false"
    >
      <path d={paths[name]} />
    </svg>
  );
}
