import { csrfHeader, sessionEnded, type Schemas } from './client';
import { problemOf, unreachable } from './problem';

export type IngestAnswer = Schemas['IngestAnswer'];

/** Sends a file as it is, from disk, with word of how far it is. XMLHttpRequest, because fetch says nothing of an upload. */
export function sendFile(study: string, dataset: string, body: Blob, type: string, options: { skipBad: boolean; onProgress: (sent: number) => void; signal: AbortSignal; key: string }): Promise<IngestAnswer> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const query = options.skipBad ? '?on_error=skip' : '';
    request.open('POST', `/api/v1/studies/${encodeURIComponent(study)}/datasets/${encodeURIComponent(dataset)}/records${query}`);
    request.setRequestHeader('Content-Type', type);
    request.setRequestHeader('Idempotency-Key', options.key);
    for (const [name, value] of Object.entries(csrfHeader())) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => options.onProgress(event.loaded);
    request.onload = () => {
      let answer: unknown = null;
      try {
        answer = JSON.parse(request.responseText);
      } catch {
        // What is no JSON is told as it came.
        answer = request.responseText;
      }
      if (request.status === 401) sessionEnded();
      if (request.status >= 200 && request.status < 300) resolve(answer as IngestAnswer);
      else reject(problemOf(answer, request.status));
    };
    request.onerror = () => reject(unreachable());
    request.onabort = () => reject(new DOMException('The import was stopped', 'AbortError'));
    options.signal.addEventListener('abort', () => request.abort());
    request.send(body);
  });
}
