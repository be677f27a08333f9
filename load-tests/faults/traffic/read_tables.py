"""read_tables.py SENT.json: compares Headwater's tables in Cassandra with what was sent.

Reads rows and chunks at LOCAL_QUORUM with Apache's Python driver, and knows nothing of Headwater but the layout that
docs/operations.md and packages/kv-cassandra/src/tables.ts describe. Prints what it found in one line. The exit code is
1 when an acknowledged segment is not there whole, or a row leads to other bytes than were sent.
"""

import hashlib
import json
import struct
import sys

from cassandra import ConsistencyLevel
from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ExecutionProfile
from cassandra.policies import DCAwareRoundRobinPolicy

NUMBERS_OF_A_PARTITION = 4096
CHUNKS_OF_A_PARTITION = 4
SHOWN = 5


def main(path):
    with open(path, encoding="utf-8") as file:
        sent = json.load(file)
    cluster = connect(sent)
    try:
        print(compare(cluster.connect(sent["keyspace"]), sent))
    finally:
        cluster.shutdown()


def connect(sent):
    addresses = [address.rsplit(":", 1) for address in sent["contactPoints"]]
    profile = ExecutionProfile(
        load_balancing_policy=DCAwareRoundRobinPolicy(local_dc=sent["datacenter"]),
        consistency_level=ConsistencyLevel.LOCAL_QUORUM,
        request_timeout=30,
    )
    return Cluster(
        [host for host, _ in addresses],
        port=int(addresses[0][1]),
        execution_profiles={EXEC_PROFILE_DEFAULT: profile},
    )


def compare(session, sent):
    event = event_of(session, sent["event"])
    tables = event["retention"]
    found = {}
    for rendition, bucket in {(s["rendition"], s["number"] // NUMBERS_OF_A_PARTITION) for s in sent["segments"]}:
        for number, pipeline, ref in uploads(session, tables, f"{event['uid']}/{rendition}/{bucket}"):
            if pipeline == sent["pipeline"]:
                found.setdefault((rendition, number), []).append(ref)

    wrong, there, others = [], 0, 0
    for segment in sent["segments"]:
        name = f"{segment['rendition']}/{segment['number']}"
        refs = found.get((segment["rendition"], segment["number"]), [])
        if any(hash_of(session, tables, ref) != segment["sha256"] for ref in refs):
            wrong.append(f"{name} is not what was sent")
        elif refs and segment["isAcknowledged"]:
            there += 1
        elif refs:
            others += 1
        elif segment["isAcknowledged"]:
            wrong.append(f"{name} was acknowledged and is not there")
    if wrong:
        sys.exit(f"{len(wrong)} of {len(sent['segments'])} wrong: {'; '.join(wrong[:SHOWN])}")
    missing = len(sent["segments"]) - there - others
    return f"{there} acknowledged are there; of {others + missing} others {others} are, whole"


def event_of(session, event):
    row = session.execute("SELECT value FROM rows_control WHERE id = 'events' AND key = %s", [event.encode()]).one()
    return json.loads(row.value)["meta"]


def uploads(session, tables, partition):
    """Number and pipeline of each upload of a partition, and where its bytes are."""
    for row in session.execute(f"SELECT key, value FROM rows_{tables} WHERE id = %s", [partition]):
        (number,) = struct.unpack(">Q", row.key[:8])
        pipeline = row.key[8 : row.key.index(b"\0", 8)].decode("latin1")
        yield number, pipeline, json.loads(row.value)["ref"]


def hash_of(session, tables, ref):
    digest, size = hashlib.sha256(), 0
    for n in range(ref["chunks"]):
        chunk = session.execute(
            f"SELECT bytes FROM chunks_{tables} WHERE nonce = %s AND bucket = %s AND n = %s",
            [ref["nonce"], n // CHUNKS_OF_A_PARTITION, n],
        ).one()
        if chunk is None:
            return "a chunk is missing"
        digest.update(chunk.bytes)
        size += len(chunk.bytes)
    return digest.hexdigest() if size == ref["sizeBytes"] else f"{size} bytes in place of {ref['sizeBytes']}"


if __name__ == "__main__":
    main(sys.argv[1])
