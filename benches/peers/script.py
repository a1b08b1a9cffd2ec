#!/usr/bin/env python3
"""A consumer as one writes it in an afternoon: JSON batches from MQTT into rows, acknowledged after COMMIT.

  script.py copy|staging MQTT_PORT CLIENT FILTER POSTGRES_URL

`copy` writes by COPY BINARY straight into the table, `staging` by COPY BINARY into a temporary table and from there
with ON CONFLICT DO NOTHING. 1,000 messages a transaction, or what has come in 200 ms. Needs paho-mqtt 2, psycopg 3 and
orjson.
"""

import sys
import time
from datetime import datetime, timedelta, timezone

import orjson
import paho.mqtt.client as mqtt
import psycopg

MESSAGES_MAX = 1_000
AGE_MAX_S = 0.2
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


class Writer:
    def __init__(self, url, staging):
        self.database = psycopg.connect(url)
        self.table = "staging" if staging else "sample"
        self.staging = staging
        self.series = {}
        self.messages = []
        self.began = 0.0
        if staging:
            self.database.execute("CREATE TEMP TABLE staging (LIKE sample) ON COMMIT DELETE ROWS")
            self.database.commit()

    def on_message(self, client, _userdata, message):
        if not self.messages:
            self.began = time.monotonic()
        self.messages.append(message)
        if len(self.messages) >= MESSAGES_MAX:
            self.flush(client)

    def flush(self, client):
        with self.database.cursor() as cursor:
            rows = [row for message in self.messages for row in self.rows(cursor, message)]
            with cursor.copy(f"COPY {self.table} (series_id, time, value) FROM STDIN (FORMAT BINARY)") as copy:
                copy.set_types(["int4", "timestamptz", "float8"])
                for row in rows:
                    copy.write_row(row)
            if self.staging:
                cursor.execute("INSERT INTO sample SELECT * FROM staging ON CONFLICT DO NOTHING")
        self.database.commit()
        for message in self.messages:
            client.ack(message.mid, message.qos)
        self.messages.clear()

    def rows(self, cursor, message):
        device = message.topic.split("/")[3]
        for series in orjson.loads(message.payload)["series"]:
            series_id = self.series_id(cursor, f"{device} {series['metric']}")
            at = EPOCH + timedelta(milliseconds=series["start"])
            period = timedelta(milliseconds=series["period_ms"])
            for value in series["values"]:
                yield series_id, at, float(value)
                at += period

    def series_id(self, cursor, name):
        if name not in self.series:
            query = "INSERT INTO series (name) VALUES (%s) ON CONFLICT (name) DO UPDATE SET name = excluded.name"
            self.series[name] = cursor.execute(f"{query} RETURNING series_id", [name]).fetchone()[0]
        return self.series[name]


def main(how, port, name, topics, url):
    writer = Writer(url, how == "staging")
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=name, clean_session=False, manual_ack=True)
    client.on_message = writer.on_message
    client.on_connect = lambda client, *_: client.subscribe(topics, qos=1)
    client.connect("127.0.0.1", int(port))
    while client.loop(timeout=AGE_MAX_S) == mqtt.MQTT_ERR_SUCCESS:
        if writer.messages and time.monotonic() - writer.began >= AGE_MAX_S:
            writer.flush(client)
    sys.exit("the connection to the broker is gone")


if __name__ == "__main__":
    main(*sys.argv[1:])
