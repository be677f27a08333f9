export { RedisNotices, type RedisNoticesOptions } from "./redis-notices.ts";
