"""Eyes of a match: an overhead camera, robots' own reports, and what they agree on.

All of them speak `robot.contracts.tracker.TrackerFrame`, which also travels to the
robots; `sight` makes of it what the referee looks at.
"""
