"""From several readings of a document to one: what is agreed, what rivals, and what was decided. Pure."""
