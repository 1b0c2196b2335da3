"""What systems share over all worker processes: rates, pauses, and access tokens.

The node keeps them at one desk (`desk.py`): who may ask a system now (`budget.py`), and which token
is the present one (`tokens.py`). Systems reach it over a line (`line.py`), which a worker process
has to its node and everybody else to a desk in the same process.
"""
