"""The store on SQLite, through sqlite-utils: one file, one writer thread.

::

    sqlite.py   SqliteStore, the port's methods
    thread.py   the one thread that owns the connection; opening, refusing, closing
    schema.py   tables as numbered migrations
    writes.py   one function for each business fact that is written
    reads.py    one function for each question
    rows.py     row to value and back, pure
"""
