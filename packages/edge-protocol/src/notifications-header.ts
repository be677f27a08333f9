export interface Notification {
  /** A token (RFC 9110 §5.6.2) that begins with a letter. */
  readonly type: string;
  readonly id: number;
  readonly atMs: number;
  readonly data: string | Uint8Array;
}

export const NOTIFICATIONS_MAX_BYTES = 2048;
const TYPE = /^[A-Za-z*][A-Za-z0-9!#$%&'*+.^_`|~:/-]*$/;

/**
 * `Headwater-Notifications`: a list (RFC 9651) of `type;id=7;at=1767225600000;data=:base64:`, oldest first. Where not
 * all fit, the newest that do. Undefined when there is none.
 */
export function notificationsHeader(
  notifications: readonly Notification[],
  maxBytes = NOTIFICATIONS_MAX_BYTES,
): string | undefined {
  const items: string[] = [];
  let sizeBytes = 0;
  for (const { type, id, atMs, data } of notifications.toSorted((a, b) => b.id - a.id)) {
    if (!TYPE.test(type)) continue;
    const item = `${type};id=${id};at=${Math.round(atMs)};data=:${Buffer.from(data as string).toString("base64")}:`;
    const withItem = sizeBytes + (sizeBytes === 0 ? 0 : ", ".length) + item.length;
    if (withItem > maxBytes) continue;
    sizeBytes = withItem;
    items.unshift(item);
  }
  return items.length === 0 ? undefined : items.join(", ");
}
