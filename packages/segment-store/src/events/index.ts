export {
  type EventChange,
  EventError,
  type EventErrorCode,
  Events,
  type IssuedToken,
  type NewEvent,
} from "./events.ts";
export { newPublishToken, tokenMatches } from "./tokens.ts";
