// Sends a file to the box and tells how much of it has left. Never: two files at once; that the box refuses.
import { API, ApiError } from '../api/client.ts';

export interface Upload {
  /** Resolves when the box has taken the file and trusts it. */
  done: Promise<void>;
  cancel: () => void;
}

/** `fetch` tells nothing of how far a body is; XMLHttpRequest does. */
export function send(file: Blob, onsent: (sent_bytes: number) => void): Upload {
  const request = new XMLHttpRequest();
  const done = new Promise<void>((resolve, reject) => {
    request.open('POST', `${API}/update/bundle`);
    request.setRequestHeader('content-type', 'application/octet-stream');
    request.upload.onprogress = (event) => onsent(event.loaded);
    request.onload = () => (request.status === 200 ? resolve() : reject(problemOf(request)));
    request.onerror = () => reject(new ApiError('offline', 0, null));
    request.onabort = () => reject(new DOMException('cancelled', 'AbortError'));
    request.send(file);
  });
  return { done, cancel: () => request.abort() };
}

function problemOf(request: XMLHttpRequest): ApiError {
  let problem: { code?: unknown; detail?: unknown } = {};
  try {
    problem = JSON.parse(request.responseText) as typeof problem;
  } catch {
    // The status still says something.
  }
  const code = typeof problem.code === 'string' ? problem.code : `http_${request.status}`;
  return new ApiError(code, request.status, typeof problem.detail === 'string' ? problem.detail : null);
}
