"""Histories made by chance: after any of them an incremental run leaves what a full run leaves.

A history is data: a pipe, and steps that change its datasets, its configuration, and run it; some
runs are killed. At checks a fresh pipe of the same configuration runs in full into another sink,
and both must hold the same; after that a further incremental run must change nothing.
`python -m tests.pipes.histories --histories 10000 --seed 0` plays many. The parts:

- `rules`: pipes of the features that the promise names.
- `changes`: entities, and changes of datasets: join keys move, and move back.
- `history`: whole histories, from a `random.Random`.
- `play`: plays one over a store, and says what differs.
- `children`: the same over LMDB, in forked children that kill themselves.
- `volume`: plays many, and tells of those that differ.
- `minimise`: the smallest history that still shows a difference.
- `reach`: how often each feature was met, and how much happened.
"""
