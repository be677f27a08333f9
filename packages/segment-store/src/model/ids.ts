/** Partition of all events' rows (namespace `control`), keyed by event id. */
export const EVENTS_ID = "events";

/** Numbers per partition of candidates: 2.3 hours of 2 s segments. */
export const BUCKET_NUMBERS = 4096;

export const bucketOf = (number: number): number => Math.floor(number / BUCKET_NUMBERS);

/** Everything small that an event's segments need: streams, buckets, inits, runs, anchors, playlist attributes. */
export const shapeId = (uid: string): string => `${uid}/shape`;

/** An event's masks. */
export const masksId = (uid: string): string => `${uid}/masks`;

/** Which processes hold which of them. */
export const maskHoldersId = (uid: string): string => `${uid}/mask-holders`;

/** All pipelines' candidates of 4096 numbers of a rendition. */
export const candidatesId = (uid: string, rendition: string, bucket: number): string => `${uid}/${rendition}/${bucket}`;

/** Objects and playlist bindings by the names the encoder gave them. */
export const namesId = (uid: string, pipeline: string): string => `${uid}/${pipeline}/names`;

/** The partition's event and, for candidates, rendition and bucket; undefined for ids of no event. */
export function parseId(id: string): { uid: string; part: string; bucket?: number } | undefined {
  const [uid, part, last] = id.split("/");
  if (!uid || !part) return undefined;
  if (last === undefined || last === "names") return { uid, part };
  return { uid, part, bucket: Number(last) };
}

/** First 8 bytes of a candidate's key. */
export function numberKey(number: number): Buffer {
  const key = Buffer.alloc(8);
  key.writeBigUInt64BE(BigInt(number));
  return key;
}

/** Behind the last key that a number's candidates can have. */
export const numberKeyEnd = (number: number): Buffer => Buffer.concat([numberKey(number), Buffer.of(0xff)]);

export function candidateKey(number: number, pipeline: string, upload: string): Buffer {
  return Buffer.concat([numberKey(number), Buffer.from(`${pipeline}\0${upload}`)]);
}

export function parseCandidateKey(key: Buffer): { number: number; pipeline: string } {
  const pipeline = key.toString("latin1", 8, key.indexOf(0, 8));
  return { number: Number(key.readBigUInt64BE(0)), pipeline };
}
