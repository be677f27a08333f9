export const PROBLEM_CONTENT_TYPE = "application/problem+json";

const MAX_BYTES = 300;

/**
 * An error's body (RFC 9457), under 300 bytes. `title` is ours and says nothing of the request, whose path stays out.
 */
export function problem(status: number, title: string): string {
  const body = (text: string) => JSON.stringify({ type: "about:blank", title: text, status });
  let text = title;
  while (Buffer.byteLength(body(text)) >= MAX_BYTES) text = `${text.slice(0, Math.floor(text.length * 0.9))}`;
  return body(text);
}
