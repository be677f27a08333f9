const DAYS = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)";
const MONTHS = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)";
const TIME = "\\d\\d:\\d\\d:\\d\\d";
/** The form that is sent, and the two obsolete ones that must be understood (RFC 9110 §5.6.7). */
const IMF_FIXDATE = new RegExp(`^${DAYS}, \\d\\d ${MONTHS} \\d{4} ${TIME} GMT$`);
const RFC_850 = new RegExp(`^[A-Z][a-z]{5,8}, \\d\\d-${MONTHS}-\\d\\d ${TIME} GMT$`);
const ASCTIME = new RegExp(`^${DAYS} ${MONTHS} [ \\d]\\d ${TIME} \\d{4}$`);

/** An HTTP date in ms since the Unix epoch; undefined where it is none, and so must be ignored. */
export function parseHttpDate(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  let ms = Number.NaN;
  if (IMF_FIXDATE.test(text) || RFC_850.test(text)) ms = Date.parse(text);
  else if (ASCTIME.test(text)) ms = Date.parse(`${text} GMT`);
  return Number.isNaN(ms) ? undefined : ms;
}

/** An HTTP date, which has whole seconds. */
export function httpDate(ms: number): string {
  return new Date(ms).toUTCString();
}
