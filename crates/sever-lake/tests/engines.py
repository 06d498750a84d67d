"""Runs statements in DuckDB or ClickHouse (chDB), and prints the rows of the last as JSON."""

import json
import sys

asked = json.load(sys.stdin)


def duckdb_rows(statements):
    import duckdb

    connection = duckdb.connect()
    for statement in statements:
        rows = connection.execute(statement)
    return [[str(value) for value in row] for row in rows.fetchall()]


def clickhouse_rows(statements):
    from chdb import session

    connection = session.Session()
    for statement in statements:
        rows = connection.query(statement, "JSONCompactStrings")
    return json.loads(str(rows))["data"]


engines = {"duckdb": duckdb_rows, "clickhouse": clickhouse_rows}
print(json.dumps(engines[asked["engine"]](asked["statements"])))
