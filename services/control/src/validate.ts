import { ProblemError } from "@headwater/service-kit";
import type { z } from "zod";
import { FIXED_FIELDS } from "./schema.ts";

export interface FieldError {
  /** Path of the field: `pipelines.0.id`. */
  readonly field: string;
  readonly message: string;
}

const MAX_ERRORS = 10;
const MAX_FIELD_CHARS = 100;

/** The value a body stands for. Throws the 422 that names every field that is wrong. */
export function validate<T>(schema: z.ZodType<T>, body: unknown): T {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  throw invalidFields(result.error.issues.flatMap(errorsOf));
}

/** 422 with `field` (the first one) and `errors`. */
export function invalidFields(errors: readonly FieldError[]): ProblemError {
  const shown = errors.slice(0, MAX_ERRORS).map(({ field, message }) => ({ field: clip(field), message }));
  const [first] = shown;
  const title = first?.field ? `${first.field}: ${first.message}` : (first?.message ?? "The body is wrong");
  return new ProblemError(422, "invalid-field", title, { field: first?.field ?? "", errors: shown });
}

function errorsOf(issue: z.core.$ZodIssue): FieldError[] {
  if (issue.code !== "unrecognized_keys") return [{ field: issue.path.join("."), message: issue.message }];
  return issue.keys.map((key) => ({
    field: [...issue.path, key].join("."),
    message: issue.path.length === 0 && FIXED_FIELDS.has(key) ? "cannot change" : "is no field here",
  }));
}

const clip = (text: string): string => (text.length > MAX_FIELD_CHARS ? `${text.slice(0, MAX_FIELD_CHARS)}…` : text);
