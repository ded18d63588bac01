"""The schema: which labels, attributes and relations exist, and what is derived from that."""
