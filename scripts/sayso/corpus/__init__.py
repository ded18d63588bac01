"""Read and write the sources under ``corpus/`` and join documents with what belongs to them."""
