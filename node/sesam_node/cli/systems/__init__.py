"""`sesam-node systems`: what systems have to offer, and the pipes that collect or share it.

The same commands work on a running node (`running.py`) and on a project folder without one
(`folder.py`); both are a `Place` (`place.py`).
"""
