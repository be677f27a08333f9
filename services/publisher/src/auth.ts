import { tokenMatches } from "@headwater/segment-store/events";
import type { PipelineRecord } from "@headwater/segment-store/model";

/** What a client says who it is. `user` only with Basic. */
export interface Credentials {
  readonly user?: string;
  readonly token: string;
}

const BEARER = /^Bearer +([A-Za-z0-9._~+/=-]+) *$/i;
const BASIC = /^Basic +([A-Za-z0-9+/=_-]+) *$/i;

/** Bearer (the token) or Basic (pipeline id, token); undefined for anything else, which counts as none. */
export function readCredentials(authorization: string | undefined): Credentials | undefined {
  const bearer = BEARER.exec(authorization ?? "")?.[1];
  if (bearer !== undefined) return { token: bearer };
  const basic = BASIC.exec(authorization ?? "")?.[1];
  if (basic === undefined) return undefined;
  const text = Buffer.from(basic, "base64").toString();
  const colon = text.indexOf(":");
  return colon < 0 ? undefined : { user: text.slice(0, colon), token: text.slice(colon + 1) };
}

/** Whether the credentials open the pipeline at `nowMs`. */
export function mayPublish(pipeline: PipelineRecord, { user, token }: Credentials, nowMs: number): boolean {
  return tokenMatches(pipeline, token, nowMs) && (user === undefined || user === pipeline.id);
}
