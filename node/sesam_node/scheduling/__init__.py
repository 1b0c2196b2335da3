"""When and where a pump runs.

`scheduler.py` decides (a pure state machine), `schedule.py` knows intervals and cron, `driver.py`
connects the decisions with the clock and an executor. An `Executor` runs pumps and interactive
operations: `workers.py` in supervised processes of our own, `inline.py` in the calling thread.
"""
