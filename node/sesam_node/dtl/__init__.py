"""The DTL compiler: rule sets to Python functions. Pure, no I/O."""
