"""The dataset: Parquet files and a card, built from the sources and the schema alone."""
