"""How far annotators agree: spans, labels, attributes, counts, relations, claims. Pure, but for the files it reads."""
