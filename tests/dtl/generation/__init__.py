"""Makes rule sets, entities and datasets by chance: for differential and for robustness tests.

`programs.make_program(chance)` gives a `Program` in which every function and transform of the
registry has its turn; `python -m tests.dtl.generation --programs 100000` runs many. The parts:

- `types`: the types that values and properties have here, and which of them fit for which.
- `values`: constants of each type, entities, datasets.
- `recipes`: what each function takes and gives.
- `expressions`: expressions of a wanted type; `hops` the specifications of hops.
- `programs`: transforms, rules, and whole programs.
- `outcomes`: what a program gives, compiled and walked, and whether that is the same.
- `minimise`: the smallest program that still shows a difference.
- `reach`: how often each name of the registry gave something.
- `garbage`: what is no rule set, no entity, no dataset.
- `bounded`: runs what may hang, in processes with limits.

Chance is a `random.Random`: a program is made in 1 ms. Hypothesis, drawing each choice through its
own engine, took 25 ms for one, more than compiling and walking it together, so it stands in front
only: `test_generated.py` hands it in as `st.randoms(use_true_random=False)`, which shrinks. Volume
runs shrink with `minimise`, which works on the rule set and not on the choices that led to it.
"""
