// `npm run schema`: makes the Cassandra schema, or brings it to the version of this release, and says what it did.
import { KvError } from "@headwater/kv";
import { readSettings, SettingsError } from "@headwater/service-kit";
import { migrateStore } from "@headwater/stores";

try {
  const settings = readSettings(process.env, "worker");
  const migrated = await migrateStore(settings, ({ version, does }) => console.log(`version ${version}: ${does}`));
  const { store } = settings;
  if (store.kind === "local" || migrated === undefined) {
    console.log("HEADWATER_STORE=local: the embedded store makes its own files, there is nothing to do");
  } else {
    const { before, now } = migrated;
    const was = before === now ? "nothing to do" : before === 0 ? "was new, or lacked tables" : `was at ${before}`;
    console.log(`keyspace ${store.keyspace} is at schema version ${now} (${was})`);
  }
} catch (error) {
  if (!(error instanceof SettingsError || error instanceof KvError)) throw error;
  process.stderr.write(`headwater: ${error.message}\n`);
  process.exitCode = 1;
}
