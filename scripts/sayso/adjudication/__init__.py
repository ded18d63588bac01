"""Adjudication: from annotations of a document to its gold, by adjudicator or majority."""
