"""What researchers load: Parquet files and a card, made from the sources and the schema alone."""
