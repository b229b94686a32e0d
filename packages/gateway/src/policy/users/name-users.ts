import { hash } from 'node:crypto';
import { GatewayError } from '../../errors.ts';
import type { Caller } from '../../protocol/policy.ts';
import type { EndUser } from '../../protocol/security/user-principal.ts';
import { userPrefix } from '../../protocol/security/user-principal.ts';
import { toEndUser } from './end-user.ts';
import { signedUser, signedUserHeader } from './signed-user.ts';
import type { UserSettings } from './users-schema.ts';

/** Each value that a header of a request has, as its bytes in Latin-1; the name in small letters. */
export type HeaderValues = (name: string) => readonly string[];

/** What of a body names a user. */
export type NamingBody = {
  readonly safety_identifier?: string | null | undefined;
  readonly user?: string | null | undefined;
};

/** Who the person behind a request is, as far as its key may say so. */
export type NameUsers = {
  /**
   * By the headers: null where none names anybody.
   *
   * @throws GatewayError `invalid_value` for what is no id, and where two users are named; `token_invalid`.
   */
  readonly inHeaders: (keyId: string, valuesOf: HeaderValues) => Named;
  /** By the body, where no header does. @throws GatewayError `invalid_value`. */
  readonly inBody: (caller: Caller, body: NamingBody) => Named;
  /** As a caller's own id for them, such as one that is kept. @throws GatewayError `invalid_value`. */
  readonly known: (keyId: string, id: string) => Named;
  /** Headers of a request that name users and that are not heard: its key may not say so, or they are not signed. */
  readonly unheard: (caller: Caller, valuesOf: HeaderValues) => readonly string[];
};

type Named = EndUser | null;

const openWebUiUser = 'x-openwebui-user-id';

/** What stands for a user where there is none: nothing, and a template that was not filled in. */
const nobody = /^$|^(undefined|null)$|^\{\{.*\}\}$/;

export function createNameUsers(deps: {
  readonly settings: () => UserSettings;
  /** The id under which a key's use is counted: users keep their counts when it is rotated. */
  readonly accountOf: (keyId: string) => string;
  readonly nowSeconds: () => number;
}): NameUsers {
  const ofKey = (keyId: string, user: EndUser | null): Named =>
    user && { ...user, account: accountFor(deps.accountOf(keyId), user) };
  const named = (keyId: string, text: string, field: string) =>
    nobody.test(text) ? null : ofKey(keyId, toEndUser(text, field));
  /** In headers that are believed as they are; the first that names somebody counts, and all have to agree. */
  const inPlain = (keyId: string, valuesOf: HeaderValues): Named => {
    const { headers, openWebUi } = deps.settings();
    const read = openWebUi ? headers : [openWebUiUser, ...headers];
    const found = read.flatMap((field) => {
      const user = named(keyId, onlyValue(field, valuesOf), field);
      return user ? [{ field, user }] : [];
    });
    const [first] = found;
    const other = found.find(({ user }) => user.id !== first?.user.id);
    if (first && other) throw twoUsers(first.field, other.field);
    return first?.user ?? null;
  };
  return {
    inHeaders(keyId, valuesOf) {
      const { openWebUi } = deps.settings();
      const token = onlyValue(signedUserHeader, valuesOf);
      if (token === '') return inPlain(keyId, valuesOf);
      const secret = openWebUi?.secret ?? null;
      if (secret === null) throw noSecret(openWebUi?.secretEnv ?? null);
      const id = signedUser(token, { secret, nowSeconds: deps.nowSeconds() });
      return ofKey(keyId, toEndUser(id, signedUserHeader));
    },
    inBody({ keyId, user }, { safety_identifier: identifier, user: name }) {
      if (user) return user;
      return (
        named(keyId, identifier ?? '', 'safety_identifier') ?? named(keyId, name ?? '', 'user')
      );
    },
    known: (keyId, id) => named(keyId, id, 'user'),
    unheard({ forwardsUsers, user }, valuesOf) {
      const { headers, openWebUi } = deps.settings();
      const isThere = (name: string) => valuesOf(name).length > 0;
      if (!forwardsUsers) return [signedUserHeader, openWebUiUser, ...headers].filter(isThere);
      return openWebUi && !user ? [openWebUiUser].filter(isThere) : [];
    },
  };
}

/** One that tells nobody who it was: what is counted outlives what is known of a person. */
function accountFor(keyAccount: string, { id }: EndUser): string {
  return `${userPrefix}${hash('sha256', JSON.stringify([keyAccount, id]), 'base64url')}`;
}

/** Of two values each reader of a request may take another. */
function onlyValue(field: string, valuesOf: HeaderValues): string {
  const values = new Set(valuesOf(field).map((value) => readable(value).trim()));
  const [first = '', ...others] = values;
  if (others.length > 0) throw twoUsers(field, field);
  return first;
}

/** Headers are bytes; those of a name are UTF-8 where they can be. */
function readable(value: string): string {
  if (!/[\x80-\xff]/.test(value)) return value;
  const bytes = Buffer.from(value, 'latin1');
  const text = bytes.toString('utf8');
  return text.includes('\ufffd') ? value : text;
}

function twoUsers(one: string, other: string): GatewayError {
  const where = one === other ? `'${one}' is sent twice` : `'${one}' and '${other}' differ`;
  return new GatewayError('invalid_value', `The request is for two users: ${where}. Name one.`, {
    param: other,
  });
}

/** Whoever signs its users is not to be served as if it had none. */
function noSecret(variable: string | null): GatewayError {
  const remedy =
    variable === null
      ? 'Set auth.users.open_webui.jwt_secret_env.'
      : `${variable}, which auth.users.open_webui names, is not set for the gateway.`;
  return new GatewayError(
    'token_invalid',
    `The user in ${signedUserHeader} cannot be checked. ${remedy}`,
    { param: signedUserHeader },
  );
}
