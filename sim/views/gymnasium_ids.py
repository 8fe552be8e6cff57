"""Importing this registers the tasks with Gymnasium (its "module:id" form does)."""

from sim.views.gymnasium_view import register_tasks

register_tasks()
