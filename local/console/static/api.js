// Requests to the JSON API (docs/console-api.md), each with the token of this run.

const TOKEN_HEADER = "X-Flowsentry-Token";
const STORED = "flowsentry-token";
const TIMEOUT_MILLISECONDS = 60_000;

/** An answer of the API that is no success; `message` is its sentence, `status` the HTTP status (0: no answer). */
export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** The token in the address, if it is the printed link. */
export const givenToken = () => new URLSearchParams(location.hash.slice(1)).get("token");

/** Takes the token out of the address of the printed link, and keeps it for this origin, so that other tabs have it. */
export function takeToken() {
  const given = givenToken();
  if (given) {
    localStorage.setItem(STORED, given);
    history.replaceState(null, "", location.pathname + location.search);
  }
}

/** The JSON at a path of the API; `parameters` without a value are left out. Throws ApiError. */
export async function get(path, parameters = {}) {
  const given = Object.entries(parameters).filter(([, value]) => value !== undefined && value !== null && value !== "");
  const query = new URLSearchParams(given).toString();
  return request(query ? `${path}?${query}` : path, {});
}

/** Changes something: sends `body` as JSON. Throws ApiError. */
export async function post(path, body) {
  return request(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
}

async function request(path, options) {
  const headers = { ...options.headers, [TOKEN_HEADER]: localStorage.getItem(STORED) ?? "" };
  let answer;
  try {
    answer = await fetch(path, { ...options, headers, signal: AbortSignal.timeout(TIMEOUT_MILLISECONDS) });
  } catch {
    throw new ApiError(0, "The console does not answer: the command that served it has ended, or is busy.");
  }
  const content = await answer.json().catch(() => ({ error: `The console answered with HTTP ${answer.status}.` }));
  if (!answer.ok) throw new ApiError(answer.status, content.error ?? `HTTP ${answer.status}`);
  return content;
}
