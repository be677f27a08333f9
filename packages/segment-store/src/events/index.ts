export { EventError, type EventErrorCode } from "./event-error.ts";
export { type EventChange, Events, type IssuedToken, type NewEvent } from "./events.ts";
export { Masks, type NewMask } from "./masks.ts";
export { newPublishToken, tokenMatches } from "./tokens.ts";
