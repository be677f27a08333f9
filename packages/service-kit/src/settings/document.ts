import { SETTINGS, type Setting } from "./table.ts";

const HEAD = `# Settings

Written by \`npm run docs\` from the table in \`packages/service-kit/src/settings/table.ts\`; a test keeps it fresh.

Settings are environment variables. An empty value counts as not set. A HEADWATER_* variable that is not listed here, or a
value that is not allowed, stops the start with one sentence that names the variable, its value and what is allowed
(names that begin with HEADWATER_TEST_ belong to the tests and are ignored). All variables are checked by every process;
"used by" says where one has an effect.

Supported combinations: the local store alone; Cassandra with memcached and Redis; Cassandra with one of the two, or
neither.
`;

/** docs/settings.md, from the table. */
export function settingsDocument(): string {
  const groups = Map.groupBy(Object.entries<Setting<unknown>>(SETTINGS), ([, setting]) => setting.group);
  const sections = [...groups].map(([group, settings]) => `\n## ${group}\n\n${settings.map(entry).join("\n")}`);
  return HEAD + sections.join("");
}

function entry([variable, setting]: [string, Setting<unknown>]): string {
  const { kind, services, prose } = setting;
  const usedBy = services.length === 0 ? "the tools" : services.length === 4 ? "all services" : services.join(", ");
  const defaultText = setting.default === undefined ? (setting.defaultProse ?? "none") : `\`${setting.default}\``;
  return [
    `### \`${variable}\`\n`,
    `${prose}\n`,
    `- type: ${kind.type}${kind.unit ? `, in ${kind.unit}` : ""}`,
    `- allowed: ${kind.allowed}`,
    `- default: ${defaultText}`,
    `- used by: ${usedBy}\n`,
  ].join("\n");
}
