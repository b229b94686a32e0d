import { z } from 'zod';

const day = String.raw`\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])`;
const hour = String.raw`(?:[01]\d|2[0-3]):[0-5]\d`;
const zone = `(?:Z|[+-]${hour})`;

/** A day or a time in ISO 8601, as its form alone says: what a description tells and what is taken are the same. */
export const isoTime = z
  .string()
  .regex(new RegExp(String.raw`^${day}(?:T${hour}(?::[0-5]\d(?:\.\d{1,9})?)?${zone}?)?$`), {
    error: 'It must be an ISO 8601 time such as 2026-01-31T12:00:00Z',
  });
