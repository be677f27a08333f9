// `npm run docs`: writes docs/settings.md from the table of settings.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { settingsDocument } from "@headwater/service-kit";

const file = join(import.meta.dirname, "..", "docs", "settings.md");
writeFileSync(file, settingsDocument());
console.log(`written: ${file}`);
