export { type LocalNoticesOptions, localNotices } from "./local-notices.ts";
