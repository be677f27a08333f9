import { Client } from "cassandra-driver";

/** The newest token of all rows, in ms since the Unix epoch, as the tables themselves have it. Rejects when they cannot be read. */
export async function newestTokenMs(settings: NodeJS.ProcessEnv): Promise<number> {
  const keyspace = settings.HEADWATER_CASSANDRA_KEYSPACE!;
  const client = new Client({
    contactPoints: settings.HEADWATER_CASSANDRA_CONTACT_POINTS!.split(","),
    localDataCenter: settings.HEADWATER_CASSANDRA_DATACENTER!,
    socketOptions: { readTimeout: 20_000 },
  });
  try {
    let newestUs = 0;
    for (const table of ["rows_control", "rows_1h", "rows_6h", "rows_24h", "rows_7d"]) {
      const cql = `SELECT WRITETIME(value) AS us FROM ${keyspace}.${table}`;
      for await (const { us } of await client.execute(cql, [], { prepare: true, fetchSize: 1000 })) {
        newestUs = Math.max(newestUs, Number(us));
      }
    }
    return newestUs / 1000;
  } finally {
    await client.shutdown();
  }
}
