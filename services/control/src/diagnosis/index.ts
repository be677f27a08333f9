export { diagnosisOf } from "./diagnosis.ts";
export { FeedWatch } from "./feed-watch.ts";
