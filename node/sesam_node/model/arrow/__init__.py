"""Entities as Arrow: a table for programs that compute by column, exact on the way back.

`columns.py` finds the type of each column in a first pass, `write.py` makes the stream, `read.py`
turns tables (ours or anybody's) into entities. The type of a column, which may say less than its
values did, stands in the metadata of its field; the few values of which it says too little stand
in the metadata of their record batch, so that readers that know neither see a plain table.

pyarrow is imported where it is used: only workers convert.
"""
