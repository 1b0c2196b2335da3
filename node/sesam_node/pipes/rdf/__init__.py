"""RDF: names and values of entities as terms, N-Triples, SPARQL, SDShare feeds."""
