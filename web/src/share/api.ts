// What this page asks of the server.

export interface Parameter { name: string; annotation: string; wants: string; kind: string; choices: string[]; required: boolean; default: string | null; shown: string | null }
export interface Problem { kind: string; message: string; lineno: number | null }
export interface Format { name: string; media_type: string; suffix: string; kinds: string[] }
export interface About {
  name: string; owner: string; version: number; updated_at: string; doc: string; parameters: Parameter[]; place: string | null; open: boolean;
  problem: Problem | null; code: string | null; formats: Format[];
}

export interface Told { run: string; cache: string; age: number; timing: [string, number][]; total: number; stdout: string; stderr: string }

export class Failure extends Error {
  constructor(readonly status: number, message: string, readonly told: Told | null, readonly line: number | null) { super(message); }
}

/** A path with the session token that this page was opened with, for what a token alone does not open. */
export function inSession(path: string): string {
  const session = new URLSearchParams(location.search).get("fused_session_token");
  return session === null ? path : `${path}${path.includes("?") ? "&" : "?"}${new URLSearchParams({ fused_session_token: session })}`;
}

export async function about(base: string, signal?: AbortSignal): Promise<About> {
  const answer = await fetch(inSession(`${base}/about.json`), { signal });
  if (!answer.ok) throw await failure(answer);
  return await answer.json() as About;
}

/** Call the udf. Raises Failure with the server's sentence. */
export async function run(base: string, values: URLSearchParams, format: string, signal: AbortSignal): Promise<{ answer: Response; told: Told }> {
  const asked = new URLSearchParams(values);
  asked.set("format", format);
  let answer: Response;
  try {
    answer = await fetch(`${base}/run?${asked}`, { signal });
  } catch (wrong) {
    if (signal.aborted) throw wrong;
    throw new Failure(0, "The server does not answer. Is it running, and is this machine connected?", null, null);
  }
  if (!answer.ok) throw await failure(answer);
  return { answer, told: told(answer) };
}

async function failure(answer: Response): Promise<Failure> {
  let detail = `The server answered ${answer.status}.`;
  try { detail = String((await answer.json() as { detail: unknown }).detail); } catch { /* no sentence came */ }
  return new Failure(answer.status, detail, told(answer), (metadata(answer)?.lineno as number | null) ?? null);
}

function metadata(answer: Response): Record<string, unknown> | null {
  try { return JSON.parse(answer.headers.get("x-fused-metadata") ?? "null") as Record<string, unknown> | null; } catch { return null; }
}

function told(answer: Response): Told {
  const timing: [string, number][] = [];
  let total = 0;
  for (const part of (answer.headers.get("Server-Timing") ?? "").split(",")) {
    const found = /^\s*(\w+);.*?dur=([\d.]+)/.exec(part);
    if (!found) continue;
    if (found[1] === "total") total = Number(found[2]);
    else timing.push([found[1]!, Number(found[2])]);
  }
  const more = metadata(answer);
  return {
    run: answer.headers.get("Headrace-Run-Id") ?? "", cache: answer.headers.get("Headrace-Cache") ?? "", age: Number(answer.headers.get("Age") ?? 0),
    timing, total, stdout: String(more?.stdout ?? ""), stderr: String(more?.stderr ?? ""),
  };
}
