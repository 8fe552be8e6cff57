"""The referee's work by subject: each module watches one part of the rules.

All of them work on a `match.officials.desk.Desk`: one step's rules, state, observation
and decisions. `match.referee` is the door to them.
"""
