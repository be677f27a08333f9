/** Whether an Accept-Encoding allows gzip (RFC 9110 §12.5.3): named, or by `*`, and not with a weight of zero. */
export function acceptsGzip(acceptEncoding: string | undefined): boolean {
  let byStar = false;
  for (const part of acceptEncoding?.split(",") ?? []) {
    const [coding, ...parameters] = part.split(";").map((text) => text.trim().toLowerCase());
    const refused = parameters.some((parameter) => /^q=0(?:\.0{0,3})?$/.test(parameter));
    if (coding === "gzip" || coding === "x-gzip") return !refused;
    if (coding === "*") byStar = !refused;
  }
  return byStar;
}
