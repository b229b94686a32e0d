import { z } from 'zod';

/** Headers in which users can be named when nothing else is set. LibreChat sends what its operator writes there. */
const defaultHeaders = ['x-librechat-user-id'];

/** What cannot say who a person is: it is somebody else's, or the gateway's own. */
const takenHeaders: readonly string[] = [
  'authorization',
  'cookie',
  'host',
  'x-request-id',
  'x-openwebui-user-id',
  'x-openwebui-user-jwt',
  'x-openwebui-user-email',
  'x-openwebui-user-name',
  'x-openwebui-user-role',
];

const header = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,63}$/)
  .transform((name) => name.toLowerCase())
  .refine((name) => !takenHeaders.includes(name), {
    error: 'This header is read for something else already. Name another one.',
  });

/** The part `users` of the section `auth`. */
export const usersSchema = z
  .strictObject({
    headers: z
      .array(header)
      .max(8)
      .default(defaultHeaders)
      .meta({ allowed: 'a list of names of headers, such as [x-librechat-user-id]' })
      .describe(
        'Headers in which keys that forward their users name them, beside those of Open WebUI; the first that is there counts.',
      ),
    open_webui: z
      .strictObject({
        jwt_secret_env: z
          .string()
          .regex(/^[A-Za-z_][A-Za-z0-9_]*$/)
          .meta({ allowed: 'the name of a variable, such as OPEN_WEBUI_JWT_SECRET' })
          .describe(
            'Variable with the secret that Open WebUI signs its users with, its FORWARD_USER_INFO_HEADER_JWT_SECRET. Its headers without a signature are not believed then.',
          ),
      })
      .optional()
      .describe('Open WebUI’s signed users.'),
  })
  .prefault({})
  .describe('How keys that were made with `--forwards-users` name the person behind a request.');

type RawUsers = z.infer<typeof usersSchema>;

/** The same, ready for use. */
export type UserSettings = {
  /** In small letters. */
  readonly headers: readonly string[];
  /** Null where users of Open WebUI need no signature. */
  readonly openWebUi: {
    readonly secretEnv: string;
    /** Null where its variable is not set: no user of Open WebUI is believed then. */
    readonly secret: string | null;
  } | null;
};

/** Looks up the secret. */
export function toUserSettings(
  { headers, open_webui: openWebUi }: RawUsers,
  environment: Readonly<Record<string, string | undefined>>,
): UserSettings {
  const secretEnv = openWebUi?.jwt_secret_env;
  return {
    headers,
    openWebUi:
      secretEnv === undefined
        ? null
        : { secretEnv, secret: environment[secretEnv]?.trim() || null },
  };
}
