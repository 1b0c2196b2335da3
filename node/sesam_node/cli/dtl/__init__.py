"""`sesam-node dtl ACTION`: the language on the command line, without a node.

`options` declares the actions; each is a module of its own with one function of its name, loaded
when it is used. `rules` reads rule files, `entities` reads and writes entities, `show` prints
problems with the line they are in.
"""
