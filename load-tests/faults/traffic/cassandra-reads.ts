import { Client } from "cassandra-driver";
import type { World } from "../world.ts";

/** Cassandra's own count of the reads of a table; only what the one node has read, so for a world of one node. */
export interface CassandraReads {
  of(table: string): Promise<number>;
  close(): Promise<void>;
}

export async function cassandraReads({ settings }: World): Promise<CassandraReads> {
  const contactPoint = settings.HEADWATER_CASSANDRA_CONTACT_POINTS!;
  const client = new Client({
    contactPoints: [contactPoint],
    localDataCenter: settings.HEADWATER_CASSANDRA_DATACENTER!,
    protocolOptions: { port: Number(contactPoint.split(":")[1]) },
    monitorReporting: { enabled: false },
  });
  await client.connect();
  const query = "SELECT count FROM system_views.local_read_latency WHERE keyspace_name = ? AND table_name = ?";
  return {
    of: async (table) => {
      const { rows } = await client.execute(query, [settings.HEADWATER_CASSANDRA_KEYSPACE, table], { prepare: true });
      return Number(rows[0]?.count ?? 0);
    },
    close: () => client.shutdown(),
  };
}
