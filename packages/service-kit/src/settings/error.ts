/** A setting that stops the start. The message is one sentence: the variable, its value, what is allowed. */
export class SettingsError extends Error {
  readonly code = "settings";
  override readonly name = "SettingsError";
}
