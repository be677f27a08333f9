import { fourLettersAt } from "./box.ts";

const MAX_BRANDS = 64;

/** Adds the brands of an `styp` (major, then compatible) to `brands`; segments of several chunks have several. */
export function readBrands(styp: DataView, brands: Set<string>): void {
  brands.add(fourLettersAt(styp, 0));
  // Bytes 4 to 7 are the minor version.
  for (let at = 8; at + 4 <= styp.byteLength && brands.size < MAX_BRANDS; at += 4) brands.add(fourLettersAt(styp, at));
}
