"""Other tools' formats: what each can hold goes out, and what it holds comes in.

A ``AnnotatedDocument`` is a document with one reading of it, in anybody's words: labels are not looked up in the schema here.
One module a format; each says by ``fit`` what it cannot hold and writes only what it can. ``export`` and ``intake``
join that to the corpus.
"""
