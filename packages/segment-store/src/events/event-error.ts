export type EventErrorCode =
  | "id-taken"
  | "unknown-event"
  | "unknown-pipeline"
  | "unknown-rendition"
  | "unknown-mask"
  | "too-many-masks"
  | "ended";

/** What an operator wants cannot be done to the event as it stands. */
export class EventError extends Error {
  override readonly name = "EventError";
  readonly code: EventErrorCode;
  constructor(code: EventErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
