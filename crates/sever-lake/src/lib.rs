//! Judged uses as Parquet, and the reach of a thing read from them.
