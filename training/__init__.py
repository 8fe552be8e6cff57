"""Learners, teachers, evaluation and export."""
