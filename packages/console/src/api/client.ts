import type { Api } from './schema.ts';

/** A route by method and path, such as `GET /admin/agents`. */
export type Call = keyof Api;

/** What a route answers. */
export type Answer<Name extends Call> = Api[Name]['answer'];

/** What goes along with a call. */
export type CallOptions<Name extends Call> = {
  /** Values of the parts of the path in braces. */
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Api[Name]['query'];
  readonly body?: Api[Name]['body'];
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
};

/** How the page talks to the gateway. */
export type ApiClient = {
  /** @throws ApiError also where the gateway does not answer. */
  readonly call: <Name extends Call>(
    name: Name,
    options?: CallOptions<Name>,
  ) => Promise<Answer<Name>>;
  /**
   * The same with the answer unread: of a stream, or one that is no JSON.
   *
   * @throws ApiError
   */
  readonly open: <Name extends Call>(name: Name, options?: CallOptions<Name>) => Promise<Response>;
  /** The token that proves to the gateway that a change comes from this page; null forgets it. */
  readonly setCsrfToken: (token: string | null) => void;
};

/** A call that failed. `message` is for people, and says what to do. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  /** HTTP status; 0 where no answer came. */
  readonly status: number;
  /** OpenAI’s code of the failure; null where it has none. */
  readonly code: string | null;
  readonly requestId: string | null;
  /** Seconds after which it may go well; null where nobody says. */
  readonly retryAfterSeconds: number | null;
  /** What the gateway tells admins of it beside. */
  readonly detail: unknown;

  constructor(
    message: string,
    about: {
      readonly status: number;
      readonly code?: string | null;
      readonly requestId?: string | null;
      readonly retryAfterSeconds?: number | null;
      readonly detail?: unknown;
    },
  ) {
    super(message);
    this.status = about.status;
    this.code = about.code ?? null;
    this.requestId = about.requestId ?? null;
    this.retryAfterSeconds = about.retryAfterSeconds ?? null;
    this.detail = about.detail;
  }
}

type ClientDeps = {
  /** Hears of every answer that says that the session is over. */
  readonly onUnauthorized: (error: ApiError) => void;
  /** Whether somebody sits before the page: what it asks without them keeps no session alive. */
  readonly isAttended: () => boolean;
};

/** Makes the client. */
export function createApiClient({ onUnauthorized, isAttended }: ClientDeps): ApiClient {
  let csrfToken: string | null = null;

  async function open<Name extends Call>(
    name: Name,
    options: CallOptions<Name> = {},
  ): Promise<Response> {
    const [method = 'GET', path = ''] = name.split(' ');
    const headers = new Headers(options.headers);
    if (options.body !== undefined) headers.set('content-type', 'application/json');
    if (!isAttended()) headers.set('x-console-unattended', 'true');
    if (csrfToken !== null && method !== 'GET') headers.set('x-csrf-token', csrfToken);
    const response = await fetch(urlOf(path, options), {
      method,
      headers,
      credentials: 'same-origin',
      ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
      ...(options.signal ? { signal: options.signal } : {}),
    }).catch((cause: unknown) => {
      if (options.signal?.aborted) throw cause;
      throw new ApiError('The gateway does not answer. Is it running?', { status: 0 });
    });
    if (response.ok) return response;
    const error = await errorOf(response);
    if (error.status === 401) onUnauthorized(error);
    throw error;
  }

  return {
    open,
    async call(name, options) {
      const response = await open(name, options);
      return response.json() as Promise<Answer<typeof name>>;
    },
    setCsrfToken(token) {
      csrfToken = token;
    },
  };
}

function urlOf<Name extends Call>(path: string, { params = {}, query }: CallOptions<Name>): string {
  const filled = path.replaceAll(/\{(\w+)\}/g, (_whole, name: string) =>
    encodeURIComponent(params[name] ?? ''),
  );
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined && value !== '') search.set(name, String(value));
  }
  return search.size === 0 ? filled : `${filled}?${search}`;
}

async function errorOf(response: Response): Promise<ApiError> {
  const requestId = response.headers.get('x-request-id');
  const after = Number.parseInt(response.headers.get('retry-after') ?? '', 10);
  const retryAfterSeconds = Number.isNaN(after) ? null : after;
  const about = { status: response.status, requestId, retryAfterSeconds };
  try {
    const { error } = (await response.json()) as {
      error: { message: string; code: string | null; dropgate?: unknown };
    };
    return new ApiError(error.message, { ...about, code: error.code, detail: error.dropgate });
  } catch {
    return new ApiError(`The gateway answered ${response.status}.`, about);
  }
}
