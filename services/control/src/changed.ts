import { RETENTION_MS } from "@headwater/kv";
import type { EventChange } from "@headwater/segment-store/events";
import type { EventRecord } from "@headwater/segment-store/model";
import { type FieldError, invalidFields } from "./validate.ts";

/** The change, if the event as it stands allows it. Throws the 422 that names the fields that it does not. */
export function changed(event: EventRecord, change: EventChange, isPublished: boolean): EventChange {
  const errors: FieldError[] = [];
  if ((change.dvrWindowMs ?? 0) > RETENTION_MS[event.retention]) {
    errors.push({ field: "dvrWindowMs", message: `must not be longer than the retention, ${event.retention}` });
  }
  if (change.renditions && !event.renditions.every((name) => change.renditions?.includes(name))) {
    errors.push({ field: "renditions", message: "can be added to, not taken from" });
  }
  if (change.startNumber !== undefined && change.startNumber !== event.startNumber && isPublished) {
    errors.push({ field: "startNumber", message: "cannot change once something is published" });
  }
  if (errors.length > 0) throw invalidFields(errors);
  return change;
}
