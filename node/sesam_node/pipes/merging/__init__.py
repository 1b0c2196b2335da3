"""Merging: which entities of several datasets are the same thing, and what becomes of them.

`rules` reads the equalities of a configuration, `view` reads a dataset as it was at an offset,
`groups` finds what is connected, `combine` makes one entity of a group, `outcome` tells which
entities come out of a state, and `change` what changes between two. The source on top is
`sources/merge.py`.

Nothing is kept beside the member datasets. The indexes that equalities ask for lead from a value to
the entities that have it, as they do for hops, and a group is found by walking them. An index knows
the present only; a `View` puts what was written after an offset back in its place (the change, not
the dataset, is in memory). So the groups at the pipe's offset and those at the end of its reading
are both exact, whatever is written meanwhile, and what came out before need not be remembered: it
is computed again. The alternative, a store of members beside the sink, costs a write for each
entity, has to commit with the output, and is of no use to a preview or a publisher.
"""
