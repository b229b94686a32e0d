/**
 * Models of OpenAI's own API whose end it has announced, and the day: https://developers.openai.com/api/docs/deprecations,
 * read on 2026-11-29. Its list of models tells the same (`shutdown_date`); this is for where that cannot be asked.
 */
const announced: Readonly<Record<string, readonly string[]>> = {
  '2026-10-23': [
    'gpt-3.5-turbo',
    'gpt-3.5-turbo-0125',
    'gpt-4',
    'gpt-4-0613',
    'gpt-4-1106-preview',
    'gpt-4-turbo',
    'gpt-4-turbo-2024-04-09',
    'gpt-4.1-nano',
    'gpt-4.1-nano-2025-04-14',
    'gpt-4o-2024-05-13',
    'o1',
    'o1-2024-12-17',
    'o1-pro',
    'o1-pro-2025-03-19',
    'o3-mini',
    'o3-mini-2025-01-31',
    'o4-mini',
    'o4-mini-2025-04-16',
  ],
  '2026-12-11': [
    'gpt-5',
    'gpt-5-2025-08-07',
    'gpt-5-mini',
    'gpt-5-mini-2025-08-07',
    'gpt-5-nano',
    'gpt-5-nano-2025-08-07',
    'gpt-5-pro',
    'gpt-5-pro-2025-10-06',
    'o3',
    'o3-2025-04-16',
    'o3-pro',
    'o3-pro-2025-06-10',
  ],
  '2027-01-14': [
    'gpt-4.1',
    'gpt-4.1-2025-04-14',
    'gpt-4.1-mini',
    'gpt-4.1-mini-2025-04-14',
    'gpt-4o',
    'gpt-4o-2024-08-06',
    'gpt-4o-2024-11-20',
    'gpt-4o-mini',
    'gpt-4o-mini-2024-07-18',
  ],
  '2027-04-01': ['gpt-5.1', 'gpt-5.1-2025-11-13'],
};

/** The day (`2026-12-11`) on which a model ends at this address; null where none is announced, or it is not OpenAI's. */
export function announcedShutdown(baseUrl: string, model: string): string | null {
  if (new URL(baseUrl).hostname !== 'api.openai.com') return null;
  const found = Object.entries(announced).find(([, models]) => models.includes(model));
  return found?.[0] ?? null;
}
