// Speaks with the box: one function per verb, errors as values with the code that the catalogue translates.
// Never: an address that is not the box's own.

import type { paths } from './schema.d.ts';

export const API = '/api/v1';

/** What went wrong, by code: the API's own codes, `offline` when no answer came, `nonsense` when it made none. */
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
  signal?: AbortSignal | undefined;
  /** The caller handles 401 itself, as the login page does. */
  keepLogin?: boolean;
  /** Lets the request outlive the page, for the last position of a film. */
  keepalive?: boolean;
}

interface Given extends CallOptions {
  path?: Record<string, string>;
  query?: Query;
  body?: unknown;
}

/** Writes the values of `{names}` into a path, escaped. */
export function fill(template: string, values: Record<string, string> = {}): string {
  return template.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(values[name] ?? ''));
}

async function call(method: string, template: string, given: Given = {}): Promise<unknown> {
  const headers: Record<string, string> = { accept: 'application/json' };
  const init: RequestInit = { method, headers, credentials: 'same-origin' };
  if (given.signal) init.signal = given.signal;
  if (given.keepalive) init.keepalive = true;
  if (given.body !== undefined) {
    headers['content-type'] = 'application/json';
    init.body = JSON.stringify(given.body);
  }
  let response: Response;
  try {
    response = await fetch(address(fill(template, given.path), given.query), init);
  } catch (cause) {
    if (given.signal?.aborted) throw cause;
    throw new ApiError('offline', 0, null);
  }
  if (!response.ok) {
    const error = await problemOf(response);
    if (response.status === 401 && !given.keepLogin) lostLogin();
    throw error;
  }
  if (response.status === 204 || response.status === 202) return undefined;
  try {
    return await response.json();
  } catch (cause) {
    if (given.signal?.aborted) throw cause;
    throw new ApiError('nonsense', response.status, null);
  }
}

type Verb = 'get' | 'post' | 'put' | 'delete';

/** The API's addresses below its base that know a verb: `items/{id}`, not `/api/v1/items/{id}`. */
type PathOf<V extends Verb> = {
  [P in keyof paths]: paths[P] extends Record<V, object> ? (P extends `${typeof API}/${infer R}` ? R : never) : never;
}[keyof paths];

type Operation<V extends Verb, P> = `${typeof API}/${P & string}` extends infer Q extends keyof paths
  ? paths[Q] extends Record<V, infer O>
    ? O
    : never
  : never;

type Json<R> = R extends { content: { 'application/json': infer T } } ? T : undefined;

/** What an operation answers when all is well. */
type Answer<O> = O extends { responses: infer R } ? Json<R[keyof R & (200 | 201 | 202 | 204)]> : never;

type Part<O, K extends string> = O extends { parameters: Record<K, infer T> } ? T : undefined;
type PathPart<O> = [Part<O, 'path'>] extends [object] ? { path: Part<O, 'path'> } : { path?: undefined };
type QueryPart<O> = O extends { parameters: { query?: infer Q } } ? { query?: Q } : { query?: undefined };
type BodyPart<O> = O extends { requestBody: { content: { 'application/json': infer B } } }
  ? { body: B }
  : O extends { requestBody?: { content: { 'application/json': infer B } } }
    ? { body?: B }
    : { body?: undefined };

type Options<O> = CallOptions & PathPart<O> & QueryPart<O> & BodyPart<O>;
type Rest<T> = object extends T ? [given?: T] : [given: T];

type Ask<V extends Verb> = <P extends PathOf<V>>(
  path: P,
  ...given: Rest<Options<Operation<V, P>>>
) => Promise<Answer<Operation<V, P>>>;

function verb<V extends Verb>(method: V): Ask<V> {
  const ask = (path: string, given?: Given) => call(method.toUpperCase(), path, given);
  return ask as unknown as Ask<V>;
}

/** The API, with every address, value and answer typed by the document that the daemon makes of itself. */
export const api = { get: verb('get'), post: verb('post'), put: verb('put'), delete: verb('delete') };

/** True for the error that an aborted request throws, which nobody needs to see. */
export function isAbort(cause: unknown): boolean {
  return cause instanceof DOMException && cause.name === 'AbortError';
}

/** What the box's clock says, from the header that every answer carries; null when it cannot be told. */
export async function boxClock(): Promise<number | null> {
  try {
    const response = await fetch('/healthz', { cache: 'no-store' });
    const said = Date.parse(response.headers.get('date') ?? '');
    return Number.isNaN(said) ? null : said;
  } catch {
    return null;
  }
}
