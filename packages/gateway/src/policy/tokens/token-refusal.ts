import { GatewayError } from '../../errors.ts';

/** A refusal of a token. `message` is for whoever sent it, `detail` for who looks after the settings. */
export function refusal(message: string, detail?: Readonly<Record<string, unknown>>): GatewayError {
  return new GatewayError('token_invalid', message, {
    ...(detail === undefined ? {} : { adminDetail: detail }),
  });
}
