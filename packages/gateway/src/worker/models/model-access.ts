import type { Finding } from '../../protocol/diagnostics.ts';
import type { ModuleLoad } from '../../protocol/records.ts';
import { placeOf } from '../explain/code-place.ts';
import type { SdkCopy } from '../loaded-module.ts';
import { fieldsOf } from '../sdk.ts';

const variables = ['OPENAI_API_KEY', 'OPENAI_BASE_URL'] as const;

export type ModuleAccess = {
  readonly load: ModuleLoad;
  /** This process's environment, which is put right. */
  readonly env: Record<string, string | undefined>;
  readonly entryText: string;
  readonly sdk: SdkCopy | null;
};

/**
 * Puts the way to the broker back where the module has replaced it while it was loaded, and tells what it brought of its
 * own: a key, or a client that goes to another server and so past budgets and metering. Values are never told.
 */
export function keepModelAccess(given: ModuleAccess): Finding[] {
  return [...putBack(given), ...findOwnKey(given), ...findOwnServer(given)];
}

function putBack({ load, env, entryText }: ModuleAccess): Finding[] {
  return variables.flatMap((name) => {
    const own = load.env[name];
    if (own === undefined || env[name] === own) return [];
    env[name] = own;
    const places = [new RegExp(`env\\W+${name}\\W*=[^=]`), /\boverride:\s*true/, /dotenv/];
    return [
      told(
        { load, entryText, places },
        {
          code: 'model_access_replaced',
          message: `The module replaces ${name} while it is loaded; the gateway has put its own back. A client made in between asks another server or with another key, past budgets and metering.`,
          hint: `Leave ${name} to the gateway: take the line away, or take the name out of the file that is read.`,
        },
      ),
    ];
  });
}

/** A key given to a client without an address of its own: its calls go through the gateway, which has the key for them. */
function findOwnKey({ load, entryText }: ModuleAccess): Finding[] {
  const literal = /(?:setDefaultOpenAIKey\(|\bapiKey:)\s*['"`]sk-/;
  if (!literal.test(entryText)) return [];
  return [
    told(
      { load, entryText, places: [literal] },
      {
        code: 'upstream_key_in_module',
        message:
          'A key in the module has no effect on calls through the gateway, which has its own. With an address beside it, it goes past budgets and metering.',
        hint: 'Take the key out of the file: move it to an upstream of the gateway.',
      },
    ),
  ];
}

function findOwnServer({ load, entryText, sdk }: ModuleAccess): Finding[] {
  const { getDefaultOpenAIClient: get } = sdk ?? {};
  const { baseURL } = fieldsOf(typeof get === 'function' ? Reflect.apply(get, undefined, []) : {});
  const broker = load.env.OPENAI_BASE_URL;
  if (typeof baseURL !== 'string' || !broker || baseURL.startsWith(broker)) return [];
  return [
    told(
      { load, entryText, places: [/setDefaultOpenAIClient\(/] },
      {
        code: 'own_model_server',
        message: `The module's own client asks ${URL.parse(baseURL)?.host ?? 'another server'}: its calls go past budgets and metering.`,
        hint: 'To have them counted, make the server an upstream in gateway.yaml and leave the client out.',
      },
    ),
  ];
}

function told(
  where: {
    readonly load: ModuleLoad;
    readonly entryText: string;
    readonly places: readonly RegExp[];
  },
  about: Pick<Finding, 'code' | 'message' | 'hint'>,
): Finding {
  const { load, entryText, places } = where;
  const [place] = places.map((pattern) => placeOf(entryText, pattern)).filter(Boolean);
  return { stage: 'load', severity: 'warning', ...about, file: load.entry, ...place };
}
