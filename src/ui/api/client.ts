// Speaks with the box: one function per verb, errors as values with the code that the catalogue translates.
// Never: an address that is not the box's own.

export const API = '/api/v1';

/** What went wrong, by code: the API's own codes, `offline` when no answer came, `unreadable` when it made no sense. */
export class ApiError extends Error {
  readonly code: string;
  readonly status: number;
  readonly detail: string | null;
  /** Seconds after which the box asked to be tried again; null when it did not say. */
  readonly retry_after_s: number | null;

  constructor(code: string, status: number, detail: string | null, retry_after_s: number | null = null) {
    super(detail ?? code);
    this.code = code;
    this.status = status;
    this.detail = detail;
    this.retry_after_s = retry_after_s;
  }
}

export type Query = Record<string, string | number | boolean | null | undefined>;

let lostLogin: () => void = () => {};

/** Says what happens when the box no longer knows this browser's login. */
export function onLostLogin(act: () => void): void {
  lostLogin = act;
}

export function address(path: string, query: Query = {}): string {
  const given = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== '') given.set(name, String(value));
  }
  const tail = given.toString();
  return `${API}/${path}${tail ? `?${tail}` : ''}`;
}

async function problemOf(response: Response): Promise<ApiError> {
  const wait = Number(response.headers.get('retry-after'));
  const retry_after_s = Number.isFinite(wait) && wait > 0 ? wait : null;
  let body: unknown = null;
  try {
    body = await response.json();
  } catch {
    // A proxy's page or an empty body: the status still says something.
  }
  const problem = (body ?? {}) as { code?: unknown; detail?: unknown };
  const code = typeof problem.code === 'string' ? problem.code : `http_${response.status}`;
  const detail = typeof problem.detail === 'string' ? problem.detail : null;
  return new ApiError(code, response.status, detail, retry_after_s);
}

export interface CallOptions {
  body?: unknown;
  query?: Query;
  signal?: AbortSignal;
  /** The caller handles 401 itself, as the login page does. */
  keepLogin?: boolean;
  /** Lets the request outlive the page, for the last position of a film. */
  keepalive?: boolean;
}

async function call<T>(method: string, path: string, options: CallOptions = {}): Promise<T> {
  const headers: Record<string, string> = { accept: 'application/json' };
  const init: RequestInit = { method, headers, credentials: 'same-origin' };
  if (options.signal) init.signal = options.signal;
  if (options.keepalive) init.keepalive = true;
  if (options.body !== undefined) {
    headers['content-type'] = 'application/json';
    init.body = JSON.stringify(options.body);
  }
  let response: Response;
  try {
    response = await fetch(address(path, options.query), init);
  } catch (cause) {
    if (options.signal?.aborted) throw cause;
    throw new ApiError('offline', 0, null);
  }
  if (!response.ok) {
    const error = await problemOf(response);
    if (response.status === 401 && !options.keepLogin) lostLogin();
    throw error;
  }
  if (response.status === 204 || response.status === 202) return undefined as T;
  try {
    return (await response.json()) as T;
  } catch (cause) {
    if (options.signal?.aborted) throw cause;
    throw new ApiError('unreadable', response.status, null);
  }
}

export const api = {
  get: <T>(path: string, query?: Query, options: CallOptions = {}) => call<T>('GET', path, { ...options, query }),
  post: <T>(path: string, body?: unknown, options: CallOptions = {}) => call<T>('POST', path, { ...options, body }),
  put: <T>(path: string, body?: unknown, options: CallOptions = {}) => call<T>('PUT', path, { ...options, body }),
  delete: <T = void>(path: string, options: CallOptions = {}) => call<T>('DELETE', path, options),
};

/** True for the error that an aborted request throws, which nobody needs to see. */
export function isAbort(cause: unknown): boolean {
  return cause instanceof DOMException && cause.name === 'AbortError';
}
