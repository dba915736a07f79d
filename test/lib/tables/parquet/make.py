"""Writes the Parquet files of test/lib/tables/parquet.test.ts: pip install pyarrow==26.0.1; python make.py"""
import datetime
import decimal
import pathlib
import pyarrow as pa
import pyarrow.parquet as pq

here = pathlib.Path(__file__).parent
rows = 500
none = lambda i, value: None if i % 10 == 3 else value
table = pa.table(
    {
        "id": pa.array(range(rows), pa.int64()),
        "age": pa.array([none(i, 20 + i % 60) for i in range(rows)], pa.int32()),
        "score": pa.array([none(i, i / 8) for i in range(rows)], pa.float64()),
        "ratio": pa.array([i / 4 for i in range(rows)], pa.float32()),
        "country": pa.array([none(i, ["DE", "FR", "ÖS"][i % 3]) for i in range(rows)]),
        "note": pa.array([f"row {i}" for i in range(rows)]),
        "good": pa.array([none(i, i % 2 == 0) for i in range(rows)]),
        "at": pa.array([datetime.datetime(2026, 11, 1, i % 24) for i in range(rows)], pa.timestamp("us", "UTC")),
        "day": pa.array([datetime.date(2026, 11, 1 + i % 28) for i in range(rows)]),
        "price": pa.array([decimal.Decimal(i) / 100 for i in range(rows)], pa.decimal128(10, 2)),
        "tags": pa.array([["a"] * (i % 3) for i in range(rows)]),
        "raw": pa.array([none(i, bytes([i % 256])) for i in range(rows)], pa.binary()),
    }
)
for codec in ["none", "snappy", "gzip", "zstd", "brotli", "lz4"]:
    pq.write_table(table, here / f"{codec}.parquet", compression=codec, row_group_size=200, data_page_size=512)
pq.write_table(table, here / "v2.parquet", data_page_version="2.0", row_group_size=200, data_page_size=512, use_dictionary=False)
pq.write_table(table.slice(0, 0), here / "empty.parquet")
